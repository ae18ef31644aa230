"""Serves the reports of a results folder with waitress, to this machine alone."""

import logging
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import waitress

from ...listening_test.server.serve import bind
from .app import reports_app
from .reports import find_reports

HOST = "127.0.0.1"
_THREADS = 8


def serve_reports(results: Path, port: int, started: Callable[[str, int], None]) -> None:
    """Serve until Ctrl-C; ``started`` is told the address and how many reports there are.

    Raises:
        UserError: if there is no such folder, or the port is in use.
    """
    count = len(find_reports(results))
    place = bind(HOST, port)
    # A page asks for six files at once; that others wait for a moment is nobody's concern here.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    server = waitress.create_server(
        reports_app(results), sockets=[place], ident=None, threads=_THREADS
    )
    started(f"http://{HOST}:{place.getsockname()[1]}/", count)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        server.run()
    finally:
        server.close()
