"""Linear filters of the channel strip: parametric EQ, crossovers and linear-phase FIR filters.

Conventions. Audio is anything array-like, ``(..., samples)``; a result is numpy float64 of the
same shape. Frequencies are in Hz, gains in dB. Recursive filters run as second-order sections in
float64 from rest: at 40 Hz the coefficients of a biquad in float32 are good to about -80 dB only.
FIR filters are of odd length, and their delay of ``(taps - 1) / 2`` samples is taken back, so a
linear-phase filter here has no delay at all.

Sources. R. Bristow-Johnson, "Cookbook formulae for audio EQ biquad filter coefficients" (W3C
note, 2021); S. Linkwitz and R. Riley, "Active crossover networks for noncoincident drivers"
(JAES 24, 1976); J. F. Kaiser, "Nonrecursive digital filter design using the I0-sinh window
function" (ISCAS 1974).
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy.signal
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
BandKind = Literal["peak", "low_shelf", "high_shelf", "low_pass", "high_pass", "all_pass"]

BUTTERWORTH_Q = math.sqrt(0.5)


@dataclass(frozen=True)
class Band:
    """One section of a parametric EQ.

    ``frequency`` is the centre of a peak, the midpoint of a shelf, the corner of a low-pass or
    high-pass; ``gain_db`` is used by peaks and shelves only.
    """

    kind: BandKind
    frequency: float
    gain_db: float = 0.0
    q: float = BUTTERWORTH_Q


def sections(bands: Sequence[Band], sample_rate: int) -> Array:
    """Second-order sections ``(bands, 6)`` of a parametric EQ, as SciPy orders them.

    Raises:
        ValueError: for a frequency outside (0, sample_rate / 2), or a Q that is not positive.
    """
    return np.array([_section(band, sample_rate) for band in bands]).reshape(-1, 6)


def equalise(audio: ArrayLike, sample_rate: int, bands: Sequence[Band]) -> Array:
    """``audio`` through the sections of ``bands`` in turn, causal and from rest."""
    x = np.asarray(audio, dtype=np.float64)
    if not bands or x.size == 0:
        return x.copy()
    return _filtered(x, sections(bands, sample_rate))


class RunningEqualiser:
    """``equalise`` for audio that comes in blocks: it goes on where the block before ended."""

    def __init__(self, bands: Sequence[Band], sample_rate: int, channels: int) -> None:
        self._sections = sections(bands, sample_rate)
        self._state = np.zeros((len(bands), channels, 2))

    def __call__(self, block: ArrayLike) -> Array:
        """The next ``(channels, samples)``; the blocks together are what one call would give."""
        x = np.asarray(block, dtype=np.float64)
        if not len(self._sections) or x.size == 0:
            return x.copy()
        out, self._state = scipy.signal.sosfilt(self._sections, x, axis=-1, zi=self._state)
        return np.asarray(out, dtype=np.float64)


def response_db(bands: Sequence[Band], frequencies: ArrayLike, sample_rate: int) -> Array:
    """The gain in dB of a parametric EQ at ``frequencies``, same shape."""
    f = np.asarray(frequencies, dtype=np.float64)
    if not bands:
        return np.zeros_like(f)
    _, h = scipy.signal.freqz_sos(sections(bands, sample_rate), worN=f.ravel(), fs=sample_rate)
    return np.asarray(20.0 * np.log10(np.abs(h))).reshape(f.shape)


def split_bands(audio: ArrayLike, sample_rate: int, crossovers: Sequence[float]) -> Array:
    """``(..., samples)`` -> ``(bands, ..., samples)`` by Linkwitz-Riley filters of fourth order.

    ``crossovers`` rise. Each lower band also passes the all-pass of every crossover above it, so
    the bands are in phase with each other and their sum is all-pass: flat in magnitude.

    Raises:
        ValueError: for crossovers that do not rise or lie outside (0, sample_rate / 2).
    """
    if any(high <= low for low, high in itertools.pairwise(crossovers)):
        raise ValueError(f"crossover frequencies must rise, not {list(crossovers)}")
    rest = np.asarray(audio, dtype=np.float64)
    bands: list[Array] = []
    for frequency in crossovers:
        # The low and high halves of this crossover add up to this second-order all-pass.
        bands = [equalise(band, sample_rate, [Band("all_pass", frequency)]) for band in bands]
        low = [Band("low_pass", frequency)] * 2
        high = [Band("high_pass", frequency)] * 2
        bands.append(equalise(rest, sample_rate, low))
        rest = equalise(rest, sample_rate, high)
    return np.stack([*bands, rest])


def linear_phase_fir(
    frequencies: ArrayLike, gains_db: ArrayLike, sample_rate: int, taps: int = 4095
) -> Array:
    """A symmetric FIR filter ``(taps,)`` whose gain follows a curve.

    The curve is linear in dB over log frequency between the given points and constant outside
    them; the Hann window on the response smooths it over about ``4 * sample_rate / taps`` Hz.

    Raises:
        ValueError: for an even number of taps.
    """
    if taps % 2 == 0:
        raise ValueError(f"a linear-phase filter needs an odd number of taps, not {taps}")
    size = 4 * scipy.fft.next_fast_len(taps, real=True)
    grid = np.fft.rfftfreq(size, 1.0 / sample_rate)
    grid[0] = grid[1]  # log 0; below the first point the curve is constant anyway
    points = np.log(np.asarray(frequencies, dtype=np.float64))
    gain = 10.0 ** (np.interp(np.log(grid), points, np.asarray(gains_db)) / 20.0)
    half = (taps - 1) // 2
    response = np.roll(np.fft.irfft(gain, size), half)[:taps]
    return np.asarray(response * np.hanning(taps + 2)[1:-1], dtype=np.float64)


def low_pass_fir(
    pass_hz: float, stop_hz: float, sample_rate: int, attenuation_db: float = 70.0
) -> Array:
    """A symmetric Kaiser-windowed sinc: flat to ``pass_hz``, ``attenuation_db`` from ``stop_hz``.

    The ripple in the pass band equals the leakage in the stop band (70 dB: 0.003 dB).
    """
    width = (stop_hz - pass_hz) / (sample_rate / 2)
    taps, beta = scipy.signal.kaiserord(attenuation_db, width)
    taps += 1 - taps % 2
    corner = min((pass_hz + stop_hz) / 2, 0.999 * sample_rate / 2)
    fir = scipy.signal.firwin(taps, corner, window=("kaiser", beta), fs=sample_rate)
    return np.asarray(fir, dtype=np.float64)


def convolve(audio: ArrayLike, fir: Array) -> Array:
    """``audio`` through a symmetric FIR filter, its delay taken back; same length.

    Raises:
        ValueError: for an even number of taps, whose delay is no whole number of samples.
    """
    if len(fir) % 2 == 0:
        raise ValueError(f"a filter of {len(fir)} taps has a fractional delay; use an odd number")
    x = np.asarray(audio, dtype=np.float64)
    if x.shape[-1] == 0:
        return x.copy()
    half = (len(fir) - 1) // 2
    shaped = fir.reshape((1,) * (x.ndim - 1) + (-1,))
    full = scipy.signal.oaconvolve(x, shaped, mode="full", axes=-1)
    return np.asarray(full[..., half : half + x.shape[-1]], dtype=np.float64)


def _filtered(x: Array, sos: Array) -> Array:
    return np.asarray(scipy.signal.sosfilt(sos, x, axis=-1), dtype=np.float64)


def _section(band: Band, sample_rate: int) -> Array:
    """The cookbook's coefficients, normalised by a0."""
    if not 0.0 < band.frequency < sample_rate / 2:
        raise ValueError(
            f"a filter at {band.frequency:g} Hz does not exist at {sample_rate} Hz; "
            f"it must lie between 0 and {sample_rate / 2:g} Hz"
        )
    if band.q <= 0.0:
        raise ValueError(f"the Q of a filter must be positive, not {band.q:g}")
    omega = 2.0 * math.pi * band.frequency / sample_rate
    cos, alpha = math.cos(omega), math.sin(omega) / (2.0 * band.q)
    amplitude = 10.0 ** (band.gain_db / 40.0)
    if band.kind == "peak":
        b = [1.0 + alpha * amplitude, -2.0 * cos, 1.0 - alpha * amplitude]
        a = [1.0 + alpha / amplitude, -2.0 * cos, 1.0 - alpha / amplitude]
    elif band.kind == "low_pass":
        b = [(1.0 - cos) / 2.0, 1.0 - cos, (1.0 - cos) / 2.0]
        a = [1.0 + alpha, -2.0 * cos, 1.0 - alpha]
    elif band.kind == "high_pass":
        b = [(1.0 + cos) / 2.0, -1.0 - cos, (1.0 + cos) / 2.0]
        a = [1.0 + alpha, -2.0 * cos, 1.0 - alpha]
    elif band.kind == "all_pass":
        b = [1.0 - alpha, -2.0 * cos, 1.0 + alpha]
        a = [1.0 + alpha, -2.0 * cos, 1.0 - alpha]
    else:
        # A high shelf is the low shelf mirrored at a quarter of the rate: cos changes its sign.
        sign = 1.0 if band.kind == "low_shelf" else -1.0
        up, down = amplitude + 1.0, amplitude - 1.0
        slope = 2.0 * math.sqrt(amplitude) * alpha
        c = sign * cos
        b = [
            amplitude * (up - down * c + slope),
            sign * 2.0 * amplitude * (down - up * c),
            amplitude * (up - down * c - slope),
        ]
        a = [up + down * c + slope, sign * -2.0 * (down + up * c), up + down * c - slope]
    section: Array = np.array([*b, *a]) / a[0]
    return section
