"""Panning RMS of FxNorm-Automix, by the stereo panning spectrum of Tzanetakis et al. (2007).

In each frame and bin, with L and R the magnitudes: (1 - 2 L R / (L^2 + R^2)), 0 in the centre and 1
at a side; its root mean square over the bins of a band. Frames of ``n_fft`` (2048), hop of a half.
If the reference has centred frames, such frames are left out of both, as the authors do.
"""

import torch
from torch import Tensor

from ..analysis import Analysis
from ..registry import Requires, metric
from .frames import RUNNING, at_peak, magnitudes, pairwise, per_item, percentage_error

BANDS_HZ = {"total": (0, None), "low": (0, 250), "mid": (250, 2500), "high": (2500, None)}
_LEAST = 1e-20


@metric(
    better="lower",
    group="features",
    variants=("raw",),
    requires=Requires(channels=2, nan="mono_reference"),
)
def fx_panning_mape(
    analysis: Analysis, reference: Analysis, band: str = "mean", n_fft: int = 2048
) -> Tensor:
    """Error of the panning RMS, as FxNorm-Automix computes it: of a band, or the mean of all."""
    if band not in (*BANDS_HZ, "mean"):
        raise ValueError(f"unknown band {band!r}; choose from mean, {', '.join(BANDS_HZ)}")
    chosen = list(range(len(BANDS_HZ))) if band == "mean" else [list(BANDS_HZ).index(band)]

    def value(render: Tensor, target: Tensor) -> float:
        kept = target[0] != 0 if bool((target == 0).any()) else torch.ones_like(target[0]).bool()
        if int(kept.sum()) < RUNNING:
            return float("nan")
        return float(percentage_error(render[:, kept], target[:, kept])[chosen].mean())

    return pairwise(_of(analysis, n_fft), _of(reference, n_fft), value)


def _of(analysis: Analysis, n_fft: int) -> list[Tensor | None]:
    return analysis.keep(
        ("panning_rms", n_fft),
        lambda: per_item(analysis, lambda item: panning_rms(item, analysis.sample_rate, n_fft)),
    )


def panning_rms(item: Tensor, sample_rate: int, n_fft: int) -> Tensor:
    """Panning RMS of each frame in each of :data:`BANDS_HZ`, ``(bands, frames)`` in float64."""
    found = []
    for piece in magnitudes(at_peak(item), n_fft, n_fft // 2):
        left, right = (piece + _LEAST).unbind(dim=0)
        panned = 1 - 2 * left * right / (left.square() + right.square())
        rows = []
        for low, high in BANDS_HZ.values():
            top = sample_rate // 2 if high is None else high
            first, last = (int(edge * n_fft / sample_rate) for edge in (low, top))
            rows.append(panned[:, first:last].square().mean(dim=-1).sqrt())
        found.append(torch.stack(rows))
    return torch.cat(found, dim=-1)
