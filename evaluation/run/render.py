"""The render step: one system over one song, as a file that is whole or not there."""

import json
import logging
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from ...models.audio.files import write
from ...models.audio.loudness import integrated_loudness, true_peak_dbtp
from ...models.content_key import content_key, path_sha256
from ...models.errors import StorageError, UserError
from ...models.rendering import runner
from ...models.systems import contract
from ...models.systems.contract import System, SystemSpec
from ..doctor.findings import FINDINGS, as_records
from ..doctor.render_check import check_render
from ..results.past import past_key
from ..results.store import render_path, written
from ..songs.song import Excerpt, Song, material

# Grows when the meaning of a render file changes (its length, level or format).
RENDER_FORMAT = 1

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RenderTask:
    """One system over one song; a worker needs nothing else.

    ``system_key`` is the system's key when the run began; '' is not compared.
    """

    key: str
    song: Song
    system: SystemSpec
    excerpt: Excerpt | None
    sample_rate: int
    device: str
    results: Path
    system_key: str = ""

    @property
    def path(self) -> Path:
        """The file that holds the render once it is done."""
        return render_path(self.results, self.key)


@dataclass(frozen=True)
class Render:
    """The audio that one system made of one song, and what its making cost.

    ``rtf`` is processing time over the length of the audio; ``record`` is the sidecar.
    """

    key: str
    song: str
    system: str
    path: Path
    sample_rate: int
    channels: int
    samples: int
    wall_seconds: float
    rtf: float
    peak_memory_mb: float | None
    device: str
    record: Mapping[str, Any]


@dataclass(frozen=True)
class Failed:
    """A unit of work that could not be done, and why, in one line."""

    message: str


def render_key(
    system: SystemSpec, song: Song, excerpt: Excerpt | None, sample_rate: int, device: str
) -> str:
    """The identity of a render: what it is made of, never what it is called.

    Raises:
        UserError: if a file that the identity needs cannot be read.
    """
    try:
        # Only where there are some: renders made before songs had controls keep their keys.
        controls = [dict(song.controls)] if song.controls else []
        return content_key(
            RENDER_FORMAT,
            system.key,
            song.sha256,
            song.reference_sha256 if system.uses_reference else None,
            # Seeded systems draw by the song's id, and imported masters are found by it.
            song.id,
            None if excerpt is None else excerpt.key,
            sample_rate,
            device.split(":")[0],
            "float32",
            *controls,
        )
    except OSError as error:
        raise UserError(f"{error.filename}: cannot be read ({error.strerror})") from None


def render_one(task: RenderTask) -> Render | Failed:
    """Render, write and describe; every failure of the system or of its input is a value.

    Raises:
        StorageError: if the results folder cannot be written.
    """
    try:
        return _render(task)
    except StorageError:
        raise
    except UserError as error:
        return Failed(str(error))
    except Exception as error:
        # A plug-in or a user's network may raise anything; the other renders must go on.
        _log.debug("render of %s by %s", task.song.id, task.system.name, exc_info=True)
        return Failed(f"{type(error).__name__}: {' '.join(str(error).split())}")


def read_render(task: RenderTask) -> Render | None:
    """The render of a task if it is done: its file, whole, and its sidecar are both there."""
    try:
        record = json.loads(task.path.with_suffix(".json").read_text(encoding="utf-8"))
        least = record["samples"] * record["channels"] * 4
        if task.path.stat().st_size < least:
            return None
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return Render(
        key=task.key,
        song=task.song.id,
        system=task.system.name,
        path=task.path,
        record=record,
        **{name: record[name] for name in _MEASURED},
    )


def read_notes(path: Path) -> Mapping[str, Any]:
    """What the sidecar of a render says of its making; empty where there is none."""
    try:
        notes = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))["notes"]
    except (OSError, ValueError, LookupError, TypeError):
        return {}
    return notes if isinstance(notes, dict) else {}


