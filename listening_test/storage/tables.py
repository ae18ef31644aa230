"""Ratings on disk: the tables, and a study's database of them.

The same in SQLite and PostgreSQL; :mod:`.storage` says what each promises.
"""

import contextlib
import logging
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Engine,
    ForeignKey,
    Index,
    UniqueConstraint,
    func,
    select,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship
from sqlalchemy.pool import PoolProxiedConnection

from ...models.errors import UserError
from ..study.study import StudyFolder, stored_study
from .connections import (
    Sqlite,
    StillSqlite,
    Storage,
    postgres,
    reading_storage_of,
    reason,
    record_url,
    recorded_url,
    storage_of,
    told,
)
from .counters import write_counters
from .schema import is_older, upgrade, upgraded_copy
from .wire import Wire, begin, unavailable

_LOG = logging.getLogger(__name__)


class Base(DeclarativeBase):
    """The tables; ids of people, pages and questions are text and stay text."""

    type_annotation_map = {dict[str, Any]: JSON, list[Any]: JSON}  # noqa: RUF012


class StudyVersion(Base):
    """A study as it was when sessions of it began; ``frozen_at`` its first rating that counts."""

    __tablename__ = "study_version"
    sha256: Mapped[str] = mapped_column(primary_key=True)
    study: Mapped[str]
    snapshot: Mapped[dict[str, Any]]
    created_at: Mapped[str]
    frozen_at: Mapped[str | None]


class Listening(Base):
    """One session of one listener; ``plan`` is its steps, drawn once and never changed."""

    __tablename__ = "session"
    token: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(unique=True)
    study_version: Mapped[str] = mapped_column(ForeignKey("study_version.sha256"))
    mark: Mapped[str]  # '', preview, pilot or simulated
    number: Mapped[int]
    seed: Mapped[str]
    language: Mapped[str]
    plan: Mapped[list[Any]]
    place: Mapped[int]
    state: Mapped[str]  # open, paused, complete, withdrawn
    next_seq: Mapped[int] = mapped_column(BigInteger)  # as large as the browser says
    completion_code: Mapped[str]
    agent: Mapped[str]
    created_at: Mapped[str]
    updated_at: Mapped[str]
    completed_at: Mapped[str | None]
    holds: Mapped[int] = mapped_column(default=1)  # whether its pages count as taken: 0 or 1
    main_pages: Mapped[int] = mapped_column(default=0)
    done_pages: Mapped[int] = mapped_column(default=0)  # of those that count
    erased_at: Mapped[str | None] = mapped_column(default=None)
    pages: Mapped[list["PageRow"]] = relationship(
        order_by="PageRow.number", back_populates="session"
    )

    __table_args__ = (
        UniqueConstraint("study_version", "mark", "number"),
        Index("session_by_state", "study_version", "mark", "state", "holds"),
        Index("session_by_time", "study_version", "created_at", "id"),
    )


class PageRow(Base):
    """One page of one session."""

    __tablename__ = "page"
    id: Mapped[int] = mapped_column(primary_key=True)
    session_token: Mapped[str] = mapped_column(ForeignKey("session.token"))
    number: Mapped[int]
    part: Mapped[str]  # training or main
    kind: Mapped[str]
    passage: Mapped[str]
    unit: Mapped[str]
    repeat: Mapped[int]
    turn: Mapped[int] = mapped_column(default=-1)  # the row of its square; -1 is unknown
    revision: Mapped[int]
    comment: Mapped[str]
    first_at: Mapped[str | None]
    done_at: Mapped[str | None]
    session: Mapped[Listening] = relationship(back_populates="pages")
    presentations: Mapped[list["Presentation"]] = relationship(
        order_by="Presentation.position", back_populates="page"
    )
    ratings: Mapped[list["RatingRow"]] = relationship(order_by="RatingRow.id")

    __table_args__ = (UniqueConstraint("session_token", "number"),)


class Presentation(Base):
    """One place on a page: what it is, under which token and letter it was shown, from where."""

    __tablename__ = "presentation"
    token: Mapped[str] = mapped_column(primary_key=True)
    page_id: Mapped[int] = mapped_column(ForeignKey("page.id"), index=True)
    position: Mapped[int]
    label: Mapped[str]
    system: Mapped[str]
    shown: Mapped[str]
    audio: Mapped[str]
    start: Mapped[dict[str, Any]]
    comment: Mapped[str]
    plays: Mapped[int]
    page: Mapped[PageRow] = relationship(back_populates="presentations")


