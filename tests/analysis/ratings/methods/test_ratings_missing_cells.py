"""Systems that were not rated on the same passages. SIMULATED ratings."""

from pathlib import Path

import numpy as np
import pytest
from ratings_simulation import document, pair, passed, simulated_cells, written_ratings

from earmark.analysis.ratings.inference.analysis import analyse
from earmark.analysis.ratings.inference.options import RatingsOptions
from earmark.analysis.ratings.methods.paired import own_pairs
from earmark.analysis.ratings.methods.permutation import flip_listeners, within_pages
from earmark.analysis.ratings.reading.files import read_ratings
from earmark.analysis.ratings.reading.table import Floats


def one_passage_without_a(seed: int, effects: Floats | None = None) -> Floats:
    """Three systems; nobody rated the first on the first passage, which is hard."""
    cells = simulated_cells(seed, (12, 3, 3), listener_system=5, effects=effects)
    cells[:, 0] -= 25
    cells[:, 0, 0] = np.nan
    return cells


@pytest.mark.slow
def test_a_hard_passage_that_one_system_was_spared_does_not_count_for_it() -> None:
    pairs = omnibus = 0
    for seed in range(400):
        cells = one_passage_without_a(seed)
        test = own_pairs(cells, [], 0.05, ordinal=False)[0]
        pairs += test.p is not None and test.p < 0.05
        scores, information = within_pages(cells)
        p = flip_listeners(scores, 0, information).p
        omnibus += p is not None and p < 0.05
    assert 0.02 < pairs / 400 < 0.085
    assert 0.02 < omnibus / 400 < 0.085


def test_the_report_compares_what_listeners_rated_on_the_same_passages(tmp_path: Path) -> None:
    cells = one_passage_without_a(3, np.array([0.0, 15.0, 15.0]))
    file = read_ratings(written_ratings(tmp_path / "r.csv", cells, systems="ABC"))
    result = document(analyse(file, RatingsOptions()))
    primary = result["primary"]
    assert primary["method"] == "listener flips"
    assert primary["omnibus"]["p"] < 0.01
    assert any("take its place" in note for note in primary["notes"])
    assert "cannot be fitted" in primary["reason"]
    assert pair(primary, "AB")["verdict"] == "B better"
    assert pair(primary, "AB")["median_diff"] < -8
    assert passed(result)


def test_the_columns_of_a_pair_agree_where_systems_were_rated_on_different_passages(
    tmp_path: Path,
) -> None:
    cells = simulated_cells(4, (16, 4, 3), effects=np.array([0.0, 12.0, 2.0]), residual=2)
    cells[:, 2:] -= 40
    cells[:, 3, 0] = np.where(np.arange(16) < 2, cells[:, 3, 0], np.nan)
    cells[:, 2, 0] = np.where(np.arange(16) < 2, cells[:, 2, 0], np.nan)
    cells[:, 0, 1] = np.where(np.arange(16) > 13, cells[:, 0, 1], np.nan)
    file = read_ratings(written_ratings(tmp_path / "r.csv", cells, systems="ABC"))
    result = document(analyse(file, RatingsOptions()))
    found = pair(result["primary"], "AB")
    assert found["mean_diff"] < -8
    assert found["median_diff"] < -8
    assert found["effect"]["value"] < 0.2
    assert found["effects"][0]["value"] < -0.8
    ranked = next(t for t in result["secondary"]["tests"] if t.get("pair_method") == "Quade")
    assert "over pages with every system" in ranked["unit"]
    assert pair(ranked, "AB")["statistic"] < 0
    assert passed(result)


def test_ratings_without_any_error_and_with_a_hole_are_analysed(tmp_path: Path) -> None:
    cells = np.broadcast_to(np.array([50.0, 60.0, 70.0]), (8, 3, 3)).copy()
    cells += np.arange(8)[:, None, None]
    cells[1, 2, 0] = np.nan
    file = read_ratings(written_ratings(tmp_path / "r.csv", cells, systems="ABC"))
    for scope in ("music", "passages"):
        result = document(analyse(file, RatingsOptions(scope=scope)))
        assert pair(result["primary"], "AB")["verdict"] == "B better"
        assert passed(result)
