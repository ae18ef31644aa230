"""A session as it is read and written while it is served: plain values, few statements.

The same holds whole pages of many sessions for an export. Values are changed by the functions here
alone, which write what they change in the caller's transaction.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Table, bindparam, select, text, update
from sqlalchemy.orm import Session

from .journal import Journal, Pack, Places, Stored, events_in
from .tables import Answer, JournalRow, Listening, PageRow, Presentation, RatingRow, now


@dataclass(slots=True)
class Item:
    """A place on a page, as :class:`.tables.Presentation`."""

    token: str
    page_id: int
    position: int
    label: str
    system: str
    shown: str
    audio: str
    start: Mapping[str, Any]
    comment: str
    plays: int


@dataclass(slots=True)
class Rating:
    """A question's latest value, as :class:`.tables.RatingRow`."""

    id: int
    page_id: int
    presentation: str
    question: str
    value: float | None
    changes: int
    client: str
    seq: int
    at_ms: float | None
    at: str | None


@dataclass(slots=True)
class Page:
    """A page, as :class:`.tables.PageRow`; what is on it is there once it was asked for."""

    id: int
    session_token: str
    number: int
    part: str
    kind: str
    passage: str
    unit: str
    repeat: int
    turn: int
    revision: int
    comment: str
    first_at: str | None
    done_at: str | None
    presentations: list[Item] = field(default_factory=list)
    ratings: list[Rating] = field(default_factory=list)


@dataclass(slots=True)
class Room:
    """A session, as :class:`.tables.Listening`."""

    token: str
    id: str
    study_version: str
    mark: str
    number: int
    seed: str
    language: str
    plan: Sequence[Mapping[str, Any]]
    place: int
    state: str
    next_seq: int
    completion_code: str
    agent: str
    created_at: str
    updated_at: str
    completed_at: str | None
    holds: int
    main_pages: int
    done_pages: int
    erased_at: str | None
    pages: list[Page] = field(default_factory=list)

    def now(self) -> str:
        """The time, never before what the session has on record: a clock may be set back."""
        return max(now(), self.updated_at)


def _table(of: Any) -> Table:
    found: Table = of.__table__
    return found


_SESSION, _PAGE, _ITEM = _table(Listening), _table(PageRow), _table(Presentation)
_RATING, _JOURNAL, _ANSWER = _table(RatingRow), _table(JournalRow), _table(Answer)


def _columns(table: Table, of: type) -> list[Any]:
    return [table.c[name] for name in of.__dataclass_fields__ if name in table.c]  # type: ignore[attr-defined]


_ONE = select(*_columns(_SESSION, Room)).where(_SESSION.c.token == bindparam("token"))
_MANY = select(*_columns(_SESSION, Room)).where(
    _SESSION.c.token.in_(bindparam("tokens", expanding=True))
)
_PAGES = (
    select(*_columns(_PAGE, Page))
    .where(_PAGE.c.session_token == bindparam("token"))
    .order_by(_PAGE.c.number)
)
_PAGES_OF_MANY = (
    select(*_columns(_PAGE, Page))
    .where(_PAGE.c.session_token.in_(bindparam("tokens", expanding=True)))
    .order_by(_PAGE.c.session_token, _PAGE.c.number)
)
_NUMBERED = select(*_columns(_PAGE, Page)).where(
    _PAGE.c.session_token == bindparam("token"),
    _PAGE.c.number.in_(bindparam("numbers", expanding=True)),
)
_ITEMS = (
    select(*_columns(_ITEM, Item))
    .where(_ITEM.c.page_id.in_(bindparam("pages", expanding=True)))
    .order_by(_ITEM.c.page_id, _ITEM.c.position)
)
_RATINGS = (
    select(*_columns(_RATING, Rating))
    .where(_RATING.c.page_id.in_(bindparam("pages", expanding=True)))
    .order_by(_RATING.c.id)
)
_PACKS = (
    select(_JOURNAL.c.session_token, _JOURNAL.c.number, _JOURNAL.c.client, _JOURNAL.c.lines)
    .where(_JOURNAL.c.session_token.in_(bindparam("tokens", expanding=True)))
    .order_by(_JOURNAL.c.session_token, _JOURNAL.c.number)
)
_PACKS_OF_ONE = (
    select(_JOURNAL.c.number, _JOURNAL.c.client, _JOURNAL.c.lines)
    .where(_JOURNAL.c.session_token == bindparam("token"))
    .order_by(_JOURNAL.c.number)
)
_ANSWERS = (
    select(
        _ANSWER.c.session_token, _ANSWER.c.step, _ANSWER.c.question, _ANSWER.c.value, _ANSWER.c.at
    )
    .where(_ANSWER.c.session_token.in_(bindparam("tokens", expanding=True)))
    .order_by(_ANSWER.c.session_token, _ANSWER.c.id)
)


