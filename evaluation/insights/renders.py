"""What a render shows of how it was made, once per render: ``results/insights/<key>.json``.

Its average spectrum, and what its system set for the song: equalisers, dynamics, console strips.
The key is made of the render's own, of its very audio and of its notes, so that a render that is
made again is described again. The folder is safe to delete.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ...models.audio.files import read
from ...models.content_key import content_key
from ...models.errors import UserError
from ..results.store import Store, written
from .band_levels import band_levels_db
from .settings import dynamics, equalisers, strips

# Grows when the records below mean something else.
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


def inspect_one(task: InsightTask) -> str:
    """Describe one render; the reason where that fails, else ''."""
    try:
        audio, rate = read(task.audio)
    except UserError as error:
        return str(error)
    native = task.notes.get("resampled_to", rate)
    found = strips(task.notes)
    record = {
        "format": FORMAT,
        "spectrum_db": band_levels_db(np.ascontiguousarray(audio.numpy()), rate),
        "equalisers": equalisers(task.notes, native),
        "dynamics": dynamics(task.notes),
        "strips": found,
        # Only what the console itself reads can be edited and rendered again.
        "editable": bool(found) and "console" in task.notes,
    }
    write_record(task.path, record)
    return ""


def complete(store: Store, benchmark: str) -> None:
    """Describe the renders of a benchmark that are there and have no record yet.

    Raises:
        UserError: if the results folder cannot be written.
    """
    for task in _tasks(store, benchmark).values():
        if task.audio.is_file() and not task.path.is_file():
            inspect_one(task)


def read_insights(store: Store, benchmark: str, systems: Mapping[str, Path]) -> Insights:
    """What there is of a benchmark's renders; ``systems`` are the records' places by name."""
    found = {key: read_record(task.path) for key, task in _tasks(store, benchmark).items()}
    described = {name: read_record(path) for name, path in systems.items()}
    return Insights(
        {key: record for key, record in found.items() if record},
        {name: record for name, record in described.items() if record},
    )


def lacking(tasks: Iterable[InsightTask]) -> list[InsightTask]:
    """Those without a record, each once."""
    every = {task.path: task for task in tasks}
    return [task for path, task in every.items() if not path.is_file()]


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


def _tasks(store: Store, benchmark: str) -> dict[str, InsightTask]:
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
