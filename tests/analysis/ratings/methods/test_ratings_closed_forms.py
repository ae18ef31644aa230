"""Methods against closed forms, full enumeration and likelihoods written another way."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
from scipy import optimize, stats

from earmark.analysis.ratings.methods.abx import (
    abx_d_prime,
    abx_share,
    beta_binomial_test,
    binomial_test,
)
from earmark.analysis.ratings.methods.bradley_terry import (
    bootstrap_beats,
    bradley_terry,
    circular_triads,
)
from earmark.analysis.ratings.methods.bradley_terry_pairs import meetings, met_equally, score_pairs
from earmark.analysis.ratings.methods.crossed import components, crossed_mean, mean_squares, quasi_f
from earmark.analysis.ratings.methods.incomplete import (
    durbin,
    durbin_pairs,
    is_balanced_incomplete,
    skillings_mack,
    skillings_mack_pairs,
)
from earmark.analysis.ratings.methods.kruskal import conover_iman, kruskal_wallis
from earmark.analysis.ratings.methods.mixed import fit_mixed, work
from earmark.analysis.ratings.methods.multiplicity import adjusted, letters
from earmark.analysis.ratings.methods.paired import differences, own_pairs, paired
from earmark.analysis.ratings.methods.permutation import (
    flip_listeners,
    permutation_pairs,
    permutation_test,
    sign_flips,
    within_pages,
)
from earmark.analysis.ratings.methods.resampling import draws, interval
from earmark.analysis.ratings.methods.signed_rank import signed_rank_p, signed_ranks
from earmark.analysis.ratings.reading.table import Floats
from earmark.models.errors import UserError

NAN = float("nan")


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.3])
@pytest.mark.parametrize(("right", "trials"), [(0, 5), (1, 5), (4, 5), (5, 5), (9, 16), (60, 100)])
def test_the_exact_interval_of_a_share_is_that_of_scipy(
    right: int, trials: int, alpha: float
) -> None:
    found = binomial_test(right, trials, alpha)
    exact = stats.binomtest(right, trials).proportion_ci(1 - alpha)
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high), abs=1e-12)
    assert found.p == pytest.approx(
        stats.binomtest(right, trials, alternative="greater").pvalue, rel=1e-10
    )
    assert (found.right, found.trials) == (right, trials)


RIGHT = np.array([16, 15, 9, 7, 8, 12, 14, 10.0])


def likelihood(mean: float, right: Floats = RIGHT, trials: int = 16) -> float:
    """The best log-likelihood of a mean, by scipy's beta-binomial distribution."""

    def minus(size: float) -> float:
        a, b = mean * math.exp(size), (1 - mean) * math.exp(size)
        return -float(stats.betabinom.logpmf(right, trials, a, b).sum())

    grid = np.linspace(-4, 10, 60)
    start = grid[int(np.argmin([minus(size) for size in grid]))]
    found = optimize.minimize_scalar(minus, bounds=(start - 1, start + 1), method="bounded")
    return -float(found.fun)


@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_the_beta_binomial_test_and_interval_are_those_of_the_likelihood(alpha: float) -> None:
    found = beta_binomial_test(RIGHT, np.full(8, 16.0), alpha)
    best = likelihood(found.mean)
    assert best >= likelihood(found.mean + 0.01) > likelihood(found.mean + 0.05)
    assert best >= likelihood(found.mean - 0.01)
    assert found.statistic == pytest.approx(2 * (best - likelihood(0.5)), abs=1e-4)
    assert found.p == pytest.approx(stats.norm.sf(math.sqrt(found.statistic)), rel=1e-9)
    for end in (found.low, found.high):
        drop = 2 * (best - likelihood(end))
        assert drop == pytest.approx(stats.chi2.isf(alpha, 1), abs=1e-3)
    assert found.low < found.mean < found.high
    size = (1 - found.overdispersion) / found.overdispersion
    there = stats.betabinom.logpmf(RIGHT, 16, found.mean * size, (1 - found.mean) * size).sum()
    assert there == pytest.approx(best, abs=1e-4)


def test_worse_than_guessing_is_no_sign_of_hearing() -> None:
    better = beta_binomial_test(RIGHT, np.full(8, 16.0))
    worse = beta_binomial_test(16 - RIGHT, np.full(8, 16.0))
    assert worse.mean == pytest.approx(1 - better.mean, abs=1e-4)
    assert worse.p == pytest.approx(1 - better.p, abs=1e-4)
    assert worse.low == pytest.approx(1 - better.high, abs=1e-3)


