"""Levels, critical values and p at the ends of their range, held against tables and other programs.

A test at 5 % and an interval of 95 % are one promise; so are two one-sided tests at 5 % and an
interval of 90 %. Systems that are the same have p = 1, ones that always differ alike p = 0.
"""

import numpy as np
import pytest
from ratings_simulation import simulated_cells
from scipy import stats

from earmark.analysis.ratings.methods.crossed import crossed_mean, crossed_pairs, mean_squares
from earmark.analysis.ratings.methods.equivalence import tost, verdict
from earmark.analysis.ratings.methods.friedman import (
    conover_friedman,
    critical_difference,
    friedman,
    nemenyi,
    quade,
    quade_pairs,
)
from earmark.analysis.ratings.methods.incomplete import (
    durbin,
    durbin_pairs,
    skillings_mack,
    skillings_mack_pairs,
)
from earmark.analysis.ratings.methods.kruskal import conover_iman, kruskal_wallis
from earmark.analysis.ratings.methods.paired import own_method, own_pairs, paired
from earmark.analysis.ratings.methods.permutation import permutation_pairs, permutation_test
from earmark.analysis.ratings.mixed_models.linear import fit_mixed
from earmark.analysis.ratings.reading.table import Floats
from earmark.analysis.ratings.result.names import Scope

ALPHAS = (0.01, 0.05, 0.2)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_the_interval_of_the_mixed_model_is_the_classical_one_of_its_level(alpha: float) -> None:
    cells = simulated_cells(2, (12, 4, 3), listener_system=6)
    ms = mean_squares(cells)
    assert ms.sl > ms.slp, "so that the model keeps the term"
    half = stats.t.ppf(1 - alpha / 2, 11 * 2) * np.sqrt(2 * ms.sl / (12 * 4))
    means = cells.mean(axis=(0, 1))
    for pair in fit_mixed(cells, Scope.PASSAGES).pairs(alpha):
        i, j = pair.comparison.first, pair.comparison.second
        assert pair.difference == pytest.approx(means[i] - means[j], abs=1e-7)
        assert pair.high - pair.low == pytest.approx(2 * half, rel=1e-4)
        assert (pair.high + pair.low) / 2 == pytest.approx(pair.difference)
        assert (pair.comparison.p is not None and pair.comparison.p < alpha) == (
            pair.low > 0 or pair.high < 0
        )


@pytest.mark.parametrize("alpha", ALPHAS)
def test_the_intervals_of_paired_t_are_those_of_scipy(alpha: float) -> None:
    table = np.random.default_rng(0).normal(50, 9, (11, 3))
    for (i, j), found in paired(table, alpha).items():
        expected = stats.ttest_rel(table[:, i], table[:, j])
        interval = expected.confidence_interval(1 - alpha)
        assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
        assert (found.df, found.units) == (10, 11)
        assert found.error == pytest.approx(stats.sem(table[:, i] - table[:, j]))
    tests = own_pairs(table, [], alpha, ordinal=False)
    for test in tests:
        expected = stats.ttest_rel(table[:, test.first], table[:, test.second])
        assert (test.statistic, test.p) == pytest.approx((expected.statistic, expected.pvalue))


@pytest.mark.parametrize("alpha", ALPHAS)
def test_the_interval_of_two_one_sided_tests_has_level_one_less_twice_alpha(alpha: float) -> None:
    d = np.random.default_rng(2).normal(1, 4, 20)
    found = tost(float(d.mean()), float(stats.sem(d)), 19, 3.0, alpha)
    interval = stats.ttest_1samp(d, 0).confidence_interval(1 - 2 * alpha)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    # The margin at which the tests just reject is where the interval ends.
    edge = max(-found.low, found.high)
    assert tost(float(d.mean()), float(stats.sem(d)), 19, edge, alpha).p == pytest.approx(alpha)
    assert found.margin == 3.0


def test_the_p_of_equivalence_is_that_of_the_nearer_end() -> None:
    for shift in (-2.0, 2.0):
        near, far = (tost(shift, 0.5, 30, margin, 0.05) for margin in (4.0, 2.2))
        assert near.p < 0.05 <= far.p
        assert near.p == pytest.approx(tost(-shift, 0.5, 30, 4.0, 0.05).p)


