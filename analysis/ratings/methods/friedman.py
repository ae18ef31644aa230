"""Rank tests for complete blocks: Friedman, Conover-Friedman, Nemenyi and Quade.

b blocks (listeners), k systems, midranks r within each block, rank sums R_j, A = Σr²,
C = bk(k+1)²/4:

    Q = (k-1) Σ(R_j - b(k+1)/2)² / (A - C) ~ χ²(k-1);   W = Q / (b(k-1))
    F = (b-1) Q / (b(k-1) - Q) ~ F(k-1, (b-1)(k-1))              (Iman & Davenport 1980)
    t_ij = (R_i - R_j) / sqrt(2b (A-C) / ((b-1)(k-1)) · (1 - Q/(b(k-1))))     (Conover 1999)
    q_ij = √2 |R_i - R_j| / b / sqrt(k(k+1)/(6b))                             (Nemenyi 1963)

Quade (1979) weights each block by the rank of its range. Ranks are doubled to whole numbers where
sums are compared, so that complete agreement is found exactly and not as a rounding error.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from ..reading.table import Floats
from ..result.names import Distribution, Method
from ..result.notes import NoteCode
from ..result.p_values import (
    all_pairs,
    chi2_test,
    comparison_p,
    complete_agreement,
    f_test,
    no_test,
    t_comparison,
)
from ..result.tests import Comparison, Omnibus


@dataclass(frozen=True)
class Friedman:
    """Friedman's Q and Iman-Davenport's F of one table; ``rank_sums`` is ``(k,)``."""

    chi2: Omnibus
    f: Omnibus
    kendall_w: float | None
    blocks: int
    rank_sums: Floats
    spread: float

    @property
    def mean_ranks(self) -> Floats:
        """Mean rank of each system ``(k,)``; 1 is the lowest rating."""
        return self.rank_sums / self.blocks


def friedman(table: Floats) -> Friedman:
    """Test that the columns of a complete ``table`` (blocks, systems) are alike."""
    b, k = table.shape
    doubled = np.round(2 * stats.rankdata(table, axis=1)).astype(np.int64) if table.size else table
    sums = doubled.sum(axis=0) / 2
    names = (Method.FRIEDMAN, "Q"), (Method.FRIEDMAN_F, "F")
    reason = NoteCode.FEW_BLOCKS if b < 2 or k < 2 else None
    spread = 0.0
    if not reason:
        # Four times Σr² - C, in whole numbers.
        fourfold = int((doubled.astype(np.int64) ** 2).sum()) - b * k * (k + 1) ** 2
        spread = fourfold / 4
        reason = None if fourfold else NoteCode.BLOCKS_EQUAL
    if reason:
        empty = [no_test(*name, reason) for name in names]
        return Friedman(empty[0], empty[1], None, b, sums, spread)
    between = int(((doubled.sum(axis=0) - b * (k + 1)) ** 2).sum())
    q = (k - 1) * between / fourfold
    df2 = (b - 1) * (k - 1)
    if between == b * fourfold:
        f = complete_agreement(*names[1], k - 1, df2)
    else:
        f = f_test(*names[1], (b - 1) * q / (b * (k - 1) - q), k - 1, df2)
    return Friedman(chi2_test(*names[0], q, k - 1), f, q / (b * (k - 1)), b, sums, spread)


def conover_friedman(test: Friedman) -> list[Comparison]:
    """Every pair after Friedman by Conover's t; p unadjusted."""
    b, k = test.blocks, len(test.rank_sums)
    pairs = []
    for i, j in all_pairs(k):
        difference = float(test.rank_sums[i] - test.rank_sums[j])
        if test.kendall_w is None:
            pairs.append(Comparison(i, j, None, Distribution.T, None, None))
            continue
        df = (b - 1) * (k - 1)
        left = 0.0 if test.f.statistic is None else 1 - test.kendall_w
        error = float(np.sqrt(2 * b * test.spread / df * left))
        pairs.append(t_comparison(i, j, difference, error, df, difference / b))
    return pairs


def nemenyi(test: Friedman) -> list[Comparison]:
    """Every pair after Friedman by Nemenyi's studentised range, which adjusts for all pairs."""
    b, k = test.blocks, len(test.rank_sums)
    pairs = []
    for i, j in all_pairs(k):
        difference = float(test.mean_ranks[i] - test.mean_ranks[j])
        if test.kendall_w is None:
            pairs.append(Comparison(i, j, None, Distribution.RANGE, None, None, None, k))
            continue
        q = float(np.sqrt(2) * difference / np.sqrt(k * (k + 1) / (6 * b)))
        p = comparison_p(Distribution.RANGE, q, None, k)
        pairs.append(Comparison(i, j, q, Distribution.RANGE, None, p, difference, k))
    return pairs


def critical_difference(blocks: int, systems: int, alpha: float) -> float:
    """The difference of mean ranks from which Nemenyi's test rejects at ``alpha``."""
    q = float(stats.studentized_range.isf(alpha, systems, np.inf))
    return float(q / np.sqrt(2) * np.sqrt(systems * (systems + 1) / (6 * blocks)))


@dataclass(frozen=True)
class Quade:
    """Quade's F and what its pairs need; ``sums`` is ``(k,)``."""

    omnibus: Omnibus
    blocks: int
    sums: Floats
    total: float
    between: float


def quade(table: Floats, decimals: int | None = None) -> Quade:
    """Test that the columns of a complete ``table`` (blocks, systems) are alike.

    Args:
        table: the ratings.
        decimals: places to which ranges are rounded before they are ranked. R ranks them as they
            come out of the subtraction, where 5.50 - 5.35 and 5.70 - 5.55 differ; so does this
            function without ``decimals``.
    """
    b, k = table.shape
    name = (Method.QUADE, "F")
    if b < 2 or k < 2:
        return Quade(no_test(*name, NoteCode.FEW_BLOCKS), b, np.zeros(k), 0.0, 0.0)
    ranges = np.ptp(table, axis=1)
    weights = stats.rankdata(ranges if decimals is None else np.round(ranges, decimals))
    scores = weights[:, None] * (stats.rankdata(table, axis=1) - (k + 1) / 2)
    sums: Floats = scores.sum(axis=0)
    # Ranks and weights are halves, so these sums of squares are exact.
    total = float((scores**2).sum())
    between = float((sums**2).sum()) / b
    df, df2 = k - 1, (b - 1) * (k - 1)
    if total == 0:
        test = no_test(*name, NoteCode.BLOCKS_EQUAL)
    elif total * b == float((sums**2).sum()):
        test = complete_agreement(*name, df, df2)
    else:
        test = f_test(*name, (b - 1) * between / (total - between), df, df2)
    return Quade(test, b, sums, total, between)


def quade_pairs(test: Quade) -> list[Comparison]:
    """Every pair after Quade by t; p unadjusted."""
    b, k = test.blocks, len(test.sums)
    pairs = []
    for i, j in all_pairs(k):
        if test.total == 0:
            pairs.append(Comparison(i, j, None, Distribution.T, None, None))
            continue
        df = (b - 1) * (k - 1)
        left = 0.0 if test.omnibus.statistic is None else test.total - test.between
        error = float(np.sqrt(2 * b * left / df))
        pairs.append(t_comparison(i, j, float(test.sums[i] - test.sums[j]), error, df))
    return pairs
