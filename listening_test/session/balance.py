"""Who counts in the balance of pages: sessions that are complete, and those under way now.

A session that was not heard of for the declared time gives its pages back to the pool; it may go on
all the same, and counts again from then on. ``unit_count`` is changed in the transaction of each
change, so that a beginning reads a few rows however many sessions there are.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select

from ..storage.rooms import SESSION, Page, Room, count, enter, room, save_holds, table
from ..storage.tables import UnitCount
from ..storage.wire import Statement, Wire
from ..study.study import Study

ABANDONED_AFTER_MINUTES = 120
_UNFINISHED = ("open", "paused")
_COUNTS = table(UnitCount)
_USES = Statement(
    select(_COUNTS.c.unit, _COUNTS.c.turn, _COUNTS.c.held).where(
        _COUNTS.c.study_version == bindparam("study_version"), _COUNTS.c.mark == bindparam("mark")
    )
)
_SILENT = select(SESSION.c.token).where(
    SESSION.c.study_version == bindparam("study_version"),
    SESSION.c.mark == bindparam("mark"),
    SESSION.c.state == bindparam("state"),
    SESSION.c.holds == bindparam("holds"),
    SESSION.c.updated_at < bindparam("before"),
)
_ABANDONED = Statement(_SILENT.order_by(SESSION.c.token))
_STILL_ABANDONED = Statement(_SILENT.where(SESSION.c.token == bindparam("token")))


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


def uses(wire: Wire, study: Study, session_type: str, at: str) -> Uses:
    """What is taken at this time, after abandoned sessions gave back what they had."""
    _release_abandoned(wire, study, session_type, at)
    found = Uses()
    more = wire.tally.held(study.sha256, session_type)
    for unit, turn, held in wire.rows(_USES, study_version=study.sha256, mark=session_type):
        left = held + more.get((unit, turn), 0)
        if left:
            found.add(unit, turn, left)
    return found


def taken(found: Room) -> list[Page]:
    """The pages of a session that count in the balance."""
    return [page for page in found.pages if page.part == "main" and page.repeat == 0]


def take(wire: Wire, found: Room) -> None:
    """Count a session that gave its pages back and is heard of again."""
    if not found.holds and found.state in _UNFINISHED:
        _change(wire, found, holds=1)


def give_back(wire: Wire, found: Room) -> None:
    """Count a session's pages no longer."""
    if found.holds:
        _change(wire, found, holds=0)


def _change(wire: Wire, found: Room, *, holds: int) -> None:
    enter(wire, found)
    found.holds = holds
    save_holds(wire, found)
    count(wire, found, taken(found), held=1 if holds else -1)


def _release_abandoned(wire: Wire, study: Study, session_type: str, at: str) -> None:
    last = datetime.fromisoformat(at) - abandoned_after(study)
    before = last.isoformat(timespec="milliseconds")
    of = {"study_version": study.sha256, "mark": session_type, "holds": 1, "before": before}
    for state in _UNFINISHED:
        for (token,) in wire.rows(_ABANDONED, state=state, **of):
            # Whose session somebody else is changing just now is not abandoned.
            if not wire.hold(token):
                continue
            found = room(wire, token)
            if found is not None and wire.rows(_STILL_ABANDONED, state=state, token=token, **of):
                give_back(wire, found)
