"""Script in every text of a study file is shown as it was written, to everybody who sees it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from listening_hands import by_mouse
from listening_visits import Visit, running, visit
from playwright.sync_api import Browser
from study_fixtures import hosted, make_study

pytestmark = pytest.mark.browser

EVIL = "<img src=x onerror=hacked()><script>hacked()</script>"
SYSTEMS = ("<img src=x onerror=hacked()>", "<b>bold")
MARKDOWN = f"{EVIL} [press](javascript:hacked()) ![x](x) <svg onload=hacked()>"
MORE = f"""
welcome: "{MARKDOWN}"
contact: "{EVIL}"
before:
  - {{type: consent, version: "{EVIL}", text: "{MARKDOWN}"}}
  - questionnaire:
      - {{id: one, label: "{EVIL}"}}
      - {{id: two, type: choice, label: "{EVIL}", options: ["{EVIL}", b]}}
      - {{id: note, type: statement, label: "{EVIL}"}}
  - {{training: {{pages: 1, text: "{MARKDOWN}"}}}}
after:
  - thanks: {{text: "{MARKDOWN}", completion_code: "{EVIL}", redirect: "https://example.org/{EVIL}"}}
design: {{pages_per_listener: 1}}
"""
TEST = (
    f'question: "{EVIL}", instructions: "{MARKDOWN}", comments: per_stimulus, '
    f'axes: [{{name: "{EVIL}", label: "{EVIL}", left: "{EVIL}", right: "{EVIL}"}}]'
)


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with running(chromium) as found:
        yield found


def harmless(one: Visit) -> None:
    """The words are there as words, and nothing of them became a part of the page."""
    assert "<img src=x onerror=hacked()>" in one.page.inner_text("body")
    assert one.page.locator("img, svg[onload], script:not([src]), a[href^=javascript]").count() == 0


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["ape", "attributes"])
def test_no_text_of_a_study_becomes_a_part_of_the_page(
    browser: Browser, tmp_path: Path, kind: str
) -> None:
    study = make_study(tmp_path, kind, systems=SYSTEMS, seconds=1.0, test=TEST, more=MORE)
    study_file = tmp_path / "small.yaml"
    assert EVIL in study_file.read_text()
    with hosted(study) as server, visit(browser, server.links["study"]) as one:
        page = one.page
        page.add_init_script("window.hacked = () => { window.wasHacked = true; };")
        page.goto(one.link)
        harmless(one)
        page.get_by_role("button", name="Start", exact=True).click()
        one.arrived()
        harmless(one)
        page.locator(".content input").check()
        one.next()
        harmless(one)
        page.locator(".questionnaire input[type=text]").fill(EVIL)
        page.locator(".questionnaire input[type=radio]").first.check()
        one.next()
        harmless(one)
        one.next()
        for _ in range(2):
            harmless(one)
            page.click("button.next")
            page.wait_for_selector(".missing li")
            harmless(one)
            by_mouse(one)
            page.locator("summary").first.click()
            page.locator("textarea").first.fill(EVIL)
            page.locator("h1").focus()
            one.next()
        assert one.state["session"]["state"] == "complete"
        harmless(one)
        assert page.evaluate("window.wasHacked") is None
        with visit(browser, server.links["progress"]) as desk:
            desk.page.goto(desk.link)
            harmless(desk)