def test_without_error_only_a_difference_inside_the_margin_is_equivalent() -> None:
    for difference, p in ((0.0, 0.0), (2.9, 0.0), (-2.9, 0.0), (3.0, 1.0), (-3.1, 1.0)):
        found = tost(difference, 0.0, 9, 3.0, 0.05)
        assert (found.p, found.low, found.high) == (p, difference, difference)
    for margin in (0.0, -1.0):
        with pytest.raises(ValueError, match="margin is positive"):
            tost(0.0, 1.0, 9, margin, 0.05)


def test_a_verdict_names_the_better_one_and_equivalence_comes_first() -> None:
    def of(difference: float | None, *known: bool | None) -> str:
        rejected, equivalent = known
        return verdict(difference, rejected=rejected, equivalent=equivalent, names=("A", "B"))

    assert of(2.0, True, False) == "A better"
    assert of(-2.0, True, False) == "B better"
    assert of(2.0, True, True) == "equivalent"
    assert of(2.0, False, True) == "equivalent"
    assert of(2.0, False, False) == of(2.0, None, None) == "inconclusive"
    assert of(None, True, False) == of(0.0, True, False) == "inconclusive"


@pytest.mark.parametrize(
    ("alpha", "printed"),
    [
        (0.05, [1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164]),
        (0.10, [1.645, 2.052, 2.291, 2.459, 2.589, 2.693, 2.780, 2.855, 2.920]),
    ],
)
def test_the_critical_difference_is_that_of_demsars_table(
    alpha: float, printed: list[float]
) -> None:
    for systems, q in enumerate(printed, start=2):
        for blocks in (5, 30):
            expected = q * np.sqrt(systems * (systems + 1) / (6 * blocks))
            # Printed to three places, some of them cut off.
            assert critical_difference(blocks, systems, alpha) == pytest.approx(expected, rel=5e-4)


def test_nemenyi_rejects_where_mean_ranks_differ_by_more_than_the_critical_difference() -> None:
    for seed in range(6):
        table = np.random.default_rng(seed).normal(0, 1, (9, 4)) + np.array([0, 0.5, 1, 1.8])
        test = friedman(table)
        for alpha in ALPHAS:
            cd = critical_difference(9, 4, alpha)
            for pair in nemenyi(test):
                gap = float(test.mean_ranks[pair.first] - test.mean_ranks[pair.second])
                assert pair.rank_difference == pytest.approx(gap)
                assert pair.p is not None
                assert (pair.p < alpha) == (abs(gap) > cd)
    assert test.mean_ranks == pytest.approx(stats.rankdata(table, axis=1).mean(axis=0))


def twins(listeners: int = 8) -> Floats:
    """Two systems that are one, and a third that is its own."""
    one = np.random.default_rng(4).normal(50, 10, (listeners, 1))
    other = np.random.default_rng(5).normal(60, 10, (listeners, 1))
    return np.round(np.concatenate([one, one, other], axis=1), 1)


def test_systems_that_are_one_have_p_1_by_every_test() -> None:
    table = twins()
    cells = np.stack([table, table + np.arange(8)[:, None] % 3], axis=1)
    blocks = table.copy()
    blocks[0, 2] = np.nan
    ranked = kruskal_wallis(table.ravel(), np.tile(np.arange(3), 8), 3)
    found = {
        "paired t": own_pairs(table, [], 0.05, ordinal=False)[0],
        "Wilcoxon": own_pairs(table, [], 0.05, ordinal=True)[0],
        "permutation": permutation_pairs(table, 0)[0],
        "crossed": crossed_pairs(cells, 0.05)[0].comparison,
        "Conover-Friedman": conover_friedman(friedman(table))[0],
        "Nemenyi": nemenyi(friedman(table))[0],
        "Quade": quade_pairs(quade(table))[0],
        "Conover-Iman": conover_iman(ranked)[0],
        "Skillings-Mack": skillings_mack_pairs(skillings_mack(blocks))[0],
    }
    for name, pair in found.items():
        assert (pair.first, pair.second) == (0, 1)
        assert pair.p == pytest.approx(1.0, abs=1e-12), name
        assert abs(pair.statistic or 0.0) < 1e-12, name


