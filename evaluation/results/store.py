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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ...models.errors import StorageError, UserError

SCHEMA = 1

_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE run (
    id TEXT PRIMARY KEY, benchmark TEXT NOT NULL, started TEXT NOT NULL, finished TEXT,
    command TEXT NOT NULL,               -- JSON list: argv
    record TEXT NOT NULL                 -- JSON: git, versions, devices, seed, workers
);
CREATE TABLE benchmark (
    name TEXT PRIMARY KEY, config TEXT NOT NULL,   -- JSON: the file as read, defaults filled in
    simulated INTEGER NOT NULL DEFAULT 0, updated TEXT NOT NULL
);
CREATE TABLE song (
    benchmark TEXT NOT NULL, id TEXT NOT NULL, position INTEGER NOT NULL,
    sha256 TEXT NOT NULL, reference_sha256 TEXT, mix_path TEXT, reference_path TEXT,
    sample_rate INTEGER NOT NULL, start INTEGER NOT NULL, samples INTEGER NOT NULL,
    tags TEXT NOT NULL,                  -- JSON object
    mix_key TEXT,                        -- key of the render that holds the mix as excerpted
    reference_key TEXT,                  -- and of the one that scores compare with
    PRIMARY KEY (benchmark, id)
);
CREATE TABLE system (
    benchmark TEXT NOT NULL, name TEXT NOT NULL, position INTEGER NOT NULL, kind TEXT NOT NULL,
    role TEXT NOT NULL,                  -- system, baseline, anchor or reference
    uses_reference INTEGER NOT NULL, key TEXT NOT NULL, options TEXT NOT NULL,
    parameters INTEGER, step INTEGER, licence TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (benchmark, name)
);
CREATE TABLE selection (                 -- the metrics that the benchmark asks for, in order
    benchmark TEXT NOT NULL, position INTEGER NOT NULL,
    metric TEXT NOT NULL, parameters TEXT NOT NULL, version INTEGER NOT NULL,
    PRIMARY KEY (benchmark, metric, parameters)
);
CREATE TABLE placement (                 -- which render stands for song x system
    benchmark TEXT NOT NULL, song TEXT NOT NULL, system TEXT NOT NULL, render TEXT NOT NULL,
    PRIMARY KEY (benchmark, song, system)
);
CREATE TABLE render (
    key TEXT PRIMARY KEY, path TEXT NOT NULL,      -- path relative to the results folder
    sample_rate INTEGER NOT NULL, channels INTEGER NOT NULL, samples INTEGER NOT NULL,
    wall_seconds REAL NOT NULL, rtf REAL NOT NULL, peak_memory_mb REAL,
    device TEXT NOT NULL, sidecar TEXT NOT NULL, run TEXT NOT NULL
);
CREATE TABLE score (
    subject TEXT NOT NULL,               -- a render's key, or the key of a set of renders
    reference TEXT NOT NULL,             -- the render it is compared with, or ''
    metric TEXT NOT NULL, variant TEXT NOT NULL,   -- raw or aligned
    parameters TEXT NOT NULL,            -- JSON object: a band, a preset
    version INTEGER NOT NULL,
    value REAL, reason TEXT NOT NULL,    -- NULL with the reason why, never NaN
    unit TEXT NOT NULL, run TEXT NOT NULL,
    PRIMARY KEY (subject, reference, metric, variant, parameters, version)
);
CREATE TABLE failure (
    benchmark TEXT NOT NULL, song TEXT NOT NULL, system TEXT NOT NULL,
    step TEXT NOT NULL,                  -- render, or score:METRIC
    key TEXT NOT NULL, message TEXT NOT NULL, at TEXT NOT NULL, run TEXT NOT NULL,
    PRIMARY KEY (benchmark, song, system, step)
);
"""


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
    """A results folder, opened; the connection belongs to one process."""

    def __init__(self, folder: Path, *, create: bool = True) -> None:
        # Absolute, because the workers of a cluster have working folders of their own.
        self.folder = folder = folder.absolute()
        self.database = folder / "results.sqlite"
        if not create and not self.database.is_file():
            raise UserError(f"{folder}: holds no results; run 'earmark run BENCH.yaml' first")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.connection = sqlite3.connect(self.database, timeout=60, isolation_level=None)
            self._prepare()
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

    def _prepare(self) -> None:
        self.connection.row_factory = sqlite3.Row
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = FULL")
        with self.transaction():
            known = self.rows("SELECT name FROM sqlite_master WHERE name = 'meta'")
            if not known:
                for statement in _TABLES.split(";\n"):
                    if statement.strip():
                        self.connection.execute(statement)
                self.put("meta", [{"key": "schema", "value": str(SCHEMA)}])
        schema = int(self.rows("SELECT value FROM meta WHERE key = 'schema'")[0]["value"])
        if schema != SCHEMA:
            raise UserError(
                f"{self.database}: schema {schema}, this Earmark reads {SCHEMA}; "
                "use the version that made it, or another folder with --results"
            )


def render_path(folder: Path, key: str) -> Path:
    """The render of ``key`` in a results folder; its sidecar lies beside it as ``.json``."""
    return folder / "renders" / key[:2] / f"{key}.wav"


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
