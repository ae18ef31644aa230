"""How far a study has come: sessions by state, pages by unit, ratings, whether it is frozen."""

from dataclasses import dataclass, field

from sqlalchemy import func, select

from ..kinds import kind_of
from ..storage.tables import Database, Listening, PageRow, RatingRow, StudyVersion
from ..study.study import Keys, Study

MARKS = {"": "real", "pilot": "pilot", "preview": "preview", "simulated": "SIMULATED"}


@dataclass(frozen=True)
class SessionStatus:
    """One session: its id, mark, state, pages done and of how many, and when it was last heard."""

    id: str
    mark: str
    state: str
    done: int
    pages: int
    updated_at: str


@dataclass(frozen=True)
class Status:
    """The state of a study."""

    study: str
    title: str
    kind: str
    simulated: bool
    frozen_at: str | None
    links: dict[str, str]
    sessions: tuple[SessionStatus, ...]
    ratings: dict[str, int]  # by mark
    units: tuple[tuple[str, str, int], ...]  # passage, systems, times heard in sessions that count
    other_versions: dict[str, int] = field(default_factory=dict)  # their sessions, by mark

    def count(self, mark: str, state: str) -> int:
        """How many sessions have this mark and state."""
        return sum(one.mark == mark and one.state == state for one in self.sessions)


def status_of(study: Study, keys: Keys, database: Database) -> Status:
    """How far the study has come."""
    with database.reading() as session:
        version = session.get(StudyVersion, study.sha256)
        found = session.scalars(
            select(Listening)
            .where(Listening.study_version == study.sha256)
            .order_by(Listening.created_at)
        )
        rows = tuple(_session(one) for one in found)
        rated = session.execute(
            select(Listening.mark, func.count())
            .join(PageRow, PageRow.session_token == Listening.token)
            .join(RatingRow, RatingRow.page_id == PageRow.id)
            .where(
                Listening.study_version == study.sha256,
                RatingRow.value.is_not(None),
                PageRow.part == "main",
            )
            .group_by(Listening.mark)
        )
        ratings = {row[0]: row[1] for row in rated}
        heard = session.execute(
            select(PageRow.unit, func.count())
            .join(Listening, PageRow.session_token == Listening.token)
            .where(
                Listening.study_version == study.sha256,
                Listening.mark == "",
                PageRow.part == "main",
                PageRow.done_at.is_not(None),
            )
            .group_by(PageRow.unit)
        )
        uses = {row[0]: row[1] for row in heard}
    title = study.file.title
    return Status(
        study=study.id,
        title=title if isinstance(title, str) else next(iter(title.values())),
        kind=study.file.test.kind,
        simulated=study.simulated,
        frozen_at=version.frozen_at if version else None,
        links=links(keys),
        sessions=rows,
        ratings={MARKS[mark]: ratings.get(mark, 0) for mark in MARKS},
        units=tuple(
            (unit.passage, ", ".join(unit.systems), uses.get(unit.key, 0))
            for unit in kind_of(study).units(study)
        ),
        other_versions=other_versions(study, database),
    )


def other_versions(study: Study, database: Database) -> dict[str, int]:
    """How many sessions, by mark, belong to the study as it was before it was replaced."""
    with database.reading() as session:
        found = session.execute(
            select(Listening.mark, func.count())
            .join(StudyVersion, Listening.study_version == StudyVersion.sha256)
            .where(StudyVersion.study == study.id, StudyVersion.sha256 != study.sha256)
            .group_by(Listening.mark)
        )
        counted = {row[0]: row[1] for row in found}
    return {said: counted[mark] for mark, said in MARKS.items() if mark in counted}


def links(keys: Keys) -> dict[str, str]:
    """The paths that sessions begin at, and the experimenter's own."""
    begin = {mark: f"/s/{getattr(keys, mark)}/" for mark in ("study", "preview", "pilot")}
    return {**begin, "progress": f"/progress/{keys.admin}/"}


def _session(one: Listening) -> SessionStatus:
    main = [page for page in one.pages if page.part == "main"]
    return SessionStatus(
        one.id,
        MARKS[one.mark],
        one.state,
        sum(page.done_at is not None for page in main),
        len(main),
        one.updated_at,
    )
