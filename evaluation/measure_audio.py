"""Measures audio of a program: an array, a tensor or a file in, a table out."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from torch import Tensor

from ..models.audio.arrays import MOST_CHANNELS, AudioArray, audio_tensor, whole_rate
from ..models.audio.files import read, resample
from ..models.errors import UserError
from ..models.plugins import load_entry_points
from .measure import check_lengths, choose, measure_by
from .metrics import Analysis

COLUMNS = ("metric", "variant", "value", "unit", "reason", "version")


def measure(
    audio: Path | str | AudioArray,
    sample_rate: float | None = None,
    *,
    metrics: str | Sequence[str] | None = None,
    reference: Path | str | AudioArray | None = None,
) -> pd.DataFrame:
    """Measure one piece of audio; a row for each metric and variant.

    ``audio`` is a file, or an array or tensor ``(channels, samples)`` with its ``sample_rate`` in
    Hz; a vector is mono. Floats have full scale 1.0, integers that of their type. A ``reference``
    that is an array has the same sample rate. With a file of another rate, both are compared at the
    higher one. ``metrics`` are names as
    :func:`list_metrics` shows them; by default all default ones that apply.

    Returns:
        Columns ``metric``, ``variant`` (``raw``, or ``aligned`` in loudness and time), ``value``,
        ``unit``, ``reason`` (why ``value`` is NaN, else empty) and ``version``.

    Raises:
        UserError: if the audio cannot be used (swapped axes, NaN, integers of no full scale), a
            metric is unknown or needs a reference, or the lengths differ by more than 50 ms.
    """
    load_entry_points()
    names = [metrics] if isinstance(metrics, str) else list(metrics or ())
    chosen = choose(names, compares=reference is not None)
    heard, rate, name = taken(audio, sample_rate, "audio")
    other = None if reference is None else _reference(reference, rate, name, heard)
    found = measure_by(chosen, name, Analysis(heard, rate), other)
    rows = [
        (one.metric, one.variant, one.value, one.unit, one.reason, one.version) for one in found
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"value": "float64"})


def taken(
    audio: Path | str | AudioArray, sample_rate: float | None, name: str
) -> tuple[Tensor, int, str]:
    """The audio ``(channels, samples)``, its rate in Hz, and what messages call it.

    Raises:
        UserError: if it cannot be used, or a file has another rate than ``sample_rate``.
    """
    if not isinstance(audio, str | Path):
        return audio_tensor(audio, name), whole_rate(sample_rate, name), name
    found, rate = read(Path(audio))
    if sample_rate is not None and whole_rate(sample_rate, name) != rate:
        raise UserError(
            f"{audio}: the file has {rate} Hz and sample_rate is {sample_rate:g}; leave it out"
        )
    if found.shape[0] > MOST_CHANNELS:
        raise UserError(
            f"{audio}: {found.shape[0]} channels; up to {MOST_CHANNELS} (5.1) are taken"
        )
    return found, rate, str(audio)


def _reference(reference: Path | str | AudioArray, rate: int, name: str, audio: Tensor) -> Analysis:
    given = None if isinstance(reference, str | Path) else rate
    other, other_rate, other_name = taken(reference, given, "reference")
    seconds, other_seconds = audio.shape[-1] / rate, other.shape[-1] / other_rate
    check_lengths(name, seconds, other_name, other_seconds)
    higher = max(other_rate, rate)
    return Analysis(resample(other, other_rate, higher), higher)