def room(session: Session, token: str, *, pages: bool = True) -> Room | None:
    """The session of a token, with its pages; what is on them :func:`furnish` reads."""
    connection = session.connection()
    row = connection.execute(_ONE, {"token": token}).one_or_none()
    if row is None:
        return None
    found = Room(*row)
    if pages:
        enter(session, found)
    return found


def enter(session: Session, found: Room) -> None:
    """Read a session's pages where they are not there yet."""
    if not found.pages:
        rows = session.connection().execute(_PAGES, {"token": found.token})
        found.pages = [Page(*row) for row in rows]


def numbered(session: Session, token: str, numbers: Sequence[int]) -> dict[int, Page]:
    """The pages of these numbers, with what is on them."""
    rows = session.connection().execute(_NUMBERED, {"token": token, "numbers": numbers})
    pages = [Page(*row) for row in rows]
    furnish(session, pages)
    return {page.number: page for page in pages}


def furnish(session: Session, pages: Iterable[Page], *, ratings: bool = True) -> None:
    """Read what is on these pages."""
    by_id = {page.id: page for page in pages if not page.presentations}
    if not by_id:
        return
    connection, ids = session.connection(), {"pages": list(by_id)}
    for row in connection.execute(_ITEMS, ids):
        by_id[row[1]].presentations.append(Item(*row))
    if ratings:
        for row in connection.execute(_RATINGS, ids):
            by_id[row[1]].ratings.append(Rating(*row))


def rooms(session: Session, tokens: Sequence[str], *, bare: bool = False) -> list[Room]:
    """The sessions of these tokens in this order, whole, in four statements; ``bare``: no pages."""
    connection, asked = session.connection(), {"tokens": list(tokens)}
    found = {row[0]: Room(*row) for row in connection.execute(_MANY, asked)}
    if not bare:
        for row in connection.execute(_PAGES_OF_MANY, asked):
            found[row[1]].pages.append(Page(*row))
        furnish(session, [page for one in found.values() for page in one.pages])
    return [found[token] for token in tokens if token in found]


def packs(session: Session, tokens: Sequence[str]) -> dict[str, list[Pack]]:
    """The journals of these sessions."""
    found: dict[str, list[Pack]] = {token: [] for token in tokens}
    for token, *row in session.connection().execute(_PACKS, {"tokens": list(tokens)}):
        found[token].append(Pack(*row))
    return found


def answers_of(session: Session, tokens: Sequence[str]) -> dict[str, list[Any]]:
    """What was answered in these sessions, in order: ``step``, ``question``, ``value``, ``at``."""
    found: dict[str, list[Any]] = {token: [] for token in tokens}
    for row in session.connection().execute(_ANSWERS, {"tokens": list(tokens)}):
        found[row[0]].append(row)
    return found


def journal(session: Session, token: str) -> Journal:
    """A session's journal."""
    return Journal(
        tuple(row) for row in session.connection().execute(_PACKS_OF_ONE, {"token": token})
    )


def events(session: Session, tokens: Sequence[str]) -> list[Stored]:
    """Every event of these sessions, one session after another, in the order of arrival."""
    found, heard = rooms(session, tokens), packs(session, tokens)
    return [event for one in found for event in events_in(heard[one.token], shown(one.pages))]


def places(pages: Iterable[Page]) -> Places:
    """The position of every stimulus of pages that are furnished."""
    return {(page.number, one.token): one.position for page in pages for one in page.presentations}


def shown(pages: Iterable[Page]) -> dict[int, list[str]]:
    """The tokens of every page by position."""
    return {page.number: [one.token for one in page.presentations] for page in pages}


