"""Differences, pairs, letters and models against closed forms."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from earmark.analysis.ratings.methods.bradley_terry import (
    bootstrap_beats,
    bradley_terry,
    circular_triads,
)
from earmark.analysis.ratings.methods.bradley_terry_pairs import meetings, met_equally, score_pairs
from earmark.analysis.ratings.methods.crossed import components, crossed_mean, mean_squares, quasi_f
from earmark.analysis.ratings.methods.multiplicity import adjusted, letters
from earmark.analysis.ratings.methods.paired import differences, own_pairs, paired
from earmark.analysis.ratings.methods.permutation import permutation_pairs
from earmark.analysis.ratings.mixed_models.linear import fit_mixed
from earmark.analysis.ratings.result.names import Adjust, Scope
from earmark.models.errors import UserError

NAN = float("nan")


def test_letters_join_exactly_the_systems_that_do_not_differ() -> None:
    r = np.random.default_rng(7)
    for size in (1, 2, 3, 5, 7):
        for _ in range(12):
            different = np.triu(r.random((size, size)) < 0.4, 1)
            different = different | different.T
            found = letters(different)
            for i, j in itertools.combinations(range(size), 2):
                assert bool(set(found[i]) & set(found[j])) != bool(different[i, j])
            assert all(found)
    assert letters(np.zeros((3, 3), dtype=bool)) == ["a", "a", "a"]
    assert letters(~np.eye(3, dtype=bool)) == ["a", "b", "c"]
    many = letters(~np.eye(30, dtype=bool))
    assert (many[0], many[25], many[26], many[29]) == ("a", "z", "a1", "d1")


def test_a_missing_p_counts_in_no_family_and_no_method_is_unknown() -> None:
    assert adjusted([0.01, None, 0.04], Adjust.BONFERRONI) == [0.02, None, 0.08]
    assert adjusted([None, None], Adjust.HOLM) == [None, None]
    assert adjusted([0.01, 0.6], Adjust.NONE) == [0.01, 0.6]
    assert adjusted([0.9, 0.8], Adjust.BONFERRONI) == [1.0, 1.0]
    for method in (Adjust.SIDAK, Adjust.HOLM_SIDAK):
        assert adjusted([1.0, 0.0], method) == pytest.approx([1.0, 0.0])
    with pytest.raises(UserError, match="unknown adjustment 'x'; choose from bonferroni"):
        Adjust.called("x")


def test_differences_are_of_the_passages_that_a_listener_rated_both_on() -> None:
    cells = np.array([[[1.0, 4.0], [10.0, NAN]], [[NAN, NAN], [3.0, NAN]]])
    assert differences(cells, 1, 0)[0] == 3.0
    assert np.isnan(differences(cells, 1, 0)[1])
    table = np.array([[1.0, 4.0], [2.0, NAN]])
    found = paired(table, 0.05)[0, 1]
    assert (found.difference, found.units, found.error) == (-3.0, 1, None)
    nothing = paired(table[1:], 0.05)[0, 1]
    assert (nothing.difference, nothing.units) == (None, 0)
    (test,) = own_pairs(table, [], 0.05, ordinal=False)
    assert (test.p, test.statistic) == (None, None)
    (ranked,) = own_pairs(table[1:], [], 0.05, ordinal=True)
    assert ranked.p is None


def test_what_rounding_leaves_of_a_constant_difference_is_no_error() -> None:
    base = np.random.default_rng(3).normal(0.0, 400.0, (9, 1))
    table = base + np.array([0.0, 5.3])
    assert np.ptp(table[:, 0] - table[:, 1]) > 0, "by rounding"
    (test,) = own_pairs(table, [], 0.05, ordinal=False)
    assert (test.statistic, test.p) == (None, 0.0)
    tiny = np.zeros((5, 2))
    tiny[:, 1] = np.arange(5) * 1e-9
    (test,) = own_pairs(tiny, [], 0.05, ordinal=False)
    assert test.statistic == pytest.approx(stats.ttest_rel(*tiny.T).statistic), "a small unit"


def test_one_system_beats_another_by_the_odds_of_their_games() -> None:
    wins = np.array([[0.0, 12], [4, 0]])
    fit = bradley_terry(wins)
    assert fit.abilities == pytest.approx([0, -math.log(3)])
    assert fit.beats()[0, 1] == pytest.approx(0.75)
    # The variance of a log odds of 12 and 4.
    assert fit.errors == pytest.approx([0, math.sqrt(1 / 12 + 1 / 4)])
    assert fit.deviance == pytest.approx(0, abs=1e-9)
    assert fit.df == 0
    other = bradley_terry(wins, reference=1)
    assert other.abilities == pytest.approx([math.log(3), 0])
    with_self = wins + np.diag([5.0, 9.0])
    assert bradley_terry(with_self).abilities == pytest.approx(fit.abilities)


def test_met_equally_looks_at_every_listener_and_pair() -> None:
    even = np.array([[[0, 1, 2], [1, 0, 0], [0, 2, 0.0]]])
    assert met_equally(even)
    assert not met_equally(np.array([[[0, 1, 2], [1, 0, 0], [0, 1, 0.0]]]))
    assert met_equally(np.concatenate([even, 2 * even])), "each listener for itself"
    games = np.array([[0, 2, 1], [2, 0, 0], [1, 0, 0.0]])
    assert meetings(games).tolist() == [[3, -2, -1], [-2, 2, 0], [-1, 0, 1]]


def test_scores_of_pairs_met_equally_are_the_net_wins() -> None:
    r = np.random.default_rng(11)
    wins = np.zeros((9, 3, 3))
    for i, j in itertools.combinations(range(3), 2):
        wins[:, i, j] = r.integers(0, 5, 9)
        wins[:, j, i] = 4 - wins[:, i, j]
    net = wins.sum(axis=2) - wins.sum(axis=1)
    expected = permutation_pairs(net, 0)
    for found, other in zip(score_pairs(wins, 0), expected, strict=True):
        assert (found.first, found.second) == (other.first, other.second)
        assert found.p == pytest.approx(other.p, abs=0.02)
        assert found.statistic == pytest.approx(other.statistic), "half a score is a net win"
    apart = np.zeros((4, 3, 3))
    apart[:, 0, 1], apart[:, 1, 0] = 3, 1
    tests = score_pairs(apart, 0)
    assert [test.p is None for test in tests] == [False, True, True]


def test_bootstraps_that_seldom_fit_have_no_interval() -> None:
    wins = np.zeros((2, 2, 2))
    wins[0, 0, 1] = wins[1, 1, 0] = 3
    low, high, fitted = bootstrap_beats(wins, 0.05, 0)
    assert fitted == pytest.approx(500, abs=60), "one of two draws takes both listeners"
    assert low[0, 1] == high[0, 1] == pytest.approx(0.5)
    one_sided = np.zeros((3, 2, 2))
    one_sided[:, 0, 1] = 3
    low, _, fitted = bootstrap_beats(one_sided, 0.05, 0)
    assert fitted == 0
    assert np.isnan(low).all()


def test_only_decided_triads_can_go_round() -> None:
    circle = np.array([[0, 1, 0, 1], [0, 0, 1, 1], [1, 0, 0, 1], [0, 0, 0, 0.0]])
    assert circular_triads(circle) == (1, 4)
    tied = circle.copy()
    tied[0, 3] = tied[3, 0] = 0.5
    assert circular_triads(tied) == (1, 2)


def test_mean_squares_are_those_of_the_sums_over_all_cells() -> None:
    cells = np.random.default_rng(12).normal(50, 9, (5, 4, 3))
    ms = mean_squares(cells)
    n, m, k = cells.shape
    whole = ((cells - cells.mean()) ** 2).sum()
    parts = (
        ms.l * (n - 1) + ms.p * (m - 1) + ms.s * (k - 1) + ms.lp * (n - 1) * (m - 1)
        + ms.sl * (n - 1) * (k - 1) + ms.sp * (m - 1) * (k - 1)
        + ms.slp * (n - 1) * (m - 1) * (k - 1)
    )  # fmt: skip
    assert parts == pytest.approx(whole)
    one_way = stats.f_oneway(*np.moveaxis(cells, 2, 0).reshape(k, -1))
    within = (whole - ms.s * (k - 1)) / (n * m * k - k)
    assert ms.s / within == pytest.approx(one_way.statistic)
    found = quasi_f(ms)
    top, bottom = ms.s + ms.slp, ms.sl + ms.sp
    assert found.statistic == pytest.approx(top / bottom)
    assert found.df == pytest.approx(top**2 / (ms.s**2 / 2 + ms.slp**2 / 24))
    assert found.df2 == pytest.approx(bottom**2 / (ms.sl**2 / 8 + ms.sp**2 / 6))
    assert found.df is not None
    assert found.df2 is not None
    assert found.p == pytest.approx(stats.f.sf(top / bottom, found.df, found.df2))
    shaped = np.random.default_rng(1).normal(0, 1, (5, 1, 1)) + np.zeros((5, 4, 3)) + np.arange(3)
    assert "do not differ at all" in quasi_f(mean_squares(shaped)).note
    for broken in (cells[:1], cells[:, :1], cells[:, :, :1], np.where(cells > 60, NAN, cells)):
        with pytest.raises(ValueError, match="complete table"):
            mean_squares(broken)


def test_components_add_up_to_the_mean_squares_that_they_are_taken_from() -> None:
    ms = mean_squares(np.random.default_rng(13).normal(50, 9, (5, 4, 3)))
    v = components(ms)
    n, m, k = 5, 4, 3
    rest = v["residual"]
    assert rest + m * v["listener:system"] == pytest.approx(ms.sl)
    assert rest + n * v["passage:system"] == pytest.approx(ms.sp)
    assert rest + k * v["listener:passage"] == pytest.approx(ms.lp)
    listener = rest + m * v["listener:system"] + k * v["listener:passage"]
    assert listener + m * k * v["listener"] == pytest.approx(ms.l)
    passage = rest + n * v["passage:system"] + k * v["listener:passage"]
    assert passage + n * k * v["passage"] == pytest.approx(ms.p)


def test_the_error_of_a_crossed_mean_is_that_of_both_samples() -> None:
    d = np.random.default_rng(14).normal(0, 1, (6, 5))
    d += np.random.default_rng(15).normal(0, 4, (6, 1)) + np.random.default_rng(16).normal(0, 4, 5)
    found = crossed_mean(d, 0.05)
    rows, columns = d.mean(axis=1), d.mean(axis=0)
    ms_l, ms_p = 5 * rows.var(ddof=1), 6 * columns.var(ddof=1)
    rest = d - rows[:, None] - columns + d.mean()
    ms_lp = (rest**2).sum() / 20
    squared = (ms_l + ms_p - ms_lp) / 30
    assert squared > max(ms_l, ms_p) / 30
    assert found.error == pytest.approx(math.sqrt(squared))
    df = (ms_l + ms_p - ms_lp) ** 2 / (ms_l**2 / 5 + ms_p**2 / 4 + ms_lp**2 / 20)
    assert found.df == pytest.approx(df)
    assert found.mean == pytest.approx(d.mean())
    small = crossed_mean(d / 1e4, 0.05)
    assert (small.df, small.error * 1e4) == pytest.approx((found.df, found.error))
    flat = crossed_mean(np.ones((6, 5)), 0.05)
    assert (flat.error, flat.df, flat.low, flat.high) == (0.0, 4.0, 1.0, 1.0)


def test_a_mixed_model_that_cannot_be_fitted_says_why() -> None:
    cells = np.random.default_rng(17).normal(50, 9, (6, 3, 3))
    lone = cells.copy()
    lone[:, :, 2] = NAN
    corner = cells.copy()
    corner[:, 1, 2] = NAN
    sum_alone = cells[:, :1, :1] + np.arange(3)[:, None] + 3.0 * np.arange(3)
    for broken, scope, words in (
        (cells[:1], Scope.PASSAGES, "two listeners, two systems"),
        (cells[:, :, :1], Scope.PASSAGES, "two listeners, two systems"),
        (cells[:, :1], Scope.MUSIC, "and, for music, two passages"),
        (lone, Scope.MUSIC, "a system has no rating"),
        (corner, Scope.PASSAGES, "no rating on one of the passages"),
        (cells[:2, :1, :2], Scope.PASSAGES, "too few ratings"),
        (sum_alone, Scope.MUSIC, "do not vary"),
        (np.zeros((2, 61, 10)), Scope.MUSIC, "61 passages × 10 systems are more"),
    ):
        with pytest.raises(ValueError, match=words):
            fit_mixed(broken, scope)
    assert fit_mixed(corner, Scope.MUSIC).observations == 6 * 8
