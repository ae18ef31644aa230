"""The learned filters of a network's front end, sorted by centre frequency, with their responses.

A filter's centre frequency is where its magnitude is largest on a transform sixteen times its
length; its bandwidth is that between the nearest points 3 dB below, None where there is no such
point on one side. Responses are given at :data:`POINTS` frequencies, evenly spaced on a
logarithmic axis, in dB relative to the largest of all filters and not below :data:`FLOOR_DB`.

Z, where a network has it, is how strongly each filter answers one frame of audio over time, smooth
and pooled: what the rest of the network works on. It is given in dB in the same way.
"""

import math
from dataclasses import dataclass

import numpy as np
import scipy.signal
from numpy.typing import NDArray
from torch import Tensor

Array = NDArray[np.float64]

POINTS = 96
LOWEST_HZ = 40.0
FLOOR_DB = -60.0
# Rows of a picture on a page; of more filters evenly many are shown, the table's rows too.
MOST_SHOWN = 128


@dataclass(frozen=True)
class FilterBank:
    """``count`` filters, those shown by rising centre frequency in Hz.

    ``taps`` is their length in samples, ``peak_db`` and ``responses_db`` (one row a filter, one
    column a frequency of ``hertz``) are relative to the largest of all; so is ``z_db`` (one column
    a place in the frame), which is empty for networks without Z.
    """

    count: int
    taps: int
    sample_rate: int
    hertz: tuple[float, ...]
    centres_hz: tuple[float, ...]
    bandwidths_hz: tuple[float | None, ...]
    peak_db: tuple[float, ...]
    responses_db: tuple[tuple[float, ...], ...]
    z_db: tuple[tuple[float, ...], ...] = ()


def filter_bank(filters: Tensor, sample_rate: int, envelopes: Tensor | None = None) -> FilterBank:
    """Describe filters ``(filters, parts, taps)``: a filter's parts add up in power.

    Parts are the two of an analytic pair (a cosine and a sine), or one. Filters of no weight at
    all, and those whose largest gain is at 0 Hz, count with a centre of 0 Hz. ``envelopes`` is Z,
    ``(filters, places)``.
    """
    taps = filters.detach().cpu().double().numpy()
    size = 16 * 2 ** math.ceil(math.log2(taps.shape[-1]))
    # One at a time: the transforms of a thousand filters of a thousand taps are large.
    power = np.stack([(np.abs(np.fft.rfft(one, size)) ** 2).sum(axis=0) for one in taps])
    step = sample_rate / size
    peaks = power.argmax(axis=1)
    order = np.lexsort((np.arange(len(peaks)), peaks))
    if len(order) > MOST_SHOWN:
        order = order[np.linspace(0, len(order) - 1, MOST_SHOWN).round().astype(int)]
    hertz = np.geomspace(LOWEST_HZ, 0.999 * sample_rate / 2, POINTS)
    loudest = max(float(power.max()), 1e-30)
    shown = np.stack([_power_at(taps[index], hertz, sample_rate) for index in order])
    return FilterBank(
        len(taps),
        taps.shape[-1],
        sample_rate,
        tuple(round(float(one), 1) for one in hertz),
        tuple(round(float(peaks[index] * step), 1) for index in order),
        tuple(_bandwidth(power[index], step) for index in order),
        tuple(_decibels(power[index].max() / loudest) for index in order),
        tuple(tuple(_decibels(value / loudest) for value in row) for row in shown),
        () if envelopes is None else _relative(envelopes.cpu().double().numpy()[order]),
    )


def _relative(rows: Array) -> tuple[tuple[float, ...], ...]:
    """Amplitudes in dB relative to the largest."""
    power = np.square(rows) / max(float(np.square(rows).max()), 1e-30)
    return tuple(tuple(_decibels(value) for value in row) for row in power)


def _power_at(parts: Array, hertz: Array, sample_rate: int) -> Array:
    """The power of one filter ``(parts, taps)`` at each frequency."""
    found = [np.abs(scipy.signal.freqz(one, worN=hertz, fs=sample_rate)[1]) ** 2 for one in parts]
    return np.asarray(np.sum(found, axis=0))


def _bandwidth(power: Array, step: float) -> float | None:
    peak = int(power.argmax())
    low = np.flatnonzero(power[:peak] < power[peak] / 2)
    high = np.flatnonzero(power[peak:] < power[peak] / 2)
    if not len(low) or not len(high):
        return None
    return round(float((peak + high[0] - low[-1]) * step), 1)


def _decibels(ratio: float) -> float:
    return round(max(FLOOR_DB, 10.0 * math.log10(max(float(ratio), 1e-30))), 1) + 0.0
