"""Wilcoxon's signed ranks: exact against every sign counted by hand, and against SciPy."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from earmark.analysis.ratings.methods.paired import own_pairs, wilcoxon
from earmark.analysis.ratings.methods.signed_rank import signed_rank_p, signed_ranks
from earmark.analysis.ratings.reading.table import Floats


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(-4, 4), min_size=1, max_size=9))
def test_p_is_the_share_of_signs_that_are_as_uneven(values: list[int]) -> None:
    d = np.array(values, dtype=float)
    w, ties = signed_ranks(d)
    ranks = stats.rankdata(np.abs(d[d != 0]))
    sums = [sum(r for r, up in zip(ranks, ups, strict=True) if up)
            for ups in itertools.product((0, 1), repeat=len(ranks))]  # fmt: skip
    total = ranks.sum()
    share = np.mean([min(s, total - s) <= w for s in sums])
    assert signed_rank_p(w, ties) == pytest.approx(share, rel=1e-12)


@pytest.mark.parametrize("n", [6, 12, 25, 50])
def test_without_ties_it_is_scipys_exact_test(n: int) -> None:
    d = np.random.default_rng(n).normal(0.4, 1, n)
    found = wilcoxon(d, 0, 1)
    other = stats.wilcoxon(d, method="exact")
    assert found.statistic == other.statistic
    assert found.p == pytest.approx(other.pvalue, rel=1e-12)


def test_above_fifty_it_is_the_normal_approximation_with_ties() -> None:
    d = np.random.default_rng(1).integers(-3, 5, 120).astype(float)
    found = wilcoxon(d, 0, 1)
    other = stats.wilcoxon(d)
    assert found.statistic == other.statistic
    assert found.p == pytest.approx(other.pvalue, rel=1e-12)


def test_differences_that_are_all_zero_are_equal_and_none_says_nothing() -> None:
    assert wilcoxon(np.zeros(5), 0, 1).p == 1.0
    assert wilcoxon(np.zeros(0), 0, 1).p is None


def test_own_pairs_are_scipys_paired_tests_on_the_units_that_have_both() -> None:
    table = np.random.default_rng(2).normal(0, 1, (14, 3))
    table[3, 1] = np.nan
    for ordinal in (False, True):
        found = own_pairs(table, (), 0.05, ordinal=ordinal)
        assert [(pair.first, pair.second) for pair in found] == [(0, 1), (0, 2), (1, 2)]
        for pair in found:
            both = table[~np.isnan(table[:, [pair.first, pair.second]]).any(axis=1)]
            x, y = both[:, pair.first], both[:, pair.second]
            gap: Floats = x - y
            other = stats.wilcoxon(gap) if ordinal else stats.ttest_1samp(gap, 0.0)
            assert pair.statistic == pytest.approx(other.statistic, rel=1e-12)
            assert pair.p == pytest.approx(other.pvalue, rel=1e-9)
            assert pair.df == (None if ordinal else len(both) - 1)
