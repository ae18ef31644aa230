"""How long each version was heard, as a real browser tells it, whatever ends the sound."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from listening_hands import by_mouse
from listening_visits import Visit, running, visit
from playwright.sync_api import Browser
from study_fixtures import hosted, make_study

from earmark.listening_test.export.ratings import SessionFilter, tidy
from earmark.listening_test.storage.tables import opened
from earmark.listening_test.study.study import StudyFolder, load_study

pytestmark = pytest.mark.browser

SECONDS = 1.2
Study = tuple[StudyFolder, str]


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with running(chromium) as found:
        yield found


def a_study(folder: Path, loop: str) -> StudyFolder:
    more = "design: {pages_per_listener: 2}"
    return make_study(folder, "ape", seconds=SECONDS, test=f"loop: {loop}", more=more)


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    folder = a_study(tmp_path_factory.mktemp("once"), "false")
    with hosted(folder) as server:
        yield folder, server.links["study"]


@pytest.fixture(scope="module")
def looped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    folder = a_study(tmp_path_factory.mktemp("looped"), "true")
    with hosted(folder) as server:
        yield folder, server.links["study"]


def play(one: Visit, label: str) -> None:
    one.page.keyboard.press(label.lower())
    one.page.wait_for_selector(f'.marker[data-label="{label}"][data-heard="playing"]')


def heard(folder: StudyFolder, session: str, page: int = 1) -> dict[str, float]:
    """Seconds by label, of one session by the token in its link."""
    from earmark.listening_test.storage.tables import Listening

    with opened(folder) as database:
        with database.reading() as reading:
            found = reading.get(Listening, session)
            assert found is not None
            name = found.id
        rows = tidy(
            load_study(folder), database, SessionFilter(states=("open", "paused", "complete"))
        )
    return {
        row.shown_label: row.listened_seconds
        for row in rows
        if row.session == name and row.page == page
    }


def session_of(one: Visit) -> str:
    found: str = one.page.evaluate("document.body.dataset.session")
    return found


def test_a_version_that_played_to_its_end_counts_no_further(browser: Browser, once: Study) -> None:
    folder, link = once
    with visit(browser, link) as one:
        one.begin()
        play(one, "A")
        one.page.wait_for_selector('.marker[data-label="A"][data-heard="chosen"]')
        one.page.wait_for_timeout(1500)
        play(one, "B")
        one.page.wait_for_selector('.marker[data-label="B"][data-heard="chosen"]')
        one.saved()
        found = heard(folder, session_of(one))
    assert found["A"] == pytest.approx(SECONDS, abs=0.4)
    assert found["B"] == pytest.approx(SECONDS, abs=0.4)
    assert found["C"] == 0


def test_a_pause_of_the_test_is_not_counted(browser: Browser, looped: Study) -> None:
    folder, link = looped
    with visit(browser, link) as one:
        one.begin()
        play(one, "A")
        one.page.get_by_role("button", name="Pause the test").click()
        one.page.wait_for_selector("dialog[open]")
        one.page.wait_for_timeout(2000)
        one.page.locator("dialog[open] button").last.click()
        one.reported("resume_session")
        one.saved()
        kinds = [event["type"] for event in one.events]
        found = heard(folder, session_of(one))
    assert kinds.index("play") < kinds.index("pause") < kinds.index("pause_session")
    assert 0 < found["A"] < 1.5


@pytest.mark.slow
def test_what_was_heard_last_on_a_page_is_counted_until_the_page_is_left(
    browser: Browser, looped: Study
) -> None:
    folder, link = looped
    with visit(browser, link) as one:
        one.begin()
        session = session_of(one)
        for number in (1, 2):
            by_mouse(one)
            one.page.wait_for_timeout(800)
            one.next()
            last = [event for event in one.events if event.get("page") == number][-1]
            assert last["type"] == "pause"
        assert one.state["session"]["state"] == "complete"
    for number in (1, 2):
        assert 0.8 < heard(folder, session, number)["C"] < 5


def test_what_plays_while_the_page_is_closed_is_counted(browser: Browser, looped: Study) -> None:
    folder, link = looped
    with visit(browser, link) as one:
        one.begin()
        session = session_of(one)
        play(one, "B")
        one.page.wait_for_timeout(1000)
        one.page.goto(link)  # away from the session, and not back to it
        one.page.wait_for_timeout(1500)
    assert heard(folder, session)["B"] == pytest.approx(1, abs=0.6)
