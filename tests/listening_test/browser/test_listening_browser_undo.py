"""A rating is taken back by mouse, key and finger; Next then says that it is missing."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from listening_hands import TOUCH, by_mouse
from listening_visits import Visit, running, visit
from playwright.sync_api import Browser, Locator

pytestmark = pytest.mark.browser

STUDIES = ("ape axes", "mushra", "ab", "bs1116", "rank", "attributes")


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with running(chromium) as found:
        yield found


def button(one: Visit, label: str, question: str) -> Locator:
    """The button on the page that takes this rating back."""
    page, kind = one.page, one.state["step"]["kind"]
    if kind == "ape":
        names = [each["id"] for each in one.state["step"]["questions"]]
        return page.locator(".axis").nth(names.index(question)).locator("button.undo")
    if kind == "mushra":
        return page.locator(".mushra button.undo:visible")
    home = page.locator(".page")
    if label:
        home = page.locator(".card", has=page.locator(f'[data-label="{label}"]'))
    return home.locator(f'[data-question="{question}"] button.undo')


def hear(one: Visit, label: str) -> None:
    """Have a version play, so that it is the one that is chosen."""
    if label:
        one.page.locator("h1").focus()
        one.page.keyboard.press(label.lower())
        one.page.wait_for_selector(f'[data-label="{label}"][data-heard="playing"]')


@pytest.mark.parametrize(
    ("study", "way"),
    [
        *((study, "mouse") for study in STUDIES[:2]),
        *(pytest.param(study, "mouse", marks=pytest.mark.slow) for study in STUDIES[2:]),
        *(pytest.param(study, "touch", marks=pytest.mark.slow) for study in STUDIES),
    ],
)
def test_a_press_takes_a_rating_back_and_next_says_what_is_missing(
    browser: Browser, link: Callable[[str], str], study: str, way: str
) -> None:
    options: dict[str, Any] = TOUCH if way == "touch" else {}
    with visit(browser, link(study), **options) as one:
        one.begin()
        shown = by_mouse(one)
        label, question = list(shown)[-1]
        hear(one, label)
        press = button(one, label, question)
        press.tap() if way == "touch" else press.click()
        assert one.ratings() == shown | {(label, question): None}
        assert press.is_hidden()
        assert one.page.locator(".said").inner_text() == "Taken back: not rated any more."
        one.page.locator("button.next").click()
        missing = one.page.locator(".missing li").all_inner_texts()
        assert len(missing) == 1
        assert label in missing[0]
        assert one.state["progress"]["page"] == 1
        assert one.fits()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("study", "key"), [*((study, "Delete") for study in STUDIES), ("ape axes", "Backspace")]
)
def test_a_key_takes_back_what_is_in_focus_and_else_what_is_heard(
    browser: Browser, link: Callable[[str], str], study: str, key: str
) -> None:
    with visit(browser, link(study)) as one:
        one.begin()
        kind = one.state["step"]["kind"]
        shown = by_mouse(one)
        last = list(shown)[-1]
        hear(one, last[0])
        in_focus = '.axis:last-of-type .marker[data-heard="playing"]'
        if kind == "mushra":
            in_focus = '.version[data-heard="true"] .slider'
        elif kind != "ape":
            in_focus = ".question:last-of-type :is(.slider, input:checked)"
        one.page.locator(in_focus).last.focus()
        one.page.keyboard.press(key)
        assert one.ratings() == shown | {last: None}
        one.page.keyboard.press(key)  # nothing is left there to take back
        assert one.ratings() == shown | {last: None}
        first = next(iter(shown))
        hear(one, first[0])
        if kind == "ape":
            one.marker(first[0]).focus()
        one.page.locator("h1").focus()
        one.page.keyboard.press(key)
        assert one.ratings() == shown | {last: None, first: None}
        assert one.page.locator('[data-state="unrated"]').count() > 0 or kind in ("ab", "rank")


def test_a_marker_that_was_taken_back_is_hollow_where_it_began(
    browser: Browser, link: Callable[[str], str]
) -> None:
    with visit(browser, link("ape axes")) as one:
        one.begin()
        marker = one.marker("B")
        began = marker.evaluate("(node) => node.style.left")
        one.drag(marker, 0.9)
        assert marker.get_attribute("data-state") == "rated"
        one.page.locator(".axis").first.locator("button.undo").click()
        assert marker.get_attribute("data-state") == "unrated"
        assert marker.evaluate("(node) => node.style.left") == began
        assert marker.evaluate("(node) => node === document.activeElement")
        one.page.reload()
        one.arrived()
        assert marker.get_attribute("data-state") == "unrated"
