"""Means of systems and their intervals. SIMULATED ratings."""

from pathlib import Path

import numpy as np
import pytest
from ratings_simulation import document, passed, simulated_cells, written_ratings

from earmark.analysis.ratings.inference.analysis import analyse
from earmark.analysis.ratings.inference.options import RatingsOptions
from earmark.analysis.ratings.methods.crossed import crossed_mean
from earmark.analysis.ratings.reading.files import read_ratings
from earmark.analysis.ratings.report.export import sentences


def test_a_mean_is_that_of_the_listeners_which_its_interval_is_about(tmp_path: Path) -> None:
    cells = simulated_cells(1, (10, 12, 3), listener=3, residual=4)
    cells[0] += 12
    cells[1:, 1:] = np.nan
    file = read_ratings(written_ratings(tmp_path / "r.csv", cells, systems="ABC"))
    result = document(analyse(file, RatingsOptions()))
    for at, row in enumerate(result["descriptives"]["systems"]):
        assert row["low"] < row["mean"] < row["high"]
        own = np.nanmean(np.round(cells[:, :, at], 1), axis=1)
        assert row["mean"] == pytest.approx(own.mean())
        assert row["mean_of_ratings"] == pytest.approx(np.nanmean(np.round(cells[:, :, at], 1)))
    for row in result["descriptives"]["cells"]:
        assert row["low"] is None or row["low"] < row["mean"] < row["high"]
    assert passed(result)


def test_on_scope_music_the_interval_of_a_mean_holds_for_other_music() -> None:
    held = fixed = 0
    for seed in range(400):
        one = simulated_cells(seed, (14, 6, 1), passage=8, listener=8, passage_system=8)[:, :, 0]
        found = crossed_mean(one, 0.05)
        held += found.low <= 50 <= found.high
        means = one.mean(axis=1)
        half = 2.16 * means.std(ddof=1) / np.sqrt(14)
        fixed += abs(means.mean() - 50) <= half
    assert 0.91 < held / 400 < 0.985
    assert fixed / 400 < 0.75


def test_the_headline_of_scope_music_has_the_interval_of_scope_music(tmp_path: Path) -> None:
    cells = simulated_cells(2, (12, 5, 3), passage_system=8, effects=np.array([0.0, 5, 20]))
    path = written_ratings(tmp_path / "r.csv", cells, systems="ABC")
    here = analyse(read_ratings(path), RatingsOptions())
    music = analyse(read_ratings(path), RatingsOptions(scope="music"))
    best, wide = (found.descriptives.systems[2] for found in (here, music))
    assert wide.mean == best.mean
    assert (wide.high or 0) - (wide.low or 0) > 1.2 * ((best.high or 0) - (best.low or 0)) > 0
    assert "passages random" in music.descriptives.interval
    assert f"({wide.mean:.1f}, {wide.low:.1f} to {wide.high:.1f})" in sentences(music, {})
    cells[3, 2, 2] = np.nan
    path = written_ratings(tmp_path / "holes.csv", cells, systems="ABC")
    holes = document(analyse(read_ratings(path), RatingsOptions(scope="music")))
    assert holes["descriptives"]["systems"][2]["low"] is None
    assert holes["descriptives"]["systems"][0]["low"] is not None
    assert passed(holes)
