"""Where a stereo master lies between left and right, and what is left of it in mono.

Mid is (L + R) / 2, side (L - R) / 2. Energies are sums of squares over the whole length.
"""

import torch
from torch import Tensor

from ...models.audio.loudness import SILENCE
from ...models.audio.summing.sums import mid_side
from .analysis import Analysis
from .registry import Requires, metric


@metric(default=True, requires=Requires(channels=2, nan="silent_channel"), batched=True)
def stereo_correlation(analysis: Analysis) -> Tensor:
    """Correlation of L and R about zero, as a correlation meter has it: 1 mono, -1 opposite."""
    return torch.where(
        _both(analysis),
        (analysis.product / analysis.energies.prod(dim=1).sqrt()).clamp(-1, 1),
        torch.nan,
    )


@metric(
    unit="dB",
    default=True,
    requires=Requires(channels=2, nan="no_mid", infinite="mono"),
    batched=True,
)
def stereo_width_db(analysis: Analysis) -> Tensor:
    """Energy of side over energy of mid: -inf for mono, 0 for two unrelated channels."""
    mid, side = _mid_side(analysis)
    return torch.where(mid > 0, 10 * torch.log10(side / mid), torch.nan)


@metric(
    unit="dB",
    better="zero",
    default=True,
    requires=Requires(channels=2, nan="silent_channel"),
    batched=True,
)
def balance_db(analysis: Analysis) -> Tensor:
    """Energy of L over energy of R: positive where the left is louder."""
    left, right = analysis.energies.unbind(dim=1)
    return torch.where(_both(analysis), 10 * torch.log10(left / right), torch.nan)


@metric(
    unit="dB",
    better="lower",
    default=True,
    requires=Requires(channels=2, infinite="no_mid"),
    batched=True,
)
def mono_loss_db(analysis: Analysis) -> Tensor:
    """Level that folding down to mid costs: 0 for mono, 3 dB for two unrelated channels."""
    mid, _ = _mid_side(analysis)
    return 10 * torch.log10(analysis.energies.mean(dim=1) / mid)


def _both(analysis: Analysis) -> Tensor:
    return (analysis.peaks > SILENCE).all(dim=1)


def _mid_side(analysis: Analysis) -> tuple[Tensor, Tensor]:
    """Mean squares of mid and side, ``(batch,)``; zero where nothing rises above silence."""

    def energies() -> tuple[Tensor, Tensor]:
        left, right = analysis.audio.unbind(dim=1)
        found = mid_side(left, right)
        # Rounding of float32 is no signal: (L - R) / 2 of equal channels after a gain.
        peaks = (torch.aminmax(left + sign * right, dim=-1) for sign in (1, -1))
        sounds = (torch.maximum(-low, high) / 2 > SILENCE for low, high in peaks)
        mid, side = (
            torch.where(heard, energy / analysis.samples, 0.0)
            for heard, energy in zip(sounds, found, strict=True)
        )
        return mid, side

    return analysis.keep("mid_side", energies)
