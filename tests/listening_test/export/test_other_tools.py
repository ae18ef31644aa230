"""Exports as other tools store ratings say what the study's own export says, or say what they lack.

The files are read by the analysis, which reads those of the tools themselves.
"""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from study_fixtures import write_study

from earmark.analysis.ratings.reading.files import read_ratings
from earmark.cli import earmark
from earmark.listening_test.create import make_study
from earmark.listening_test.export.ratings import SessionFilter, TidyRow, tidy
from earmark.listening_test.kinds.reading import read_study_file
from earmark.listening_test.server.serve import in_background
from earmark.listening_test.simulate import simulate
from earmark.listening_test.stimuli.addresses import addresses_of
from earmark.listening_test.storage.tables import opened
from earmark.listening_test.study.study import StudyFolder, load_keys, load_study

SEQUENCE = """
before:
  - questionnaire:
      - {id: session, type: choice, label: Name, options: ["=1+1", "a, b"], required: true}
      - {id: gear, type: choices, label: Gear, options: [phones, speakers]}
      - {id: hello, type: statement, label: Hello}
sequence:
  - {pages: grades, test: {kind: mushra, comments: per_stimulus}, systems: [mix, loud]}
  - {pages: same, test: {kind: abx, pairs: [[reference, mix]]}, systems: [reference, mix]}
  - {pages: small, test: {kind: bs1116}, systems: [mix]}
  - {pages: axes, test: {kind: ape, axes: [{name: width}, {name: depth}]}, systems: [mix, loud]}
  - {pages: pairs, test: {kind: ab}, systems: [mix, loud, bright], design: {repeats: 1}}
  - {pages: order, test: {kind: rank}, systems: [mix, loud]}
after: [{questionnaire: [{id: age, type: number, label: Age, minimum: 20, maximum: 60}]}]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StudyFolder]:
    place = tmp_path_factory.mktemp("tools")
    path = write_study(place, seconds=0.5, sequence=SEQUENCE)
    made = make_study(read_study_file(path), place / "results")
    with in_background(made) as address:
        link = f"{address}/s/{load_keys(made).simulated}/"
        simulate(addresses_of(made), link, 3, 2)
        yield made


def rows_of(folder: StudyFolder, block: str) -> list[TidyRow]:
    with opened(folder) as database:
        rows = tidy(load_study(folder), database, SessionFilter(("simulated",)))
    return [row for row in rows if row.block == block]


def exported(folder: StudyFolder, *options: object) -> str:
    results = folder.path.parent.parent
    ask = ["study", "export", "small", "--results", str(results), "--simulated"]
    done = CliRunner().invoke(earmark, [*ask, *map(str, options)])
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


def cells(path: Path) -> dict[tuple[str, str, str, str], float]:
    """What the analysis reads of a file: a value by listener, passage, system and question."""
    found = read_ratings(path).ratings
    return {
        (
            found.listeners[found.listener[at]],
            found.passages[found.passage[at]],
            found.systems[found.system[at]],
            found.questions[found.question[at]],
        ): float(found.value[at])
        for at in range(len(found))
    }


def test_mushra_pages_come_back_as_they_were_from_webmushra_s_file(
    folder: StudyFolder, tmp_path: Path
) -> None:
    said = exported(folder, "--webmushra", tmp_path / "wm")
    for kind in ("ape", "ab", "rank"):
        assert f"webMUSHRA has no pages of kind {kind}" in said
    names = {"lowpass_3500": "anchor35", "lowpass_7000": "anchor70"}
    wanted = {
        (row.session, row.passage, names.get(row.system, row.system)): row.value
        for row in rows_of(folder, "grades")
    }
    found = cells(tmp_path / "wm" / "grades" / "mushra.csv")
    assert {key[:3]: value for key, value in found.items()} == wanted


def test_answers_of_abx_and_grades_of_bs1116_are_those_of_the_study(
    folder: StudyFolder, tmp_path: Path
) -> None:
    exported(folder, "--webmushra", tmp_path / "wm")

    def table(name: str) -> list[dict[str, str]]:
        text = (tmp_path / "wm" / name).read_text(encoding="utf-8")
        return list(csv.DictReader(io.StringIO(text)))

    same = {
        (one["session_uuid"], one["trial_id"]): one for one in table("same/paired_comparison.csv")
    }
    for row in rows_of(folder, "same"):
        one = same[row.session, row.passage]
        assert (one["choice_reference"], one["choice_non_reference"]) == ("reference", "mix")
        assert one["choice_answer"] == ("correct" if row.value else "incorrect")
    small = {(one["session_uuid"], one["trial_id"]): one for one in table("small/bs1116.csv")}
    for row in rows_of(folder, "small"):
        one = small[row.session, row.passage]
        column = "rating_reference_score" if row.system == "reference" else (
            "rating_non_reference_score"
        )  # fmt: skip
        assert float(one[column]) == row.value


def test_axes_come_back_as_they_were_from_waet_s_files(folder: StudyFolder, tmp_path: Path) -> None:
    said = exported(folder, "--waet", tmp_path / "waet")
    for kind in ("abx", "bs1116", "rank"):
        assert f"WAET has no pages of kind {kind}" in said
    wanted = {
        (row.session, row.passage, row.system, row.question): (row.value or 0) / 100
        for row in rows_of(folder, "axes")
    }
    assert cells(tmp_path / "waet" / "axes") == pytest.approx(wanted, abs=1e-5)


def test_choices_come_back_as_they_were_from_waet_s_files(
    folder: StudyFolder, tmp_path: Path
) -> None:
    exported(folder, "--waet", tmp_path / "waet")
    file = read_ratings(tmp_path / "waet" / "pairs")
    rows = rows_of(folder, "pairs")
    assert len(file.ratings) == 2 * len(rows)
    wins: dict[str, float] = dict.fromkeys(file.ratings.systems, 0)
    for row in rows:
        wins[row.system if (row.value or 0) > 50 else row.other] += 1
    found = dict.fromkeys(wins, 0.0)
    for system, value in zip(file.ratings.system, file.ratings.value, strict=True):
        found[file.ratings.systems[system]] += float(value)
    assert found == wins


def test_a_folder_that_holds_something_is_left_alone(folder: StudyFolder, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    results = folder.path.parent.parent
    ask = ["study", "export", "small", "--results", str(results), "--simulated", "--waet"]
    done = CliRunner().invoke(earmark, [*ask, str(tmp_path)])
    assert "not an empty folder" in str(done.exception)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_answers_are_a_row_a_session_that_joins_the_ratings(
    folder: StudyFolder, tmp_path: Path
) -> None:
    exported(folder, "--answers", tmp_path / "a.csv", "--ratings", tmp_path / "r.csv")
    text = (tmp_path / "a.csv").read_bytes().decode("utf-8-sig")
    table = list(csv.DictReader(io.StringIO(text)))
    assert list(table[0])[5:] == ["answer_session", "gear", "age"]
    ratings = pd.read_csv(tmp_path / "r.csv", dtype=str)
    assert {row["session"] for row in table} == set(ratings["session"])
    assert len(table) == 3
    assert {row["answer_session"] for row in table} <= {"'=1+1", "a, b"}
    assert {row["gear"] for row in table} <= {"phones", "speakers"}
    assert all(20 <= float(row["age"]) <= 60 for row in table)


def test_parquet_holds_the_rows_of_the_csv(folder: StudyFolder, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    exported(folder, "--ratings", tmp_path / "r.parquet")
    exported(folder, "--ratings", tmp_path / "r.csv")
    one = pd.read_parquet(tmp_path / "r.parquet")
    two = pd.read_csv(tmp_path / "r.csv", keep_default_na=False)
    assert list(one.columns) == list(two.columns)
    assert one["value"].tolist() == pytest.approx(two["value"].astype(float).tolist())
    for name in ("session", "block", "kind", "passage", "system", "other", "question", "page"):
        assert one[name].tolist() == two[name].tolist()
