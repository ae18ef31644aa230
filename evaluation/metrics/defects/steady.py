"""What stays the same all along: an offset, and noise below the music.

The noise floor is a minimum statistic: of each frequency the power that a tenth of the time stays
below, summed over all. Noise that sounds alone for a while in each frequency is measured so, even
if the whole band is never free of music. The power of steady noise in a frequency has an
exponential distribution, whose tenth percentile lies 9.8 dB below the mean; the expected value of
the very rank that is taken is made good, so that noise alone reads as its own level. Music that
never pauses in a frequency reads as noise there.
"""

import math

import torch
from torch import Tensor

from ..analysis import Analysis
from ..registry import Requires, UndefinedError, metric
from ..stft import Resolution, power, spectra
from .events import DEFECT

_SPAN_SECONDS = 0.093
_SHARE = 0.1
_FEWEST_FRAMES = 10
_LOWEST_HZ = 20.0
_SILENCE_POWER = 1e-12


@metric(unit="FS", better="zero", group="defects", requires=DEFECT)
def dc_offset(analysis: Analysis) -> Tensor:
    """Offset of the channel that has the largest: its mean under a Hann window."""
    steps = torch.arange(analysis.samples, dtype=torch.float64, device=analysis.audio.device)
    # Without the window, half a period of bass at the end would look like an offset.
    window = torch.sin(math.pi * (steps + 0.5) / max(analysis.samples, 1)).square()
    means = (analysis.audio.double() * window).sum(dim=-1) / window.sum()
    largest = means.abs().argmax(dim=1, keepdim=True)
    return means.gather(1, largest).squeeze(1)


@metric(unit="dBFS", better="lower", group="defects", requires=Requires(nan="silent"))
def noise_floor_db(analysis: Analysis) -> Tensor:
    """Level of what sounds beneath the music, from the quietest tenth of each frequency."""
    return _floor(analysis)


@metric(unit="dB", better="zero", group="defects", requires=Requires(nan="silent"))
def noise_floor_error_db(analysis: Analysis, reference: Analysis) -> Tensor:
    """Noise floor less that of the reference: positive where noise was added."""
    return _floor(analysis) - _floor(reference)


def _floor(analysis: Analysis) -> Tensor:
    return analysis.keep("noise_floor", lambda: _measured(analysis))


def _measured(analysis: Analysis) -> Tensor:
    rate = analysis.sample_rate
    fft = 2 * round(_SPAN_SECONDS * rate / 2)
    resolution = Resolution(fft, fft, fft)
    frames = resolution.frames(analysis.samples)
    # The mirrored ends have a kink that sounds.
    if frames < _FEWEST_FRAMES + 2:
        raise UndefinedError("too_short")
    pieces = [power(piece) for piece in spectra(analysis.audio, resolution)]
    powers = torch.cat(pieces, dim=2)[:, :, 1:-1].double()
    lowest = math.ceil(_LOWEST_HZ * fft / rate)
    # A sine at full scale has half of a power of one; a Hann window passes 3/8 of noise's power.
    powers = powers[..., lowest:] * (2 / (fft * 3 * fft / 8))
    found = []
    for item in powers:
        levels = [_of_channel(channel) for channel in item]
        sounding = [level for level in levels if level > 0]
        mean = sum(sounding) / len(sounding) if sounding else 0.0
        found.append(10 * math.log10(mean) if mean > 0 else math.nan)
    return torch.tensor(found, dtype=torch.float64)


def _of_channel(powers: Tensor) -> float:
    """The power of the floor of one channel, frames of digital silence left out; 0 for none."""
    heard = powers[powers.sum(dim=1) > _SILENCE_POWER]
    if len(heard) < _FEWEST_FRAMES:
        return 0.0
    frames, rank = len(heard), max(1, round(_SHARE * len(heard)))
    quiet = heard.kthvalue(rank, dim=0).values
    # Of n exponential variables with a mean of 1, what the k-th smallest is expected to be.
    expected = sum(1 / (frames - one) for one in range(rank))
    return float(quiet.sum()) / expected
