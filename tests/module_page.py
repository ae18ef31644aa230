"""A browser page that serves the listener's modules alone: they need no server of ours."""

import functools
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from listening_visits import running
from playwright.sync_api import Page

STATIC = Path(__file__).parent.parent / "listening_test" / "static"


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Files of the folder of modules, and an empty page."""

    def log_message(self, *_: Any) -> None:
        """Keep the tests' output clean."""

    def do_GET(self) -> None:
        if self.path != "/":
            return super().do_GET()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>modules</title>")
        return None


@contextmanager
def modules(chromium: str) -> Iterator[Page]:
    """A page from which every module can be imported."""
    handler = functools.partial(Quiet, directory=str(STATIC))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            with running(chromium) as browser:
                page = browser.new_page()
                page.goto(f"http://127.0.0.1:{server.server_port}/")
                yield page
        finally:
            server.shutdown()