_SAVE = (
    update(_SESSION)
    .where(_SESSION.c.token == bindparam("of"))
    .values(
        {
            name: bindparam(name)
            for name in ("language", "place", "state", "updated_at", "completed_at", "holds",
                         "done_pages")
        }
    )
)  # fmt: skip
_HEARD_OF = (
    update(_SESSION)
    .where(_SESSION.c.token == bindparam("of"))
    .values(next_seq=bindparam("next_seq"), updated_at=bindparam("updated_at"))
)
_SAVE_PAGE = (
    update(_PAGE)
    .where(_PAGE.c.id == bindparam("of"))
    .values({name: bindparam(name) for name in ("revision", "comment", "first_at", "done_at")})
)
_SAVE_ITEM = (
    update(_ITEM)
    .where(_ITEM.c.token == bindparam("of"))
    .values(comment=bindparam("comment"), plays=bindparam("plays"))
)
_SAVE_RATING = (
    update(_RATING)
    .where(_RATING.c.id == bindparam("of"))
    .values(
        {name: bindparam(name) for name in ("value", "changes", "client", "seq", "at_ms", "at")}
    )
)
_LENGTHEN = (
    update(_JOURNAL)
    .where(_JOURNAL.c.session_token == bindparam("of"), _JOURNAL.c.number == bindparam("which"))
    .values(lines=bindparam("lines"))
)
_COUNT = text(
    "INSERT INTO unit_count (study_version, mark, unit, turn, held, heard, ratings) "
    "VALUES (:study_version, :mark, :unit, :turn, :held, :heard, :ratings) "
    "ON CONFLICT (study_version, mark, unit, turn) DO UPDATE SET "
    "held = unit_count.held + excluded.held, heard = unit_count.heard + excluded.heard, "
    "ratings = unit_count.ratings + excluded.ratings"
)


def save(session: Session, found: Room) -> None:
    """Write where a session stands."""
    names = ("language", "place", "state", "updated_at", "completed_at", "holds", "done_pages")
    values = {name: getattr(found, name) for name in names}
    session.connection().execute(_SAVE, values | {"of": found.token})


def heard_of(session: Session, found: Room) -> None:
    """Write the last sequence number and time alone."""
    values = {"next_seq": found.next_seq, "updated_at": found.updated_at}
    session.connection().execute(_HEARD_OF, values | {"of": found.token})


def save_pages(session: Session, pages: Sequence[Page]) -> None:
    """Write what is said of pages."""
    names = ("revision", "comment", "first_at", "done_at")
    values = [{name: getattr(page, name) for name in names} | {"of": page.id} for page in pages]
    if values:
        session.connection().execute(_SAVE_PAGE, values)


def save_items(session: Session, items: Sequence[Item]) -> None:
    """Write comments and plays."""
    values = [{"of": one.token, "comment": one.comment, "plays": one.plays} for one in items]
    if values:
        session.connection().execute(_SAVE_ITEM, values)


def save_ratings(session: Session, ratings: Sequence[Rating]) -> None:
    """Write values and where they come from."""
    names = ("value", "changes", "client", "seq", "at_ms", "at")
    values = [{name: getattr(one, name) for name in names} | {"of": one.id} for one in ratings]
    if values:
        session.connection().execute(_SAVE_RATING, values)


def save_journal(session: Session, token: str, found: Journal) -> None:
    """Write what was added to a journal."""
    connection = session.connection()
    longer, new = found.changes()
    if longer is not None:
        values = {"of": token, "which": longer.number, "lines": longer.lines}
        connection.execute(_LENGTHEN, values)
    if new:
        connection.execute(
            _JOURNAL.insert(),
            [
                {"session_token": token, "number": p.number, "client": p.client, "lines": p.lines}
                for p in new
            ],
        )


def count(
    session: Session, found: Room, pages: Sequence[Page], *, held: int = 0, heard: int = 0,
    ratings: int = 0,
) -> None:  # fmt: skip
    """Add to the counters of these pages; rows in one order, so that no two wait for each other."""
    rows = [
        {
            "study_version": found.study_version,
            "mark": found.mark,
            "unit": page.unit,
            "turn": page.turn,
            "held": held,
            "heard": heard,
            "ratings": ratings,
        }
        for page in sorted(pages, key=lambda page: (page.unit, page.turn))
    ]
    if rows:
        session.connection().execute(_COUNT, rows)
