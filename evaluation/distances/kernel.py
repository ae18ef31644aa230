"""KAD, the kernel audio distance: 100 × the unbiased squared MMD with a Gaussian kernel.

    100 × (mean k(x, x') + mean k(y, y') - 2 mean k(x, y)),  k(a, b) = exp(-|a - b|² / 2σ²)

over distinct pairs (Chung et al. 2025, "KAD: no more FAD"; Gretton et al. 2012, eq. 3). σ is the
median of the distances within the *reference*, so that all systems are measured with one ruler;
of an even number of distances the lower median. It needs no normal distribution and has no bias in
n, so it can be below 0. Everything is float64 and goes block by block, so that memory does not
grow with n²; the median is exact all the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Embeddings = NDArray[np.floating]

_BLOCK = 1024
_MOST_KEPT = 1 << 20
SCALE = 100.0


@dataclass(frozen=True)
class KernelReference:
    """The reference set ``(n, d)`` on its device, its bandwidth σ, and its mean kernel value."""

    points: Tensor
    bandwidth: float
    within: float


def kernel_reference(
    embeddings: Embeddings,
    device: torch.device | str = "cpu",
    bandwidth: float | None = None,
) -> KernelReference | None:
    """What KAD needs of the reference; None where its bandwidth is 0 (most of it is equal).

    ``bandwidth`` takes the place of the median, for a part of a reference whose own is known.

    Raises:
        ValueError: for fewer than two embeddings, or one that is not finite.
    """
    points = _points(embeddings, device)
    width = _median_distance(points) if bandwidth is None else bandwidth
    if width == 0:
        return None
    return KernelReference(points, width, _mean_within(points, width))


def kernel_distance(reference: KernelReference, embeddings: Embeddings) -> float:
    """KAD of the set ``(n, d)`` to the reference; about 0 for the same distribution.

    Raises:
        ValueError: for fewer than two embeddings, one that is not finite, or another dimension.
    """
    points = _points(embeddings, reference.points.device)
    if points.shape[1] != reference.points.shape[1]:
        raise ValueError(
            f"{points.shape[1]} dimensions, the reference has {reference.points.shape[1]}"
        )
    between = sum(
        float(torch.exp(square.mul_(-0.5 / reference.bandwidth**2)).sum())
        for square in _between(points, reference.points)
    )
    between /= len(points) * len(reference.points)
    own = _mean_within(points, reference.bandwidth)
    return SCALE * (reference.within + own - 2 * between)


def _points(embeddings: Embeddings, device: torch.device | str) -> Tensor:
    points = torch.as_tensor(np.asarray(embeddings, dtype=np.float64)).to(device)
    if points.ndim != 2 or len(points) < 2:
        raise ValueError(f"two or more embeddings are needed, (n, d), not {tuple(points.shape)}")
    if not bool(torch.isfinite(points).all()):
        raise ValueError("an embedding is not finite")
    return points


def _between(first: Tensor, second: Tensor) -> Iterator[Tensor]:
    """Squared distances of the points of two sets, block by block."""
    # Around a common centre the squares are small, and their difference keeps its digits.
    centre = second.mean(dim=0)
    second = second - centre
    for rows in torch.split(first, _BLOCK):
        for columns in torch.split(second, _BLOCK):
            yield _squares(rows - centre, columns)


def _pairs(points: Tensor) -> Iterator[Tensor]:
    """Squared distances of all distinct pairs of a set, each once, as flat tensors."""
    blocks = torch.split(points - points.mean(dim=0), _BLOCK)
    for index, rows in enumerate(blocks):
        size = len(rows)
        above = torch.triu_indices(size, size, 1, device=points.device)
        yield _squares(rows, rows)[above[0], above[1]]
        for columns in blocks[index + 1 :]:
            yield _squares(rows, columns).flatten()


def _squares(rows: Tensor, columns: Tensor) -> Tensor:
    norms = rows.square().sum(dim=1, keepdim=True) + columns.square().sum(dim=1)
    return norms.addmm_(rows, columns.T, alpha=-2).clamp_(min=0)


def _mean_within(points: Tensor, bandwidth: float) -> float:
    pairs = len(points) * (len(points) - 1) / 2
    factor = -0.5 / bandwidth**2
    return sum(float(torch.exp(square.mul_(factor)).sum()) for square in _pairs(points)) / pairs


def _median_distance(points: Tensor) -> float:
    """The lower median of the distances of distinct pairs, exactly.

    The bits of a float that is not negative, read as an integer, have the float's order; so the
    median is found by its leading bits, 16 at each pass, until few enough pairs share them.
    """
    inside = len(points) * (len(points) - 1) // 2
    rank = (inside - 1) // 2  # among the pairs that share the leading bits known so far
    shift, leading = 64, 0
    while inside > _MOST_KEPT and shift > 0:
        shift -= 16
        counts = torch.zeros(1 << 16, dtype=torch.int64, device=points.device)
        for keys in _keys(points, shift + 16, leading):
            counts += torch.bincount((keys >> shift) & 0xFFFF, minlength=1 << 16)
        reached = counts.cumsum(0)
        digit = int(torch.searchsorted(reached, rank, right=True))
        rank -= int(reached[digit - 1]) if digit else 0
        inside = int(counts[digit])
        leading = (leading << 16) | digit
    kept = torch.cat(list(_keys(points, shift, leading))) if shift else None
    key = torch.tensor([leading]) if kept is None else kept.sort().values[rank : rank + 1].cpu()
    return float(key.view(torch.float64).sqrt())


def _keys(points: Tensor, shift: int, leading: int) -> Iterator[Tensor]:
    """Squared distances as integers of the same order, those with these leading bits."""
    for square in _pairs(points):
        keys = square.contiguous().view(torch.int64).clamp_(min=0)  # -0.0 would be the least
        yield keys if shift == 64 else keys[(keys >> shift) == leading]
