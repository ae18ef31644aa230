"""Resamples, flips and permutations against full enumeration and closed forms."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from earmark.analysis.ratings.methods.permutation import (
    flip_listeners,
    permutation_pairs,
    permutation_test,
    sign_flips,
    within_pages,
)
from earmark.analysis.ratings.methods.resampling import draws, interval
from earmark.analysis.ratings.reading.table import Floats

NAN = float("nan")


@pytest.mark.slow
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
