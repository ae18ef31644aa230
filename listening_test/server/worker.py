"""One of several processes that serve a study on one socket; :mod:`.processes` starts it.

``python -m earmark.listening_test.server.worker`` with one argument: JSON of :class:`Told`.
"""

import json
import socket
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from ...models.errors import UserError
from ..study.study import StudyFolder
from ..wire.shared import SharedMemory
from .serve import serve
from .settings import Settings

READY = b"ready\n"


@dataclass(frozen=True)
class Told:
    """What a process is told: the study, descriptors that it inherits, how many there are."""

    folder: str
    listening: int
    memory: int
    number: int
    secure: bool
    trust_proxy: bool
    log: str
    processes: int = 1

    def as_argument(self) -> str:
        """Text for a command line."""
        return json.dumps(asdict(self))


def main(argument: str) -> None:
    """Serve as told, and say on standard output when requests are taken."""
    told = Told(**json.loads(argument))
    settings = Settings(told.secure, told.trust_proxy, told.log, processes=told.processes)

    def ready() -> None:
        sys.stdout.buffer.write(READY)
        sys.stdout.flush()

    with socket.socket(fileno=told.listening) as place:
        folder = StudyFolder(Path(told.folder))
        serve(folder, place, ready, settings, SharedMemory(told.memory), told.number)


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except UserError as error:
        sys.stderr.write(f"Error: {error}\n")
        raise SystemExit(1) from None
