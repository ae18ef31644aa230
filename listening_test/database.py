"""Ratings on disk: tables, the engine, and the migrations that bring a database up to date.

SQLite in WAL mode with full synchronisation: what was committed survives a killed process and a
cut power cord. A transaction that writes takes the lock at its beginning, so that what it reads
(least-used counts, the last sequence number) cannot change under it.
"""

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import (
    JSON,
    Connection,
    Engine,
    ForeignKey,
    Index,
    UniqueConstraint,
    create_engine,
    event,
    func,
    select,
)
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship
from sqlalchemy.pool import NullPool

from ..models.errors import UserError
from .study import Folder

MIGRATIONS = Path(__file__).parent / "migrations"
_BUSY_SECONDS = 20


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
    next_seq: Mapped[int]
    completion_code: Mapped[str]
    agent: Mapped[str]
    created_at: Mapped[str]
    updated_at: Mapped[str]
    completed_at: Mapped[str | None]
    pages: Mapped[list["PageRow"]] = relationship(
        order_by="PageRow.number", back_populates="session"
    )

    __table_args__ = (UniqueConstraint("study_version", "mark", "number"),)


class PageRow(Base):
    """One page of one session."""

    __tablename__ = "page"
    id: Mapped[int] = mapped_column(primary_key=True)
    session_token: Mapped[str] = mapped_column(ForeignKey("session.token"), index=True)
    number: Mapped[int]
    part: Mapped[str]  # training or main
    kind: Mapped[str]
    passage: Mapped[str]
    unit: Mapped[str]
    repeat: Mapped[int]
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
    seq: Mapped[int]
    at_ms: Mapped[float | None]
    at: Mapped[str | None]

    __table_args__ = (UniqueConstraint("page_id", "presentation", "question"),)


class EventRow(Base):
    """Everything that the browser reported, as it reported it, in the order of arrival."""

    __tablename__ = "event"
    arrival: Mapped[int] = mapped_column(primary_key=True)
    session_token: Mapped[str] = mapped_column(ForeignKey("session.token"))
    id: Mapped[str]
    client: Mapped[str]
    seq: Mapped[int]
    at_ms: Mapped[float]
    received_at: Mapped[str]
    type: Mapped[str]
    page: Mapped[int | None]
    stimulus: Mapped[str | None]
    question: Mapped[str | None]
    value: Mapped[float | None]
    data: Mapped[dict[str, Any]]

    __table_args__ = (
        UniqueConstraint("session_token", "id"),
        Index("event_in_order", "session_token", "client", "seq"),
    )


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
    """

    def __init__(self, folder: Folder, *, read_only: bool = False) -> None:
        self.path = folder.ratings
        self._only: Session | None = None
        try:
            if read_only:
                self.engine = _reading_engine(self.path)
                _check_schema(self.engine, self.path)
                self._only = Session(self.engine)
            else:
                self.engine = _engine(self.path)
                _upgrade(self.engine, self.path)
        except (DatabaseError, sqlite3.Error) as error:
            raise UserError(
                f"{self.path}: cannot be used ({_reason(error)}); close what holds it, or restore "
                "it from a backup"
            ) from None

    @contextlib.contextmanager
    def writing(self) -> Iterator[Session]:
        """A session whose changes are on disk when the block ends, or not made at all."""
        with Session(self.engine.execution_options(writes=True)) as session, session.begin():
            yield session

    @contextlib.contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one state of the database and waits for no writer."""
        if self._only is not None:
            yield self._only
            return
        with Session(self.engine) as session:
            yield session

    def close(self) -> None:
        """Close every connection."""
        if self._only is not None:
            self._only.close()
        self.engine.dispose()


@contextlib.contextmanager
def opened(folder: Folder, *, read_only: bool = False) -> Iterator[Database]:
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


def counts(database: Database) -> Mapping[str, int]:
    """How many sessions and ratings count: real ones, no preview, pilot or simulation."""
    with database.reading() as session:
        real = select(func.count()).select_from(Listening).where(Listening.mark == "")
        rated = (
            select(func.count())
            .select_from(RatingRow)
            .join(PageRow, RatingRow.page_id == PageRow.id)
            .join(Listening, PageRow.session_token == Listening.token)
            .where(Listening.mark == "", RatingRow.value.is_not(None), PageRow.part == "main")
        )
        return {"sessions": session.scalar(real) or 0, "ratings": session.scalar(rated) or 0}


def backup(folder: Folder, target: Path) -> None:
    """A whole copy of a study, its ratings as of now, also while it is being served.

    Raises:
        UserError: if ``target`` is there already or cannot be written.
    """
    if target.exists():
        raise UserError(f"{target}: is there already; give a new folder with --out")
    try:
        target.mkdir(parents=True)
        for path in (folder.study, folder.keys, folder.heard):
            if path.is_file():
                shutil.copy2(path, target / path.name)
        if folder.stimuli.is_dir():
            shutil.copytree(folder.stimuli, target / folder.stimuli.name)
        if folder.ratings.is_file():
            source = sqlite3.connect(f"file:{folder.ratings}?mode=ro", uri=True)
            copy = sqlite3.connect(target / folder.ratings.name)
            with contextlib.closing(source), contextlib.closing(copy):
                source.backup(copy)
    except (OSError, sqlite3.Error) as error:
        raise UserError(f"{target}: the backup cannot be written ({_reason(error)})") from None


def _reading_engine(path: Path) -> Engine:
    """An engine whose sessions can change nothing.

    A database that nobody has open has no log beside it. It is then read as a file that stands
    still, because SQLite would otherwise leave a new log there, or fail in a folder that may not
    be written.
    """
    log = path.with_name(f"{path.name}-wal")
    how = "mode=ro" if log.exists() else "mode=ro&immutable=1"
    uri = f"{path.absolute().as_uri()}?{how}"
    engine = create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS, isolation_level=None),
        poolclass=NullPool,
    )

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


def _engine(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": _BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions begin below, not by the driver
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _migrations() -> tuple[Config, ScriptDirectory]:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config, ScriptDirectory.from_config(config)


def _revision(connection: Connection, scripts: ScriptDirectory, path: Path) -> str | None:
    found = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in scripts.walk_revisions()}
    if found is not None and found not in known:
        raise UserError(
            f"{path}: schema {found} is newer than this Earmark reads "
            f"({scripts.get_current_head()}); use the version that made it"
        )
    return found


def _check_schema(engine: Engine, path: Path) -> None:
    _, scripts = _migrations()
    with engine.connect() as connection:
        if _revision(connection, scripts, path) != scripts.get_current_head():
            raise UserError(
                f"{path}: was made by an older Earmark; 'earmark study status {path.parent.name}' "
                "brings it up to date"
            )


def _upgrade(engine: Engine, path: Path) -> None:
    config, scripts = _migrations()
    with engine.execution_options(writes=True).connect() as connection:
        found = _revision(connection, scripts, path)
        if found != scripts.get_current_head():
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
        connection.commit()


def _reason(error: BaseException) -> str:
    return str(getattr(error, "orig", None) or error).splitlines()[0]
