"""Writes the counters at the end of a transaction: pages by unit, sessions by state.

Rows are written in one order, and nothing is locked after them. So no two transactions wait for
each other in a circle, whatever they changed before.
"""

from sqlalchemy import text

from .wire import Statement, Wire

_UNITS = Statement(
    text(
        "INSERT INTO unit_count (study_version, mark, unit, turn, held, heard, ratings) "
        "VALUES (:study_version, :mark, :unit, :turn, :held, :heard, :ratings) "
        "ON CONFLICT (study_version, mark, unit, turn) DO UPDATE SET "
        "held = unit_count.held + excluded.held, heard = unit_count.heard + excluded.heard, "
        "ratings = unit_count.ratings + excluded.ratings"
    )
)
_SESSIONS = Statement(
    text(
        "INSERT INTO session_count (study_version, mark, state, sessions) "
        "VALUES (:study_version, :mark, :state, :sessions) "
        "ON CONFLICT (study_version, mark, state) DO UPDATE SET "
        "sessions = session_count.sessions + excluded.sessions"
    )
)


# Whoever has written a counter commits without waiting for anything: so this waits for few, and
# what others have changed but not yet counted comes after it.
_ALONE = "LOCK TABLE session_count IN EXCLUSIVE MODE"
_NONE = "DELETE FROM session_count"
_COUNTED = (
    "INSERT INTO session_count (study_version, mark, state, sessions) "
    "SELECT study_version, mark, state, count(*) FROM session GROUP BY study_version, mark, state"
)


def recount(wire: Wire) -> None:
    """Count the sessions anew.

    A server of a version without the counter may have gone on in a database that this one has
    brought up to date.

    Raises:
        UnavailableError: if the database fails; nothing is written then.
    """
    for command in (*((_ALONE,) if wire.is_postgresql else ()), _NONE, _COUNTED):
        wire.say(command)


def write_counters(wire: Wire) -> None:
    """Write what the transaction has changed of them.

    Raises:
        UnavailableError: if the database fails; nothing is written then.
    """
    units = [
        {"study_version": key.study_version, "mark": key.mark, "unit": key.unit, "turn": key.turn}
        | {"held": change.held, "heard": change.heard, "ratings": change.ratings}
        for key, change in sorted(wire.tally.units.items(), key=lambda one: one[0])
        if change.held or change.heard or change.ratings
    ]
    sessions = [
        {"study_version": key.study_version, "mark": key.mark, "state": key.state, "sessions": more}
        for key, more in sorted(wire.tally.sessions.items())
        if more
    ]
    wire.run(_UNITS, units)
    wire.run(_SESSIONS, sessions)
