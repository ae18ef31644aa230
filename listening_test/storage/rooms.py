"""A session as it is read and written while it is served: plain values, few statements.

Values are changed by the functions here alone, which write what they change in the caller's
transaction. :mod:`.many` reads sessions by the hundred.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Table, bindparam, insert, select, text, update

from .journal import Journal, Places
from .tables import Answer, JournalRow, Listening, PageRow, Presentation, RatingRow, now
from .tally import StateKey, UnitKey
from .wire import Statement, Wire, read, written


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


def table(of: Any) -> Table:
    """The table of a class."""
    found: Table = of.__table__
    return found


SESSION, PAGE, ITEM = table(Listening), table(PageRow), table(Presentation)
RATING, JOURNAL, ANSWER = table(RatingRow), table(JournalRow), table(Answer)


def columns(of: Table, values: type) -> list[Any]:
    """The columns of a table in the order in which a class takes them."""
    names = (one for one in values.__dataclass_fields__ if one in of.c)  # type: ignore[attr-defined]
    return [of.c[name] for name in names]


_ONE = Statement(select(*columns(SESSION, Room)).where(SESSION.c.token == bindparam("token")))
_PAGES = Statement(
    select(*columns(PAGE, Page))
    .where(PAGE.c.session_token == bindparam("token"))
    .order_by(PAGE.c.number)
)
_NUMBERED = Statement(
    select(*columns(PAGE, Page)).where(
        PAGE.c.session_token == bindparam("token"), PAGE.c.number == bindparam("number")
    )
)
_ITEMS = Statement(
    select(*columns(ITEM, Item))
    .where(ITEM.c.page_id == bindparam("page"))
    .order_by(ITEM.c.position)
)
_SOUNDS = Statement(
    select(ITEM.c.token, ITEM.c.audio)
    .where(ITEM.c.page_id == bindparam("page"))
    .order_by(ITEM.c.position)
)
_RATINGS = Statement(
    select(*columns(RATING, Rating))
    .where(RATING.c.page_id == bindparam("page"))
    .order_by(RATING.c.id)
)
_PACKS = Statement(
    select(JOURNAL.c.number, JOURNAL.c.client, JOURNAL.c.lines)
    .where(JOURNAL.c.session_token == bindparam("token"))
    .order_by(JOURNAL.c.number)
)


def room(wire: Wire, token: str) -> Room | None:
    """The session of a token; :func:`enter` reads its pages, :func:`furnish` what is on them."""
    rows = wire.rows(_ONE, token=token)
    if not rows:
        return None
    found = room_of(rows[0])
    wire.tally.states.setdefault(found.token, found.state)
    return found


def room_of(row: Sequence[Any]) -> Room:
    """The session of a row."""
    found = Room(*row)
    found.plan = read(found.plan)
    return found


def enter(wire: Wire, found: Room) -> None:
    """Read a session's pages where they are not there yet."""
    if not found.pages:
        found.pages = [Page(*row) for row in wire.rows(_PAGES, token=found.token)]


def numbered(wire: Wire, token: str, numbers: Iterable[int]) -> dict[int, Page]:
    """The pages of these numbers, with what is on them."""
    rows = [row for number in numbers for row in wire.rows(_NUMBERED, token=token, number=number)]
    pages = [Page(*row) for row in rows]
    furnish(wire, pages)
    return {page.number: page for page in pages}


def furnish(wire: Wire, pages: Iterable[Page]) -> None:
    """Read what is on these pages where it is not there yet."""
    for page in pages:
        if not page.presentations:
            page.presentations = [item_of(row) for row in wire.rows(_ITEMS, page=page.id)]
            page.ratings = [Rating(*row) for row in wire.rows(_RATINGS, page=page.id)]


def sounds(wire: Wire, page: Page) -> list[tuple[str, str]]:
    """The places of a page by token and file, in their order."""
    return [(token, audio) for token, audio in wire.rows(_SOUNDS, page=page.id)]


def item_of(row: Sequence[Any]) -> Item:
    """The place of a row."""
    found = Item(*row)
    found.start = read(found.start)
    return found


def journal(wire: Wire, token: str) -> Journal:
    """A session's journal."""
    return Journal(wire.rows(_PACKS, token=token))


def places(pages: Iterable[Page]) -> Places:
    """The position of every stimulus of pages that are furnished."""
    return {(page.number, one.token): one.position for page in pages for one in page.presentations}


def shown(pages: Iterable[Page]) -> dict[int, list[str]]:
    """The tokens of every page by position."""
    return {page.number: [one.token for one in page.presentations] for page in pages}


def _update(of: Table, key: str, *names: str) -> Statement:
    """Sets these columns of the row of which the key is ``of``."""
    changes: dict[str, Any] = {name: bindparam(name) for name in names}
    return Statement(update(of).where(of.c[key] == bindparam("of")).values(changes))


def _insert(of: Table, names: Iterable[str]) -> Statement:
    return Statement(insert(of).values({name: bindparam(name) for name in names}))


_STANDING = ("language", "place", "state", "updated_at", "completed_at", "done_pages")
_SAID = ("revision", "comment", "first_at", "done_at")
_RATED = ("value", "changes", "client", "seq", "at_ms", "at")
_SAVE = _update(SESSION, "token", *_STANDING)
_LANGUAGE = _update(SESSION, "token", "language")
_HEARD_OF = _update(SESSION, "token", "next_seq", "updated_at")
_HOLDS = _update(SESSION, "token", "holds")
_SAVE_PAGE = _update(PAGE, "id", *_SAID)
_SAVE_ITEM = _update(ITEM, "token", "comment", "plays")
_SAVE_RATING = _update(RATING, "id", *_RATED)
_LENGTHEN = Statement(
    update(JOURNAL)
    .where(JOURNAL.c.session_token == bindparam("of"), JOURNAL.c.number == bindparam("which"))
    .values(lines=bindparam("lines"))
)
_ADD = _insert(JOURNAL, ("session_token", "number", "client", "lines"))


