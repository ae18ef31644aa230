"""Ratings out of a study: tidy CSV with one row per rating, and JSON with everything."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import groupby
from operator import attrgetter
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from ...evaluation.results.spreadsheet_csv import guarded
from ...models.errors import UserError
from ..kinds import kind_of
from ..session.clean_input import plain
from ..session.view import answered, unit_of
from ..storage.tables import Answer, Database, EventRow, Listening, PageRow, Presentation, RatingRow
from ..study.study import Study
from .progress import MARKS

SCHEMA = 1
_STARTS, _ENDS = ("play", "switch"), ("pause", "stop", "next", "pause_session")
# States of the sound device in which nothing is heard.
_SILENT = ("blocked", "stopped", "stalled")


@dataclass(frozen=True)
class SessionFilter:
    """Which sessions are exported: complete real ones, and what is asked for beside them."""

    marks: tuple[str, ...] = ("",)
    states: tuple[str, ...] = ("complete",)
    practice: bool = False


@dataclass(frozen=True)
class TidyRow:
    """One rating. ``value`` is empty where nothing was rated; times are UTC or milliseconds."""

    study: str
    session: str
    counts_as: str
    session_state: str
    language: str
    page: int
    part: str
    kind: str
    passage: str
    system: str
    other: str
    role: str
    question: str
    value: float | None
    answer: str
    shown_position: int | None
    shown_label: str
    start_position: float | None
    changes: int
    plays: int
    listened_seconds: float
    repeat: int
    comment: str
    page_first_at: str
    page_done_at: str
    rated_at: str
    rated_ms: float | None


def json_schema() -> dict[str, Any]:
    """The JSON schema of one row of the ratings; an empty cell of a number is null."""
    return TypeAdapter(TidyRow).json_schema() | {"additionalProperties": False}


def tidy(study: Study, database: Database, choice: SessionFilter) -> list[TidyRow]:
    """Every rating of the chosen sessions, unrated ones among them."""
    with database.reading() as session:
        return [
            row
            for listening in _chosen(session, study, choice)
            for row in _rows(session, study, listening, choice)
        ]


def as_csv(rows: Sequence[TidyRow]) -> str:
    """The rows as CSV (RFC 4180, UTF-8); ids stay text, and no cell begins as a formula does."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    names = [one.name for one in fields(TidyRow)]
    writer.writerow(names)
    for row in rows:
        writer.writerow([_cell(getattr(row, name)) for name in names])
    return out.getvalue()


def as_json(study: Study, database: Database, choice: SessionFilter) -> dict[str, Any]:
    """Everything of the chosen sessions: steps, pages, presentations, ratings, events, answers."""
    with database.reading() as session:
        return {
            "schema": SCHEMA,
            "study": study.as_json() | {"sha256": study.sha256},
            "sessions": [_whole(session, one) for one in _chosen(session, study, choice)],
        }


def written_csv(text: str) -> bytes:
    """The bytes of a CSV file; the mark in front tells spreadsheets that it is UTF-8."""
    return text.encode("utf-8-sig")


def _chosen(session: Session, study: Study, choice: SessionFilter) -> Sequence[Listening]:
    unknown = set(choice.marks) - set(MARKS)
    if unknown:
        raise UserError(f"unknown sort of session {sorted(unknown)}; choose from {list(MARKS)}")
    return session.scalars(
        select(Listening)
        .where(
            Listening.study_version == study.sha256,
            Listening.mark.in_(choice.marks),
            Listening.state.in_(choice.states),
        )
        .order_by(Listening.mark, Listening.number)
        .options(
            selectinload(Listening.pages).selectinload(PageRow.presentations),
            selectinload(Listening.pages).selectinload(PageRow.ratings),
        )
    ).all()


