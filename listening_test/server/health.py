"""What machines ask: whether the process lives, whether it can take ratings, what it has done."""

import hmac
import threading
from time import monotonic

from flask import Blueprint, Response, abort, current_app
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from ..storage.connections import UnavailableError
from ..wire.counts import totals
from .request import held
from .watch import exposed

routes = Blueprint("health", __name__)
# Whoever asks more often is told the same again: nobody shall hold the database's lock by asking.
READY_SECONDS = 1.0


class Readiness:
    """Whether ratings can be stored, looked at once a second at most."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until = 0.0
        self._found = (False, "")

    def now(self) -> tuple[bool, str]:
        """Whether it is so, and else why not."""
        with self._lock:
            if monotonic() >= self._until:
                self._found = _look()
                self._until = monotonic() + READY_SECONDS
            return self._found

    def forget(self) -> None:
        """Look again at the next asking."""
        self._until = 0.0


def _look() -> tuple[bool, str]:
    try:
        held().require_same()
        with held().database.writing("ready"):
            pass  # the lock for writing was there, and nothing was changed
    except UnavailableError:
        return False, "study or ratings gone or replaced"
    except (DBAPIError, PoolTimeoutError, OSError):
        return False, "ratings cannot be written"
    return True, ""


@routes.get("/health")
def health() -> dict[str, bool]:
    """The process answers."""
    return {"ok": True}


@routes.get("/ready")
def ready() -> tuple[dict[str, object], int]:
    """Sessions can begin and ratings are stored."""
    good, why = current_app.extensions["earmark.readiness"].now()
    return ({"ok": True}, 200) if good else ({"ok": False, "error": why}, 503)


@routes.get("/progress/<token>/metrics")
def metrics(token: str) -> Response:
    """What all processes of this server have done since it started, in Prometheus' text format."""
    if not hmac.compare_digest(token.encode(), held().keys.admin.encode()):
        abort(404)
    shown = exposed(totals(held().memory.regions()))
    return current_app.response_class(shown, mimetype="text/plain; version=0.0.4")
