"""kill -9 of the server in the middle of sessions: what was acknowledged is stored, all of it."""

import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from listening_crowd import crowd
from study_fixtures import make_study, served

from earmark.listening_test.simulate import Browser
from earmark.listening_test.study.study import StudyFolder


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def shown(browser: Browser) -> list[object]:
    """What must not change: the page's stimuli in order, their files and start positions."""
    step = browser.state()["step"]
    return [(one["id"], one["label"], one["url"], one["start"]) for one in step.get("stimuli", [])]


@pytest.mark.slow
def test_a_killed_server_has_stored_what_it_acknowledged_and_goes_on_at_the_same_place(
    tmp_path: Path, stored: Callable[[StudyFolder], StudyFolder]
) -> None:
    test, more = "comments: per_stimulus", "after: [thanks]"
    folder = make_study(tmp_path, "ape", passages=6, seconds=0.6, test=test, more=more)
    folder, port = stored(folder), free_port()
    with served(folder, port) as server, crowd(folder, port) as listeners:
        listeners.go.set()
        listeners.wait_until_rating()
        os.kill(server.pid, signal.SIGKILL)
    listeners.check()
    # What was under way is sent again to the server that comes back.
    with served(folder, port):
        listeners.finish()
        listeners.check_whole(ratings=3 * 6 * 3)


@pytest.mark.slow
def test_a_session_is_found_as_it_was_after_a_kill(tmp_path: Path) -> None:
    folder = make_study(tmp_path, "mushra", seconds=0.6)
    with served(folder) as server:
        browser = Browser(server.links["pilot"])
        browser.begin()
        before, link = shown(browser), f"/l/{browser.session}/"
        os.kill(server.pid, signal.SIGKILL)
    with served(folder) as server:
        again = Browser(server.links["pilot"])
        again.open(server.url + link)
        assert shown(again) == before != []
