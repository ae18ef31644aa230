"""Preferences where pairs are not met equally often. SIMULATED answers."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from ratings_simulation import document, pair, passed
from scipy import special

from earmark.analysis.ratings.inference.analysis import analyse
from earmark.analysis.ratings.inference.options import RatingsOptions
from earmark.analysis.ratings.methods.bradley_terry_pairs import meetings, score_pairs
from earmark.analysis.ratings.methods.multiplicity import adjusted
from earmark.analysis.ratings.methods.permutation import flip_listeners, permutation_pairs
from earmark.analysis.ratings.reading.files import read_ratings
from earmark.analysis.ratings.reading.table import Floats
from earmark.analysis.ratings.result.names import Adjust

UNEVEN = np.array([[0, 4, 10], [4, 0, 2], [10, 2, 0]])


def answers(seed: int, listeners: int, abilities: Floats, games: Floats) -> Floats:
    r = np.random.default_rng(seed)
    k = len(abilities)
    wins = np.zeros((listeners, k, k))
    for listener in range(listeners):
        own = abilities + r.normal(0, 0.5, k)
        for i, j in itertools.combinations(range(k), 2):
            wins[listener, i, j] = r.binomial(games[i, j], special.expit(own[i] - own[j]))
            wins[listener, j, i] = games[i, j] - wins[listener, i, j]
    return wins


@pytest.mark.slow
def test_equal_systems_are_rarely_told_apart_though_one_met_the_weak_one_more_often() -> None:
    equal = [score_pairs(answers(s, 10, np.array([0, 0, -2.0]), UNEVEN), 0)[0] for s in range(300)]
    assert 0.01 < np.mean([test.p is not None and test.p < 0.05 for test in equal]) < 0.09


@pytest.mark.slow
def test_four_equal_systems_met_unequally_keep_the_familywise_error() -> None:
    games = np.full((4, 4), 2)
    games[0, 3] = games[3, 0] = 4
    hits = 0
    for seed in range(200):
        tests = score_pairs(answers(seed, 12, np.array([0, 0, 0, -3.0]), games), 0)
        same = adjusted([t.p for t in tests if 3 not in (t.first, t.second)], Adjust.HOLM)
        hits += any(p is not None and p < 0.05 for p in same)
    assert hits / 200 < 0.1


def test_all_systems_alike_and_met_unequally_rarely_differ() -> None:
    hits = 0
    for seed in range(300):
        wins = answers(seed, 10, np.zeros(3), UNEVEN)
        total = wins.sum(axis=0)
        scores = wins.sum(axis=2) - wins.sum(axis=1)
        p = flip_listeners(scores, 0, meetings(total + total.T)).p
        hits += p is not None and p < 0.05
    assert 0.01 < hits / 300 < 0.09


def test_a_difference_is_found_though_pairs_are_met_unequally() -> None:
    wins = answers(5, 12, np.array([0, 1.5, -1.0]), UNEVEN)
    assert all(test.p is not None and test.p < 0.01 for test in score_pairs(wins, 0))


def test_scores_are_net_wins_where_every_pair_is_met_equally_often() -> None:
    wins = answers(3, 10, np.array([0, 0.5, 1.0]), np.full((3, 3), 4))
    net = permutation_pairs(wins.sum(axis=2) - wins.sum(axis=1), 0)
    assert [(t.statistic, t.p) for t in score_pairs(wins, 0)] == [(t.statistic, t.p) for t in net]


def test_systems_that_no_answers_link_are_not_compared() -> None:
    games = np.zeros((4, 4), dtype=int)
    games[0, 1] = games[1, 0] = games[2, 3] = games[3, 2] = 6
    wins = answers(1, 8, np.array([0, 1.5, 0, 0.0]), games)
    tests = score_pairs(wins, 0)
    assert [test.p is None for test in tests] == [False, True, True, True, True, False]
    scores = wins.sum(axis=2) - wins.sum(axis=1)
    total = wins.sum(axis=0)
    assert flip_listeners(scores, 0, meetings(total + total.T)).p is None


def test_the_report_of_uneven_preferences_is_sound_and_says_how_pairs_were_tested(
    tmp_path: Path,
) -> None:
    wins = answers(7, 10, np.array([0, 0, -2.0]), UNEVEN)
    rows = ["listener,system_a,system_b,winner"]
    for (listener, i, j), count in np.ndenumerate(wins):
        rows += [f"L{listener},{'ABC'[i]},{'ABC'[j]},a"] * int(count)
    path = tmp_path / "preferences.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    result = document(analyse(read_ratings(path), RatingsOptions()))
    assert result["primary"]["pair_method"] == "flipped scores"
    assert not pair(result["primary"], "AB")["reject"]
    assert pair(result["primary"], "AC")["verdict"] == "A better"
    assert passed(result)
