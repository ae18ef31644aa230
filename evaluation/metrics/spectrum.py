"""Distances between short-time spectra: multi-resolution STFT, log-mel, mel-cepstral.

Multi-resolution STFT (Yamamoto et al., "Parallel WaveGAN", 2020): with X the magnitudes of the
render and Y those of the reference, of all channels, clamped at sqrt(eps),

    sum over resolutions of ( ||Y - X|| / ||Y|| + mean |ln X - ln Y| ) / number of resolutions,

per item (auraloss takes one ratio over a whole batch; with a batch of one they are equal). The
preset is part of the metric's name. Traps: it does not see polarity; a delay of one sample costs
something though nobody hears it; digital silence in one of the two is as far away as eps says.

The stereo distance is that of L + R plus that of L - R, as Steinmetz et al. ("Automatic multitrack
mixing with a differentiable mixing console of neural audio effects", 2021) train with: twice
auraloss's ``SumAndDifferenceSTFTLoss``, which halves the sum.

Mel distances take power in Slaney bands, with eps added after the bands are summed: 1e-12 is
about -90 dBFS in a band 2 kHz wide, and it decides how far digital silence is from the rest.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import torch
from torch import Tensor

from ...models.audio.loudness import SILENCE
from .analysis import Analysis
from .registry import Requires, UndefinedError, metric
from .stft import Resolution

Preset = Literal["auraloss", "music"]

PRESETS: dict[str, tuple[Resolution, ...]] = {
    "auraloss": (
        Resolution(1024, 120, 600),
        Resolution(2048, 240, 1200),
        Resolution(512, 50, 240),
    ),
    "music": tuple(Resolution(fft, fft // 4, fft) for fft in (1024, 2048, 8192)),
}
"""The resolutions of each preset; ``auraloss`` are that library's defaults."""


@dataclass(frozen=True)
class _Sums:
    """Of each channel, ``(batch, channels)`` in float64, over all frames and bins."""

    error: Tensor
    energy: Tensor
    log_error: Tensor
    count: int

    def distance(self, channels: slice) -> Tensor:
        """Spectral convergence plus log magnitude distance of some channels, ``(batch,)``."""
        error, energy = (one[:, channels].sum(dim=1) for one in (self.error, self.energy))
        return (error / energy).sqrt() + self.log_error[:, channels].mean(dim=1) / self.count


@metric(better="lower", default=True)
def mrstft_auraloss(analysis: Analysis, reference: Analysis, eps: float = 1e-8) -> Tensor:
    """Multi-resolution STFT distance, transforms of 1024, 2048, 512 (auraloss's default)."""
    # mrstft_sum_diff needs the same transforms: for stereo, one pass yields both.
    return _mean_distance(analysis, reference, "auraloss", eps, slice(0, analysis.channels))


@metric(better="lower", default=True)
def mrstft_music(analysis: Analysis, reference: Analysis, eps: float = 1e-8) -> Tensor:
    """Multi-resolution STFT distance, transforms of 1024, 2048, 8192 with hops of a quarter."""
    return _mean_distance(analysis, reference, "music", eps, slice(0, analysis.channels))


@metric(better="lower", default=True, requires=Requires(channels=2, nan="mono_reference"))
def mrstft_sum_diff(
    analysis: Analysis, reference: Analysis, preset: str = "auraloss", eps: float = 1e-8
) -> Tensor:
    """Stereo distance: multi-resolution STFT of L + R plus that of L - R."""
    left, right = reference.audio.unbind(dim=1)
    stereo = torch.stack([left + right, left - right]).abs().amax(dim=-1).amin(dim=0) > SILENCE
    both = [_mean_distance(analysis, reference, preset, eps, slice(at, at + 1)) for at in (2, 3)]
    return torch.where(stereo.cpu(), both[0] + both[1], math.nan)


@metric(unit="dB", better="lower", default=True)
def logmel_db(
    analysis: Analysis,
    reference: Analysis,
    n_fft: int = 2048,
    n_mels: int = 128,
    eps: float = 1e-12,
) -> Tensor:
    """Mean absolute difference of the levels of mel bands."""
    render, target = _mel_powers(analysis, reference, n_fft, n_mels)
    difference = torch.log10((render + eps) / (target + eps)).abs()
    return 10 * difference.mean(dim=(1, 2, 3), dtype=torch.float64)


