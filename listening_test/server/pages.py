"""What listeners reach: welcome, session, audio, and the API that stores before it answers."""

from dataclasses import asdict
from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    jsonify,
    redirect,
    render_template,
    request,
    send_file,
    session,
)
from pydantic import ValidationError
from werkzeug.wrappers import Response as AnyResponse

from ..kinds.parts import parts, words_of
from ..session import clean_input, erasure, navigation, sessions, view
from ..session.events import record
from ..session.messages import Batch
from ..storage.rooms import Room, save, save_language
from ..study.study import in_language
from ..study.texts import FOLDER, NAMES, catalogue, direction, html_of, text
from .audio import sent_audio
from .request import body, csrf_token, form, held, require_csrf

routes = Blueprint("pages", __name__)
LASTING = "private, max-age=31536000, immutable"


@routes.get("/s/<token>/")
def welcome(token: str) -> str:
    """The first page: what the study is, and where it begins."""
    session_type = _session_type(token)
    study = held().study
    asked = request.args.get("language")
    session.permanent = True
    if asked in study.file.languages:
        # Kept in this browser alone, for the next visit; nothing of the study changes.
        session["language"] = asked
    language = _language(session.get("language"))
    known = session.get("session")
    resume = False
    if isinstance(known, str):
        with held().database.looking() as reading:
            found = sessions.find(reading, known, study, pages=False)
            if (
                found is not None
                and found.mark == session_type
                and found.state in ("open", "paused")
            ):
                resume = True
    return render_template(
        "welcome.html",
        study=in_language(study.file.title, language, study.file.languages),
        contact=study.file.contact,
        html=html_of(in_language(study.file.welcome, language, study.file.languages)),
        language=language,
        direction=direction(language),
        languages=[{"code": code, "name": NAMES[code]} for code in study.file.languages],
        csrf=csrf_token(),
        action=f"/s/{token}/start",
        resume=resume,
        text=lambda key, **values: text(language, key, **values),
        marked=view.banner(study, session_type),
    )


@routes.post("/s/<token>/start")
def start(token: str) -> AnyResponse:
    """Begin a session, or go on with the one that this browser has begun."""
    session_type = _session_type(token)
    sent = form()
    require_csrf(sent.get("csrf"))
    study = held().study
    known = session.get("session")
    language = _language(sent.get("language"), _language(session.get("language")))
    with held().database.changing(f"{study.sha256} begins") as writing:
        found: Room | None = None
        begun = 0
        if isinstance(known, str) and sent.get("fresh") != "1":
            found = sessions.find(writing, known, study)
        if found is None or found.mark != session_type or found.state not in ("open", "paused"):
            held().gate.begins(csrf_token())
            visitor = sessions.Visitor(
                session_type,
                language,
                clean_input.clean(request.headers.get("User-Agent", "")),
            )
            found = sessions.begin(writing, study, visitor)
            begun = 1
        if found.language != language:
            found.language = language
            save_language(writing, found)
        link = found.token
    held().counts.add("earmark_sessions_begun_total", begun)
    session["session"], session["language"] = link, language
    return redirect(f"/l/{link}/", 303)


@routes.get("/l/<token>/")
def listen(token: str) -> str:
    """The one page on which a session takes place, on whichever device opens it."""
    study = held().study
    with held().database.looking() as reading:
        found = _found(reading, token, pages=False)
        language, session_type = found.language, found.mark
    return render_template(
        "listen.html",
        study=in_language(study.file.title, language, study.file.languages),
        contact=study.file.contact,
        language=language,
        direction=direction(language),
        csrf=csrf_token(),
        session=token,
        words=held().words_sha256,
        views=list(dict.fromkeys(map(view.script_of, parts(study)))),
        text=lambda key, **values: text(language, key, **values),
        marked=view.banner(study, session_type),
    )


@routes.get("/api/l/<token>/state")
def state(token: str) -> Response:
    """Where the session stands."""
    with held().database.looking() as reading:
        return jsonify(view.state(reading, held().addresses, _found(reading, token)))


@routes.post("/api/l/<token>/events")
def events(token: str) -> Response:
    """Store what happened; the answer is sent after it is on disk."""
    try:
        batch = Batch.model_validate(body())
    except ValidationError:
        abort(400, "json")
    with held().database.changing(token) as writing:
        found = _found(writing, token, pages=False)
        receipt = record(writing, held().study, found, batch)
        seq = found.next_seq
    held().counts.add("earmark_batches_stored_total")
    return jsonify(**asdict(receipt), next_seq=seq)


@routes.post("/api/l/<token>/next")
def forward(token: str) -> AnyResponse:
    """Leave a step that is complete."""
    return _move(token, navigation.forward)


@routes.post("/api/l/<token>/back")
def backward(token: str) -> AnyResponse:
    """Return to the page before; what was rated stays."""
    return _move(token, navigation.backward)


