"""Quality against cost: the Pareto set, and what is told of it. SIMULATED scores."""

import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from report_fixtures import SYSTEMS, Fake, FakeSystem, build

from earmark.analysis.benchmark.panels.registry import Context
from earmark.analysis.benchmark.panels.sides.cost import cost, pareto, points
from earmark.analysis.benchmark.result.document import Result, load
from earmark.evaluation.results.store import Store

NETWORKS = (
    FakeSystem("small", distance=1.0),
    FakeSystem("large", distance=0.5),
    FakeSystem("wasteful", distance=2.0),
)
PARAMETERS = {"small": 1_000, "large": 1_000_000, "wasteful": 500_000}


def result_of(folder: Path, fake: Fake, parameters: Mapping[str, int]) -> Result:
    build(folder, fake)
    with sqlite3.connect(folder / "results.sqlite") as database:
        for name, count in parameters.items():
            database.execute("UPDATE system SET parameters = ? WHERE name = ?", (count, name))
    with Store(folder, create=False) as store:
        return load(store, fake.name)


def fake_of(*systems: FakeSystem, songs: int = 8) -> Fake:
    names = tuple(f"song {i}" for i in range(songs))
    return replace(Fake(), systems=(*systems, SYSTEMS[-1]), songs=names, audio=False)


@pytest.mark.parametrize("seed", range(20))
def test_the_set_is_what_no_other_beats_by_trying_all(seed: int) -> None:
    draw = np.random.default_rng(seed)
    # Few values, so that there are ties.
    at = {f"s{i}": (float(x), float(y)) for i, (x, y) in enumerate(draw.integers(0, 5, (12, 2)))}
    front = pareto(at)
    assert front
    for name, (x, y) in at.items():
        beaten = [b for b, (u, v) in at.items() if u <= x and v <= y and (u, v) != (x, y)]
        assert (name in front) == (not beaten)


def test_equal_systems_are_all_in_the_set() -> None:
    assert pareto({"a": (1.0, 2.0), "b": (1.0, 2.0), "c": (2.0, 2.0)}) == {"a", "b"}
    assert pareto({}) == set()


def test_a_system_that_costs_more_and_is_worse_is_surely_beaten(tmp_path: Path) -> None:
    result = result_of(tmp_path, fake_of(*NETWORKS), PARAMETERS)
    spent, column = result.column("parameters"), result.column("mrstft_music")
    found = {one.system: one for one in points(result, spent, column)}
    assert {name for name, one in found.items() if one.pareto} == {"small", "large"}
    assert found["wasteful"].beaten == ("small",)
    assert found["small"].beaten == ()
    # The interval of what every song shows alike has no width.
    assert found["large"].cost.low == found["large"].cost.high == 1_000_000


def test_with_too_few_songs_nothing_is_surely_beaten(tmp_path: Path) -> None:
    result = result_of(tmp_path, fake_of(*NETWORKS, songs=4), PARAMETERS)
    spent, column = result.column("parameters"), result.column("mrstft_music")
    assert all(not one.beaten for one in points(result, spent, column))


def test_who_lacks_a_song_or_sees_the_reference_is_in_no_set(tmp_path: Path) -> None:
    fake = fake_of(*NETWORKS, SYSTEMS[2])
    fake = replace(fake, failing={("song 0", "large"): "RuntimeError: too large"})
    result = result_of(tmp_path, fake, PARAMETERS)
    spent, column = result.column("parameters"), result.column("mrstft_music")
    found = {one.system: one.pareto for one in points(result, spent, column)}
    assert found["large"] is None
    assert found["eq_match"] is None
    assert found["small"]


def test_the_panel_says_whose_costs_they_are_and_shows_uncertainty(tmp_path: Path) -> None:
    result = result_of(tmp_path, fake_of(*NETWORKS), PARAMETERS)
    made = cost(Context(result, {}))
    assert made is not None
    assert "those of the machine of the run" in made.html
    (group, *_) = made.parts["cost-0"]
    (drawing,) = group["drawings"]
    points_drawn = [t for t in drawing["figure"]["data"] if t["mode"] == "markers"]
    assert len(points_drawn) == len(drawing["table"]["rows"]) == 3
    assert all(trace["error_y"]["array"][0] > 0 for trace in points_drawn)
    assert {"system", "pareto", "quality_low"} <= set(made.tables["quality_cost"].columns)
