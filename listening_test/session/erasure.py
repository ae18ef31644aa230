"""Ends a session at the listener's wish, and removes what a person left in it.

What stays of an erased session names nobody: its random id and number, its language, the pages that
were drawn, on which day it took place, and, where a study keeps them, the values of its ratings.
"""

from sqlalchemy import bindparam, delete, update

from ..storage.rooms import (
    ANSWER,
    ITEM,
    JOURNAL,
    PAGE,
    RATING,
    SESSION,
    Room,
    count,
    count_state,
    enter,
    furnish,
    save,
)
from ..storage.wire import Statement, Wire
from .balance import give_back

_EVENTS = Statement(delete(JOURNAL).where(JOURNAL.c.session_token == bindparam("of")))
_ANSWERS = Statement(delete(ANSWER).where(ANSWER.c.session_token == bindparam("of")))
_PAGE = Statement(
    update(PAGE)
    .where(PAGE.c.id == bindparam("of"))
    .values(
        comment=bindparam("empty"),
        revision=bindparam("zero"),
        first_at=bindparam("nothing"),
        done_at=bindparam("done_at"),
    )
)
_ITEMS = Statement(
    update(ITEM)
    .where(ITEM.c.page_id == bindparam("of"))
    .values(comment=bindparam("empty"), plays=bindparam("zero"))
)
_RATINGS = Statement(
    update(RATING)
    .where(RATING.c.page_id == bindparam("of"))
    .values(
        client=bindparam("empty"),
        seq=bindparam("none_yet"),
        at_ms=bindparam("nothing"),
        at=bindparam("nothing"),
        changes=bindparam("zero"),
    )
)
_VALUES = Statement(
    update(RATING).where(RATING.c.page_id == bindparam("of")).values(value=bindparam("nothing"))
)
_TIMES = ("created_at", "updated_at", "completed_at", "erased_at", "state")
_SESSION = Statement(
    update(SESSION)
    .where(SESSION.c.token == bindparam("of"))
    .values(
        {name: bindparam(name) for name in _TIMES}
        | {
            "agent": bindparam("empty"),
            "completion_code": bindparam("empty"),
            "next_seq": bindparam("zero"),
        }
    )
)
_BLANK = {"empty": "", "zero": 0, "none_yet": -1, "nothing": None}


def withdraw(wire: Wire, found: Room, *, whole: bool) -> None:
    """End the session at the listener's wish; ``whole`` also erases what was said."""
    if found.erased_at is not None:
        return
    found.updated_at = found.now()
    found.state = "withdrawn"
    save(wire, found)
    give_back(wire, found)
    if whole:
        erase(wire, found)


def erase(wire: Wire, found: Room, *, keep_ratings: bool = False) -> None:
    """Remove what a person left: words, answers, events, browser, times and counts, ratings.

    A complete session whose ratings are kept stays complete; every other is withdrawn.
    """
    enter(wire, found)
    keep_ratings = keep_ratings and found.state == "complete"
    if not keep_ratings:
        found.state = "withdrawn"
    found.erased_at = found.updated_at = _day(found.now())
    found.created_at = _day(found.created_at)
    found.completed_at = None if found.completed_at is None else _day(found.completed_at)
    count_state(wire, found)
    of = _BLANK | {"of": found.token}
    wire.run(_SESSION, [of | {name: getattr(found, name) for name in _TIMES}])
    if not keep_ratings:
        give_back(wire, found)
        _uncount(wire, found)
    for statement in (_EVENTS, _ANSWERS):
        wire.run(statement, [of])
    for page in found.pages:
        page.comment, page.revision, page.first_at = "", 0, None
        page.done_at = None if page.done_at is None else _day(page.done_at)
        on = _BLANK | {"of": page.id, "done_at": page.done_at}
        for statement in (_PAGE, _ITEMS, _RATINGS, *(() if keep_ratings else (_VALUES,))):
            wire.run(statement, [on])
        page.presentations, page.ratings = [], []  # to be read anew


def _uncount(wire: Wire, found: Room) -> None:
    """Ratings that are about to go are no longer counted."""
    furnish(wire, found.pages)
    for page in found.pages:
        values = sum(one.value is not None for one in page.ratings)
        if values and page.part == "main":
            count(wire, found, [page], ratings=-values)


def _day(at: str) -> str:
    """The beginning of the day of a time."""
    return f"{at[:10]}T00:00:00.000+00:00"