@metric(unit="dB", better="lower", default=True)
def mcd_k25(
    analysis: Analysis,
    reference: Analysis,
    coefficients: int = 25,
    n_fft: int = 2048,
    n_mels: int = 128,
    eps: float = 1e-12,
) -> Tensor:
    """Mel-cepstral distance over coefficients 1 to 25 (Kubichek, 1993).

    10 sqrt(2) / ln 10 times the norm of the difference of the cepstra, averaged over frames and
    channels; a cepstrum is the orthonormal DCT-II of the natural logarithms of mel powers, c0 left
    out, so that gain alone costs nothing.
    """
    render, target = _mel_powers(analysis, reference, n_fft, n_mels)
    # The DCT is linear: one of the difference of the logarithms does.
    cepstra = torch.log((render + eps) / (target + eps)) @ _dct(n_mels, coefficients).to(render)
    norms: Tensor = torch.linalg.vector_norm(cepstra, dim=-1)
    distance: Tensor = norms.mean(dim=(1, 2), dtype=torch.float64)
    return 10 * math.sqrt(2) / math.log(10) * distance


def _mel_powers(
    analysis: Analysis, reference: Analysis, n_fft: int, n_mels: int
) -> tuple[Tensor, Tensor]:
    render = analysis.mel_power(n_fft, n_mels)
    if render.shape[2] == 0:
        raise UndefinedError("too_short")
    return render, reference.mel_power(n_fft, n_mels)


@lru_cache(maxsize=4)
def _dct(size: int, coefficients: int) -> Tensor:
    """Columns 1 to ``coefficients`` of the orthonormal DCT-II, ``(size, coefficients)``."""
    if not 0 < coefficients < size:
        raise ValueError(f"{coefficients} coefficients of {size} mel bands; choose 1 to {size - 1}")
    place = torch.arange(size, dtype=torch.float64)[:, None] + 0.5
    order = torch.arange(1, coefficients + 1, dtype=torch.float64)
    table: Tensor = torch.cos(math.pi / size * place * order)
    return table * math.sqrt(2 / size)


def _mean_distance(
    analysis: Analysis, reference: Analysis, preset: str, eps: float, channels: slice
) -> Tensor:
    if preset not in PRESETS:
        raise ValueError(f"unknown preset {preset!r}; choose from {', '.join(PRESETS)}")
    resolutions = PRESETS[preset]
    if any(one.frames(analysis.samples) == 0 for one in resolutions):
        raise UndefinedError("too_short")
    stereo = analysis.channels == 2 and (preset == "auraloss" or channels.start > 1)
    found = [_sums(analysis, reference, one, eps, stereo=stereo) for one in resolutions]
    distances: Tensor = torch.stack([one.distance(channels) for one in found])
    return distances.mean(dim=0)


def _sums(
    analysis: Analysis, reference: Analysis, resolution: Resolution, eps: float, *, stereo: bool
) -> _Sums:
    return analysis.keep(
        ("stft", reference, resolution, eps, stereo),
        lambda: _summed(analysis, reference, resolution, eps, stereo=stereo),
    )


def _summed(
    analysis: Analysis, reference: Analysis, resolution: Resolution, eps: float, *, stereo: bool
) -> _Sums:
    error = energy = log_error = torch.zeros((), dtype=torch.float64)
    renders = analysis.magnitudes(resolution, eps, stereo=stereo, keep=False)
    targets = reference.magnitudes(resolution, eps, stereo=stereo, keep=True)
    for render, target in zip(renders, targets, strict=True):
        over = (2, 3)
        log_error = log_error + (render / target).log_().abs_().sum(over, dtype=torch.float64)
        error = error + (target - render).square_().sum(over, dtype=torch.float64)
        energy = energy + target.square().sum(over, dtype=torch.float64)
    count = resolution.frames(analysis.samples) * resolution.bins
    return _Sums(error.cpu(), energy.cpu(), log_error.cpu(), count)
