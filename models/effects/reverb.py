"""An artificial room of decaying noise, with gradients for training and for rendering alike.

The impulse response is fixed noise of two kinds, a small bright room that answers after 5 ms and a
large dark hall that answers after 25 ms, mixed by ``room``, under an exponential decay that falls
by 60 dB in the decay time. Left and right are independent. Whatever the settings, the response has
unit energy, so that the level of the reverberation is set by its wet gain alone.

Source of the shape: J. A. Moorer, "About this reverberation business", Computer Music Journal
3(2), 1979.
"""

import functools
import math
from dataclasses import dataclass

import numpy as np
import scipy.signal
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from .equalizer import Band, equalise

Array = NDArray[np.float64]

LONGEST_SECONDS = 3.0
_ROOM, _HALL = (0.005, 9_000.0), (0.025, 3_500.0)
_SEED = 5


@dataclass(frozen=True)
class ReverbSettings:
    """Of a batch, ``(batch,)``: ``room`` from 0 (small, bright) to 1 (large, dark), the decay time
    in seconds (at most 3), and the linear gains of the dry and the reverberant sound.
    """

    room: Tensor
    decay_seconds: Tensor
    dry: Tensor
    wet: Tensor


def reverberant(mono: Tensor, sample_rate: int, settings: ReverbSettings) -> Tensor:
    """The wet sound of ``(batch, samples)``, ``(batch, 2, samples)``; differentiable."""
    samples = mono.shape[-1]
    heard = min(samples, round(LONGEST_SECONDS * sample_rate))
    responses = impulse_response(settings.room, settings.decay_seconds, sample_rate)[..., :heard]
    size = 1 << (samples + heard - 1).bit_length()
    spectrum = torch.fft.rfft(mono, size).unsqueeze(1)
    wet = torch.fft.irfft(spectrum * torch.fft.rfft(responses.to(mono.dtype), size), size)
    out: Tensor = settings.wet.to(mono.dtype)[:, None, None] * wet[..., :samples]
    return out


def reverberate(mono: ArrayLike, sample_rate: int, room: float, decay_seconds: float) -> Array:
    """The wet sound of a whole stem ``(samples,)`` at gain 1, float64 ``(2, samples)``."""
    x = np.asarray(mono, dtype=np.float64)
    settings = torch.tensor([[room], [decay_seconds]], dtype=torch.float64)
    response = impulse_response(settings[0], settings[1], sample_rate)[0].numpy()
    wet = scipy.signal.oaconvolve(x[None], response[:, : max(len(x), 1)], axes=-1)
    return np.asarray(wet[:, : len(x)], dtype=np.float64)


def impulse_response(room: Tensor, decay_seconds: Tensor, sample_rate: int) -> Tensor:
    """Of a batch ``(batch,)``, float64 ``(batch, 2, samples)`` of three seconds."""
    small, large = (noise.to(room.device) for noise in _noises(sample_rate))
    mixed = (1 - room.double())[:, None, None] * small + room.double()[:, None, None] * large
    time = torch.arange(mixed.shape[-1], dtype=torch.float64, device=room.device) / sample_rate
    falling = torch.exp(-math.log(1000) * time / decay_seconds.double()[:, None])
    shaped = mixed * falling.unsqueeze(1)
    return shaped / shaped.square().sum(dim=(-2, -1), keepdim=True).mul(0.5).sqrt()


@functools.lru_cache(maxsize=4)
def _noises(sample_rate: int) -> tuple[Tensor, Tensor]:
    generator = np.random.default_rng(_SEED)
    samples = round(LONGEST_SECONDS * sample_rate)
    made = []
    for delay, brightness in (_ROOM, _HALL):
        noise = generator.standard_normal((2, samples))
        bands = [Band("high_pass", 120.0), Band("low_pass", min(brightness, 0.4 * sample_rate))]
        noise = equalise(noise, sample_rate, bands)
        noise[:, : round(delay * sample_rate)] = 0.0
        made.append(noise / noise.std())
    # Made once and kept: were they made in inference mode, training could not use them.
    with torch.inference_mode(mode=False):
        return torch.from_numpy(made[0]), torch.from_numpy(made[1])
