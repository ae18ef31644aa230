"""A study with several kinds of pages, from its file to reports, that are never of two kinds."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest
from click.testing import CliRunner
from study_fixtures import write_study

from earmark.cli import earmark
from earmark.listening_test.create import make_study
from earmark.listening_test.erase import erase_sessions
from earmark.listening_test.export.everything import as_json
from earmark.listening_test.export.progress import status_of
from earmark.listening_test.export.ratings import SessionFilter, as_csv, tidy
from earmark.listening_test.kinds import parts
from earmark.listening_test.kinds.reading import read_study_file
from earmark.listening_test.server.serve import in_background
from earmark.listening_test.simulate import Browser, Listener, RefusedError, simulate
from earmark.listening_test.stimuli.addresses import addresses_of
from earmark.listening_test.storage.tables import opened
from earmark.listening_test.study.orders import generator
from earmark.listening_test.study.study import StudyFolder, load_keys, load_study
from earmark.listening_test.taste import qualities, taste
from earmark.listening_test.told import step_of

SEQUENCE = """
sequence:
  - {pages: warm up, training: true, test: {kind: mushra}, passages: [song 0], systems: [mix]}
  - order: williams
    sequence:
      - {pages: quality, test: {kind: mushra, back: false}, systems: [mix, loud]}
      - pages: liking
        test: {kind: ab}
        systems: [loud, bright, mix]
        design: {pages_per_listener: 2, repeats: 1}
  - questionnaire: [{id: tired, type: choice, label: "Tired?", options: ["yes", "no"]}]
  - {pages: axes, test: {kind: ape}, passages: [song 1]}
