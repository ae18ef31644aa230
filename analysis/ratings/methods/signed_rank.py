"""Wilcoxon's signed-rank test of paired differences, exact also where differences tie.

The n differences that are not zero are ranked by size (midranks); W is the smaller of the sums of
the ranks of positive and of negative ones. Where nothing differs every sign is as likely as the
other, so that each of the 2ⁿ sums of signed midranks is: up to 50 differences they are counted, not
approximated (Streitberg & Röhmel 1986). Beyond, the normal approximation with the correction for
ties. p follows from W and the sizes of the groups of ties alone.
"""

from collections.abc import Sequence

import numpy as np
from scipy import stats

from ..reading.table import Floats

MOST_EXACT = 50


def signed_ranks(differences: Floats) -> tuple[float, tuple[int, ...]]:
    """W and the sizes of the groups of ties, smallest difference first; ``(0.0, ())`` of zeros."""
    moved = np.round(differences, 10)
    moved = moved[moved != 0]
    size = np.abs(moved)
    ranks = stats.rankdata(size)
    positive = float(ranks[moved > 0].sum())
    _, ties = np.unique(size, return_counts=True)
    return min(positive, float(ranks.sum()) - positive), tuple(ties.tolist())


def signed_rank_p(statistic: float, ties: Sequence[int]) -> float:
    """The two-sided p of W with groups of ``ties``; 1.0 where there are none."""
    sizes = np.asarray(ties, dtype=np.int64)
    n = int(sizes.sum())
    if n > MOST_EXACT:
        mean = n * (n + 1) / 4
        variance = n * (n + 1) * (2 * n + 1) / 24 - float((sizes**3 - sizes).sum()) / 48
        return min(1.0, float(2 * stats.norm.cdf((statistic - mean) / np.sqrt(variance))))
    # Twice the midrank of each group: whole numbers.
    doubled = np.repeat(2 * np.cumsum(sizes) - sizes + 1, sizes)
    ways = np.zeros(int(doubled.sum()) + 1)
    ways[0] = 1
    for rank in doubled.tolist():
        ways[rank:] = ways[rank:] + ways[:-rank]
    return min(1.0, float(2 * ways[: round(2 * statistic) + 1].sum() / 2.0**n))
