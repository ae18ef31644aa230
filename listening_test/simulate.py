"""Simulated listeners: bias, noise, taste, laziness and faults, through the real HTTP interface.

Their sessions begin at the study's link for simulations, so that the server marks them SIMULATED;
no export mixes them with people's unless it is asked to.
"""

import http.client
import json
import math
import random
import re
import ssl
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from http.cookiejar import CookieJar
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, HTTPSHandler, Request, build_opener

from ..models.errors import UserError
from .kinds import PageItem, named
from .server.request import CSRF_HEADER
from .stimuli.addresses import Addresses
from .study.orders import generator
from .study.study import Sound, Stimulus, Study
from .taste import Feeling, Taste, qualities, taste
from .told import SentEvent, ToldAsk, ToldPage, ToldStep, ToldStimulus, step_of

_TRIES = 60
_WAIT_SECONDS = 0.25


class RefusedError(Exception):
    """The server said no; ``status`` and the ``body`` that came with it."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(f"{status}: {body}")
        self.status, self.body = status, body


@cache
def _trusted() -> ssl.SSLContext:
    """The authorities that the system trusts; reading them takes longer than many requests."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


class Browser:
    """Speaks to a study's server as a browser does; what fails is sent again, as it was."""

    def __init__(self, link: str) -> None:
        self.base = "/".join(link.split("/", 3)[:3])
        cookies = HTTPCookieProcessor(CookieJar())
        self._open = build_opener(cookies, HTTPSHandler(context=_trusted())).open
        self._csrf = self.session = ""
        self.client = uuid.uuid4().hex
        self.acknowledged: dict[str, Mapping[str, Any]] = {}
        self.refused: list[str] = []
        self._link = link

    def begin(self, language: str = "en") -> None:
        """Open the study's link and begin a session."""
        page = self._text(self._link)
        found = re.search(r'name="csrf"\s+value="([^"]+)"', page)
        if found is None:
            raise UserError(f"{self._link}: is not a page on which a session can begin")
        form = urlencode({"csrf": found[1], "language": language, "fresh": "1"}).encode()
        self.open(self._send(Request(self._link + "start", form))[0])

    def open(self, link: str) -> None:
        """Open a session's own link, as on another device or after a reload."""
        path = link if link.startswith("/") else "/" + link.split("/", 3)[3]
        self.session = path.strip("/").split("/")[-1]
        found = re.search(r'name="csrf"\s+content="([^"]+)"', self._text(f"{self.base}{path}"))
        if found is None:
            raise UserError(f"{link}: is not a page of a session")
        self._csrf = found[1]
        self.client = uuid.uuid4().hex

    def state(self) -> dict[str, Any]:
        """Where the session stands."""
        found: dict[str, Any] = json.loads(self._text(f"{self.base}/api/l/{self.session}/state"))
        return found

    def get(self, path: str) -> bytes:
        """The bytes of a file."""
        return self._send(Request(self.base + path))[1]

    def post(self, what: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Send to the session's interface.

        Raises:
            RefusedError: with the answer, where it is not a success.
        """
        request = Request(
            f"{self.base}/api/l/{self.session}/{what}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json", CSRF_HEADER: self._csrf},
        )
        answer: dict[str, Any] = json.loads(self._send(request)[1])
        return answer

    def send(self, events: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Send events; what is acknowledged is noted with what was sent."""
        answer = self.post("events", {"client": self.client, "events": list(events)})
        sent = {event["id"]: event for event in events}
        self.acknowledged |= {name: sent[name] for name in answer["acknowledged"]}
        self.refused += [one["id"] for one in answer["refused"]]
        return answer

    def _text(self, url: str) -> str:
        return self._send(Request(url))[1].decode()

    def _send(self, request: Request) -> tuple[str, bytes]:
        """Where the request led, and the whole answer; half an answer is none."""
        for left in reversed(range(_TRIES)):
            try:
                with self._open(request, timeout=60) as answer:
                    return answer.geturl(), answer.read()
            except HTTPError as error:
                with error:
                    if error.code not in (429, 503) or not left:
                        raise RefusedError(error.code, _json(error.read())) from None
                    if error.code == 429:
                        threading.Event().wait(float(error.headers.get("Retry-After", 1)))
            except (URLError, OSError, http.client.HTTPException) as error:
                if not left:
                    raise UserError(f"{request.full_url}: no answer ({error})") from None
            threading.Event().wait(_WAIT_SECONDS)
        raise UserError(f"{request.full_url}: no answer")


@dataclass
class Simulated:
    """One simulated session: its link, the events confirmed, the pages rated."""

    link: str
    acknowledged: Mapping[str, Mapping[str, Any]]
    pages: int = 0


@dataclass
class Listener:
    """A simulated listener at a browser; hears a file's system through the study's own list."""

    addresses: Addresses
    browser: Browser
    taste: Taste
    draw: random.Random
    clock: float = 0.0
    seq: int = 0
    pages: int = 0
    page_done: Callable[[ToldPage], None] = field(default=lambda _: None)

    @property
    def study(self) -> Study:
        """The study that is listened to."""
        return self.addresses.study

    def listen(self) -> Simulated:
        """Take the session from where it stands to its end.

        Raises:
            UserError: if a step cannot be left.
        """
        shown = self.browser.state()
        self.seq = shown["next_seq"]
        step = step_of(shown["step"])
        while not step.last:
            try:
                step = self.take(step)
            except RefusedError as error:
                raise UserError(
                    f"a simulated listener cannot get past the step {step.id!r} "
                    f"({step.type}): the server answers {error}; try this step yourself with "
                    "earmark study preview"
                ) from None
        link = f"{self.browser.base}/l/{self.browser.session}/"
        return Simulated(link, self.browser.acknowledged, self.pages)

    def take(self, step: ToldStep) -> ToldStep:
        """Do what one step asks; the step after it."""
        body: dict[str, Any] = {"step": step.id}
        if step.page is not None:
            body |= {"page": step.page.number, "revision": self.rate(step.page)}
        else:
            given = self._answers(step)
            if given:
                self.browser.post("answers", {"step": step.id, "answers": given})
        try:
            answer: Mapping[str, Any] = self.browser.post("next", body)
        except RefusedError as error:
            if error.status != 409:
                raise
            answer = error.body
        if step.page is not None:
            self.pages += 1
            self.page_done(step.page)
        return step_of(answer["step"])

    def rate(self, page: ToldPage) -> int:
        """Play and rate everything on a page; the page's revision after it."""
        events: list[SentEvent] = []
        for stimulus in page.stimuli:
            kind = "play" if not events else "switch"
            events.append(self._event(kind, page, stimulus=stimulus.id))
            self.clock += self.draw.uniform(1500, 9000)
        events += self._ratings(page)
        if page.rules.must_comment:
            events += [self._comment(page, one) for one in page.rated]
        elif page.comments == "per_stimulus" and self.draw.random() < 0.2:
            events.append(self._comment(page, self.draw.choice(page.stimuli)))
        events.append(self._event("pause", page))
        return self._deliver(events, page.revision)

    def _comment(self, page: ToldPage, stimulus: ToldStimulus) -> SentEvent:
        return self._event("comment", page, stimulus=stimulus.id, value="SIMULATED & no words")

    def _deliver(self, events: list[SentEvent], revision: int) -> int:
        half = len(events) // 2
        batches = [events[:half], events[half:]]
        if self.draw.random() < self.taste.faulty:
            batches.reverse()  # a retry overtakes
        if self.draw.random() < self.taste.faulty:
            batches.append(events[:half])  # an answer was lost
        for batch in batches:
            if batch:
                answer = self.browser.send([event.as_json() for event in batch])
                revision = revision if answer["revision"] is None else answer["revision"]
        return revision

    def _event(
        self,
        kind: str,
        page: ToldPage,
        stimulus: str | None = None,
        question: str | None = None,
        value: float | str | None = None,
    ) -> SentEvent:
        self.clock += self.draw.uniform(50, 400)
        event = SentEvent(
            id=str(uuid.UUID(int=self.draw.getrandbits(128), version=4)),
            seq=self.seq,
            at_ms=round(self.clock, 1),
            type=kind,
            page=page.number,
            stimulus=stimulus,
            question=question,
            value=value,
        )
        self.seq += 1
        return event

    def _system(self, stimulus: ToldStimulus) -> str:
        found = self.addresses.behind(stimulus.url)
        return found.system if isinstance(found, Stimulus) else ""

    def _ratings(self, page: ToldPage) -> list[SentEvent]:
        kind, felt = named(page.kind), Feeling(self.taste, self.draw)
        events: list[SentEvent] = []
        slots = {
            one.label: PageItem(one.label, self._system(one), one.role) for one in page.stimuli
        }
        for question in page.questions:
            if question.per == "page":
                value = kind.simulated(slots, question, felt, self.draw)
                events.append(self._event("rating", page, question=question.id, value=value))
                continue
            opinions = [felt(self._system(one)) for one in page.rated]
            values = kind.simulated_grades(question, opinions, page.rules)
            for one, value in zip(page.rated, values, strict=True):
                moved = round(self.draw.uniform(0, 100), 2)
                events += [
                    self._event("move", page, one.id, question.id, moved),
                    self._event("rating", page, one.id, question.id, value),
                ]
        return events

    def _answers(self, step: ToldStep) -> dict[str, Any]:
        if step.type == "consent":
            return {"agree": True}
        if step.type == "volume":
            # In the study's order, not the session's: the same seed then says the same.
            shown = sorted(step.sides, key=lambda side: self._number(side.url))
            sides = {side.id: self.draw.choice(["left", "right"]) for side in shown}
            return {"level": round(self.draw.uniform(0.2, 0.8), 2), **sides}
        if step.type == "headphone":
            trials = {one.id: self.addresses.behind(one.url) for one in step.trials}
            return {name: int(one.answer) for name, one in trials.items() if isinstance(one, Sound)}
        return {one.id: self._said(one) for one in step.asks if one.type != "statement"}

    def _number(self, address: str) -> int:
        return self.study.numbers[self.addresses.behind(address).token]

    def _said(self, ask: ToldAsk) -> Any:
        if ask.type in ("choice", "likert"):
            return self.draw.choice(ask.options)
        if ask.type == "choices":
            return [self.draw.choice(ask.options)]
        if ask.type in ("number", "slider"):
            return number_within(ask.minimum, ask.maximum, ask.step, self.draw)
        return "SIMULATED"


def number_within(
    minimum: float | None, maximum: float | None, step: float | None, draw: random.Random
) -> float:
    """A number that a question allows: within its limits, on its steps, whole where it can be."""
    if minimum is not None:
        low = minimum
    else:
        low = 20 if maximum is None or maximum > 20 else maximum - 40
    high = low + 40 if maximum is None else maximum
    if step:
        # Steps count from the minimum, as the page's slider does; without one, from zero.
        first = low if minimum is not None else math.ceil(low / step) * step
        steps = math.floor((high - first) / step + 1e-9)
        if steps >= 0:
            return round(first + step * draw.randint(0, steps), 9)
    found = draw.uniform(low, high)
    return round(found) if low <= round(found) <= high else found


def simulate(
    addresses: Addresses,
    link: str,
    count: int,
    seed: int,
    watch: Callable[[int], None] = lambda _: None,
) -> list[Simulated]:
    """``count`` simulated sessions, one after another, begun at ``link``.

    Raises:
        UserError: if the server lets no simulated listener past a step.
    """
    study, done = addresses.study, []
    quality = qualities(study, seed)
    for number in range(count):
        draw = generator(seed, "listener", number)
        browser = Browser(link)
        browser.begin(draw.choice(study.file.languages))
        listener = Listener(addresses, browser, taste(study, draw, quality), draw)
        done.append(listener.listen())
        watch(number + 1)
    return done


def _json(data: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(data)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
