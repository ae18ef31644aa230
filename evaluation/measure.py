"""Measures audio files on their own: no benchmark, no results folder."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from torch import Tensor

from ..models.audio.arrays import MOST_CHANNELS
from ..models.audio.files import info, read, resample
from ..models.errors import UserError
from .batches import Piece, Place, Unread, measure_all
from .long_files import in_blocks, is_long, measure_long
from .metrics import GROUPS, METRICS, Analysis, Measurement, Metric, measure, select

SCHEMA = 1


@dataclass(frozen=True)
class FileScores:
    """What was measured of one file, in the order of the metrics."""

    path: Path
    sample_rate: int
    channels: int
    seconds: float
    measurements: tuple[Measurement, ...]

    @property
    def scores(self) -> dict[str, Measurement]:
        """By label: the metric's name, with `` (aligned)`` after it for that variant."""
        return {label(one): one for one in self.measurements}


def label(measurement: Measurement) -> str:
    """The metric's name, and the variant where it is not ``raw``."""
    suffix = "" if measurement.variant == "raw" else f" ({measurement.variant})"
    return measurement.metric + suffix


def choose(names: Sequence[str], *, compares: bool) -> tuple[Metric, ...]:
    """The metrics of these names that files can be measured by; all default ones if none.

    ``compares`` says whether there is a reference.

    Raises:
        UserError: for an unknown name, or one that needs what is not there.
    """
    found: list[Metric] = []
    for name in names or ["default"]:
        for metric in select(name):
            if metric.needs in ("render", "set"):
                if name not in GROUPS:
                    raise UserError(
                        f"metric {name!r} is not a property of a file; 'earmark run' records it. "
                        f"Choose from {', '.join(_of_files())}"
                    )
            elif metric.needs == "reference" and not compares:
                if name not in GROUPS:
                    raise UserError(
                        f"metric {name!r} compares with a reference; give one (--reference FILE)"
                    )
            elif metric not in found:
                found.append(metric)
    return tuple(found)


class Reference:
    """A reference file, brought up to the rate of files that have a higher one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._audio, self.sample_rate = read(path)
        self._analyses: dict[tuple[int, str], Analysis] = {}

    @property
    def seconds(self) -> float:
        """Its length in seconds."""
        return self._audio.shape[-1] / self.sample_rate

    def beside(self, sample_rate: int, device: str = "cpu") -> Analysis:
        """The reference at the rate at which a file of ``sample_rate`` is compared: never lower.

        At a lower rate, what the file lacks would be missing on both sides.
        """
        rate = max(sample_rate, self.sample_rate)
        if (rate, device) not in self._analyses:
            # One rate at a time: the spectra that a reference holds are large.
            audio = resample(self._audio, self.sample_rate, rate)
            self._analyses = {(rate, device): Analysis(audio.to(device), rate)}
        return self._analyses[rate, device]


def brought_to(analysis: Analysis, reference: Analysis) -> Analysis:
    """One item at the rate of what it is compared with."""
    rate, other = analysis.sample_rate, reference.sample_rate
    return analysis if rate == other else Analysis(resample(analysis.audio[0], rate, other), other)


def measure_file(
    path: Path, metrics: Sequence[Metric], reference: Reference | None = None
) -> FileScores:
    """One file by these metrics, alone or with a reference.

    Alone at its own rate; compared at the higher of both, so that what one of them lacks is heard.

    Raises:
        UserError: if the file cannot be read, has more than six channels, is of another length
            than the reference, or if a metric of a plug-in fails.
    """
    audio, rate = _checked(path, reference)
    channels, samples = audio.shape
    analysis = Analysis(audio, rate)
    other = None if reference is None else reference.beside(rate)
    found = measure_by(metrics, str(path), analysis, other)
    return FileScores(path, rate, channels, samples / rate, found)


def measure_files(
    paths: Iterable[Path],
    metrics: Sequence[Metric],
    reference: Reference | None = None,
    place: Place | None = None,
) -> Iterator[FileScores | UserError]:
    """Files as :func:`measure_file` measures them, in batches at a place, by default the CPU.

    What cannot be measured is an error in its order; the others go on.
    """
    place = place or Place()
    for rate, group in groupby(paths, key=_rate):
        if reference is None and place.device == "cpu" and in_blocks(metrics):
            yield from _by_length(group, metrics, place)
            continue
        same = reference is None or rate == max(rate, reference.sample_rate)
        if not same or rate == 0:  # brought to the rate of the reference, one by one
            yield from (_one_file(path, metrics, reference) for path in group)
            continue
        items = [Unread(path, partial(_checked, path, reference)) for path in group]
        other = None if reference is None else reference.beside(rate, place.device)
        try:
            for one in measure_all(items, metrics, other, place):
                yield one[1] if isinstance(one, tuple) else _as_scores(one, metrics)
        except UserError as error:
            yield error


def _by_length(
    paths: Iterable[Path], metrics: Sequence[Metric], place: Place
) -> Iterator[FileScores | UserError]:
    """Long files block by block, the others in batches."""
    for long, group in groupby(paths, key=_is_long):
        if not long:
            items = [Unread(path, partial(_checked, path, None)) for path in group]
            for one in measure_all(items, metrics, None, place):
                yield one[1] if isinstance(one, tuple) else _as_scores(one, metrics)
            continue
        for path in group:
            try:
                about, found = measure_long(path, metrics)
            except UserError as error:
                yield error
                continue
            yield FileScores(
                path, about.sample_rate, about.channels, about.seconds, found.measurements
            )


def _is_long(path: Path) -> bool:
    try:
        about = info(path)
    except UserError:
        return False
    return about.channels <= MOST_CHANNELS and is_long(about)


def _rate(path: Path) -> int:
    """The sample rate of a file, 0 where it cannot be told."""
    try:
        return info(path).sample_rate
    except UserError:
        return 0


def _one_file(
    path: Path, metrics: Sequence[Metric], reference: Reference | None
) -> FileScores | UserError:
    try:
        return measure_file(path, metrics, reference)
    except UserError as error:
        return error


def _checked(path: Path, reference: Reference | None) -> tuple[Tensor, int]:
    """The audio of a file that can be measured, and its rate.

    Raises:
        UserError: as :func:`measure_file`.
    """
    audio, rate = read(path)
    channels, samples = audio.shape
    if channels > MOST_CHANNELS:
        raise UserError(f"{path}: {channels} channels; up to {MOST_CHANNELS} (5.1) are measured")
    if reference is not None:
        check_lengths(str(path), samples / rate, str(reference.path), reference.seconds)
    return audio, rate


def _as_scores(piece: Piece[Path], metrics: Sequence[Metric]) -> FileScores | UserError:
    for at, error in piece.found.failures.items():
        return _failure(str(piece.key), metrics[at], error)
    seconds = piece.samples / piece.sample_rate
    return FileScores(
        piece.key, piece.sample_rate, piece.channels, seconds, piece.found.measurements
    )


def _failure(name: str, metric: Metric, error: Exception) -> UserError:
    """Ours do not raise for audio that was read; a plug-in's may raise anything."""
    words = " ".join(str(error).split())
    return UserError(f"{name}: metric {metric.name!r} fails: {type(error).__name__}: {words}")


