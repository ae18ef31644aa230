"""``results/`` on disk: keys, whole-or-nothing files, and ``results.sqlite``.

Only the driving process writes the database; workers write renders. A row is added with the
work it stands for already on disk, so a killed run loses nothing that it had reported.
"""

import contextlib
import json
import os
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ...models.errors import StorageError, UserError
from .schema import SCHEMA, schema_of, upgrade


def now() -> str:
    """The time in UTC, ISO 8601 to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@contextlib.contextmanager
def written(path: Path) -> Iterator[Path]:
    """A scratch path beside ``path`` that becomes ``path`` on success, whole or not at all."""
    scratch = path.with_name(f".{path.stem}.{os.getpid()}.{uuid.uuid4().hex[:8]}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield scratch
        with scratch.open("rb") as stream:
            os.fsync(stream.fileno())
        scratch.replace(path)
        _sync_folder(path.parent)
    except (OSError, StorageError) as error:
        # The scratch file's own name would tell nobody anything.
        cause = error.__cause__ if isinstance(error, StorageError) else error
        reason = getattr(cause, "strerror", None) or cause or error
        raise StorageError(
            f"{path}: cannot be written ({reason}); free space, or choose another folder"
        ) from cause
    finally:
        # The error above matters, not that there may be nothing to clear away.
        with contextlib.suppress(OSError):
            scratch.unlink(missing_ok=True)


class Store:
    """A results folder, opened; the connection belongs to one process.

    Results of an older Earmark are brought up to date, whole or not at all. Where nothing is to be
    created, a folder that cannot be written, or ``read_only``, is read as it is.

    Raises:
        UserError: if there are no results, or they are of a newer Earmark, or of an older one and
            cannot be written.
    """

    def __init__(self, folder: Path, *, create: bool = True, read_only: bool = False) -> None:
        # Absolute, because the workers of a cluster have working folders of their own.
        self.folder = folder = folder.absolute()
        self.database = folder / "results.sqlite"
        create = create and not read_only
        if not create and not self.database.is_file():
            raise UserError(f"{folder}: holds no results; run 'earmark run BENCH.yaml' first")
        try:
            if create or not (read_only or _still(self.database)):
                folder.mkdir(parents=True, exist_ok=True)
                self.connection = sqlite3.connect(self.database, timeout=60, isolation_level=None)
                self._check(self._bring_up_to_date)
            else:
                self.connection = _reading(self.database)
                self._check(self._require_up_to_date)
        except (OSError, sqlite3.Error) as error:
            raise UserError(
                f"{self.database}: cannot be used ({error}); check the folder, or choose another "
                "with --results"
            ) from None

    def sweep(self) -> None:
        """Remove what killed writers left behind more than an hour ago."""
        before = time.time() - 3600
        places = (self.folder / name for name in ("renders", "embeddings", "sets", "insights"))
        for scratch in (path for place in places for path in place.rglob(".*")):
            if scratch.is_file() and scratch.stat().st_mtime < before:
                scratch.unlink(missing_ok=True)

    def render_path(self, key: str) -> Path:
        """Where the render of this key lies, whether or not it is there yet."""
        return render_path(self.folder, key)

    def close(self) -> None:
        """Close the database."""
        self.connection.close()

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the block's writes, or none.

        Raises:
            UserError: when the database cannot be written (disk full, folder read-only).
        """
        try:
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self.connection.execute("ROLLBACK")
                raise
            self.connection.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise StorageError(
                f"{self.database}: cannot be written ({error}); free space or choose another "
                "folder with --results, then run the same command again"
            ) from None

    def put(self, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Insert rows or replace those with the same primary key; JSON columns take objects."""
        for row in rows:
            names = ", ".join(row)
            marks = ", ".join("?" for _ in row)
            self.connection.execute(
                f"INSERT OR REPLACE INTO {table} ({names}) VALUES ({marks})",
                [_column(value) for value in row.values()],
            )

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """The rows of a query, by column name."""
        return self.connection.execute(query, values).fetchall()

    def benchmarks(self) -> list[str]:
        """The names of the benchmarks in here, the latest first."""
        found = self.rows("SELECT name FROM benchmark ORDER BY updated DESC, name")
        return [row["name"] for row in found]

    def _check(self, check: Callable[[], None]) -> None:
        try:
            check()
        except BaseException:
            self.close()
            raise
        self.connection.row_factory = sqlite3.Row

    def _bring_up_to_date(self) -> None:
        found = schema_of(self.connection, self.database)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = FULL")
        if found < SCHEMA:
            with self.transaction():
                # Another process may have done it while this one waited.
                upgrade(self.connection, schema_of(self.connection, self.database))

    def _require_up_to_date(self) -> None:
        found = schema_of(self.connection, self.database)
        if found < SCHEMA:
            raise UserError(
                f"{self.database}: was made by an older Earmark (schema {found}, this one reads "
                f"{SCHEMA}) and cannot be changed here; 'earmark report --results FOLDER' brings "
                "it, or a copy that can be written, up to date"
            )


def render_path(folder: Path, key: str) -> Path:
    """The render of ``key`` in a results folder; its sidecar lies beside it as ``.json``."""
    return folder / "renders" / key[:2] / f"{key}.wav"


def _still(database: Path) -> bool:
    """Whether nothing can be written there: a medium or a folder of somebody else's."""
    return not (os.access(database, os.W_OK) and os.access(database.parent, os.W_OK))


def _reading(database: Path) -> sqlite3.Connection:
    # Without a log beside it, nobody has it open: SQLite then reads it as a file that stands still.
    # Otherwise it would leave a new log there, or fail where none can be written.
    log = database.with_name(f"{database.name}-wal")
    how = "mode=ro" if log.exists() else "mode=ro&immutable=1"
    address = f"{database.as_uri()}?{how}"
    return sqlite3.connect(address, uri=True, timeout=60, isolation_level=None)


def _column(value: Any) -> Any:
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return value


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
