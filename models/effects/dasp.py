"""The equaliser and the compressor of dasp-pytorch 0.0.1 (C. J. Steinmetz), number for number.

Networks that set dasp's processors are judged by what these make of their settings. Settings are
``(batch, settings)``, of 0 .. 1 before :func:`values_of` and in their units after it; audio is
``(batch, channels, samples)``. Everything is differentiable.

Faults of the original, which are kept because settings were learned with them. Both filters work on
spectra whose transform is the next power of two above twice the audio, so what rings longer comes
round again. The compressor hears the sum of its channels, and its release does nothing: level falls
as it rises, with the attack.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from .differentiable_eq import Bands, response
from .equalizer import BandKind

_KINDS: tuple[BandKind, ...] = ("low_shelf", "peak", "peak", "peak", "peak", "high_shelf")
_LEVEL_FLOOR = 1e-8
# The attack is the time from a tenth to nine tenths.
_RISE = math.log(9)


@dataclass(frozen=True)
class DaspSetting:
    """A setting of a processor by its name in dasp, with its range."""

    name: str
    minimum: float
    maximum: float


def _band(name: str, low: float, high: float) -> tuple[DaspSetting, DaspSetting, DaspSetting]:
    return (
        DaspSetting(f"{name}_gain_db", -20.0, 20.0),
        DaspSetting(f"{name}_cutoff_freq", low, high),
        DaspSetting(f"{name}_q_factor", 0.1, 6.0),
    )


# In hertz for audio at 44.1 kHz: the upper ends of the highest bands are half the rate less 1 kHz.
PARAMETRIC_EQ: tuple[DaspSetting, ...] = (
    *_band("low_shelf", 20.0, 2_000.0),
    *_band("band0", 80.0, 2_000.0),
    *_band("band1", 2_000.0, 8_000.0),
    *_band("band2", 8_000.0, 12_000.0),
    *_band("band3", 12_000.0, 21_050.0),
    *_band("high_shelf", 4_000.0, 21_050.0),
)
COMPRESSOR: tuple[DaspSetting, ...] = (
    DaspSetting("threshold_db", -60.0, 0.0),
    DaspSetting("ratio", 1.0, 20.0),
    DaspSetting("attack_ms", 5.0, 100.0),
    DaspSetting("release_ms", 5.0, 100.0),
    DaspSetting("knee_db", 0.0, 12.0),
    DaspSetting("makeup_gain_db", 0.0, 12.0),
)


def values_of(normalised: Tensor, settings: tuple[DaspSetting, ...]) -> Tensor:
    """``(batch, settings)`` of 0 .. 1 in their units, evenly."""
    low = normalised.new_tensor([one.minimum for one in settings])
    high = normalised.new_tensor([one.maximum for one in settings])
    return low + (high - low) * normalised


def parametric_eq(audio: Tensor, values: Tensor, sample_rate: int) -> Tensor:
    """Low shelf, four peaks and high shelf; ``values`` in the order of :data:`PARAMETRIC_EQ`."""
    gain_db, frequency, q = values.reshape(-1, len(_KINDS), 3).unbind(-1)
    size = _transform(audio)
    gains = response(Bands(_KINDS, frequency, gain_db, q), size, sample_rate)
    return _filtered(audio, gains.unsqueeze(1), size)


def compressor(audio: Tensor, values: Tensor, sample_rate: int) -> Tensor:
    """``values`` in the order of :data:`COMPRESSOR`; the release is read and does nothing."""
    threshold, ratio, attack, _, knee, makeup = values[:, :, None, None].unbind(1)
    level = audio.sum(dim=1, keepdim=True).abs().clamp(min=_LEVEL_FLOOR)
    level_db = 20 * level.log10()
    over = level_db - threshold
    slope = 1 / ratio - 1
    within = slope * (over + knee / 2).square() / (2 * knee.clamp(min=torch.finfo(knee.dtype).tiny))
    wanted = torch.where(over < -knee / 2, 0.0, torch.where(over > knee / 2, slope * over, within))
    pole = torch.exp(-_RISE / (sample_rate * attack / 1000))
    size = _transform(audio)
    turns = torch.linspace(0, torch.pi, size // 2 + 1, dtype=torch.float64, device=audio.device)
    gains = (1 - pole.double()) / (1 - pole.double() * torch.exp(-1j * turns))
    reduction_db = _filtered(wanted, gains, size)
    return audio * 10 ** ((reduction_db + makeup) / 20)


def _transform(audio: Tensor) -> int:
    return 1 << (2 * audio.shape[-1] - 2).bit_length()


def _filtered(audio: Tensor, gains: Tensor, size: int) -> Tensor:
    """Through ``gains`` of the bins of a transform of ``size``."""
    spectrum = torch.fft.rfft(audio, size)
    out: Tensor = torch.fft.irfft(spectrum * gains.to(spectrum.dtype), size)
    return out[..., : audio.shape[-1]]
