"""A listener's hands in the browser tests: hear and rate a page by mouse, keyboard or finger."""

from typing import Any

from listening_visits import PHONE, Visit
from playwright.sync_api import Locator, Page

TOUCH: dict[str, Any] = {"viewport": PHONE, "has_touch": True, "is_mobile": True}
Shown = dict[tuple[str, str], float | None]
"""What a page shows after it was rated, by label (none for the page itself) and question."""


def by_mouse(one: Visit) -> Shown:
    """Hear and rate everything on a page of any kind; the first version gets the best there is."""
    page, step = one.page, one.state["step"]
    shown: Shown = {}
    order = 0
    for stimulus in step["stimuli"]:
        label, rated = stimulus["label"], stimulus["role"] == "stimulus"
        if step["kind"] == "ape" and rated:
            for axis, question in enumerate(step["questions"]):
                part = 1.0 if order == 0 else (0.15 + 0.2 * order + 0.3 * axis) % 1
                one.drag(one.marker(label, axis), part, axis)
                page.wait_for_selector(f'.marker[data-label="{label}"][data-heard="playing"]')
                shown[label, question["id"]] = now(one.marker(label, axis))
        else:
            page.locator(f'.play[data-label="{label}"]').click()
            page.wait_for_selector(f'.play[data-label="{label}"][data-heard="playing"]')
        if step["kind"] == "mushra" and rated:
            slider = page.locator(".version", has=page.locator(f'[data-label="{label}"]'))
            shown[label, "quality"] = press(page, slider.locator(".slider"), order)
        card = page.locator(".card", has=page.locator(f'[data-label="{label}"]'))
        for question in card.locator(".question").all():
            shown[label, asked(question)] = press(page, question, order)
        order += rated
    for question in page.locator(".pair > .question, .grades > .question").all():
        shown["", asked(question)] = press(page, question, 1)
    return shown


def asked(question: Locator) -> str:
    """The id of a question on the page."""
    return question.get_attribute("data-question") or ""


def press(page: Page, question: Locator, order: int) -> float:
    """Answer by one press: a radio button, or a place on a slider; the value that is then shown."""
    radios = question.locator("input")
    if radios.count():
        radio = radios.nth(order % radios.count())
        radio.click()
        return float(radio.get_attribute("value") or "nan")
    own = question.locator(".slider")
    slider = own if own.count() else question
    slider.evaluate("(node) => node.scrollIntoView({block: 'center'})")
    box = slider.locator(".track").bounding_box()
    assert box is not None
    part = max(0.0, 1 - 0.27 * order)
    if slider.get_attribute("aria-orientation") == "vertical":
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] * (1 - part))
    else:
        page.mouse.click(box["x"] + box["width"] * part, box["y"] + box["height"] / 2)
    return now(slider)


def by_keyboard(one: Visit) -> Shown:
    """The same with keys alone, on APE, MUSHRA and AB pages."""
    page, kind = one.page, one.state["step"]["kind"]
    if page.locator('[data-role="reference"]').count():
        page.keyboard.press("r")
        page.wait_for_selector('.play[data-role="reference"][data-heard="playing"]')
    shown: Shown = {}
    for index, label in enumerate(one.labels):
        page.keyboard.press(label.lower() if index % 2 else str(one.place(label)))
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


def by_touch(one: Visit) -> Shown:
    """The same with a finger on a phone, on APE, MUSHRA and AB pages."""
    page, kind = one.page, one.state["step"]["kind"]
    if page.locator('[data-role="reference"]').count():
        page.locator('.play[data-role="reference"]').tap()
    shown: Shown = {}
    for index, label in enumerate(one.labels):
        if kind == "ape":
            slide(page, f'.marker[data-label="{label}"]', ".rail", 0.15 + 0.2 * index)
            page.wait_for_selector(f'.marker[data-label="{label}"][data-heard="playing"]')
            shown[label, "preference"] = now(one.marker(label))
            continue
        page.locator(f'.play[data-label="{label}"]').tap()
        page.wait_for_selector(f'.play[data-label="{label}"][data-heard="playing"]')
        if kind == "mushra":
            version = f".version:nth-child({index + 1})"
            slide(page, f"{version} .thumb", f"{version} .track", 1.1 if index == 0 else 0.6)
            shown[label, "quality"] = now(page.locator(f"{version} .slider"))
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
    touches: tuple[tuple[str, float | None], ...] = (
        ("touchStart", start),
        ("touchMove", (start + end) / 2),
        ("touchMove", end),
        ("touchEnd", None),
    )
    hand = page.context.new_cdp_session(page)
    for kind, x in touches:
        points: list[dict[str, Any]] = [] if x is None else [{"x": x, "y": y}]
        hand.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    hand.detach()


def now(slider: Locator) -> float:
    """The value that a slider says it has."""
    return float(slider.get_attribute("aria-valuenow") or "nan")
