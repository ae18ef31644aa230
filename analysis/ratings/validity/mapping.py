"""A monotonic cubic from a metric to mean ratings, as ITU-T P.1401 asks, and the errors it leaves.

Metrics have scales of their own, so errors are told after a mapping. A cubic whose slope has one
sign over the values seen is a sum, with weights that are not negative, of cubics with the slopes
(x − t)² and x(1 − x), where x runs from 0 to 1. Weights are found by non-negative least squares
over a fine grid of t. Both directions are tried; the sign is that of the better one.

Errors, P.1401 (clauses on prediction error, on its form with the interval of the ratings, and on
outliers): rmse = √(Σe²/(N − d)) with d = 4 parameters of the cubic; rmse* takes
e* = max(0, |e| − ci95), where ci95 is half of the 95 % interval of the stimulus's mean rating; the
outlier ratio is the share of stimuli with |e| > ci95. ``rmse_cross`` maps each passage by what the
others say.
"""

from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

from ..reading.table import Bools, Floats

PARAMETERS = 4
_TURNS = np.linspace(0.0, 1.0, 21)
_MOST_FOLDS = 10


@dataclass(frozen=True, eq=False)
class CubicMapping:
    """``sign`` is that of the slope: 1, −1, or 0 for a flat line. ``low`` to ``high`` was seen."""

    coefficients: tuple[float, float, float, float]
    low: float
    high: float
    sign: int

    def __call__(self, values: Floats) -> Floats:
        """The ratings of ``values``; beyond what was seen, that of the nearest value seen."""
        x = (np.clip(values, self.low, self.high) - self.low) / ((self.high - self.low) or 1.0)
        a, b, c, d = self.coefficients
        found: Floats = a + x * (b + x * (c + x * d))
        return found


@dataclass(frozen=True, eq=False)
class MappedErrors:
    """What a mapping leaves, in points of the scale; ``residuals`` are ratings less mapped ones."""

    mapping: CubicMapping
    residuals: Floats
    rmse: float | None
    rmse_cross: float | None
    rmse_star: float | None
    outlier_ratio: float | None


def fit_cubic(values: Floats, ratings: Floats) -> CubicMapping:
    """The monotonic cubic of least squared error from values ``(n,)`` to ratings ``(n,)``."""
    low, high = float(values.min()), float(values.max())
    span = (high - low) or 1.0
    x = ((values - low) / span)[:, None]
    t = _TURNS[None, :]
    # Integrals of the slopes from 0 to x, as coefficients of x, x² and x³.
    slopes = np.concatenate([np.stack([t[0] ** 2, -t[0], np.full(t.shape[1], 1 / 3)]),
                             np.array([[0.0], [0.5], [-1 / 3]])], axis=1)  # fmt: skip
    basis = np.concatenate([x, x**2, x**3], axis=1) @ slopes
    centred = basis - basis.mean(axis=0)
    y = ratings - ratings.mean()
    best: tuple[float, int, Floats] = float((y**2).sum()), 0, np.zeros(slopes.shape[1])
    for sign in (1, -1):
        weights, left = optimize.nnls(centred, sign * y)
        if left**2 < best[0] * (1 - 1e-12):
            best = float(left**2), sign, weights
    _, sign, weights = best
    b, c, d = (sign * (slopes @ weights)).tolist()
    a = float(ratings.mean() - (np.concatenate([x, x**2, x**3], axis=1) @ [b, c, d]).mean())
    return CubicMapping((a, b, c, d), low, high, sign)


def mapped_errors(values: Floats, means: Floats, half: Floats) -> MappedErrors:
    """Errors of the mapping from ``values`` to ``means``, both ``(passages, systems)``.

    ``half`` is half of the 95 % interval of each mean, NaN where it is not known.
    """
    both: Bools = ~np.isnan(values) & ~np.isnan(means)
    mapping = fit_cubic(values[both], means[both])
    residuals = np.where(both, means - mapping(values), np.nan)
    e, n = residuals[both], int(both.sum())
    rmse = _root(e, n - PARAMETERS)
    star = ratio = None
    if not np.isnan(half[both]).any():
        star = _root(np.maximum(0.0, np.abs(e) - half[both]), n - PARAMETERS)
        ratio = float((np.abs(e) > half[both]).mean())
    return MappedErrors(mapping, residuals, rmse, _crossed(values, means, both), star, ratio)


def half_intervals(cells: Floats) -> Floats:
    """Half of the 95 % t interval of each stimulus's mean; NaN with fewer than two listeners."""
    there = ~np.isnan(cells)
    n = there.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(there, cells, 0.0).sum(axis=0) / n
        square = np.where(there, cells - mean, 0.0) ** 2
        half: Floats = stats.t.isf(0.025, n - 1) * np.sqrt(square.sum(axis=0) / (n - 1) / n)
    return np.where(n > 1, half, np.nan)


def _root(errors: Floats, df: int) -> float | None:
    return float(np.sqrt((errors**2).sum() / df)) if df > 0 else None


def _crossed(values: Floats, means: Floats, both: Bools) -> float | None:
    """Error over passages that the mapping has not seen, in ten folds at most."""
    passages = np.flatnonzero(both.any(axis=1))
    if len(passages) < 2:
        return None
    fold = np.full(len(both), -1)
    fold[passages] = np.arange(len(passages)) % _MOST_FOLDS
    squares = 0.0
    for at in range(min(len(passages), _MOST_FOLDS)):
        train, test = both & (fold != at)[:, None], both & (fold == at)[:, None]
        if train.sum() <= PARAMETERS or np.ptp(values[train]) == 0:
            return None
        e = means[test] - fit_cubic(values[train], means[train])(values[test])
        squares += float((e**2).sum())
    return float(np.sqrt(squares / both.sum()))
