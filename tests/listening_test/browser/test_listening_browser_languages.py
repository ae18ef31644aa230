"""The listener's language and which way its lines run, and the level, over visits and devices."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from listening_audit import complaints
from listening_hands import by_mouse
from listening_visits import PHONE, Visit, running, visit
from playwright.sync_api import Browser, Locator, ViewportSize
from study_fixtures import hosted, make_study

pytestmark = pytest.mark.browser

LANGUAGES = "languages: [en, uk, ar]\ndesign: {pages_per_listener: 1}"


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with running(chromium) as found:
        yield found


@pytest.fixture(scope="module")
def links(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Studies in three languages, one of them written from the right."""
    home: Path = tmp_path_factory.mktemp("languages")
    ape = make_study(home / "ape", "ape", seconds=1.0, more=LANGUAGES + "\nbefore: [volume]")
    mushra = make_study(home / "mushra", "mushra", seconds=1.0, systems=("mix",), more=LANGUAGES)
    ab = make_study(home / "ab", "ab", seconds=1.0, test="forced: false", more=LANGUAGES)
    grades = make_study(home / "grades", "bs1116", seconds=1.0, systems=("mix",), more=LANGUAGES)
    with ExitStack() as servers:
        yield {
            name: servers.enter_context(hosted(study)).links["study"]
            for name, study in (("ape", ape), ("mushra", mushra), ("ab", ab), ("bs1116", grades))
        }


def centre(what: Locator) -> float:
    """The middle of an element, in pixels from the left."""
    box = what.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2


def from_welcome(one: Visit) -> None:
    """Begin, or go on, in whatever language the welcome page speaks."""
    one.page.locator("form[method=post] button").first.click()
    one.arrived()


def set_level(one: Visit) -> float:
    """Take the volume step, one step above the first level."""
    one.page.locator(".panel .play").click()
    one.page.wait_for_selector('.panel .play[data-heard="playing"]')
    one.page.locator(".panel .slider").focus()
    one.page.keyboard.press("PageUp")
    for trial in one.page.locator(".trial").all():
        trial.locator("input").first.check()
    one.next()
    return 0.6


def test_the_language_chosen_on_the_welcome_page_is_kept(
    browser: Browser, links: dict[str, str]
) -> None:
    with visit(browser, links["mushra"]) as one:
        page = one.page
        page.goto(one.link)
        assert page.locator("html").get_attribute("lang") == "en"
        page.select_option("select[name=language]", "uk")
        page.wait_for_selector("html[lang=uk]")
        page.goto(one.link)  # a second visit, nothing begun
        assert page.locator("html").get_attribute("lang") == "uk"
        from_welcome(one)
        assert one.state["language"] == "uk"
        page.goto(one.link)  # a third, to a session that is open
        assert page.locator("html").get_attribute("lang") == "uk"
        page.select_option("select[name=language]", "en")
        page.wait_for_selector("html[lang=en]")
        page.get_by_role("button", name="Continue where you left off").click()
        one.arrived()
        assert one.state["language"] == "en"
        one.leave(lambda: page.select_option(".colophon select", "uk"))
        page.goto(one.link)  # what was chosen within the session holds as well
        assert page.locator("html").get_attribute("lang") == "uk"


@pytest.mark.slow
def test_lines_run_from_the_right_and_scales_keep_their_direction(
    browser: Browser, links: dict[str, str]
) -> None:
    with visit(browser, links["ape"], locale="ar-EG") as one:
        page = one.page
        page.goto(one.link)
        assert page.locator("html").get_attribute("dir") == "rtl"
        from_welcome(one)
        left, right = page.locator(".trial").first.locator("label").all()
        assert left.locator("input").get_attribute("value") == "left"
        assert centre(left) < centre(right)
        set_level(one)
        assert page.locator("html").get_attribute("dir") == "rtl"
        title, corner = page.locator("h1"), page.locator(".corner")
        assert title.evaluate("(node) => getComputedStyle(node).direction") == "rtl"
        assert centre(corner) < 700 < centre(page.locator(".where"))
        assert centre(page.locator("button.next")) < 700
        worse, better = page.locator(".board .ends span").all()
        assert centre(worse) < centre(better)
        one.drag(one.marker("A"), 0.1)
        one.drag(one.marker("B"), 0.9)
        assert centre(one.marker("A")) < centre(one.marker("B"))
        one.marker("B").focus()
        page.keyboard.press("ArrowRight")
        assert one.ratings()["A", "preference"] == pytest.approx(10, abs=0.4)
        assert one.ratings()["B", "preference"] == pytest.approx(91, abs=0.4)
        for size in (PHONE, {"width": 1400, "height": 900}):
            page.set_viewport_size(size)  # type: ignore[arg-type]
            assert one.fits()
        assert complaints(one) == []


