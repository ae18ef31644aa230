"""How far up the audio reaches: a file at 8 kHz is no master, however well its low half matches.

The long-term power density of all channels is compared with what the dither of 16 bits leaves: two
uniform values of one step each (TPDF) beside the rounding, 3/12 of a step's square over the band.
What stands above it ends at a cliff where it falls by 40 dB within half an octave to within 30 dB
of the dither and stays there: resampling and lossy codecs do so, which leave faint images beyond.
Dither that is shaped to lie at the top can hide such an edge.

Two signals are compared after their levels are matched, by the higher of their two floors: else the
softer of two equal ones would seem to reach less far.
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
_FAINT = 1e3  # 30 dB above the dither, below which what lies beyond a cliff may be an image
_BELOW, _BEYOND = 0.8, 1.1  # of a frequency, where a cliff is looked for
_EDGE = 1e-3  # -30 dB: where on the cliff the edge is
# A Hann window of n samples multiplies the power of noise by 3n/8 in each bin.
_FLOOR = _ABOVE_DITHER * (3 / 12) * _STEP**2 * 3 * _FFT / 8


@metric(unit="Hz", default=True, batched=True)
def bandwidth_hz(analysis: Analysis) -> Tensor:
    """The highest frequency that stands above the dither of 16 bits, below any cliff."""
    return _hertz(analysis, [_edge(one, _FLOOR) for one in _densities(analysis).numpy()])


@metric(unit="Hz", better="zero", default=True, variants=("raw",), batched=True)
def bandwidth_error_hz(analysis: Analysis, reference: Analysis) -> Tensor:
    """Bandwidth less that of the reference at equal levels: negative where the top is missing."""
    render, target = bandwidths(analysis, reference)
    return render - target


def bandwidths(analysis: Analysis, reference: Analysis) -> tuple[Tensor, Tensor]:
    """The bandwidths of two signals ``(batch,)`` in Hz, by a floor that is the same for both."""
    render, target = (_densities(one).numpy() for one in (analysis, reference))
    target = np.broadcast_to(target, render.shape)
    floors = []
    for one, other in zip(render, target, strict=True):
        gain = float(other.sum() / one.sum()) if one.sum() > 0 < other.sum() else 1.0
        floors.append(
            (_FLOOR * max(1.0, 1 / gain) if gain > 0 else _FLOOR, _FLOOR * max(1.0, gain))
        )
    return (
        _hertz(analysis, [_edge(x, floor) for x, (floor, _) in zip(render, floors, strict=True)]),
        _hertz(reference, [_edge(x, floor) for x, (_, floor) in zip(target, floors, strict=True)]),
    )


def _hertz(analysis: Analysis, bins: "list[int | None]") -> Tensor:
    hertz = [math.nan if at is None else at * analysis.sample_rate / _FFT for at in bins]
    return torch.tensor(hertz, dtype=torch.float64)


def _densities(analysis: Analysis) -> Tensor:
    """Mean power of each bin over time and channels, ``(batch, bins)`` in float64."""
    return analysis.keep("densities", lambda: _measured(analysis))


def _measured(analysis: Analysis) -> Tensor:
    resolution = Resolution(_FFT, _FFT, _FFT)
    if resolution.frames(analysis.samples) == 0:
        raise UndefinedError("too_short")
    total = torch.zeros(
        (len(analysis.audio), resolution.bins), dtype=torch.float64, device=analysis.audio.device
    )
    wanted, at = _inner(resolution.frames(analysis.samples)), 0
    for piece in spectra(analysis.audio, resolution):
        first, last = (min(max(one - at, 0), piece.shape[2]) for one in wanted)
        found = power(piece[:, :, first:last])
        total = total + found.sum(dim=(1, 2), dtype=torch.float64)
        at += piece.shape[2]
    return total.cpu() / ((wanted[1] - wanted[0]) * analysis.channels)


def _inner(frames: int) -> tuple[int, int]:
    """All frames but those at the ends, where the mirrored audio has a kink that sounds."""
    return (1, frames - 1) if frames > 2 else (0, frames)


def _edge(density: "np.typing.NDArray[np.float64]", floor: float) -> int | None:
    """The last bin of what is heard; None where nothing stands above the floor."""
    padded = np.pad(density, _BINS // 2, mode="edge")
    smooth = np.convolve(padded, np.full(_BINS, 1 / _BINS), mode="valid")
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
        if near > floor and rest[beyond] < min(_CLIFF * near, _FAINT * floor):
            heard = np.flatnonzero(smooth[:beyond] > max(floor, _EDGE * near))
            return int(heard[-1])
    return last