def _rows(
    session: Session, study: Study, listening: Listening, choice: SessionFilter
) -> Iterator[TidyRow]:
    kind = kind_of(study)
    listened = _listened(session, listening)
    for page in listening.pages:
        if page.part == "training" and not choice.practice:
            continue
        questions = kind.questions(study, unit_of(page), "en")
        ratings = {(one.presentation, one.question): one for one in page.ratings}
        shown = {one.token: one for one in page.presentations}
        for row in kind.rows(answered(page), questions):
            place = shown[row.place.id] if row.place else None
            rating = _rating(ratings, row.place.id if row.place else "", row.question)
            yield TidyRow(
                study=study.id,
                session=listening.id,
                counts_as=MARKS[listening.mark],
                session_state=listening.state,
                language=listening.language,
                page=page.number,
                part=page.part,
                kind=page.kind,
                passage=page.passage,
                system=row.system,
                other=row.other,
                role=study.systems[row.system],
                question=row.question,
                value=row.value,
                answer=row.answer,
                shown_position=place.position if place else None,
                shown_label=place.label if place else "",
                start_position=place.start.get(row.question) if place else None,
                changes=rating.changes,
                plays=place.plays if place else 0,
                listened_seconds=round(listened.get(place.token, 0.0), 3) if place else 0.0,
                repeat=page.repeat,
                comment=_comments(page, place, row.other),
                page_first_at=page.first_at or "",
                page_done_at=page.done_at or "",
                rated_at=rating.at or "",
                rated_ms=rating.at_ms,
            )


def _comments(page: PageRow, place: Presentation | None, other: str) -> str:
    """What was written of the row's version, or of all versions of a pair, and of the page."""
    places = page.presentations if other or place is None else [place]
    said = [(one.label, one.comment) for one in places if one.comment]
    said += [("page", page.comment)] if page.comment else []
    if len(said) == 1 and not other:
        return said[0][1]
    return " | ".join(f"{label}: {text}" for label, text in said)


def _rating(ratings: Mapping[tuple[str, str], RatingRow], place: str, question: str) -> RatingRow:
    """A stimulus's own rating, or the page's, where the question is asked once a page.

    What a kind makes of several answers was given by none of them alone.
    """
    return ratings.get((place, question)) or ratings.get(("", question)) or RatingRow(changes=0)


def _listened(session: Session, listening: Listening) -> dict[str, float]:
    """Seconds for which each stimulus was heard, from what each client put on record."""
    found = session.scalars(
        select(EventRow)
        .where(EventRow.session_token == listening.token)
        .order_by(EventRow.client, EventRow.seq)
    )
    seconds: dict[str, float] = {}
    for _, events in groupby(found, key=attrgetter("client")):
        for stimulus, since, until in _intervals(events):
            seconds[stimulus] = seconds.get(stimulus, 0.0) + max(0.0, until - since) / 1000
    return seconds


def _intervals(events: Iterable[EventRow]) -> Iterator[tuple[str, float, float]]:
    """What was heard from when until when, in one client's events by sequence number.

    Where nothing says that the sound ended (the browser was closed), it was heard until the last
    event of its page: so long at least.
    """
    start: EventRow | None = None
    last = 0.0
    for event in events:
        silent = event.type == "device" and event.data.get("state") in _SILENT
        ends = event.type in (*_STARTS, *_ENDS) or silent
        if start is not None:
            left = event.page is not None and event.page != start.page
            if not left and (ends or event.page == start.page):
                last = event.at_ms
            if (left or ends) and start.stimulus is not None:
                yield start.stimulus, start.at_ms, last
                start = None
        if event.type in _STARTS and event.stimulus is not None:
            start, last = event, event.at_ms
    if start is not None and start.stimulus is not None:
        yield start.stimulus, start.at_ms, last


def _whole(session: Session, listening: Listening) -> dict[str, Any]:
    events = session.scalars(
        select(EventRow).where(EventRow.session_token == listening.token).order_by(EventRow.arrival)
    )
    answers = session.scalars(
        select(Answer).where(Answer.session_token == listening.token).order_by(Answer.id)
    )
    # The token opens the session, so it is no part of what is given away.
    return {
        **_columns(listening, "token"),
        "counts_as": MARKS[listening.mark],
        "pages": [_page(page) for page in listening.pages],
        "events": [_columns(one, "session_token") for one in events],
        "answers": [
            _columns(one, "session_token", "id") | {"value": plain(one.value[0])} for one in answers
        ],
    }


def _page(page: PageRow) -> dict[str, Any]:
    return {
        **_columns(page, "id", "session_token"),
        "presentations": [_columns(one, "page_id") for one in page.presentations],
        "ratings": [_columns(one, "id", "page_id") for one in page.ratings],
    }


def _columns(row: Any, *left_out: str) -> dict[str, Any]:
    return {
        column.key: plain(getattr(row, column.key))
        for column in row.__mapper__.column_attrs
        if column.key not in left_out
    }


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return guarded(value) if isinstance(value, str) else str(value)


def json_text(data: Mapping[str, Any]) -> str:
    """JSON as text; what is undefined is null."""
    return json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
