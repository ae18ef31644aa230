"""The report's checklist of delivery: songs within and outside, counted as they were measured."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from report_fixtures import SYSTEMS, Fake, build, render_key

from earmark.analysis.benchmark.panels.registry import Context
from earmark.analysis.benchmark.panels.sides.delivery import delivery
from earmark.analysis.benchmark.result.document import load
from earmark.evaluation.results.store import Store

MEASURED = ("mrstft_music", "lufs_integrated", "true_peak_dbtp")


def test_songs_within_and_outside_are_counted(tmp_path: Path) -> None:
    fake = Fake(metrics=MEASURED, audio=False)
    build(tmp_path, fake)
    peaks = {"amber street": -1.0, "blue hour": -0.999, "cinder": None}
    with sqlite3.connect(tmp_path / "results.sqlite") as database:
        for song, peak in peaks.items():
            database.execute(
                "UPDATE score SET value = ?, reason = ? WHERE subject = ? AND metric = ?",
                (
                    *(peak, "" if peak is not None else "silent"),
                    *(render_key(fake, song, "tcn small"), "true_peak_dbtp"),
                ),
            )
    with Store(tmp_path, create=False) as store:
        made = delivery(Context(load(store, fake.name), {}))
    assert made is not None
    table = made.tables["delivery"]
    assert set(table["profile"]) >= {"spotify-normal", "ebu-r128"}
    of = table[table["system"] == "tcn small"].set_index(["profile", "metric"])
    row: Any = of.loc[("spotify-normal", "true_peak_dbtp")]
    assert (row["songs"], row["within"], row["outside"], row["not measured"]) == (3, 1, 1, 1)
    assert row["largest excess"] == pytest.approx(0.001)
    unlimited: Any = of.loc[("spotify-normal", "lufs_integrated")]
    assert (unlimited["not stated"], unlimited["within"]) == (3, 0)
    assert {one.name for one in SYSTEMS} == set(table["system"])


def test_without_the_metrics_there_is_no_checklist(tmp_path: Path) -> None:
    build(tmp_path, Fake(audio=False))
    with Store(tmp_path, create=False) as store:
        assert delivery(Context(load(store, "small"), {})) is None
