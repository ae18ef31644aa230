"""The sound device, as a page meets it: blocked, lost, standing still, late, of another rate."""

from collections.abc import Callable, Iterator

import pytest
from listening_visits import Visit, running, visit
from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

# Lets a test reach the page's sound device, and make it refuse.
DEVICE = """
window.contexts = [];
const Real = window.AudioContext;
window.AudioContext = class extends Real {
  constructor(options) {
    if (window.refused && options.sampleRate) throw new DOMException('rate', 'NotSupportedError');
    super(options);
    window.contexts.push(this);
  }
  get currentTime() { return window.frozen ?? super.currentTime; }
  get playbackStats() { return {underrunDuration: window.underrun ?? 0}; }
  get state() { return window.blocked ? 'suspended' : super.state; }
  resume() { return window.blocked ? new Promise(() => {}) : super.resume(); }
};
"""


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with running(chromium) as found:
        yield found


@pytest.fixture
def study(link: Callable[[str], str]) -> str:
    return link("ape")


def playing(one: Visit, label: str) -> None:
    """Press a version's key and wait until it plays."""
    one.page.keyboard.press(label.lower())
    one.page.wait_for_selector(f'.marker[data-label="{label}"][data-heard="playing"]')


def test_blocked_sound_is_told_and_comes_with_a_press(browser: Browser, study: str) -> None:
    with visit(browser, study) as one:
        one.page.add_init_script(DEVICE + "window.blocked = true;")
        one.begin()
        one.page.keyboard.press("a")
        notice = one.page.locator(".notice")
        notice.wait_for()
        assert "holds the sound back" in notice.inner_text()
        assert one.page.locator('[data-heard="playing"]').count() == 0
        one.page.evaluate("window.blocked = false")
        notice.get_by_role("button").click()
        one.page.wait_for_selector('.marker[data-label="A"][data-heard="playing"]')
        assert not notice.is_visible()
        one.reported("play")


@pytest.mark.parametrize("loss", ["suspend", "close"])
def test_a_lost_device_keeps_the_place_and_plays_on(
    browser: Browser, study: str, loss: str
) -> None:
    with visit(browser, study) as one:
        one.page.add_init_script(DEVICE)
        one.begin()
        one.page.keyboard.press("b")
        one.page.wait_for_selector('.marker[data-label="B"][data-heard="playing"]')
        one.page.evaluate(f"window.contexts.at(-1).{loss}()")
        notice = one.page.locator(".notice")
        notice.wait_for()
        assert "Your place and your ratings are kept" in notice.inner_text()
        notice.get_by_role("button").click()
        one.page.wait_for_selector('.marker[data-label="B"][data-heard="playing"]')
        assert one.page.evaluate("window.contexts.at(-1).state") == "running"


def test_a_device_that_refuses_the_rate_still_plays(browser: Browser, study: str) -> None:
    with visit(browser, study) as one:
        one.page.add_init_script(DEVICE + "window.refused = true;")
        one.begin()
        assert "converts all versions in the same way" in one.page.locator(".said").inner_text()
        one.page.keyboard.press("a")
        one.page.wait_for_selector('.marker[data-label="A"][data-heard="playing"]')


@pytest.mark.slow
def test_a_clock_that_stands_still_is_a_lost_device(browser: Browser, study: str) -> None:
    with visit(browser, study) as one:
        one.page.add_init_script(DEVICE)
        one.begin()
        playing(one, "B")
        before = one.page.evaluate("window.contexts.length")
        one.page.evaluate("window.frozen = window.contexts.at(-1).currentTime")
        notice = one.page.locator(".notice")
        notice.wait_for()
        assert "The sound device does not answer" in notice.inner_text()
        assert one.page.locator('[data-heard="playing"]').count() == 0
        one.page.evaluate("delete window.frozen")
        notice.get_by_role("button").click()
        one.page.wait_for_selector('.marker[data-label="B"][data-heard="playing"]')
        assert one.page.evaluate("window.contexts.length") == before + 1
        assert not notice.is_visible()


