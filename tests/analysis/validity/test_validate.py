"""``earmark validate`` from files: what is read, matched, told and written. SIMULATED."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner
from pydantic import TypeAdapter
from ratings_simulation import simulated_cells, written_ratings

from earmark.analysis.ratings.analyse import Asked
from earmark.analysis.ratings.reading.table import Floats
from earmark.analysis.validity.document import ValidityDocument
from earmark.analysis.validity.report.validity_page import write_validity
from earmark.analysis.validity.report.validity_text import validity_lines
from earmark.analysis.validity.scores import directions_of, read_scores
from earmark.analysis.validity.summary import ValiditySummary, read_summary
from earmark.analysis.validity.validate import Validated, ValidateRequest, validate
from earmark.cli import earmark
from earmark.models.errors import UserError

SYSTEMS = tuple("ABCDEFGH")


@pytest.fixture
def cells() -> Floats:
    return simulated_cells(3, (9, 6, 8), effects=np.linspace(0, 30, 8), passage_system=4) - 10


@pytest.fixture
def ratings(tmp_path: Path, cells: Floats) -> Path:
    return written_ratings(tmp_path / "ratings.csv", cells, systems=SYSTEMS)


def wide(path: Path, table: Floats, name: str = "driver", more: str = "") -> Path:
    rows = [f"passage,system,{name}"]
    for (p, s), value in np.ndenumerate(table):
        rows.append(f"song {p},{SYSTEMS[s]},{'' if np.isnan(value) else value}")
    path.write_text("\n".join(rows) + "\n" + more, encoding="utf-8")
    return path


def judged(ratings: Path, **more: Any) -> Validated:
    return validate(ValidateRequest(ratings, **more))


def test_scores_from_elsewhere_are_judged_and_their_direction_is_told(
    ratings: Path, tmp_path: Path, cells: Floats
) -> None:
    scores = wide(tmp_path / "scores.csv", -cells.mean(axis=0), "my_distance")
    found = judged(ratings, scores=scores, better={"my_distance": "lower"})
    (one,) = found.document.following.metrics
    assert (one.better, one.verdict.value) == ("lower", "follows")
    assert judged(ratings, scores=scores).document.following.metrics[0].better == "none"
    known = wide(tmp_path / "known.csv", cells.mean(axis=0), "snr_db")
    (one,) = judged(ratings, scores=known).document.following.metrics
    assert (one.better, one.unit) == ("higher", "dB"), "as Earmark's metric of that name"


def test_a_long_table_and_scores_of_whole_systems_are_read(
    ratings: Path, tmp_path: Path, cells: Floats
) -> None:
    path = tmp_path / "long.csv"
    rows = ["song;system;metric;value;better"]
    rows += [f";{name};fad;{9 - at};lower" for at, name in enumerate(SYSTEMS)]
    path.write_text("\n".join(rows), encoding="utf-8")
    (one,) = judged(ratings, scores=path).document.following.metrics
    assert (one.per, one.better, one.stimuli, one.verdict.value) == (
        "system",
        "lower",
        48,
        "follows",
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("passage,model,m\n1,A,1\n1,A,2\n", r"s.csv:3: m of 'A' on '1' is 2 here and 1"),
        ("passage,name,m\n1,A,1\n", "no column holds the system"),
        ("passage,system,m\n1,A,good\n", "no column holds numbers"),
        ("passage,system,metric,value\n1,A,m,good\n", r"s.csv:2: m is 'good'; a number"),
        ("passage,system,metric,value,better\n1,A,m,1,up\n", r"better is 'up'; choose from"),
        ("passage,system,m\n1,,1\n", r"s.csv:2: no system is named"),
        ("passage,system,m\n", "holds no scores"),
    ],
)
def test_a_table_that_is_none_of_scores_is_refused_with_its_line(
    tmp_path: Path, text: str, says: str
) -> None:
    path = tmp_path / "s.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=says):
        read_scores(path, {})


def test_directions_are_said_in_one_form() -> None:
    assert directions_of(["a=lower", "b = zero"]) == {"a": "lower", "b": "zero"}
    for wrong in ("a", "a=down", "=lower"):
        with pytest.raises(UserError, match="METRIC=DIRECTION"):
            directions_of([wrong])


def test_unmatched_stimuli_are_listed_and_counted_and_none_matching_stops(
    ratings: Path, tmp_path: Path, cells: Floats
) -> None:
    table = cells.mean(axis=0)
    table[2, 3] = np.nan
    scores = wide(tmp_path / "scores.csv", table, more="song 9,A,1\n")
    document = judged(ratings, scores=scores).document
    assert document.stimuli.unmatched == (("song 2", "D"),)
    assert document.stimuli.unrated == (("song 9", "A"),)
    assert (document.stimuli.rated, document.stimuli.matched) == (48, 47)
    said = "\n".join(validity_lines(document))
    assert "1 of 48 rated stimuli have no metric and are left out: song 2 / D." in said
    other = tmp_path / "other.csv"
    other.write_text("passage,system,m\nx,A,1\nx,B,2\n", encoding="utf-8")
    with pytest.raises(UserError, match="none of the 48 rated stimuli has a score"):
        judged(ratings, scores=other)
    with pytest.raises(UserError, match="nothing to judge"):
        judged(ratings)
    with pytest.raises(UserError, match="no such metric"):
        judged(ratings, scores=scores, better={"else": "lower"})
    with pytest.raises(UserError, match="metric 'else' is not in"):
        judged(ratings, scores=scores, metrics=("else",))


def test_means_without_listeners_make_no_claim(tmp_path: Path, cells: Floats) -> None:
    path = written_ratings(tmp_path / "mos.csv", cells.mean(axis=0, keepdims=True), systems=SYSTEMS)
    scores = wide(tmp_path / "scores.csv", cells.mean(axis=0))
    document = judged(path, scores=scores).document
    assert not document.following.claims
    said = "\n".join(validity_lines(document))
    assert "nothing is claimed" in said
    assert "do not tell" in said
    assert "own agreement is not known" in said


def sounds(folder: Path, cells: Floats, rate: int = 8000) -> Path:
    """A tone with noise that is the less the better it was rated; G and H are one in audio."""
    generator = np.random.default_rng(0)
    for passage in range(cells.shape[1]):
        time = np.arange(rate) / rate
        clean = 0.3 * np.sin(2 * np.pi * (200 + 50 * passage) * time)
        (folder / f"song {passage}").mkdir(parents=True, exist_ok=True)
        for at, name in enumerate(SYSTEMS):
            level = 0.2 * 10 ** (-min(at, 6) / 6)
            noisy = clean + level * np.random.default_rng([passage, min(at, 6)]).normal(size=rate)
            soundfile.write(
                folder / f"song {passage}" / f"{name}.wav", noisy, rate, subtype="FLOAT"
            )
        soundfile.write(folder / f"song {passage}" / "reference.wav", clean, rate, subtype="FLOAT")
        generator.normal()
    return folder


def test_audio_is_measured_and_one_system_under_two_names_is_one(
    ratings: Path, tmp_path: Path, cells: Floats
) -> None:
    audio = sounds(tmp_path / "audio", cells)
    at_other_rate = np.zeros(16000)
    at_other_rate[:] = np.random.default_rng(1).normal(0, 0.1, 16000)
    soundfile.write(audio / "song 0" / "A.wav", at_other_rate, 16000, subtype="FLOAT")
    soundfile.write(audio / "song 1" / "B.wav", np.ones(4000) * 0.1, 8000, subtype="FLOAT")
    (audio / "song 2" / "C.wav").unlink()
    found = judged(ratings, audio=audio, references=audio, metrics=("snr_db", "crest_factor_db"))
    document = found.document
    assert document.stimuli.merged == (("G", "H"),)
    assert document.following.systems == 7
    assert "7 systems, 8 are needed" in document.following.why_not[0]
    assert document.stimuli.unmatched == (("song 2", "C"),)
    said = " ".join(document.notes)
    assert "1 with another rate than the reference; compared at the higher rate: song 0 / A" in said
    assert "1 with another length than the reference; not compared with it: song 1 / B" in said
    assert "G and H are the same audio on every passage: one system." in said
    by = {one.label: one.stimuli for one in document.following.metrics}
    # Where noise is loud, there is no lag to align by.
    assert by == {"snr_db": 40, "snr_db aligned": by["snr_db aligned"], "crest_factor_db": 41}
    assert 20 < by["snr_db aligned"] < 40
    alone = judged(ratings, audio=audio, metrics=("crest_factor_db",)).document
    assert "No reference is known" in " ".join(alone.notes)


def test_what_is_written_agrees_with_the_schemas_and_the_small_file_is_read_again(
    ratings: Path, tmp_path: Path, cells: Floats
) -> None:
    scores = wide(tmp_path / "scores.csv", cells.mean(axis=0), "snr_db")
    done = CliRunner().invoke(
        earmark,
        ["validate", str(ratings), "--scores", str(scores), "--simulated",
         "--name", "set <1>", "--out", str(tmp_path / "out")],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "SIMULATED: these ratings do not count." in done.output
    text = (tmp_path / "out" / "result.json").read_text(encoding="utf-8")
    document = ValidityDocument.read(tmp_path / "out" / "result.json")
    assert document.json_text() == text
    assert document.label == "SIMULATED"
    summary = read_summary(tmp_path / "out" / "validity.json")
    assert summary.name == "set <1>"
    assert summary.metrics[0].metric == "snr_db"
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "set &lt;1&gt;" in page
    assert "set <1>" not in page
    tables = {path.name for path in (tmp_path / "out" / "tables").iterdir()}
    assert {"metrics.csv", "metrics.tex", "metrics.md", "stimuli.csv"} <= tables
    printed = CliRunner().invoke(
        earmark, ["validate", str(ratings), "--scores", str(scores), "--simulated", "--json",
                  "--name", "set <1>"]
    )  # fmt: skip
    assert json.loads(printed.stdout) == json.loads(text)
    with pytest.raises(UserError, match=r"is not a validity.json"):
        read_summary(tmp_path / "out" / "result.json")
    for kind, value in ((ValidityDocument, json.loads(text)), (ValiditySummary, summary.as_json())):
        TypeAdapter(kind).validate_json(json.dumps(value))


def test_names_from_files_are_escaped_in_tables(tmp_path: Path, cells: Floats) -> None:
    ratings = written_ratings(tmp_path / "r.csv", cells, systems=SYSTEMS)
    scores = wide(tmp_path / "s.csv", cells.mean(axis=0), "a|b_$c")
    found = judged(ratings, scores=scores)
    write_validity(found.document, tmp_path / "out")
    assert "a\\|b\\_\\$c" in (tmp_path / "out" / "tables" / "metrics.md").read_text()
    assert r"b\_\$c" in (tmp_path / "out" / "tables" / "metrics.tex").read_text()


def test_answers_of_abx_are_no_ratings_of_quality(ratings: Path, tmp_path: Path) -> None:
    scores = wide(tmp_path / "s.csv", np.zeros((6, 8)))
    with pytest.raises(UserError, match="right and wrong answers"):
        judged(ratings, scores=scores, asked=Asked(abx=True))
