"""The pages that ``earmark serve`` answers with: an index of all reports, and their files."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from flask import Flask, Response, abort, redirect, request, send_file
from werkzeug.wrappers import Response as AnyResponse

from ..presentation.assets import FIRST_SCRIPT, STATIC, STYLES, TOKENS
from ..presentation.pages import render
from .reports import FoundReport, file_of, find_reports

_TEMPLATES = Path(__file__).parent / "templates"
_ASSETS = {
    path.name: path
    for path in (
        TOKENS, *(STATIC / name for name in STYLES), STATIC / FIRST_SCRIPT,
        _TEMPLATES / "index.css",
    )
}  # fmt: skip
# Another site's page can give its own name this machine's address, and would then read along.
_HOSTS = ("127.0.0.1", "localhost", "[::1]")
_UNITS = (("GB", 1e9), ("MB", 1e6), ("kB", 1e3))


def reports_app(results: Path) -> Flask:
    """An application that serves the reports of a results folder; it looks anew at each request."""
    app = Flask("earmark-reports", static_folder=None)

    @app.before_request
    def asked_for_this_machine() -> Response | None:
        host = request.host.rpartition(":")[0] if _has_port(request.host) else request.host
        if host in _HOSTS:
            return None
        words = f"Asked for as {host!r}; open it as 127.0.0.1 or localhost.\n"
        return Response(words, 403, mimetype="text/plain")

    @app.get("/")
    def index() -> str:
        found = find_reports(results)
        return render(
            _TEMPLATES,
            "index.html",
            results=str(results),
            reports=[_row(one) for one in found],
            styles=[name for name in _ASSETS if name.endswith(".css")],
            script=FIRST_SCRIPT,
        )

    @app.get("/assets/<name>")
    def asset(name: str) -> Response:
        if name not in _ASSETS:
            abort(404)
        return send_file(_ASSETS[name], conditional=True)

    @app.get("/<path:address>")
    def file(address: str) -> AnyResponse:
        if address.endswith("/"):
            return redirect(f"/{quote(address)}report.html")
        path = file_of(results, address)
        if path is None:
            abort(404)
        # Answers a part of a file where a player asks for one.
        return send_file(path.absolute(), conditional=True)

    app.after_request(_with_headers(app))
    return app


def _with_headers(app: Flask) -> Callable[[Response], Response]:
    def add(answer: Response) -> Response:
        answer.headers["X-Content-Type-Options"] = "nosniff"
        # A report is written again under the same address.
        answer.headers["Cache-Control"] = "no-cache"
        return answer

    return add


def _has_port(host: str) -> bool:
    return ":" in host.rpartition("]")[2]


def _row(one: FoundReport) -> dict[str, str]:
    return {
        "address": quote(f"{one.address}/report.html"),
        "place": one.address,
        "name": one.name,
        "kind": one.kind,
        "label": "SIMULATED" if one.simulated else "",
        "written": f"{one.written:%Y-%m-%d %H:%M} UTC",
        "size": size_text(one.size),
    }


def size_text(count: int) -> str:
    """Bytes as a reader says them: 87 MB."""
    for unit, size in _UNITS:
        if count >= size:
            return f"{count / size:.{1 if count < 10 * size else 0}f} {unit}"
    return f"{count} bytes"
