"""Tidy tables: which scores count, and CSV that no spreadsheet executes."""

import csv
import io
import json
import math
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_fixtures import Fake, FakeSystem, build, render_key, score_row

from earmark.analysis.benchmark.result import tables
from earmark.evaluation.results.spreadsheet_csv import csv_text, unguarded
from earmark.evaluation.results.store import Store
from earmark.models.errors import UserError

FAKE = Fake(songs=("007", "=cmd|'/c calc'!A0"), seconds=0.1)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(build(tmp_path / "results", FAKE))


def add(store: Store, song: str, system: str, **changes: object) -> None:
    """One more score of a metric of its own."""
    row = score_row(render_key(FAKE, song, system), "", "extra", "raw", 1.0)
    with store.transaction():
        store.put("score", [row | changes])


def value_of(frame: pd.DataFrame, song: str, system: str, metric: str) -> list[float]:
    chosen = frame[(frame.song == song) & (frame.system == system) & (frame.metric == metric)]
    return list(chosen["value"])


def test_of_a_metric_only_what_the_benchmark_asks_for_counts(store: Store) -> None:
    add(store, "007", "tcn small", value=1.0, version=1)
    add(store, "007", "tcn small", value=2.0, version=2)
    add(store, "007", "tcn small", value=3.0, parameters='{"band": "low"}')
    add(store, "007", "tcn small", value=4.0, metric="no longer asked for")
    add(store, "007", "unprocessed", value=5.0, version=2)
    frame = tables.scores(store, "small")
    assert value_of(frame, "007", "tcn small", "extra") == [1.0]
    # Another version is not comparable, not even of another system.
    assert value_of(frame, "007", "unprocessed", "extra") == []
    assert "no longer asked for" not in set(frame["metric"])


def test_scores_against_an_earlier_reference_are_left_out(store: Store) -> None:
    add(store, "007", "tcn small", value=5.0, reference="0" * 64)
    add(store, "007", "tcn small", value=6.0, reference=render_key(FAKE, "007", "reference"))
    assert value_of(tables.scores(store, "small"), "007", "tcn small", "extra") == [6.0]


def test_without_a_row_of_its_own_the_reference_is_the_one_of_the_last_run(tmp_path: Path) -> None:
    fake = Fake(songs=("one",), systems=(FakeSystem("tcn small"),), seconds=0.1)
    with Store(build(tmp_path, fake)) as store, store.transaction():
        key = render_key(fake, "one", "tcn small")
        store.put("score", [score_row(key, "now", "mae", "raw", 1.0)])
        store.put("score", [score_row(key, "of another benchmark", "mae", "raw", 2.0)])
        store.connection.execute("UPDATE song SET reference_key = 'now'")
        assert tables.reference_keys(store, "small") == {"one": "now"}
        assert value_of(tables.scores(store, "small"), "one", "tcn small", "mae") == [1.0]


def test_a_missing_value_keeps_its_reason_and_ids_stay_text(store: Store) -> None:
    frame = tables.scores(store, "small")
    missing = frame[frame.metric == "si_sdr_db"]
    assert len(missing) > 0
    assert missing["value"].isna().all()
    assert set(missing["reason"]) == {"silent_reference"}
    assert set(frame["song"]) == set(FAKE.songs)


def test_an_infinite_value_becomes_missing_with_a_reason(store: Store) -> None:
    add(store, "007", "tcn small", value=math.inf)
    frame = tables.scores(store, "small")
    row = frame[frame.metric == "extra"].iloc[0]
    assert math.isnan(row["value"])
    assert row["reason"] == "infinite"


def test_costs_come_from_the_render_record_unless_a_score_holds_them(store: Store) -> None:
    assert value_of(tables.scores(store, "small"), "007", "tcn small", "rtf") == [FAKE.rtf]
    # The human master was not made here: its cost is unknown, not that of reading a file.
    assert all(
        math.isnan(v) for v in value_of(tables.scores(store, "small"), "007", "reference", "rtf")
    )
    add(store, "007", "tcn small", metric="rtf", value=0.5)
    assert value_of(tables.scores(store, "small"), "007", "tcn small", "rtf") == [0.5]


def test_exported_scores_are_tidy_and_safe_for_spreadsheets(store: Store, tmp_path: Path) -> None:
    add(store, "007", "tcn small", value=-3.25)
    path = tmp_path / "scores.csv"
    count = tables.export_scores(store, "small", path)
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))
    assert len(rows) == count == len(tables.scores(store, "small"))
    assert tuple(rows[0]) == tables.SCORE_COLUMNS
    assert {row["song"] for row in rows} == {"007", "'=cmd|'/c calc'!A0"}
    assert [row["value"] for row in rows if row["metric"] == "extra"] == ["-3.25"]
    assert {row["value"] for row in rows if row["metric"] == "si_sdr_db"} == {""}
    assert all(json.loads(row["parameters"]) == {} for row in rows)


def test_an_export_that_cannot_be_written_leaves_nothing(store: Store, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(UserError, match="cannot be written"):
        tables.export_scores(store, "small", blocked / "scores.csv")
    assert blocked.read_text() == "in the way"


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(text=st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30))
def test_any_text_survives_csv_and_none_starts_a_formula(text: str) -> None:
    written = csv_text(["text", "number"], [[text, -1.5]])
    _, (cell, number) = csv.reader(io.StringIO(written, newline=""))
    assert unguarded(cell) == text
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert float(number) == -1.5


def test_a_benchmark_that_is_not_there_is_named_with_those_that_are(store: Store) -> None:
    assert tables.choose_benchmark(store, None) == "small"
    with pytest.raises(UserError, match=r"'big'.*choose from small"):
        tables.choose_benchmark(store, "big")


def test_a_results_folder_without_a_benchmark_says_how_to_fill_it(tmp_path: Path) -> None:
    with Store(tmp_path) as store, pytest.raises(UserError, match="earmark run"):
        tables.choose_benchmark(store, None)
