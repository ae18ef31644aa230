"""Takes in what the browser reports: every event is stored once, ratings follow the latest."""

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..kinds import kind_of
from ..storage.tables import EventRow, Listening, PageRow, RatingRow, StudyVersion, now
from ..study.study import Study
from .clean_input import clean
from .messages import BadEventError, Batch, Event, Receipt, Refusal
from .plan import PageStep, entry_at
from .view import unit_of

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


def record(session: Session, study: Study, listening: Listening, batch: Batch) -> Receipt:
    """Store events in the caller's transaction; those that are there already are known again.

    Ratings and comments of one client follow its sequence numbers, whatever order they arrive in;
    between clients the one that arrives later holds. They change the page at which the session
    stands, no other: what a window that was left behind says of an earlier one is kept as an event
    alone. Nothing changes a session that is over, and nothing is kept of one that was withdrawn.
    """
    outcome = _Outcome()
    client = clean(batch.client)[:64]
    known = _stored(session, listening, batch)
    for sent in batch.events:
        try:
            event = Event.read(sent)
        except BadEventError as error:
            name = sent.get("id") if isinstance(sent, Mapping) else None
            outcome.refuse(clean(str(name))[:64], str(error))
            continue
        page = _page(listening, event.page)
        if event.id in known or listening.state == "withdrawn":
            if event.id not in outcome.unknown:
                outcome.settle(outcome.acknowledged, event.id)
            outcome.revision = page.revision if page is not None else outcome.revision
            continue
        named = _names_what_is_there(page, event)
        if named and page is not None and listening.state in ("open", "paused"):
            try:
                _apply(session, study, page, client, event)
            except BadEventError as error:
                outcome.refuse(event.id, str(error))
                continue
        known.add(event.id)
        session.add(_row(listening, client, event))
        listening.next_seq = max(listening.next_seq, event.seq + 1)
        outcome.settle(outcome.acknowledged if named else outcome.unknown, event.id)
        if page is not None:
            outcome.revision = page.revision
    listening.updated_at = now()
    if listening.state == "paused" and outcome.acknowledged:
        listening.state = "open"
    _freeze(session, study, listening)
    return outcome.receipt()


def _stored(session: Session, listening: Listening, batch: Batch) -> set[str]:
    """The ids of the batch that are there already."""
    ids = [one.get("id") for one in batch.events if isinstance(one, Mapping)]
    found = session.scalars(
        select(EventRow.id).where(
            EventRow.session_token == listening.token,
            EventRow.id.in_([one for one in ids if isinstance(one, str) and clean(one) == one]),
        )
    )
    return set(found)


def _row(listening: Listening, client: str, event: Event) -> EventRow:
    text = {"text": event.value} if isinstance(event.value, str) else {}
    return EventRow(
        session_token=listening.token,
        id=event.id,
        client=client,
        seq=event.seq,
        at_ms=event.at_ms,
        received_at=now(),
        type=event.type,
        page=event.page,
        stimulus=event.stimulus,
        question=event.question,
        value=None if isinstance(event.value, str) else event.value,
        data=event.data | text,
    )


def _page(listening: Listening, number: int | None) -> PageRow | None:
    if number is None or not 1 <= number <= len(listening.pages):
        return None
    return listening.pages[number - 1]


def _names_what_is_there(page: PageRow | None, event: Event) -> bool:
    if event.page is None:
        return event.stimulus is None and event.type not in ("rating", "comment")
    if page is None:
        return False
    tokens = {one.token for one in page.presentations}
    if event.stimulus is not None and event.stimulus not in tokens:
        return False
    if event.type != "rating":
        return True
    asked = {(one.presentation, one.question) for one in page.ratings}
    return (event.stimulus or "", event.question) in asked


def _apply(session: Session, study: Study, page: PageRow, client: str, event: Event) -> None:
    entry = entry_at(page.session)
    here = isinstance(entry, PageStep) and entry.page == page.number
    if event.type == "rating":
        row, value = _rated(study, page, event)
        if here and not _superseded(session, page, client, event):
            row.value, row.client, row.seq = value, client, event.seq
            row.at_ms, row.at = event.at_ms, now()
            row.changes += 1
            page.revision += 1
    elif event.type == "comment":
        if not isinstance(event.value, str):
            raise BadEventError("value: text")
        if here and not _superseded(session, page, client, event):
            _comment(page, event.stimulus, event.value)
    elif event.type in _PLAYS and event.stimulus is not None:
        for one in page.presentations:
            if one.token == event.stimulus:
                one.plays += 1


def _rated(study: Study, page: PageRow, event: Event) -> tuple[RatingRow, float | None]:
    asked = (event.stimulus or "", event.question)
    row: RatingRow = next(one for one in page.ratings if (one.presentation, one.question) == asked)
    questions = kind_of(study).questions(study, unit_of(page), "en")
    question = next(one for one in questions if one.id == row.question)
    value = event.value
    if isinstance(value, str) or (value is not None and not question.allows(value)):
        raise BadEventError("value: not an answer to this question")
    return row, value


def _superseded(session: Session, page: PageRow, client: str, event: Event) -> bool:
    """Whether this client has said something later of the same, also if another has since."""
    about = (EventRow.stimulus, event.stimulus), (EventRow.question, event.question)
    later = session.scalar(
        select(EventRow.arrival)
        .where(
            EventRow.session_token == page.session_token,
            EventRow.client == client,
            EventRow.seq >= event.seq,
            EventRow.type == event.type,
            EventRow.page == page.number,
            *(column.is_(None) if value is None else column == value for column, value in about),
        )
        .limit(1)
    )
    return later is not None


def _comment(page: PageRow, stimulus: str | None, words: str) -> None:
    if stimulus is None:
        page.comment = words
    for one in page.presentations:
        if one.token == stimulus:
            one.comment = words
    page.revision += 1


def _freeze(session: Session, study: Study, listening: Listening) -> None:
    """A study is frozen at its first rating that counts."""
    if listening.mark:
        return
    version = session.get(StudyVersion, study.sha256)
    if version is None or version.frozen_at is not None:
        return
    pages = (page for page in listening.pages if page.part == "main")
    if any(one.value is not None for page in pages for one in page.ratings):
        version.frozen_at = now()
