"""``earmark.analyse``: a DataFrame is analysed as its file is, and the result shows itself."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from places import DATA
from ratings_simulation import simulated_cells, written_ratings

import earmark as em

SYSTEMS = ("A", "B", "<i>C</i>")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    cells = simulated_cells(3, (8, 3, 3), effects=np.array([0.0, 2.0, 25.0]))
    return written_ratings(tmp_path_factory.mktemp("r") / "ratings.csv", cells, systems=SYSTEMS)


@pytest.fixture
def frame(file: Path) -> pd.DataFrame:
    return pd.read_csv(file)


@pytest.fixture(scope="module")
def found(file: Path) -> em.RatingsAnalysis:
    return em.analyse(file, margin=6)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """The study of SIMULATED listeners that an earlier version made."""
    shutil.copytree(DATA / "kept" / "study", tmp_path / "study")
    return tmp_path / "study" / "studies" / "kept"


def without_input(analysis: em.RatingsAnalysis) -> dict[str, Any]:
    return {key: value for key, value in analysis.result.as_json().items() if key != "input"}


def test_a_frame_is_analysed_as_its_file(found: em.RatingsAnalysis, frame: pd.DataFrame) -> None:
    assert without_input(em.analyse(frame, margin=6)) == without_input(found)
    assert without_input(em.analyse(em.read_ratings(frame), margin=6)) == without_input(found)


def test_the_order_and_the_index_of_a_frame_change_nothing(
    found: em.RatingsAnalysis, frame: pd.DataFrame
) -> None:
    shuffled = frame.sample(frac=1, random_state=1)
    indexed = shuffled.set_index(["listener", "passage"])
    assert without_input(em.analyse(indexed, margin=6)) == without_input(found)


def test_columns_of_other_names_are_found_or_named(
    found: em.RatingsAnalysis, frame: pd.DataFrame
) -> None:
    renamed = frame.rename(columns={"system": "who", "value": "points"})
    named = {"system": "who", "score": "points"}
    assert without_input(em.analyse(renamed, columns=named, margin=6)) == without_input(found)
    with pytest.raises(em.UserError, match=r"^DataFrame:1: no column holds the system"):
        em.analyse(renamed)


def test_missing_ratings_and_categories_are_read_as_a_file_has_them(
    frame: pd.DataFrame, tmp_path: Path
) -> None:
    frame["value"] = frame["value"].where(frame.index != 4)
    frame["listener"] = frame["listener"].astype("category")
    frame.to_csv(tmp_path / "r.csv", index=False)
    of_frame, of_file = em.read_ratings(frame), em.read_ratings(tmp_path / "r.csv")
    assert (of_frame.rows, of_frame.missing) == (of_file.rows, of_file.missing) == (72, 1)
    np.testing.assert_array_equal(of_frame.ratings.cells, of_file.ratings.cells)


def test_right_and_wrong_answers_may_be_true_and_false() -> None:
    draw = np.random.default_rng(0)
    rows = [(f"L{n}", "A / B", bool(draw.random() < 0.9)) for n in range(8) for _ in range(6)]
    frame = pd.DataFrame(rows, columns=["listener", "system", "value"])
    of_bools = em.analyse(frame, abx=True)
    of_numbers = em.analyse(frame.assign(value=frame["value"].astype(int)), abx=True)
    assert without_input(of_bools) == without_input(of_numbers)
    assert of_bools.result.secondary.abx


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.assign(value="good"), r"^DataFrame:2: rating 'good' is not a number"),
        (lambda f: f.assign(value=np.inf), r"^DataFrame:2: rating 'inf' is infinite"),
        (lambda f: f.assign(system=None), r"^DataFrame:2: the system is empty"),
        (lambda f: f.iloc[:0], "DataFrame: holds no rating"),
        (lambda f: pd.DataFrame(), "DataFrame"),
        (lambda f: f.pivot(index=["listener", "passage"], columns=["system", "question"]),
         r"columns have 3 levels; ratings need one row each"),
        (lambda f: 3, "int holds no ratings; give the path of a file or a DataFrame"),
        (lambda f: "nowhere.csv", r"nowhere\.csv: cannot be read"),
    ],
)  # fmt: skip
def test_what_holds_no_ratings_is_told_in_one_line(
    frame: pd.DataFrame, change: Any, message: str
) -> None:
    with pytest.raises(em.UserError, match=message) as error:
        em.analyse(change(frame))
    assert "\n" not in str(error.value)


def test_wrong_options_are_told(frame: pd.DataFrame) -> None:
    with pytest.raises(em.UserError, match=r"did you mean 'A'|anchor 'a' is in no row"):
        em.analyse(frame, anchors=["a"])
    with pytest.raises(em.UserError, match="sessions 'all' is unknown"):
        em.analyse(frame, sessions="all")  # type: ignore[arg-type]
    with pytest.raises(em.UserError, match="chooses sessions of a study"):
        em.analyse(frame, sessions="pilot")
    with pytest.raises(em.UserError, match="belong to read_ratings"):
        em.analyse(em.read_ratings(frame), scale=(0, 100))


def test_tables_hold_what_the_result_holds(found: em.RatingsAnalysis) -> None:
    pairs, systems = found.pairs(), found.systems()
    assert len(pairs) == len(found.result.primary.pairs) == 3
    assert list(pairs["p_adj"]) == [pair.p_adj for pair in found.result.primary.pairs]
    assert set(systems["system"]) == set(SYSTEMS)
    rows = found.result.descriptives.systems
    assert list(systems["mean"]) == [row.mean for row in rows]


def test_the_report_is_that_of_the_command(
    found: em.RatingsAnalysis, file: Path, tmp_path: Path
) -> None:
    from click.testing import CliRunner

    from earmark.cli import earmark

    page = em.write_report(found, tmp_path / "ours")
    arguments = ["analyse", str(file), "--out", str(tmp_path / "theirs"), "--margin", "6"]
    done = CliRunner().invoke(earmark, arguments)
    assert done.exit_code == 0, done.output
    assert page.name == "report.html"
    kept = ("report.html", "result.json", "sentences.txt")
    for name in kept:
        assert (tmp_path / "ours" / name).read_text() == (tmp_path / "theirs" / name).read_text()


def test_a_notebook_shows_the_finding_and_escapes_names(found: em.RatingsAnalysis) -> None:
    html = found._repr_html_()
    assert "<svg" in html
    assert "&lt;i&gt;C&lt;/i&gt;" in html
    assert "<i>C" not in html
    assert "<script" not in html
    assert len(html) < 40_000
    assert found.finding in repr(found)


def test_a_study_is_analysed_as_declared_and_plays_what_was_heard(study: Path) -> None:
    with pytest.raises(em.UserError, match="holds no complete real session"):
        em.analyse(study)
    found = em.analyse(study, sessions="simulated")
    assert repr(found).startswith("<SIMULATED RatingsAnalysis")
    html = found._repr_html_()
    assert "SIMULATED ratings" in html
    assert html.count("<audio") == len(found.systems())
    for path in (study / "stimuli").iterdir():
        path.unlink()
    assert "<audio" not in found._repr_html_()


def test_simulated_marks_ratings_that_are_no_study(frame: pd.DataFrame) -> None:
    assert em.analyse(frame, sessions="simulated").result.label == "SIMULATED"


def test_a_plan_is_that_of_the_command_and_takes_a_pilot(
    found: em.RatingsAnalysis, tmp_path: Path
) -> None:
    from click.testing import CliRunner

    from earmark.cli import earmark

    few = {"listeners": [8, 16], "passages": [4], "systems": 3, "runs": 100}
    terms = {"listener:system": 6.0, "residual": 12.0}
    planned = em.plan(10, sds=terms, **few)  # type: ignore[arg-type]
    command = ["plan", "--effect", "10", "--listeners", "8,16", "--passages", "4", "--systems", "3"]
    command += ["--runs", "100", "--sd", "listener:system=6,residual=12", "--json"]
    done = CliRunner().invoke(earmark, command)
    assert json.loads(done.stdout) == json.loads(json.dumps(planned.data))
    frame = planned.frame()
    assert list(frame["listeners"]) == [8, 16]
    assert (frame["pair_low"] <= frame["pair"]).all()
    assert "16 listeners, 4 passages" in planned._repr_html_()
    page = found.report(tmp_path / "pilot")
    of_pilot = em.plan(10, pilot=page.parent / "result.json", **few)  # type: ignore[arg-type]
    assert "result.json" in of_pilot.data["variances"]
    with pytest.raises(em.UserError, match="unknown term 'listener'"):
        em.plan(5, sds={"listener": 3})
    with pytest.raises(em.UserError, match="pilot or sds"):
        em.plan(5, sds=terms, pilot="x.json")
