"""Pairs of systems by their own differences: each listener's, and nothing of the other systems.

Conover's t after Friedman or Durbin takes its error from the ranks of all systems. Where one system
stands apart, its ranks do not vary, the pooled error is too small for the rest, and systems that
are alike are told apart far too often (Benavoli, Corani & Mangili 2016 advise against tests of mean
ranks for a related reason). The differences of a pair cannot borrow: paired t over listeners, or on
scales of few steps the Wilcoxon signed-rank test, with Holm's procedure hold the familywise error
whatever the other systems do. The t interval of the pair is that of the paired t test.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from ..reading.table import Floats
from ..result.names import Distribution, Method
from ..result.p_values import all_pairs, t_comparison
from ..result.tests import Comparison
from .signed_rank import signed_rank_p, signed_ranks


@dataclass(frozen=True)
class PairDifference:
    """The difference of a pair in points of the scale, its error, df and interval."""

    difference: float | None
    error: float | None = None
    df: float | None = None
    low: float | None = None
    high: float | None = None
    units: int = 0


def differences(values: Floats, i: int, j: int) -> Floats:
    """What each unit gave system ``i`` more than ``j``: ``(units,)``, NaN where it lacks one.

    Of cells (listeners, passages, systems) it is the mean over the passages on which the listener
    rated both: over different passages, what makes one of them hard would count as the system's.
    Of a table (units, systems) it is the difference of two columns.
    """
    d: Floats = values[..., i] - values[..., j]
    if values.ndim == 2:
        return d
    known = ~np.isnan(d)
    with np.errstate(invalid="ignore", divide="ignore"):
        means: Floats = np.where(known, d, 0.0).sum(axis=1) / known.sum(axis=1)
    return np.round(means, 10)


def paired(table: Floats, alpha: float) -> dict[tuple[int, int], PairDifference]:
    """t estimates of :func:`differences` of every two systems of ``table``, the last axis."""
    found = {}
    for i, j in all_pairs(table.shape[-1]):
        d = differences(table, i, j)
        d = d[~np.isnan(d)]
        n = len(d)
        if n < 2:
            found[i, j] = PairDifference(float(d.mean()) if n else None, units=n)
            continue
        error = float(d.std(ddof=1) / np.sqrt(n))
        found[i, j] = t_estimate(float(d.mean()), error, n - 1, alpha, n)
    return found


def own_pairs(
    table: Floats, ranked: Sequence[Comparison], alpha: float, *, ordinal: bool
) -> list[Comparison]:
    """Every two systems of ``table`` by the units that have both.

    Args:
        table: one value per unit (listener) and system, or cells listener × passage × system; NaN
            where there is none.
        ranked: a rank test's pairs, for the differences of mean ranks.
        alpha: of the intervals whose errors the t tests share.
        ordinal: a scale of few steps: Wilcoxon signed ranks instead of t.
    """
    found = []
    estimates = paired(table, alpha)
    ranks = {(pair.first, pair.second): pair.rank_difference for pair in ranked}
    for (i, j), estimate in estimates.items():
        if ordinal:
            d = differences(table, i, j)
            test = wilcoxon(d[~np.isnan(d)], i, j, ranks.get((i, j)))
        elif estimate.error is None or estimate.df is None or estimate.difference is None:
            test = Comparison(i, j, None, Distribution.T, None, None, ranks.get((i, j)))
        else:
            # What rounding leaves of zero must not become a ratio.
            error = estimate.error if estimate.error > 1e-12 * (1 + abs(estimate.difference)) else 0
            test = t_comparison(i, j, estimate.difference, error, estimate.df, ranks.get((i, j)))
        found.append(test)
    return found


def own_method(*, ordinal: bool) -> Method:
    """The name of the test that :func:`own_pairs` makes."""
    return Method.WILCOXON if ordinal else Method.PAIRED_T


def wilcoxon(d: Floats, first: int, second: int, ranks: float | None = None) -> Comparison:
    """The Wilcoxon signed-rank test of paired differences ``d`` ``(n,)``; zeros are left out."""
    w, ties = signed_ranks(d)
    if not ties:
        return Comparison(
            first, second, None, Distribution.WILCOXON, None, 1.0 if len(d) else None, ranks
        )
    p = signed_rank_p(w, ties)
    return Comparison(first, second, w, Distribution.WILCOXON, None, p, ranks, ties=ties)


def t_estimate(
    difference: float, error: float, df: float, alpha: float, units: int
) -> PairDifference:
    """The estimate that a t interval with this error and df makes of a difference."""
    half = float(stats.t.isf(alpha / 2, df)) * error
    return PairDifference(difference, error, df, difference - half, difference + half, units)
