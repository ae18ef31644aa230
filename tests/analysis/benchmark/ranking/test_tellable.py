"""The least difference that songs tell apart is found as often as is said."""

import math
from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from earmark.analysis.benchmark.ranking.comparisons import bonferroni_t, compare
from earmark.analysis.benchmark.ranking.tellable import POWER, tellable


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


def test_more_songs_tell_half_of_it_apart_and_one_song_less_does_not() -> None:
    for n, family in ((6, 1), (8, 66), (24, 190)):
        found = tellable(1.0, n, family, bonferroni_t(n, family))
        assert found is not None
        assert found.half_songs is not None
        power = [
            stats.nct.sf(bonferroni_t(m, family), m - 1, found.difference / 2 * math.sqrt(m))
            for m in (found.half_songs - 1, found.half_songs)
        ]
        assert power[0] < POWER + 1e-3
        assert power[1] >= POWER - 1e-3


def test_the_difference_is_in_the_unit_of_the_spread() -> None:
    one, ten = (tellable(sd, 12, 10, bonferroni_t(12, 10)) for sd in (1.0, 10.0))
    assert one is not None
    assert ten is not None
    assert ten.difference == pytest.approx(10 * one.difference)
    assert ten.half_songs == one.half_songs


def test_nothing_is_said_of_few_songs_or_of_systems_that_are_all_alike() -> None:
    assert tellable(1.0, 5, 1, 3.0) is None
    assert tellable(0.0, 12, 1, 3.0) is None
    assert tellable(1.0, 12, 1, math.inf) is None
