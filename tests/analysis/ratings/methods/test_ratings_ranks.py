"""Rank tests against full enumeration, and against the tests that they become without gaps."""

import itertools
from typing import Any

import numpy as np
import pytest
from scipy import stats

from earmark.analysis.ratings.methods.incomplete import (
    durbin,
    durbin_pairs,
    is_balanced_incomplete,
    skillings_mack,
    skillings_mack_pairs,
)
from earmark.analysis.ratings.methods.kruskal import conover_iman, kruskal_wallis
from earmark.analysis.ratings.methods.signed_rank import signed_rank_p, signed_ranks

NAN = float("nan")


@pytest.mark.parametrize("n", [1, 2, 5, 8, 11])
def test_signed_ranks_count_every_sign(n: int) -> None:
    r = np.random.default_rng(n)
    for decimals in (0, 1, 6):
        d = np.round(r.normal(0.5, 1.5, n), decimals)
        w, ties = signed_ranks(d)
        moved = d[d != 0]
        ranks = stats.rankdata(np.abs(moved))
        assert w == min(ranks[moved > 0].sum(), ranks[moved < 0].sum())
        assert sum(ties) == len(moved)
        sums = [
            sum(rank for rank, up in zip(ranks, ups, strict=True) if up)
            for ups in itertools.product((False, True), repeat=len(moved))
        ]
        both = 2 * np.mean([total <= w for total in sums])
        assert signed_rank_p(w, ties) == pytest.approx(min(1.0, both))


def test_many_signed_ranks_are_normal_with_the_correction_for_ties() -> None:
    r = np.random.default_rng(0)
    for decimals in (0, 5):
        d = np.round(r.normal(0.3, 2, 80), decimals)
        d = d[d != 0][:51]
        assert len(d) == 51, "one more than is counted exactly"
        wilcoxon: Any = stats.wilcoxon  # its stubs lack the method
        expected = wilcoxon(d, method="asymptotic")
        assert signed_rank_p(*signed_ranks(d)) == pytest.approx(expected.pvalue, rel=1e-9)
        exact = signed_rank_p(*signed_ranks(d[:50]))
        close = wilcoxon(d[:50], method="asymptotic").pvalue
        assert exact == pytest.approx(close, rel=0.1)
        assert exact != pytest.approx(close, rel=1e-6)
    assert signed_ranks(np.zeros(4)) == (0.0, ())
    assert signed_rank_p(0.0, ()) == 1.0


def test_wins_balanced_incomplete_blocks_are_told_from_others() -> None:
    blocks = np.array([[1, 2, NAN], [NAN, 1, 2], [2, NAN, 1]])
    assert is_balanced_incomplete(blocks)
    assert is_balanced_incomplete(np.ones((3, 3)))
    assert not is_balanced_incomplete(blocks[:2])
    assert not is_balanced_incomplete(np.array([[1, 2, NAN, NAN], [NAN, NAN, 1, 2]]))
    assert not is_balanced_incomplete(np.array([[1, NAN], [NAN, 1]]))
    assert not is_balanced_incomplete(np.ones((3, 1)))
    longer = np.array([[1, 2, 3], [1, 2, NAN], [NAN, 1, 2], [1, NAN, 2]])
    assert not is_balanced_incomplete(longer)
    with pytest.raises(ValueError, match="balanced incomplete"):
        durbin(longer)


def test_durbin_is_friedman_where_no_block_lacks_a_system() -> None:
    table = np.round(np.random.default_rng(8).normal(5, 2, (9, 4)), 0)
    found, expected = durbin(table), stats.friedmanchisquare(*table.T)
    assert found.chi2.statistic == pytest.approx(expected.statistic)
    t1, b, t = found.chi2.statistic, 9, 4
    assert t1 is not None
    assert found.f.statistic == pytest.approx((b - 1) * t1 / (b * (t - 1) - t1))
    assert (found.f.df, found.f.df2) == (3, 24)
    assert (found.blocks, found.per_block, found.per_system) == (9, 4, 9)
    ranks = stats.rankdata(table, axis=1)
    for pair in durbin_pairs(found):
        gap = (ranks[:, pair.first] - ranks[:, pair.second]).mean()
        assert pair.rank_difference == pytest.approx(gap)
    agreed = durbin(np.tile(np.arange(4.0), (5, 1)))
    assert agreed.f.p is None
    assert "complete agreement" in agreed.f.note
    assert [pair.p for pair in durbin_pairs(agreed)] == [0.0] * 6


def test_skillings_mack_is_friedman_where_nothing_is_missing_and_nothing_ties() -> None:
    table = np.random.default_rng(9).normal(0, 1, (8, 4))
    found, expected = skillings_mack(table), stats.friedmanchisquare(*table.T)
    assert found.omnibus.statistic == pytest.approx(expected.statistic)
    assert found.omnibus.df == 3
    assert found.blocks == 8
    lone = np.full((1, 4), NAN)
    lone[0, 1] = 5.0
    more = skillings_mack(np.concatenate([table, lone]))
    assert more.blocks == 8
    assert more.omnibus.statistic == pytest.approx(expected.statistic)
    ranks = stats.rankdata(table, axis=1)
    for pair in skillings_mack_pairs(found):
        gap = (ranks[:, pair.first] - ranks[:, pair.second]).mean()
        z = gap / np.sqrt(4 * 5 / (6 * 8))
        assert pair.statistic == pytest.approx(z)
        assert pair.p == pytest.approx(2 * stats.norm.sf(abs(z)))
    apart = np.array([[1, 2, NAN, NAN], [NAN, NAN, 1, 2], [2, 1, NAN, NAN]])
    assert "no listener compares" in skillings_mack(apart).omnibus.note
    assert [pair.p for pair in skillings_mack_pairs(skillings_mack(apart))] == [None] * 6


def test_groups_of_one_value_or_none_have_no_pooled_test() -> None:
    codes = np.array([0, 0, 2, 2])
    test = kruskal_wallis(np.array([1.0, 2, 3, 4]), codes, 3)
    assert test.omnibus.df == 1
    assert test.omnibus.statistic == pytest.approx(stats.kruskal([1, 2], [3, 4]).statistic)
    assert np.isnan(test.mean_ranks[1])
    assert test.mean_ranks[[0, 2]] == pytest.approx([1.5, 3.5])
    assert [pair.p is None for pair in conover_iman(test)] == [True, False, True]
    alone = kruskal_wallis(np.array([1.0, 2]), np.array([1, 1]), 3)
    assert alone.omnibus.note == "fewer than two systems have ratings"
    equal = kruskal_wallis(np.ones(4), codes, 3)
    assert (equal.omnibus.note, equal.epsilon2, equal.eta2) == ("all ratings are equal", None, None)
    lone = kruskal_wallis(np.array([5.0]), np.array([0]), 1)
    assert (lone.rank_variance, lone.omnibus.p) == (0.0, None)
    one_each = kruskal_wallis(np.array([1.0, 2]), np.array([0, 1]), 2)
    assert one_each.eta2 is None
    assert [pair.p for pair in conover_iman(one_each)] == [None]
