"""How often a browser asks for a page: few files at first, and next to nothing after a reload."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from documented_plugin import write_plugin_study
from listening_visits import running, visit
from playwright.sync_api import Browser
from registries import registries_kept
from study_fixtures import links, make_study

from earmark.listening_test.create import make_study as make
from earmark.listening_test.kinds.reading import read_study_file
from earmark.listening_test.server.serve import in_background
from earmark.listening_test.server.settings import Settings
from earmark.listening_test.study.study import StudyFolder

pytestmark = pytest.mark.browser
AUDIO, EVENTS = "/audio/<name>", "/api/l/<token>/events"


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with running(chromium) as found:
        yield found


def asked(log: Path) -> Callable[[], list[str]]:
    """Which routes were asked for since this was called last; not sounds, nor what is saved."""
    seen = 0

    def more() -> list[str]:
        nonlocal seen
        lines = log.read_text("utf-8").splitlines()
        routes = [json.loads(line)["route"] for line in lines[seen:]]
        seen = len(lines)
        return [one for one in routes if one not in (AUDIO, EVENTS)]

    return more


def steps(browser: Browser, folder: StudyFolder, log: Path) -> tuple[list[str], list[str]]:
    """What is asked for from the start of a session to its first page, and by a reload."""
    with (
        in_background(folder, Settings(log=str(log))) as url,
        visit(browser, links(folder, url)["pilot"]) as one,
    ):
        more = asked(log)
        one.page.goto(one.link)
        more()
        one.page.get_by_role("button", name="Start", exact=True).click()
        one.arrived()
        one.page.wait_for_selector('.saved[data-state="saved"]')
        first = more()
        one.page.reload()
        one.arrived()
        one.page.wait_for_selector('.saved[data-state="saved"]')
        return first, more()


@pytest.mark.slow
def test_a_page_is_there_after_few_requests_and_after_a_reload_asks_for_no_file(
    browser: Browser, tmp_path: Path
) -> None:
    folder = make_study(tmp_path, "ape", seconds=0.6)
    first, again = steps(browser, folder, tmp_path / "log")
    assert first[:2] == ["/s/<token>/start", "/l/<token>/"]
    assert len(first[2:]) <= 6, first
    assert sorted(again) == ["/api/l/<token>/state", "/l/<token>/"]


def test_the_script_of_a_plug_in_asks_for_our_modules_and_gets_those_of_the_page(
    browser: Browser, tmp_path: Path
) -> None:
    with registries_kept():
        path = write_plugin_study(tmp_path)
        folder = make(read_study_file(path), tmp_path / "results")
        first, again = steps(browser, folder, tmp_path / "log")
    # Its own, and three small files that hand on what the page has already.
    assert first.count("/static/<path:place>") <= 6, first
    assert "/kinds/<path:place>" in first
    assert "/kinds/<path:place>" not in again
