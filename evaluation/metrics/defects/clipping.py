"""Flat tops: waveforms that were cut off at some level, then or later turned up or down.

A run of three or more samples is flat where neighbours differ by no more than one rounding of the
audio: exactly equal samples, or, in runs of six or more, two and a half steps of 16 bits (dither).
It counts if

* nothing within 2 ms is larger in its channel: clippers cut the largest;
* the wave comes in and leaves with a bend, at a slope of six roundings a sample or more: smooth
  tops that rounding makes flat do not, and the plateaus of a square wave meet their neighbours at
  a plateau.

Filters, resampling and lossy codecs bend flat tops, which are then no longer seen.
"""

import torch
from torch import Tensor

from ..analysis import Analysis
from ..registry import metric
from .events import DEFECT, Places, counted, new

_STEP = 2.0**-15  # of 16 bits
_DITHERED = 2.5 * _STEP
_SHORTEST, _SHORTEST_DITHERED = 3, 6
_BEND = 6.0
_AROUND_SECONDS = 0.002
_LEAST = 2.0**-9  # -54 dBFS: what peaks below is not cut off but faded


@metric(unit="runs", better="lower", group="defects", requires=DEFECT)
def clipped_runs(analysis: Analysis) -> Tensor:
    """Flat tops of three samples or more at any level, over all channels."""
    return counted(_runs(analysis))


@metric(unit="runs", better="lower", group="defects", variants=("raw",), requires=DEFECT)
def new_clipped_runs(analysis: Analysis, reference: Analysis) -> Tensor:
    """Flat tops where the reference has none within 10 ms, at the lag of ``delay_samples``."""
    return new(analysis, reference, _runs)


def _runs(analysis: Analysis) -> list[Places]:
    return analysis.keep("clipped_runs", lambda: _found(analysis))


def _found(analysis: Analysis) -> list[Places]:
    around = max(4, round(_AROUND_SECONDS * analysis.sample_rate))
    return [
        tuple(sorted(place for channel in item for place in _of_channel(channel, around)))
        for item in analysis.audio
    ]


def _of_channel(wave: Tensor, around: int) -> list[int]:
    if len(wave) < 8 or wave.abs().max() < _LEAST:
        return []
    steps = wave.diff().abs()
    moving = steps[steps > 0]
    if not len(moving):
        return []
    exact = _flat_tops(wave, steps, 0.0, float(moving.min()), _SHORTEST, around)
    soft = _flat_tops(wave, steps, _DITHERED, _DITHERED, _SHORTEST_DITHERED, around)
    # A run of equal samples lies in one that dither would allow as well.
    return exact + [one for one in soft if not any(abs(one - two) <= around for two in exact)]


def _flat_tops(
    wave: Tensor, steps: Tensor, flat: float, rounding: float, shortest: int, around: int
) -> list[int]:
    """Where runs begin whose neighbours differ by ``flat`` at most and that end in a bend."""
    level = steps <= flat
    edges = torch.nn.functional.pad(level.int(), (1, 1)).diff()
    first, last = (edges == 1).nonzero().flatten(), (edges == -1).nonzero().flatten()
    inside = (last - first + 1 >= shortest) & (first >= 2) & (last + 2 < len(wave))
    first, last = first[inside], last[inside]
    if not len(first):
        return []
    bend = _BEND * rounding
    into, out_of = steps[first - 2], steps[last + 1]
    height = wave.abs()[first]
    sign = wave.sign()
    outward = (height > wave[first - 1] * sign[first]) & (height > wave[last + 1] * sign[first])
    keep = (into >= bend) & (out_of >= bend) & outward & (height >= _LEAST)
    first, last, height = first[keep], last[keep], height[keep]
    if not len(first):
        return []
    high = wave.abs()
    size = 2 * around + 1
    near = torch.nn.functional.max_pool1d(high[None, None], size, 1, around)[0, 0]
    largest = height >= torch.maximum(near[first], near[last]) - flat
    found: list[int] = first[largest].tolist()
    return found
