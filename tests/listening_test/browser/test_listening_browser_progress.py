"""The experimenter's page: numbers that stay fresh, for everybody to read, and nobody's answers."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from listening_audit import complaints
from listening_hands import by_mouse
from listening_visits import PHONE, running, visit
from playwright.sync_api import Browser
from study_fixtures import Served, hosted, make_study

pytestmark = pytest.mark.browser

LONG = "a system whose name has forty characters"


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with running(chromium) as found:
        yield found


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    more = "design: {pages_per_listener: 1}"
    systems = ("mix", LONG)
    comments = "comments: per_stimulus"
    study = make_study(tmp_path, "ape", seconds=1.0, systems=systems, test=comments, more=more)
    with hosted(study) as found:
        yield found


def test_the_experimenters_page_follows_a_session_and_tells_no_answers(
    browser: Browser, server: Served
) -> None:
    with visit(browser, server.links["progress"], forgiven=("net::ERR_FAILED",)) as desk:
        page = desk.page
        page.clock.install()
        page.goto(desk.link)
        numbers = page.locator(".numbers dd")
        assert numbers.all_inner_texts() == ["0", "0", "0", "0", "0"]
        assert "Nobody yet" in page.inner_text("#fresh")
        assert server.links["study"] in page.inner_text(".links")

        with visit(browser, server.links["study"]) as one:
            one.begin()
            one.page.click("summary")
            one.page.get_by_label("About B").fill("what I think of B")
            shown = by_mouse(one)
            one.ratings()
            one.next()
            token = one.page.url.strip("/").split("/")[-1]
            for secret in (LONG, "/progress/"):
                assert secret not in one.page.content()

        page.evaluate("document.body.dataset.same = 'yes'")
        page.clock.run_for(10_500)
        page.wait_for_selector('.numbers div:first-child dd:text-is("1")')
        assert numbers.all_inner_texts() == ["1", "0", "0", str(len(shown)), "0 to 1"]
        assert page.evaluate("document.body.dataset.same") == "yes"  # not by a reload
        assert LONG in page.inner_text("#fresh")
        told = page.content()
        assert "what I think of B" not in told
        assert token not in told

        for size in (PHONE, {"width": 1400, "height": 900}):
            page.set_viewport_size(size)  # type: ignore[arg-type]
            assert desk.fits()
        assert complaints(desk) == []

        page.route("**/progress/**", lambda route: route.abort())
        page.clock.run_for(10_500)
        page.wait_for_selector('#live[data-state="lost"]')
        assert "the numbers are older" in page.inner_text("#live")
        assert numbers.first.inner_text() == "1"
        page.unroute("**/progress/**")
        page.clock.run_for(10_500)
        page.wait_for_selector('#live[data-state="fresh"]')


def test_a_listeners_link_does_not_open_the_experimenters_page(
    browser: Browser, server: Served
) -> None:
    with visit(browser, server.links["study"], forgiven=("404",)) as one:
        token = server.links["study"].strip("/").split("/")[-1]
        answer = one.page.goto(f"{server.url}/progress/{token}/")
        assert answer is not None
        assert answer.status == 404
        assert LONG not in one.page.content()
