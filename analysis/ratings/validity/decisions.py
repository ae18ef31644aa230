"""How often a metric orders two systems as listeners do, where listeners tell them apart.

Listeners tell a pair apart where the paired t test of their own differences is significant after
Holm's procedure over all pairs: pairs of systems over all passages, and pairs within each passage.
Pairs that they do not tell apart say nothing of a metric. A pair that the metric calls even counts
as half right.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from ..methods.multiplicity import adjusted
from ..methods.paired import paired
from ..reading.table import Floats
from ..result.names import Adjust
from ..result.p_values import all_pairs
from ..result.validity import ValidityLevel


@dataclass(frozen=True, eq=False)
class Decided:
    """Pairs told apart at a level: passage (−1 for all), both systems, and the listeners' sign."""

    level: ValidityLevel
    pairs: int
    told: np.ndarray  # (decided, 4): passage, first, second, sign


@dataclass(frozen=True)
class DecisionAccuracy:
    """The share of ``told`` pairs that a metric orders as listeners do; None where none is told."""

    pairs: int
    told: int
    share: float | None


def decided(cells: Floats, level: ValidityLevel, alpha: float) -> Decided:
    """The pairs that listeners tell apart; ``cells`` is ``(listeners, passages, systems)``."""
    rows: list[tuple[int, int, int, float, float | None]] = []
    if level is ValidityLevel.SYSTEMS:
        for (i, j), one in paired(cells, alpha).items():
            d, error, df = one.difference, one.error, one.df
            if d is not None:
                p = None if not error or not df else float(2 * stats.t.sf(abs(d) / error, df))
                rows.append((-1, i, j, d, p))
    else:
        for passage in range(cells.shape[1]):
            rows += _of_passage(cells[:, passage], passage)
    p_adj = adjusted([row[4] for row in rows], Adjust.HOLM)
    told = [
        (passage, i, j, int(np.sign(d)))
        for (passage, i, j, d, _), p in zip(rows, p_adj, strict=True)
        if p is not None and p < alpha and d != 0
    ]
    return Decided(level, len(rows), np.array(told, dtype=np.int64).reshape(-1, 4))


def accuracy(values: Floats, found: Decided) -> DecisionAccuracy:
    """How a metric, ``values`` ``(passages, systems)`` with higher as better, orders the pairs."""
    passage, i, j, sign = found.told.T
    if found.level is ValidityLevel.SYSTEMS:
        d = np.array([_difference(values, a, b) for a, b in zip(i, j, strict=True)])
    else:
        d = values[passage, i] - values[passage, j]
    known = ~np.isnan(d)
    if not known.any():
        return DecisionAccuracy(found.pairs, 0, None)
    right = np.sign(np.round(d[known], 10)) * sign[known]
    share = float(((right > 0) + 0.5 * (right == 0)).mean())
    return DecisionAccuracy(found.pairs, int(known.sum()), share)


def _of_passage(table: Floats, passage: int) -> list[tuple[int, int, int, float, float | None]]:
    rows: list[tuple[int, int, int, float, float | None]] = []
    for i, j in all_pairs(table.shape[1]):
        d = table[:, i] - table[:, j]
        d = d[~np.isnan(d)]
        if len(d) < 2:
            continue
        error = float(d.std(ddof=1) / np.sqrt(len(d)))
        mean = float(d.mean())
        p = float(2 * stats.t.sf(abs(mean) / error, len(d) - 1)) if error > 1e-12 else None
        rows.append((passage, i, j, mean, p))
    return rows


def _difference(values: Floats, i: int, j: int) -> float:
    """The mean difference over the passages on which both have a value."""
    d = values[:, i] - values[:, j]
    d = d[~np.isnan(d)]
    return float(d.mean()) if len(d) else float("nan")