def test_d_prime_has_its_ends_and_its_strategies() -> None:
    assert abx_d_prime(0.5) == abx_d_prime(0.3) == abx_d_prime(0.0) == 0.0
    assert abx_d_prime(1.0) == math.inf
    # Independent observations: A and B are put in order, X is told by the middle between them.
    r, d = np.random.default_rng(3), 1.3
    a, b, x = r.normal(0, 1, 200_000), r.normal(d, 1, 200_000), r.normal(d, 1, 200_000)
    right = ((a < b) == (x > d / 2)).mean()
    assert abx_share(d, "independent") == pytest.approx(right, abs=0.005)
    for share, strategy in ((1.01, "differencing"), (-0.1, "independent"), (0.7, "guessing")):
        with pytest.raises(ValueError, match="does not exist"):
            abx_d_prime(share, strategy)


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


def test_draws_are_resamples_with_replacement_and_intervals_their_percentiles() -> None:
    weights = draws(7, 0, 1)
    assert weights.shape == (2000, 7)
    assert (weights.sum(axis=1) == 7).all()
    assert weights.mean(axis=0) == pytest.approx(np.ones(7), abs=0.08)
    assert (weights == 0).mean() == pytest.approx((6 / 7) ** 7, abs=0.02)
    assert draws(7, 0, 1, 300).shape == (300, 7)
    assert draws(100_000, 0, 1).shape == (200, 100_000), "never fewer than 200"
    assert draws(20_000, 0, 1).shape == (400, 20_000), "eight million numbers at most"
    assert not weights.flags.writeable
    assert np.array_equal(draws(7, 0, 1), weights)
    assert not np.array_equal(draws(7, 1, 1), weights)
    assert not np.array_equal(draws(7, 0, 2), weights)
    values = np.random.default_rng(0).normal(0, 1, 999)
    for alpha in (0.05, 0.2):
        expected = np.percentile(values, [50 * alpha, 100 - 50 * alpha])
        assert interval(values, alpha) == pytest.approx(tuple(expected))
    half = values.copy()
    half[:499] = NAN
    assert interval(half, 0.05) == pytest.approx(tuple(np.percentile(half[499:], [2.5, 97.5])))
    half[499] = math.inf
    assert interval(half, 0.05) == (None, None), "fewer than half are defined"
    assert interval(np.full(3, NAN), 0.05) == interval(np.array([]), 0.05) == (None, None)


def test_few_sign_flips_and_arrangements_are_all_counted() -> None:
    r = np.random.default_rng(2)
    for n in (2, 3, 6, 10):
        d = np.round(r.normal(0.6, 1, n), 1)
        signs = itertools.product((1, -1), repeat=n)
        sums = np.array([abs(sum(s * x for s, x in zip(one, d, strict=True))) for one in signs])
        expected = (sums >= abs(d.sum()) - 1e-9).mean()
        assert sign_flips(d, 0) == pytest.approx(expected)
        with_gap = np.append(d, NAN)
        assert sign_flips(with_gap, 0) == pytest.approx(expected)
        flips = flip_listeners(np.stack([d, -d], axis=1), 0)
        assert flips.p == pytest.approx(expected)
        assert flips.statistic == pytest.approx(2 * d.sum() ** 2 / n)
        assert f"all {2**n} flips" in flips.note
    assert sign_flips(np.array([1.0]), 0) is None
    assert flip_listeners(np.array([[1.0, -1.0]]), 0).p is None
    assert sign_flips(np.array([1.0, 1.0]), 0) == 0.5
    table = np.round(r.normal(0, 1, (3, 3)) + np.array([0, 0.5, 1]), 2)
    spread = np.var(table.mean(axis=0))
    orders = [[row[list(o)] for o in itertools.permutations(range(3))] for row in table]
    every = [np.var(np.mean(rows, axis=0)) for rows in itertools.product(*orders)]
    found = permutation_test(table, 0)
    assert found.p == pytest.approx(np.mean(np.array(every) >= spread - 1e-12))
    assert found.statistic == pytest.approx(3 * 3 * spread)
    assert found.note == "all 36 arrangements"


def test_drawn_flips_and_arrangements_never_say_zero() -> None:
    d = np.full(40, 1.0) + np.arange(40) / 100
    assert sign_flips(d, 0) == 1 / 10_000
    table = np.stack([d * 0, d, 2 * d], axis=1)
    assert permutation_test(table, 0).p == 1 / 10_000
    assert permutation_test(table, 0).note == "9999 random arrangements"
    flips = flip_listeners(np.stack([d, -d], axis=1), 0)
    assert flips.p == 1 / 10_000
    assert flips.note == "random 9999 flips of listeners"
    weak = np.random.default_rng(1).normal(0.3, 1, 40)
    p = stats.ttest_1samp(weak, 0).pvalue
    assert sign_flips(weak, 0) == pytest.approx(p, abs=0.02)
    assert sign_flips(weak, 0) == sign_flips(weak, 0)
    assert flip_listeners(np.stack([weak, -weak], axis=1), 0).p == pytest.approx(p, abs=0.02)
    many = np.random.default_rng(1).normal(0.05, 1, (2001, 1))
    assert "random 999 flips" in flip_listeners(np.concatenate([many, -many], axis=1), 0).note


