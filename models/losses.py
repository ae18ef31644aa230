"""What training minimises: spectra of left, right, mid and side, waveform, loudness.

* MR-STFT (Yamamoto et al., "Parallel WaveGAN", 2020; auraloss): for each resolution the spectral
  convergence ``||Y| - |X|| / |Y|`` and the mean of ``|ln|Y| - ln|X||``, averaged over resolutions.
  It hears no polarity and hardly any phase; taken of mid and side too it hears the stereo image.
* L1 of the waveform holds the polarity and the timing.
* The difference of K-weighted level in dB holds the loudness.

Each is computed per item of a batch, so that the mean over a batch is the mean over songs.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from .loudness import k_weighted

# (FFT size, hop, window): the preset "music", whose longest window resolves the bass.
RESOLUTIONS = ((1024, 256, 1024), (2048, 512, 2048), (8192, 2048, 8192))
_FLOOR = 1e-8


@dataclass(frozen=True)
class Losses:
    """The parts of a loss, each the mean over the batch, and their weighted sum."""

    total: Tensor
    mrstft: Tensor
    l1: Tensor
    loudness_db: Tensor


def mastering_loss(
    audio: Tensor, target: Tensor, sample_rate: int, weights: tuple[float, float, float]
) -> Losses:
    """The loss of ``(batch, channels, samples)``; weights are those of MR-STFT, L1 and loudness."""
    mrstft = mrstft_distance(audio, target).mean()
    l1 = (audio - target).abs().mean()
    loudness = loudness_distance_db(audio, target, sample_rate).mean()
    parts = (mrstft, l1, loudness)
    total = torch.stack([w * part for w, part in zip(weights, parts, strict=True)]).sum()
    return Losses(total, *parts)


def mrstft_distance(
    audio: Tensor, target: Tensor, resolutions: Sequence[tuple[int, int, int]] = RESOLUTIONS
) -> Tensor:
    """MR-STFT of ``(batch, channels, samples)`` to ``(batch,)``.

    Stereo is compared as left, right, mid and side, each a signal of its own, and averaged.
    """
    distances = [_stft_distance(audio, target, *one) for one in resolutions]
    return torch.stack(distances).mean(dim=0)


def loudness_distance_db(audio: Tensor, target: Tensor, sample_rate: int) -> Tensor:
    """The absolute difference of K-weighted, ungated level in dB, ``(batch,)``."""
    return (_level_db(audio, sample_rate) - _level_db(target, sample_rate)).abs()


def _stft_distance(audio: Tensor, target: Tensor, size: int, hop: int, window: int) -> Tensor:
    got, wanted = (_magnitudes(one, size, hop, window) for one in (audio, target))
    error = torch.linalg.vector_norm(wanted - got, dim=(-2, -1))
    norm = torch.linalg.vector_norm(wanted, dim=(-2, -1))
    # The side of a nearly mono song is next to nothing, and must not outweigh all else.
    least = 0.03 * norm.amax(dim=-1, keepdim=True)
    convergence = error / torch.maximum(norm, least).clamp(min=math.sqrt(_FLOOR))
    logarithmic = (wanted.log() - got.log()).abs().mean(dim=(-2, -1))
    distance: Tensor = (convergence + logarithmic).mean(dim=-1)
    return distance


def _magnitudes(audio: Tensor, size: int, hop: int, window: int) -> Tensor:
    """``(batch, signals, bins, frames)``; mid and side come from the spectra of left and right."""
    flat = audio.reshape(-1, audio.shape[-1])
    spectrum = torch.stft(
        flat, size, hop, window, _hann(window, audio.device), return_complex=True
    ).reshape(*audio.shape[:-1], size // 2 + 1, -1)
    if audio.shape[-2] == 2:
        left, right = spectrum[:, :1], spectrum[:, 1:]
        half = math.sqrt(0.5)
        spectrum = torch.cat([left, right, half * (left + right), half * (left - right)], dim=1)
    power = spectrum.real.square() + spectrum.imag.square()
    magnitudes: Tensor = power.clamp(min=_FLOOR).sqrt()
    return magnitudes


def _level_db(audio: Tensor, sample_rate: int) -> Tensor:
    power = k_weighted(audio, sample_rate).square().mean(dim=-1).sum(dim=-1)
    return 10 * torch.log10(power + 1e-9)


@lru_cache(maxsize=16)
def _hann(samples: int, device: torch.device) -> Tensor:
    # Made once and kept: were it made in inference mode, training could not use it.
    with torch.inference_mode(mode=False):
        return torch.hann_window(samples, device=device)