def test_systems_that_differ_by_the_same_everywhere_have_p_0() -> None:
    base = np.random.default_rng(1).normal(50, 9, (7, 1))
    table = base + np.array([0.0, 5.0])
    (pair,) = own_pairs(table, [], 0.05, ordinal=False)
    assert (pair.p, pair.statistic) == (0.0, None)
    cells = np.stack([table, table], axis=1)
    (crossed,) = crossed_pairs(cells, 0.05)
    assert (crossed.comparison.p, crossed.comparison.statistic) == (0.0, None)
    assert crossed.difference == pytest.approx(-5)
    assert (crossed.low, crossed.high) == pytest.approx((-5, -5))


def test_listeners_who_all_order_alike_agree_completely() -> None:
    table = np.tile(np.arange(4.0), (6, 1)) + np.arange(6.0)[:, None]
    test = friedman(table)
    assert (test.f.statistic, test.f.p, test.f.df, test.f.df2) == (None, 0.0, 3, 15)
    assert test.kendall_w == pytest.approx(1.0)
    assert test.chi2.statistic == pytest.approx(6 * 3)
    assert {(pair.statistic, pair.p) for pair in conover_friedman(test)} == {(None, 0.0)}
    ranges = quade(table)
    assert (ranges.omnibus.statistic, ranges.omnibus.p) == (None, 0.0)
    assert {(pair.statistic, pair.p) for pair in quade_pairs(ranges)} == {(None, 0.0)}


def test_listeners_to_whom_all_is_equal_leave_no_test() -> None:
    flat = np.full((5, 3), 7.0)
    test = friedman(flat)
    assert (test.f.p, test.chi2.p, test.kendall_w) == (None, None, None)
    assert "equal" in test.f.note
    for pairs in (
        conover_friedman(test),
        nemenyi(test),
        quade_pairs(quade(flat)),
        conover_iman(kruskal_wallis(flat.ravel(), np.tile(np.arange(3), 5), 3)),
        skillings_mack_pairs(skillings_mack(flat)),
    ):
        assert [(pair.statistic, pair.p) for pair in pairs] == [(None, None)] * 3
    assert quade(flat).omnibus.note == test.f.note
    assert skillings_mack(flat).omnibus.p is None
    holes = flat.copy()
    holes[[0, 1, 2], [0, 1, 2]] = np.nan
    even = durbin(holes[:3])
    assert (even.f.p, even.chi2.p) == (None, None)
    assert [pair.p for pair in durbin_pairs(even)] == [None] * 3


@pytest.mark.parametrize("shape", [(1, 3), (5, 1)])
def test_one_listener_or_one_system_leaves_no_test_over_listeners(shape: tuple[int, int]) -> None:
    table = np.random.default_rng(0).normal(0, 1, shape)
    for test in (friedman(table).f, friedman(table).chi2, quade(table).omnibus):
        assert (test.p, test.statistic) == (None, None)
        assert test.note == "needs at least two blocks and two systems"
    assert all(pair.p is None for pair in quade_pairs(quade(table)))
    test = permutation_test(table, 0)
    assert (test.p, test.note) == (None, "needs at least two listeners and two systems")


@pytest.mark.parametrize("shape", [(2, 3), (5, 2)])
def test_two_listeners_or_two_systems_are_enough(shape: tuple[int, int]) -> None:
    table = np.random.default_rng(3).normal(0, 1, shape)
    for test in (friedman(table).f, quade(table).omnibus, permutation_test(table, 0)):
        assert test.p is not None
    assert friedman(table).f.df2 == (shape[0] - 1) * (shape[1] - 1)


def test_the_mean_of_a_crossed_table_has_the_interval_of_its_level() -> None:
    d = np.random.default_rng(3).normal(1, 2, (9, 1)) + np.zeros((9, 5))
    for alpha in ALPHAS:
        interval = stats.ttest_1samp(d[:, 0], 0).confidence_interval(1 - alpha)
        found = crossed_mean(d, alpha)
        assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
        # Passages alone vary: the same with the sides changed.
        turned = crossed_mean(d.T, alpha)
        assert (turned.low, turned.high, turned.df) == pytest.approx((found.low, found.high, 8))


def test_signed_ranks_are_tested_on_scales_of_few_steps() -> None:
    assert own_method(ordinal=True) == "Wilcoxon signed rank"
    assert own_method(ordinal=False) == "paired t"
