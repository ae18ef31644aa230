"""How far up the audio reaches: a file at 8 kHz is no master, however well its low half matches.

The long-term power density of all channels is compared with what the dither of 16 bits leaves: two
uniform values of one step each (TPDF) beside the rounding, 3/12 of a step's square over the band.
What stands above it ends at a cliff where it falls by 40 dB within half an octave and stays there:
no music does, but resampling and lossy codecs do, which leave images beyond.
"""

import math

import numpy as np
import torch
from torch import Tensor

from .analysis import Analysis
from .registry import UndefinedError, metric
from .stft import Resolution, power, spectra

_FFT = 4096
_BINS = 9  # that are averaged: the power of noise in one bin of a short sound varies too much
_STEP = 2.0**-15  # of 16 bits
_ABOVE_DITHER = 2.0  # 3 dB
_CLIFF = 1e-4  # -40 dB
_BELOW, _BEYOND = 0.8, 1.1  # of a frequency, where a cliff is looked for
_EDGE = 1e-3  # -30 dB: where on the cliff the edge is


@metric(unit="Hz", default=True)
def bandwidth_hz(analysis: Analysis) -> Tensor:
    """The highest frequency that stands above the dither of 16 bits, below any cliff."""
    return _bandwidth(analysis)


@metric(unit="Hz", better="zero", default=True, variants=("raw",))
def bandwidth_error_hz(analysis: Analysis, reference: Analysis) -> Tensor:
    """Bandwidth less that of the reference: negative where the render lacks the top."""
    return _bandwidth(analysis) - _bandwidth(reference)


def _bandwidth(analysis: Analysis) -> Tensor:
    return analysis.keep("bandwidth", lambda: _measured(analysis))


def _measured(analysis: Analysis) -> Tensor:
    densities = _densities(analysis)
    bins = [_edge(one) for one in densities.numpy()]
    hertz = [math.nan if at is None else at * analysis.sample_rate / _FFT for at in bins]
    return torch.tensor(hertz, dtype=torch.float64)


def _densities(analysis: Analysis) -> Tensor:
    """Mean power of each bin over time and channels, ``(batch, bins)`` in float64."""
    resolution = Resolution(_FFT, _FFT, _FFT)
    if resolution.frames(analysis.samples) == 0:
        raise UndefinedError("too_short")
    total = torch.zeros((len(analysis.audio), resolution.bins), dtype=torch.float64)
    frames = 0
    for piece in spectra(analysis.audio, resolution):
        found = power(piece)
        total = total + found.sum(dim=(1, 2), dtype=torch.float64).cpu()
        frames += found.shape[2]
    return total / (frames * analysis.channels)


def _edge(density: "np.typing.NDArray[np.float64]") -> int | None:
    """The last bin of what is heard; None where nothing stands above the dither."""
    padded = np.pad(density, _BINS // 2, mode="edge")
    smooth = np.convolve(padded, np.full(_BINS, 1 / _BINS), mode="valid")
    # A Hann window of n samples multiplies the power of noise by 3n/8 in each bin.
    floor = _ABOVE_DITHER * (3 / 12) * _STEP**2 * 3 * _FFT / 8
    above = np.flatnonzero(smooth > floor)
    if not len(above):
        return None
    last = int(above[-1])
    # From each bin on, the loudest that is still to come.
    rest = np.maximum.accumulate(smooth[::-1])[::-1]
    for at in range(_BINS, last + 1):
        beyond = math.ceil(_BEYOND * at) + _BINS
        if beyond >= len(smooth):
            break
        near = smooth[math.floor(_BELOW * at) : at + 1].max()
        if near > floor and rest[beyond] < _CLIFF * near:
            heard = np.flatnonzero(smooth[:beyond] > max(floor, _EDGE * near))
            return int(heard[-1])
    return last