after: [{questionnaire: [{id: age, type: number, label: Age}]}]
"""
SIMULATED = SessionFilter(("simulated",))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    place = tmp_path_factory.mktemp("sequence")
    path = write_study(place, seconds=0.6, sequence=SEQUENCE)
    return make_study(read_study_file(path), place / "results")


@pytest.fixture(scope="module")
def address(folder: StudyFolder) -> Iterator[str]:
    with in_background(folder) as found:
        link = f"{found}/s/{load_keys(folder).simulated}/"
        simulate(addresses_of(folder), link, 4, 1)
        yield found


def analysed(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(earmark, [str(one) for one in arguments])
    return done.exit_code, done.output + str(done.exception or "")


def test_each_listener_meets_each_block_whole_and_its_ratings_name_it(
    folder: StudyFolder, address: str
) -> None:
    with opened(folder) as database:
        rows = tidy(load_study(folder), database, SIMULATED)
    kinds = {"quality": "mushra", "liking": "ab", "axes": "ape"}
    assert {(row.block, row.kind) for row in rows} == set(kinds.items())
    for _, mine in groupby(rows, key=lambda row: row.session):
        pages = [(row.block, row.page) for row in mine]
        assert Counter(block for block, _ in set(pages)) == {"quality": 2, "liking": 3, "axes": 1}
        assert [block for block, _ in groupby(block for block, _ in pages)][-1] == "axes"
    first = Counter(
        next(row.block for row in mine) for _, mine in groupby(rows, key=lambda row: row.session)
    )
    assert first == {"quality": 2, "liking": 2}


def test_the_export_has_a_column_of_blocks_and_json_names_them(
    folder: StudyFolder, address: str
) -> None:
    study = load_study(folder)
    with opened(folder) as database:
        text = as_csv(tidy(study, database, SIMULATED), blocks=True)
        whole = as_json(study, database, SIMULATED)
    table = list(csv.DictReader(io.StringIO(text)))
    assert {row["block"] for row in table} == {"quality", "liking", "axes"}
    pages = whole["sessions"][0]["pages"]
    assert Counter(page["block"] for page in pages)["warm up"] == 1
    assert {one["question"] for one in whole["sessions"][0]["answers"]} == {"tired", "age"}


def test_blocks_are_analysed_each_by_itself_or_not_at_all(
    folder: StudyFolder, address: str, tmp_path: Path
) -> None:
    results = folder.path.parent.parent
    export = tmp_path / "ratings.csv"
    code, said = analysed(
        "study", "export", "small", "--results", results, "--simulated", "--ratings", export
    )
    assert code == 0, said
    for ratings in (export, folder.path):
        start = ("analyse", ratings, "--simulated", "--out", tmp_path / "out")
        code, said = analysed(*start)
        assert code != 0
        assert "3 blocks of pages" in said
        assert "--block " in said
        assert not (tmp_path / "out").exists()
        code, said = analysed(*start, "--block", "likin")
        assert "did you mean 'liking'?" in said
        code, said = analysed(*start, "--block", "warm up")
        assert code != 0, said


@pytest.mark.slow
def test_a_block_s_report_is_of_its_ratings_alone_from_the_study_or_its_export(
    folder: StudyFolder, address: str, tmp_path: Path
) -> None:
    results, export = folder.path.parent.parent, tmp_path / "ratings.csv"
    analysed("study", "export", "small", "--results", results, "--simulated", "--ratings", export)
    found = []
    for ratings in (export, folder.path):
        out = tmp_path / "reports" / ratings.name
        code, said = analysed("analyse", ratings, "--simulated", "--out", out, "--block", "liking")
        assert code == 0, said
        found.append(json.loads((out / "result.json").read_text()))
    for result in found:
        assert result["input"]["ratings"] == 4 * 3 * 2
        assert {one["system"] for one in result["descriptives"]["systems"]} == {
            "loud", "bright", "mix"
        }  # fmt: skip
    assert found[1]["study"]["block"] == "liking"
    assert found[0]["primary"] == found[1]["primary"]


def test_a_study_of_one_kind_knows_no_blocks(tmp_path: Path) -> None:
    export = tmp_path / "ratings.csv"
    export.write_text("listener,passage,system,score\na,s,x,1\na,s,y,2\n", encoding="utf-8")
    code, said = analysed("analyse", export, "--block", "x", "--out", tmp_path / "out")
    assert code != 0
    assert "--block chooses a block of a study, which this is not" in said


def test_no_file_is_shared_by_two_blocks_and_a_song_is_at_one_level_in_all(
    folder: StudyFolder,
) -> None:
    study = load_study(folder)
    by_block = {part.block: part.stimuli for part in parts(study)}
    assert sum(map(len, by_block.values())) == len(study.stimuli)
    assert len({one.token for found in by_block.values() for one in found}) == len(study.stimuli)
    levels: dict[tuple[str, str], set[float]] = {}
    for found in by_block.values():
        for one in found:
            if not one.system.startswith("lowpass"):
                levels.setdefault((one.passage, one.system), set()).add(one.lufs or 0.0)
    assert all(max(found) - min(found) < 0.2 for found in levels.values())


def test_what_was_measured_of_a_block_s_files_stays_with_the_block(folder: StudyFolder) -> None:
    rows = json.loads(folder.heard.read_text())["scores"]
    assert {row["block"] for row in rows} == {"warm up", "quality", "liking", "axes"}
    seen = Counter((r["block"], r["passage"], r["system"], r["metric"]) for r in rows)
    assert set(seen.values()) == {1}


def test_the_progress_page_counts_each_block(folder: StudyFolder, address: str) -> None:
    with opened(folder) as database:
        status = status_of(load_study(folder), load_keys(folder), database)
    assert status.kind == "mushra, ab, ape"
    assert {name.partition(":")[0] for name, _, _ in status.units} == {
        "warm up", "quality", "liking", "axes"
    }  # fmt: skip


def test_a_session_goes_on_after_a_reload_and_back_stays_within_a_block(
    folder: StudyFolder, address: str
) -> None:
    addresses = addresses_of(folder)
    browser = Browser(f"{address}/s/{load_keys(folder).pilot}/")
    browser.begin()
    draw = generator(5)
    study = addresses.study
    listener = Listener(addresses, browser, taste(study, draw, qualities(study, 0)), draw)
    before: list[dict[str, object]] = []
    backs = []
    while (step := browser.state()["step"])["type"] != "thanks":
        again = Browser(f"{address}/s/{load_keys(folder).pilot}/")
        again.open(f"{address}/l/{browser.session}/")
        assert again.state()["step"] == step
        if step["type"] == "page":
            backs.append((step["kind"], step["back"]))
            if not step["back"]:
                with pytest.raises(RefusedError):
                    browser.post("back", {"step": step["id"], "page": step["number"]})
        before.append(step)
        listener.take(step_of(step))
    assert [step["type"] for step in before].count("questionnaire") == 2
    assert all(not back for kind, back in backs if kind in ("mushra", "ape"))
    assert [back for kind, back in backs if kind == "ab"] == [False, True, True]


def test_an_erased_session_leaves_nothing_of_any_block(folder: StudyFolder, address: str) -> None:
    study = load_study(folder)
    with opened(folder) as database:
        rows = tidy(study, database, SIMULATED)
    gone = rows[-1].session
    erase_sessions(study, folder, [gone])
    with opened(folder) as database:
        left = tidy(study, database, SIMULATED)
        whole = as_json(study, database, SessionFilter(("simulated",), ("withdrawn",)))
    assert {row.session for row in rows} - {row.session for row in left} == {gone}
    (session,) = whole["sessions"]
    assert not session["answers"]
    assert not session["events"]
    values = [one["value"] for page in session["pages"] for one in page["ratings"]]
    assert set(values) == {None}


def test_what_a_block_lacks_is_told_before_anything_is_made(tmp_path: Path) -> None:
    sequence = SEQUENCE.replace("systems: [mix, loud]", "systems: [mix, lud]")
    path = write_study(tmp_path, seconds=0.5, sequence=sequence)
    text = path.read_text().replace("      bright: audio/1-bright.wav\n", "")
    path.write_text(text)
    code, said = analysed("study", "new", path, "--results", tmp_path / "results")
    assert code != 0
    assert "block 'quality': unknown system 'lud'; did you mean 'loud'?" in said
    assert "block 'liking': passage 'song 1' has no version 'bright'" in said
    assert not (tmp_path / "results" / "studies").exists()
