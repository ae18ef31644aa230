"""The least difference that songs tell apart is found as often as is said."""

import math

import pytest
from scipy import stats

from earmark.analysis.benchmark.ranking.comparisons import bonferroni_t
from earmark.analysis.benchmark.ranking.tellable import POWER, tellable


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
