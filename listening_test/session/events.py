"""Takes in what the browser reports: every event is stored once, ratings follow the latest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import bindparam, update

from ..storage.journal import Journal, Said, Stored, about_of
from ..storage.rooms import (
    Item,
    Page,
    Rating,
    Room,
    count,
    heard_of,
    journal,
    numbered,
    places,
    save,
    save_items,
    save_journal,
    save_pages,
    save_ratings,
    table,
)
from ..storage.tables import StudyVersion
from ..storage.wire import Statement, Wire
from ..study.study import Study
from .asked import questions, unit_named
from .balance import take
from .clean_input import clean
from .messages import BadEventError, Batch, Event, Receipt, Refusal
from .plan import PageStep, entry_at

_VERSION = table(StudyVersion)
_FREEZE = Statement(
    update(_VERSION)
    .where(_VERSION.c.sha256 == bindparam("of"), _VERSION.c.frozen_at.is_(None))
    .values(frozen_at=bindparam("frozen_at"))
)
_PLAYS = ("play", "switch")


class _Outcome:
    """What has become of the events so far; in the end no id stands in two of the lists."""

    def __init__(self) -> None:
        self.acknowledged: list[str] = []
        self.unknown: list[str] = []
        self.refused: dict[str, list[str]] = {}
        self.revision: int | None = None

    def settle(self, kept: list[str], name: str) -> None:
        """Say that an event is stored, also where another of its id in this batch was no event."""
        kept.append(name)
        self.refused.pop(name, None)

    def refuse(self, name: str, why: str) -> None:
        """Say why an event was not taken, unless one of its id was."""
        if name not in self.acknowledged and name not in self.unknown:
            self.refused.setdefault(name, []).append(why)

    def receipt(self) -> Receipt:
        """The answer to the browser."""
        refused = (Refusal(name, why) for name, whys in self.refused.items() for why in whys)
        return Receipt(tuple(self.acknowledged), tuple(self.unknown), tuple(refused), self.revision)


def record(wire: Wire, study: Study, found: Room, batch: Batch) -> Receipt:
    """Store events in the caller's transaction; those that are there already are known again.

    Ratings and comments of one client follow its sequence numbers, whatever order they arrive in;
    between clients the one that arrives later holds. They change the page at which the session
    stands, no other: what a window that was left behind says of an earlier one is kept as an event
    alone. Nothing changes a session that is over, and nothing is kept of one that was withdrawn.
    """
    outcome, events = _Outcome(), list[Event]()
    for sent in batch.events:
        try:
            events.append(Event.read(sent))
        except BadEventError as error:
            name = sent.get("id") if isinstance(sent, Mapping) else None
            outcome.refuse(clean(str(name))[:64], str(error))
    numbers = sorted({one.page for one in events if one.page is not None})
    pages = numbered(wire, found.token, numbers) if numbers else {}
    closed = found.state == "withdrawn" or found.erased_at is not None
    desk = _Desk(
        study,
        found,
        clean(batch.client)[:64],
        found.now(),
        pages,
        Journal(()) if closed else journal(wire, found.token),
    )
    for event in events:
        desk.take(event, outcome, closed=closed)
    if not closed:
        desk.write(wire, woken=bool(outcome.acknowledged))
    return outcome.receipt()


@dataclass
class _Desk:
    """One batch of one client: what it changes is gathered, and written once."""

    study: Study
    found: Room
    client: str
    at: str
    pages: Mapping[int, Page]
    journal: Journal
    changed: dict[int, Page] = field(default_factory=dict)
    heard: dict[str, Item] = field(default_factory=dict)
    rated: dict[int, Rating] = field(default_factory=dict)
    ratings: dict[int, int] = field(default_factory=dict)  # how many more a page has now

    def __post_init__(self) -> None:
        self.places = places(self.pages.values())
        entry = entry_at(self.found)
        self.here = entry.page if isinstance(entry, PageStep) else None

    def take(self, event: Event, outcome: _Outcome, *, closed: bool) -> None:
        """Store one event, apply it, and say what became of it."""
        page = None if event.page is None else self.pages.get(event.page)
        if closed or self.journal.knows(event.id):
            if event.id not in outcome.unknown:
                outcome.settle(outcome.acknowledged, event.id)
            outcome.revision = page.revision if page is not None else outcome.revision
            return
        named = self._names_what_is_there(page, event)
        if named and page is not None and self.found.state in ("open", "paused"):
            try:
                self._apply(page, event)
            except BadEventError as error:
                outcome.refuse(event.id, str(error))
                return
        self.journal.add(self._stored(event), self.places)
        self.found.next_seq = max(self.found.next_seq, event.seq + 1)
        outcome.settle(outcome.acknowledged if named else outcome.unknown, event.id)
        if page is not None:
            outcome.revision = page.revision

    def write(self, wire: Wire, *, woken: bool) -> None:
        """Write what has changed."""
        found = self.found
        found.updated_at = self.at
        save_journal(wire, found.token, self.journal)
        heard_of(wire, found)
        if woken and found.state == "paused":
            found.state = "open"
            save(wire, found)
        if not found.holds:
            take(wire, found)
        save_pages(wire, list(self.changed.values()))
        save_items(wire, list(self.heard.values()))
        save_ratings(wire, list(self.rated.values()))
        for number, more in self.ratings.items():
            if more and self.pages[number].part == "main":
                count(wire, found, [self.pages[number]], ratings=more)
        self._freeze(wire)

    def _stored(self, event: Event) -> Stored:
        text = {"text": event.value} if isinstance(event.value, str) else {}
        return Stored(
            id=event.id,
            client=self.client,
            seq=event.seq,
            at_ms=event.at_ms,
            received_at=self.at,
            type=event.type,
            page=event.page,
            stimulus=event.stimulus,
            question=event.question,
            value=None if isinstance(event.value, str) else event.value,
            data=event.data | text,
        )

    def _names_what_is_there(self, page: Page | None, event: Event) -> bool:
        if event.page is None:
            return event.stimulus is None and event.type not in ("rating", "comment")
        if page is None:
            return False
        if event.stimulus is not None and (event.page, event.stimulus) not in self.places:
            return False
        return event.type != "rating" or _rating(page, event) is not None

    def _apply(self, page: Page, event: Event) -> None:
        here = page.number == self.here
        if event.type == "rating":
            row, value = self._rated(page, event)
            if here and not self._superseded(event):
                more = (value is not None) - (row.value is not None)
                self.ratings[page.number] = self.ratings.get(page.number, 0) + more
                row.value, row.client, row.seq = value, self.client, event.seq
                row.at_ms, row.at = event.at_ms, self.at
                row.changes += 1
                page.revision += 1
                self.rated[row.id], self.changed[page.number] = row, page
        elif event.type == "comment":
            if not isinstance(event.value, str):
                raise BadEventError("value: text")
            if here and not self._superseded(event):
                self._comment(page, event.stimulus, event.value)
        elif event.type in _PLAYS and event.stimulus is not None:
            one = page.presentations[self.places[page.number, event.stimulus]]
            one.plays += 1
            self.heard[one.token] = one

    def _rated(self, page: Page, event: Event) -> tuple[Rating, float | None]:
        row = _rating(page, event)
        assert row is not None, "it names what is there"
        asked = questions(self.study, unit_named(self.study, page.unit), "en")
        question = next(one for one in asked if one.id == row.question)
        value = event.value
        if isinstance(value, str) or (value is not None and not question.allows(value)):
            raise BadEventError("value: not an answer to this question")
        return row, value

    def _superseded(self, event: Event) -> bool:
        """Whether this client has said something later of the same, also if another has since."""
        if event.seq >= self.found.next_seq:
            return False  # nobody has said anything later at all
        about = about_of(event.page, event.stimulus, event.question, self.places)
        return self.journal.later(Said(self.client, event.seq, event.type, about))

    def _comment(self, page: Page, stimulus: str | None, words: str) -> None:
        if stimulus is None:
            page.comment = words
        else:
            one = page.presentations[self.places[page.number, stimulus]]
            one.comment = words
            self.heard[one.token] = one
        page.revision += 1
        self.changed[page.number] = page

    def _freeze(self, wire: Wire) -> None:
        """A study is frozen at its first rating that counts."""
        rated = (page for page in self._rated_pages() if page.part == "main")
        if not self.found.mark and any(one.value is not None for p in rated for one in p.ratings):
            wire.run(_FREEZE, [{"of": self.study.sha256, "frozen_at": self.at}])

    def _rated_pages(self) -> Sequence[Page]:
        return [self.pages[number] for number in self.ratings]


def _rating(page: Page, event: Event) -> Rating | None:
    """What the event rates, where the page asks for it."""
    asked = (event.stimulus or "", event.question)
    return next((one for one in page.ratings if (one.presentation, one.question) == asked), None)