class RatingRow(Base):
    """A question's latest value, null if unrated; ``presentation`` is '' for the page's own."""

    __tablename__ = "rating"
    id: Mapped[int] = mapped_column(primary_key=True)
    page_id: Mapped[int] = mapped_column(ForeignKey("page.id"))
    presentation: Mapped[str]
    question: Mapped[str]
    value: Mapped[float | None]
    changes: Mapped[int]
    client: Mapped[str]
    seq: Mapped[int] = mapped_column(BigInteger)
    at_ms: Mapped[float | None]
    at: Mapped[str | None]

    __table_args__ = (UniqueConstraint("page_id", "presentation", "question"),)


class JournalRow(Base):
    """A pack of what the browser reported; :mod:`.journal` says how it is written."""

    __tablename__ = "journal"
    id: Mapped[int] = mapped_column(primary_key=True)
    session_token: Mapped[str] = mapped_column(ForeignKey("session.token"))
    number: Mapped[int]
    client: Mapped[str]
    lines: Mapped[str]

    __table_args__ = (UniqueConstraint("session_token", "number"),)


class UnitCount(Base):
    """Of pages of one unit and row of its square: those taken, heard to their end, and ratings.

    Kept with every change, so that nobody has to count sessions.
    """

    __tablename__ = "unit_count"
    study_version: Mapped[str] = mapped_column(ForeignKey("study_version.sha256"), primary_key=True)
    mark: Mapped[str] = mapped_column(primary_key=True)
    unit: Mapped[str] = mapped_column(primary_key=True)
    turn: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    held: Mapped[int]
    heard: Mapped[int]
    ratings: Mapped[int]


class SessionCount(Base):
    """How many sessions of a type are in a state; kept with every change, as :class:`UnitCount`."""

    __tablename__ = "session_count"
    study_version: Mapped[str] = mapped_column(ForeignKey("study_version.sha256"), primary_key=True)
    mark: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(primary_key=True)
    sessions: Mapped[int]


class Answer(Base):
    """The latest answer to one question of a step that is no page."""

    __tablename__ = "answer"
    id: Mapped[int] = mapped_column(primary_key=True)
    session_token: Mapped[str] = mapped_column(ForeignKey("session.token"))
    step: Mapped[str]
    question: Mapped[str]
    value: Mapped[list[Any]]  # a list of one: JSON null and SQL NULL must differ
    at: Mapped[str]

    __table_args__ = (UniqueConstraint("session_token", "step", "question"),)


