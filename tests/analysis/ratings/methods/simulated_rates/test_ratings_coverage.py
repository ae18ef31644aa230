"""Intervals hold the truth, pairs are rarely told apart wrongly, and reports recover known effects.

SIMULATED. The long version is ``benchmarks/inference/pairs.py``; docs/statistics.md has its tables.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ratings_simulation import simulated_cells, written_ratings
from scipy import special

from earmark.analysis.ratings.estimation.effect_sizes import paired_superiority
from earmark.analysis.ratings.inference.analysis import analyse
from earmark.analysis.ratings.inference.options import RatingsOptions
from earmark.analysis.ratings.methods.crossed import crossed_pairs
from earmark.analysis.ratings.methods.friedman import conover_friedman, friedman
from earmark.analysis.ratings.methods.incomplete import durbin, durbin_pairs, skillings_mack
from earmark.analysis.ratings.methods.multiplicity import adjusted
from earmark.analysis.ratings.methods.paired import own_pairs, paired
from earmark.analysis.ratings.reading.files import read_ratings
from earmark.analysis.ratings.reading.table import Floats, listener_means
from earmark.analysis.ratings.report.html import page
from earmark.analysis.ratings.result.names import Adjust
from earmark.analysis.ratings.result.tests import Comparison

pytestmark = pytest.mark.slow

RUNS = 300
EFFECTS = np.array([25.0, 0, 0, 0, 0])  # one apart: every other pair is alike
THREE_APART = np.array([90.0, 60, 30, 0, 0])  # one pair is alike


def incomplete(cells: Floats) -> Floats:
    cells = cells[:15].copy()
    for listener in range(15):
        cells[listener, :, listener % 5] = np.nan
    return cells


def holes(cells: Floats) -> Floats:
    draw = np.random.default_rng(int(abs(cells[0, 0, 0]) * 1e6))
    return np.where(draw.random(cells.shape) < 0.1, np.nan, cells)


def crossed(cells: Floats) -> list[Comparison]:
    return [pair.comparison for pair in crossed_pairs(cells, 0.05)]


def own(means: Floats) -> list[Comparison]:
    return own_pairs(means, (), 0.05, ordinal=False)


def of_five_grades(cells: Floats) -> list[Comparison]:
    grades = np.clip(np.round((cells - 50) / 15), -2, 2)
    return own_pairs(listener_means(grades), (), 0.05, ordinal=True)


Pairs = Callable[[Floats], list[Comparison]]
FAMILIES: dict[str, tuple[Pairs, tuple[int, int, int], float]] = {
    "paired t": (lambda c: own(listener_means(c)), (16, 5, 5), 0.0),
    "paired t, incomplete": (lambda c: own(listener_means(incomplete(c))), (15, 5, 5), 0.0),
    "paired t, holes": (lambda c: own(listener_means(holes(c))), (16, 1, 5), 0.0),
    "Wilcoxon": (of_five_grades, (16, 5, 5), 0.0),
    "crossed": (crossed, (16, 5, 5), 8.0),
}
POOLED: dict[str, Pairs] = {
    "Conover-Friedman": lambda c: conover_friedman(friedman(listener_means(c))),
    "Durbin": lambda c: durbin_pairs(durbin(listener_means(incomplete(c)))),
}


def familywise(pairs: Pairs, shape: tuple[int, int, int], sd: float, effects: Floats) -> float:
    """How often a pair of equal systems is told apart; ``sd`` is passage × system."""
    wrong = 0
    for seed in range(RUNS):
        options = {"listener_system": 6.5, "passage_system": sd}
        found = pairs(simulated_cells(seed, shape, effects=effects, **options))
        p_adj = adjusted([pair.p for pair in found], Adjust.HOLM)
        wrong += any(
            p is not None and p < 0.05 and effects[pair.first] == effects[pair.second]
            for pair, p in zip(found, p_adj, strict=True)
        )
    return wrong / RUNS


@pytest.mark.parametrize(
    "effects",
    [0 * EFFECTS, EFFECTS, THREE_APART],
    ids=["all alike", "one apart", "three apart"],
)
@pytest.mark.parametrize("name", FAMILIES)
def test_the_primary_pairs_keep_the_chance_of_any_wrong_pair(name: str, effects: Floats) -> None:
    pairs, shape, passage_system = FAMILIES[name]
    error = familywise(pairs, shape, passage_system, effects)
    assert error <= 0.088, ".05 and three Monte-Carlo errors"


@pytest.mark.parametrize("name", POOLED)
def test_an_error_pooled_over_systems_fails_where_systems_stand_apart(name: str) -> None:
    assert familywise(POOLED[name], (16, 5, 5), 0.0, THREE_APART) > 0.1, "twice what was promised"


def test_durbin_and_skillings_mack_keep_their_error_rate() -> None:
    rejected = np.zeros(2)
    for seed in range(RUNS):
        cells = simulated_cells(seed, (15, 5, 5), listener_system=8)
        first = durbin(listener_means(incomplete(cells))).f.p
        second = skillings_mack(listener_means(holes(cells[:, :1]))).omnibus.p
        rejected += [first is not None and first < 0.05, second is not None and second < 0.05]
    assert (rejected / RUNS >= 0.015).all()
    assert (rejected / RUNS <= 0.085).all()


def test_whole_pages_that_are_missing_leave_the_error_rate_alone() -> None:
    rejected = 0
    for seed in range(RUNS):
        cells = simulated_cells(seed, listener_system=8)
        gone = np.random.default_rng(seed).integers(0, 5, 16)
        cells[np.arange(16), gone] = np.nan
        p = friedman(listener_means(cells)).f.p
        rejected += p is not None and p < 0.05
    assert 0.015 <= rejected / RUNS <= 0.085


@pytest.mark.parametrize("scope", ["passages", "music"])
def test_intervals_of_a_difference_hold_the_truth_as_often_as_they_say(scope: str) -> None:
    held = 0
    for seed in range(RUNS):
        cells = simulated_cells(
            seed,
            effects=EFFECTS,
            listener_system=6.5,
            passage_system=9.0 if scope == "music" else 0.0,
            residual=14.0,
        )
        if scope == "music":
            pair = crossed_pairs(cells, 0.05)[0]
            low, high = pair.low, pair.high
        else:
            found = paired(listener_means(cells), 0.05)[0, 1]
            assert found.low is not None
            assert found.high is not None
            low, high = found.low, found.high
        held += low <= 25 <= high
    assert 0.915 <= held / RUNS <= 0.985


def test_the_listener_bootstrap_of_superiority_holds_the_truth() -> None:
    held = 0
    truth = special.ndtr(5 / np.sqrt(2 * (6.5**2 + 14**2)))
    for seed in range(RUNS):
        cells = simulated_cells(seed, (16, 5, 2), listener_system=6.5, residual=14.0)
        found = paired_superiority(
            cells[:, :, 0] + 5, cells[:, :, 1], alpha=0.05, seed=0, passages=False
        )
        assert found.low is not None
        assert found.high is not None
        held += found.low <= truth <= found.high
    assert 0.88 <= held / RUNS <= 0.98, "percentile intervals of 16 listeners are a little narrow"


def test_a_report_on_simulated_ratings_recovers_their_effects(tmp_path: Path) -> None:
    effects = np.array([0, 1, 8, 16, -15.0])
    cells = simulated_cells(4, (40, 12, 5), effects=effects, listener_system=5, passage_system=3)
    file = read_ratings(written_ratings(tmp_path / "r.csv", cells))
    result = analyse(file, RatingsOptions(scope="music", margin=7.0))
    names = list("ABCDE")
    verdicts = {(p.group1, p.group2): p.verdict for p in result.primary.pairs}
    for (first, second), verdict in verdicts.items():
        gap = effects[names.index(first)] - effects[names.index(second)]
        if abs(gap) < 2:
            assert verdict == "equivalent"
        else:
            assert verdict == f"{first if gap > 0 else second} better"
    for pair in result.primary.pairs:
        gap = effects[names.index(pair.group1)] - effects[names.index(pair.group2)]
        assert pair.low is not None
        assert pair.high is not None
        assert pair.low - 2 < gap < pair.high + 2
    text = page(result, file, bundle="")
    assert "D has the highest mean rating" in text
    assert "rated above every other system under test" in text
    assert text.count("was rated higher") >= 9
    assert "equivalent within ±7 points" in text
