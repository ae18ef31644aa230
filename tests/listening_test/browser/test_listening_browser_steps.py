"""Every kind of page and every step around the pages: they fit, they are named, they lead on."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from listening_audit import complaints
from listening_hands import by_mouse
from listening_studies import STUDIES
from listening_visits import PHONE, Visit, running, visit
from playwright.sync_api import Browser
from study_fixtures import SECRETS, hosted, make_study

pytestmark = pytest.mark.browser

LONG = "Vierzig Zeichen lange Namen gibt es auch!"
SETUP = f"""
before:
  - {{type: consent, version: "2026-1", text: "You take part **voluntarily**."}}
  - volume
  - headphone_check
  - questionnaire:
      - {{id: age, type: number, label: "How old are you?", minimum: 5, maximum: 120}}
      - {{id: gear, type: choice, label: Gear, options: [Headphones, {LONG}], required: true}}
      - {{id: use, type: choices, label: Use, options: [Work, Leisure]}}
      - {{id: often, type: likert, label: "Often?", options: [never, rarely, often, always]}}
      - {{id: note, type: statement, label: Nearly there.}}
      - {{id: more, type: long_text, label: "Anything else?"}}
  - {{training: {{pages: 1}}}}
after:
  - questionnaire:
      - {{id: hard, type: slider, label: "Hard?", minimum: 0, maximum: 10, required: true}}
  - thanks
design: {{pages_per_listener: 1}}
languages: [en, de, uk, fr, es, ar]
contact: lab@example.org
"""


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with running(chromium) as found:
        yield found


def sound(one: Visit, *, audit: bool = True) -> None:
    """A step is complete in itself: it fits on a phone, and everybody can use it."""
    for size in (PHONE, {"width": 700, "height": 450}, {"width": 1400, "height": 900}):
        one.page.set_viewport_size(size)  # type: ignore[arg-type]
        assert one.fits()
    assert not audit or complaints(one) == []
    assert one.page.locator("h1").inner_text() != ""
    # Pause, withdrawal and contact are never out of reach, until all is over.
    going = one.page.locator(".surround").get_attribute("data-step") != "thanks"
    assert one.page.locator(".corner button").first.is_visible() == going
    assert one.page.locator(".colophon button").count() == 1 + going
    contact = one.state["study"]["contact"]
    assert one.page.locator(".colophon a").count() == bool(contact)
    # A key that has no text would stand there as a key.
    assert ".title" not in one.page.inner_text("body")


def answer(one: Visit) -> None:
    """Hear everything, and answer every question by key."""
    page = one.page
    step = one.state["step"]
    for stimulus in step["stimuli"]:
        label = stimulus["label"]
        page.keyboard.press(label.lower())
        page.wait_for_selector(f'[data-label="{label}"][data-heard="playing"]')
    for index, slider in enumerate(page.locator(".page .slider, .page .marker").all()):
        owner = slider.evaluate(
            "node => (node.closest('.version, .card, .page')"
            ".querySelector('.play[data-label]') ?? node).dataset.label"
        )
        if step["rules"]["only_playing_enabled"]:
            page.keyboard.press(owner.lower())
            page.wait_for_selector(f'[data-label="{owner}"][data-heard="playing"]')
        slider.focus()
        page.keyboard.press("End" if index == 0 else "PageUp")
    for index, group in enumerate(page.locator(".page fieldset").all()):
        radios = group.locator("input")
        radios.nth(index % radios.count()).check()


EVERY = sorted(STUDIES)
HIDDEN = (*SECRETS, "lowpass", "song 0", ".wav")


@pytest.mark.slow
@pytest.mark.parametrize("study", EVERY)
def test_a_session_of_every_kind_reaches_its_end_by_mouse(
    browser: Browser, link: Callable[[str], str], study: str
) -> None:
    with visit(browser, link(study)) as one:
        one.begin()
        while one.state["step"]["type"] == "page":
            sound(one)
            shown = by_mouse(one)
            sound(one)
            assert one.ratings() == pytest.approx(shown, abs=0.051)
            told = one.within_reach()
            assert "/audio/" in told
            assert [word for word in HIDDEN if word in told] == []
            one.next()
        assert one.state["session"]["state"] == "complete"


def test_what_a_page_would_betray_is_found(browser: Browser, link: Callable[[str], str]) -> None:
    places = (
        "window.kept = {deep: [{name: '%s'}]}",
        "document.querySelector('h1').dataset.system = '%s'",
        "sessionStorage.setItem('x', '%s')",
        "document.body.append(document.createComment('%s'))",
    )
    with visit(browser, link("rank")) as one:
        one.begin()
        for place, word in zip(places, HIDDEN, strict=False):
            assert word not in one.within_reach()
            one.page.evaluate(place % word)
            assert word in one.within_reach()


@pytest.mark.parametrize(
    "language",
    [
        "en-GB",
        "ar-EG",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("uk-UA", "de-DE", "fr-FR", "es-ES")
        ),
    ],
)
def test_the_set_up_leads_to_the_pages_and_the_pages_to_the_end(
    browser: Browser, set_up: str, language: str
) -> None:
    with visit(browser, set_up, locale=language) as one:
        page, audit = one.page, language in ("en-GB", "ar-EG")
        page.goto(set_up)
        page.locator("form[method=post] button").click()
        one.arrived()
        assert one.state["language"] == language[:2]
        sound(one, audit=audit)
        page.click("button.next")
        assert page.locator(".missing li").count() == 1
        page.locator(".content input").check()
        one.next()

        sound(one, audit=audit)
        page.click("button.next")
        page.wait_for_selector(".missing li")
        said = page.locator(".missing li").all_inner_texts()
        assert len(said) == len(set(said)), "each sentence once"
        page.locator(".panel .play").click()
        page.wait_for_selector('.panel .play[data-heard="playing"]')
        page.locator(".panel .slider").focus()
        page.keyboard.press("PageUp")
        for trial in page.locator(".trial").all():
            trial.locator("input").first.check()
        one.next()
        assert one.page.evaluate(
            "JSON.parse(localStorage[`earmark.level.${document.body.dataset.session}`])"
        ) == pytest.approx(0.6)

        sound(one, audit=audit)
        page.locator(".trial .play").first.click()
        page.wait_for_selector('.trial .play[data-heard="playing"]')
        page.locator(".content p button").click()
        page.wait_for_selector(".questionnaire")

        sound(one, audit=audit)
        page.get_by_label("How old are you?").fill("41")
        page.reload()
        one.arrived()
        assert page.get_by_label("How old are you?").input_value() == "41"
        page.click("button.next")
        assert "Gear" in page.locator(".missing").inner_text()
        page.get_by_label(LONG).check()
        page.get_by_label("Leisure").check()
        one.next()

        sound(one, audit=audit)
        one.next()
        assert one.state["step"]["practice"]
        answer(one)
        one.next()
        assert not one.state["step"]["practice"]
        answer(one)
        one.next()
        page.locator(".questionnaire .slider").focus()
        page.keyboard.press("End")
        one.next()
        sound(one, audit=audit)
        assert one.state["step"]["type"] == "thanks"
        assert one.state["step"]["completion_code"] in page.inner_text("main")


@pytest.fixture(scope="module")
def set_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The link of a study with every step there is."""
    with ExitStack() as servers:
        study = make_study(tmp_path_factory.mktemp("steps"), "ape", seconds=1.0, more=SETUP)
        yield servers.enter_context(hosted(study)).links["study"]