def save(wire: Wire, found: Room) -> None:
    """Write where a session stands."""
    count_state(wire, found)
    wire.run(_SAVE, [_values(found, _STANDING) | {"of": found.token}])


def save_language(wire: Wire, found: Room) -> None:
    """Write the language alone, whatever else is changed meanwhile."""
    wire.run(_LANGUAGE, [{"language": found.language, "of": found.token}])


def heard_of(wire: Wire, found: Room) -> None:
    """Write the last sequence number and time alone."""
    wire.run(_HEARD_OF, [_values(found, ("next_seq", "updated_at")) | {"of": found.token}])


def save_holds(wire: Wire, found: Room) -> None:
    """Write whether a session's pages count as taken."""
    wire.run(_HOLDS, [{"holds": found.holds, "of": found.token}])


def save_pages(wire: Wire, pages: Iterable[Page]) -> None:
    """Write what is said of pages."""
    wire.run(_SAVE_PAGE, [_values(page, _SAID) | {"of": page.id} for page in pages])


def save_items(wire: Wire, items: Iterable[Item]) -> None:
    """Write comments and plays."""
    rows = [_values(one, ("comment", "plays")) | {"of": one.token} for one in items]
    wire.run(_SAVE_ITEM, rows)


def save_ratings(wire: Wire, ratings: Iterable[Rating]) -> None:
    """Write values and where they come from."""
    wire.run(_SAVE_RATING, [_values(one, _RATED) | {"of": one.id} for one in ratings])


def save_journal(wire: Wire, token: str, found: Journal) -> None:
    """Write what was added to a journal."""
    longer, new = found.changes()
    if longer is not None:
        wire.run(_LENGTHEN, [{"of": token, "which": longer.number, "lines": longer.lines}])
    wire.run(
        _ADD,
        [_values(one, ("number", "client", "lines")) | {"session_token": token} for one in new],
    )


def count(
    wire: Wire, found: Room, pages: Iterable[Page], *, held: int = 0, heard: int = 0,
    ratings: int = 0,
) -> None:  # fmt: skip
    """Add to the counters of these pages, at the end of the transaction."""
    keys = (UnitKey(found.study_version, found.mark, page.unit, page.turn) for page in pages)
    wire.tally.count(keys, held=held, heard=heard, ratings=ratings)


def count_state(wire: Wire, found: Room) -> None:
    """Count a session in the state that it has now, at the end of the transaction."""
    wire.tally.note(found.token, StateKey(found.study_version, found.mark, found.state))


def _values(of: Any, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(of, name) for name in names}


_OWN = [name for name in Room.__dataclass_fields__ if name != "pages"]
_ON_PAGE = [
    name for name in Page.__dataclass_fields__ if name not in ("id", "presentations", "ratings")
]
_NEW_ROOM = _insert(SESSION, _OWN)
_NEW_PAGE = Statement(
    insert(PAGE).values({name: bindparam(name) for name in _ON_PAGE}).returning(PAGE.c.id)
)
_NEW_ITEM = _insert(ITEM, Item.__dataclass_fields__)
_ON_RATING = [name for name in Rating.__dataclass_fields__ if name != "id"]
_NEW_RATING = _insert(RATING, _ON_RATING)


def add(wire: Wire, found: Room) -> None:
    """Write a new session with everything on its pages; the pages get their ids."""
    count_state(wire, found)
    wire.run(_NEW_ROOM, [_values(found, _OWN) | {"plan": written(found.plan)}])
    for page in found.pages:
        page.id = wire.one(_NEW_PAGE, **_values(page, _ON_PAGE))
        for one in page.presentations:
            one.page_id = page.id
        for rating in page.ratings:
            rating.page_id = page.id
    items = [one for page in found.pages for one in page.presentations]
    names = Item.__dataclass_fields__
    wire.run(_NEW_ITEM, [_values(one, names) | {"start": written(one.start)} for one in items])
    ratings = [one for page in found.pages for one in page.ratings]
    wire.run(_NEW_RATING, [_values(one, _ON_RATING) for one in ratings])


_ANSWERS = Statement(
    select(ANSWER.c.question, ANSWER.c.value)
    .where(ANSWER.c.session_token == bindparam("token"), ANSWER.c.step == bindparam("step"))
    .order_by(ANSWER.c.id)
)
_ANSWER = Statement(
    text(
        "INSERT INTO answer (session_token, step, question, value, at) "
        "VALUES (:token, :step, :question, :value, :at) "
        "ON CONFLICT (session_token, step, question) "
        "DO UPDATE SET value = excluded.value, at = excluded.at"
    ).bindparams(bindparam("value", type_=ANSWER.c.value.type))
)


def answers(wire: Wire, found: Room, step: str) -> dict[str, Any]:
    """The latest answers of a step by question."""
    rows = wire.rows(_ANSWERS, token=found.token, step=step)
    return {question: read(value)[0] for question, value in rows}


def save_answer(wire: Wire, found: Room, step: str, question: str, value: Any) -> None:
    """Store the latest answer to a question of a step."""
    about = {"token": found.token, "step": step, "question": question, "at": found.now()}
    wire.run(_ANSWER, [about | {"value": written([value])}])
