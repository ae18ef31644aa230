"""A look-ahead true-peak limiter whose ceiling holds between the samples too.

Design. The envelope of a sample is the largest magnitude of all channels at it and at the three
points between it and each neighbour, interpolated at four times the rate by the Hann-windowed
sinc that the true-peak meter uses (6 samples to each side, 12 from 96 kHz on); silence lies before
and after. The reduction that the envelope needs is spread
by a sliding maximum over the look-ahead (3 ms), falls in dB with the release, and is smoothed by
two moving averages that together are as long as the look-ahead. Every value that the averages
take in covers the sample they are made for, so the smoothed reduction is never less than needed;
it begins to act before a peak and the audio itself is not delayed.

The gain aims 0.1 dB under the ceiling, because a gain that moves changes what lies between the
samples. The result is measured; what little may still pass the ceiling is taken by another pass.

Source of the interpolator: ITU-R BS.1770-5 annex 2 asks for four-fold oversampling; the window and
the lengths are the choice of libebur128.
"""

import functools
import math
from dataclasses import dataclass

import numpy as np
import scipy.ndimage
from numpy.typing import ArrayLike, NDArray

from ..compiled import compiled
from .compressor import smoothing

Array = NDArray[np.float64]

MARGIN_DB = 0.1
_FACTOR = 4
_SILENCE = 1e-10
_PASSES = 4
# Samples whose envelope is made at a time, so that its copies are small.
_BLOCK = 2**20


@dataclass(frozen=True)
class Limiter:
    """Settings of a limiter; the ceiling in dBTP, times in milliseconds.

    Raises:
        ValueError: for a look-ahead or release that is not positive.
    """

    ceiling_dbtp: float = -1.0
    lookahead_ms: float = 3.0
    release_ms: float = 100.0

    def __post_init__(self) -> None:
        if self.lookahead_ms <= 0.0 or self.release_ms <= 0.0:
            raise ValueError("a limiter's look-ahead and release are positive")


@dataclass(frozen=True)
class LimiterInput:
    """Audio with its peaks measured once, to be driven into a limiter at any level.

    ``audio`` is ``(channels, samples)``; ``ahead_db`` the highest true peak within the look-ahead
    from each sample on, begun a look-ahead early; ``peak_dbtp`` that of the whole.
    """

    audio: Array
    sample_rate: int
    settings: Limiter
    ahead_db: Array
    peak_dbtp: float

    def gain(self, drive_db: float = 0.0) -> Array:
        """The linear gain of every sample, drive included: ``(samples,)``."""
        if self.peak_dbtp + drive_db <= self.settings.ceiling_dbtp:
            return np.full(self.audio.shape[-1], 10.0 ** (drive_db / 20.0))
        size = _lookahead_samples(self.settings, self.sample_rate)
        return _gain(
            self.ahead_db,
            drive_db,
            self.settings.ceiling_dbtp - MARGIN_DB,
            smoothing(self.settings.release_ms, self.sample_rate),
            size // 2 + 1,
        )[size - 1 :]

    def limited(self, drive_db: float = 0.0) -> Array:
        """The audio driven by ``drive_db`` and limited, ``(channels, samples)``.

        Unchanged, save for the drive, where its true peak stays under the ceiling.
        """
        return _held(self.audio * self.gain(drive_db), self.sample_rate, self.settings)


def limit(
    audio: ArrayLike, sample_rate: int, settings: Limiter | None = None, drive_db: float = 0.0
) -> Array:
    """``(channels, samples)`` raised by ``drive_db`` and limited to a true peak; no delay.

    numpy float64 of the same shape. Audio that stays under the ceiling comes back unchanged.
    """
    return measured(audio, sample_rate, settings).limited(drive_db)


