"""Paired comparisons: exact where they can be, and never more than one false family in twenty."""

from itertools import combinations, product

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from earmark.analysis.benchmark.ranking.comparisons import (
    ALPHA,
    Difference,
    bonferroni_t,
    compare,
    rounded_differences,
)

Floats = npt.NDArray[np.float64]
SEED = 3


def pairs(count: int) -> list[tuple[int, int]]:
    return list(combinations(range(count), 2))


def lone(first: Floats, second: Floats) -> Difference:
    return compare(np.stack([first, second], axis=1), [(0, 1)], SEED).differences[0]


def test_one_pair_agrees_with_student_and_with_all_changes_of_sign() -> None:
    generator = np.random.default_rng(1)
    for n in (6, 7, 9, 12):
        first, second = generator.normal(0.6, 1, n), generator.normal(0, 1, n)
        found = lone(first, second)
        d = first - second
        signs = np.array(list(product([1, -1], repeat=n)))
        t = np.abs((signs * d).mean(axis=1)) / np.sqrt(
            (np.square(d).sum() / n - (signs * d).mean(axis=1) ** 2) / (n - 1)
        )
        by_signs = float((t >= t[0] - 1e-9).mean())
        student = stats.ttest_rel(first, second)
        assert found.p == pytest.approx(max(by_signs, student.pvalue))
        assert found.mean == pytest.approx(d.mean())
        half = (found.high or 0) - (found.mean or 0)
        own = student.confidence_interval(0.95)
        assert half >= (own.high - own.low) / 2 - 1e-9


def test_the_interval_leaves_zero_out_exactly_where_p_is_at_most_five_per_cent() -> None:
    generator = np.random.default_rng(2)
    told = 0
    for n, count in product((6, 8, 13, 20), (2, 4, 7)):
        for _ in range(8):
            values = generator.normal(size=(n, count)) + np.arange(count)
            for one in compare(values, pairs(count), SEED).differences:
                assert one.p is not None
                assert (one.sign != 0) == (one.p <= ALPHA)
                told += one.sign != 0
    assert told > 100


def test_five_songs_claim_nothing_whatever_they_say() -> None:
    found = lone(np.arange(5.0), np.arange(5.0) + 1000)
    assert (found.low, found.high, found.p, found.sign) == (None, None, None, 0)
    assert (found.mean, found.below) == (-1000.0, 5)
    assert compare(np.ones((5, 3)), pairs(3), SEED).critical is None


def test_six_songs_of_one_sign_tell_two_systems_apart() -> None:
    found = lone(np.array([1.0, 2, 3, 4, 5, 6]), np.array([2.0, 3.1, 4, 5.2, 6, 7.1]))
    assert found.p == pytest.approx(2 / 2**6)
    assert found.sign == -1


def test_nothing_but_rounding_tells_no_systems_apart() -> None:
    values = np.random.default_rng(0).uniform(1, 2, 20)
    found = lone(values * (1 + 3e-7), values)
    assert (found.mean, found.p, found.sign, found.below, found.above) == (0.0, 1.0, 0, 0, 0)


def test_equal_differences_in_every_song_leave_no_doubt() -> None:
    found = lone(np.arange(8.0), np.arange(8.0) + 2)
    assert (found.low, found.high) == (-2.0, -2.0)
    assert found.p == pytest.approx(2 / 2**8)


def test_turning_a_pair_turns_all_that_is_said_of_it() -> None:
    generator = np.random.default_rng(5)
    first, second = generator.normal(1, 1, 9), generator.normal(0, 1, 9)
    assert lone(second, first) == lone(first, second).turned()
    assert lone(first, second).turned().turned() == lone(first, second)


def test_a_pair_that_lacks_songs_changes_nothing_for_the_others() -> None:
    generator = np.random.default_rng(6)
    values = generator.normal(size=(10, 4)) + np.array([0, 1.5, 3, 4.5])
    among = [(0, 1), (0, 2), (1, 2), (0, 3)]
    whole = compare(values, among, SEED)
    values[4, 3] = np.nan
    partial = compare(values, among, SEED)
    assert partial.differences[3].songs == 9
    for before, after in zip(whole.differences[:3], partial.differences[:3], strict=True):
        assert (after.mean, after.songs) == (before.mean, 10)
    # Its level is its share of the family's: its t must pass Bonferroni's over all four.
    d = values[:, 0] - values[:, 3]
    d = d[np.isfinite(d)]
    low = d.mean() - bonferroni_t(9, 4) * d.std(ddof=1) / 3
    assert partial.differences[3].low is None or partial.differences[3].low <= low + 1e-12


def test_a_pair_with_too_few_songs_has_a_mean_and_no_claim() -> None:
    values = np.random.default_rng(7).normal(size=(8, 3))
    values[2:, 2] = np.nan
    found = compare(values, pairs(3), SEED)
    assert found.differences[0].p is not None
    assert (found.differences[1].songs, found.differences[1].p) == (2, None)
    assert found.differences[1].mean is not None
    values[:, 2] = np.nan
    assert compare(values, pairs(3), SEED).differences[1] == Difference(0)


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 2**20),
    n=st.integers(6, 16),
    scale=st.floats(0.01, 100),
    shift=st.floats(-10, 10),
)
def test_verdicts_ignore_units_offsets_and_the_order_of_songs_and_pairs(
    seed: int, n: int, scale: float, shift: float
) -> None:
    generator = np.random.default_rng(seed)
    values = generator.normal(size=(n, 4)) + np.array([0, 0.5, 1.5, 4])
    plain = compare(values, pairs(4), SEED)
    moved = compare(values * scale + shift, pairs(4), SEED)
    turned = compare(values, pairs(4)[::-1], SEED)
    for one, other in zip(plain.differences, moved.differences, strict=True):
        assert one.p == pytest.approx(other.p)
        assert other.mean == pytest.approx((one.mean or 0) * scale, abs=1e-6)
    assert [one.p for one in turned.differences[::-1]] == pytest.approx(
        [one.p for one in plain.differences]
    )
    if n <= 13:  # all changes of sign, so that songs have no order
        mixed = compare(values[generator.permutation(n)], pairs(4), SEED)
        assert [one.p for one in mixed.differences] == pytest.approx(
            [one.p for one in plain.differences]
        )


def test_rounding_is_relative_and_keeps_what_is_missing() -> None:
    first = np.array([1000.0005, 1.001, np.nan, 1e-10])
    second = np.array([1000.0, 1.0, 1.0, 0.0])
    found = rounded_differences(first, second)
    assert found[[0, 1, 3]] == pytest.approx([0.0, 0.001, 0.0])
    assert np.isnan(found[2])
