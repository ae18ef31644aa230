"""The web application of one study: a Flask factory, its headers, limits and errors."""

from hashlib import sha256
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, request
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from ...models.errors import UserError
from ..stimuli.check_files import check_files
from ..storage.connections import UnavailableError, reason
from ..study.study import StudyFolder
from . import pages, progress
from .pages import message
from .request import ReplacedError, ServedStudy, held

MOST_BYTES = 1024 * 1024
STATIC = Path(__file__).parent.parent / "static"
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


def create_app(folder: StudyFolder, *, secure: bool = False) -> Flask:
    """The application of the study in ``folder``; ``secure`` where it is reached by https alone.

    Raises:
        UserError: if the study, its stimuli or its ratings are not as they should be.
    """
    held = ServedStudy(folder)
    wrong = check_files(held.study, folder)
    if wrong:
        raise UserError("\n".join(wrong))
    app = Flask(__name__, static_folder=STATIC, instance_path=str(folder.path.absolute()))
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
    app.register_blueprint(progress.routes)
    app.before_request(_require_same)
    app.after_request(_headers)
    for unavailable in (DBAPIError, PoolTimeoutError, UnavailableError):
        app.register_error_handler(unavailable, _unavailable)
    app.register_error_handler(HTTPException, _refused)
    return app


def _require_same() -> None:
    if request.endpoint != "static":
        held().require_same()


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
    return (*message(503, "replaced" if replaced else ""), {"Retry-After": "2"})


def _refused(error: HTTPException) -> Any:
    """Errors as JSON for the API, as a page for people."""
    code = error.code or 500
    if isinstance(error, RequestEntityTooLarge):
        return {"error": "too_large", "limit": MOST_BYTES}, 413
    if request.path.startswith("/api/"):
        words = error.description or error.name
        return {"error": words if words in ("csrf", "json", "over") else error.name}, code
    return message(code)
