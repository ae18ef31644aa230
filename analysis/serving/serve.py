"""Serves the reports of a results folder with waitress, to this machine alone."""

import signal
import sys
from collections.abc import Callable
from pathlib import Path

import waitress

from ...listening_test.server.serve import bind
from .app import reports_app
from .reports import find_reports

HOST = "127.0.0.1"


def serve_reports(results: Path, port: int, started: Callable[[str, int], None]) -> None:
    """Serve until Ctrl-C; ``started`` is told the address and how many reports there are.

    Raises:
        UserError: if there is no such folder, or the port is in use.
    """
    count = len(find_reports(results))
    place = bind(HOST, port)
    server = waitress.create_server(reports_app(results), sockets=[place], ident=None)
    started(f"http://{HOST}:{place.getsockname()[1]}/", count)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        server.run()
    finally:
        server.close()
