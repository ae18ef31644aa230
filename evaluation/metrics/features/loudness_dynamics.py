"""Dynamics of loudness: MLDR of DiffVox, peak to short-term loudness, and the DR of the DR meter.

* MLDR (Yu et al., "DiffVox", 2025; after Skovenborg, "Measures of microdynamics", 2012): squares
  of the samples, at least 1e-8, smoothed by one-pole filters; the natural logarithm of the short
  one less the long one, which is moved back by half the difference of the two times, end round to
  start; mean absolute difference to the reference, summed over 50 ms with 1 s and 100 ms with 2 s.
  Of L and R, or of (L + R) / sqrt 2 and (L - R) / sqrt 2.
* PSR (AES 2017): true peak of 3 s less their short-term loudness, every 100 ms where that is within
  the gate of loudness range (-70 LUFS and 20 LU below the mean).
* DR: blocks of 3 s; the second highest block peak over the mean of the loudest fifth of the
  blocks, whose RMS is that of a sine of equal power at its peak; averaged over channels.
"""

import math

import torch
from scipy.signal import lfilter
from torch import Tensor

from ....models.audio.loudness import SILENCE, short_term_loudness, true_peaks_of_blocks
from ..analysis import Analysis
from ..registry import Requires, metric

_PAIRS_MS = ((50.0, 1000.0), (100.0, 2000.0))
_LEAST_SQUARE = 1e-8
_BLOCK_SECONDS = 3.0
_LOUDEST = 0.2


@metric(better="lower", group="features", requires=Requires(channels=2))
def mldr_lr(analysis: Analysis, reference: Analysis) -> Tensor:
    """Difference of the loudness dynamics of L and R, as DiffVox's loss has it."""
    return _mldr(analysis, reference, mid_side=False)


@metric(better="lower", group="features", requires=Requires(channels=2))
def mldr_ms(analysis: Analysis, reference: Analysis) -> Tensor:
    """Difference of the loudness dynamics of mid and side, as DiffVox's loss has it."""
    return _mldr(analysis, reference, mid_side=True)


@metric(unit="LU", group="features", requires=Requires(seconds=3.0, nan="silent"))
def psr_median(analysis: Analysis) -> Tensor:
    """Median over time of the true peak of 3 s less their short-term loudness."""
    return _psr(analysis, 0.5)


@metric(unit="LU", group="features", requires=Requires(seconds=3.0, nan="silent"))
def psr_p5(analysis: Analysis) -> Tensor:
    """5th percentile over time of the true peak of 3 s less their short-term loudness."""
    return _psr(analysis, 0.05)


@metric(unit="dB", group="features", requires=Requires(seconds=6.0))
def dr_db(analysis: Analysis) -> Tensor:
    """Dynamic range by the rule of the DR meter, not rounded to whole decibels."""
    size = round(_BLOCK_SECONDS * analysis.sample_rate)
    count = analysis.samples // size
    whole = analysis.audio[..., : count * size]
    blocks = whole.reshape(*whole.shape[:-1], count, size)
    peaks = blocks.abs().amax(dim=-1).double()
    energy = 2 * blocks.square().mean(dim=-1, dtype=torch.float64)
    loudest = energy.sort(dim=-1, descending=True).values[..., : max(1, round(_LOUDEST * count))]
    second = peaks.sort(dim=-1, descending=True).values[..., 1]
    ratio = 20 * torch.log10(second) - 10 * torch.log10(loudest.mean(dim=-1))
    return torch.where(second > SILENCE, ratio, math.nan).nanmean(dim=1)


def _psr(analysis: Analysis, share: float) -> Tensor:
    values = analysis.keep("psr", lambda: _measured_psr(analysis))
    return torch.stack([torch.nanquantile(one, share) for one in values])


def _measured_psr(analysis: Analysis) -> Tensor:
    """PSR of every 3 s, ``(batch, windows)`` in float64; NaN where the gate leaves it out."""
    loudness = short_term_loudness(analysis.audio, analysis.sample_rate)
    peaks = true_peaks_of_blocks(analysis.audio, analysis.sample_rate)
    peaks = peaks.amax(dim=1).unfold(-1, 30, 1).amax(dim=-1)
    count = min(peaks.shape[-1], loudness.shape[-1])
    found: Tensor = 20 * torch.log10(peaks[:, :count].double()) - loudness[:, :count]
    return found.cpu()


def _mldr(analysis: Analysis, reference: Analysis, *, mid_side: bool) -> Tensor:
    one, target = (_dynamics(x, mid_side=mid_side) for x in (analysis, reference))
    # All channels have one length: the mean over both is that over each.
    return torch.stack(
        [(a - b).abs().mean(dim=(1, 2)) for a, b in zip(one, target, strict=True)]
    ).sum(dim=0)


def _dynamics(analysis: Analysis, *, mid_side: bool) -> list[Tensor]:
    return analysis.keep(
        ("mldr", mid_side), lambda: _measured_dynamics(analysis, mid_side=mid_side)
    )


def _measured_dynamics(analysis: Analysis, *, mid_side: bool) -> list[Tensor]:
    """Short over long smoothed squares as natural logarithms, ``(batch, 2, samples)`` each."""
    audio, rate = analysis.audio.double().cpu(), analysis.sample_rate
    if mid_side:
        left, right = audio.unbind(dim=1)
        audio = torch.stack([left + right, left - right], dim=1) / math.sqrt(2)
    squares = audio.square().clamp(min=_LEAST_SQUARE)
    found = []
    for short_ms, long_ms in _PAIRS_MS:
        short, long = (_smoothed(squares, one, rate).log() for one in (short_ms, long_ms))
        shift = int(rate * (long_ms - short_ms) * 0.0005)
        found.append(short - long.roll(-shift, dims=-1))
    return found


def _smoothed(squares: Tensor, milliseconds: float, rate: int) -> Tensor:
    """One pole from rest; 90 % of a step is reached after about that time."""
    share = 1 - math.exp(-2200 / milliseconds / rate)
    return torch.from_numpy(lfilter([share], [1, share - 1], squares.numpy(), axis=-1))
