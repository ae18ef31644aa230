"""A transaction on the driver's own connection, for what is done with every request.

Statements are written and compiled by SQLAlchemy once, for SQLite and PostgreSQL alike. Running one
through it costs ten times what the database needs for it.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from sqlalchemy import ClauseElement, Dialect, text
from sqlalchemy.engine.interfaces import DBAPICursor

from .connections import BUSY_SECONDS, Postgres, Storage, UnavailableError, key_of, reason
from .tally import Tally


class Statement:
    """A statement with named values; its text is made once for each sort of database."""

    def __init__(self, clause: ClauseElement) -> None:
        self._clause = clause
        self._made: dict[str, tuple[str, tuple[str, ...]]] = {}

    def made(self, dialect: Dialect) -> tuple[str, tuple[str, ...]]:
        """The text, and the names of its values in their order."""
        found = self._made.get(dialect.name)
        if found is None:
            compiled: Any = self._clause.compile(dialect=dialect)
            names = tuple(compiled.positiontup or ())
            found = self._made[dialect.name] = str(compiled), names
        return found


class Wire:
    """Runs statements in one transaction; what the driver raises becomes "unavailable"."""

    __slots__ = ("_cursor", "_dialect", "_errors", "tally")

    def __init__(self, cursor: DBAPICursor, dialect: Dialect) -> None:
        self.tally = Tally()
        self._cursor, self._dialect = cursor, dialect
        self._errors = _errors(dialect)

    def rows(self, statement: Statement, **values: Any) -> list[tuple[Any, ...]]:
        """What it finds.

        Raises:
            UnavailableError: if the database fails; nothing is written then.
        """
        said, names = statement.made(self._dialect)
        try:
            self._cursor.execute(said, [values[name] for name in names])
            return list(self._cursor.fetchall())
        except self._errors as error:
            raise UnavailableError(reason(error)) from error

    @property
    def is_postgresql(self) -> bool:
        """Whether other transactions write at the same time."""
        return self._dialect.name == "postgresql"

    def hold(self, about: str) -> bool:
        """Whether no other transaction is about this; then none is until this one ends."""
        return not self.is_postgresql or bool(self.one(_TRY_LOCK, key=key_of(about)))

    def one(self, statement: Statement, **values: Any) -> Any:
        """The first value of the first row; None where there is none."""
        found = self.rows(statement, **values)
        return found[0][0] if found else None

    def run(self, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run it for each row of values.

        Raises:
            UnavailableError: if the database fails; nothing is written then.
        """
        said, names = statement.made(self._dialect)
        try:
            if len(rows) == 1:
                self._cursor.execute(said, [rows[0][name] for name in names])
            elif rows:
                self._cursor.executemany(said, [[row[name] for name in names] for row in rows])
        except self._errors as error:
            raise UnavailableError(reason(error)) from error

    def say(self, command: str) -> None:
        """Run a statement without values, such as BEGIN."""
        try:
            self._cursor.execute(command)
        except self._errors as error:
            raise UnavailableError(reason(error)) from error


def _errors(dialect: Dialect) -> tuple[type[Exception], ...]:
    """What a driver raises; pg8000 lets through what the network does, such as a reset."""
    error: type[Exception] = dialect.dbapi.Error  # type: ignore[union-attr]
    return error, OSError


@contextmanager
def unavailable(dialect: Dialect) -> Iterator[None]:
    """What the driver raises in the block becomes "unavailable".

    Raises:
        UnavailableError: then.
    """
    try:
        yield
    except _errors(dialect) as error:
        raise UnavailableError(reason(error)) from error


def written(value: Any) -> str:
    """A value of a JSON column as it is sent to the database."""
    return json.dumps(value)


def read(value: Any) -> Any:
    """A value of a JSON column: SQLite gives its text, PostgreSQL's driver has read it."""
    return _read(value) if isinstance(value, str) else value


@lru_cache(maxsize=4096)
def _read(said: str) -> Any:
    """Sessions of a study have the same plans and start alike, and nobody changes what is read."""
    return json.loads(said)


_LOCK = Statement(text("SELECT pg_advisory_xact_lock(:key)"))
_TRY_LOCK = Statement(text("SELECT pg_try_advisory_xact_lock(:key)"))


def begin(wire: Wire, storage: Storage, about: str | None) -> None:
    """Begin a transaction that writes about something, or (None) one that reads alone.

    It waits, locks and confirms as one through SQLAlchemy does (:mod:`.connections`).
    """
    if not isinstance(storage, Postgres):
        wire.say("BEGIN" if about is None else "BEGIN IMMEDIATE")
    elif about is None:
        wire.say("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    else:
        wire.say(f"SET LOCAL lock_timeout = '{BUSY_SECONDS}s'")
        wire.say("SET LOCAL synchronous_commit = on")
        wire.rows(_LOCK, key=key_of(about))
