"""Applies metrics to one render: a value, or the reason why there is none.

A value is a finite number or None with one of :data:`REASONS`, so that it survives JSON and SQL.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .analysis import Analysis
from .pairing import AlignedGroup, aligned_groups, raw_pair
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


@dataclass(frozen=True)
class MeasuredItem:
    """What came of one item: its measurements, and what a metric raised, by its place."""

    measurements: tuple[Measurement, ...]
    failures: Mapping[int, Exception]


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
    (found,) = measure_batch(analysis, metrics, reference)
    for error in found.failures.values():
        raise error
    return list(found.measurements)


def measure_batch(
    analysis: Analysis, metrics: Iterable[Metric], reference: Analysis | None = None
) -> list[MeasuredItem]:
    """Every item of a batch, on its device; a ``reference`` of one item stands for all of them.

    Metrics that cannot take a batch get the items one by one, and what they raise is a failure of
    that item. The values of all metrics come from the device at once.

    Raises:
        torch.OutOfMemoryError: if the device has no room for the batch.
    """
    # What needs two channels transforms their sum and difference too, which serves the others.
    ordered = sorted(enumerate(metrics), key=lambda one: one[1].requires.channels is None)
    batch = _Batch(analysis, reference)
    with torch.no_grad():
        for place, metric in ordered:
            if metric.needs == "audio":
                batch.add(place, metric, "raw")
            elif metric.needs == "reference":
                for variant in metric.variants:
                    batch.add(place, metric, variant)
    return batch.read()


@dataclass(frozen=True)
class _Pending:
    """Values on the device of some items of the batch, and all that explains them later."""

    place: int
    metric: Metric
    variant: Variant
    items: tuple[int, ...]
    values: Tensor
    reasons: tuple[str, ...]
    analysis: Analysis
    reference: Analysis | None


class _Batch:
    """What is measured of a batch before it is read from the device."""

    def __init__(self, analysis: Analysis, reference: Analysis | None) -> None:
        self._analysis = analysis
        self._reference = reference
        self._pending: list[_Pending] = []
        self._known: dict[int, dict[tuple[int, int], Measurement]] = {
            item: {} for item in range(len(analysis.audio))
        }
        self._failures: dict[int, dict[int, Exception]] = {item: {} for item in self._known}

    def add(self, place: int, metric: Metric, variant: Variant) -> None:
        """Begin a metric in one variant."""
        everything = tuple(self._known)
        if metric.needs == "audio":
            self._evaluate(place, metric, variant, everything, self._analysis, None)
            return
        if self._reference is None:
            self._settle(place, metric, variant, everything, "no_reference")
            return
        try:
            groups = self._groups(variant, self._reference)
        except torch.OutOfMemoryError:
            raise
        except Exception as error:
            for item in everything:
                self._failures[item][place] = error
            return
        for group in groups:
            if group.pair.reason:
                self._settle(place, metric, variant, group.items, group.pair.reason)
            else:
                pair = group.pair
                self._evaluate(place, metric, variant, group.items, pair.analysis, pair.reference)

    def read(self) -> list[MeasuredItem]:
        """Everything, in the order of the metrics and their variants."""
        rows = [one.values for one in self._pending]
        # One transfer, however many metrics.
        flat: list[float] = torch.cat(rows).tolist() if rows else []
        at = 0
        for one in self._pending:
            values = flat[at : at + len(one.items)]
            at += len(one.items)
            reasons = one.metric.explained(values, one.reasons, one.analysis, one.reference)
            for item, value, reason in zip(one.items, values, reasons, strict=True):
                self._keep(item, one.place, one.metric, one.variant, value, reason)
        return [
            MeasuredItem(
                tuple(known[key] for key in sorted(known) if key[0] not in self._failures[item]),
                dict(sorted(self._failures[item].items())),
            )
            for item, known in self._known.items()
        ]

    def _groups(self, variant: Variant, reference: Analysis) -> Sequence[AlignedGroup]:
        if variant == "aligned":
            return aligned_groups(self._analysis, reference)
        return [AlignedGroup(tuple(self._known), raw_pair(self._analysis, reference))]

    def _evaluate(
        self,
        place: int,
        metric: Metric,
        variant: Variant,
        items: tuple[int, ...],
        analysis: Analysis,
        reference: Analysis | None,
    ) -> None:
        if len(items) > 1 and not metric.batched:
            for number, item in enumerate(items):
                one = analysis.item(number)
                other = None if reference is None else reference.item(number)
                self._evaluate(place, metric, variant, (item,), one, other)
            return
        try:
            values, reasons = metric.values(analysis, reference)
        except torch.OutOfMemoryError:
            raise
        except Exception as error:
            for item in items:
                self._failures[item][place] = error
            return
        self._pending.append(
            _Pending(place, metric, variant, items, values, reasons, analysis, reference)
        )

    def _settle(
        self, place: int, metric: Metric, variant: Variant, items: Iterable[int], reason: str
    ) -> None:
        for item in items:
            self._keep(item, place, metric, variant, None, reason)

    def _keep(
        self,
        item: int,
        place: int,
        metric: Metric,
        variant: Variant,
        value: float | None,
        reason: str,
    ) -> None:
        key = (place, metric.variants.index(variant) if variant in metric.variants else 0)
        self._known[item][key] = _measurement(metric, variant, value, reason)


def measure_render(
    metrics: Iterable[Metric], record: Mapping[str, float | None]
) -> list[Measurement]:
    """The metrics of cost, from what was observed while the render was made, by metric name."""
    return [
        _measurement(metric, "raw", metric.function(record), "not_recorded")
        for metric in metrics
        if metric.needs == "render"
    ]


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
