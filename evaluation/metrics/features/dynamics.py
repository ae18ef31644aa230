"""Dynamic and level features of FxNorm-Automix: RMS, dynamic spread, crest, loudness, peak.

Of frames of ``n_fft`` (4096) with a hop of a quarter, averaged over channels:

* RMS in dB; spread: mean over samples of their level in dB less the RMS;
* crest: the level of the peak **over** that of the RMS, a quotient of decibels, as the authors
  compute it. A frame whose RMS nears 0 dBFS makes it large.

RMS and spread are turned to 1 - dB, so that no error divides by zero. Levels are those of the
sample plus 1e-30, so a sample of digital silence has -600 dB: the authors' number, no epsilon of
ours. Read the error of the spread only where render and reference have none.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ..analysis import Analysis
from ..registry import Requires, metric
from .frames import at_peak, frames, pairwise, per_item, percentage_error

_REQUIRES = Requires(nan="silent_reference")
_LEAST = 1e-30


@dataclass(frozen=True)
class DynamicFrames:
    """The features of each frame, ``(frames,)``."""

    rms: Tensor
    spread: Tensor
    crest: Tensor


@metric(better="lower", group="features", variants=("raw",), requires=_REQUIRES)
def fx_rms_mape(analysis: Analysis, reference: Analysis, n_fft: int = 4096) -> Tensor:
    """Error of the RMS level at equal peaks, as FxNorm-Automix computes it."""
    return _error(analysis, reference, n_fft, lambda one: 1 - one.rms)


@metric(better="lower", group="features", variants=("raw",), requires=_REQUIRES)
def fx_spread_mape(analysis: Analysis, reference: Analysis, n_fft: int = 4096) -> Tensor:
    """Error of the dynamic spread, as FxNorm-Automix computes it."""
    return _error(analysis, reference, n_fft, lambda one: 1 - one.spread)


@metric(better="lower", group="features", variants=("raw",), requires=_REQUIRES)
def fx_crest_mape(analysis: Analysis, reference: Analysis, n_fft: int = 4096) -> Tensor:
    """Error of the crest, a quotient of decibels, as FxNorm-Automix computes it."""
    return _error(analysis, reference, n_fft, lambda one: one.crest)


@metric(
    better="lower",
    group="features",
    variants=("raw",),
    requires=Requires(seconds=0.4, nan="silent", infinite="undefined"),
)
def fx_lufs_mape(analysis: Analysis, reference: Analysis) -> Tensor:
    """Difference of integrated loudness over that of the reference in LUFS."""
    target = reference.loudness.integrated
    return (target - analysis.loudness.integrated).abs() / target.abs()


@metric(
    better="lower",
    group="features",
    variants=("raw",),
    requires=Requires(nan="undefined", infinite="undefined"),
)
def fx_peak_mape(analysis: Analysis, reference: Analysis) -> Tensor:
    """Difference of sample peaks over that of the reference in dBFS."""
    one, target = (20 * torch.log10(x.peaks.double().amax(dim=1)) for x in (analysis, reference))
    return (target - one).abs() / target.abs()


def _error(
    analysis: Analysis,
    reference: Analysis,
    n_fft: int,
    feature: Callable[[DynamicFrames], Tensor],
) -> Tensor:
    def value(render: DynamicFrames, target: DynamicFrames) -> float:
        return float(percentage_error(feature(render), feature(target)))

    return pairwise(_of(analysis, n_fft), _of(reference, n_fft), value)


def _of(analysis: Analysis, n_fft: int) -> list[DynamicFrames | None]:
    return analysis.keep(
        ("dynamic_frames", n_fft), lambda: per_item(analysis, lambda item: _computed(item, n_fft))
    )


def _computed(item: Tensor, n_fft: int) -> DynamicFrames:
    found = []
    for piece in frames(at_peak(item), n_fft, n_fft // 4):
        rms = _level(piece.square().mean(dim=-1).sqrt())
        size = piece.abs()
        spread = _level(size).mean(dim=-1) - rms
        found.append(torch.stack([rms, spread, _level(size.amax(dim=-1)) / rms]).mean(dim=1))
    return DynamicFrames(*torch.cat(found, dim=-1))


def _level(size: Tensor) -> Tensor:
    return 20 * torch.log10(size + _LEAST)
