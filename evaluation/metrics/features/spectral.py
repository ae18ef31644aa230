"""Spectral features of FxNorm-Automix: centroid, bandwidth, contrast, roll-off, flatness.

Each is librosa's, of magnitudes in frames of ``n_fft`` (4096) with a hop of a quarter, per channel:

* centroid: mean frequency weighted by magnitude; bandwidth: its weighted standard deviation;
* contrast: level of the loudest less that of the softest 2 % of the bins of a band, at most 80 dB
  below the loudest of all; bands 0 to 250 Hz, three octaves up to 2 kHz, and above;
* roll-off: the frequency below which 85 % of the summed magnitude lies;
* flatness: geometric over arithmetic mean of the power, at least 1e-10, in dB.

As the authors do, 1 Hz is added to frequencies and flatness is turned to 1 - dB, so that no error
divides by zero.
"""

import itertools
from dataclasses import dataclass

import torch
from torch import Tensor

from ..analysis import Analysis
from ..registry import Requires, UndefinedError, metric
from .frames import at_peak, magnitudes, pairwise, per_item, percentage_error

_LEAST_POWER = 1e-10
_QUANTILE = 0.02
_ROLLED_OFF = 0.85
_LOWEST_HZ, _OCTAVES = 250.0, 4
_FLOOR_DB = 80.0
_BANDS = {"low": slice(0, 1), "mid": slice(1, 4), "high": slice(4, 5)}
_REQUIRES = Requires(nan="silent_reference")


@dataclass(frozen=True)
class SpectralFrames:
    """The features of each frame, ``(channels, frames)``; contrast ``(channels, 5, frames)``."""

    centroid: Tensor
    bandwidth: Tensor
    contrast: Tensor
    rolloff: Tensor
    flatness_db: Tensor


@metric(better="lower", group="features", variants=("raw",), requires=_REQUIRES)
def fx_centroid_mape(analysis: Analysis, reference: Analysis, n_fft: int = 4096) -> Tensor:
    """Error of the spectral centroid, as FxNorm-Automix computes it."""
    return _error(analysis, reference, n_fft, "centroid", 1.0)


@metric(better="lower", group="features", variants=("raw",), requires=_REQUIRES)
def fx_bandwidth_mape(analysis: Analysis, reference: Analysis, n_fft: int = 4096) -> Tensor:
    """Error of the spectral bandwidth, as FxNorm-Automix computes it."""
    return _error(analysis, reference, n_fft, "bandwidth", 1.0)


@metric(better="lower", group="features", variants=("raw",), requires=_REQUIRES)
def fx_contrast_mape(
    analysis: Analysis, reference: Analysis, band: str = "mean", n_fft: int = 4096
) -> Tensor:
    """Error of the spectral contrast, as FxNorm-Automix computes it."""
    if band not in (*_BANDS, "mean"):
        raise ValueError(f"unknown band {band!r}; choose from mean, {', '.join(_BANDS)}")
    bands = list(_BANDS) if band == "mean" else [band]

    def value(render: SpectralFrames, target: SpectralFrames) -> float:
        errors = [
            percentage_error(
                *(one.contrast[:, _BANDS[name]].mean(dim=1) for one in (render, target))
            )
            for name in bands
        ]
        return float(torch.stack(errors).mean())

    return pairwise(_of(analysis, n_fft), _of(reference, n_fft), value)


@metric(better="lower", group="features", variants=("raw",), requires=_REQUIRES)
def fx_rolloff_mape(analysis: Analysis, reference: Analysis, n_fft: int = 4096) -> Tensor:
    """Error of the spectral roll-off, as FxNorm-Automix computes it."""
    return _error(analysis, reference, n_fft, "rolloff", 1.0)


@metric(better="lower", group="features", variants=("raw",), requires=_REQUIRES)
def fx_flatness_mape(analysis: Analysis, reference: Analysis, n_fft: int = 4096) -> Tensor:
    """Error of the spectral flatness in dB, as FxNorm-Automix computes it."""
    return _error(analysis, reference, n_fft, "flatness_db", 1.0, -1.0)


