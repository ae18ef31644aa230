"""A study is analysed from its own folder as from its export, as declared, without touching it."""

import csv
import hashlib
import json
import shutil
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from listening_client import Client
from ratings_simulation import document
from study_fixtures import make_study

from earmark.analysis.ratings.analyse import Asked, Request, analyse_file
from earmark.analysis.ratings.inference.analysis import analyse
from earmark.analysis.ratings.inference.options import RatingsOptions
from earmark.analysis.ratings.reading.files import Reading, read_ratings
from earmark.analysis.ratings.reading.study_export import Which
from earmark.analysis.ratings.reading.study_folder import read_study
from earmark.cli import earmark
from earmark.listening_test.server.app import create_app
from earmark.listening_test.server.request import ServedStudy
from earmark.listening_test.server.serve import in_background
from earmark.listening_test.simulate import simulate
from earmark.listening_test.stimuli.addresses import addresses_of
from earmark.listening_test.study.study import StudyFolder, load_keys, load_study
from earmark.models.errors import UserError

MORE = """before:
  - consent
  - questionnaire:
      - {id: age, type: number, label: Age}
      - {id: trained, type: choice, label: Training, options: ["no", "yes"]}
      - {id: remark, type: text, label: Remark}
analysis: {primary: clarity, scope: music, alpha: 0.01, adjust: hochberg, margin: 8}
"""
AXES = "axes: [{name: clarity}, {name: space}]"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    """SIMULATED listeners at every link: six as if real, two SIMULATED, one pilot, one leaves."""
    place = tmp_path_factory.mktemp("study")
    made = make_study(place, "ape", passages=3, seconds=0.6, test=AXES, more=MORE)
    keys = load_keys(made)
    with in_background(made) as address:
        for link, listeners in ((keys.study, 6), (keys.simulated, 2), (keys.pilot, 1)):
            simulate(addresses_of(made), f"{address}/s/{link}/", listeners, seed=3)
    app = create_app(made)
    leaving = Client(app, keys.study)
    assert leaving.post("withdraw", {}).status_code == 200
    Client(app, keys.study)  # begins, and goes no further
    held: ServedStudy = app.extensions["earmark"]
    held.database.close()
    return made


def result_of(target: Path, out: Path, **options: Any) -> dict[str, Any]:
    return document(analyse_file(Request(target, out, asked=Asked(**options)), ["test"])[0])


