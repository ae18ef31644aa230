"""The primary path keeps its error rate on the scope that it declares; the classical one does not.

SIMULATED ratings without a difference, 300 tests per case: a rate of .05 stays within [.02, .08].
The long version is ``benchmarks/inference/type1.py``, its table stands in docs/statistics.md.
"""

import numpy as np
import pytest
from ratings_simulation import simulated_cells

from earmark.analysis.ratings.methods.crossed import mean_squares, quasi_f
from earmark.analysis.ratings.methods.friedman import friedman
from earmark.analysis.ratings.methods.kruskal import kruskal_wallis
from earmark.analysis.ratings.reading.table import Floats, listener_means

pytestmark = pytest.mark.slow

RUNS = 300
S1: dict[str, float] = {}
S2 = {"listener_system": 8.0}
S3 = {"passage_system": 8.0}
C1 = {
    "listener": 10.0,
    "passage": 4.0,
    "listener_passage": 6.5,
    "listener_system": 6.5,
    "passage_system": 9.0,
    "residual": 14.0,
}


def on_these_passages(cells: Floats) -> float | None:
    return friedman(listener_means(cells)).f.p


def on_music_like_these(cells: Floats) -> float | None:
    return quasi_f(mean_squares(cells)).p


def classical(cells: Floats) -> float | None:
    systems = np.broadcast_to(np.arange(5), cells.shape)
    return kruskal_wallis(cells.ravel(), systems.ravel(), 5).omnibus.p


def rate(method: object, scenario: dict[str, float]) -> float:
    assert callable(method)
    values = [method(simulated_cells(seed, **scenario)) for seed in range(RUNS)]  # type: ignore[arg-type]
    return float(np.mean([p is not None and p < 0.05 for p in values]))


@pytest.mark.parametrize("scenario", [S1, S2], ids=["S1", "S2"])
def test_the_primary_on_these_passages_keeps_its_error_rate(scenario: dict[str, float]) -> None:
    assert 0.02 <= rate(on_these_passages, scenario) <= 0.08


@pytest.mark.parametrize("scenario", [S1, S2, S3, C1], ids=["S1", "S2", "S3", "C1"])
def test_the_primary_for_music_like_these_keeps_its_error_rate(scenario: dict[str, float]) -> None:
    assert 0.02 <= rate(on_music_like_these, scenario) <= 0.08


def test_the_classical_path_misses_effects_or_invents_them() -> None:
    assert rate(classical, S1) < 0.01, "listeners' levels drown what differs"
    assert rate(classical, C1) > 0.4, "ratings of five passages count as eighty"
