"""Test tones, each as two equal channels ``(2, samples)``; peaks in dBFS."""

import math

import torch
from torch import Tensor

TONE_HZ = 997.0
LOW_HZ, HIGH_HZ = 60.0, 7000.0
LEVELS_DBFS = (-40.0, -30.0, -20.0, -12.0, -6.0, -3.0)
STEP_SECONDS = 0.6


def tone(samples: int, rate: int, peak_dbfs: float) -> Tensor:
    """A sine of 997 Hz."""
    return _stereo(10 ** (peak_dbfs / 20) * _sine(samples, rate, TONE_HZ))


def two_tones(samples: int, rate: int, peak_dbfs: float) -> Tensor:
    """60 Hz and 7 kHz in the ratio 4 to 1, as SMPTE RP 120 has them."""
    both = 0.8 * _sine(samples, rate, LOW_HZ) + 0.2 * _sine(samples, rate, HIGH_HZ)
    return _stereo(10 ** (peak_dbfs / 20) * both)


def rising_tone(rate: int) -> Tensor:
    """A sine of 997 Hz that steps up through the levels, 0.6 s each."""
    step = round(STEP_SECONDS * rate)
    gains = torch.tensor([10 ** (level / 20) for level in LEVELS_DBFS], dtype=torch.float64)
    steps = gains.repeat_interleave(step)
    return _stereo(steps * _sine(len(steps), rate, TONE_HZ))


def _sine(samples: int, rate: int, hertz: float) -> Tensor:
    return torch.sin(2 * math.pi * hertz / rate * torch.arange(samples, dtype=torch.float64))


def _stereo(wave: Tensor) -> Tensor:
    return wave.float().expand(2, -1).clone()