# A render that ends this far below its reference lacks something that can be heard.
_MISSING_TOP = 0.9


def cautions(file: FileScores, reference: Reference | None) -> list[str]:
    """What a reader of the numbers must know: other rates, and a top that is missing."""
    if reference is None:
        return []
    said = []
    rate, other = file.sample_rate, reference.sample_rate
    if rate != other:
        lower, from_, to = (
            (file.path, rate, other) if rate < other else (reference.path, other, rate)
        )
        said.append(f"{lower}: resampled from {from_} to {to} Hz to compare")
    found = file.scores
    top, error = (found.get(name) for name in ("bandwidth_hz", "bandwidth_error_hz"))
    if top is None or error is None or top.value is None or error.value is None:
        return said
    if -error.value > (1 - _MISSING_TOP) * (top.value - error.value):
        said.append(
            f"{file.path}: reaches up to {top.value:.0f} Hz, which is {-error.value:.0f} Hz less "
            "than its reference at the same level"
        )
    return said


def check_lengths(name: str, seconds: float, reference: str, reference_seconds: float) -> None:
    """Refuse a reference that is longer or shorter by more than 50 ms.

    Raises:
        UserError: naming both.
    """
    if abs(seconds - reference_seconds) > 0.05:
        raise UserError(
            f"{name}: {seconds:.3f} s long, its reference {reference} {reference_seconds:.3f} "
            "s; cut both to the same 50 ms"
        )


def measure_by(
    metrics: Sequence[Metric], name: str, analysis: Analysis, reference: Analysis | None
) -> tuple[Measurement, ...]:
    """One item by each metric; ``name`` is the file or array that a message is about.

    A comparison is made at the rate of the ``reference``, to which the item is brought.

    Raises:
        UserError: if a metric of a plug-in fails.
    """
    found: list[Measurement] = []
    compared = analysis if reference is None else brought_to(analysis, reference)
    for metric in metrics:
        one = compared if metric.needs == "reference" else analysis
        try:
            found += measure(one, (metric,), reference)
        except Exception as error:
            raise _failure(name, metric, error) from error
    return tuple(found)


def as_json(files: Sequence[FileScores]) -> dict[str, Any]:
    """The scores as JSON objects: schema 1; undefined values are null with a reason."""
    return {"schema": SCHEMA, "files": [_file(one) for one in files]}


def _file(file: FileScores) -> dict[str, Any]:
    return {
        "path": str(file.path),
        "sample_rate": file.sample_rate,
        "channels": file.channels,
        "seconds": file.seconds,
        "scores": {
            name: {
                "value": one.value,
                "unit": one.unit,
                "reason": one.reason or None,
                "version": one.version,
            }
            for name, one in file.scores.items()
        },
    }


def _of_files() -> list[str]:
    return [name for name, one in METRICS.items() if one.needs in ("audio", "reference")]