def measured(audio: ArrayLike, sample_rate: int, settings: Limiter | None = None) -> LimiterInput:
    """``(channels, samples)`` with its peaks, ready for :meth:`LimiterInput.limited`."""
    settings = settings or Limiter()
    x = np.ascontiguousarray(audio, dtype=np.float64)
    level: Array = 20.0 * np.log10(np.maximum(true_peak_envelope(x, sample_rate), _SILENCE))
    peak = float(level.max(initial=-math.inf))
    size = _lookahead_samples(settings, sample_rate)
    # Begun early, the averages of the first sample are filled with what they must cover.
    level = np.pad(level, (size - 1, 0), constant_values=20.0 * math.log10(_SILENCE))
    # This origin turns the centred window into one that looks ahead only.
    level = scipy.ndimage.maximum_filter1d(level, size, mode="nearest", origin=-(size // 2))
    return LimiterInput(x, sample_rate, settings, level, peak)


def true_peak_envelope(audio: ArrayLike, sample_rate: int) -> Array:
    """The largest magnitude at and around each sample: ``(channels, samples)`` -> ``(samples,)``.

    A peak between two samples counts for both, the ringing before the first sample and after the
    last for these. The largest value is the linear true peak.
    """
    x = np.asarray(audio, dtype=np.float64)
    samples = x.shape[-1]
    if samples == 0:
        return np.zeros(0)
    taps = _interpolator(6 if sample_rate < 96000 else 12)
    reach = taps.shape[1] // 2
    around = np.empty(samples + 2 * reach)
    for start in range(0, len(around), _BLOCK):
        stop = min(start + _BLOCK, len(around))
        around[start:stop] = _block(x, taps, start - reach, stop - reach)
    out: Array = around[reach:-reach]
    out[0] = max(out[0], around[:reach].max())
    out[-1] = max(out[-1], around[-reach:].max())
    return out


def _block(x: Array, taps: Array, start: int, stop: int) -> Array:
    """The envelope of the samples from ``start`` to ``stop``, silence around the audio.

    One sample more on either side is made and thrown away: what lies between it and the first, and
    between the last and it, counts for these.
    """
    reach = taps.shape[1] // 2
    left, right = start - 1 - reach, stop + 1 + reach
    inside = x[:, max(left, 0) : min(right, x.shape[-1])]
    around = [(0, 0), (max(-left, 0), max(right - x.shape[-1], 0))]
    return _envelope(np.pad(inside, around), taps, stop - start + 2)[1:-1]


def _lookahead_samples(settings: Limiter, sample_rate: int) -> int:
    """Odd, so that the two averages of half its length and one more span it exactly."""
    return 2 * max(1, round(settings.lookahead_ms * sample_rate / 2000.0)) + 1


def _held(audio: Array, sample_rate: int, settings: Limiter) -> Array:
    """``audio`` as it is, or limited again where it passes the ceiling between samples."""
    ceiling = 10.0 ** (settings.ceiling_dbtp / 20.0)
    for _ in range(_PASSES):
        peak = float(true_peak_envelope(audio, sample_rate).max(initial=0.0))
        if peak <= ceiling:
            return audio
        again = measured(audio, sample_rate, settings)
        audio = audio * again.gain()
    peak = float(true_peak_envelope(audio, sample_rate).max(initial=0.0))
    return audio * min(1.0, ceiling / peak) if peak > 0.0 else audio


@functools.cache
def _interpolator(reach: int) -> Array:
    """Taps ``(3, 2 reach)`` of the points at 1/4, 1/2 and 3/4 between a sample and the next."""
    offsets = np.arange(1 - reach, reach + 1)
    points = np.arange(1, _FACTOR)[:, None] / _FACTOR - offsets[None, :]
    taps: Array = np.sinc(points) * (0.5 + 0.5 * np.cos(np.pi * points / reach))
    return taps


@compiled
def _envelope(padded: Array, taps: Array, samples: int) -> Array:
    """Blocks fit the fastest cache, and the loop over a block's samples is a vector loop."""
    reach = taps.shape[1] // 2
    out = np.zeros(samples)
    between = np.zeros(samples + 1)  # between[n]: the largest between samples n - 1 and n
    block = 1024
    partial = np.empty(block)
    for channel in range(padded.shape[0]):
        x = padded[channel]
        for n in range(samples):
            out[n] = max(out[n], abs(x[n + reach]))
        for start in range(0, samples - 1, block):
            count = min(block, samples - 1 - start)
            for phase in range(taps.shape[0]):
                for i in range(count):
                    partial[i] = 0.0
                for k in range(taps.shape[1]):
                    weight = taps[phase, k]
                    base = start + k + 1
                    for i in range(count):
                        partial[i] += weight * x[base + i]
                for i in range(count):
                    between[start + i + 1] = max(between[start + i + 1], abs(partial[i]))
    for n in range(samples):
        out[n] = max(out[n], between[n], between[n + 1])
    return out


@compiled
def _gain(ahead: Array, drive: float, aim: float, release: float, half: int) -> Array:
    """Release, two moving averages of ``half`` samples, and dB to linear, in one pass."""
    samples = len(ahead)
    out = np.empty(samples)
    first = np.zeros(half)
    second = np.zeros(half)
    held = 0.0
    first_sum = 0.0
    second_sum = 0.0
    at = 0
    for n in range(samples):
        wanted = max(0.0, ahead[n] + drive - aim)
        held = max(wanted, release * held + (1.0 - release) * wanted)
        first_sum += held - first[at]
        first[at] = held
        mean = first_sum / half
        second_sum += mean - second[at]
        second[at] = mean
        at += 1
        if at == half:
            at = 0
        reduction = second_sum / half
        # Far from a peak the release and the rounding of the sums leave next to nothing.
        if reduction < 1e-6:
            reduction = 0.0
        out[n] = 10.0 ** ((drive - reduction) / 20.0)
    return out
