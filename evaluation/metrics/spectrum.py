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
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from ...models.audio.loudness import SILENCE
from .analysis import Analysis
from .registry import Requires, UndefinedError, metric
from .stft import (
    Resolution,
    frames_at_once,
    is_compiled,
    magnitudes_of,
    parts_of,
    planes_of,
    spectra,
)

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


@metric(better="lower", default=True, version=2, batched=True)
def mrstft_auraloss(analysis: Analysis, reference: Analysis, eps: float = 1e-8) -> Tensor:
    """Multi-resolution STFT distance, transforms of 1024, 2048, 512 (auraloss's default)."""
    return _mean_distance(analysis, reference, "auraloss", eps, slice(0, analysis.channels))


@metric(better="lower", default=True, version=2, batched=True)
def mrstft_music(analysis: Analysis, reference: Analysis, eps: float = 1e-8) -> Tensor:
    """Multi-resolution STFT distance, transforms of 1024, 2048, 8192 with hops of a quarter."""
    return _mean_distance(analysis, reference, "music", eps, slice(0, analysis.channels))


@metric(
    better="lower",
    default=True,
    version=2,
    requires=Requires(channels=2, nan="mono_reference"),
    batched=True,
)
def mrstft_sum_diff(
    analysis: Analysis, reference: Analysis, preset: str = "auraloss", eps: float = 1e-8
) -> Tensor:
    """Stereo distance: multi-resolution STFT of L + R plus that of L - R."""
    left, right = reference.audio.unbind(dim=1)
    stereo = torch.stack([left + right, left - right]).abs().amax(dim=-1).amin(dim=0) > SILENCE
    both = [_mean_distance(analysis, reference, preset, eps, slice(at, at + 1)) for at in (2, 3)]
    return torch.where(stereo, both[0] + both[1], math.nan)


@metric(unit="dB", better="lower", default=True, batched=True)
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


@metric(unit="dB", better="lower", default=True, batched=True)
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
    # The same transforms yield the channels and their sum and difference.
    stereo = channels.start > 1
    found = [_sums(analysis, reference, one, eps, stereo=stereo) for one in resolutions]
    distances: Tensor = torch.stack([one.distance(channels) for one in found])
    return distances.mean(dim=0)


def _sums(
    analysis: Analysis, reference: Analysis, resolution: Resolution, eps: float, *, stereo: bool
) -> _Sums:
    if not stereo and analysis.has(("stft", reference, resolution, eps, True)):
        stereo = True  # the channels come first in it
    return analysis.keep(
        ("stft", reference, resolution, eps, stereo),
        lambda: _summed(analysis, reference, resolution, eps, stereo=stereo),
    )


def _summed(
    analysis: Analysis, reference: Analysis, resolution: Resolution, eps: float, *, stereo: bool
) -> _Sums:
    add = _add_compiled if is_compiled(analysis.audio) else _add
    energies = ("stft energy", resolution, eps, stereo)
    wanted = not reference.has(energies)
    total = _Totals.of(analysis, reference, stereo=stereo)
    # All items meet a piece of the reference while it is in the cache.
    items = [analysis.audio]
    if add is _add_compiled:
        items = [item.unsqueeze(0) for item in analysis.audio]
    step = frames_at_once(items[0], resolution)
    renders = zip(*(spectra(item, resolution, step) for item in items), strict=True)
    targets = reference.magnitudes(resolution, eps, stereo=stereo, step=step)
    for spectrum, target in zip(renders, targets, strict=True):
        add(total, spectrum, target, eps)
        if wanted:
            total.energy.add_(target.square().sum((2, 3), dtype=torch.float64))
    energy = reference.keep(energies, lambda: total.energy)
    count = resolution.frames(analysis.samples) * resolution.bins
    return _Sums(total.error, energy, total.log_error, count)


@dataclass(frozen=True)
class _Totals:
    """Sums that grow, ``(batch, planes)`` in float64; the reference may be one for all items."""

    error: Tensor
    log_error: Tensor
    energy: Tensor

    @classmethod
    def of(cls, analysis: Analysis, reference: Analysis, *, stereo: bool) -> "_Totals":
        planes = planes_of(analysis.channels, stereo=stereo)

        def zeros(items: int) -> Tensor:
            where = analysis.audio.device
            return torch.zeros((items, planes), dtype=torch.float64, device=where)

        items = len(analysis.audio)
        return cls(zeros(items), zeros(items), zeros(len(reference.audio)))


def _add(total: _Totals, spectrum: Sequence[Tensor], target: Tensor, eps: float) -> None:
    (whole,) = spectrum
    render = magnitudes_of(whole, eps, stereo=target.shape[1] > whole.shape[1])
    total.log_error.add_((render / target).log_().abs_().sum((2, 3), dtype=torch.float64))
    total.error.add_((target - render).square_().sum((2, 3), dtype=torch.float64))


def _add_compiled(total: _Totals, spectrum: Sequence[Tensor], target: Tensor, eps: float) -> None:
    from ...models.audio.summing.spectral_sums import add_distances

    for at, one in enumerate(spectrum):
        other = target[min(at, len(target) - 1)]
        sums = torch.zeros((2, len(other)), dtype=torch.float64)
        parts, magnitudes = parts_of(one[0]), other.flatten(1).numpy()
        error, log_error = sums.numpy()
        if add_distances(parts, magnitudes, np.float32(eps), error, log_error):
            total.error[at] += sums[0]
            total.log_error[at] += sums[1]
        else:  # an infinite logarithm or none: as it is computed
            here = _Totals(total.error[at : at + 1], total.log_error[at : at + 1], total.energy)
            _add(here, [one], other[None], eps)
