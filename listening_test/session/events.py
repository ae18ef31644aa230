"""Takes in what the browser reports: every event is stored once, ratings follow the latest."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..kinds import kind_of
from ..storage.tables import EventRow, Listening, PageRow, RatingRow, StudyVersion, now
from ..study.study import Study
from .clean_input import bounded, clean
from .view import unit_of

MOST_EVENTS = 500
LONGEST_COMMENT = 20_000
_TYPE = re.compile(r"[a-z][a-z_-]{0,39}")
_PLAYS = ("play", "switch")
_LARGEST = 2**53


@dataclass
class Receipt:
    """What became of a batch; every id stands in one of the lists, and in no two."""

    acknowledged: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    refused: list[dict[str, str]] = field(default_factory=list)
    revision: int | None = None


class BadEventError(Exception):
    """Why an event cannot be taken."""


def record(
    session: Session, study: Study, listening: Listening, client: str, events: Sequence[Any]
) -> Receipt:
    """Store ``events`` in the caller's transaction; those that are there already are known again.

    Ratings and comments of one client follow its sequence numbers, whatever order they arrive in;
    between clients the one that arrives later holds. They change the page at which the session
    stands, no other: what a window that was left behind says of an earlier one is kept as an event
    alone. Nothing changes a session that is over, and nothing is kept of one that was withdrawn.
    """
    receipt = Receipt()
    client = clean(client)[:64]
    ids = [one.get("id") for one in events if isinstance(one, Mapping)]
    known = set(
        session.scalars(
            select(EventRow.id).where(
                EventRow.session_token == listening.token,
                EventRow.id.in_([one for one in ids if isinstance(one, str) and clean(one) == one]),
            )
        )
    )
    for raw in events:
        try:
            event = _checked(raw)
        except BadEventError as error:
            name = raw.get("id") if isinstance(raw, Mapping) else None
            _refuse(receipt, clean(str(name))[:64], error)
            continue
        page = _page(listening, event["page"])
        if event["id"] in known or listening.state == "withdrawn":
            if event["id"] not in receipt.unknown:
                _settle(receipt.acknowledged, receipt, event["id"])
            receipt.revision = page.revision if page is not None else receipt.revision
            continue
        named = _names_what_is_there(page, event)
        if named and page is not None and listening.state in ("open", "paused"):
            try:
                _apply(session, study, page, client, event)
            except BadEventError as error:
                _refuse(receipt, event["id"], error)
                continue
        known.add(event["id"])
        text = event["value"] if isinstance(event["value"], str) else None
        session.add(
            EventRow(
                session_token=listening.token,
                client=client,
                received_at=now(),
                **{key: event[key] for key in ("id", "seq", "at_ms", "type", "page", "stimulus")},
                question=event["question"],
                value=None if text is not None else event["value"],
                data=event["data"] | ({} if text is None else {"text": text}),
            )
        )
        listening.next_seq = max(listening.next_seq, event["seq"] + 1)
        _settle(receipt.acknowledged if named else receipt.unknown, receipt, event["id"])
        if page is not None:
            receipt.revision = page.revision
    listening.updated_at = now()
    if listening.state == "paused" and receipt.acknowledged:
        listening.state = "open"
    _freeze(session, study, listening)
    return receipt


def _settle(kept: list[str], receipt: Receipt, name: str) -> None:
    """Say that an event is stored, also where another of its id in this batch was no event."""
    kept.append(name)
    receipt.refused = [one for one in receipt.refused if one["id"] != name]


def _refuse(receipt: Receipt, name: str, error: BadEventError) -> None:
    if name not in receipt.acknowledged and name not in receipt.unknown:
        receipt.refused.append({"id": name, "why": str(error)})


def _checked(raw: Any) -> dict[str, Any]:
    if not isinstance(raw, Mapping):
        raise BadEventError("an event is an object")
    name, kind = raw.get("id"), raw.get("type")
    if not isinstance(name, str) or not 1 <= len(name) <= 64 or clean(name) != name:
        raise BadEventError("id: 1 to 64 characters")
    if not isinstance(kind, str) or not _TYPE.fullmatch(kind):
        raise BadEventError("type: a word")
    seq, at_ms = raw.get("seq"), raw.get("at_ms")
    if isinstance(seq, bool) or not isinstance(seq, int) or not 0 <= seq < _LARGEST:
        raise BadEventError("seq: a whole number from 0")
    at_ms = _number(at_ms, "at_ms")
    page = raw.get("page")
    if page is not None and (isinstance(page, bool) or not isinstance(page, int)):
        raise BadEventError("page: a number")
    if page is not None and not 0 <= page < _LARGEST:
        raise BadEventError("page: a number")
    value = raw.get("value")
    if isinstance(value, str):
        if len(value) > LONGEST_COMMENT:
            raise BadEventError(f"value: at most {LONGEST_COMMENT} characters")
        value = clean(value)
    elif value is not None:
        value = _number(value, "value")
    texts = {}
    for key in ("stimulus", "question"):
        text = raw.get(key)
        if text is not None and (not isinstance(text, str) or len(text) > 200):
            raise BadEventError(f"{key}: text")
        texts[key] = None if text is None else clean(text)
    known = ("id", "type", "seq", "at_ms", "page", "value", "stimulus", "question")
    data = bounded({key: item for key, item in raw.items() if key not in known})
    return {
        "id": name, "type": kind, "seq": seq, "at_ms": at_ms, "page": page, "value": value,
        "data": data, **texts,
    }  # fmt: skip


def _number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadEventError(f"{name}: a number")
    if not (abs(value) < _LARGEST and math.isfinite(value)):
        raise BadEventError(f"{name}: a finite number")
    return float(value)


def _page(listening: Listening, number: int | None) -> PageRow | None:
    if number is None or not 1 <= number <= len(listening.pages):
        return None
    return listening.pages[number - 1]


def _names_what_is_there(page: PageRow | None, event: Mapping[str, Any]) -> bool:
    if event["page"] is None:
        return event["stimulus"] is None and event["type"] not in ("rating", "comment")
    if page is None:
        return False
    tokens = {one.token for one in page.presentations}
    if event["stimulus"] is not None and event["stimulus"] not in tokens:
        return False
    if event["type"] != "rating":
        return True
    asked = {(one.presentation, one.question) for one in page.ratings}
    return (event["stimulus"] or "", event["question"]) in asked


def _apply(
    session: Session, study: Study, page: PageRow, client: str, event: Mapping[str, Any]
) -> None:
    here = page.session.plan[page.session.place].get("page") == page.number
    if event["type"] == "rating":
        row, value = _rated(study, page, event)
        if here and not _superseded(session, page, client, event):
            row.value, row.client, row.seq = value, client, event["seq"]
            row.at_ms, row.at = event["at_ms"], now()
            row.changes += 1
            page.revision += 1
    elif event["type"] == "comment":
        if not isinstance(event["value"], str):
            raise BadEventError("value: text")
        if here and not _superseded(session, page, client, event):
            _comment(page, event)
    elif event["type"] in _PLAYS and event["stimulus"] is not None:
        for one in page.presentations:
            if one.token == event["stimulus"]:
                one.plays += 1


def _rated(study: Study, page: PageRow, event: Mapping[str, Any]) -> tuple[RatingRow, float | None]:
    value = event["value"]
    kind = kind_of(study)
    questions = {one.id: one for one in kind.questions(study, unit_of(page), "en")}
    if isinstance(value, str) or (
        value is not None and not questions[event["question"]].allows(value)
    ):
        raise BadEventError("value: not an answer to this question")
    row: RatingRow = next(
        one
        for one in page.ratings
        if (one.presentation, one.question) == (event["stimulus"] or "", event["question"])
    )
    return row, value


def _superseded(session: Session, page: PageRow, client: str, event: Mapping[str, Any]) -> bool:
    """Whether this client has said something later of the same, also if another has since."""
    about = (EventRow.stimulus, event["stimulus"]), (EventRow.question, event["question"])
    later = session.scalar(
        select(EventRow.arrival)
        .where(
            EventRow.session_token == page.session_token,
            EventRow.client == client,
            EventRow.seq >= event["seq"],
            EventRow.type == event["type"],
            EventRow.page == page.number,
            *(column.is_(None) if value is None else column == value for column, value in about),
        )
        .limit(1)
    )
    return later is not None


def _comment(page: PageRow, event: Mapping[str, Any]) -> None:
    if event["stimulus"] is None:
        page.comment = event["value"]
    for one in page.presentations:
        if one.token == event["stimulus"]:
            one.comment = event["value"]
    page.revision += 1


def _freeze(session: Session, study: Study, listening: Listening) -> None:
    """A study is frozen at its first rating that counts."""
    if listening.mark:
        return
    version = session.get(StudyVersion, study.sha256)
    rated = any(
        one.value is not None
        for page in listening.pages
        if page.part == "main"
        for one in page.ratings
    )
    if version is not None and version.frozen_at is None and rated:
        version.frozen_at = now()