def test_the_draws_of_a_seed_stay_what_they_are() -> None:
    """A report that is made again says the same; other streams would be another result."""
    d = np.random.default_rng(5).normal(0.2, 1, 21)

    def flipped(seed: int, tag: int) -> Floats:
        coins = np.random.default_rng([seed, 21, tag]).integers(0, 2, (9999, 21))
        drawn: Floats = 2 * coins.astype(np.float64) - 1
        return drawn

    for seed in (0, 8):
        exceeding = (np.abs(flipped(seed, 2) @ d) >= abs(d.sum()) - 1e-9).sum()
        assert sign_flips(d, seed) == (1 + exceeding) / 10_000
        scores = np.stack([d, 2 * d[::-1], -d - 2 * d[::-1]], axis=1)
        sums: Floats = ((flipped(seed, 4) @ scores) ** 2).sum(axis=1)
        exceeding = (sums >= (scores.sum(axis=0) ** 2).sum() - 1e-9).sum()
        assert flip_listeners(scores, seed).p == (1 + exceeding) / 10_000
        block = np.broadcast_to(scores, (9999, 21, 3))
        permuted = np.random.default_rng([seed, 21, 3]).permuted(block, axis=2).sum(axis=1)
        exceeding = (permuted.var(axis=1) >= scores.sum(axis=0).var() - 1e-9).sum()
        assert permutation_test(scores, seed).p == (1 + exceeding) / 10_000


def test_pairs_of_flips_are_those_of_their_differences() -> None:
    table = np.round(np.random.default_rng(4).normal(50, 5, (7, 3)), 1)
    table[0, 2] = NAN
    for pair in permutation_pairs(table, 3):
        d = table[:, pair.first] - table[:, pair.second]
        assert pair.p == sign_flips(d, 3)
        assert pair.statistic == pytest.approx(np.nanmean(d))
    alone = permutation_pairs(table[:1, :2], 0)[0]
    assert (alone.p, alone.statistic) == (None, None)


def test_scores_within_pages_leave_out_listeners_and_passages() -> None:
    r = np.random.default_rng(6)
    effects = np.array([0.0, 3.0, 7.0])
    cells = effects + r.normal(0, 20, (5, 4, 1)) * np.ones(3)
    cells[0, 0, 1] = cells[1, 2, 0] = cells[3, 3, 2] = NAN
    scores, information = within_pages(cells)
    assert scores.sum(axis=1) == pytest.approx(np.zeros(5), abs=1e-8)
    # Least squares on page and system: the normal equations give the effects back exactly.
    found = np.linalg.pinv(information) @ scores.sum(axis=0)
    assert found - found[0] == pytest.approx(effects, abs=1e-8)
    assert information.sum(axis=0) == pytest.approx(np.zeros(3), abs=1e-12)
    test = flip_listeners(scores, 0, information)
    total = scores.sum(axis=0)
    expected = total @ np.linalg.pinv(information) @ total / 5
    assert test.statistic == pytest.approx(expected)
    apart = np.full((4, 1, 4), NAN)
    apart[:2, :, :2] = r.normal(0, 1, (2, 1, 2))
    apart[2:, :, 2:] = r.normal(0, 1, (2, 1, 2))
    assert (
        "no listener compares"
        in flip_listeners(within_pages(apart)[0], 0, within_pages(apart)[1]).note
    )


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
    assert adjusted([0.01, None, 0.04], "bonferroni") == [0.02, None, 0.08]
    assert adjusted([None, None], "holm") == [None, None]
    assert adjusted([0.01, 0.6], "none") == [0.01, 0.6]
    assert adjusted([0.9, 0.8], "bonferroni") == [1.0, 1.0]
    for method in ("sidak", "holm-sidak"):
        assert adjusted([1.0, 0.0], method) == pytest.approx([1.0, 0.0])
    with pytest.raises(UserError, match="unknown adjustment 'x'; choose from bonferroni"):
        adjusted([0.1], "x")


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
        (cells[:1], "passages", "two listeners, two systems"),
        (cells[:, :, :1], "passages", "two listeners, two systems"),
        (cells[:, :1], "music", "and, for music, two passages"),
        (lone, "music", "a system has no rating"),
        (corner, "passages", "no rating on one of the passages"),
        (cells[:2, :1, :2], "passages", "too few ratings"),
        (sum_alone, "music", "do not vary"),
        (np.zeros((2, 61, 10)), "music", "61 passages × 10 systems are more"),
    ):
        with pytest.raises(ValueError, match=words):
            fit_mixed(broken, scope)
    assert fit_mixed(corner, "music").observations == 6 * 8
    assert work(cells) == 9.0**3
    corner[0, 0, 0] = NAN
    assert work(corner) == 2 * 9.0**3
