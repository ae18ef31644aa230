"""Results as tidy tables: one row per score, song, system, render, failure or run."""

import json
import math
import re
from pathlib import Path
from typing import Any

import pandas as pd

from ....evaluation.results.metric_facts import read_facts
from ....evaluation.results.runs import choose_benchmark
from ....evaluation.results.spreadsheet_csv import csv_text
from ....evaluation.results.store import Store, written
from .contract import ScoreRow

__all__ = [
    "SCORE_COLUMNS",
    "as_csv",
    "choose_benchmark",
    "export_scores",
    "failures",
    "records",
    "reference_keys",
    "renders",
    "runs",
    "scores",
    "songs",
    "sweep_families",
    "systems",
]

SCORE_COLUMNS = tuple(ScoreRow.model_fields)


_SCORES = """
SELECT p.song, p.system, s.metric, s.variant, s.parameters, s.value, s.unit, s.reason, s.version
FROM placement AS p
JOIN song ON song.benchmark = p.benchmark AND song.id = p.song
JOIN system ON system.benchmark = p.benchmark AND system.name = p.system
JOIN score AS s ON s.subject = p.render AND s.reference IN ('', song.reference_key)
JOIN selection AS m ON m.benchmark = p.benchmark AND m.metric = s.metric
 AND m.parameters = s.parameters AND m.version = s.version AND m.source = s.source
WHERE p.benchmark = ?
ORDER BY song.position, system.position, s.metric, s.variant, s.parameters, s.version, s.rowid
"""

_COSTS = """
SELECT p.song, p.system, r.rtf, r.peak_memory_mb, m.parameters, m.role, m.kind
FROM placement AS p
JOIN song ON song.benchmark = p.benchmark AND song.id = p.song
JOIN system AS m ON m.benchmark = p.benchmark AND m.name = p.system
JOIN render AS r ON r.key = p.render
WHERE p.benchmark = ?
ORDER BY song.position, m.position
"""


def scores(store: Store, benchmark: str) -> pd.DataFrame:
    """Tidy scores: one row per song, system, metric, variant and parameters.

    Columns are :data:`SCORE_COLUMNS`; ``value`` is NaN where ``reason`` says why, and infinite
    values are NaN with the reason ``infinite``. Only the metrics that the benchmark asks for
    count, in the version and with the parameters of its last run, against the reference of its
    last run. Speed, memory and parameters come from the render records where no score holds them.
    """
    rows = [
        _finite({name: row[name] for name in SCORE_COLUMNS})
        for row in store.rows(_SCORES, (benchmark,))
    ]
    rows += _costs(store, benchmark, known={row["metric"] for row in rows})
    frame = pd.DataFrame(rows, columns=list(SCORE_COLUMNS))
    return frame.astype({"value": "float64", "version": "int64"})


def reference_keys(store: Store, benchmark: str) -> dict[str, str]:
    """The render that each song's systems are compared with, by song."""
    found = store.rows("SELECT id, reference_key FROM song WHERE benchmark = ?", (benchmark,))
    return {row["id"]: row["reference_key"] for row in found if row["reference_key"]}


def songs(store: Store, benchmark: str) -> pd.DataFrame:
    """The songs in the benchmark's order; ``tags`` are dictionaries, ``seconds`` the excerpt's."""
    rows = [
        {
            "song": row["id"],
            "seconds": row["samples"] / row["sample_rate"],
            "start_seconds": row["start"] / row["sample_rate"],
            "sample_rate": row["sample_rate"],
            "tags": json.loads(row["tags"]),
            "sha256": row["sha256"],
            "reference_sha256": row["reference_sha256"],
            "mix_key": row["mix_key"],
        }
        for row in store.rows(
            "SELECT * FROM song WHERE benchmark = ? ORDER BY position, id", (benchmark,)
        )
    ]
    names = ("song", "seconds", "start_seconds", "sample_rate", "tags", "sha256")
    return pd.DataFrame(rows, columns=[*names, "reference_sha256", "mix_key"])


def systems(store: Store, benchmark: str) -> pd.DataFrame:
    """The systems in the benchmark's order; ``options`` are dictionaries."""
    rows = [
        {
            "system": row["name"],
            "kind": row["kind"],
            "role": row["role"],
            "uses_reference": bool(row["uses_reference"]),
            "parameters": row["parameters"],
            "step": row["step"],
            "licence": row["licence"],
            "options": json.loads(row["options"]),
            "key": row["key"],
        }
        for row in store.rows(
            "SELECT * FROM system WHERE benchmark = ? ORDER BY position, name", (benchmark,)
        )
    ]
    names = ("system", "kind", "role", "uses_reference", "parameters", "step", "licence")
    return pd.DataFrame(rows, columns=[*names, "options", "key"], dtype=object)


