"""Ends a session at the listener's wish, and removes what a person left in it.

What stays of an erased session names nobody: its random id and number, its language, the pages that
were drawn, on which day it took place, and, where a study keeps them, the values of its ratings.
"""

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from ..storage.rooms import Room, count, furnish, save
from ..storage.tables import Answer, JournalRow, Listening, PageRow, Presentation, RatingRow
from .balance import give_back


def withdraw(session: Session, found: Room, *, whole: bool) -> None:
    """End the session at the listener's wish; ``whole`` also erases what was said."""
    if found.erased_at is None:
        found.updated_at = found.now()
    found.state = "withdrawn"
    save(session, found)
    give_back(session, found)
    if whole:
        erase(session, found)


def erase(session: Session, found: Room, *, keep_ratings: bool = False) -> None:
    """Remove what a person left: words, answers, events, browser, times and counts, ratings.

    A session whose ratings are kept stays what it was, complete or not; others are withdrawn.
    """
    today = _day(found.now())
    if not keep_ratings:
        found.state = "withdrawn"
        give_back(session, found)
        _uncount(session, found)
    session.execute(delete(JournalRow).where(JournalRow.session_token == found.token))
    session.execute(delete(Answer).where(Answer.session_token == found.token))
    ids = [page.id for page in found.pages]
    for page in found.pages:
        done = None if page.done_at is None else _day(page.done_at)
        page.comment, page.revision, page.first_at, page.done_at = "", 0, None, done
        session.execute(
            update(PageRow)
            .where(PageRow.id == page.id)
            .values(comment="", revision=0, first_at=None, done_at=done)
        )
    session.execute(
        update(Presentation).where(Presentation.page_id.in_(ids)).values(comment="", plays=0)
    )
    values: dict[str, object] = {"client": "", "seq": -1, "at_ms": None, "at": None, "changes": 0}
    values |= {} if keep_ratings else {"value": None}
    session.execute(update(RatingRow).where(RatingRow.page_id.in_(ids)).values(values))
    completed = found.completed_at
    session.execute(
        update(Listening)
        .where(Listening.token == found.token)
        .values(
            state=found.state,
            agent="",
            completion_code="",
            next_seq=0,
            created_at=_day(found.created_at),
            updated_at=today,
            completed_at=None if completed is None else _day(completed),
            erased_at=today,
        )
    )
    found.erased_at, found.updated_at = today, today


def _uncount(session: Session, found: Room) -> None:
    """Ratings that are about to go are no longer counted."""
    furnish(session, found.pages)
    for page in sorted(found.pages, key=lambda page: (page.unit, page.turn)):
        values = sum(one.value is not None for one in page.ratings)
        if values and page.part == "main":
            count(session, found, [page], ratings=-values)


def _day(at: str) -> str:
    """The beginning of the day of a time."""
    return f"{at[:10]}T00:00:00.000+00:00"
