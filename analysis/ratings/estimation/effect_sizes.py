"""Effect sizes of a pair of systems, with intervals that resample listeners.

Unpaired: Cliff's δ = P(x > y) - P(x < y) and A12 = (δ+1)/2 (Vargha & Delaney 2000). Paired: the
matched rank-biserial correlation of the listener means (Kerby 2014), and P(i > j), the share of
listener × passage cells in which the first is rated higher, ties counting half.
"""

import numpy as np
from scipy import stats

from ..methods.resampling import draws, interval
from ..reading.table import Floats
from ..result.names import Method
from ..result.tests import Effect

_MOST_FOR_MATRIX = 3000


def effect(
    name: Method, value: float | None, low: float | None = None, high: float | None = None
) -> Effect:
    """An effect size with its interval."""
    return Effect(name=name, value=value, low=low, high=high)


def cliffs_delta(first: Floats, second: Floats) -> float:
    """P(x > y) - P(x < y) over all pairs of values, from -1 to 1."""
    ordered = np.sort(second)
    below = np.searchsorted(ordered, first, side="left").sum()
    above = len(first) * len(second) - np.searchsorted(ordered, first, side="right").sum()
    return float((int(below) - int(above)) / (len(first) * len(second)))


def a12(first: Floats, second: Floats) -> float:
    """P(x > y) with ties counting half, from 0 to 1."""
    return (cliffs_delta(first, second) + 1) / 2


def rank_biserial(differences: Floats) -> float | None:
    """(R+ - R-) / (R+ + R-) of paired ``differences``; zeros are left out, None if all are zero."""
    moved = differences[differences != 0]
    if not len(moved):
        return None
    # Differences that are equal but for rounding share a rank.
    ranks = stats.rankdata(np.round(np.abs(moved), 10))
    return float((ranks * np.sign(moved)).sum() / ranks.sum())


def paired_superiority(
    first: Floats, second: Floats, *, alpha: float, seed: int, passages: bool
) -> Effect:
    """P(i > j) within the cells ``(n, m)`` that hold both; listeners (and passages) resampled."""
    return share_of_wins(wins_of(first, second), alpha=alpha, seed=seed, passages=passages)


def wins_of(first: Floats, second: Floats) -> Floats:
    """1 where the first is higher, 0 where it is lower, one half for ties; NaN where one lacks."""
    difference = np.round(first - second, 10)
    wins: Floats = np.where(np.isnan(difference), np.nan, (np.sign(difference) + 1) / 2)
    return wins


def share_of_wins(wins: Floats, *, alpha: float, seed: int, passages: bool) -> Effect:
    """The mean of ``wins`` ``(n, m)``, from 0 to 1 and NaN where there is none.

    Listeners (and passages) are resampled. Where all agree, resamples do too: the other end is then
    the exact bound for so many independent units, listeners or, if fewer, passages.
    """
    if np.isnan(wins).all():
        return effect(Method.SUPERIORITY, None)
    value = float(np.nanmean(wins))
    rows = wins[~np.isnan(wins).all(axis=1)]
    if len(rows) < 2:
        return effect(Method.SUPERIORITY, value)
    known = (~np.isnan(rows)).astype(np.float64)
    filled = np.where(np.isnan(rows), 0.0, rows)
    listeners = draws(len(rows), seed, 1)
    columns = (
        draws(rows.shape[1], seed, 2) if passages else np.ones((len(listeners), rows.shape[1]))
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        resampled = ((listeners @ filled) * columns).sum(axis=1)
        resampled = resampled / ((listeners @ known) * columns).sum(axis=1)
    low, high = interval(resampled, alpha)
    if value in (0.0, 1.0):
        units = min(len(rows), int((~np.isnan(rows)).any(axis=0).sum())) if passages else len(rows)
        bound = (alpha / 2) ** (1 / units)
        low, high = (0.0, 1 - bound) if value == 0 else (bound, 1.0)
    return effect(Method.SUPERIORITY, value, low, high)


def matched_rank_biserial(differences: Floats, *, alpha: float, seed: int) -> Effect:
    """The rank-biserial of listener differences ``(n,)`` with its listener bootstrap."""
    name = Method.RANK_BISERIAL
    known = np.round(differences[~np.isnan(differences)], 10)
    value = rank_biserial(known) if len(known) else None
    if value is None or len(known) < 2 or len(known) > _MOST_FOR_MATRIX:
        return effect(name, value)
    weights = draws(len(known), seed, 1, 1000)
    size = np.abs(known)
    order = np.argsort(size, kind="stable")
    ordered, drawn = size[order], weights[:, order] * (size[order] > 0)
    # Midranks of a weighted sample: what lies below, and half of what ties.
    below = np.cumsum(drawn, axis=1)
    starts = np.searchsorted(ordered, ordered, side="left")
    ends = np.searchsorted(ordered, ordered, side="right") - 1
    before = np.where(starts > 0, below[:, np.maximum(starts - 1, 0)], 0.0)
    ranks = (before + below[:, ends] + 1) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        signed = (drawn * ranks * np.sign(known[order])).sum(axis=1)
        resampled = signed / (drawn * ranks).sum(axis=1)
    return effect(name, value, *interval(resampled, alpha))


def unpaired_dominance(first: Floats, second: Floats, *, alpha: float, seed: int) -> Effect:
    """Cliff's δ of two groups of listeners ``(n1,)`` and ``(n2,)``, each resampled by itself."""
    name = Method.CLIFF
    if not len(first) or not len(second):
        return effect(name, None)
    value = cliffs_delta(first, second)
    if min(len(first), len(second)) < 2 or len(first) * len(second) > _MOST_FOR_MATRIX**2:
        return effect(name, value)
    wins = np.sign(first[:, None] - second[None, :])
    one, two = draws(len(first), seed, 1, 1000), draws(len(second), seed, 2, 1000)
    resampled = ((one @ wins) * two).sum(axis=1) / (len(first) * len(second))
    low, high = interval(resampled, alpha)
    return effect(name, value, low, high)
