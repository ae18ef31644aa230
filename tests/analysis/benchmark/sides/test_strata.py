"""Strata: which tags divide the songs, and what is claimed within one. SIMULATED scores."""

from dataclasses import replace
from pathlib import Path

import pytest
from report_fixtures import SYSTEMS, Fake, FakeSystem, build

from earmark.analysis.benchmark.panels.registry import Context
from earmark.analysis.benchmark.panels.sides.strata import (
    UNTAGGED,
    strata,
    strata_of,
    usable_tags,
)
from earmark.analysis.benchmark.ranking.ranks import NoClaim
from earmark.analysis.benchmark.result.document import Result, load
from earmark.evaluation.results.store import Store


def result_of(folder: Path, songs: int, *systems: FakeSystem) -> Result:
    names = tuple(f"song {i}" for i in range(songs))
    fake = replace(Fake(), systems=(*systems, SYSTEMS[-1]), songs=names, audio=False)
    build(folder, fake)
    with Store(folder, create=False) as store:
        return load(store, fake.name)


TWO = (FakeSystem("near", distance=0.5), FakeSystem("far", distance=2.0))
CLONES = tuple(FakeSystem(f"clone {i}", distance=1.0) for i in range(4))


def test_tags_that_do_not_divide_songs_are_left_out_with_the_reason() -> None:
    songs = [{"genre": "ab"[i % 2], "artist": f"a{i}", "year": 2000} for i in range(10)]
    found, left_out = usable_tags(songs)
    assert list(found) == ["genre"]
    assert left_out == [
        "artist, as it has 10 values (more than 8)",
        "year, as all songs have one value",
    ]
    assert usable_tags([{"id": "x"}, {"id": "y"}]) == ({}, ["id, as no two songs share a value"])


def test_songs_without_the_tag_are_a_stratum_of_their_own_that_stands_last() -> None:
    found, _ = usable_tags([{}, {"genre": "a"}, {"genre": "a"}, {"genre": ""}])
    assert found["genre"] == [UNTAGGED, "a", "a", UNTAGGED]


def test_ranks_are_claimed_from_six_songs_of_a_stratum_on(tmp_path: Path) -> None:
    result = result_of(tmp_path, 11, *TWO)
    column = result.column("mrstft_music")
    few, many = strata_of(result, column, ["a"] * 5 + ["b"] * 6)
    assert few.ranking.why is NoClaim.SONGS
    assert few.ranking.rank_of("near") is None
    assert many.ranking.best == "near"
    assert few.means["near"].n == 5
    assert few.means["near"].low is None


def test_a_stratum_of_all_songs_ranks_as_the_report_does(tmp_path: Path) -> None:
    result = result_of(tmp_path, 9, *TWO, *CLONES)
    column = result.column("mrstft_music")
    (alone,) = strata_of(result, column, ["all"] * 9)
    whole = result.standings[column.id, "raw"].ranking
    assert [(r.system, r.low, r.high) for r in alone.ranking.ranks] == [
        (r.system, r.low, r.high) for r in whole.ranks
    ]
    assert alone.means["near"].centre == pytest.approx(
        result.cells["near", column.id, "raw"].mean.centre
    )


def test_clones_tie_in_every_stratum(tmp_path: Path) -> None:
    result = result_of(tmp_path, 24, *CLONES)
    found = strata_of(result, result.column("mrstft_music"), ["ab"[i % 2] for i in range(24)])
    for one in found:
        assert len(one.ranking.first) == 4


def test_the_panel_has_n_beside_each_stratum_and_ranks_beneath_means(tmp_path: Path) -> None:
    made = strata(Context(result_of(tmp_path, 18, *TWO), {}))
    assert made is not None
    (group, *_) = made.parts["strata-0"]
    table = group["drawings"][0]["table"]
    assert table["header"] == ["system", "rock, 6 songs", "electronic, 6 songs", "ballad, 6 songs"]
    cells = {row[0]: row[1]["note"] for row in table["rows"]}
    assert cells == {"near": "rank 1", "far": "rank 2", "reference": ""}
    assert group["drawings"][0]["title"].endswith("near is best in all 3 strata with ranks")
