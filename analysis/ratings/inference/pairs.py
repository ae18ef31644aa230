"""Pairs of systems by name, with adjusted p and decision, from tests by position."""

from collections.abc import Sequence

from ..methods.multiplicity import adjusted
from ..result.names import Adjust, Distribution
from ..result.tests import Comparison, PairTest


def pair_tests(
    tests: Sequence[Comparison], names: Sequence[str], adjust: Adjust, alpha: float
) -> list[PairTest]:
    """The ``tests`` in their order; ``names`` are those of the systems by position."""
    p_adj = adjusted([test.p for test in tests], adjust)
    return [_named(test, names, p, alpha) for test, p in zip(tests, p_adj, strict=True)]


def _named(test: Comparison, names: Sequence[str], p_adj: float | None, alpha: float) -> PairTest:
    ties = {"ties": test.ties} if test.distribution is Distribution.WILCOXON else {}
    return PairTest(
        group1=names[test.first],
        group2=names[test.second],
        mean_rank_diff=test.rank_difference,
        statistic=test.statistic,
        distribution=test.distribution,
        groups=test.groups,
        df=test.df,
        p_raw=test.p,
        p_adj=p_adj,
        reject=None if p_adj is None else p_adj < alpha,
        **ties,
    )
