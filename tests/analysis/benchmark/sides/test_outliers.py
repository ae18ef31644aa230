"""Outliers: a render that its song and its system do not explain. SIMULATED scores."""

import sqlite3
from pathlib import Path

import numpy as np
from report_fixtures import SYSTEMS, Fake, FakeSystem, build, render_key

from earmark.analysis.benchmark.panels.registry import Context
from earmark.analysis.benchmark.panels.sides.outliers import (
    THRESHOLD,
    outliers,
    outliers_of,
    robust_z,
)
from earmark.analysis.benchmark.result.document import load
from earmark.evaluation.results.store import Store
from earmark.models.content_key import content_key


def table(seed: int = 0, songs: int = 20, systems: int = 8) -> np.ndarray:
    draw = np.random.default_rng(seed)
    hard, good = draw.normal(0, 5, (songs, 1)), draw.normal(0, 5, (1, systems))
    return hard + good + draw.normal(size=(songs, systems))


def test_hard_songs_and_bad_systems_are_no_outliers() -> None:
    values = table()
    values[3] += 100
    values[:, 2] -= 100
    polished = robust_z(values)
    assert polished is not None
    assert (np.abs(polished[0]) > THRESHOLD).mean() < 0.03


def test_one_strange_render_is_found_with_what_was_expected() -> None:
    values = table()
    usual = values[5, 4]
    values[5, 4] += 30
    polished = robust_z(values)
    assert polished is not None
    z, unit = polished
    songs, systems = [f"s{i}" for i in range(20)], [f"n{i}" for i in range(8)]
    first, *_ = outliers_of(songs, systems, values, z, unit)
    assert (first.song, first.system, first.value) == ("s5", "n4", values[5, 4])
    assert abs(first.expected - usual) < 4
    assert 15 < first.z < 60


def test_scale_and_offset_of_a_metric_change_no_z() -> None:
    plain, moved = robust_z(table()), robust_z(-1000 * table() + 7)
    assert plain is not None
    assert moved is not None
    np.testing.assert_allclose(plain[0], -moved[0], atol=1e-9)


def test_missing_renders_stay_missing_and_silence_is_no_claim() -> None:
    values = table()
    values[0, 0] = np.nan
    values[7] = np.nan
    polished = robust_z(values)
    assert polished is not None
    assert np.isnan(polished[0][0, 0])
    assert np.isnan(polished[0][7]).all()
    assert robust_z(table(songs=2)) is None
    assert robust_z(table(systems=2)) is None
    assert robust_z(np.full((9, 9), 3.0)) is None
    assert robust_z(np.full((9, 9), np.nan)) is None


def test_each_outlier_leads_to_its_song_and_its_system(tmp_path: Path) -> None:
    songs = tuple(f"song {i}" for i in range(8))
    networks = tuple(FakeSystem(f"net {i}", distance=0.5 + 0.2 * i) for i in range(5))
    fake = Fake(songs=songs, systems=(*networks, SYSTEMS[-1]), audio=False)
    build(tmp_path, fake)
    with sqlite3.connect(tmp_path / "results.sqlite") as database:
        database.execute(
            "UPDATE score SET value = 40 * value WHERE subject = ? AND metric = 'mrstft_music'",
            (render_key(fake, "song 3", "net 2"),),
        )
    pages = {song: f"songs/{song}.html" for song in songs}
    systems = {one.name: f"systems/{one.name}.html" for one in networks}
    with Store(tmp_path, create=False) as store:
        made = outliers(Context(load(store, fake.name), pages, systems))
    assert made is not None
    (group,) = made.parts["outliers-0"]
    song, system, metric, *_ = group["drawings"][0]["table"]["rows"][0]
    assert song == {
        "v": "song 3",
        "href": "songs/song 3.html#player-net-2-" + content_key("net 2")[:6],
    }
    assert system == {"v": "net 2", "href": "systems/net 2.html"}
    assert metric == "mrstft_music"
    assert made.tables["outliers"].iloc[0]["system"] == "net 2"
