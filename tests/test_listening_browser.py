"""Whole listening tests in headless Chromium, against the real server: mouse, keyboard, touch."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from listening_visits import PHONE, Visit, running, visit
from playwright.sync_api import Browser, Page
from study_fixtures import make_study, served

pytestmark = pytest.mark.browser

TWO_PAGES = "design: {pages_per_listener: 2}"
STUDIES: dict[str, dict[str, object]] = {
    "ape": {"test": "comments: per_stimulus", "more": TWO_PAGES},
    "mushra": {"systems": ("mix", "loud"), "more": TWO_PAGES},
    "ab": {"test": "forced: false", "more": TWO_PAGES},
}


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with running(chromium) as found:
        yield found


@pytest.fixture(scope="module")
def link(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """The link of a small study of a kind, served while the module's tests run."""
    links: dict[str, str] = {}
    with ExitStack() as servers:

        def of(kind: str) -> str:
            if kind not in links:
                home: Path = tmp_path_factory.mktemp(kind)
                study = make_study(home, kind, **STUDIES[kind])
                links[kind] = servers.enter_context(served(study)).links["study"]
            return links[kind]

        yield of


def by_mouse(one: Visit, kind: str) -> dict[tuple[str, str], float | None]:
    """Hear and rate everything on the page with the mouse; what the page then shows."""
    page, labels = one.page, one.labels
    if page.locator('[data-role="reference"]').count():
        page.locator('.play[data-role="reference"]').click()
    shown: dict[tuple[str, str], float | None] = {}
    for index, label in enumerate(labels):
        if kind == "ape":
            one.drag(one.marker(label), 0.1 + 0.2 * index)
            shown[label, "preference"] = number(one.marker(label).get_attribute("aria-valuenow"))
            continue
        page.locator(f'.play[data-label="{label}"]').click()
        page.wait_for_selector(f'.play[data-label="{label}"][data-heard="playing"]')
        if kind == "mushra":
            slider = page.locator(".version").nth(index).locator(".slider")
            box = slider.locator(".track").bounding_box()
            assert box is not None
            height = box["height"] * min(1.0, 0.25 * index)
            page.mouse.click(box["x"] + box["width"] / 2, box["y"] + height)
            shown[label, "quality"] = number(slider.get_attribute("aria-valuenow"))
    if kind == "ab":
        page.get_by_role("radio", name="B", exact=True).check()
        shown["", "preference"] = 100.0
    return shown


def by_keyboard(one: Visit, kind: str) -> dict[tuple[str, str], float | None]:
    """The same with keys alone."""
    page, labels = one.page, one.labels
    if page.locator('[data-role="reference"]').count():
        page.keyboard.press("r")
        page.wait_for_selector('.play[data-role="reference"][data-heard="playing"]')
    shown: dict[tuple[str, str], float | None] = {}
    for index, label in enumerate(labels):
        page.keyboard.press(label.lower())
        page.wait_for_selector(f'[data-label="{label}"][data-heard="playing"]')
        if kind == "ab":
            continue
        page.keyboard.press("End" if index == 0 else "Home")
        for _ in range(index):
            page.keyboard.press("Shift+ArrowRight")
        page.keyboard.press("ArrowLeft" if index else "ArrowRight")
        key = (label, "preference" if kind == "ape" else "quality")
        shown[key] = 100.0 if index == 0 else 10.0 * index - 1
    if kind == "ab":
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        shown["", "preference"] = 50.0
    return shown


def by_touch(one: Visit, kind: str) -> dict[tuple[str, str], float | None]:
    """The same with a finger on a phone."""
    page, labels = one.page, one.labels
    if page.locator('[data-role="reference"]').count():
        page.locator('.play[data-role="reference"]').tap()
    shown: dict[tuple[str, str], float | None] = {}
    for index, label in enumerate(labels):
        if kind == "ape":
            slide(page, f'.marker[data-label="{label}"]', ".rail", 0.15 + 0.2 * index)
            value = one.marker(label).get_attribute("aria-valuenow")
            shown[label, "preference"] = number(value)
            continue
        page.locator(f'.play[data-label="{label}"]').tap()
        page.wait_for_selector(f'.play[data-label="{label}"][data-heard="playing"]')
        if kind == "mushra":
            version = f".version:nth-child({index + 1})"
            slide(page, f"{version} .thumb", f"{version} .track", 1.1 if index == 0 else 0.6)
            slider = page.locator(f"{version} .slider")
            shown[label, "quality"] = number(slider.get_attribute("aria-valuenow"))
    if kind == "ab":
        page.locator(".options label").first.tap()
        shown["", "preference"] = 0.0
    return shown


def slide(page: Page, what: str, along: str, to: float) -> None:
    """Drag ``what`` with a finger to a part of ``along``."""
    page.locator(what).scroll_into_view_if_needed()
    thumb, rail = page.locator(what).bounding_box(), page.locator(along).bounding_box()
    assert thumb is not None
    assert rail is not None
    y = thumb["y"] + thumb["height"] / 2
    start, end = thumb["x"] + thumb["width"] / 2, rail["x"] + rail["width"] * to
    hand = page.context.new_cdp_session(page)
    for kind, x in (
        ("touchStart", start),
        ("touchMove", (start + end) / 2),
        ("touchMove", end),
        ("touchEnd", None),
    ):
        points = [] if x is None else [{"x": x, "y": y}]
        hand.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    hand.detach()


def number(text: str | None) -> float:
    assert text is not None
    return float(text)


WAYS = {"mouse": by_mouse, "keyboard": by_keyboard, "touch": by_touch}
TOUCH: dict[str, Any] = {"viewport": PHONE, "has_touch": True, "is_mobile": True}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", STUDIES)
def test_a_whole_session_is_stored_as_it_was_shown(
    browser: Browser, link: Callable[[str], str], kind: str, way: str
) -> None:
    options: dict[str, Any] = TOUCH if way == "touch" else {}
    with visit(browser, link(kind), **options) as one:
        one.begin()
        for _ in range(2):
            shown = WAYS[way](one, kind)
            assert len(shown) == (1 if kind == "ab" else len(one.labels))
            stored = one.ratings()
            assert set(shown) <= set(stored)
            assert {key: stored[key] for key in shown} == pytest.approx(shown, abs=0.051)
            assert one.fits()
            if way == "keyboard":
                one.page.locator("h1").focus()
                one.leave(lambda: one.page.keyboard.press("Enter"))
            else:
                one.next()
        assert one.state["step"]["type"] == "thanks"
        assert one.state["session"]["state"] == "complete"


@pytest.mark.parametrize("zoom", [1.0, 1.5])
@pytest.mark.parametrize("width", [360, 984, 1284, 1784])
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
        by_mouse(one, "ape")
        given = one.ratings()
        one.next()
        one.leave(lambda: one.page.click("button.back"))
        assert one.ratings() == given
        assert one.page.locator('.marker[data-state="unrated"]').count() == 0
