"""The database or the disk fails among listeners: what was acknowledged is stored, and all go on.

``benchmarks/kills.py`` does the same again and again, with more listeners.
"""

import os
import re
import resource
import signal
import socket
import time
from pathlib import Path
from urllib.request import urlopen

import pytest
from listening_crowd import Crowd, crowd
from postgres_server import Server
from study_fixtures import Served, make_study, served

from earmark.listening_test.storage.connections import UnavailableError
from earmark.listening_test.storage.tables import Database, opened, use
from earmark.listening_test.storage.wire import Wire
from earmark.listening_test.study.study import StudyFolder

RATINGS = 3 * 6 * 3  # of three listeners: six pages of three versions


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
def folder(tmp_path: Path) -> StudyFolder:
    test, more = "comments: per_stimulus", "after: [thanks]"
    return make_study(tmp_path, "ape", passages=6, seconds=0.6, test=test, more=more)


def answers(server: Served, status: int) -> int:
    """How many answers of this status the server has given."""
    with urlopen(f"{server.links['progress']}metrics", timeout=60) as told:
        found = re.findall(
            r'earmark_requests_total\{.*status="(\d+)"\} (\d+)', told.read().decode()
        )
    return sum(int(times) for one, times in found if int(one) == status)


def wait_for_refusals(server: Served, wanted: int = 3) -> None:
    """Until listeners have met what is wrong."""
    for _ in range(3000):
        if answers(server, 503) >= wanted:
            return
        time.sleep(0.1)
    pytest.fail("nobody was refused")


def check(listeners: Crowd, server: Served) -> None:
    listeners.finish()
    listeners.check_whole(RATINGS)
    assert answers(server, 500) == 0


@pytest.mark.slow
def test_postgresql_crashes_among_listeners_and_comes_back(
    folder: StudyFolder, postgresql: Server
) -> None:
    use(folder, postgresql.url())
    port = free_port()
    with served(folder, port) as server, crowd(folder, port) as listeners:
        listeners.wait_until_rating()
        postgresql.stop(signal.SIGQUIT)
        listeners.go.set()
        wait_for_refusals(server)
        postgresql.start()
        check(listeners, server)


@pytest.mark.slow
def test_the_disk_is_full_among_listeners_and_freed(folder: StudyFolder) -> None:
    port = free_port()
    with served(folder, port) as server, crowd(folder, port) as listeners:
        listeners.wait_until_rating()
        before = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (4096, before[1]))
        listeners.go.set()
        wait_for_refusals(server)
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, before)
        check(listeners, server)


@pytest.mark.parametrize("error", [ConnectionResetError(104, "reset"), BrokenPipeError(32, "pipe")])
def test_what_the_network_raises_in_a_driver_is_no_fault_of_the_server(
    folder: StudyFolder, error: OSError
) -> None:
    class Cursor:
        def execute(self, *_: object) -> None:
            raise error

        executemany = execute

    with opened(folder) as database:
        wire = Wire(Cursor(), database.engine.dialect)  # type: ignore[arg-type]
        with pytest.raises(UnavailableError):
            wire.say("BEGIN")


def test_a_database_that_cannot_be_connected_to_is_no_fault_of_the_server(
    folder: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused() -> None:
        raise ConnectionRefusedError(os.strerror(111))

    with opened(folder) as database:
        monkeypatch.setattr(database.engine, "raw_connection", refused)
        for change in (Database.changing, Database.looking):
            with pytest.raises(UnavailableError), change(database):
                pytest.fail("there is no connection")