@routes.post("/api/l/<token>/answers")
def answers(token: str) -> AnyResponse:
    """Store the answers of a step that is no page."""
    return _move(token, navigation.answer)


@routes.post("/api/l/<token>/pause")
def pause(token: str) -> Response:
    """Note that the listener takes a pause; the link leads back to the same place."""
    body()
    with held().database.changing(token) as writing:
        found = _found(writing, token, pages=False)
        if found.state == "open":
            found.state = "paused"
            save(writing, found)
    return jsonify(ok=True, link=f"/l/{token}/")


@routes.post("/api/l/<token>/withdraw")
def withdraw(token: str) -> Response:
    """End the session; with ``erase`` also forget what was said."""
    whole = body().get("erase") is True
    with held().database.changing(token) as writing:
        found = _found(writing, token)
        known = found.erased_at
        erasure.withdraw(writing, found, whole=whole)
        shown = view.step(writing, held().addresses, found)
    if found.erased_at != known:
        held().database.forget()
    return jsonify(ok=True, step=shown)


@routes.post("/api/l/<token>/language")
def language(token: str) -> Response:
    """Go on in another language of the study."""
    sent = body()
    with held().database.changing(token) as writing:
        found = _found(writing, token)
        found.language = _language(sent.get("language"), found.language)
        save(writing, found)
        session["language"] = found.language
        return jsonify(view.state(writing, held().addresses, found))


@routes.get("/audio/<name>")
def audio(name: str) -> AnyResponse:
    """One stimulus: the same headers for all, nothing that tells files apart but their samples."""
    return sent_audio(held(), name)


@routes.get("/kinds/<path:place>")
def script(place: str) -> Response:
    """The script of a plug-in that draws pages; its Python file is nobody's business here."""
    found = [one for one in held().study.plugins if one.is_script and one.place == place]
    if not found:
        abort(404)
    answer = send_file(
        (held().folder.plugins / place).absolute(),
        mimetype="text/javascript",
        conditional=True,
        etag=found[0].sha256,
    )
    # The address holds the hash, so what is behind it never changes.
    answer.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    return answer


@routes.get("/languages/<code>.json")
def words(code: str) -> Response:
    """The texts of the pages in one language."""
    if code not in NAMES or not (FOLDER / f"{code}.json").is_file():
        abort(404)
    own = words_of(held().study)
    answer = jsonify({**catalogue(code), **own.get("en", {}), **own.get(code, {})})
    known = request.query_string.decode("latin-1") == held().words_sha256
    answer.headers["Cache-Control"] = LASTING if known else "private, max-age=300"
    return answer


@routes.get("/")
def nothing() -> tuple[str, int]:
    """The study is reached by its link alone."""
    return message(404)


def message(code: int, why: str = "") -> tuple[str, int]:
    """An error as a page in the browser's language; ``why`` has words of its own."""
    language = request.accept_languages.best_match(list(NAMES)) or "en"
    known = why or (code if code in (403, 404, 405, 413, 429, 503) else 500)
    return (
        render_template(
            "message.html",
            title=text(language, f"error.{known}.title", missing=f"Error {code}"),
            text=text(language, f"error.{known}.text", missing=""),
            status=code,
            language=language,
            direction=direction(language),
        ),
        code,
    )


def _session_type(token: str) -> str:
    session_type = held().keys.session_type(token)
    if session_type is None:
        abort(404)
    return session_type


def _found(session_of: Any, token: str, *, pages: bool = True) -> Room:
    found = sessions.find(session_of, token, held().study, pages=pages)
    if found is None:
        abort(404)
    return found


def _language(wanted: Any, otherwise: str = "") -> str:
    known = held().study.file.languages
    if isinstance(wanted, str) and wanted in known:
        return wanted
    return otherwise or request.accept_languages.best_match(known) or known[0]


def _move(token: str, move: Any) -> AnyResponse:
    sent = body()
    study = held().study
    try:
        with held().database.changing(token) as writing:
            found = _found(writing, token)
            move(writing, study, found, sent)
            return jsonify(ok=True, **_shown(writing, found))
    except navigation.IncompleteError as error:
        return _with_status(jsonify(missing=error.missing), 422)
    except navigation.ElsewhereError as error:
        with held().database.looking() as reading:
            found = _found(reading, token)
            return _with_status(jsonify(error=str(error), **_shown(reading, found)), 409)


def _shown(session_of: Any, found: Room) -> dict[str, Any]:
    addresses = held().addresses
    return {
        "step": view.step(session_of, addresses, found),
        "progress": view.progress(found),
        "preload": view.preload(session_of, addresses, found),
        "state": found.state,
    }


def _with_status(response: Response, status: int) -> Response:
    response.status_code = status
    return response
