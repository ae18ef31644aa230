"""SIMULATED benchmarks: how often ranks claim what is not true, and how often they find what is."""

import math
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest

from earmark.analysis.benchmark.ranking.comparisons import ALPHA, bonferroni_t, compare
from earmark.analysis.benchmark.ranking.ranks import Ranking, pairs_of, rank
from earmark.analysis.benchmark.ranking.tellable import POWER, tellable
from earmark.evaluation.results.metric_facts import Better

Floats = npt.NDArray[np.float64]
SEED = 3


def pairs(count: int) -> list[tuple[int, int]]:
    return list(combinations(range(count), 2))


def ranked(values: Floats, better: Better = "lower", strata: Sequence[str] = ()) -> Ranking:
    names = [f"s{at}" for at in range(values.shape[1])]
    return rank(values, names, compare(values, pairs_of(len(names)), 0), better, 0, strata)


def clones(generator: np.random.Generator, n: int, count: int) -> Floats:
    """Songs of their own difficulty, and systems that are all alike."""
    songs: Floats = generator.normal(0, 3, (n, 1))
    return songs + generator.gamma(2.0, 1.0, (n, count))


def _normal(generator: np.random.Generator, n: int, count: int) -> Floats:
    return generator.normal(size=(n, count))


def _two_valued(generator: np.random.Generator, n: int, count: int) -> Floats:
    return generator.integers(0, 2, (n, count)) + 0.001 * generator.normal(size=(n, count))


def _heavy(generator: np.random.Generator, n: int, count: int) -> Floats:
    return generator.standard_t(1.5, size=(n, count))


def _skewed(generator: np.random.Generator, n: int, count: int) -> Floats:
    return generator.lognormal(0, 1, size=(n, count))


def _unlike_spreads(generator: np.random.Generator, n: int, count: int) -> Floats:
    return generator.normal(size=(n, count)) * (1 + np.arange(count)) ** 2


@pytest.mark.parametrize("draw", [_normal, _two_valued, _heavy, _skewed, _unlike_spreads])
@pytest.mark.parametrize(("n", "count"), [(6, 14), (8, 10), (16, 6)])
def test_equal_systems_are_called_different_in_at_most_one_benchmark_in_twenty(
    draw: type, n: int, count: int
) -> None:
    generator = np.random.default_rng([n, count])
    times = 100
    false = 0
    for _ in range(times):
        values = np.asarray(draw(generator, n, count))
        false += any(one.sign for one in compare(values, pairs(count), SEED).differences)
    # Three standard errors above .05.
    assert false / times <= ALPHA + 3 * math.sqrt(ALPHA * (1 - ALPHA) / times)


def test_systems_far_apart_leave_the_rest_of_the_family_its_level() -> None:
    generator = np.random.default_rng(11)
    times, false = 100, 0
    for _ in range(times):
        values = generator.normal(size=(12, 10))
        values[:, 5:] += 50.0 * np.arange(1, 6)
        found = compare(values, pairs(10), SEED)
        null = [
            one for (i, j), one in zip(pairs(10), found.differences, strict=True) if j < 5 and i < 5
        ]
        false += any(one.sign for one in null)
    assert false / times <= ALPHA + 3 * math.sqrt(ALPHA * (1 - ALPHA) / times)


def test_all_intervals_hold_the_true_differences_at_once_where_all_systems_differ() -> None:
    generator = np.random.default_rng(12)
    times, held = 100, 0
    truth = np.arange(14) * 20.0
    for _ in range(times):
        values = generator.normal(size=(15, 14)) + truth
        found = compare(values, pairs(14), SEED).differences
        held += all(
            (one.low or 0) <= truth[i] - truth[j] <= (one.high or 0)
            for (i, j), one in zip(pairs(14), found, strict=True)
        )
    assert held / times >= 0.95 - 3 * math.sqrt(ALPHA * (1 - ALPHA) / times)


def test_many_pairs_that_lack_songs_leave_the_first_their_songs_and_the_family_its_level() -> None:
    generator = np.random.default_rng(8)
    among = [(0, 1), *((at, 0) for at in range(2, 12))]
    times, false = 150, 0
    for _ in range(times):
        values = generator.normal(size=(12, 12))
        values[:7, 2:] = np.nan
        found = compare(values, among, SEED)
        assert found.differences[0].songs == 12
        assert found.critical is not None
        assert {one.p for one in found.differences[1:]} == {None}
        values[:4, 2:] = generator.normal(size=(4, 10))
        values[4:7, 2:] = np.nan
        false += any(one.sign for one in compare(values, among, SEED).differences)
    assert false / times <= ALPHA + 3 * math.sqrt(ALPHA * (1 - ALPHA) / times)


@pytest.mark.parametrize("n", [6, 8, 12])
def test_sixteen_clones_are_all_tied_for_first(n: int) -> None:
    generator = np.random.default_rng(n)
    times = 80
    tied = 0
    for _ in range(times):
        found = ranked(clones(generator, n, 16))
        assert found.why is None
        tied += len(found.first) == 16
    assert tied / times >= 0.95 - 3 * math.sqrt(0.05 * 0.95 / times)


@pytest.mark.parametrize("count", [3, 9])
def test_intervals_hold_all_true_ranks_at_once(count: int) -> None:
    generator = np.random.default_rng(count)
    times, held = 100, 0
    truth = np.arange(count) * 0.5
    for _ in range(times):
        found = ranked(generator.normal(size=(10, count)) + truth)
        places = {one.system: one for one in found.ranks}
        held += all(places[f"s{at}"].low <= at + 1 <= places[f"s{at}"].high for at in range(count))
        assert all(one.low <= one.rank <= one.high for one in found.ranks)
    assert held / times >= 0.95 - 3 * math.sqrt(0.05 * 0.95 / times)


@pytest.mark.parametrize(("n", "count"), [(8, 2), (8, 6), (20, 6), (40, 3)])
def test_the_difference_is_found_in_four_of_five_benchmarks(n: int, count: int) -> None:
    generator = np.random.default_rng([n, count])
    pairs = list(combinations(range(count), 2))
    least = tellable(math.sqrt(2), n, len(pairs), bonferroni_t(n, len(pairs)))
    assert least is not None
    times, found = 200, 0
    for _ in range(times):
        values = generator.normal(size=(n, count))
        values[:, 0] += least.difference
        found += compare(values, pairs, 0).differences[0].sign == 1
    # What changes of sign ask beyond Bonferroni's t costs a little power.
    assert POWER - 0.12 <= found / times <= POWER + 0.07
