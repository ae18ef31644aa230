"""Energies of signals and of their differences, ``(batch, channels)`` in float64, on any device.

On the CPU each is one pass of machine code without a copy (``sample_sums``), elsewhere torch's
sums. Both round every term as the audio's type does and add in float64: they differ by some 1e-13.
The second of two signals may be one for the whole batch.
"""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

Array = np.typing.NDArray[np.float32]
# Of differences in float64 on another device, whose copies of a long file would not fit.
_BLOCK = 1 << 22


def squares(audio: Tensor) -> Tensor:
    """Sums of squares, ``(..., samples)`` to ``(...)``."""
    if not _compiled(audio):
        return audio.square().sum(dim=-1, dtype=torch.float64)
    from .sample_sums import square_sum

    return _each(lambda row: (square_sum(row),), audio)[0]


def products(left: Tensor, right: Tensor) -> Tensor:
    """Sums of products of two channels, ``(batch, samples)`` to ``(batch,)``."""
    if not _compiled(left):
        return (left * right).sum(dim=-1, dtype=torch.float64)
    from .sample_sums import product_sum

    return _each(lambda one, other: (product_sum(one, other),), left, right)[0]


def mid_side(left: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
    """Energies of (L + R) / 2 and (L - R) / 2, ``(batch, samples)`` to ``(batch,)``."""
    if not _compiled(left):
        return squares((left + right) / 2), squares((left - right) / 2)
    from .sample_sums import mid_side_sums

    half = np.float32(0.5) if left.dtype == torch.float32 else np.float64(0.5)
    mid, side = _each(lambda one, other: mid_side_sums(one, other, half), left, right)
    return mid, side


def errors(audio: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Sums of magnitudes and of squares of ``target - audio``."""
    if not _compiled(audio):
        error = target - audio
        return error.abs().sum(dim=-1, dtype=torch.float64), squares(error)
    from .sample_sums import error_sums

    magnitude, square = _each(error_sums, audio, target)
    return magnitude, square


def projections(audio: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Sums of ``target * target`` and of ``target * audio``, multiplied in float64."""
    if _compiled(audio):
        from .sample_sums import projection_sums

        energy, product = _each(projection_sums, audio, target)
        return energy, product
    parts = [
        (wanted.square().sum(dim=-1), (wanted * one).sum(dim=-1))
        for one, wanted in _blocks(audio, target)
    ]
    energy, product = (torch.stack(each).sum(dim=0) for each in zip(*parts, strict=True))
    return energy.expand_as(product), product


def residuals(audio: Tensor, target: Tensor, scale: Tensor) -> Tensor:
    """Energies of ``scale * target - audio`` in float64; ``scale`` is ``(batch,)``."""
    if _compiled(audio):
        from .sample_sums import residual_sum

        found = []
        for at, factor in enumerate(scale.tolist()):
            one, other = audio[at : at + 1], _of(target, at)[None]
            rest = _each(lambda row, wanted, f=factor: (residual_sum(row, wanted, f),), one, other)
            found.append(rest[0])
        return torch.cat(found)
    factor = scale[:, None, None]
    parts = [(wanted * factor - one).square().sum(-1) for one, wanted in _blocks(audio, target)]
    return torch.stack(parts).sum(dim=0)


def _compiled(audio: Tensor) -> bool:
    return audio.device.type == "cpu" and audio.dtype in (torch.float32, torch.float64)


def _each(sums: Callable[..., tuple[float, ...]], *signals: Tensor) -> tuple[Tensor, ...]:
    """The sums of every row, ``(...)`` each, in the shape of the first signal without its last."""
    shape = signals[0].shape[:-1]
    if len(shape) > 1:
        stacked = [
            _each(sums, *row)
            for row in zip(*(one.expand(*shape, -1).unbind(0) for one in signals), strict=True)
        ]
        return tuple(torch.stack(each) for each in zip(*stacked, strict=True))
    rows = [signals]
    if shape:
        rows = list(zip(*(one.expand(*shape, -1).unbind(0) for one in signals), strict=True))
    found = [sums(*(one.detach().contiguous().numpy() for one in row)) for row in rows]
    table = torch.tensor(found, dtype=torch.float64).T
    return tuple(one.reshape(shape) for one in table)


def _of(target: Tensor, item: int) -> Tensor:
    return target[min(item, len(target) - 1)]


def _blocks(audio: Tensor, target: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    for start in range(0, audio.shape[-1], _BLOCK):
        part = slice(start, start + _BLOCK)
        yield audio[..., part].double(), target[..., part].double()
