"""Applies metrics to one render: a value, or the reason why there is none.

A value is a finite number or None with one of :data:`REASONS`, so that it survives JSON and SQL.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from .analysis import Analysis
from .pairing import aligned_pair, raw_pair
from .registry import Metric, Variant

REASONS: Mapping[str, str] = {
    "silent": "the audio is silent: no peak above -120 dBFS, or nothing above the -70 LUFS gate",
    "silent_channel": "a channel is silent, so that the two cannot be compared",
    "silent_left": "the left channel of the audio is silent",
    "silent_right": "the right channel of the audio is silent",
    "too_short": "shorter than the metric's window (400 ms for LUFS, 3 s for LRA, half a "
    "transform for spectra)",
    "non_finite": "the audio holds NaN or infinite samples",
    "mono": "one channel, or two that are equal: there is no side to measure",
    "not_stereo": "more than two channels",
    "no_mid": "the channels cancel: there is no mid to measure",
    "infinite": "audio and reference are identical: infinitely good, +inf dB for snr_db and "
    "si_sdr_db, -inf dB for a_weighted_error_db",
    "no_reference": "the metric compares with a reference, and there is none",
    "silent_reference": "the reference, or one of its channels, is silent",
    "silent_reference_left": "the left channel of the reference is silent",
    "silent_reference_right": "the right channel of the reference is silent",
    "non_finite_reference": "the reference holds NaN or infinite samples",
    "mono_reference": "the channels of the reference are equal or cancel",
    "length_mismatch": "the lengths differ by more than 50 ms",
    "channel_mismatch": "audio and reference have different numbers of channels",
    "beyond_alignment": "the lag is at the limit of 100 ms that is searched, or beyond it",
    "unrelated": "the two correlate below 0.1 at every lag: no lag or polarity has a meaning",
    "not_recorded": "the making of the render was not observed",
    "not_applicable": "the cost of a finished master is not known",
    "too_few": "a distance of sets needs two embeddings on both sides, fad_inf twenty",
    "no_album_value": "the metric is defined for a track, not for an album",
    "undefined": "the metric gave no number",
}
"""The reason codes, each with what it says."""


@dataclass(frozen=True)
class Measurement:
    """One value of one metric for one item; ``reason`` is '' where there is a value.

    ``source`` is the code of the plug-in that measured it, '' for Earmark's own.
    """

    metric: str
    variant: Variant
    parameters: Mapping[str, Any]
    value: float | None
    reason: str
    version: int
    unit: str
    source: str = ""


def measure(
    analysis: Analysis, metrics: Iterable[Metric], reference: Analysis | None = None
) -> list[Measurement]:
    """One item by each metric that needs its audio, alone or with ``reference``.

    Metrics that compare are measured in each of their variants; those of other needs (the cost
    of a render, sets) are left out. What a metric raises is not caught.

    Raises:
        ValueError: for a batch, or if the sample rates differ.
    """
    if len(analysis.audio) != 1:
        raise ValueError(f"measure takes one item, not a batch of {len(analysis.audio)}")
    found = []
    with torch.no_grad():
        for metric in metrics:
            if metric.needs == "audio":
                found.append(_measured(metric, "raw", analysis, None))
            elif metric.needs == "reference":
                found += [_compared(metric, one, analysis, reference) for one in metric.variants]
    return found


def measure_render(
    metrics: Iterable[Metric], record: Mapping[str, float | None]
) -> list[Measurement]:
    """The metrics of cost, from what was observed while the render was made, by metric name."""
    return [
        _measurement(metric, "raw", metric.function(record), "not_recorded")
        for metric in metrics
        if metric.needs == "render"
    ]


def _compared(
    metric: Metric, variant: Variant, analysis: Analysis, reference: Analysis | None
) -> Measurement:
    if reference is None:
        return _measurement(metric, variant, None, "no_reference")
    pair = (raw_pair if variant == "raw" else aligned_pair)(analysis, reference)
    if pair.reason:
        return _measurement(metric, variant, None, pair.reason)
    return _measured(metric, variant, pair.analysis, pair.reference)


def _measured(
    metric: Metric, variant: Variant, analysis: Analysis, reference: Analysis | None
) -> Measurement:
    values, reasons = metric.evaluate(analysis, reference)
    return _measurement(metric, variant, values[0].item(), reasons[0])


def _measurement(metric: Metric, variant: Variant, value: float | None, reason: str) -> Measurement:
    good = value is not None and math.isfinite(value)
    return Measurement(
        metric=metric.name,
        variant=variant,
        parameters=metric.parameters,
        value=value if good else None,
        reason="" if good else reason,
        version=metric.version,
        unit=metric.unit,
        source=metric.source,
    )
