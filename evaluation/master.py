"""One file through one system, without a benchmark."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
import yaml

from ..models.audio.files import FORMATS, info, read, readable, resample, write
from ..models.audio.loudness import integrated_loudness, true_peak_dbtp
from ..models.checkpoints.formats import model_format
from ..models.configuration import nearest, validate
from ..models.errors import UserError
from ..models.rendering import runner
from ..models.rendering.devices import resolve_device
from ..models.systems import contract
from ..models.systems.contract import SystemSpec, kinds
from .results.store import written
from .songs.song import Song, material


@dataclass(frozen=True)
class MasterJob:
    """What to master: ``system`` names a kind, a network that ships, or a checkpoint's path.

    ``settings`` are options as ``name=value``; a dot reaches into a mapping
    (``controls.drive=0.5``). ``reference`` may be of any length and rate.
    """

    file: Path
    system: str
    out: Path
    reference: Path | None = None
    stems: Path | None = None
    settings: tuple[str, ...] = ()
    device: str = "auto"


@dataclass(frozen=True)
class Mastered:
    """What was written."""

    seconds: float
    lufs: float
    dbtp: float
    notes: tuple[str, ...]

    def __str__(self) -> str:
        said = "".join(f"; {note}" for note in self.notes)
        level = "silent or too short for LUFS"
        if math.isfinite(self.lufs):
            level = f"{self.lufs:.1f} LUFS, {self.dbtp:.1f} dBTP"
        return f"{self.seconds:.1f} s, {level}{said}"


def master_file(job: MasterJob) -> Mastered:
    """Run the system over the whole file and write its output, float32 WAV or 24-bit FLAC.

    Raises:
        UserError: if a file, the system or one of its options is not usable.
    """
    if job.out.suffix.lower() not in (".wav", ".flac"):
        raise UserError(f"--out {job.out}: write .wav (32-bit float) or .flac (24 bit)")
    if job.out.exists() and job.file.exists() and job.out.samefile(job.file):
        raise UserError(f"--out {job.out}: is the input itself; write to another file")
    spec = system_spec(job.system, job.settings)
    if kinds()[spec.kind].role == "reference":
        raise UserError(f"--system {job.system!r}: a reference masters nothing; choose another")
    system = contract.build(spec)
    song = Song(
        id=job.file.stem,
        mix=job.file,
        reference=None,
        stems=_stems(job.stems),
        tags={},
    )
    head = info(job.file)
    rate = head.sample_rate
    given = material(song, None, rate, system.spec.input)
    if job.reference is not None:
        reference, reference_rate = read(job.reference)
        # Not cut to the file's length: it may be another piece, whose sound alone is the example.
        given = replace(given, reference=resample(reference, reference_rate, rate))
    output = runner.run(system, given, device=str(resolve_device(job.device)))
    audio = output.audio
    notes = [
        f"{name} {_short(value)}"
        for name, value in output.notes.items()
        if not isinstance(value, Mapping | list | tuple)
    ]
    if head.channels == 1 and audio.shape[0] == 2:
        # Systems are given two equal channels; what is still mono goes out as it came in.
        mono = torch.equal(audio[0], audio[1])
        audio = audio[:1] if mono else audio
        notes += [] if mono else ["stereo, from a mono file"]
    with written(job.out) as scratch:
        write(scratch, audio, rate)
    if any(isinstance(value, Mapping | list | tuple) for value in output.notes.values()):
        # Console settings and the like: to be read, edited and rendered again by kind console.
        beside = job.out.with_suffix(".json")
        with written(beside) as scratch:
            text = json.dumps({"notes": dict(output.notes)}, indent=1, ensure_ascii=False)
            scratch.write_text(text, encoding="utf-8")
        notes.append(f"settings in {beside}")
    peak = float(audio.abs().max())
    if job.out.suffix.lower() == ".flac" and peak > 1:
        notes.append(f"clipped: the peak is {peak:.2f}, and FLAC holds 1.0; write .wav to keep it")
    return Mastered(
        audio.shape[-1] / rate,
        float(integrated_loudness(audio, rate)),
        float(true_peak_dbtp(audio, rate)),
        (*output.warnings, *notes),
    )


def system_spec(name: str, settings: tuple[str, ...] = ()) -> SystemSpec:
    """The system that a command line means by ``name`` and ``name=value`` settings.

    Raises:
        UserError: if there is no such system, or it has no such option.
    """
    from ..models.checkpoints.folders import shipped_names

    given: dict[str, Any] = {}
    if name in kinds():
        kind = name
    elif name in shipped_names():
        kind, given = "checkpoint", {"shipped": name}
    elif Path(name).exists():
        graph = Path(name).is_file() and model_format(Path(name)) is not None
        kind, given = ("exported" if graph else "checkpoint"), {"path": name}
    else:
        known = [*kinds(), *shipped_names()]
        raise UserError(
            f"--system {name!r}: no kind, shipped network or checkpoint of this name"
            f"{nearest(name, known)}"
        )
    for setting in settings:
        _put(given, setting)
    options = kinds()[kind].options
    return SystemSpec(name, kind, validate(given, options, _CommandLine(kind)))


@dataclass(frozen=True)
class _CommandLine:
    """Where an option of a command line stands; its paths are relative to the working folder."""

    kind: str
    path: Path = Path("command line")

    def at(self, *_: str | int) -> int:
        return 0

    def where(self, *_: str | int) -> str:
        return f"system {self.kind}"


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _put(given: dict[str, Any], setting: str) -> None:
    key, equals, text = setting.partition("=")
    if not equals or not key:
        raise UserError(f"--set {setting!r}: write NAME=VALUE")
    *path, last = key.split(".")
    for part in path:
        given = given.setdefault(part, {})
    try:
        given[last] = yaml.safe_load(text)
    except yaml.YAMLError:
        given[last] = text


def _stems(folder: Path | None) -> tuple[Path, ...]:
    if folder is None:
        return ()
    if not folder.is_dir():
        raise UserError(f"--stems {folder}: no such folder")
    found = tuple(sorted(readable(folder.iterdir())))
    if not found:
        raise UserError(f"--stems {folder}: holds no audio ({FORMATS})")
    return found
