"""What goes wrong in browsers, on networks and with devices: said clearly, and nothing is lost."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from listening_visits import Visit, running, visit
from playwright.sync_api import Browser, Route
from study_fixtures import hosted, make_study

pytestmark = pytest.mark.browser

CUT = ("net::ERR_FAILED",)
AUDIO = re.compile(r"/audio/[0-9a-f]{48}$")
ODD = ('a&b=c; <b>"x"</b> \'); DROP TABLE -- 👩‍🚀 שלום مرحبا ../../etc ' + "long " * 2000)[:10_000]


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with running(chromium) as found:
        yield found


@pytest.fixture(scope="module")
def link(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    more = "design: {pages_per_listener: 2}\nlanguages: [en, uk, de]\ncontact: lab@example.org"
    home: Path = tmp_path_factory.mktemp("ape")
    study = make_study(home, "ape", test="comments: per_stimulus, reference: none", more=more)
    with hosted(study) as server:
        yield server.links["study"]


def rate_all(one: Visit) -> None:
    """Hear and rate everything by key."""
    for label in one.labels:
        one.page.keyboard.press(label.lower())
        one.page.wait_for_selector(f'[data-label="{label}"][data-heard="playing"]')
        one.page.keyboard.press("Shift+ArrowRight")


def test_a_cut_network_loses_nothing_and_is_told(browser: Browser, link: str) -> None:
    with visit(browser, link, forgiven=CUT) as one:
        one.begin()
        page = one.page
        rate_all(one)
        before = one.ratings()
        page.route("**/events", lambda route: route.abort())
        one.drag(one.marker("B"), 0.77)
        page.wait_for_selector('.saved[data-state="waiting"]')
        assert page.locator(".saved").inner_text() == "not sent yet, will retry"
        page.click("button.next")
        page.locator(".notice").wait_for()
        assert "Nothing is lost" in page.locator(".notice").inner_text()
        page.unroute("**/events")
        page.locator(".notice button").click()
        page.wait_for_selector('.count:has-text("Page 2 of 2")')
        one.leave(lambda: page.click("button.back"))
        assert one.ratings()["B", "preference"] == pytest.approx(77, abs=0.4)
        assert one.ratings()["A", "preference"] == before["A", "preference"]


def test_what_failed_is_what_is_tried_again(browser: Browser, link: str) -> None:
    with visit(browser, link, forgiven=CUT) as one:
        one.begin()
        page = one.page
        rate_all(one)
        one.next()
        again = page.locator(".notice").get_by_role("button", name="Try again")
        page.route("**/back", lambda route: route.abort())
        page.click("button.back")
        again.wait_for()
        page.unroute("**/back")
        one.leave(again.click)
        assert page.locator(".count").inner_text() == "Page 1 of 2"
        page.route("**/withdraw", lambda route: route.abort())
        page.get_by_role("button", name="Stop and withdraw").click()
        page.get_by_label("Also erase").check()
        page.get_by_role("button", name="Withdraw", exact=True).click()
        again.wait_for()
        assert one.state["session"]["state"] == "open"
        page.unroute("**/withdraw")
        one.leave(again.click)
        assert one.state["session"]["state"] == "withdrawn"


def test_what_was_not_sent_survives_a_reload(browser: Browser, link: str) -> None:
    with visit(browser, link, forgiven=CUT) as one:
        one.begin()
        page = one.page
        page.route("**/events", lambda route: route.abort())
        one.drag(one.marker("C"), 0.31)
        page.wait_for_selector('.saved[data-state="waiting"]')
        page.unroute("**/events")
        page.reload()
        one.arrived()
        assert one.marker("C").get_attribute("data-state") == "rated"
        assert one.ratings()["C", "preference"] == pytest.approx(31, abs=0.4)


def test_a_reload_in_the_middle_shows_the_same_page(browser: Browser, link: str) -> None:
    with visit(browser, link) as one:
        one.begin()
        one.drag(one.marker("A"), 0.6)
        one.saved()
        places = "nodes => nodes.map(n => [n.dataset.label, n.dataset.state, n.style.left])"
        before = one.page.locator(".marker").evaluate_all(places)
        one.page.reload()
        one.arrived()
        assert one.page.locator(".marker").evaluate_all(places) == before


def test_a_session_goes_on_at_the_same_place_on_another_device(browser: Browser, link: str) -> None:
    with visit(browser, link) as one:
        one.begin()
        rate_all(one)
        one.next()
        one.drag(one.marker("B"), 0.25)
        one.saved()
        with visit(browser, link) as other:
            other.page.goto(one.page.url)
            other.arrived()
            assert "Page 2 of 2" in other.page.locator(".count").inner_text()
            assert other.state["step"] == one.state["step"]


def test_a_second_window_that_is_behind_is_brought_to_where_the_session_stands(
    browser: Browser, link: str
) -> None:
    with visit(browser, link, forgiven=("409",)) as one:
        one.begin()
        rate_all(one)
        one.saved()
        behind = Visit(one.page.context.new_page(), link)
        behind.page.goto(one.page.url)
        behind.arrived()
        one.next()
        behind.leave(lambda: behind.page.click("button.next"))
        assert "Page 2 of 2" in behind.page.locator(".count").inner_text()
        assert "another window" in behind.page.locator(".said").inner_text()


def test_a_lost_cookie_is_renewed_without_a_word(browser: Browser, link: str) -> None:
    with visit(browser, link, forgiven=("403",)) as one:
        one.begin()
        one.saved()
        one.page.context.clear_cookies()
        one.drag(one.marker("A"), 0.5)
        assert one.ratings()["A", "preference"] == pytest.approx(50, abs=0.4)


def test_odd_comments_are_stored_as_they_were_written(browser: Browser, link: str) -> None:
    with visit(browser, link) as one:
        one.begin()
        one.page.click("summary")
        one.page.get_by_label("About B").fill(ODD)
        one.page.locator("h1").focus()
        rate_all(one)
        one.next()
        one.leave(lambda: one.page.click("button.back"))
        stored = {each["label"]: each["comment"] for each in one.saved()["step"]["stimuli"]}
        assert stored == {"A": "", "B": ODD, "C": ""}
        assert one.page.get_by_label("About B").input_value() == ODD


def test_sound_that_fails_to_load_is_asked_for_again(browser: Browser, link: str) -> None:
    with visit(browser, link, forgiven=CUT) as one:
        failures = iter([True, True])
        one.page.route(
            AUDIO,
            lambda route: route.abort() if next(failures, False) else route.continue_(),
        )
        one.begin()
        one.page.keyboard.press("a")
        one.page.wait_for_selector('.marker[data-label="A"][data-heard="playing"]')


def test_a_slow_network_shows_its_progress_and_nothing_plays_before_all_is_there(
    browser: Browser, link: str
) -> None:
    with visit(browser, link) as one:
        held: list[Route] = []
        one.page.route(AUDIO, lambda route: held.append(route))
        one.page.goto(link)
        one.page.get_by_role("button", name="Start", exact=True).click()
        one.page.wait_for_selector('.loading:has-text("Loading the music: 0 of 3")')
        one.page.keyboard.press("a")
        assert one.page.locator(".transport button.primary").is_disabled()
        assert one.page.locator('[data-heard="playing"]').count() == 0
        one.page.unroute(AUDIO)  # and lets go what is held
        one.arrived()
        one.page.keyboard.press("a")
        one.page.wait_for_selector('.marker[data-label="A"][data-heard="playing"]')


def test_the_next_page_is_there_before_it_is_asked_for(browser: Browser, link: str) -> None:
    with visit(browser, link) as one:
        fetched: list[str] = []
        one.page.on("requestfinished", lambda request: fetched.append(request.url))
        one.begin()
        wanted = one.state["preload"]
        assert len(wanted) == 3
        rate_all(one)
        one.saved()
        sounds = [url for url in fetched if AUDIO.search(url)]
        assert {url[url.index("/audio/") :] for url in sounds} >= set(wanted)
        one.next()
        assert [url for url in fetched if AUDIO.search(url)] == sounds


def test_a_server_that_is_gone_at_the_start_is_told_in_words(browser: Browser, link: str) -> None:
    with visit(browser, link, forgiven=CUT) as one:
        one.begin()
        for path in ("**/api/**", "**/languages/**"):
            one.page.route(path, lambda route: route.abort())
        one.page.reload()
        notice = one.page.locator(".notice")
        notice.wait_for()
        assert "The server cannot be reached" in notice.inner_text()
        for path in ("**/api/**", "**/languages/**"):
            one.page.unroute(path)
        notice.get_by_role("button", name="Try again").click()
        one.arrived()
        assert one.page.locator(".count").inner_text() == "Page 1 of 2"


def test_a_drag_on_the_timeline_loops_at_least_half_a_second(browser: Browser, link: str) -> None:
    with visit(browser, link) as one:
        one.begin()
        line = one.page.locator(".timeline-line").bounding_box()
        assert line is not None
        y = line["y"] + line["height"] / 2
        for start, end in ((0.4, 0.45), (0.2, 0.9)):
            one.page.mouse.move(line["x"] + line["width"] * start, y)
            one.page.mouse.down()
            one.page.mouse.move(line["x"] + line["width"] * end, y, steps=4)
            one.page.mouse.up()
        one.page.keyboard.press("l")
        one.page.keyboard.press("l")
        one.saved()
        loops = [event["value"] for event in one.events if event["type"] == "loop"]
        spans = [[float(edge) for edge in loop.split("-")] for loop in loops if loop != "off"]
        assert spans[0] == pytest.approx([0.8, 1.3], abs=0.02)
        assert spans[1] == pytest.approx([0.4, 1.8], abs=0.02)
        assert loops[2:] == ["off", loops[1]]


def test_where_the_study_takes_loops_away_no_press_drag_or_key_makes_one(
    browser: Browser, tmp_path: Path
) -> None:
    study = make_study(tmp_path, "ape", test="loop: false", more="design: {pages_per_listener: 1}")
    with hosted(study) as server, visit(browser, server.links["study"]) as one:
        one.begin()
        assert one.page.locator(".loops").count() == 0
        line = one.page.locator(".timeline-line").bounding_box()
        assert line is not None
        y = line["y"] + line["height"] / 2
        one.page.mouse.move(line["x"] + line["width"] * 0.2, y)
        one.page.mouse.down()
        one.page.mouse.move(line["x"] + line["width"] * 0.6, y, steps=4)
        one.page.mouse.up()
        for key in ("l", "[", "]"):
            one.page.keyboard.press(key)
        one.saved()
        kinds = [event["type"] for event in one.events]
        assert "loop" not in kinds
        assert "seek" in kinds, "a drag seeks"
        assert one.page.locator(".timeline").get_attribute("aria-label") == "Position"
        one.page.keyboard.press("?")
        told = one.page.locator("dialog").inner_text()
        assert "loop" not in told
        assert "repeat" not in told
        assert "back to the start" in told or "Space" in told
        assert one.fits()


def test_events_are_numbered_without_gaps_also_over_reloads(browser: Browser, link: str) -> None:
    with visit(browser, link) as one:
        one.begin()
        rate_all(one)
        one.saved()
        one.page.reload()
        one.arrived()
        one.page.keyboard.press("a")
        one.page.wait_for_selector('.marker[data-label="A"][data-heard="playing"]')
        one.saved()
        numbers = sorted({event["seq"] for event in one.events})
        assert numbers == list(range(len(numbers)))
        assert len({event["id"] for event in one.events}) == len(numbers)


def test_a_pause_shows_the_link_and_a_withdrawal_ends_the_session(
    browser: Browser, link: str
) -> None:
    with visit(browser, link) as one:
        one.begin()
        page = one.page
        page.get_by_role("button", name="Pause the test").click()
        assert page.get_by_label("Your link").input_value() == page.url
        page.get_by_role("button", name="Continue the test").click()
        assert page.get_by_role("link", name="Contact").get_attribute("href") == (
            "mailto:lab@example.org"
        )
        page.get_by_role("button", name="Stop and withdraw").click()
        page.get_by_role("button", name="Stay in the test").click()
        one.reported("resume_session")
        assert one.saved()["session"]["state"] == "open"
        page.get_by_role("button", name="Stop and withdraw").click()
        page.get_by_label("Also erase").check()
        one.leave(lambda: page.get_by_role("button", name="Withdraw", exact=True).click())
        assert one.state["session"]["state"] == "withdrawn"
        assert not page.locator("button.next").is_visible()


def test_letters_can_be_switched_off_as_shortcuts(browser: Browser, link: str) -> None:
    with visit(browser, link) as one:
        one.begin()
        page = one.page
        page.keyboard.press("?")
        page.get_by_label("Letters and numbers are shortcuts").uncheck()
        page.keyboard.press("Escape")
        page.keyboard.press("b")
        page.keyboard.press(" ")
        page.wait_for_selector('[data-heard="playing"]')
        assert page.locator('[data-heard="playing"]').get_attribute("data-label") == "A"


def test_the_language_changes_on_the_spot(browser: Browser, link: str) -> None:
    with visit(browser, link) as one:
        one.begin()
        one.drag(one.marker("A"), 0.4)
        one.leave(lambda: one.page.select_option(".colophon select", "uk"))
        assert one.page.locator("html").get_attribute("lang") == "uk"
        assert one.page.locator("button.next").inner_text() == "Далі"
        assert one.ratings()["A", "preference"] == pytest.approx(40, abs=0.4)
