"""What the experimenter reaches behind a link of their own: how far the study has come."""

import hmac

from flask import Blueprint, abort, render_template

from ..export.progress import status_of
from .request import held

routes = Blueprint("admin", __name__)


@routes.get("/progress/<token>/")
def progress(token: str) -> str:
    """Sessions, pages and ratings so far; nothing can be changed here."""
    if not hmac.compare_digest(token.encode(), held().keys.admin.encode()):
        abort(404)
    shown = status_of(held().study, held().keys, held().database)
    return render_template("progress.html", status=shown, language="en", direction="ltr")
