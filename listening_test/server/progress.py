"""What the experimenter reaches behind a link of their own: how far the study has come."""

import hmac

from flask import Blueprint, abort, render_template, request

from ..export.progress import LATEST, status_of
from .request import held

routes = Blueprint("admin", __name__)
_MOST_PAGES = 100_000


@routes.get("/progress/<token>/")
def progress(token: str) -> str:
    """Sessions, pages and ratings so far; nothing can be changed here."""
    if not hmac.compare_digest(token.encode(), held().keys.admin.encode()):
        abort(404)
    page = min(max(request.args.get("page", 1, int), 1), _MOST_PAGES)
    shown = status_of(held().study, held().keys, held().database, (page - 1) * LATEST)
    return render_template(
        "progress.html", status=shown, page=page, latest=LATEST, language="en", direction="ltr"
    )