def exported(folder: StudyFolder, path: Path, *more: str) -> Path:
    results = str(folder.path.parent.parent)
    words = ["study", "export", folder.path.name, "--results", results, "--ratings", str(path)]
    done = CliRunner().invoke(earmark, [*words, *more], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return path


def test_a_study_and_its_export_give_one_result(folder: StudyFolder, tmp_path: Path) -> None:
    direct = result_of(folder.path, tmp_path / "direct")
    (tmp_path / "declared.yaml").write_text(
        "{primary: clarity, scope: music, alpha: 0.01, adjust: simes-hochberg, margin: 8}"
    )
    path = exported(folder, tmp_path / "ratings.csv")
    through = result_of(
        path, tmp_path / "csv", format_="earmark", declared=tmp_path / "declared.yaml"
    )
    assert direct["input"].pop("file") == folder.path.name
    assert through["input"].pop("file") == "ratings.csv"
    for block in (*direct["others"], *through["others"]):
        block["input"].pop("file")
    # The export was analysed with a file of its own that declares the same.
    digest = hashlib.sha256((tmp_path / "declared.yaml").read_bytes()).hexdigest()
    assert direct["options"].pop("declared_sha256", None) is None
    assert through["options"].pop("declared_sha256") == digest
    # What only the study itself knows.
    assert direct.pop("study")["kind"] == "ape"
    assert direct.pop("participants")
    for block in (direct, *direct["others"]):
        assert block["secondary"].pop("metrics")
    for block in (through, *through["others"]):
        assert block["secondary"].pop("metrics") is None
    assert through.pop("study") is through.pop("participants") is None
    assert direct == through


def test_reading_changes_nothing_in_the_folder(folder: StudyFolder, tmp_path: Path) -> None:
    def state() -> Mapping[str, tuple[int, int]]:
        return {
            path.name: (path.stat().st_mtime_ns, path.stat().st_size)
            for path in folder.path.iterdir()
            if path.is_file()
        }

    before = state()
    result_of(folder.path, tmp_path / "out")
    assert state() == before


def test_a_study_is_read_while_it_is_served(folder: StudyFolder, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder.path, copy)
    app = create_app(StudyFolder(copy))
    held: ServedStudy = app.extensions["earmark"]
    try:
        client = Client(app, load_keys(StudyFolder(copy)).study)
        assert (copy / "ratings.sqlite-wal").is_file()
        data = result_of(copy, tmp_path / "out")
        assert data["participants"]["flow"][1] == {"stage": "started", "count": 9, "note": ""}
        assert client.state()["step"]["type"], "the server goes on"
    finally:
        held.database.close()


def test_the_declared_analysis_is_followed_and_what_differs_is_flagged(
    folder: StudyFolder, tmp_path: Path
) -> None:
    data = result_of(folder.path, tmp_path / "a")
    assert data["question"] == "clarity"
    assert data["deviations"] == []
    assert data["primary"]["scope"] == "music"
    options = data["options"]
    assert (options["alpha"], options["margin"], options["adjust"]) == (0.01, 8, "simes-hochberg")
    other = result_of(folder.path, tmp_path / "b", adjust="holm", only="space", alpha=0.05)
    assert other["deviations"] == [
        "adjust is 'holm'; the study declared 'simes-hochberg'",
        "alpha is 0.05; the study declared 0.01",
        "only 'space' is analysed; primary was 'clarity'",
    ]
    page = (tmp_path / "b" / "report.html").read_text(encoding="utf-8")
    assert page.count("Differs from what was declared") == 3
    assert "differs from what was declared" in (tmp_path / "b" / "sentences.txt").read_text()


@pytest.mark.slow
def test_the_flow_and_the_questionnaires_are_summarised_without_naming_anybody(
    folder: StudyFolder, tmp_path: Path
) -> None:
    data = result_of(folder.path, tmp_path / "out", invited=20)
    people = data["participants"]
    counts = {stage["stage"]: stage["count"] for stage in people["flow"]}
    assert counts == {
        "invited": 20,
        "started": 8,
        "consented": 6,
        "finished": 6,
        "withdrawn": 1,
        "not finished": 1,
        "screened out": 0,
        "analysed": 6,
    }
    assert people["others"] == {"SIMULATED": 2, "pilot": 1}
    age, trained, remark = people["questionnaire"]
    assert age["spread"]["q1"] <= age["spread"]["median"] <= age["spread"]["q3"]
    assert sum(entry["count"] for entry in trained["counts"]) == trained["answered"] == 6
    assert set(remark) == {"id", "label", "type", "answered", "of"}
    assert "texts" not in people
    shown = result_of(folder.path, tmp_path / "texts", free_text=True)
    assert len(shown["participants"]["texts"][0]["answers"]) == remark["answered"] > 0
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Who took part?" in page
    assert (tmp_path / "out" / "tables" / "participants.csv").is_file()


@pytest.mark.slow
@pytest.mark.parametrize(("option", "label"), [("simulated", "SIMULATED"), ("pilot", "PILOT")])
def test_sessions_that_do_not_count_are_analysed_only_when_asked_and_labelled_everywhere(
    folder: StudyFolder, tmp_path: Path, option: str, label: str
) -> None:
    out = tmp_path / "out"
    data = result_of(folder.path, out, **{option: True})
    assert (data["label"], data["simulated"]) == (label, option == "simulated")
    assert data["design"]["listeners"] == {"simulated": 2, "pilot": 1}[option]
    for name in ("report.html", "sentences.txt"):
        assert label in (out / name).read_text(encoding="utf-8")
    for path in (out / "tables").iterdir():
        if path.suffix == ".tex":
            assert f"{label} data" in path.read_text(encoding="utf-8")
            continue
        with path.open(encoding="utf-8", newline="") as stream:
            assert {row["Data"] for row in csv.DictReader(stream)} == {label}
    counted = result_of(folder.path, tmp_path / "real")
    assert counted["label"] is None
    assert counted["design"]["listeners"] == 6


@pytest.mark.slow
def test_the_report_plays_what_was_heard(folder: StudyFolder, tmp_path: Path) -> None:
    copy = tmp_path / "a study"
    shutil.copytree(folder.path, copy)
    study = load_study(folder)
    for out, asked in (
        (copy / "report", Asked()),
        (tmp_path / "apart", Asked()),
        (tmp_path / "folder", Asked(folder=True)),
    ):
        _, page = analyse_file(Request(copy, out, asked=asked), ["test"])
        text = page.read_text(encoding="utf-8")
        drill = json.loads(text.split('id="drills">')[1].split("</script>")[0])["q0-"]
        assert len(drill["audio"]) == len(study.passages)
        for passage in drill["audio"]:
            for players in passage:
                ((_, address),) = players
                assert (out / address.replace("%20", " ")).resolve().is_file()
                assert not address.startswith(("/", "file:"))
    assert (tmp_path / "folder" / "audio").is_dir()


def test_the_report_takes_a_study_by_its_folder_or_its_name(
    folder: StudyFolder, tmp_path: Path
) -> None:
    results = folder.path.parent.parent
    for at, named in enumerate((str(folder.path), folder.path.name)):
        out = tmp_path / str(at)
        command = ["report", named, "--results", str(results), "--out", str(out)]
        done = CliRunner().invoke(earmark, command, catch_exceptions=False)
        assert done.output.strip().endswith("report.html")
    assert (tmp_path / "0/result.json").read_bytes() == (tmp_path / "1/result.json").read_bytes()


@pytest.mark.slow
def test_stimuli_elsewhere_are_found_by_the_option(folder: StudyFolder, tmp_path: Path) -> None:
    copy = tmp_path / "study"
    shutil.copytree(folder.path, copy, ignore=shutil.ignore_patterns("stimuli"))
    result_of(copy, tmp_path / "none")
    assert '"audio":null' in (tmp_path / "none" / "report.html").read_text(encoding="utf-8")
    result_of(copy, tmp_path / "there", audio=folder.stimuli)
    page = (tmp_path / "there" / "report.html").read_text(encoding="utf-8")
    assert '"audio":null' not in page
    with pytest.raises(UserError, match=r"holds no audio of these ratings.*song 0/"):
        result_of(copy, tmp_path / "wrong", audio=tmp_path / "there")


def test_what_cannot_be_analysed_is_one_line_that_says_what_there_is(
    folder: StudyFolder, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=r"is a folder without study\.json"):
        result_of(tmp_path, tmp_path / "out")
    with pytest.raises(UserError, match="two sorts of sessions"):
        result_of(folder.path, tmp_path / "out", pilot=True, simulated=True)
    empty = tmp_path / "empty"
    shutil.copytree(folder.path, empty, ignore=shutil.ignore_patterns("ratings.sqlite*"))
    with pytest.raises(UserError, match="has no ratings yet"):
        result_of(empty, tmp_path / "out")
    path = exported(folder, tmp_path / "sim.csv", "--simulated")
    with pytest.raises(UserError, match=r"no complete real session \(there are 2 SIMULATED\)"):
        read_ratings(path)
    file = read_ratings(path, Reading(which=Which("SIMULATED")))
    assert document(analyse(file, RatingsOptions()))["label"] == "SIMULATED"
    with sqlite3.connect(empty / "ratings.sqlite") as database:
        database.execute("CREATE TABLE alembic_version (version_num TEXT)")
        database.execute("INSERT INTO alembic_version VALUES ('9999')")
    database.close()
    with pytest.raises(UserError, match="schema 9999 is newer"):
        read_study(empty, Reading())