def test_the_order_of_answers_is_that_of_the_versions_from_the_right_too(
    browser: Browser, links: dict[str, str]
) -> None:
    with visit(browser, links["ab"], locale="ar-EG") as one:
        one.page.goto(one.link)
        from_welcome(one)
        pads = [centre(one.page.locator(f'.play[data-label="{each}"]')) for each in "AB"]
        answers = [centre(each) for each in one.page.locator(".options label").all()]
        assert pads == sorted(pads)
        assert answers == sorted(answers)
        assert one.ratings() == {("", "preference"): None}
        one.page.locator(".options label").first.click()
        assert one.ratings() == {("", "preference"): 0.0}


def test_mushra_sliders_point_the_same_way_from_the_right(
    browser: Browser, links: dict[str, str]
) -> None:
    with visit(browser, links["mushra"], locale="ar-EG", viewport=PHONE) as one:
        one.page.goto(one.link)
        from_welcome(one)
        shown = by_mouse(one)
        assert one.ratings() == pytest.approx(shown, abs=0.051)
        assert shown["A", "quality"] == 100
        track = one.page.locator(".track").first.bounding_box()
        assert track is not None
        assert centre(one.page.locator(".thumb").first) == pytest.approx(
            track["x"] + track["width"], abs=1
        )
        bad, excellent = one.page.locator(".mushra .ends span").all()
        assert centre(bad) < centre(excellent) <= track["x"] + track["width"] + 12


@pytest.mark.parametrize("size", [PHONE, {"width": 1280, "height": 800}])
@pytest.mark.parametrize("language", ["en-GB", "uk-UA", "ar-EG"])
def test_the_words_of_a_scale_stand_at_its_ends_in_every_direction(
    browser: Browser, links: dict[str, str], language: str, size: ViewportSize
) -> None:
    edges = """(node) => {
      const range = document.createRange();
      range.selectNodeContents(node);
      const {left, right} = range.getBoundingClientRect();
      return [left, right];
    }"""
    with visit(browser, links["bs1116"], locale=language, viewport=size) as one:
        one.page.goto(one.link)
        from_welcome(one)
        scale = one.page.locator(".question.scale").first
        track = scale.locator(".track").bounding_box()
        assert track is not None
        words = scale.locator(".word")
        assert words.first.evaluate(edges)[0] == pytest.approx(track["x"] - 11, abs=3)
        right = track["x"] + track["width"] + 11
        assert words.last.evaluate(edges)[1] == pytest.approx(right, abs=3)


def test_the_level_that_was_set_holds_on_another_device(
    browser: Browser, links: dict[str, str]
) -> None:
    heard = "window.gains = []; const Real = GainNode; window.GainNode = class extends Real {"
    heard += (
        "constructor(c, o) { super(c, o); if (o.channelCount === 2) window.gains.push(this); }};"
    )
    with visit(browser, links["ape"]) as one:
        one.begin()
        assert one.state["level"] is None
        level = set_level(one)
        assert one.state["level"] == level
        with visit(browser, links["ape"]) as other:
            other.page.add_init_script(heard)
            other.page.goto(one.page.url)
            other.arrived()
            assert "one you set before" in other.page.locator(".said").inner_text()
            other.page.keyboard.press("a")
            other.page.wait_for_selector('[data-heard="playing"]')
            gain = other.page.evaluate("window.gains.at(-1).gain.value")
            assert gain == pytest.approx(10 ** (40 * (level - 1) / 20), rel=0.02)
            other.page.reload()
            other.arrived()
            assert other.page.locator(".said").inner_text() == ""