def _error(
    analysis: Analysis,
    reference: Analysis,
    n_fft: int,
    feature: str,
    added: float,
    sign: float = 1.0,
) -> Tensor:
    def value(render: SpectralFrames, target: SpectralFrames) -> float:
        one, wanted = (sign * getattr(x, feature) + added for x in (render, target))
        return float(percentage_error(one, wanted).mean())

    return pairwise(_of(analysis, n_fft), _of(reference, n_fft), value)


def _of(analysis: Analysis, n_fft: int) -> list[SpectralFrames | None]:
    return analysis.keep(
        ("spectral_frames", n_fft),
        lambda: per_item(analysis, lambda item: _computed(item, analysis.sample_rate, n_fft)),
    )


def _computed(item: Tensor, sample_rate: int, n_fft: int) -> SpectralFrames:
    hertz = torch.fft.rfftfreq(n_fft, 1 / sample_rate, dtype=torch.float64, device=item.device)
    found: list[tuple[Tensor, ...]] = []
    for piece in magnitudes(at_peak(item), n_fft, n_fft // 4):
        total = piece.sum(dim=-1, keepdim=True)
        share = piece / torch.where(total > 0, total, 1.0)
        centroid = (share * hertz).sum(dim=-1)
        spread = (share * (hertz - centroid[..., None]).square()).sum(dim=-1).sqrt()
        below = piece.cumsum(dim=-1) < _ROLLED_OFF * total
        power = piece.square().clamp(min=_LEAST_POWER)
        flatness = power.log().mean(dim=-1).exp() / power.mean(dim=-1)
        peaks, valleys = _peaks_and_valleys(piece, hertz)
        found.append(
            (
                *(centroid, spread, hertz[below.sum(dim=-1).clamp(max=len(hertz) - 1)]),
                *(20 * torch.log10(flatness + 1e-30), peaks, valleys),
            )
        )
    centroid, spread, rolloff, flatness_db, peaks, valleys = (
        torch.cat(parts, dim=-1) for parts in zip(*found, strict=True)
    )
    contrast = _in_decibels(peaks) - _in_decibels(valleys)
    return SpectralFrames(centroid, spread, contrast, rolloff, flatness_db)


def _in_decibels(power: Tensor) -> Tensor:
    """Levels of each channel ``(channels, ...)``, none further below its loudest than 80 dB."""
    levels = 10 * torch.log10(power.clamp(min=_LEAST_POWER))
    return torch.maximum(levels, levels.amax(dim=(1, 2), keepdim=True) - _FLOOR_DB)


def _peaks_and_valleys(piece: Tensor, hertz: Tensor) -> tuple[Tensor, Tensor]:
    """Means of the largest and of the smallest bins of each band, ``(channels, bands, frames)``."""
    edges = [0.0, *(_LOWEST_HZ * 2**octave for octave in range(_OCTAVES + 1))]
    peaks, valleys = [], []
    for band, (low, high) in enumerate(itertools.pairwise(edges)):
        inside = ((hertz >= low) & (hertz <= high)).nonzero().flatten()
        if not len(inside):
            raise UndefinedError("undefined")
        first, last = int(inside[0]), int(inside[-1]) + 1
        # As librosa has it: a bin more below; the top band to the end, others without their last.
        first -= band > 0
        is_top = band == _OCTAVES
        last = len(hertz) if is_top else last
        count = max(1, round(_QUANTILE * (last - first)))
        ordered = piece[..., first : last - (not is_top)].sort(dim=-1).values
        valleys.append(ordered[..., :count].mean(dim=-1))
        peaks.append(ordered[..., -count:].mean(dim=-1))
    return torch.stack(peaks, dim=1), torch.stack(valleys, dim=1)
