"""The records of what renders and networks show: ``results/insights/<key>.json``.

The key of a render's record is made of the render's own, of its very audio and of its notes, so
that a render that is made again is described again; that of a network is made of the system's.
The folder is safe to delete.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...models.content_key import content_key
from ..results.store import Store, written

# Grows when the records mean something else.
FORMAT = 2


@dataclass(frozen=True)
class InsightTask:
    """One render to be described; a worker needs nothing else."""

    label: str
    audio: Path
    notes: Mapping[str, Any]
    path: Path


@dataclass(frozen=True)
class Insights:
    """The records of a benchmark: of renders by their key, of systems by name."""

    renders: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    systems: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def insight_task(results: Path, audio: Path, record: Mapping[str, Any]) -> InsightTask:
    """What is to be done for a render with this sidecar."""
    notes = record.get("notes") or {}
    text = json.dumps(notes, sort_keys=True, default=str)
    key = content_key("insight", FORMAT, audio.stem, record.get("audio_sha256", ""), text)
    system = (record.get("system") or {}).get("name", "")
    song = (record.get("song") or {}).get("id", "")
    return InsightTask(f"{system} · {song}", audio, notes, record_path(results, key))


def read_insights(store: Store, benchmark: str, systems: Mapping[str, Path]) -> Insights:
    """What there is of a benchmark's renders; ``systems`` are the records' places by name."""
    found = {key: read_record(task.path) for key, task in insight_tasks(store, benchmark).items()}
    described = {name: read_record(path) for name, path in systems.items()}
    return Insights(
        {key: record for key, record in found.items() if record},
        {name: record for name, record in described.items() if record},
    )


def system_record(results: Path, key: str) -> Path:
    """Where the record of the system of this key lies."""
    return record_path(results, content_key("system insight", FORMAT, key))


def system_records(store: Store, benchmark: str) -> dict[str, Path]:
    """The same, of every system of a benchmark, by name."""
    rows = store.rows(
        "SELECT name, key FROM system WHERE benchmark = ? ORDER BY position, name", (benchmark,)
    )
    return {row["name"]: system_record(store.folder, row["key"]) for row in rows}


def record_path(results: Path, key: str) -> Path:
    """Where the record of this key lies."""
    return results / "insights" / key[:2] / f"{key}.json"


def read_record(path: Path) -> Mapping[str, Any]:
    """A record; empty where there is none, or it cannot be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write_record(path: Path, record: Mapping[str, Any]) -> None:
    """Write a record, whole or not at all."""
    with written(path) as scratch:
        text = json.dumps(record, ensure_ascii=False, allow_nan=False)
        scratch.write_text(text, encoding="utf-8")


def insight_tasks(store: Store, benchmark: str) -> dict[str, InsightTask]:
    """By render key: all that the benchmark shows, its mixes and references among them."""
    rows = store.rows(
        "SELECT r.key, r.sidecar FROM render AS r WHERE r.key IN"
        " (SELECT render FROM placement WHERE benchmark = ?1"
        " UNION SELECT mix_key FROM song WHERE benchmark = ?1"
        " UNION SELECT reference_key FROM song WHERE benchmark = ?1) ORDER BY r.key",
        (benchmark,),
    )
    return {
        row["key"]: insight_task(
            store.folder, store.render_path(row["key"]), json.loads(row["sidecar"])
        )
        for row in rows
    }
