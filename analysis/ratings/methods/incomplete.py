"""Rank tests for blocks that lack systems: Durbin (balanced) and Skillings-Mack (arbitrary).

Durbin (Conover 1999, p. 388): t systems, b blocks of k, each system r times, ranks r_ij within
blocks, A = Σr_ij², C = bk(k+1)²/4:

    T1 = (t-1) Σ(R_j - r(k+1)/2)² / (A-C) ~ χ²(t-1)
    F = T1/(t-1) · (bk-b-t+1) / (b(k-1) - T1) ~ F(t-1, bk-b-t+1)

Skillings & Mack 1981: within each block, centred ranks weighted by sqrt(12/(k_i+1)); the missing
ones count zero; the statistic is a quadratic form in their sums with the inverse of the matrix
of how often two systems meet.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from ..reading.table import Floats
from ..result.names import Distribution, Method
from ..result.notes import NoteCode
from ..result.p_values import all_pairs, chi2_test, f_test, no_test, t_comparison
from ..result.tests import Comparison, Omnibus


@dataclass(frozen=True)
class Durbin:
    """Durbin's T1 and its F form; ``rank_sums`` is ``(t,)``."""

    chi2: Omnibus
    f: Omnibus
    rank_sums: Floats
    spread: float
    blocks: int
    per_block: int
    per_system: int


def is_balanced_incomplete(table: Floats) -> bool:
    """Whether blocks are equally long, systems equally frequent, and pairs equally often together.

    ``table`` is (blocks, systems) with NaN where a block lacks a system.
    """
    present = (~np.isnan(table)).astype(np.int64)
    together = present.T @ present
    pairs = together[~np.eye(len(together), dtype=bool)]
    return (
        bool(len(pairs))
        and len(np.unique(present.sum(axis=1))) == 1
        and len(np.unique(present.sum(axis=0))) == 1
        and len(np.unique(pairs)) == 1
        and bool(pairs[0] > 0)
    )


def durbin(table: Floats) -> Durbin:
    """Test a balanced incomplete ``table`` (blocks, systems), NaN where missing.

    Raises:
        ValueError: if the table is not balanced.
    """
    if not is_balanced_incomplete(table):
        raise ValueError("Durbin's test needs balanced incomplete blocks")
    b, t = table.shape
    ranks = _ranks(table)
    present = ~np.isnan(table)
    k, r = int(present[0].sum()), int(present[:, 0].sum())
    sums: Floats = np.nansum(ranks, axis=0)
    spread = float(np.nansum(ranks**2)) - b * k * (k + 1) ** 2 / 4
    names = (Method.DURBIN, "T1"), (Method.DURBIN_F, "F")
    if spread == 0:
        empty = [no_test(*name, NoteCode.BLOCKS_EQUAL) for name in names]
        return Durbin(empty[0], empty[1], sums, spread, b, k, r)
    t1 = (t - 1) * float(((sums - r * (k + 1) / 2) ** 2).sum()) / spread
    df2 = b * k - b - t + 1
    left = b * (k - 1) - t1
    if df2 > 0 and left > 1e-9:
        f = f_test(*names[1], t1 / (t - 1) * df2 / left, t - 1, df2)
    else:
        f = no_test(*names[1], NoteCode.NO_F_FORM)
    return Durbin(chi2_test(*names[0], t1, t - 1), f, sums, spread, b, k, r)


def durbin_pairs(test: Durbin) -> list[Comparison]:
    """Every pair after Durbin by Conover's t; p unadjusted."""
    t, b, k, r = len(test.rank_sums), test.blocks, test.per_block, test.per_system
    df = b * k - b - t + 1
    pairs = []
    for i, j in all_pairs(t):
        if test.chi2.statistic is None or df < 1:
            pairs.append(Comparison(i, j, None, Distribution.T, None, None))
            continue
        left = max(1 - test.chi2.statistic / (b * (k - 1)), 0.0)
        error = float(np.sqrt(2 * r * test.spread / df * left))
        difference = float(test.rank_sums[i] - test.rank_sums[j])
        pairs.append(t_comparison(i, j, difference, error, df, difference / r))
    return pairs


@dataclass(frozen=True)
class SkillingsMack:
    """The test, how many blocks took part, and the adjusted rank sum of each system ``(t,)``."""

    omnibus: Omnibus
    blocks: int
    sums: Floats
    covariance: Floats


def skillings_mack(table: Floats) -> SkillingsMack:
    """Test ``table`` (blocks, systems), NaN where missing; blocks with one value are left out."""
    used = table[(~np.isnan(table)).sum(axis=1) >= 2]
    t = table.shape[1]
    present = ~np.isnan(used)
    size = present.sum(axis=1, keepdims=True)
    weights = np.sqrt(12 / (size + 1))
    sums: Floats = np.nansum(weights * (_ranks(used) - (size + 1) / 2), axis=0) + np.zeros(t)
    together = present.T.astype(np.float64) @ present
    covariance = np.diag(together.sum(axis=0) - np.diag(together)) - together
    covariance[np.diag_indices(t)] = together.sum(axis=0) - np.diag(together)
    rank = int(np.linalg.matrix_rank(covariance)) if len(used) else 0
    name = (Method.SKILLINGS_MACK, "SM")
    if rank < t - 1:
        test = no_test(*name, NoteCode.GROUPS_APART)
    elif not (np.nanmax(used, axis=1) > np.nanmin(used, axis=1)).any():
        test = no_test(*name, NoteCode.BLOCKS_EQUAL)
    else:
        test = chi2_test(*name, float(sums @ np.linalg.pinv(covariance) @ sums), t - 1)
    return SkillingsMack(test, len(used), sums, covariance)


def skillings_mack_pairs(test: SkillingsMack) -> list[Comparison]:
    """Every pair by the normal deviate of the estimated difference of adjusted rank effects."""
    t = len(test.sums)
    inverse = np.linalg.pinv(test.covariance)
    effects = inverse @ test.sums
    pairs = []
    for i, j in all_pairs(t):
        variance = float(inverse[i, i] + inverse[j, j] - 2 * inverse[i, j])
        if test.omnibus.statistic is None or variance <= 0:
            pairs.append(Comparison(i, j, None, Distribution.NORMAL, None, None))
            continue
        z = float((effects[i] - effects[j]) / np.sqrt(variance))
        p = float(2 * stats.norm.sf(abs(z)))
        pairs.append(Comparison(i, j, z, Distribution.NORMAL, None, p))
    return pairs


def _ranks(table: Floats) -> Floats:
    if not table.size:
        return table
    ranks: Floats = stats.rankdata(table, axis=1, nan_policy="omit")
    return ranks
