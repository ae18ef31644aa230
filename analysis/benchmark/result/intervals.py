"""Intervals of a median and a mean over songs: how far they would move with other songs like these.

The median's is that of order statistics, interpolated to 95 % (Hettmansperger & Sheather 1986): it
assumes nothing of how values are distributed. The mean's is Student's t. Neither knows of other
systems; :mod:`earmark.analysis.benchmark.ranking` compares them. There is no interval below six
songs: the smallest and the largest of five enclose the median with a chance of 94 % only.
"""

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import stats

from ...presentation.estimate import Estimate
from ..ranking.comparisons import LEAST_SONGS

LEVEL = 0.95

Floats = npt.NDArray[np.float64]


def median(values: Floats) -> Estimate:
    """The median of finite ``values`` ``(n,)`` and its interval."""
    ordered = np.sort(_finite(values))
    n = len(ordered)
    if n == 0:
        return Estimate(0)
    centre = float(np.median(ordered))
    if n < LEAST_SONGS:
        return Estimate(n, centre)
    depth, share = _depth(n)
    low = (1 - share) * ordered[depth - 1] + share * ordered[depth]
    high = (1 - share) * ordered[n - depth] + share * ordered[n - depth - 1]
    return Estimate(n, centre, float(low), float(high))


def mean(values: Floats) -> Estimate:
    """The mean of finite ``values`` ``(n,)`` and its interval."""
    known = _finite(values)
    n = len(known)
    if n == 0:
        return Estimate(0)
    centre = float(known.mean())
    if n < LEAST_SONGS:
        return Estimate(n, centre)
    half = float(stats.t.isf((1 - LEVEL) / 2, n - 1) * known.std(ddof=1) / math.sqrt(n))
    return Estimate(n, centre, centre - half, centre + half)


def _finite(values: Floats) -> Floats:
    kept: Floats = values[np.isfinite(values)]
    return kept


@lru_cache(maxsize=64)
def _depth(n: int) -> tuple[int, float]:
    """Which order statistic from either end bounds the median of ``n``, and how far to the next."""
    depth = 1
    while depth + 1 <= n // 2 and _coverage(depth + 1, n) >= LEVEL:
        depth += 1
    outer, inner = _coverage(depth, n), _coverage(depth + 1, n)
    between = (outer - LEVEL) / (outer - inner)
    return depth, (n - depth) * between / (depth + (n - 2 * depth) * between)


def _coverage(depth: int, n: int) -> float:
    return float(1 - 2 * stats.binom.cdf(depth - 1, n, 0.5))
