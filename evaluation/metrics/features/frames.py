"""Frames, running means and percentage errors of the features of FxNorm-Automix.

Martínez-Ramírez et al., "Automatic music mixing with deep learning and out-of-domain data" (2022),
compare features of frames: each feature is averaged over 40 consecutive frames, and the mean of
|reference - render| / |reference| over all such means is its error. Both signals are first brought
to a peak of -1 dBFS. Frames start at the first sample; what fills none at the end is left out.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import torch
from torch import Tensor

from ..analysis import Analysis
from ..registry import UndefinedError

T = TypeVar("T")

RUNNING = 40
_PEAK = 10 ** (-1 / 20)
_AT_A_TIME = 256
_SMALLEST = torch.finfo(torch.float64).eps


def at_peak(item: Tensor) -> Tensor:
    """One item ``(channels, samples)`` in float64, its largest sample at -1 dBFS."""
    audio = item.double()
    return audio * (_PEAK / audio.abs().max())


def frames(audio: Tensor, size: int, hop: int) -> Iterator[Tensor]:
    """Pieces of its frames, ``(channels, frames, size)``.

    Raises:
        UndefinedError: if there are too few for one running mean.
    """
    if audio.shape[-1] < size + (RUNNING - 1) * hop:
        raise UndefinedError("too_short")
    whole = audio.unfold(-1, size, hop)
    for start in range(0, whole.shape[1], _AT_A_TIME):
        yield whole[:, start : start + _AT_A_TIME]


def magnitudes(audio: Tensor, size: int, hop: int) -> Iterator[Tensor]:
    """Pieces of the magnitudes under the root of a Hann window, ``(channels, frames, bins)``."""
    window = torch.hann_window(size, dtype=audio.dtype, device=audio.device).sqrt()
    for piece in frames(audio, size, hop):
        yield torch.fft.rfft(piece * window).abs()


def running_mean(values: Tensor) -> Tensor:
    """Means of 40 consecutive values along the last axis."""
    return values.unfold(-1, RUNNING, 1).mean(dim=-1)


def percentage_error(render: Tensor, target: Tensor) -> Tensor:
    """Mean of |target - render| / |target| of the running means along the last axis, a share."""
    one, wanted = running_mean(render), running_mean(target)
    return ((wanted - one).abs() / wanted.abs().clamp(min=_SMALLEST)).mean(dim=-1)


def per_item(analysis: Analysis, compute: Callable[[Tensor], T]) -> list[T | None]:
    """``compute`` of each item ``(channels, samples)``; None where one is silent or not finite."""
    usable = [
        finite and not silent
        for finite, silent in zip(analysis.finite, analysis.silent, strict=True)
    ]
    pairs = zip(analysis.audio, usable, strict=True)
    return [compute(item) if good else None for item, good in pairs]


def pairwise(
    renders: Sequence[T | None], targets: Sequence[T | None], value: Callable[[T, T], float]
) -> Tensor:
    """``value`` of each render and its target, ``(batch,)`` in float64; NaN where one is None."""
    pairs = zip(renders, targets, strict=True)
    found = [
        math.nan if one is None or target is None else value(one, target) for one, target in pairs
    ]
    return torch.tensor(found, dtype=torch.float64)