class Database:
    """The ratings of one study, opened; any number of threads may share it.

    ``read_only`` neither writes nor migrates, may read beside a server that writes, and sees the
    one state that the database had at the first read.

    Raises:
        UserError: if they cannot be reached, or are of another schema.
    """

    def __init__(
        self, folder: StudyFolder, storage: Storage | None = None, *, read_only: bool = False
    ) -> None:
        self._only: Session | None = None
        self._place: tempfile.TemporaryDirectory[str] | None = None
        if read_only:
            self._read_only(folder)
            return
        self.storage = storage or storage_of(folder)
        self.engine = self.storage.engine
        with told(self.storage):
            upgrade(self.storage)
        self._writing = self.engine.execution_options(writes=True)
        record_url(folder, "" if isinstance(self.storage, Sqlite) else _url(self.engine))

    def _read_only(self, folder: StudyFolder) -> None:
        self.storage = reading_storage_of(folder)
        with told(self.storage):
            older = is_older(self.storage, folder)
            if older and isinstance(self.storage, StillSqlite):
                self._place = tempfile.TemporaryDirectory(prefix="earmark-")
                self.storage = upgraded_copy(self.storage, Path(self._place.name))
        self.engine = self.storage.engine
        self._only = Session(self.engine)

    @contextlib.contextmanager
    def writing(self, about: str = "") -> Iterator[Session]:
        """A session whose changes are on disk when the block ends, or not made at all.

        ``about`` names what it is about, such as a session's token: transactions about the same
        run one after another.
        """
        self.storage.present()
        with Session(self._writing) as session, session.begin():
            self.storage.lock(session.connection(), about)
            yield session
            session.flush()
            self.storage.present()

    @contextlib.contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one state of the database and waits for no writer."""
        if self._only is not None:
            yield self._only
            return
        self.storage.present()
        with Session(self.engine) as session:
            yield session

    @contextlib.contextmanager
    def changing(self, about: str = "") -> Iterator[Wire]:
        """As :meth:`writing`, at a tenth of its cost: what serves listeners.

        Raises:
            UnavailableError: if the database fails; nothing is written then.
        """
        self.storage.present()
        with self._connected() as (connection, wire):
            begin(wire, self.storage, about)
            yield wire
            write_counters(wire)
            self.storage.present()
            with unavailable(self.engine.dialect):
                connection.commit()

    @contextlib.contextmanager
    def looking(self) -> Iterator[Wire]:
        """As :meth:`reading`, at a fraction of its cost.

        Raises:
            UnavailableError: if the database fails.
        """
        self.storage.present()
        with self._connected() as (_, wire):
            begin(wire, self.storage, None)
            yield wire

    @contextlib.contextmanager
    def _connected(self) -> Iterator[tuple[PoolProxiedConnection, Wire]]:
        """A connection of the pool, to which it goes back; what was not committed is undone."""
        with unavailable(self.engine.dialect):
            connection = self.engine.raw_connection()
            cursor = connection.cursor()
        try:
            yield connection, Wire(cursor, self.engine.dialect)
        finally:
            cursor.close()
            connection.close()

    def forget(self, *, whole: bool = False) -> None:
        """Leave nothing behind of what was erased, as far as nobody is in the way just now."""
        try:
            self.storage.forget(whole=whole)
        except (sqlite3.Error, DBAPIError) as error:
            _LOG.warning("%s: not cleared yet (%s)", self.storage.name, reason(error))

    def close(self) -> None:
        """Close every connection."""
        if self._only is not None:
            self._only.close()
        self.engine.dispose()
        if self._place is not None:
            self._place.cleanup()


@contextlib.contextmanager
def opened(folder: StudyFolder, *, read_only: bool = False) -> Iterator[Database]:
    """The database of a study's folder, closed at the end."""
    database = Database(folder, read_only=read_only)
    try:
        yield database
    finally:
        database.close()


def now() -> str:
    """The time in UTC, ISO 8601 to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def frozen_at(database: Database, study_sha256: str) -> str | None:
    """When a study got its first rating that counts, in UTC; None if it has none."""
    with database.reading() as session:
        version = session.get(StudyVersion, study_sha256)
        return version.frozen_at if version else None


def counts(database: Database, study: str = "") -> Mapping[str, int]:
    """How many sessions and ratings count: real ones, no preview, pilot or simulation.

    A database may hold several studies; ``study`` names the one that is asked for, '' all.
    """
    wanted = [Listening.mark == ""]
    if study:
        versions = select(StudyVersion.sha256).where(StudyVersion.study == study)
        wanted.append(Listening.study_version.in_(versions))
    with database.reading() as session:
        real = select(func.count()).select_from(Listening).where(*wanted)
        rated = (
            select(func.count())
            .select_from(RatingRow)
            .join(PageRow, RatingRow.page_id == PageRow.id)
            .join(Listening, PageRow.session_token == Listening.token)
            .where(*wanted, RatingRow.value.is_not(None), PageRow.part == "main")
        )
        return {"sessions": session.scalar(real) or 0, "ratings": session.scalar(rated) or 0}


def use(folder: StudyFolder, url: str) -> None:
    """Keep a study's ratings in the PostgreSQL database of ``url`` from now on.

    Raises:
        UserError: if it cannot be used, or there are sessions elsewhere already.
    """
    storage, found = postgres(url), recorded_url(folder)
    if _url(storage.engine) != found and (found or folder.ratings.is_file()):
        with opened(folder) as before, before.reading() as session:
            versions = select(StudyVersion.sha256).where(
                StudyVersion.study == stored_study(folder).id
            )
            begun = session.scalar(
                select(func.count())
                .select_from(Listening)
                .where(Listening.study_version.in_(versions))
            )
        if begun:
            raise UserError(
                f"{folder.path}: {begun} sessions of this study lie in {before.storage.name}; "
                "leave --database out, or give the study another name"
            )
    Database(folder, storage).close()


def _url(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)
