"""Whether a metric follows the ratings at all: systems exchanged whole, all metrics at once.

Where a metric has nothing to do with the ratings, it does not matter which system has which
ratings. So the systems of the ratings are exchanged among those of the metric, in all passages
alike, since what makes a system good in one passage does so in the next. The p of a metric is the
share of exchanges in which its correlation, whatever its sign, is as large as it was. Adjusted, it
is the share in which *any* metric has a p as small (Westfall & Young 1993, min P): so it holds for
the best of many as for one.

Missing cells count with the middle rank, before and after the exchange.
"""

from collections.abc import Sequence

import numpy as np
from scipy import stats

from ..reading.table import Bools, Floats
from ..result.validity import ValidityLevel

EXCHANGES = 9_999


def exchange_p(
    values: Sequence[Floats], ratings: Floats, level: ValidityLevel, seed: int
) -> list[tuple[float | None, float | None]]:
    """p of each metric alone, and adjusted over all of them; two-sided, by Spearman's ρ.

    ``values`` and ``ratings`` are ``(passages, systems)``.
    """
    count = ratings.shape[1]
    products = [_products(table, ratings, level) for table in values]
    tested = [one for one in products if one is not None]
    if not tested:
        return [(None, None)] * len(values)
    generator = np.random.default_rng([seed, 7, count])
    orders = np.argsort(generator.random((EXCHANGES, count)), axis=1)
    rows = np.arange(count)
    drawn = np.stack([one[rows, orders].sum(axis=1) for one in tested])
    seen = np.array([np.trace(one) for one in tested])
    # About what the exchanges give on average: over stimuli, passages correlate by themselves.
    centre = np.array([one.sum() / count for one in tested])
    sizes = np.round(np.abs(np.column_stack([seen, drawn]) - centre[:, None]), 12)
    # The share of all orders, the seen one among them, that reach each; the least over metrics.
    shares = stats.rankdata(-sizes, method="max", axis=1) / sizes.shape[1]
    least = shares.min(axis=0)
    found = iter([(float(own), float((least <= own).mean())) for own in shares[:, 0]])
    return [(None, None) if one is None else next(found) for one in products]


def _products(x: Floats, y: Floats, level: ValidityLevel) -> Floats | None:
    """``(systems, systems)``: what each system of the metric adds with the ratings of each."""
    if level is ValidityLevel.SYSTEMS:
        x, y = (_means(table)[None] for table in (x, y))
    if level is ValidityLevel.STIMULI:
        a, b = (_unit(table.reshape(1, -1)).reshape(table.shape) for table in (x, y))
    else:
        a, b = _unit(x), _unit(y)
    if not a.any() or not b.any():
        return None
    used = max(1, int(((np.abs(a).sum(axis=1) > 0) & (np.abs(b).sum(axis=1) > 0)).sum()))
    found: Floats = a.T @ b / (used if level is ValidityLevel.WITHIN else 1)
    return found


def _unit(table: Floats) -> Floats:
    """Midranks of each row about zero and of length one; zero where nothing is known."""
    there: Bools = ~np.isnan(table)
    ranks = stats.rankdata(np.where(there, np.round(table, 10), np.inf), axis=1)
    size = np.maximum(there.sum(axis=1, keepdims=True), 1)
    centred = np.where(
        there, ranks - np.where(there, ranks, 0).sum(axis=1, keepdims=True) / size, 0
    )
    length = np.sqrt((centred**2).sum(axis=1, keepdims=True))
    unit: Floats = np.where(length > 0, centred / np.where(length > 0, length, 1), 0.0)
    return unit


def _means(table: Floats) -> Floats:
    there = ~np.isnan(table)
    with np.errstate(invalid="ignore", divide="ignore"):
        means: Floats = np.where(there, table, 0.0).sum(axis=0) / there.sum(axis=0)
    return means
