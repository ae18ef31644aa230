"""What training minimises: spectra of left, right, mid and side, waveform, loudness.

* MR-STFT (Yamamoto et al., "Parallel WaveGAN", 2020; auraloss): for each resolution the spectral
  convergence ``||Y| - |X|| / |Y|`` and the mean of ``|ln|Y| - ln|X||``, averaged over resolutions.
  It hears no polarity and hardly any phase; taken of mid and side too it hears the stereo image.
* L1 of the waveform holds the polarity and the timing.
* The difference of K-weighted level in dB holds the loudness.
* Mean squared error, error to signal ratio and A-weighted L1 are there for recipes that were
  published with them.

Each is computed per item of a batch, so that the mean over a batch is the mean over songs.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from .loudness import k_weighted

# (FFT size, hop, window): the preset "music", whose longest window resolves the bass.
RESOLUTIONS = ((1024, 256, 1024), (2048, 512, 2048), (8192, 2048, 8192))
PARTS = ("mrstft", "l1", "mse", "esr", "a_weighted_l1", "loudness")
ALWAYS = ("mrstft", "l1", "loudness")
_FLOOR = 1e-8


@dataclass(frozen=True)
class Losses:
    """The weighted sum of a loss, and its parts by name, each the mean over the batch."""

    total: Tensor
    parts: Mapping[str, Tensor]


def training_loss(
    audio: Tensor,
    target: Tensor,
    sample_rate: int,
    weights: Mapping[str, float],
    resolutions: Sequence[tuple[int, int, int]] = RESOLUTIONS,
) -> Losses:
    """The loss of ``(batch, channels, samples)``: a weight for each of :data:`PARTS` that counts.

    MR-STFT, L1 and loudness are among the parts whatever their weight, to be looked at.
    """
    functions: dict[str, Callable[[], Tensor]] = {
        "mrstft": lambda: mrstft_distance(audio, target, resolutions),
        "l1": lambda: (audio - target).abs().mean(dim=(-2, -1)),
        "mse": lambda: (audio - target).square().mean(dim=(-2, -1)),
        "esr": lambda: error_to_signal(audio, target),
        "a_weighted_l1": lambda: a_weighted_l1(audio, target, sample_rate),
        "loudness": lambda: loudness_distance_db(audio, target, sample_rate),
    }
    parts = {}
    for name, function in functions.items():
        if weights.get(name) or name in ALWAYS:
            # A part that is only looked at costs no gradient.
            with torch.set_grad_enabled(torch.is_grad_enabled() and bool(weights.get(name))):
                parts[name] = function().mean()
    total = torch.stack([weights.get(name, 0.0) * part for name, part in parts.items()]).sum()
    return Losses(total, parts)


def error_to_signal(audio: Tensor, target: Tensor) -> Tensor:
    """Energy of the error over that of the target, ``(batch,)``."""
    error = (audio - target).square().sum(dim=(-2, -1))
    return error / target.square().sum(dim=(-2, -1)).clamp(min=_FLOOR)


def a_weighted_l1(audio: Tensor, target: Tensor, sample_rate: int) -> Tensor:
    """Mean absolute A-weighted error of the waveform, ``(batch,)``."""
    samples = audio.shape[-1]
    gains = _a_weights(samples, sample_rate, audio.device)
    error: Tensor = torch.fft.irfft(torch.fft.rfft(audio - target) * gains, samples)
    return error.abs().mean(dim=(-2, -1))


def a_weighting(frequencies: Tensor) -> Tensor:
    """Gain of the A-weighting of IEC 61672-1 at frequencies in Hz; 1 at 1 kHz."""
    square = frequencies.square()
    f1, f2, f3, f4 = (value**2 for value in (20.598997, 107.65265, 737.86223, 12194.217))
    gain = f4 * square.square() / ((square + f1) * (square + f4))
    return 10 ** (2.0 / 20) * gain / ((square + f2) * (square + f3)).sqrt()


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


@lru_cache(maxsize=16)
def _a_weights(samples: int, sample_rate: int, device: torch.device) -> Tensor:
    with torch.inference_mode(mode=False):
        frequencies = torch.fft.rfftfreq(samples, 1 / sample_rate, dtype=torch.float64)
        return a_weighting(frequencies).float().to(device)
