"""Bootstrap intervals over songs: how far a median or mean would move with other songs like these.

Percentile bootstrap (Efron & Tibshirani 1993, chapter 13), songs resampled with replacement. It
describes the songs at hand as a sample; it is not a test, and with fewer than about six songs it
is too narrow. The resamples depend on the seed and the number of songs alone, so that equal input
gives equal numbers whatever else a report holds.
"""

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ...presentation.estimate import Estimate

RESAMPLES = 4000
LEVEL = 0.95

Floats = npt.NDArray[np.float64]


def median(values: Floats, seed: int) -> Estimate:
    """The median of finite ``values`` ``(n,)`` and its percentile interval."""
    ordered = np.sort(_finite(values))
    n = len(ordered)
    if n == 0:
        return Estimate(0)
    centre = float(np.median(ordered))
    if n == 1:
        return Estimate(1, centre)
    below, above = _median_ranks(n, seed)
    return _estimate(n, centre, (ordered[below] + ordered[above]) / 2)


def mean(values: Floats, seed: int) -> Estimate:
    """The mean of finite ``values`` ``(n,)`` and its percentile interval."""
    ordered = np.sort(_finite(values))
    n = len(ordered)
    if n == 0:
        return Estimate(0)
    centre = float(ordered.mean())
    if n == 1:
        return Estimate(1, centre)
    return _estimate(n, centre, ordered[_draws(n, seed)].mean(axis=1))


def paired_median(values: Floats, baseline: Floats, seed: int) -> Estimate:
    """The median of ``values - baseline`` over the songs that have both, and its interval."""
    return median(values - baseline, seed)


def _finite(values: Floats) -> Floats:
    kept: Floats = values[np.isfinite(values)]
    return kept


def _estimate(n: int, centre: float, resampled: Floats) -> Estimate:
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(resampled, [tail, 1 - tail])
    if not (math.isfinite(low) and math.isfinite(high)):
        return Estimate(n, centre)
    return Estimate(n, centre, float(low), float(high))


@lru_cache(maxsize=16)
def _draws(n: int, seed: int) -> npt.NDArray[np.int32]:
    generator = np.random.default_rng([seed, n])
    return generator.integers(n, size=(RESAMPLES, n), dtype=np.int32)


@lru_cache(maxsize=16)
def _median_ranks(n: int, seed: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    # Of sorted values, a resample's median needs only the middle of its sorted ranks.
    ranks = np.sort(_draws(n, seed), axis=1)
    return ranks[:, (n - 1) // 2].copy(), ranks[:, n // 2].copy()
