"""Where ratings lie: a SQLite file in the study's folder, or a PostgreSQL database by its URL.

Both promise the same. What is committed outlives a killed process and a cut power cord: SQLite in
WAL mode with full synchronisation, PostgreSQL with synchronous commit and fsync. A transaction that
writes takes a lock at its beginning, so that what it reads (least-used counts, the last sequence
number) cannot change under it: SQLite has one lock, PostgreSQL one for each session and one for
drawing sessions. Nothing is written to a file that was taken away.
"""

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DatabaseError, InterfaceError
from sqlalchemy.pool import NullPool

from ...evaluation.results.store import written
from ...models.errors import UserError
from ..study.study import StudyFolder

FORMAT = 1
BUSY_SECONDS = 20
_SMALL_BYTES = 64_000_000  # of which a copy is written within a second
_PRAGMAS = tuple(
    f"PRAGMA {one}"
    for one in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "secure_delete = ON",
    )
)
_DRIVER = "postgresql+pg8000"


class UnavailableError(Exception):
    """The ratings cannot be reached now; nothing was changed."""


class Storage(Protocol):
    """A place for ratings; ``name`` says which, without a password."""

    name: str
    engine: Engine

    def present(self) -> None:
        """Raise :class:`UnavailableError` if the place is no longer there."""

    def lock(self, connection: Connection, about: str) -> None:
        """Let no other transaction that writes about the same run beside this one."""

    def forget(self, *, whole: bool = False) -> None:
        """Leave nothing behind of what was deleted, as far as this can be done here."""


class Sqlite:
    """A file; it is created by :meth:`create` alone, never by a connection that finds it gone."""

    def __init__(self, path: Path) -> None:
        self.path, self.name = path, str(path)
        self._identity: tuple[int, int] | None = None
        self.engine = create_engine(URL.create("sqlite", database=str(path)), creator=self._open)
        event.listen(self.engine, "connect", _prepare)
        event.listen(self.engine, "begin", _begin)

    def create(self) -> None:
        """Make the file where there is none."""
        self.path.touch()
        self._identity = _identity(self.path)

    def present(self) -> None:
        """What is written to a file that was deleted or exchanged is lost, so look first."""
        try:
            identity = _identity(self.path)
        except OSError as error:
            raise UnavailableError(f"{self.path}: is gone ({error.strerror})") from None
        if self._identity != identity:
            # Another file of this name, such as a backup that was put there: open that one next.
            self._identity = identity
            self.engine.dispose()
            raise UnavailableError(f"{self.path}: was exchanged for another file")

    def lock(self, connection: Connection, about: str) -> None:
        """``BEGIN IMMEDIATE`` took it."""

    def forget(self, *, whole: bool = False) -> None:
        """Write the file anew and empty its log, where old pages lie.

        SQLite overwrites what is deleted, but not where rows were before they moved. A large file
        is written anew only for ``whole``: nobody can write meanwhile.
        """
        whole = whole or self.path.stat().st_size <= _SMALL_BYTES
        with contextlib.closing(self._open()) as connection:
            connection.isolation_level = None
            words = ("VACUUM",) if whole else ()
            for statement in (*_PRAGMAS, *words, "PRAGMA wal_checkpoint(TRUNCATE)"):
                connection.execute(statement).fetchall()

    def _open(self) -> sqlite3.Connection:
        address = f"{self.path.absolute().as_uri()}?mode=rw"
        return sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS, check_same_thread=False)


class StillSqlite:
    """A file of which nothing is written, not even a log beside it."""

    def __init__(self, path: Path) -> None:
        self.path, self.name = path, str(path)
        # No connection is kept: the file may be replaced between two readings.
        self.engine = create_engine("sqlite://", creator=self._open, poolclass=NullPool)
        event.listen(self.engine, "begin", _begin)

    def present(self) -> None:
        """Opening it says so."""

    def lock(self, connection: Connection, about: str) -> None:
        """Nothing is written."""

    def forget(self, *, whole: bool = False) -> None:
        """Nothing is written."""

    def connected(self) -> sqlite3.Connection:
        """A connection of its own."""
        return self._open()

    def _open(self) -> sqlite3.Connection:
        # A database that nobody has open has no log beside it. It is then read as a file that
        # stands still: SQLite would leave a new log there, or fail in a folder that is read-only.
        log = self.path.with_name(f"{self.path.name}-wal")
        how = "mode=ro" if log.exists() else "mode=ro&immutable=1"
        address = f"{self.path.absolute().as_uri()}?{how}"
        return sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS, isolation_level=None)


class Postgres:
    """A database of a server, which may hold other studies too."""

    def __init__(self, url: URL) -> None:
        self.name = url.render_as_string(hide_password=True)
        try:
            # A connection that the server has closed meanwhile is noticed before it is used.
            self.engine = create_engine(url, pool_pre_ping=True)
        except (ImportError, ArgumentError) as error:
            raise UserError(
                f"{self.name}: the driver is missing ({error}); install it with: "
                "pip install 'earmark[postgresql]'"
            ) from None
        event.listen(self.engine, "begin", _safe)

    def present(self) -> None:
        """The server says so itself."""

    def lock(self, connection: Connection, about: str) -> None:
        """An advisory lock of this name until the transaction ends."""
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key_of(about)})

    def forget(self, *, whole: bool = False) -> None:
        """Let the server reuse the room of what was deleted; its log and archives are its own."""
        if whole:
            with self.engine.connect().execution_options(
                isolation_level="AUTOCOMMIT"
            ) as connection:
                connection.exec_driver_sql("VACUUM")


