"""Correlation of a metric with mean ratings: three coefficients at three levels.

The tables are ``(..., passages, systems)``; NaN is what was not rated or has no value. Levels:

- *stimuli*: every passage as every system made it is a point.
- *within*: the order of the systems within a passage, averaged over the passages. Rank
  coefficients are averaged as they are, since a perfect order of few has no finite z; Pearson's r
  by Fisher's z.
- *systems*: the means of the systems over the passages that have both.

Coefficients are Pearson's r, Spearman's ρ (r of midranks) and Kendall's τ_b.
"""

from collections.abc import Callable, Mapping

import numpy as np
from scipy import stats

from ..reading.table import Bools, Floats
from ..result.validity import Coefficient, ValidityLevel

LEAST_IN_PASSAGE = 3
# A perfect line of three points has no finite z.
MOST_R = 0.999
_MOST_PAIRS = 4_000_000  # of points, compared at once


def pearson(x: Floats, y: Floats) -> Floats:
    """r along the last axis, over what both have; NaN where one of them does not vary."""
    both = known(x, y)
    size = np.maximum(both.sum(axis=-1, keepdims=True), 1)
    dx = np.where(both, x - np.where(both, x, 0).sum(axis=-1, keepdims=True) / size, 0.0)
    dy = np.where(both, y - np.where(both, y, 0).sum(axis=-1, keepdims=True) / size, 0.0)
    sx, sy = (dx**2).sum(axis=-1), (dy**2).sum(axis=-1)
    # What rounding leaves of a constant is no variation.
    varies = (sx > _least(x, both)) & (sy > _least(y, both))
    with np.errstate(invalid="ignore", divide="ignore"):
        r: Floats = (dx * dy).sum(axis=-1) / np.sqrt(sx * sy)
    return np.clip(np.where(varies, r, np.nan), -1.0, 1.0)


def spearman(x: Floats, y: Floats) -> Floats:
    """ρ along the last axis: r of midranks, over what both have."""
    both = known(x, y)
    return pearson(_ranks(x, both), _ranks(y, both))


def kendall(x: Floats, y: Floats) -> Floats:
    """τ_b along the last axis, over what both have; NaN where one of them does not vary."""
    x, y = np.broadcast_arrays(np.round(x, 10), np.round(y, 10))
    flat_x, flat_y = x.reshape(-1, x.shape[-1]), y.reshape(-1, y.shape[-1])
    step = max(1, _MOST_PAIRS // max(1, x.shape[-1] ** 2))
    parts = [
        _kendall(flat_x[at : at + step], flat_y[at : at + step])
        for at in range(0, len(flat_x), step)
    ]
    found: Floats = np.concatenate(parts).reshape(x.shape[:-1])
    return found


COEFFICIENTS: Mapping[Coefficient, Callable[[Floats, Floats], Floats]] = {
    Coefficient.SPEARMAN: spearman,
    Coefficient.KENDALL: kendall,
    Coefficient.PEARSON: pearson,
}


def at_level(level: ValidityLevel, coefficient: Coefficient, x: Floats, y: Floats) -> Floats:
    """The coefficient of tables ``(b, passages, systems)`` at a level: ``(b,)``."""
    of = COEFFICIENTS[coefficient]
    x, y = np.broadcast_arrays(x, y)
    if level is ValidityLevel.STIMULI:
        return of(x.reshape(len(x), -1), y.reshape(len(y), -1))
    if level is ValidityLevel.SYSTEMS:
        return of(*over_passages(x, y))
    r = of(x, y)
    usable = (known(x, y).sum(axis=-1) >= LEAST_IN_PASSAGE) & np.isfinite(r)
    fisher = coefficient is Coefficient.PEARSON
    values = np.arctanh(np.clip(r, -MOST_R, MOST_R)) if fisher else r
    with np.errstate(invalid="ignore", divide="ignore"):
        mean: Floats = np.where(usable, values, 0.0).sum(axis=-1) / usable.sum(axis=-1)
    return np.tanh(mean) if fisher else mean


def over_passages(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Means over the passages that have both, ``(b, k)``; NaN where fewer than three systems."""
    both = known(x, y)
    size = both.sum(axis=-2)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = [np.where(both, table, 0.0).sum(axis=-2) / size for table in (x, y)]
    enough = (size > 0).sum(axis=-1, keepdims=True) >= LEAST_IN_PASSAGE
    return np.where(enough, means[0], np.nan), np.where(enough, means[1], np.nan)


def known(x: Floats, y: Floats) -> Bools:
    """Where both have a value."""
    both: Bools = ~np.isnan(x) & ~np.isnan(y)
    return both


def _least(values: Floats, both: Bools) -> Floats:
    found: Floats = (np.where(both, np.abs(values), 0.0).max(axis=-1, initial=0.0) * 1e-10) ** 2
    return found


def _ranks(values: Floats, both: Bools) -> Floats:
    # What is missing ranks last and is then left out, which leaves the other ranks alone.
    filled = np.where(both, np.round(values, 10), np.inf)
    return np.where(both, stats.rankdata(filled, axis=-1), np.nan)


def _kendall(x: Floats, y: Floats) -> Floats:
    both = known(x, y)
    pair = both[:, :, None] & both[:, None, :]
    dx = np.where(pair, np.sign(x[:, :, None] - x[:, None, :]), 0.0)
    dy = np.where(pair, np.sign(y[:, :, None] - y[:, None, :]), 0.0)
    told_x, told_y = np.abs(dx).sum(axis=(1, 2)), np.abs(dy).sum(axis=(1, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        tau: Floats = (dx * dy).sum(axis=(1, 2)) / np.sqrt(told_x * told_y)
    return np.clip(np.where((told_x > 0) & (told_y > 0), tau, np.nan), -1.0, 1.0)
