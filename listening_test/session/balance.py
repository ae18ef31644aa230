"""Who counts in the balance of pages: sessions that are complete, and those under way now.

A session that was not heard of for the declared time gives its pages back to the pool; it may go on
all the same, and counts again from then on. ``unit_count`` is changed in the transaction of each
change, so that a beginning reads a few rows however many sessions there are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ..storage.rooms import Page, Room, count, enter, rooms
from ..storage.tables import Listening, UnitCount
from ..study.study import Study

ABANDONED_AFTER_MINUTES = 120
_UNFINISHED = ("open", "paused")


@dataclass
class Uses:
    """How often each unit is taken, and each row of its square; row -1 is not known."""

    units: dict[str, int] = field(default_factory=dict)
    turns: dict[str, dict[int, int]] = field(default_factory=dict)

    def add(self, unit: str, turn: int, times: int) -> None:
        """Count more of a unit's row."""
        self.units[unit] = self.units.get(unit, 0) + times
        rows = self.turns.setdefault(unit, {})
        rows[turn] = rows.get(turn, 0) + times


def abandoned_after(study: Study) -> timedelta:
    """How long a session may be silent before its pages are given to others."""
    said = study.file.design.abandoned_after_minutes
    return timedelta(minutes=ABANDONED_AFTER_MINUTES if said is None else said)


def uses(session: Session, study: Study, mark: str, at: str) -> Uses:
    """What is taken at this time, after abandoned sessions gave back what they had."""
    _release_abandoned(session, study, mark, at)
    found = Uses()
    rows = session.execute(
        select(UnitCount.unit, UnitCount.turn, UnitCount.held).where(
            UnitCount.study_version == study.sha256, UnitCount.mark == mark
        )
    )
    for unit, turn, held in rows:
        if held:
            found.add(unit, turn, held)
    return found


def taken(found: Room) -> list[Page]:
    """The pages of a session that count in the balance."""
    return [page for page in found.pages if page.part == "main" and page.repeat == 0]


def take(session: Session, found: Room) -> None:
    """Count a session that gave its pages back and is heard of again; the caller saves it."""
    if found.holds or found.state not in _UNFINISHED:
        return
    _mark(session, found, holds=1)
    count(session, found, taken(found), held=1)


def give_back(session: Session, found: Room) -> None:
    """Count a session's pages no longer; the caller saves it."""
    if not found.holds:
        return
    _mark(session, found, holds=0)
    count(session, found, taken(found), held=-1)


def _mark(session: Session, found: Room, *, holds: int) -> None:
    """The session's row first, then counters: in this order nobody waits in a circle."""
    enter(session, found)
    found.holds = holds
    session.execute(
        update(Listening).where(Listening.token == found.token).values(holds=holds),
        execution_options={"synchronize_session": False},
    )


def _release_abandoned(session: Session, study: Study, mark: str, at: str) -> None:
    last = datetime.fromisoformat(at) - abandoned_after(study)
    tokens = session.scalars(
        select(Listening.token)
        .where(
            Listening.study_version == study.sha256,
            Listening.mark == mark,
            Listening.state.in_(_UNFINISHED),
            Listening.holds == 1,
            Listening.updated_at < last.isoformat(timespec="milliseconds"),
        )
        .order_by(Listening.token)
        .with_for_update()
    ).all()
    for found in rooms(session, tokens) if tokens else []:
        give_back(session, found)


def counted(units: Mapping[str, int]) -> Uses:
    """Uses of which the rows are not known."""
    found = Uses()
    for unit, times in units.items():
        found.add(unit, -1, times)
    return found