def key_of(about: str) -> int:
    """The number of PostgreSQL's lock for what a transaction is about."""
    return int.from_bytes(sha256(f"earmark/{about}".encode()).digest()[:8], "big", signed=True)


def storage_of(folder: StudyFolder) -> Storage:
    """The place in which a study's ratings lie, made where there is none yet.

    Raises:
        UserError: if it was there and is gone, or ``database.json`` cannot be read.
    """
    url = recorded_url(folder)
    if url:
        return postgres(url)
    sqlite = Sqlite(folder.ratings)
    if folder.database.is_file() and not folder.ratings.is_file():
        raise UserError(
            f"{folder.ratings}: is gone; restore it from a backup (to begin without its ratings, "
            f"delete {folder.database})"
        )
    try:
        sqlite.create()
    except OSError as error:
        raise UserError(f"{folder.ratings}: cannot be made ({error.strerror})") from None
    return sqlite


def reading_storage_of(folder: StudyFolder) -> Storage:
    """The place in which a study's ratings lie, to be read alone; nothing is made.

    Raises:
        UserError: if ``database.json`` cannot be read.
    """
    url = recorded_url(folder)
    return postgres(url) if url else StillSqlite(folder.ratings)


def postgres(url: str) -> Postgres:
    """The PostgreSQL database of a URL; the driver may be left out of it.

    Raises:
        UserError: if it is no such URL.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise UserError(f"database {_bare(url)!r}: is not a URL; {_LIKE}") from None
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername=_DRIVER)
    if parsed.get_backend_name() != "postgresql":
        shown = parsed.render_as_string(hide_password=True)
        raise UserError(f"database {shown!r}: is not a PostgreSQL address; {_LIKE}")
    return Postgres(parsed)


def recorded_url(folder: StudyFolder) -> str:
    """The URL in ``database.json``; '' for the study's own file.

    Raises:
        UserError: if it cannot be read.
    """
    if not folder.database.is_file():
        return ""
    try:
        data = json.loads(folder.database.read_text(encoding="utf-8"))
        if data["format"] != FORMAT:
            raise ValueError(f"format {data['format']}, this Earmark reads {FORMAT}")
        return str(data["url"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{folder.database}: cannot be read ({error}); restore it from a backup"
        ) from None


def record_url(folder: StudyFolder, url: str) -> None:
    """Note where the ratings lie; a URL may hold a password, so the file is its owner's alone."""
    if folder.database.is_file() and recorded_url(folder) == url:
        return
    with written(folder.database) as scratch:
        scratch.touch(mode=0o600)
        scratch.write_text(json.dumps({"format": FORMAT, "url": url}) + "\n", encoding="utf-8")


def reason(error: BaseException) -> str:
    """A database's error in one line."""
    cause = getattr(error, "orig", None) or error
    if cause.args and isinstance(cause.args[0], dict):  # PostgreSQL's own fields
        return str(cause.args[0].get("M", cause))
    return (str(cause).splitlines() or [type(cause).__name__])[0]


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino


_LIKE = "give one like postgresql+pg8000://user:password@host:5432/name"


def _bare(url: str) -> str:
    """What can be shown of something that may hold a password."""
    return url.split("@")[-1][:80]


def _prepare(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions begin below, not by the driver
    for statement in _PRAGMAS:
        connection.execute(statement)


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _safe(connection: Connection) -> None:
    """Whatever the server's default: wait so long for a lock, confirm what is on disk."""
    if connection.get_execution_options().get("writes"):
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{BUSY_SECONDS}s'")
        connection.exec_driver_sql("SET LOCAL synchronous_commit = on")
    else:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


def require_fsync(connection: Connection, storage: Storage) -> None:
    """Refuse a server that confirms what is not on disk.

    Raises:
        UserError: if it does.
    """
    if isinstance(storage, Postgres) and connection.exec_driver_sql("SHOW fsync").scalar() != "on":
        raise UserError(
            f"{storage.name}: runs with fsync off, so that what it confirms may be lost; "
            "set fsync = on in postgresql.conf"
        )


@contextlib.contextmanager
def told(storage: Storage) -> Iterator[None]:
    """Turn what a database raises when it is opened into one line.

    Raises:
        UserError: that line.
    """
    try:
        yield
    except (DatabaseError, InterfaceError, sqlite3.Error, UnavailableError) as error:
        storage.engine.dispose()
        mend = (
            "free space, close what holds it, or restore it from a backup"
            if isinstance(storage, Sqlite | StillSqlite)
            else "check the address, the password, and that the server runs"
        )
        raise UserError(f"{storage.name}: cannot be used ({reason(error)}); {mend}") from None
