"""How far a study has come: sessions by state, pages by unit, ratings, whether it is frozen."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ..kinds import parts, units_of
from ..kinds.parts import kinds_in
from ..storage.tables import Database, Listening, SessionCount, StudyVersion, UnitCount
from ..study.study import Keys, Study

LATEST = 200  # so many sessions are shown at once
SESSION_TYPES = {"": "real", "pilot": "pilot", "preview": "preview", "simulated": "SIMULATED"}


@dataclass(frozen=True)
class SessionStatus:
    """One session; ``mark`` is the type of it, ``updated_at`` when it was last heard of."""

    id: str
    mark: str
    state: str
    done: int
    pages: int
    updated_at: str


@dataclass(frozen=True)
class Status:
    """The state of a study.

    ``sessions`` are the latest to begin, or those after the first ``skipped``; ``totals`` counts
    all of them, by type and state.
    """

    study: str
    title: str
    kind: str
    simulated: bool
    frozen_at: str | None
    links: dict[str, str]
    sessions: tuple[SessionStatus, ...]
    ratings: dict[str, int]  # by type of session
    units: tuple[tuple[str, str, int], ...]  # passage, systems, times heard in sessions that count
    other_versions: dict[str, int] = field(default_factory=dict)  # their sessions, by type
    totals: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    skipped: int = 0

    def count(self, session_type: str, state: str) -> int:
        """How many sessions have this type and state."""
        return self.totals.get(session_type, {}).get(state, 0)

    def of(self, session_type: str) -> int:
        """How many sessions have this type."""
        return sum(self.totals.get(session_type, {}).values())

    @property
    def all(self) -> int:
        """How many sessions there are."""
        return sum(self.of(session_type) for session_type in self.totals)


def status_of(study: Study, keys: Keys, database: Database, skipped: int = 0) -> Status:
    """How far the study has come; ``skipped`` of the latest sessions are left out."""
    with database.reading() as session:
        frozen_at = session.scalar(
            select(StudyVersion.frozen_at).where(StudyVersion.sha256 == study.sha256)
        )
        totals = _totals(session, study)
        rows = tuple(_latest(session, study, skipped))
        counted = session.execute(
            select(UnitCount.unit, UnitCount.mark, UnitCount.heard, UnitCount.ratings).where(
                UnitCount.study_version == study.sha256
            )
        ).all()
    ratings: dict[str, int] = dict.fromkeys(SESSION_TYPES.values(), 0)
    uses: dict[str, int] = {}
    for unit, session_type, heard, rated in counted:
        ratings[SESSION_TYPES[session_type]] += rated
        if session_type == "":
            uses[unit] = uses.get(unit, 0) + heard
    title = study.file.title
    return Status(
        study=study.id,
        title=title if isinstance(title, str) else next(iter(title.values())),
        kind=kinds_in(study),
        simulated=study.simulated,
        frozen_at=frozen_at,
        links=links(keys),
        sessions=rows,
        ratings=ratings,
        units=tuple(
            (
                f"{part.block}: {unit.passage}" if part.block else unit.passage,
                ", ".join(unit.systems),
                uses.get(unit.key, 0),
            )
            for part in parts(study)
            for unit in units_of(part)
        ),
        other_versions=other_versions(study, database),
        totals=totals,
        skipped=skipped,
    )


def other_versions(study: Study, database: Database) -> dict[str, int]:
    """How many sessions, by type, belong to the study as it was before it was replaced."""
    with database.reading() as session:
        found = session.execute(
            select(SessionCount.mark, func.sum(SessionCount.sessions))
            .join(StudyVersion, SessionCount.study_version == StudyVersion.sha256)
            .where(StudyVersion.study == study.id, StudyVersion.sha256 != study.sha256)
            .group_by(SessionCount.mark)
        )
        counted = {row[0]: int(row[1]) for row in found}
    return {
        said: counted[session_type]
        for session_type, said in SESSION_TYPES.items()
        if session_type in counted
    }


def links(keys: Keys) -> dict[str, str]:
    """The paths that sessions begin at, and the experimenter's own."""
    begin = {
        session_type: f"/s/{getattr(keys, session_type)}/"
        for session_type in ("study", "preview", "pilot")
    }
    return {**begin, "progress": f"/progress/{keys.admin}/"}


def _totals(session: Session, study: Study) -> dict[str, dict[str, int]]:
    found = session.execute(
        select(SessionCount.mark, SessionCount.state, SessionCount.sessions).where(
            SessionCount.study_version == study.sha256, SessionCount.sessions != 0
        )
    )
    totals: dict[str, dict[str, int]] = {}
    for session_type, state, times in found:
        totals.setdefault(SESSION_TYPES[session_type], {})[state] = times
    return totals


def _latest(session: Session, study: Study, skipped: int) -> list[SessionStatus]:
    found = session.execute(
        select(
            Listening.id,
            Listening.mark,
            Listening.state,
            Listening.done_pages,
            Listening.main_pages,
            Listening.updated_at,
        )
        .where(Listening.study_version == study.sha256)
        .order_by(Listening.created_at.desc(), Listening.id.desc())
        .limit(LATEST)
        .offset(skipped)
    )
    return [
        SessionStatus(name, SESSION_TYPES[session_type], state, done, pages, at)
        for name, session_type, state, done, pages, at in found
    ]
