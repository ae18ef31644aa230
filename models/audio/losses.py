"""What training minimises: spectra of left, right, mid and side, waveform, loudness.

* MR-STFT (Yamamoto et al., "Parallel WaveGAN", 2020; auraloss): for each resolution the spectral
  convergence ``||Y| - |X|| / |Y|`` and the mean of ``|ln|Y| - ln|X||``, averaged over resolutions.
  It hears no polarity and hardly any phase; taken of mid and side too it hears the stereo image.
* L1 of the waveform holds the polarity and the timing.
* The difference of K-weighted level in dB (ITU-R BS.1770, ungated: a crop is shorter than what a
  gate decides about) holds the loudness.
* Mean squared error, error to signal ratio and A-weighted L1 are there for recipes that were
  published with them.
* Any loss of auraloss by name (:mod:`.library_losses`).

Each is computed per item of a batch, so that the mean over a batch is the mean over songs. Give
float32, whatever the network computed in.
"""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from .library_losses import LibraryLoss
from .loudness import k_weighted

# (FFT size, hop, window): the preset "music", whose longest window resolves the bass.
RESOLUTIONS = ((1024, 256, 1024), (2048, 512, 2048), (8192, 2048, 8192))
PARTS = ("mrstft", "l1", "mse", "esr", "a_weighted_l1", "loudness")
_FLOOR = 1e-8
# A power below which a target counts as silent: -60 dB of full scale.
_SILENT = 1e-6
# The slowest poles of the A-weighting, at 20.6 Hz, have died away within this time.
_A_MEMORY_SECONDS = 0.15


@dataclass(frozen=True)
class Objective:
    """What is minimised: weights by the names of ``PARTS``, the (FFT size, hop, window) of
    ``mrstft``, losses of auraloss with their own weights.
    """

    weights: Mapping[str, float]
    resolutions: Sequence[tuple[int, int, int]] = RESOLUTIONS
    library: Sequence[LibraryLoss] = ()


@dataclass(frozen=True)
class Losses:
    """The weighted sum of a loss, and its parts by name, each the mean over the batch."""

    total: Tensor
    parts: Mapping[str, Tensor]

    def values(self) -> dict[str, float]:
        """``loss`` and each part as numbers."""
        return {"loss": self.total.item()} | {name: one.item() for name, one in self.parts.items()}


def training_loss(
    audio: Tensor,
    target: Tensor,
    sample_rate: int,
    objective: Objective,
    also: Collection[str] = (),
) -> Losses:
    """The loss of ``(batch, channels, samples)``: the parts of ``objective`` that have a weight.

    The parts named by ``also`` are measured too, whatever their weight, to be looked at.
    """
    weights = objective.weights
    functions: dict[str, Callable[[], Tensor]] = {
        "mrstft": lambda: mrstft_distance(audio, target, objective.resolutions),
        "l1": lambda: (audio - target).abs().mean(dim=(-2, -1)),
        "mse": lambda: (audio - target).square().mean(dim=(-2, -1)),
        "esr": lambda: error_to_signal(audio, target),
        "a_weighted_l1": lambda: a_weighted_l1(audio, target, sample_rate),
        "loudness": lambda: loudness_distance_db(audio, target, sample_rate),
    }
    parts = {
        name: function().mean()
        for name, function in functions.items()
        if weights.get(name, 0.0) > 0 or name in also
    }
    weighted = [weights.get(name, 0.0) * part for name, part in parts.items()]
    for one in objective.library:
        if one.weight > 0:
            parts[one.label] = one(audio, target, sample_rate).mean()
            weighted.append(one.weight * parts[one.label])
    return Losses(sum(weighted, audio.new_zeros(())), parts)


def error_to_signal(audio: Tensor, target: Tensor) -> Tensor:
    """Energy of the error over that of the target, ``(batch,)``.

    A target below -60 dB counts as one of -60 dB.
    """
    energy = target.square().mean(dim=(-2, -1)).clamp(min=_SILENT)
    return (audio - target).square().mean(dim=(-2, -1)) / energy


def a_weighted_l1(audio: Tensor, target: Tensor, sample_rate: int) -> Tensor:
    """Mean absolute error of the waveform after A-weighting without its phase, ``(batch,)``."""
    samples = audio.shape[-1]
    # Silence between the end and the beginning, which the transform joins.
    size = 1 << (samples + 2 * round(_A_MEMORY_SECONDS * sample_rate) - 1).bit_length()
    gains = _a_weights(size, sample_rate, audio.device)
    error: Tensor = torch.fft.irfft(torch.fft.rfft(audio - target, size) * gains, size)
    return error[..., :samples].abs().mean(dim=(-2, -1))


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
def _a_weights(size: int, sample_rate: int, device: torch.device) -> Tensor:
    with torch.inference_mode(mode=False):
        frequencies = torch.fft.rfftfreq(size, 1 / sample_rate, dtype=torch.float64)
        return a_weighting(frequencies).float().to(device)
