"""Deletes runs, and with them what no other run uses: renders, scores, records of sets."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .runs import KEPT, Run, all_runs, looking_at
from .set_records import renders_key, set_record_path
from .store import Store, render_path

_SCORE = "subject, reference, metric, parameters, version, source"


@dataclass(frozen=True)
class Freed:
    """What goes with runs that are deleted; ``renders`` are keys, ``files`` are on disk."""

    runs: tuple[Run, ...]
    renders: tuple[str, ...]
    scores: int
    files: tuple[Path, ...]
    size_bytes: int


@dataclass(frozen=True)
class _Use:
    """What one run uses: renders by key, sets by key, and its metrics."""

    number: int
    renders: frozenset[str]
    sets: frozenset[str]
    metrics: frozenset[tuple[object, ...]]
    names: frozenset[tuple[object, ...]]

    def has(self, row: sqlite3.Row) -> bool:
        """Whether the run uses a score."""
        if not row["since"] <= self.number < row["until"]:
            return False
        named = (row["metric"], row["version"], row["source"])
        if row["subject"] in self.sets:
            return named in self.names
        return row["subject"] in self.renders and (*named, row["parameters"]) in self.metrics


def freed_by(store: Store, runs: Sequence[Run]) -> Freed:
    """What deleting ``runs`` would free; nothing is changed."""
    gone = {run.number for run in runs}
    everything = all_runs(store)
    uses = [_use(store, run) for run in everything if run.kept and run.number not in gone]
    used = frozenset().union(*(use.renders for use in uses))
    had = frozenset().union(*(_use(store, run).renders for run in runs if run.kept))
    there = {row["key"] for row in store.rows("SELECT key FROM render")}
    renders = tuple(sorted((had - used) & there))
    files = [*_render_files(store, renders), *_set_files(store, _unused(store, uses))]
    kept = tuple(path for path in files if path.is_file())
    scores = sum(len(rows) for rows in _unused(store, uses).values())
    return Freed(tuple(runs), renders, scores, kept, sum(path.stat().st_size for path in kept))


def delete_runs(store: Store, runs: Sequence[Run]) -> Freed:
    """Delete runs and what no other run uses. The run before becomes the latest.

    Killed at any moment, everything that another run uses is there, and the same call goes on.

    Raises:
        UserError: if the folder cannot be written.
    """
    freed = freed_by(store, runs)
    uses_gone = {run.number for run in runs}
    rest = [run for run in all_runs(store) if run.kept and run.number not in uses_gone]
    unused = _unused(store, [_use(store, run) for run in rest])
    with store.transaction():
        for table, rows in unused.items():
            ids = [(row["id"],) for row in rows]
            store.connection.executemany(f"DELETE FROM {table} WHERE rowid = ?", ids)
        keys = [(key,) for key in freed.renders]
        store.connection.executemany("DELETE FROM render WHERE key = ?", keys)
        for run in runs:
            _forget(store, run)
        # Before the rows are gone for good: a file without a row would be found by nobody.
        for path in freed.files:
            path.unlink(missing_ok=True)
    return freed


def _forget(store: Store, run: Run) -> None:
    execute = store.connection.execute
    for table in KEPT:
        execute(f"DELETE FROM past_{table} WHERE run_number = ?", (run.number,))
    current = store.rows("SELECT run FROM benchmark WHERE name = ?", (run.benchmark,))
    if current and current[0]["run"] == run.number:
        for table in KEPT:
            of = "name" if table == "benchmark" else "benchmark"
            execute(f"DELETE FROM {table} WHERE {of} = ?", (run.benchmark,))
        _promote(store, run.benchmark)
    execute("DELETE FROM run WHERE number = ?", (run.number,))


def _promote(store: Store, benchmark: str) -> None:
    """Bring back the run before as the state of a benchmark, if there is one."""
    found = store.rows(
        "SELECT max(run_number) AS number FROM past_benchmark WHERE name = ?", (benchmark,)
    )
    if (number := found[0]["number"]) is None:
        return
    for table in KEPT:
        columns = ", ".join(row["name"] for row in store.rows(f"PRAGMA main.table_info({table})"))
        store.connection.execute(
            f"INSERT INTO {table} ({columns}) SELECT {columns} FROM past_{table}"
            " WHERE run_number = ?",
            (number,),
        )
        store.connection.execute(f"DELETE FROM past_{table} WHERE run_number = ?", (number,))


def _use(store: Store, run: Run) -> _Use:
    with looking_at(store, run):
        placed = store.rows(
            "SELECT p.system, p.render, m.role,"
            " coalesce(json_extract(r.sidecar, '$.audio_sha256'), p.render) AS audio, r.key"
            " FROM placement AS p LEFT JOIN render AS r ON r.key = p.render"
            " LEFT JOIN system AS m ON m.benchmark = p.benchmark AND m.name = p.system"
        )
        beside = store.rows("SELECT mix_key, reference_key FROM song")
        asked = store.rows("SELECT metric, version, source, parameters FROM selection")
    sets: dict[str, list[str]] = {}
    for row in placed:
        if row["key"] is not None:
            sets.setdefault(row["system"], []).append(row["audio"])
    keys = {row["render"] for row in placed} | {key for row in beside for key in row if key}
    return _Use(
        run.number,
        frozenset(keys),
        frozenset(map(renders_key, sets.values())),
        frozenset(tuple(row) for row in asked),
        frozenset(tuple(row)[:3] for row in asked),
    )


def _unused(store: Store, uses: Iterable[_Use]) -> dict[str, list[sqlite3.Row]]:
    """The scores that none of these runs has, by their table."""
    uses = tuple(uses)
    never = 2**62
    tables = {"score": f"{never} AS until", "past_score": "until"}
    found = {}
    for table, until in tables.items():
        rows = store.rows(f"SELECT rowid AS id, {_SCORE}, since, {until} FROM {table}")
        found[table] = [row for row in rows if not any(use.has(row) for use in uses)]
    return found


def _render_files(store: Store, keys: Iterable[str]) -> Iterable[Path]:
    for key in keys:
        path = render_path(store.folder, key)
        yield from (path, path.with_suffix(".json"))


def _set_files(store: Store, unused: dict[str, list[sqlite3.Row]]) -> Iterable[Path]:
    for row in (row for rows in unused.values() for row in rows):
        yield set_record_path(
            store.folder,
            (row["subject"], row["reference"]),
            row["metric"],
            json.loads(row["parameters"]),
            row["source"],
        )
