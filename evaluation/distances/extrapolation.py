"""FAD-inf: the Fréchet distance that endless sets would have.

A Fréchet distance of n embeddings lies above the true one by about b/n (Chong and Forsyth 2020;
for audio Gui et al. 2024). So the distance is computed for subsets of several sizes, a line is
fitted against 1/size, and the bias of the whole set is taken off. Two choices matter:

- Subsets are drawn *without* replacement. Drawing with replacement repeats embeddings, narrows
  the covariance, and brings back part of the bias that is to go.
- The reference set has a bias of its own, which the published form leaves in because its
  references are huge. Here the reference often has as many songs as the evaluated set, so both
  sides are fitted, each against the other whole set. The published form is ``one_sided``.

Subsets come from a seeded generator: the same seed gives the same digits.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .frechet import ReferenceMoments, frechet_distance, statistics

Embeddings = NDArray[np.floating]
Side = Literal["evaluated", "reference"]

FEWEST = 20
_SIZES = 12
_DRAWS = 4


@dataclass(frozen=True)
class Fit:
    """The line through the distances of subsets of one side: ``intercept + slope / size``.

    ``r_squared`` is the share of the variance of ``distances`` that the line explains.
    """

    side: Side
    sizes: tuple[int, ...]
    distances: tuple[float, ...]
    slope: float
    intercept: float
    r_squared: float


@dataclass(frozen=True)
class Extrapolation:
    """``value`` has the bias of both sides taken off, ``one_sided`` that of the evaluated set.

    Either can be below 0, as an unbiased estimate of a small distance must be able to.
    """

    value: float
    one_sided: float
    fits: tuple[Fit, Fit]


def extrapolate(
    reference: Embeddings, evaluated: Embeddings, seed: int, whole: ReferenceMoments | None = None
) -> Extrapolation | None:
    """FAD-inf of two sets ``(n, d)``; None where either has fewer than :data:`FEWEST`.

    ``whole`` are the statistics of the reference, where they are known already.
    """
    if min(len(reference), len(evaluated)) < FEWEST:
        return None
    fits = (
        _fit("evaluated", evaluated, whole or statistics(reference), seed),
        # The distance is symmetric: to vary the reference, the evaluated set keeps still.
        _fit("reference", reference, statistics(evaluated), seed),
    )
    distance = fits[0].distances[-1]
    biases = [fit.slope / fit.sizes[-1] for fit in fits]
    return Extrapolation(distance - sum(biases), distance - biases[0], fits)


def subset_sizes(n: int, dimensions: int) -> tuple[int, ...]:
    """The sizes of the subsets, evenly spaced in 1/size and rising to ``n``.

    The smallest is ``n / 5``, or more where that would be below twice the dimensions, since the
    bias is a straight line in 1/size only when embeddings outnumber dimensions; but never more
    than ``n / 2``, for a line needs something to stand on.
    """
    smallest = max(n // 5, min(2 * dimensions, n // 2))
    inverse = np.linspace(1 / smallest, 1 / n, _SIZES)
    return tuple(sorted({round(1 / value) for value in inverse}))


def _fit(side: Side, varied: Embeddings, still: ReferenceMoments, seed: int) -> Fit:
    generator = np.random.default_rng([seed, 0 if side == "evaluated" else 1])
    n = len(varied)
    sizes = subset_sizes(n, varied.shape[1])
    distances = []
    for size in sizes:
        draws = 1 if size == n else _DRAWS
        found = [
            frechet_distance(still, varied[np.sort(generator.permutation(n)[:size])])
            for _ in range(draws)
        ]
        distances.append(float(np.mean(found)))
    x, y = 1 / np.asarray(sizes, np.float64), np.asarray(distances)
    apart = x - x.mean()
    slope = float((apart * y).sum() / np.square(apart).sum())
    intercept = float(y.mean() - slope * x.mean())
    scatter = float(np.square(y - y.mean()).sum())
    left = float(np.square(y - intercept - slope * x).sum())
    r_squared = 1 - left / scatter if scatter > 0 else 1.0
    return Fit(side, sizes, tuple(distances), slope, intercept, r_squared)