def renders(store: Store, benchmark: str) -> pd.DataFrame:
    """Which render stands for each song and system, and what its making cost."""
    rows = store.rows(
        "SELECT p.song, p.system, r.key, r.path, r.sample_rate, r.channels, r.samples,"
        " r.wall_seconds, r.rtf, r.peak_memory_mb, r.device, r.sidecar"
        " FROM placement AS p JOIN render AS r ON r.key = p.render"
        " JOIN song ON song.benchmark = p.benchmark AND song.id = p.song"
        " JOIN system AS m ON m.benchmark = p.benchmark AND m.name = p.system"
        " WHERE p.benchmark = ? ORDER BY song.position, m.position",
        (benchmark,),
    )
    names = ("song", "system", "key", "path", "sample_rate", "channels", "samples")
    columns = [*names, "wall_seconds", "rtf", "peak_memory_mb", "device", "sidecar"]
    return pd.DataFrame([dict(row) for row in rows], columns=columns, dtype=object)


def sweep_families(systems: pd.DataFrame) -> dict[str, list[tuple[int, str]]]:
    """Checkpoints of one training run: (step, name) by what their names share, two at least."""
    found: dict[str, list[tuple[int, str]]] = {}
    for name, step in zip(systems["system"], systems["step"], strict=True):
        if step is not None:
            # Names of one sweep differ in the step's digits alone.
            family = re.sub(r"[\s_/=-]*\d+$", "", str(name)) or str(name)
            found.setdefault(family, []).append((int(step), str(name)))
    return {name: sorted(points) for name, points in found.items() if len(points) > 1}


def failures(store: Store, benchmark: str) -> pd.DataFrame:
    """Every unit of work that failed: song, system, step, message, at."""
    rows = store.rows(
        "SELECT song, system, step, message, at FROM failure WHERE benchmark = ?"
        " ORDER BY song, system, step",
        (benchmark,),
    )
    columns = ["song", "system", "step", "message", "at"]
    return pd.DataFrame([dict(row) for row in rows], columns=columns)


def runs(store: Store, benchmark: str) -> pd.DataFrame:
    """The runs that made the results, the latest first; ``command`` and ``record`` are parsed."""
    rows = [
        {
            "run": row["id"],
            "started": row["started"],
            "finished": row["finished"],
            "command": json.loads(row["command"]),
            "record": json.loads(row["record"]),
            "number": row["number"],
            "name": row["name"] or "",
        }
        for row in store.rows(
            "SELECT * FROM run WHERE benchmark = ? ORDER BY started DESC, number DESC, id",
            (benchmark,),
        )
    ]
    columns = ["run", "started", "finished", "command", "record", "number", "name"]
    return pd.DataFrame(rows, columns=columns, dtype=object)


def export_scores(store: Store, benchmark: str, path: Path) -> int:
    """Write the tidy scores as CSV, whole or not at all; the number of rows.

    Raises:
        UserError: if ``path`` cannot be written.
    """
    frame = scores(store, benchmark)
    with written(path) as scratch:
        scratch.write_text(as_csv(frame), encoding="utf-8", newline="")
    return len(frame)


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table as dictionaries of plain values; what is missing is None."""
    names = [str(name) for name in frame.columns]
    return [
        {name: _plain(value) for name, value in zip(names, row, strict=True)}
        for row in frame.itertuples(index=False, name=None)
    ]


def as_csv(frame: pd.DataFrame) -> str:
    """A table as CSV that no spreadsheet executes.

    Missing values are empty cells, objects JSON, numbers numbers in full precision; a text that a
    spreadsheet would take for a formula gets an apostrophe in front.
    """
    return csv_text(list(frame.columns), frame.itertuples(index=False, name=None))


def _plain(value: Any) -> Any:
    if value is None or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value.item() if hasattr(value, "item") else value


def _finite(row: dict[str, Any]) -> dict[str, Any]:
    value = row["value"]
    if value is not None and not math.isfinite(value):
        row |= {"value": None, "reason": row["reason"] or "infinite"}
    return row


def _costs(store: Store, benchmark: str, known: set[str]) -> list[dict[str, Any]]:
    rows = []
    facts = read_facts(store, benchmark)
    wanted = facts.keys() - known
    for row in store.rows(_COSTS, (benchmark,)):
        made_here = row["kind"] not in ("reference", "imported")
        for metric in ("rtf", "peak_memory_mb", "parameters"):
            if metric in wanted:
                value = row[metric] if made_here else None
                rows.append(
                    {
                        "song": row["song"],
                        "system": row["system"],
                        "metric": metric,
                        "variant": "raw",
                        "parameters": "{}",
                        "value": value,
                        "unit": facts[metric].unit,
                        "reason": "" if value is not None else "not_applicable",
                        "version": 1,
                    }
                )
    return rows