_MEASURED = (
    "sample_rate",
    "channels",
    "samples",
    "wall_seconds",
    "rtf",
    "peak_memory_mb",
    "device",
)


def _render(task: RenderTask) -> Render:
    system = _system(task.system)
    given = material(task.song, task.excerpt, task.sample_rate, system.spec.input)
    known = {n: v for n, v in task.song.controls.items() if n in system.spec.controls}
    output = runner.run(system, given, known, device=task.device)
    identity = task.system.key
    if task.system_key not in ("", identity):
        raise UserError(
            "its code or its files have changed since the run began; run again, with --retry"
        )
    # Stems are held against what they add up to.
    heard = given.audio.sum(dim=0) if given.audio.ndim == 3 else given.audio
    record = {
        "key": task.key,
        "format": RENDER_FORMAT,
        "song": {"id": task.song.id, "sha256": task.song.sha256},
        "system": {
            "name": task.system.name,
            "kind": task.system.kind,
            "options": task.system.options.model_dump(mode="json"),
            "key": identity,
            "role": system.spec.role,
            "uses_reference": system.spec.uses_reference,
            "parameters": system.spec.parameters,
            "step": system.spec.step,
            "licence": system.spec.licence,
            "sha256": system.spec.sha256,
        },
        "start": given.start,
        "controls": known,
        "sample_rate": output.sample_rate,
        "channels": output.audio.shape[0],
        "samples": output.audio.shape[1],
        "wall_seconds": output.wall_seconds,
        "rtf": output.rtf,
        "peak_memory_mb": output.peak_memory_mb,
        "device": output.device,
        "dtype": output.dtype,
        "lufs_integrated": _number(integrated_loudness(output.audio, output.sample_rate)),
        "true_peak_dbtp": _number(true_peak_dbtp(output.audio, output.sample_rate)),
        "sample_peak": float(output.audio.abs().max()),
        FINDINGS: as_records(check_render(output.audio, heard, output.sample_rate, output.notes)),
        "warnings": list(output.warnings),
        "notes": dict(output.notes),
        "versions": {name: version(name) for name in ("earmark", "torch", "numpy", "scipy")},
    }
    # The sidecar first: where the audio stands, the render is done.
    with written(task.path) as audio:
        write(audio, output.audio, output.sample_rate)
        record["audio_sha256"] = path_sha256(audio)
        _keep_before(task, str(record["audio_sha256"]))
        with written(task.path.with_suffix(".json")) as sidecar:
            text = json.dumps(record, indent=1, ensure_ascii=False)
            sidecar.write_text(text, encoding="utf-8")
    done = read_render(task)
    if done is None:
        raise UserError(f"{task.path}: vanished while it was written; do not clean it during a run")
    return done


def _keep_before(task: RenderTask, audio_sha256: str) -> None:
    """Put the render that is about to be replaced by other audio where runs before find it."""
    before = read_render(task) if task.path.is_file() else None
    sha256 = None if before is None else before.record.get("audio_sha256")
    if before is None or sha256 in (None, audio_sha256):
        return
    kept = render_path(task.results, past_key(task.key, sha256))
    for path in (task.path, task.path.with_suffix(".json")):
        # Not a link: some file systems know none, and this is rare.
        with written(kept.with_suffix(path.suffix)) as scratch:
            shutil.copyfile(path, scratch)
    # Killed between sidecar and audio, the old audio would stand under the new one's record.
    task.path.unlink(missing_ok=True)


# Tasks come system by system, so one system in memory is enough, however large it is.
_BUILT: dict[str, System] = {}


def _system(spec: SystemSpec) -> System:
    key = spec.key
    if key not in _BUILT:
        _BUILT.clear()
        _BUILT[key] = contract.build(spec)
    return _BUILT[key]


def _number(value: torch.Tensor) -> float | None:
    number = float(value)
    return number if -1e300 < number < 1e300 else None
