"""Resampling by two through a windowed sinc, as networks of others have it inside.

The filter is sinc times cos^2 over 24 zero crossings each way, cut off at .945 of the lower half
rate, and each phase sums to 1; the ends of the audio are held. That is what the package julius
does, whose numbers the weights of Demucs are trained with.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

_CROSSINGS, _ROLLOFF = 24, 0.945


def doubled(audio: Tensor) -> Tensor:
    """``(batch, channels, samples)`` at twice the rate, with twice as many samples."""
    return _resampled(audio, 1, 2)


def halved(audio: Tensor) -> Tensor:
    """``(batch, channels, samples)`` at half the rate, with half as many samples, rounded down."""
    return _resampled(audio, 2, 1)


def _resampled(audio: Tensor, before: int, after: int) -> Tensor:
    rate = min(before, after) * _ROLLOFF
    width = math.ceil(_CROSSINGS * before / rate)
    places = torch.arange(-width, width + before, dtype=torch.float32) / before
    phases = []
    for phase in range(after):
        t = ((places - phase / after) * rate).clamp(-_CROSSINGS, _CROSSINGS)
        taps = torch.sinc(t) * (math.pi * t / (2 * _CROSSINGS)).cos().square()
        phases.append(taps / taps.sum())
    batch, channels, samples = audio.shape
    padded = F.pad(
        audio.reshape(batch * channels, 1, samples), (width, width + before), "replicate"
    )
    kernel = torch.stack(phases).to(audio)[:, None]
    out = F.conv1d(padded, kernel, stride=before).transpose(1, 2)
    return out.reshape(batch, channels, -1)[..., : samples * after // before]
