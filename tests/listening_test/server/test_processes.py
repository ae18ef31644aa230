"""Several processes serve one study: exchanged, killed and stopped, and no rating is lost."""

import json
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from urllib.request import urlopen

import pytest
from study_fixtures import Served, make_study, served

from earmark.listening_test.server import processes, worker
from earmark.listening_test.server.serve import bind, server
from earmark.listening_test.server.settings import USUAL, Settings
from earmark.listening_test.simulate import Browser
from earmark.listening_test.storage.many import events
from earmark.listening_test.storage.tables import opened
from earmark.listening_test.study.study import StudyFolder, load_keys
from earmark.listening_test.wire.limits import BODIES_BYTES, CONNECTIONS, Patience
from earmark.listening_test.wire.shared import memory_file
from earmark.models.errors import UserError

pytestmark = pytest.mark.skipif(os.name != "posix", reason="processes share a socket on Unix")
LISTENERS = 4


def children(pid: int) -> set[int]:
    """The processes that another one has started."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return {int(one) for one in found.split()}


def until(true: Callable[[], bool]) -> None:
    """Wait for something that happens soon."""
    for _ in range(600):
        if true():
            return
        time.sleep(0.1)
    pytest.fail("it did not happen")


class Crowd:
    """Listeners who play and pause without end, until :meth:`end`."""

    def __init__(self, link: str) -> None:
        self.browsers = [Browser(link) for _ in range(LISTENERS)]
        self.errors: list[BaseException] = []
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._play, args=(one,)) for one in self.browsers]
        for one in self._threads:
            one.start()

    def _play(self, browser: Browser) -> None:
        try:
            browser.begin()
            for number in count():
                if self._over.wait(0.02):
                    return
                event = {"id": f"e{number}", "seq": number, "at_ms": number, "type": "play"}
                browser.send([event | {"page": 1}])
        except BaseException as error:
            self.errors.append(error)

    @property
    def confirmed(self) -> int:
        return sum(len(one.acknowledged) for one in self.browsers)

    def goes_on(self) -> None:
        """Everybody gets some more events confirmed."""
        before = [len(one.acknowledged) for one in self.browsers]
        until(
            lambda: (
                bool(self.errors)
                or all(
                    len(one.acknowledged) > old + 5
                    for one, old in zip(self.browsers, before, strict=True)
                )
            )
        )
        assert self.errors == []

    def end(self) -> None:
        self._over.set()
        for one in self._threads:
            one.join(120)
        assert self.errors == []


@contextmanager
def crowd(link: str) -> Iterator[Crowd]:
    found = Crowd(link)
    try:
        yield found
    finally:
        found._over.set()


def check(folder: StudyFolder, found: Crowd) -> None:
    """What was confirmed is stored, once."""
    with opened(folder) as database, database.reading() as session:
        for browser in found.browsers:
            rows = [one.id for one in events(session, [browser.session])]
            assert len(rows) == len(set(rows))
            assert set(browser.acknowledged) <= set(rows)


def counted(server: Served, folder: StudyFolder, name: str) -> float:
    """The sum of a count over all processes, whichever of them answers."""
    address = f"{server.url}/progress/{load_keys(folder).admin}/metrics"
    with urlopen(address, timeout=60) as answer:
        text = answer.read().decode()
    return sum(
        float(one) for one in re.findall(rf"^{name}(?:\{{.*\}})? (\S+)$", text, re.MULTILINE)
    )


@pytest.mark.slow
def test_processes_are_killed_and_exchanged_under_load_and_nothing_is_lost(
    tmp_path: Path, stored: Callable[[StudyFolder], StudyFolder]
) -> None:
    folder = stored(make_study(tmp_path, "ape", seconds=0.6))
    with served(folder, 0, "--processes", "2") as server:
        with crowd(server.links["pilot"]) as found:
            found.goes_on()
            first = children(server.pid)
            assert len(first) == 2
            os.kill(min(first), signal.SIGKILL)
            found.goes_on()
            until(lambda: len(children(server.pid)) == 2 and children(server.pid) != first)
            second = children(server.pid)
            os.kill(server.pid, signal.SIGHUP)
            found.goes_on()
            until(lambda: len(children(server.pid)) == 2 and not children(server.pid) & second)
            found.goes_on()
            found.end()
        # What several processes count, those of before among them, is the sum; the one that was
        # killed may have stored and confirmed a batch that it could not count any more.
        batches = counted(server, folder, "earmark_batches_stored_total")
        assert found.confirmed - LISTENERS <= batches
        assert counted(server, folder, "earmark_sessions_begun_total") == LISTENERS
    check(folder, found)


@pytest.mark.slow
def test_a_server_that_is_told_to_stop_ends_all_its_processes_and_itself(tmp_path: Path) -> None:
    folder = make_study(tmp_path, "ape", seconds=0.6)
    for how in (signal.SIGTERM, signal.SIGKILL):
        with served(folder, 0, "--processes", "2") as server:
            started = children(server.pid)
            with crowd(server.links["pilot"]) as found:
                found.goes_on()
                found.end()
            os.kill(server.pid, how)
            until(lambda: not any(alive(pid) for pid in started))  # noqa: B023
        check(folder, found)


@pytest.mark.slow
def test_processes_that_cannot_start_end_the_server_and_later_leave_the_old_ones_serving(
    tmp_path: Path,
) -> None:
    folder = make_study(tmp_path, "ape", seconds=0.6)
    sound = next(folder.stimuli.iterdir())
    with served(folder, 0, "--processes", "1") as server:
        started = children(server.pid)
        sound.rename(tmp_path / "away")
        os.kill(server.pid, signal.SIGHUP)
        with crowd(server.links["pilot"]) as found:
            for _ in range(4):
                found.goes_on()
            found.end()
        assert children(server.pid) >= started
    with pytest.raises(RuntimeError, match="did not start"), served(folder, 0, "--processes", "1"):
        pass


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_each_process_takes_its_part_of_the_connections(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    taken: list[Patience] = []

    def refuse(self: processes.Processes) -> bool:
        told.append(self.told(0).as_argument())
        return False

    def note(folder: StudyFolder, place: socket.socket, _: object, settings: Settings,
             *more: object) -> None:  # fmt: skip
        app = SimpleNamespace(extensions={"earmark": SimpleNamespace(counts=None)})
        front = server(app, place, settings)  # type: ignore[arg-type]
        taken.append(front.patience)
        front.end()

    monkeypatch.setattr(processes.Processes, "start", refuse)
    monkeypatch.setattr(worker, "serve", note)
    folder = StudyFolder(tmp_path)
    with bind("127.0.0.1", 0) as place, memory_file() as memory:
        with pytest.raises(UserError, match="do not start"):
            processes.serve_with(3, folder, place, lambda: None, USUAL, lambda _: None)
        (argument,) = told
        listening, shared = os.dup(place.fileno()), os.dup(memory)
        inherited = {"listening": listening, "memory": shared}
        worker.main(json.dumps(json.loads(argument) | inherited))
        os.close(shared)
    (patience,) = taken
    assert patience.connections == -(-CONNECTIONS // 3)
    assert patience.bodies_bytes == -(-BODIES_BYTES // 3)
