"""Where a stereo master lies between left and right, and what is left of it in mono.

Mid is (L + R) / 2, side (L - R) / 2. Energies are sums of squares over the whole length.
"""

import torch
from torch import Tensor

from ...models.audio.loudness import SILENCE
from .analysis import Analysis, mean_square
from .registry import Requires, metric


@metric(default=True, requires=Requires(channels=2, nan="silent_channel"))
def stereo_correlation(analysis: Analysis) -> Tensor:
    """Correlation of L and R about zero, as a correlation meter has it: 1 mono, -1 opposite."""
    product = (analysis.audio[:, 0] * analysis.audio[:, 1]).mean(dim=-1, dtype=torch.float64)
    return torch.where(
        _both(analysis), (product / analysis.energies.prod(dim=1).sqrt()).clamp(-1, 1), torch.nan
    )


@metric(unit="dB", default=True, requires=Requires(channels=2, nan="no_mid", infinite="mono"))
def stereo_width_db(analysis: Analysis) -> Tensor:
    """Energy of side over energy of mid: -inf for mono, 0 for two unrelated channels."""
    mid, side = _mid_side(analysis)
    return torch.where(mid > 0, 10 * torch.log10(side / mid), torch.nan)


@metric(
    unit="dB",
    better="zero",
    default=True,
    requires=Requires(channels=2, nan="silent_channel"),
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
        found = []
        for sign in (1, -1):
            signal = (left + sign * right) / 2
            low, high = torch.aminmax(signal, dim=-1)
            sounds = torch.maximum(-low, high) > SILENCE
            found.append(torch.where(sounds, mean_square(signal), 0.0))
        return found[0], found[1]

    return analysis.keep("mid_side", energies)
