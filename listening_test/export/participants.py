"""Who took part: every session of a study with what became of it and what its listener answered.

Nothing here judges or counts; that is the analysis's part.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from ..session.plan import entries
from ..storage.many import answers_of, rooms
from ..storage.rooms import Room
from ..storage.tables import Database, Listening
from ..study.study import Study
from .progress import SESSION_TYPES

_CHUNK = 100  # sessions that are read at once


@dataclass(frozen=True)
class Person:
    """One session.

    ``consented`` and ``headphones`` (passed, failed, skipped) are None where the study does not
    ask, or the session did not come so far. ``minutes`` is the time from the first step to the
    last.
    """

    session: str
    counts_as: str
    state: str
    consented: bool | None
    headphones: str | None
    minutes: float | None
    answers: Mapping[str, Any]


def people(study: Study, database: Database) -> list[Person]:
    """Every session of the study, of every sort, in the order in which they began."""
    with database.reading() as session:
        tokens = session.scalars(
            select(Listening.token)
            .where(Listening.study_version == study.sha256)
            .order_by(Listening.mark, Listening.number)
        ).all()
        found = []
        for first in range(0, len(tokens), _CHUNK):
            part = tokens[first : first + _CHUNK]
            given = answers_of(session, part)
            found += [_person(one, given[one.token]) for one in rooms(session, part, bare=True)]
        return found


def _person(listening: Room, given: Sequence[Any]) -> Person:
    types = {entry.id: entry.type for entry in entries(listening)}
    consents = [entry for entry, kind in types.items() if kind == "consent"]
    agreed = {one.step for one in given if one.question == "agree" and one.value[0] is True}
    tests = [one for one in given if types.get(one.step) == "headphone"]
    return Person(
        session=listening.id,
        counts_as=SESSION_TYPES[listening.mark],
        state=listening.state,
        consented=agreed >= set(consents) if consents else None,
        headphones=_headphones(tests),
        minutes=_minutes(listening.created_at, listening.completed_at),
        answers={
            one.question: one.value[0] for one in given if types.get(one.step) == "questionnaire"
        },
    )


def _headphones(tests: Sequence[Any]) -> str | None:
    if any(isinstance(one.value[0], dict) and one.value[0]["passed"] for one in tests):
        return "passed"
    if any(one.question == "skip" and one.value[0] for one in tests):
        return "skipped"
    return "failed" if tests else None


def _minutes(begun: str, ended: str | None) -> float | None:
    if ended is None:
        return None
    passed = datetime.fromisoformat(ended) - datetime.fromisoformat(begun)
    return max(0.0, passed.total_seconds() / 60)  # an early version kept what a wrong clock said
