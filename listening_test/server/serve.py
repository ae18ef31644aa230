"""Serves a study with waitress until it is told to stop."""

import contextlib
import errno
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import waitress
from flask import Flask
from waitress import wasyncore

from ...models.errors import UserError
from ..study.study import StudyFolder
from .app import create_app


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one.

    Raises:
        UserError: if the port is in use or the address is not of this machine.
    """
    found = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((host, port))
        found.listen(128)
    except (OSError, OverflowError) as error:
        found.close()
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            raise UserError(
                f"port {port} on {host} is in use; stop what uses it, or give another with --port"
            ) from None
        raise UserError(f"cannot listen on {host}:{port} ({error})") from None
    return found


def server(app: Flask, place: socket.socket) -> Any:
    """A waitress server of the application on a bound socket; ``run`` serves."""
    # Threads wait for the disk, not for the processor; SQLite has one writer at a time anyway.
    return waitress.create_server(app, sockets=[place], threads=8, ident="")


def serve(
    folder: StudyFolder, place: socket.socket, started: Callable[[], None], *, secure: bool = False
) -> None:
    """Serve until the process is stopped; ``started`` is called when requests are taken."""
    running = server(create_app(folder, secure=secure), place)
    started()
    running.run()


@contextlib.contextmanager
def in_background(folder: StudyFolder) -> Iterator[str]:
    """The address of a server of the study on this machine, in a thread, until the block ends."""
    with bind("127.0.0.1", 0) as place:
        app = create_app(folder)
        running = server(app, place)
        stop = threading.Event()
        thread = threading.Thread(target=_run, args=(running, stop), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{place.getsockname()[1]}"
        finally:
            running.task_dispatcher.shutdown()
            stop.set()
            running.trigger.pull_trigger()
            thread.join(10)
            # Only now: closed by the loop itself, the pipe that wakes it could be gone before
            # it is written to, and its number be another file's.
            wasyncore.close_all(running._map)
            app.extensions["earmark"].database.close()


def _run(running: Any, stop: threading.Event) -> None:
    """Serve as waitress does, but look after every event whether to stop."""
    while not stop.is_set():
        wasyncore.loop(timeout=1, map=running._map, count=1)
