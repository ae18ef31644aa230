"""What the browser tests of the listening test share: a browser, a listener's hands and eyes."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, sync_playwright

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--mute-audio",
]
DESK = {"width": 1400, "height": 900}
PHONE = {"width": 390, "height": 844}


class Visit:
    """One listener at one page; what the browser complains of is kept."""

    def __init__(self, page: Page, link: str) -> None:
        self.page = page
        self.link = link
        self.complaints: list[str] = []
        self.events: list[dict[str, Any]] = []
        page.on("request", self._sent)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._heard)

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _sent(self, request: Any) -> None:
        if request.url.endswith("/events") and request.post_data:
            self.events += json.loads(request.post_data)["events"]

    def begin(self) -> None:
        """From the study's link to the first step."""
        self.page.goto(self.link)
        self.page.get_by_role("button", name="Start", exact=True).click()
        self.arrived()

    def arrived(self) -> None:
        """Wait until the step, and the music of a page, are there."""
        self.page.wait_for_selector(".content > *")
        if self.page.locator(".page").count():
            self.page.wait_for_selector('.page[data-ready="true"]')

    @property
    def state(self) -> Any:
        """The session as the server has it on disk."""
        return self.page.evaluate(
            "fetch(`/api/l/${document.body.dataset.session}/state`).then((answer) => answer.json())"
        )

    def reported(self, kind: str) -> None:
        """Wait until an event of this type has left the browser."""
        for _ in range(100):
            if any(event["type"] == kind for event in self.events):
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"no event {kind!r}")

    def saved(self) -> Any:
        """Wait until all is acknowledged; the state that the server then has."""
        self.page.wait_for_selector('.saved[data-state="saved"]')
        return self.state

    def ratings(self) -> dict[tuple[str, str], float | None]:
        """What the server has stored for the open page, by label and question."""
        step = self.saved()["step"]
        stored = {
            (one["label"], question): value
            for one in step["stimuli"]
            for question, value in one["rating"].items()
        }
        return stored | {("", question): value for question, value in step["ratings"].items()}

    @property
    def labels(self) -> list[str]:
        """What is to be rated on this page, in order."""
        return [one["label"] for one in self.state["step"]["stimuli"] if one["role"] == "stimulus"]

    def place(self, label: str) -> int:
        """Which version of the page a label is, from 1: its digit on the keyboard."""
        return [one["label"] for one in self.state["step"]["stimuli"]].index(label) + 1

    def within_reach(self) -> str:
        """What a listener finds with developer tools: document, storage, requests, variables."""
        found: str = self.page.evaluate(
            """() => {
              const seen = new WeakSet();
              const plain = (_, value) => {
                if (typeof value === 'function') return String(value);
                if (typeof value !== 'object' || value === null) return value;
                if (value === window || value instanceof Node || seen.has(value)) return undefined;
                seen.add(value);
                return value;
              };
              const own = Object.keys(window).map((name) => [name, window[name]]);
              return [
                document.documentElement.outerHTML,
                ...[...document.querySelectorAll('*')].map((node) => JSON.stringify(node.dataset)),
                JSON.stringify({...localStorage}) + JSON.stringify({...sessionStorage}),
                document.cookie + document.referrer + JSON.stringify(history.state),
                ...performance.getEntries().map((entry) => JSON.stringify(entry)),
                JSON.stringify(own, plain),
              ].join(' ');
            }"""
        )
        return found

    def next(self) -> None:
        """Leave a complete step, and see the next one."""
        self.leave(lambda: self.page.click("button.next"))

    def leave(self, act: Callable[[], object]) -> None:
        """Do what leads to another step, and wait for it."""
        self.page.evaluate("document.querySelector('.content').firstChild.dataset.old = 1")
        act()
        self.page.wait_for_selector(".content > :not([data-old])")
        self.arrived()

    def marker(self, label: str, axis: int = 0) -> Locator:
        """A marker of an APE page."""
        return self.page.locator(".axis").nth(axis).locator(f'.marker[data-label="{label}"]')

    def drag(self, marker: Locator, to: float, axis: int = 0) -> None:
        """Drag a marker by mouse to a part (0 to 1) of its axis's rail."""
        marker.evaluate("(node) => node.scrollIntoView({block: 'center'})")
        box, rail = marker.bounding_box(), self.page.locator(".rail").nth(axis).bounding_box()
        assert box is not None
        assert rail is not None
        middle = box["y"] + box["height"] / 2
        self.page.mouse.move(box["x"] + box["width"] / 2, middle)
        self.page.mouse.down()
        self.page.mouse.move(rail["x"] + rail["width"] * 0.5, middle - 3, steps=3)
        self.page.mouse.move(rail["x"] + rail["width"] * to, middle, steps=3)
        self.page.mouse.up()

    def fits(self) -> bool:
        """Whether nothing reaches over the right edge, once the page has settled."""
        two_frames = "requestAnimationFrame(() => requestAnimationFrame(settled))"
        self.page.evaluate(f"new Promise((settled) => {two_frames})")
        return bool(self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@contextmanager
def running(chromium: str) -> Iterator[Browser]:
    """A browser, headless, whose sound device is silent."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=Path(chromium), args=ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def visit(
    browser: Browser, link: str, forgiven: tuple[str, ...] = (), **options: Any
) -> Iterator[Visit]:
    """A listener with a browser profile of their own; ends with no complaint of the browser.

    ``forgiven`` are parts of complaints that the test itself provokes.
    """
    context = browser.new_context(**({"viewport": DESK, "locale": "en-GB"} | options))
    shown = Visit(context.new_page(), link)
    shown.page.set_default_timeout(30_000)
    try:
        yield shown
        left = [one for one in shown.complaints if not any(part in one for part in forgiven)]
        assert left == []
    finally:
        context.close()
