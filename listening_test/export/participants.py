"""Who took part: every session of a study with what became of it and what its listener answered.

Nothing here judges or counts; that is the analysis's part.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..session.plan import entries
from ..storage.tables import Answer, Database, Listening
from ..study.study import Study
from .progress import MARKS


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
        found = session.scalars(
            select(Listening)
            .where(Listening.study_version == study.sha256)
            .order_by(Listening.mark, Listening.number)
        ).all()
        return [_person(session, one) for one in found]


def _person(session: Session, listening: Listening) -> Person:
    types = {entry.id: entry.type for entry in entries(listening)}
    given = session.scalars(
        select(Answer).where(Answer.session_token == listening.token).order_by(Answer.id)
    ).all()
    consents = [entry for entry, kind in types.items() if kind == "consent"]
    agreed = {one.step for one in given if one.question == "agree" and one.value[0] is True}
    tests = [one for one in given if types.get(one.step) == "headphone"]
    return Person(
        session=listening.id,
        counts_as=MARKS[listening.mark],
        state=listening.state,
        consented=agreed >= set(consents) if consents else None,
        headphones=_headphones(tests),
        minutes=_minutes(listening.created_at, listening.completed_at),
        answers={
            one.question: one.value[0] for one in given if types.get(one.step) == "questionnaire"
        },
    )


def _headphones(tests: Sequence[Answer]) -> str | None:
    if any(isinstance(one.value[0], dict) and one.value[0]["passed"] for one in tests):
        return "passed"
    if any(one.question == "skip" and one.value[0] for one in tests):
        return "skipped"
    return "failed" if tests else None


def _minutes(begun: str, ended: str | None) -> float | None:
    if ended is None:
        return None
    return (datetime.fromisoformat(ended) - datetime.fromisoformat(begun)).total_seconds() / 60
