"""Kruskal-Wallis and Conover-Iman: systems rated by different listeners.

With midranks r over all N values, rank sums R_i and C = 1 - Σ(t³-t)/(N³-N):

    H = 12 / (N(N+1)) · Σ n_i (R_i/n_i - (N+1)/2)² / C   ~ χ²(k-1)
    t_ij = (R_i/n_i - R_j/n_j) / sqrt(S² (N-1-H)/(N-k) (1/n_i + 1/n_j)),   df = N-k, two-sided

Kruskal & Wallis 1952; Conover & Iman 1979. Both need independent values; the ratings of one
listener are not. R's conover.test prints the one-sided half of these p-values.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from ..reading.table import Floats, Ints
from ..result.names import Distribution, Method
from ..result.notes import NoteCode
from ..result.p_values import all_pairs, chi2_test, no_test, t_comparison
from ..result.tests import Comparison, Omnibus

_NAME = Method.KRUSKAL_WALLIS


@dataclass(frozen=True)
class KruskalWallis:
    """The test, its effect sizes, and what Conover-Iman needs of it.

    ``epsilon2`` is H/(N-1), ``eta2`` (H-k+1)/(N-k), which may be negative.
    """

    omnibus: Omnibus
    epsilon2: float | None
    eta2: float | None
    sizes: Ints
    mean_ranks: Floats
    rank_variance: float


def kruskal_wallis(values: Floats, groups: Ints, count: int) -> KruskalWallis:
    """Test that ``count`` groups are alike; ``values`` and group codes are ``(n,)``."""
    n = len(values)
    sizes = np.bincount(groups, minlength=count).astype(np.int64)
    # Ranks alone would do, but for a million ratings the sort behind them is the cost.
    ranks = stats.rankdata(values)
    centred = ranks - (n + 1) / 2
    with np.errstate(invalid="ignore"):
        means = np.bincount(groups, weights=centred, minlength=count) / sizes
    mean_ranks = means + (n + 1) / 2
    total = float(centred @ centred)
    filled = sizes > 0
    k = int(filled.sum())
    variance = total / (n - 1) if n > 1 else 0.0
    reason = None
    if k < 2:
        reason = NoteCode.FEW_SYSTEMS_RATED
    elif total == 0:
        reason = NoteCode.RATINGS_EQUAL
    if reason:
        test = no_test(_NAME, "H", reason)
        return KruskalWallis(test, None, None, sizes, mean_ranks, variance)
    # Σr² - N(N+1)²/4 is (N³-N)/12 · C, so ties are corrected by dividing by it.
    h = float((n - 1) * (sizes[filled] * means[filled] ** 2).sum() / total)
    eta2 = (h - k + 1) / (n - k) if n > k else None
    return KruskalWallis(
        chi2_test(_NAME, "H", h, k - 1), h / (n - 1), eta2, sizes, mean_ranks, variance
    )


def conover_iman(test: KruskalWallis) -> list[Comparison]:
    """Every pair of groups after Kruskal-Wallis; p unadjusted, None where there is no test."""
    filled = test.sizes > 0
    n, k = int(test.sizes.sum()), int(filled.sum())
    h = test.omnibus.statistic
    pairs = []
    for i, j in all_pairs(len(test.sizes)):
        if h is None or n <= k or not (filled[i] and filled[j]):
            pairs.append(Comparison(i, j, None, Distribution.T, None, None))
            continue
        difference = float(test.mean_ranks[i] - test.mean_ranks[j])
        spread = max(n - 1 - h, 0.0) / (n - k) * test.rank_variance
        error = float(np.sqrt(spread * (1 / test.sizes[i] + 1 / test.sizes[j])))
        pairs.append(t_comparison(i, j, difference, error, n - k, difference))
    return pairs
