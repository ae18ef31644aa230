"""The web application of one study: a Flask factory, its headers and errors."""

import errno
from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Any

from flask import Flask, Response, abort, current_app, request
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.wrappers import Response as AnyResponse

from ...models.errors import UserError
from ..stimuli.check_files import check_files
from ..storage.connections import UnavailableError, reason
from ..study.study import StudyFolder
from ..wire.limits import BODY_BYTES, FORM_BYTES, FORM_FIELDS
from ..wire.shared import SharedMemory
from . import health, pages, progress
from .assets import ROOT, assets
from .gate import OPEN, TooManyError
from .health import Readiness
from .pages import LASTING, message
from .request import Cookies, ReplacedError, ServedStudy, held
from .settings import USUAL, Settings
from .watch import watch

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "worker-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "media-src 'self' blob:",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_NETWORK = (errno.EHOSTUNREACH, errno.EHOSTDOWN, errno.ENETUNREACH, errno.ENETDOWN)
_HEADERS = (
    ("Content-Security-Policy", _POLICY),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)


class Application(Flask):
    """Flask without what is done for every function of a request that could be asynchronous."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The same: none of ours is asynchronous."""
        return func


def create_app(
    folder: StudyFolder,
    settings: Settings = USUAL,
    memory: SharedMemory | None = None,
    number: int = 0,
) -> Flask:
    """The application of the study in ``folder``.

    Where several processes serve it, ``memory`` is what they share, and ``number`` this one's own.

    Raises:
        UserError: if the study, its stimuli or its ratings are not as they should be.
    """
    held = ServedStudy(folder, settings, memory or SharedMemory(), number)
    wrong = check_files(held.study, folder)
    if wrong:
        raise UserError("\n".join(wrong))
    app = Application(__name__, static_folder=None, instance_path=str(folder.path.absolute()))
    app.config.update(
        SECRET_KEY=held.keys.cookie,
        # Browsers send a host's cookies to all its ports: studies beside each other need two names.
        SESSION_COOKIE_NAME=_cookie(held.study.id, secure=settings.secure),
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SECURE=settings.secure,
        # A page renews the cookie; a sound or a script that did would be fetched again each time.
        SESSION_REFRESH_EACH_REQUEST=False,
        MAX_CONTENT_LENGTH=BODY_BYTES,
        MAX_FORM_MEMORY_SIZE=FORM_BYTES,
        MAX_FORM_PARTS=FORM_FIELDS,
    )
    app.session_interface = Cookies()
    app.extensions["earmark"] = held
    app.extensions["earmark.readiness"] = Readiness()
    for routes in (pages.routes, progress.routes, health.routes):
        app.register_blueprint(routes)
    watch(app, held.counts, settings.log)
    held.gate.guard(app)
    app.before_request(_require_same)
    app.wsgi_app = _with_headers(app.wsgi_app)  # type: ignore[method-assign]
    app.add_url_rule(f"{ROOT}<path:place>", "static", _static)
    app.jinja_env.globals["asset"] = assets().addresses.__getitem__
    app.register_error_handler(TooManyError, _too_many)
    for unavailable in (DBAPIError, PoolTimeoutError, UnavailableError):
        app.register_error_handler(unavailable, _unavailable)
    app.register_error_handler(OSError, _unreachable)
    app.register_error_handler(HTTPException, _refused)
    return app


def _cookie(study: str, *, secure: bool) -> str:
    """A name that no other study has; over https one that only this very host can set."""
    name = f"earmark_{sha256(study.encode()).hexdigest()[:12]}"
    return f"__Host-{name}" if secure else name


def _require_same() -> None:
    if request.endpoint != "static" and request.endpoint not in OPEN:
        held().require_same()


def _static(place: str) -> AnyResponse:
    """A script or a style: kept for ever where its address says what it is, else asked about."""
    asset = assets().files.get(place)
    if asset is None:
        abort(404)
    packs = request.accept_encodings["gzip"] > 0 and len(asset.packed) < len(asset.data)
    answer = Response(asset.packed if packs else asset.data, mimetype=asset.mimetype)
    if packs:
        answer.headers["Content-Encoding"] = "gzip"
    answer.headers["Vary"] = "Accept-Encoding"
    answer.headers["Cache-Control"] = LASTING if asset.lasting else "no-cache"
    answer.set_etag(f"{asset.etag}-gzip" if packs else asset.etag)
    return answer.make_conditional(request)


def _with_headers(inner: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """The application with headers on all that it answers; what does not say so is not to be kept.

    They are added last: looked up one by one in an answer, they would cost what its data do.
    """

    def answer(environ: Any, start: Callable[..., Any]) -> Iterable[bytes]:
        def begin(status: str, headers: list[tuple[str, str]], *failed: Any) -> Any:
            kept = any(name == "Cache-Control" for name, _ in headers)
            more = _HEADERS if kept else (*_HEADERS, ("Cache-Control", "no-store"))
            return start(status, [*headers, *more], *failed)

        return inner(environ, begin)

    return answer


def _unavailable(error: Exception) -> Any:
    """Locked, gone, full, replaced: nothing was stored; the browser keeps it and comes again."""
    replaced = isinstance(error, ReplacedError)
    what = "the study was replaced" if replaced else "ratings or sounds cannot be reached"
    current_app.logger.error("%s: %s", what, reason(error))
    if request.path.startswith("/api/"):
        return {"error": "replaced" if replaced else "busy"}, 503, {"Retry-After": "2"}
    return (*message(503, "replaced" if replaced else ""), {"Retry-After": "2"})


def _unreachable(error: OSError) -> Any:
    """A driver may let through what the network raises; any other error is ours, with a traceback.

    A template that is missing is an ``OSError`` too.
    """
    if isinstance(error, ConnectionError | TimeoutError) or error.errno in _NETWORK:
        return _unavailable(error)
    raise error


def _too_many(error: TooManyError) -> Any:
    """A limit was met: the page keeps what it has and sends it again after this time."""
    after = {"Retry-After": str(error.seconds)}
    if request.path.startswith("/api/"):
        return {"error": "too_many", "limit": error.limit}, 429, after
    return (*message(429), after)


def _refused(error: HTTPException) -> Any:
    """Errors as JSON for the API, as a page for people."""
    code = error.code or 500
    if isinstance(error, RequestEntityTooLarge):
        return {"error": "too_large", "limit": BODY_BYTES}, 413
    if request.path.startswith("/api/"):
        words = error.description or error.name
        return {"error": words if words in ("csrf", "json", "over") else error.name}, code
    return message(code)
