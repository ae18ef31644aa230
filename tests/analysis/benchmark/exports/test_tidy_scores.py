"""Exported scores say of every row which run, song, tags, system, kind, role and step it is of."""

import csv
import io
import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from exported import ATTACKED, EIGHT, HOSTILE, STEPS, exported, opened
from places import ROOT
from report_fixtures import SYSTEMS, Fake, all_failed, build

from earmark.analysis.benchmark.exports.tidy import AFTER_TAGS, BEFORE_TAGS, TAG, tidy_scores
from earmark.analysis.benchmark.result import tables
from earmark.evaluation.results.spreadsheet_csv import unguarded
from earmark.evaluation.results.store import Store


def read(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))


def test_every_score_has_one_row_with_what_is_known_of_it(tmp_path: Path) -> None:
    with opened(tmp_path, replace(EIGHT, systems=(*SYSTEMS, *STEPS))) as store:
        plain, tidy = tables.scores(store, "small"), tidy_scores(store, "small")
    assert list(tidy.columns) == [*BEFORE_TAGS, f"{TAG}genre", *AFTER_TAGS]
    assert len(tidy) == len(plain)
    for name in ("song", "system", *AFTER_TAGS):
        assert tables.records(tidy[[name]]) == tables.records(plain[[name]]), name
    assert set(tidy["run"]) == {1}
    steps = tidy.dropna(subset="step").groupby("system")["step"].first()
    assert steps.to_dict() == {one.name: one.step for one in STEPS}
    of = tidy.groupby("system")[["kind", "role"]].first()
    assert of.to_dict("index") == {
        one.name: {"kind": one.kind, "role": one.role} for one in (*SYSTEMS, *STEPS)
    }
    assert set(tidy[tidy.song == "song 1"][f"{TAG}genre"]) == {"electronic"}


def test_the_documentation_lists_every_column() -> None:
    text = (ROOT / "docs" / "exports.md").read_text(encoding="utf-8")
    table = text.split("## Scores")[1].split("## Tables")[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    listed = [name for cell in cells for name in re.findall("`([^`]+)`", cell)]
    assert listed == [*BEFORE_TAGS, f"{TAG}NAME", *AFTER_TAGS]


def test_tags_of_any_kind_become_columns_and_a_missing_one_is_empty(tmp_path: Path) -> None:
    build(tmp_path, EIGHT)
    tags = [{"bpm": 120, "genre": "=drone", "moods": ["a", "b"]}, {"live": True}, {}]
    with Store(tmp_path) as store, store.transaction():
        for position, mine in enumerate(tags):
            store.connection.execute(
                "UPDATE song SET tags = ? WHERE position = ?", (json.dumps(mine), position)
            )
    out = tmp_path / "s.csv"
    assert exported(tmp_path, "--out", out)[1] == ""
    first = {row["song"]: row for row in reversed(read(out))}
    names = ("bpm", "genre", "live", "moods")
    shown = [[first[f"song {at}"][f"{TAG}{name}"] for name in names] for at in range(3)]
    assert shown == [["120", "'=drone", "", '["a", "b"]'], ["", "", "true", ""], ["", "", "", ""]]


def test_no_cell_of_the_csv_is_a_formula_and_names_survive(tmp_path: Path) -> None:
    build(tmp_path, ATTACKED)
    out = tmp_path / "s.csv"
    assert exported(tmp_path, "--out", out)[1] == ""
    rows = read(out)
    assert set(HOSTILE) <= {unguarded(row["system"]) for row in rows}
    texts = [row[name] for row in rows for name in row if name not in ("value",)]
    assert not [text for text in texts if text.startswith(("=", "+", "-", "@"))]


def test_a_run_is_told_by_number_and_name(tmp_path: Path) -> None:
    build(tmp_path, EIGHT)
    with Store(tmp_path) as store, store.transaction():
        store.connection.execute("UPDATE run SET name = 'first try' WHERE number = 1")
    out = tmp_path / "s.csv"
    exported(tmp_path, "--out", out, "--run", "first try")
    assert {(row["run"], row["run_name"]) for row in read(out)} == {("1", "first try")}
    assert "no run 'second'" in exported(tmp_path, "--out", out, "--run", "second")[1]


def test_results_of_only_failures_are_a_header_and_say_why(tmp_path: Path) -> None:
    build(tmp_path, all_failed(Fake(audio=False)))
    out = tmp_path / "s.csv"
    said, _ = exported(tmp_path, "--out", out)
    assert said == f"{out}: 0 rows; 18 failures left no scores, 'earmark show' says why\n"
    assert out.read_text().startswith(",".join(BEFORE_TAGS))


def test_the_short_form_writes_what_it_wrote(tmp_path: Path) -> None:
    build(tmp_path, EIGHT)
    out = tmp_path / "s.csv"
    assert exported(tmp_path, "--scores", out)[1] == ""
    assert tuple(read(out)[0]) == tables.SCORE_COLUMNS


@pytest.mark.parametrize("fake", [EIGHT, all_failed(replace(EIGHT, songs=("one",)))])
def test_parquet_holds_the_same_rows_with_types(tmp_path: Path, fake: Fake) -> None:
    pytest.importorskip("pyarrow")
    with opened(tmp_path, fake) as store:
        wanted = tidy_scores(store, "small")
    out = tmp_path / "s.parquet"
    assert exported(tmp_path, "--out", out)[1] == ""
    held = pd.read_parquet(out, engine="pyarrow")
    assert list(held.columns) == list(wanted.columns)
    assert {name: str(held[name].dtype) for name in ("run", "step", "value", "version")} == {
        "run": "Int64",
        "step": "Int64",
        "value": "float64",
        "version": "int64",
    }
    for name in wanted.columns:
        assert tables.records(held[[name]]) == tables.records(wanted[[name]]), name


def test_without_pyarrow_one_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(tmp_path, EIGHT)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    _, said = exported(tmp_path, "--out", tmp_path / "s.parquet")
    assert said == (
        "--format parquet needs the package pyarrow, which is not installed; run pip install "
        "'earmark[parquet]'"
    )
    assert not list(tmp_path.glob("*.parquet"))
