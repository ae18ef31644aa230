"""Serves a study with waitress until it is told to stop."""

import contextlib
import errno
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from flask import Flask
from waitress.adjustments import Adjustments
from waitress.task import ThreadedTaskDispatcher

from ...models.errors import UserError
from ..storage.connections import UnavailableError
from ..storage.counters import recount
from ..storage.tables import Database
from ..study.study import StudyFolder
from ..wire.connections import Front
from ..wire.limits import BODY_BYTES, HEAD_BYTES, THREADS
from ..wire.shared import SharedMemory
from .app import create_app
from .settings import UNLIMITED, USUAL, Settings

_BACKLOG = 1024
# Files beside connections: the database's, the log, stimuli that are being sent.
_OTHER_FILES = 512


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one.

    Raises:
        UserError: if the port is in use or the address is not of this machine.
    """
    found = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((host, port))
        found.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        found.close()
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            raise UserError(
                f"port {port} on {host} is in use; stop what uses it, or give another with --port"
            ) from None
        raise UserError(f"cannot listen on {host}:{port} ({error})") from None
    return found


def server(
    app: Flask,
    place: socket.socket,
    settings: Settings = USUAL,
) -> Front:
    """A server of the application on a listening socket; ``run`` serves."""
    counts = app.extensions["earmark"].counts
    adjusted: dict[str, Any] = {
        "sockets": [place],
        "threads": THREADS,
        "ident": "",
        "backlog": _BACKLOG,
        "recv_bytes": 64 * 1024,
        "max_request_header_size": HEAD_BYTES,
        # waitress refuses what has as many bytes as this, too.
        "max_request_body_size": BODY_BYTES + 1,
        # Bodies stay in memory: a stranger's never reaches a file.
        "inbuf_overflow": 2 * BODY_BYTES,
        "log_socket_errors": False,
        # What a proxy says of its client is believed only where we were told that there is one.
        "clear_untrusted_proxy_headers": not settings.trust_proxy,
    }
    adj = Adjustments(**adjusted)
    dispatcher = ThreadedTaskDispatcher()
    dispatcher.set_thread_count(adj.threads)
    patience = settings.patience.shared_by(settings.processes)
    patience = replace(patience, connections=_room(patience.connections))
    info = (place.family, place.type, place.proto, place.getsockname())

    def count(limit: str) -> None:
        counts.add(f'earmark_refused_total{{limit="{limit}"}}')

    return Front(
        app, place, patience, count,
        dispatcher=dispatcher, adj=adj, bind_socket=False, sockinfo=info,
    )  # fmt: skip


def _room(wanted: int) -> int:
    """As many of the wanted connections as this process may have files."""
    try:
        import resource
    except ImportError:  # Windows: its select knows 512 sockets
        return min(wanted, 400)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < needed:
        most = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        wanted = min(wanted, max(soft - _OTHER_FILES, soft // 2))
    return wanted


def serve(
    folder: StudyFolder,
    place: socket.socket,
    started: Callable[[], None],
    settings: Settings = USUAL,
    memory: SharedMemory | None = None,
    number: int = 0,
) -> None:
    """Serve in this process until SIGTERM or Ctrl-C; ``started`` is called when requests are taken.

    Requests that have come are then answered before it ends. Where several processes serve on one
    socket, ``memory`` and ``number`` are those of :func:`.app.create_app`.
    """
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    # A database that is gone is said once for each request; not with a traceback for each of the
    # connections that cannot be closed either.
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)
    app = create_app(folder, settings, memory, number)
    running = server(app, place, settings)
    held = app.extensions["earmark"]
    _recounted(held.database)
    gauge = f'earmark_connections{{process="{number}"}}'
    parent = os.getppid() if memory is not None else None

    def tick() -> None:
        held.counts.put(gauge, len(running.active_channels))
        # Without the process that started it, nobody would ever tell it to stop.
        if parent is not None and os.getppid() != parent:
            running.stop()

    running.tick = tick
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: running.stop())
    started()
    try:
        running.run()
    finally:
        held.counts.put(gauge, 0)
        running.end()
        held.database.close()


def _recounted(database: Database) -> None:
    try:
        with database.changing("recount") as wire:
            recount(wire)
    except UnavailableError as error:
        # Requests say so too, for as long as it is true.
        logging.getLogger(__name__).warning("sessions were not counted anew: %s", error)


@contextlib.contextmanager
def in_background(folder: StudyFolder, settings: Settings = UNLIMITED) -> Iterator[str]:
    """The address of a server of the study on this machine, in a thread, until the block ends."""
    with bind("127.0.0.1", 0) as place:
        app = create_app(folder, settings)
        running = server(app, place, settings)
        thread = threading.Thread(target=running.run, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{place.getsockname()[1]}"
        finally:
            running.stop()
            thread.join(20)
            # Only now: closed by the loop itself, the pipe that wakes it could be gone before
            # it is written to, and its number be another file's.
            running.end()
            app.extensions["earmark"].database.close()
