"""Measures the stimuli of ratings: each file by every metric, against its reference where known.

A stimulus that cannot be compared with its reference, since it has another length, keeps its other
metrics. What has the same bytes of audio under two names is told.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...evaluation.measure import Reference, check_lengths, choose, measure_file
from ...evaluation.metrics import METRICS, Metric
from ...models.audio.files import info, read
from ...models.errors import UserError
from ..ratings.validity.follow import MetricValues

_ENDINGS = (".flac", ".wav", ".mp3", ".ogg", ".opus", ".m4a")


@dataclass(frozen=True)
class MeasuredStimuli:
    """Metrics of stimuli, and what there is to say of the audio.

    ``twins`` are stimuli of the same passage and the same audio: passage, system, other system.
    """

    metrics: tuple[MetricValues, ...]
    notes: tuple[str, ...]
    twins: tuple[tuple[str, str, str], ...]


def references_in(
    folder: Path | None, audio: Mapping[tuple[str, str], Path], reference: str | None
) -> dict[str, Path]:
    """The reference of each passage: ``folder/PASSAGE.wav``, else the stimulus of ``reference``.

    Raises:
        UserError: if ``folder`` holds the reference of no passage.
    """
    passages = list(dict.fromkeys(passage for passage, _ in audio))
    found: dict[str, Path] = {}
    for passage in passages:
        if folder is None:
            if reference is not None and (passage, reference) in audio:
                found[passage] = audio[passage, reference]
            continue
        if any(part in ("", ".", "..") or "/" in part for part in (passage,)):
            continue
        for stem in (folder / passage, folder / passage / "reference"):
            for ending in _ENDINGS:
                path = stem.with_name(stem.name + ending)
                if path.is_file():
                    found.setdefault(passage, path)
    if folder is not None and not found:
        first = passages[0] if passages else "PASSAGE"
        raise UserError(
            f"{folder}: holds no reference of these passages; files are looked for as "
            f"{first}.wav (or .flac, .mp3, …) or {first}/reference.wav"
        )
    return found


def measured(
    audio: Mapping[tuple[str, str], Path], references: Mapping[str, Path], names: Sequence[str]
) -> MeasuredStimuli:
    """Measure the files of ``audio``, by passage and system, with metrics of these ``names``.

    Raises:
        UserError: for an unknown metric, or a file that cannot be read.
    """
    chosen = choose(names, compares=bool(references))
    alone = [metric for metric in chosen if metric.needs != "reference"]
    values: dict[tuple[str, str, str], dict[tuple[str | None, str], float]] = {}
    shapes: dict[tuple[str, str, str], Any] = {}
    notes: list[str] = []
    unlike: list[str] = []
    lengths: list[str] = []
    lone: list[str] = []
    for passage, of in _by_passage(audio).items():
        path = references.get(passage)
        reference = Reference(path) if path else None
        if references and reference is None:
            lone.append(passage)
        for system, file in of.items():
            metrics: Sequence[Metric] = chosen if reference else alone
            if reference is not None and not _fits(file, reference):
                lengths.append(f"{passage} / {system}")
                metrics = alone
            found = measure_file(file, metrics, reference if metrics is chosen else None)
            if reference is not None and found.sample_rate != reference.sample_rate:
                unlike.append(f"{passage} / {system}")
            for one in found.measurements:
                key = one.metric, one.variant, repr(sorted(one.parameters.items()))
                shapes[key] = one
                if one.value is not None:
                    values.setdefault(key, {})[passage, system] = one.value
    for those, said in (
        (lone, "no reference, so metrics that compare have no value there"),
        (lengths, "another length than the reference; not compared with it"),
        (unlike, "another rate than the reference; compared at the higher rate"),
    ):
        if those:
            notes.append(f"{len(those)} with {said}: {some(those)}.")
    twins = _twins(audio)
    return MeasuredStimuli(
        tuple(_metric(shapes[key], values.get(key, {})) for key in shapes), tuple(notes), twins
    )


def some(names: Sequence[str]) -> str:
    """The first few of names, and how many more."""
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _by_passage(audio: Mapping[tuple[str, str], Path]) -> dict[str, dict[str, Path]]:
    found: dict[str, dict[str, Path]] = {}
    for (passage, system), path in audio.items():
        found.setdefault(passage, {})[system] = path
    return found


def _fits(file: Path, reference: Reference) -> bool:
    try:
        check_lengths(str(file), info(file).seconds, str(reference.path), reference.seconds)
    except UserError:
        return False
    return True


def _metric(one: Any, values: Mapping[tuple[str | None, str], float]) -> MetricValues:
    known = METRICS[one.metric]
    defaults = known.parameters
    parameters = {
        name: value for name, value in one.parameters.items() if defaults.get(name) != value
    }
    return MetricValues(
        one.metric, values, known.better, one.unit, one.variant, parameters, one.version
    )


def _twins(audio: Mapping[tuple[str, str], Path]) -> tuple[tuple[str, str, str], ...]:
    """Stimuli of one passage whose samples are the same, whatever their files are called."""
    found = []
    for passage, of in _by_passage(audio).items():
        first: dict[str, str] = {}
        for system, path in of.items():
            samples, rate = read(path)
            digest = hashlib.sha256(samples.numpy().tobytes() + str(rate).encode()).hexdigest()
            if digest in first:
                found.append((passage, first[digest], system))
            else:
                first[digest] = system
    return tuple(found)
