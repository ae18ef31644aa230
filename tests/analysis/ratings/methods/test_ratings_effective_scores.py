"""The scores of pairs that were not met equally often, by the textbook's formula.

The effective score of the difference δ of two abilities is its slope of the log-likelihood less
what the abilities of the others explain of it: s_δ - I_δη I_ηη⁻¹ s_η, all at the best abilities
where δ is zero. The code gets there by an inverse of the whole information.
"""

import itertools

import numpy as np
import pytest
from scipy import optimize, special

from earmark.analysis.ratings.methods.bradley_terry import bootstrap_beats, bradley_terry
from earmark.analysis.ratings.methods.bradley_terry_pairs import score_pairs
from earmark.analysis.ratings.methods.permutation import sign_flips
from earmark.analysis.ratings.methods.resampling import draws
from earmark.analysis.ratings.reading.table import Floats

GUARD = 0.1


def answers(seed: int, listeners: int, abilities: Floats, games: Floats) -> Floats:
    """Wins ``(listeners, k, k)`` of so many ``games`` ``(k, k)`` each. SIMULATED."""
    r = np.random.default_rng(seed)
    wins = np.zeros((listeners, *games.shape))
    for i, j in itertools.combinations(range(len(games)), 2):
        wins[:, i, j] = r.binomial(
            games[i, j], special.expit(abilities[i] - abilities[j]), listeners
        )
        wins[:, j, i] = games[i, j] - wins[:, i, j]
    return wins


def null_abilities(total: Floats, i: int, j: int) -> Floats:
    """The best abilities where ``i`` and ``j`` are one, by a search."""
    k = len(total)
    group = [i if at == j else at for at in range(k)]
    pairs = [
        (a, b)
        for a, b in itertools.permutations(sorted(set(group)), 2)
        if sum(total[x, y] + total[y, x] for x in range(k) for y in range(k)
               if (group[x], group[y]) == (a, b))
    ]  # fmt: skip

    def minus(abilities: Floats) -> float:
        likelihood = sum(
            total[x, y] * special.log_expit(abilities[group[x]] - abilities[group[y]])
            for x, y in itertools.permutations(range(k), 2)
            if group[x] != group[y]
        )
        return float(
            -likelihood
            - GUARD * sum(special.log_expit(abilities[a] - abilities[b]) for a, b in pairs)
            + 1e-9 * (abilities**2).sum()
        )

    found = optimize.minimize(minus, np.zeros(k), tol=1e-12).x
    return np.asarray(found[group])


def effective_scores(wins: Floats, i: int, j: int) -> Floats:
    total = wins.sum(axis=0)
    k = len(total)
    abilities = null_abilities(total, i, j)
    chance = special.expit(abilities[:, None] - abilities[None, :])
    slopes = np.array([(own - (own + own.T) * chance).sum(axis=1) for own in wins])
    weight = (total + total.T) * chance * (1 - chance)
    information = np.diag(weight.sum(axis=1)) - weight
    # Abilities by δ (half up, half down), the mean of the two, and each of the others.
    others = [at for at in range(k) if at not in (i, j)]
    by = np.zeros((k, k))
    by[[i, j], 0], by[[i, j], 1] = (0.5, -0.5), 1
    by[others, range(2, k)] = 1
    slopes, information = slopes @ by, by.T @ information @ by
    explained = information[0, 1:] @ np.linalg.pinv(information[1:, 1:])
    return np.asarray(slopes[:, 0] - slopes[:, 1:] @ explained)


@pytest.mark.parametrize(
    "games",
    [
        [[0, 4, 10], [4, 0, 2], [10, 2, 0]],
        [[0, 1, 0, 3], [1, 0, 5, 0], [0, 5, 0, 2], [3, 0, 2, 0]],
        [[0, 3, 3], [3, 0, 3], [3, 3, 0]],
    ],
)
def test_the_score_of_a_pair_is_four_times_its_effective_score(games: list[list[int]]) -> None:
    met = np.array(games)
    wins = answers(3, 9, np.array([0.0, 0.8, -1.2, 0.3])[: len(met)], met)
    for test in score_pairs(wins, 0):
        scores = 4 * effective_scores(wins, test.first, test.second)
        assert test.statistic == pytest.approx(scores.mean(), abs=1e-4)
        assert test.p == pytest.approx(sign_flips(np.round(scores, 3), 0), abs=0.01)


def test_a_system_that_always_lost_has_a_score() -> None:
    wins = answers(1, 8, np.array([0.0, 0.5, -99.0]), np.array([[0, 2, 4], [2, 0, 3], [4, 3, 0]]))
    assert wins[:, 2].sum() == 0
    for test in score_pairs(wins, 0):
        scores = 4 * effective_scores(wins, test.first, test.second)
        assert test.statistic == pytest.approx(scores.mean(), abs=1e-3)


def test_the_interval_of_a_preference_is_that_of_the_fits_to_its_resamples() -> None:
    wins = answers(2, 6, np.array([0.0, 0.4, -0.3]), np.array([[0, 5, 7], [5, 0, 6], [7, 6, 0]]))
    fits = [
        bradley_terry(sum(w * own for w, own in zip(weights, wins, strict=True))).beats()
        for weights in draws(6, 4, 3, 1000)
    ]
    low, high, fitted = bootstrap_beats(wins, 0.1, 4)
    assert fitted == 1000
    np.testing.assert_allclose(low, np.quantile(fits, 0.05, axis=0), atol=1e-9)
    np.testing.assert_allclose(high, np.quantile(fits, 0.95, axis=0), atol=1e-9)
