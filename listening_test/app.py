"""The web application of one study: a Flask factory, its headers, limits and errors."""

import hmac
import json
import secrets
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from flask import Flask, Response, abort, current_app, request, session
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from ..models.errors import UserError
from .database import Database
from .stimuli import check_files
from .storage import UnavailableError, reason
from .study import Folder, Keys, Study, load_keys, load_study

MOST_BYTES = 1024 * 1024
CSRF_HEADER = "X-Earmark-CSRF"
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


class ReplacedError(UnavailableError):
    """The study in the folder is no longer the one that is served."""


class Held:
    """What every request of one application shares."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        # Before it is read: what is put there meanwhile is then looked at again.
        self._seen = _identity(folder)
        self.study: Study = load_study(folder)
        self.keys: Keys = load_keys(folder)
        self.database = Database(folder)

    def require_same(self) -> None:
        """Refuse to serve on once the folder holds another study: its sessions would not be found.

        Raises:
            ReplacedError: if ``study.json`` is gone, damaged or another.
        """
        identity = _identity(self.folder)
        if identity == self._seen:
            return
        try:
            same = load_study(self.folder).sha256 == self.study.sha256
        except UserError as error:
            raise ReplacedError(str(error)) from None
        if not same:
            raise ReplacedError(
                f"{self.folder.study}: is another study than the one served; start the server again"
            )
        self._seen = identity


def _identity(folder: Folder) -> tuple[int, ...] | None:
    try:
        found = folder.study.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def create_app(folder: Folder, *, secure: bool = False) -> Flask:
    """The application of the study in ``folder``; ``secure`` where it is reached by https alone.

    Raises:
        UserError: if the study, its stimuli or its ratings are not as they should be.
    """
    from . import admin, pages

    held = Held(folder)
    wrong = check_files(held.study, folder)
    if wrong:
        raise UserError("\n".join(wrong))
    app = Flask(__name__, instance_path=str(folder.path.absolute()))
    app.config.update(
        SECRET_KEY=held.keys.cookie,
        # Browsers send a host's cookies to all its ports: studies beside each other need two names.
        SESSION_COOKIE_NAME=f"earmark_{sha256(held.study.id.encode()).hexdigest()[:12]}",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SECURE=secure,
        MAX_CONTENT_LENGTH=MOST_BYTES,
        SEND_FILE_MAX_AGE_DEFAULT=300,
    )
    app.extensions["earmark"] = held
    app.register_blueprint(pages.routes)
    app.register_blueprint(admin.routes)
    app.before_request(_require_same)
    app.after_request(_headers)
    for unavailable in (DBAPIError, PoolTimeoutError, UnavailableError):
        app.register_error_handler(unavailable, _unavailable)
    app.register_error_handler(HTTPException, _refused)
    return app


def held() -> Held:
    """The study, its keys and its database, for the request being answered."""
    found: Held = current_app.extensions["earmark"]
    return found


def _require_same() -> None:
    if request.endpoint != "static":
        held().require_same()


def csrf_token() -> str:
    """The token of this browser; one is made, and set in its cookie, where there is none."""
    if not isinstance(session.get("csrf"), str):
        session["csrf"] = secrets.token_urlsafe(16)
    return str(session["csrf"])


def require_csrf(given: str | None) -> None:
    """Refuse a request that does not come from a page of ours."""
    known = session.get("csrf")
    if not isinstance(known, str) or not hmac.compare_digest(
        known.encode(), (given or "").encode("utf-8", "replace")
    ):
        abort(403, "csrf")


def body() -> Mapping[str, Any]:
    """The JSON object that was sent; NaN and infinities are not JSON."""
    require_csrf(request.headers.get(CSRF_HEADER))
    if request.mimetype != "application/json":
        abort(415, "json")
    try:
        data = json.loads(request.get_data(cache=False), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        abort(400, "json")
    if not isinstance(data, dict):
        abort(400, "json")
    return data


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _headers(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _unavailable(error: Exception) -> Any:
    """Locked, gone, full, replaced: nothing was stored; the browser keeps it and comes again."""
    replaced = isinstance(error, ReplacedError)
    what = "the study was replaced" if replaced else "the ratings cannot be reached"
    current_app.logger.error("%s: %s", what, reason(error))
    if request.path.startswith("/api/"):
        return {"error": "replaced" if replaced else "busy"}, 503, {"Retry-After": "2"}
    from .pages import message

    return (*message(503, "replaced" if replaced else ""), {"Retry-After": "2"})


def _refused(error: HTTPException) -> Any:
    """Errors as JSON for the API, as a page for people."""
    from .pages import message

    code = error.code or 500
    if isinstance(error, RequestEntityTooLarge):
        return {"error": "too_large", "limit": MOST_BYTES}, 413
    if request.path.startswith("/api/"):
        words = error.description or error.name
        return {"error": words if words in ("csrf", "json", "over") else error.name}, code
    return message(code)
