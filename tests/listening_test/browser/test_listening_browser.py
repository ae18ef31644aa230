"""Whole listening tests in headless Chromium, against the real server: mouse, keyboard, touch."""

from collections.abc import Callable, Iterator
from itertools import pairwise, product
from typing import Any

import pytest
from listening_hands import TOUCH, by_keyboard, by_mouse, by_touch
from listening_visits import running, visit
from playwright.sync_api import Browser

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with running(chromium) as found:
        yield found


WAYS = {"mouse": by_mouse, "keyboard": by_keyboard, "touch": by_touch}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "kind", ["ape", *(pytest.param(one, marks=pytest.mark.slow) for one in ("mushra", "ab"))]
)
def test_a_whole_session_is_stored_as_it_was_shown(
    browser: Browser, link: Callable[[str], str], kind: str, way: str
) -> None:
    options: dict[str, Any] = TOUCH if way == "touch" else {}
    with visit(browser, link(kind), **options) as one:
        one.begin()
        for _ in range(2):
            shown = WAYS[way](one)
            assert len(shown) == (1 if kind == "ab" else len(one.labels))
            stored = one.ratings()
            assert stored == pytest.approx(shown, abs=0.051)
            assert one.fits()
            if way == "keyboard":
                one.page.locator("h1").focus()
                one.leave(lambda: one.page.keyboard.press("Enter"))
            else:
                one.next()
        assert one.state["step"]["type"] == "thanks"
        assert one.state["session"]["state"] == "complete"


@pytest.mark.parametrize(
    ("width", "zoom"),
    [
        (360, 1.5),
        (1284, 1.0),
        *(
            pytest.param(width, zoom, marks=pytest.mark.slow)
            for width, zoom in product((360, 984, 1284, 1784), (1.0, 1.5))
            if (width, zoom) not in ((360, 1.5), (1284, 1.0))
        ),
    ],
)
def test_ape_values_are_the_markers_places_at_every_width_and_zoom(
    browser: Browser, link: Callable[[str], str], width: int, zoom: float
) -> None:
    """The browser's zoom: fewer CSS pixels, more device pixels for each."""
    viewport = {"width": round(width / zoom), "height": round(900 / zoom)}
    with visit(browser, link("ape"), viewport=viewport, device_scale_factor=zoom) as one:
        one.begin()
        page = one.page
        for label, part in zip(one.labels, (-0.2, 0.37, 1.2), strict=False):
            one.drag(one.marker(label), part)
            rail, box = page.locator(".rail").bounding_box(), one.marker(label).bounding_box()
            assert rail is not None
            assert box is not None
            place = (box["x"] + box["width"] / 2 - rail["x"]) / rail["width"] * 100
            value = one.ratings()[label, "preference"]
            assert value == pytest.approx(place, abs=0.2)
            assert value == pytest.approx(100 * min(1, max(0, part)), abs=0.4)
        assert one.fits()


@pytest.mark.parametrize("zoom", [1.5, 2.0])
def test_ape_values_hold_under_a_style_sheets_zoom(
    browser: Browser, link: Callable[[str], str], zoom: float
) -> None:
    with visit(browser, link("ape")) as one:
        one.begin()
        one.page.evaluate("(zoom) => { document.documentElement.style.zoom = zoom; }", zoom)
        label = one.labels[0]
        one.drag(one.marker(label), 0.8)
        assert one.ratings()[label, "preference"] == pytest.approx(80, abs=0.4)


def test_a_press_that_does_not_move_plays_and_rates_nothing(
    browser: Browser, link: Callable[[str], str]
) -> None:
    with visit(browser, link("ape")) as one:
        one.begin()
        one.marker("A").click()
        one.page.wait_for_selector('.marker[data-label="A"][data-heard="playing"]')
        assert one.marker("A").get_attribute("aria-valuetext") == "not rated yet, playing"
        assert set(one.ratings().values()) == {None}


def test_next_says_what_is_missing_and_stays(browser: Browser, link: Callable[[str], str]) -> None:
    with visit(browser, link("ape")) as one:
        one.begin()
        one.drag(one.marker("B"), 0.9)
        one.page.click("button.next")
        missing = one.page.locator(".missing")
        assert missing.locator("li").all_inner_texts() == [
            "Listen to: R, A, C",
            "Rate: A, C",
        ]
        assert missing.evaluate("(node) => node === document.activeElement")
        one.drag(one.marker("A"), 0.2)
        assert "Rate: C" in missing.inner_text()
        assert one.state["progress"]["page"] == 1


def test_in_mushra_only_the_playing_slider_moves(
    browser: Browser, link: Callable[[str], str]
) -> None:
    with visit(browser, link("mushra")) as one:
        one.begin()
        page = one.page
        page.keyboard.press("a")
        page.wait_for_selector('.play[data-label="A"][data-heard="playing"]')
        enabled = page.locator('.slider:not([aria-disabled="true"])')
        assert enabled.count() == 1
        page.locator(".version").nth(1).locator(".track").click()
        assert page.locator(".said").inner_text() == "Play B to rate it."
        page.keyboard.press(" ")
        page.wait_for_selector('.play[data-label="A"][data-heard="chosen"]')
        assert enabled.count() == 0
        assert set(one.ratings().values()) == {None}


def test_overlapping_markers_stand_in_rows_above_their_true_places(
    browser: Browser, link: Callable[[str], str]
) -> None:
    with visit(browser, link("ape")) as one:
        one.begin()
        for label in one.labels:
            one.drag(one.marker(label), 0.5)
        boxes = [one.marker(label).bounding_box() for label in one.labels]
        tops = sorted(box["y"] for box in boxes if box)
        assert len(tops) == 3
        assert min(b - a for a, b in pairwise(tops)) >= 44
        one.marker(one.labels[0]).click()
        one.page.wait_for_selector(f'.marker[data-label="{one.labels[0]}"][data-heard="playing"]')


def test_back_returns_to_the_ratings_that_were_given(
    browser: Browser, link: Callable[[str], str]
) -> None:
    with visit(browser, link("ape")) as one:
        one.begin()
        by_mouse(one)
        given = one.ratings()
        one.next()
        one.leave(lambda: one.page.click("button.back"))
        assert one.ratings() == given
        assert one.page.locator('.marker[data-state="unrated"]').count() == 0
