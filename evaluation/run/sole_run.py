"""One run at a time in a results folder: two would both do all the work."""

import contextlib
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from ...models.errors import UserError
from ..results.store import now

NAME = "run.lock"


@contextlib.contextmanager
def sole_run(folder: Path) -> Iterator[None]:
    """Hold a results folder until the context is left, or the process ends in whatever way.

    Systems without ``flock``, and folders that cannot be written or know no locks, are not held.

    Raises:
        UserError: if another run holds the folder; which, and since when.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    try:
        opened = (folder / NAME).open("a+", encoding="utf-8")
    except OSError:
        yield
        return
    with opened as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(
                f"{folder}: another run is at work here ({_told(file)}); wait until it has ended, "
                "or choose another folder with --results"
            ) from None
        except OSError:
            yield
            return
        # The file stays, empty: who removed it could let two runs hold two files of one name.
        _tell(file, json.dumps({"process": os.getpid(), "host": socket.gethostname(), "at": now()}))
        try:
            yield
        finally:
            _tell(file, "")


def _tell(file: IO[str], text: str) -> None:
    # Who it is only helps: on a full disk the lock holds all the same.
    with contextlib.suppress(OSError):
        file.truncate(0)
        file.write(text)
        file.flush()


def _told(file: IO[str]) -> str:
    file.seek(0)
    try:
        said = json.loads(file.read())
        return f"process {said['process']} on {said['host']}, since {said['at']}"
    except (ValueError, KeyError, TypeError):
        return "it did not say which"
