"""The server of a simulated study stops cleanly, whatever wakes it while it does."""

from collections.abc import Callable
from pathlib import Path
from time import sleep

import pytest
from study_fixtures import make_study
from waitress.trigger import trigger

from earmark.listening_test.server.serve import in_background
from earmark.listening_test.simulate import Browser
from earmark.listening_test.stimuli.addresses import addresses_of
from earmark.listening_test.study.study import StudyFolder


def test_a_server_that_something_else_wakes_while_it_is_told_to_stop_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_study(tmp_path, "ape", seconds=0.6)
    wake: Callable[[trigger], None] = trigger._physical_pull
    woken = []

    def twice(self: trigger) -> None:
        wake(self)
        sleep(0.3)  # the loop has seen the first byte; the second must still find its pipe
        wake(self)
        woken.append(self)

    with in_background(folder):
        monkeypatch.setattr(trigger, "_physical_pull", twice)
    assert len(woken) == 1


def test_a_study_named_from_the_working_folder_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_study(tmp_path, "ape", seconds=0.6)
    monkeypatch.chdir(folder.path.parent)
    addresses = addresses_of(folder)
    token = addresses.study.stimuli[0].token
    with in_background(StudyFolder(Path(folder.path.name))) as address:
        sent = Browser(address).get(addresses.of(token, "here"))
    lead = 6 * addresses.study.lead
    assert sent[44 + lead : -lead] == folder.stimulus(token).read_bytes()[44:]
