"""Everybody can use what stands before, over and after the pages: welcome, dialogs, messages."""

from collections.abc import Callable, Iterator

import pytest
from listening_audit import AUDIT, complaints
from listening_hands import by_mouse
from listening_visits import PHONE, Visit, running, visit
from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

DESK_AND_PHONE = (PHONE, {"width": 1400, "height": 900})


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with running(chromium) as found:
        yield found


def open_to_all(one: Visit, where: str) -> None:
    """Nothing to complain of at phone and desktop width."""
    for size in DESK_AND_PHONE:
        one.page.set_viewport_size(size)  # type: ignore[arg-type]
        assert one.fits(), where
    assert complaints(one) == [], where


def test_the_audit_finds_what_is_wrong(browser: Browser, link: Callable[[str], str]) -> None:
    """Each fault is one that a careless change of the pages would make."""
    faults = {
        "text": "document.documentElement.style.setProperty('--muted', '#a0a0a0')",
        "control": "document.querySelector('.thumb').style.cssText = 'background:#fff;border:0'",
        "no name": "document.querySelector('.slider').removeAttribute('aria-label')",
        "no aria-valuetext": "document.querySelector('.slider').ariaValueText = null",
        "no role": "document.querySelector('.slider').removeAttribute('role')",
        "target": "document.querySelector('button.next').style.cssText = "
        "'min-height:0;height:20px;padding:0'",
        "focus unseen": "document.querySelector('button.next').style.outline = 'none'",
        "id twice": "for (const one of document.querySelectorAll('h1, main')) one.id = 'same'",
        "not one h1": "document.body.append(document.createElement('h1'))",
        "no language": "document.documentElement.lang = ''",
        "moves": "document.querySelector('h1').style"
        ".setProperty('transition', 'color 1s', 'important')",
    }
    with visit(browser, link("attributes"), reduced_motion="reduce") as one:
        one.begin()
        assert one.page.evaluate(AUDIT) == []
        for fault, script in faults.items():
            one.page.evaluate(script)
            assert any(each.startswith(fault) for each in one.page.evaluate(AUDIT)), fault


@pytest.mark.slow
def test_welcome_dialogs_notices_and_messages_are_for_everybody(
    browser: Browser, link: Callable[[str], str]
) -> None:
    with visit(browser, link("ape"), forgiven=("404", "net::ERR_FAILED")) as one:
        page = one.page
        page.goto(one.link)
        open_to_all(one, "welcome")
        page.get_by_role("button", name="Start", exact=True).click()
        one.arrived()
        for name in ("Help", "Pause the test", "Stop and withdraw"):
            page.get_by_role("button", name=name, exact=True).click()
            page.wait_for_selector("dialog[open]")
            open_to_all(one, name)
            assert page.evaluate(
                "document.querySelector('dialog').contains(document.activeElement)"
                " || document.activeElement === document.body"
            )
            page.keyboard.press("Escape")
            page.wait_for_selector("dialog", state="detached")
        page.click("button.next")
        page.wait_for_selector(".missing li")
        open_to_all(one, "missing")
        page.click("summary")
        open_to_all(one, "comments")
        page.route("**/events", lambda route: route.abort())
        by_mouse(one)
        page.click("button.next")
        page.wait_for_selector(".notice")
        open_to_all(one, "no network")
        page.unroute("**/events")
        page.get_by_role("button", name="Try again").click()
        page.wait_for_selector('.count:has-text("Page 2 of 2")')
        page.goto(one.link)
        open_to_all(one, "welcome back")
        page.goto(one.link + "nothing")
        open_to_all(one, "message")


def test_the_tab_key_reaches_every_control_and_none_twice(
    browser: Browser, link: Callable[[str], str]
) -> None:
    with visit(browser, link("ape axes")) as one:
        one.begin()
        page = one.page
        wanted = page.evaluate(
            """() => [...document.querySelectorAll(
                'button, a[href], input, select, textarea, summary, [tabindex="0"]')]
              .filter((node) => node.checkVisibility({visibilityProperty: true}))
              .filter((node) => !node.disabled)
              .map((node, index) => { node.dataset.tab = index; return String(index); })"""
        )
        page.evaluate("document.activeElement.blur(); getSelection().removeAllRanges();")
        page.locator(".study").click()
        reached = []
        for _ in wanted:
            page.keyboard.press("Tab")
            reached.append(page.evaluate("document.activeElement.dataset.tab"))
        assert reached == wanted