def test_a_device_that_was_lost_goes_on_where_it_was(browser: Browser, study: str) -> None:
    """The place is that of the last sound, not the start; the loop stays as well."""
    with visit(browser, study) as one:
        one.page.add_init_script(DEVICE)
        one.begin()
        playing(one, "A")
        one.page.locator(".timeline").focus()
        one.page.keyboard.press("ArrowRight")
        one.page.keyboard.press("[")
        one.page.keyboard.press("l")
        one.page.keyboard.press("l")
        one.reported("loop")
        region = one.page.locator(".region").get_attribute("style")
        one.page.evaluate("window.contexts.at(-1).close()")
        one.page.locator(".notice button").click()
        one.page.wait_for_selector('.marker[data-label="A"][data-heard="playing"]')
        one.page.keyboard.press(" ")
        one.page.wait_for_selector('.marker[data-label="A"][data-heard="chosen"]')
        assert one.page.locator(".region").get_attribute("style") == region
        one.saved()
        pauses = [event["value"] for event in one.events if event["type"] == "pause"]
        looped = [event["value"] for event in one.events if event["type"] == "loop"]
        start = float(looped[-1].split("-")[0])
        assert start > 0.5
        assert pauses[-1] >= start - 0.05


def test_the_device_its_underruns_and_a_hidden_window_are_on_record(
    browser: Browser, study: str
) -> None:
    hidden = "{get: () => window.seen ?? 'visible'}"
    tell = "document.dispatchEvent(new Event('visibilitychange'))"
    with visit(browser, study) as one:
        one.page.add_init_script(DEVICE)
        one.page.add_init_script(f"Object.defineProperty(document, 'visibilityState', {hidden})")
        one.begin()
        playing(one, "A")
        one.page.evaluate(f"window.seen = 'hidden'; {tell}")
        one.page.evaluate(f"window.seen = 'visible'; {tell}")
        one.page.evaluate("window.underrun = 0.25")
        one.reported("underrun")
        one.saved()
        kinds: dict[str, list[dict[str, object]]] = {}
        for event in one.events:
            kinds.setdefault(event["type"], []).append(event)
        assert [event["value"] for event in kinds["visibility"]] == [0, 1]
        assert [event["value"] for event in kinds["underrun"]] == [250]
        device = kinds["device"][0]
        assert device["rate"] == device["wanted"] == 44_100
        assert {"base_latency_ms", "output_latency_ms", "channels"} <= set(device)
        load = kinds["load"][0]
        assert {"agent", "width", "height", "pixel_ratio", "touch"} <= set(load)


def test_what_memory_allowed_for_the_next_page_is_on_record(browser: Browser, study: str) -> None:
    with visit(browser, study) as one:
        one.begin()
        one.reported("preload")
        (told,) = [event for event in one.events if event["type"] == "preload"]
        stimuli = len(one.state["step"]["stimuli"])
        audio = one.state["step"]["audio"]
        assert told["files"] == told["decoded"] == len(one.state["preload"]) == stimuli
        assert told["compressed"] == told["left"] == 0
        assert told["page_bytes"] == stimuli * 2 * audio["samples"] * 4
        # What waits still has its silence before and after.
        whole = audio["samples"] + 2 * audio["lead"]
        assert told["held_bytes"] == stimuli * 2 * whole * 4


def test_keys_and_presses_on_the_timeline_move_to_their_place(browser: Browser, study: str) -> None:
    with visit(browser, study) as one:
        one.begin()
        page = one.page
        line = page.locator(".timeline-line").bounding_box()
        assert line is not None
        page.mouse.click(line["x"] + line["width"] * 0.75, line["y"] + line["height"] / 2)
        page.locator(".timeline").focus()
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("0")
        one.saved()
        seeks = [event["value"] for event in one.events if event["type"] == "seek"]
        length = one.state["step"]["audio"]["samples"] / 44_100
        assert seeks == pytest.approx([0.75 * length, max(0, 0.75 * length - 1), 0], abs=0.01)
        assert page.locator(".time").first.inner_text() == "0:00"
