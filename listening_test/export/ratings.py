"""Ratings out of a study: tidy CSV with one row per rating, and JSON with everything."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import groupby
from operator import attrgetter
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.orm import Session

from ...evaluation.results.spreadsheet_csv import guarded
from ...models.errors import UserError
from ..kinds import kind_of, part_of
from ..session.asked import questions, unit_named
from ..session.view import answered
from ..storage.journal import Pack, Sign, signs_in
from ..storage.many import packs, rooms
from ..storage.rooms import Item, Page, Rating, Room, shown
from ..storage.tables import Database, Listening
from ..study.study import Study
from .progress import SESSION_TYPES

SCHEMA = 1
_CHUNK = 100  # sessions that are in memory at once
_STARTS, _ENDS = ("play", "switch"), ("pause", "stop", "next", "pause_session")
# States of the sound device in which nothing is heard.
_SILENT = ("blocked", "stopped", "stalled")


@dataclass(frozen=True)
class SessionFilter:
    """Which sessions are exported: complete real ones, and what is asked for beside them."""

    session_types: tuple[str, ...] = ("",)
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
    block: str = ""


def json_schema() -> dict[str, Any]:
    """The JSON schema of one row of the ratings; an empty cell of a number is null.

    ``block`` is there where a study is a sequence of blocks, and nowhere else.
    """
    return TypeAdapter(TidyRow).json_schema() | {"additionalProperties": False}


def tidy(study: Study, database: Database, choice: SessionFilter) -> list[TidyRow]:
    """Every rating of the chosen sessions, unrated ones among them."""
    return list(tidy_rows(study, database, choice))


def tidy_rows(study: Study, database: Database, choice: SessionFilter) -> Iterator[TidyRow]:
    """The same, one after another; a hundred sessions are in memory at once."""
    with database.reading() as session:
        for tokens in chosen(session, study, choice):
            heard = packs(session, tokens)
            for found in rooms(session, tokens):
                yield from _rows(study, found, heard[found.token], choice)


def as_csv(rows: Iterable[TidyRow], *, blocks: bool = False) -> str:
    """The rows as CSV (RFC 4180, UTF-8); ids stay text, and no cell begins as a formula does."""
    return "".join(csv_lines(rows, blocks=blocks))


def csv_lines(rows: Iterable[TidyRow], *, blocks: bool = False) -> Iterator[str]:
    """The lines of :func:`as_csv`, one after another; with a column of the blocks of a sequence."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    names = [one.name for one in fields(TidyRow) if blocks or one.name != "block"]
    cells = attrgetter(*names)
    writer.writerow(names)
    for row in rows:
        yield out.getvalue()
        out.seek(0)
        out.truncate()
        writer.writerow(map(_cell, cells(row)))
    yield out.getvalue()


def written_csv(text: str) -> bytes:
    """The bytes of a CSV file; the mark in front tells spreadsheets that it is UTF-8."""
    return text.encode("utf-8-sig")


def chosen(session: Session, study: Study, choice: SessionFilter) -> Iterator[Sequence[str]]:
    """The tokens of the chosen sessions in their order, so many at once as memory shall hold."""
    unknown = set(choice.session_types) - set(SESSION_TYPES)
    if unknown:
        raise UserError(
            f"unknown sort of session {sorted(unknown)}; choose from {list(SESSION_TYPES)}"
        )
    tokens = session.scalars(
        select(Listening.token)
        .where(
            Listening.study_version == study.sha256,
            Listening.mark.in_(choice.session_types),
            Listening.state.in_(choice.states),
        )
        .order_by(Listening.mark, Listening.number)
    ).all()
    for first in range(0, len(tokens), _CHUNK):
        yield tokens[first : first + _CHUNK]


def _rows(
    study: Study, listening: Room, heard: Sequence[Pack], choice: SessionFilter
) -> Iterator[TidyRow]:
    listened = _listened(listening, heard)
    for page in listening.pages:
        if page.part == "training" and not choice.practice:
            continue
        unit = unit_named(study, page.unit)
        asked, kind = questions(study, unit, "en"), kind_of(part_of(study, unit.block))
        ratings = {(one.presentation, one.question): one for one in page.ratings}
        there = {one.token: one for one in page.presentations}
        for row in kind.rows(answered(page), asked):
            place = there[row.place.id] if row.place else None
            rating = _rating(ratings, row.place.id if row.place else "", row.question)
            yield TidyRow(
                study=study.id,
                session=listening.id,
                counts_as=SESSION_TYPES[listening.mark],
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
                changes=rating.changes if rating else 0,
                plays=place.plays if place else 0,
                listened_seconds=round(listened.get(place.token, 0.0), 3) if place else 0.0,
                repeat=page.repeat,
                comment=_comments(page, place, row.other),
                page_first_at=page.first_at or "",
                page_done_at=page.done_at or "",
                rated_at=(rating.at or "") if rating else "",
                rated_ms=rating.at_ms if rating else None,
                block=unit.block,
            )


def _comments(page: Page, place: Item | None, other: str) -> str:
    """What was written of the row's version, or of all versions of a pair, and of the page."""
    places = page.presentations if other or place is None else [place]
    said = [(one.label, one.comment) for one in places if one.comment]
    said += [("page", page.comment)] if page.comment else []
    if len(said) == 1 and not other:
        return said[0][1]
    return " | ".join(f"{label}: {text}" for label, text in said)


def _rating(ratings: Mapping[tuple[str, str], Rating], place: str, question: str) -> Rating | None:
    """A stimulus's own rating, or the page's, where the question is asked once a page.

    What a kind makes of several answers was given by none of them alone.
    """
    return ratings.get((place, question)) or ratings.get(("", question))


def _listened(listening: Room, heard: Sequence[Pack]) -> dict[str, float]:
    """Seconds for which each stimulus was heard, from what each client put on record."""
    events = signs_in(heard, shown(listening.pages))
    seconds: dict[str, float] = {}
    in_order = sorted(events, key=attrgetter("client", "seq"))
    for _, of in groupby(in_order, key=attrgetter("client")):
        for stimulus, since, until in _intervals(of):
            seconds[stimulus] = seconds.get(stimulus, 0.0) + max(0.0, until - since) / 1000
    return seconds


def _intervals(events: Iterable[Sign]) -> Iterator[tuple[str, float, float]]:
    """What was heard from when until when, in one client's events by sequence number.

    Where nothing says that the sound ended (the browser was closed), it was heard until the last
    event of its page: so long at least.
    """
    start: Sign | None = None
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


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return guarded(value) if isinstance(value, str) else str(value)
