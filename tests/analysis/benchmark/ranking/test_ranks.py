"""Ranks no finer than the songs: clones tie, intervals hold true ranks, five songs say nothing."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.analysis.benchmark.ranking.comparisons import LEAST_SONGS, compare
from earmark.analysis.benchmark.ranking.ranks import (
    NoClaim,
    Ranking,
    chances_best,
    draws,
    pairs_of,
    rank,
)
from earmark.evaluation.results.metric_facts import Better

Floats = npt.NDArray[np.float64]


def ranked(values: Floats, better: Better = "lower", strata: Sequence[str] = ()) -> Ranking:
    names = [f"s{at}" for at in range(values.shape[1])]
    return rank(values, names, compare(values, pairs_of(len(names)), 0), better, 0, strata)


@pytest.mark.parametrize("n", range(1, LEAST_SONGS))
def test_fewer_than_six_songs_rank_nobody(n: int) -> None:
    found = ranked(np.arange(n * 3.0).reshape(n, 3) + np.array([0, 100, 200]))
    assert found.why is NoClaim.SONGS
    assert (found.ranks, found.first, found.best, found.tellable) == ((), (), None, None)
    assert [one.difference.p for one in found.pairs] == [None] * 3


def test_a_system_that_is_better_in_every_song_is_the_best() -> None:
    generator = np.random.default_rng(1)
    values = generator.normal(0, 0.1, (8, 4)) + np.array([3.0, 1.0, 2.0, 2.05])
    found = ranked(values)
    assert found.best == "s1"
    assert found.ranks[0].chance_best == 1.0
    assert {(one.system, one.low, one.high) for one in found.ranks} == {
        ("s1", 1, 1),
        ("s2", 2, 3),
        ("s3", 2, 3),
        ("s0", 4, 4),
    }


def test_the_direction_turns_the_order_and_sizes_count_where_zero_is_best() -> None:
    generator = np.random.default_rng(2)
    values = generator.normal(0, 0.1, (8, 3)) + np.array([1.0, 2.0, 3.0])
    lower, higher = ranked(values), ranked(-values, "higher")
    assert [one.system for one in lower.ranks] == [one.system for one in higher.ranks]
    assert [one.mean for one in higher.ranks] == pytest.approx([-one.mean for one in lower.ranks])
    assert [(a.low, a.high) for a in lower.ranks] == [(b.low, b.high) for b in higher.ranks]
    assert ranked(values, "none").why is NoClaim.DIRECTION
    assert ranked(values[:, :1]).why is NoClaim.SYSTEMS


def test_two_systems_with_equal_values_share_rank_and_chance() -> None:
    values = np.random.default_rng(3).normal(size=(9, 2)).round(2)
    found = ranked(np.concatenate([values, values + 100], axis=1)[:, [0, 0, 2]])
    first, second, third = found.ranks
    assert (first.rank, second.rank, third.rank) == (1, 1, 3)
    assert (first.chance_best, second.chance_best, third.chance_best) == (0.5, 0.5, 0.0)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**20), order=st.permutations(range(5)))
def test_ranks_do_not_depend_on_the_order_of_systems(seed: int, order: list[int]) -> None:
    values = np.random.default_rng(seed).normal(size=(8, 5)) + np.arange(5)
    names = [f"s{at}" for at in range(5)]
    plain = rank(values, names, compare(values, pairs_of(5), 0), "lower", 0)
    mixed_values = values[:, order]
    mixed = rank(
        mixed_values, [names[at] for at in order], compare(mixed_values, pairs_of(5), 0), "lower", 0
    )
    for one, other in zip(plain.ranks, mixed.ranks, strict=True):
        assert (one.system, one.rank, one.low, one.high) == (
            other.system, other.rank, other.low, other.high,
        )  # fmt: skip
        assert one.chance_best == pytest.approx(other.chance_best)


def test_chances_agree_with_a_plain_bootstrap() -> None:
    generator = np.random.default_rng(4)
    costs = generator.normal(size=(10, 3)) + np.array([0, 0.2, 0.5])
    found = chances_best(costs, (), 0)
    other = np.random.default_rng(99)
    wins = np.zeros(3)
    for _ in range(4000):
        wins[costs[other.integers(10, size=10)].mean(axis=0).argmin()] += 1
    assert found == pytest.approx(wins / 4000, abs=0.035)
    assert found.sum() == pytest.approx(1)


def test_songs_are_drawn_within_their_genre() -> None:
    strata = (*["rock"] * 4, *["jazz"] * 3, "folk", "metal")
    found = draws(9, strata, 0)
    assert set(found[:, :4].sum(axis=1)) == {4.0}
    assert set(found[:, 4:7].sum(axis=1)) == {3.0}
    # Who is alone with its genre is drawn with the others that are.
    assert set(found[:, 7:].sum(axis=1)) == {2.0}
    assert set(found[:, 7]) == {0.0, 1.0, 2.0}
    assert set(draws(9, (), 0).sum(axis=1)) == {9.0}
