"""Serves a study with several processes on one socket, and exchanges them while it is served.

This process answers no request. It starts the others, starts one again that has ended by itself,
and passes on what it is told: SIGTERM or Ctrl-C end all of them once they have answered what has
come, SIGHUP starts new ones (of the program as it then is, with the study's folder as it then is)
and ends the old ones when the new ones serve. The socket stays open all the while, so that no
connection is refused.
"""

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import FrameType

from ...models.errors import UserError
from ..study.study import StudyFolder
from ..wire.limits import STOP_SECONDS
from ..wire.shared import REGIONS, memory_file
from .settings import Settings
from .worker import READY, Told

MOST = REGIONS // 2 - 1
# A machine that has a lot to do starts one within a minute.
_START_SECONDS = 120
_AGAIN_SECONDS = 1.0
_LOOK_SECONDS = 0.2


class Processes:
    """The processes of one server; ``say`` is told what a person should know."""

    def __init__(
        self, folder: StudyFolder, place: socket.socket, settings: Settings, memory: int,
        say: Callable[[str], None],
    ) -> None:  # fmt: skip
        self.folder, self.place, self.settings = folder, place, settings
        self.memory, self.say = memory, say
        self.serving: dict[int, subprocess.Popen[bytes]] = {}
        self.leaving: dict[int, subprocess.Popen[bytes]] = {}

    def start(self) -> bool:
        """Start one more; whether it serves. What is wrong it has said itself."""
        number = min(set(range(REGIONS)) - set(self.serving) - set(self.leaving))
        told = self.told(number).as_argument()
        process = subprocess.Popen(
            [sys.executable, "-m", "earmark.listening_test.server.worker", told],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            pass_fds=(self.place.fileno(), self.memory),
            # Ctrl-C on a terminal goes to this process alone, which passes it on.
            start_new_session=True,
        )
        if _says_that_it_is_ready(process):
            self.serving[number] = process
            return True
        process.kill()
        _ended(process)
        return False

    def told(self, number: int) -> Told:
        """What the process of this number is told."""
        how = self.settings
        return Told(
            str(self.folder.path), self.place.fileno(), self.memory, number,
            how.secure, how.trust_proxy, how.log, how.processes,
        )  # fmt: skip

    def look(self) -> None:
        """Take note of those that have ended, and start again what nobody ended."""
        self.leaving = {n: one for n, one in self.leaving.items() if not _over(one)}
        for number, process in list(self.serving.items()):
            if _over(process):
                del self.serving[number]
                self.say(f"process {process.pid} ended ({process.returncode}); starting another")
                time.sleep(_AGAIN_SECONDS)  # one that cannot live is not started again and again
                if not self.start():
                    self.say("it does not start; trying again")
                    self.serving[number] = process

    def exchange(self) -> None:
        """Start new ones and end the old; where a new one does not start, the old ones stay."""
        before = dict(self.serving)
        for _ in before:
            if not self.start():
                new = set(self.serving) - set(before)
                self._end({number: self.serving.pop(number) for number in new})
                self.say("the new processes do not start; the old ones go on")
                return
        for number in before:
            self.serving.pop(number, None)
        self._end(before)
        self.say(f"{len(before)} new processes serve")

    def end(self) -> None:
        """Have all of them answer what has come and end; kill those that do not."""
        self._end(self.serving)
        self.serving = {}
        until = time.monotonic() + STOP_SECONDS + 10
        for one in self.leaving.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                one.wait(max(0.1, until - time.monotonic()))
            one.kill()
            _ended(one)

    def _end(self, some: dict[int, subprocess.Popen[bytes]]) -> None:
        for number, one in some.items():
            with contextlib.suppress(ProcessLookupError):
                one.terminate()
            self.leaving[number] = one


def _says_that_it_is_ready(process: subprocess.Popen[bytes]) -> bool:
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        return bool(selector.select(_START_SECONDS)) and process.stdout.readline() == READY


def _over(process: subprocess.Popen[bytes]) -> bool:
    return process.poll() is not None and _ended(process)


def _ended(process: subprocess.Popen[bytes]) -> bool:
    process.wait()
    if process.stdout is not None:
        process.stdout.close()
    return True


@contextlib.contextmanager
def _signals() -> Iterator[list[signal.Signals]]:
    """What this process has been told since it was looked at last."""
    told: list[signal.Signals] = []

    def note(number: int, _: FrameType | None) -> None:
        told.append(signal.Signals(number))

    wanted = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = {one: signal.signal(one, note) for one in wanted}
    try:
        yield told
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def serve_with(
    count: int,
    folder: StudyFolder,
    place: socket.socket,
    started: Callable[[], None],
    settings: Settings,
    say: Callable[[str], None],
) -> None:
    """Serve with ``count`` processes until this one is told to stop.

    Raises:
        UserError: if this system has no way to share a socket, or they do not start.
    """
    if os.name != "posix":
        raise UserError("--processes needs Linux, macOS or another Unix; leave it out")
    with memory_file() as memory, _signals() as told:
        settings = replace(settings, processes=count)
        all_of_them = Processes(folder, place, settings, memory, say)
        try:
            for _ in range(count):
                if not all_of_them.start():
                    raise UserError("the processes do not start; what is wrong is said above")
            started()
            while not {signal.SIGTERM, signal.SIGINT} & set(told):
                if signal.SIGHUP in told:
                    told.clear()
                    all_of_them.exchange()
                all_of_them.look()
                time.sleep(_LOOK_SECONDS)
        finally:
            all_of_them.end()
