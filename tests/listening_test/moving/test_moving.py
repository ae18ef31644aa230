"""Existing tests moved in: each line of a configuration is carried over or told, or it stops."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import soundfile
import yaml
from click.testing import CliRunner
from moved_tests import CASES, CHOICES, audio_for
from study_fixtures import RATE, music

from earmark.cli import earmark
from earmark.listening_test.check import check
from earmark.listening_test.kinds.reading import read_study_file
from earmark.listening_test.moving.contract import ToldSort
from earmark.listening_test.moving.move import MovedTest, move
from earmark.models.errors import UserError


def moved(name: str, out: Path, audio: Path | None = None, **choices: str) -> MovedTest:
    return move(CASES / name, audio, out, choices)


def data_of(found: MovedTest) -> dict[str, Any]:
    assert found.path is not None, [one.words for one in found.told]
    data: dict[str, Any] = yaml.safe_load(found.path.read_text(encoding="utf-8"))
    return data


def lines(found: MovedTest, *sorts: ToldSort) -> set[int]:
    return {one.line for one in found.told if one.sort in sorts and one.line}


def words_at(found: MovedTest, line: int) -> str:
    return " | ".join(one.words for one in found.told if one.line == line)


def test_a_mushra_test_with_training_becomes_a_study_of_one_kind(tmp_path: Path) -> None:
    found = moved("webmushra-mushra.yaml", tmp_path)
    data = data_of(found)
    assert (data["study"], data["title"]) == ("synthetic_mushra", "Synthetic mastering test")
    assert data["welcome"] == "### Welcome\n\nPlease use **headphones**."
    assert [next(iter(step)) for step in data["before"]] == ["consent", "volume"]
    training, rated = data["sequence"]
    assert training["training"] is True
    assert (training["passages"], rated["passages"]) == (["pop"], ["ballad", "funk"])
    assert rated["order"] == "random"
    assert rated["systems"] == ["tcn", "lstm"]
    assert rated["test"]["kind"] == "mushra"
    assert rated["test"]["back"] is False
    assert rated["test"]["anchors"] == ["lowpass_3500", "lowpass_7000"]
    questions = data["after"][0]["questionnaire"]
    assert [(one["id"], one["type"]) for one in questions] == [
        ("email", "text"), ("age", "number"), ("gender", "choice"), ("comments", "long_text")
    ]  # fmt: skip
    assert (questions[1]["minimum"], questions[1]["maximum"]) == (0, 100)
    assert questions[2]["options"] == ["Female", "Male", "Other"]
    assert data["after"][1]["thanks"]["text"].endswith("Your answers were sent.")
    told = {3, 4, 6, 12, 22, 23, 28, 44, 56, 31, 67, 79}
    assert lines(found, ToldSort.LOST) == told
    assert {25, 69, 73} <= lines(found, ToldSort.SAID)
    assert "'pop'" in words_at(found, 25)
    assert any("matched in loudness" in one.words for one in found.told)
    assert any("linear-phase" in one.words for one in found.told)


def test_named_steps_stop_instead_of_becoming_a_slider(tmp_path: Path) -> None:
    found = moved("webmushra-likert.yaml", tmp_path)
    assert found.path is None
    assert not list(tmp_path.iterdir())
    assert {21, 41} <= lines(found, ToldSort.FAULT)
    assert {3, 4, 7, 15, 23, 24, 25, 36} <= lines(found, ToldSort.LOST)
    assert {6, 17} <= lines(found, ToldSort.SAID)


def test_three_tests_in_random_blocks_become_blocks_of_one_study(tmp_path: Path) -> None:
    found = moved("webmushra-paired-bs1116.yaml", tmp_path)
    data = data_of(found)
    (nested,) = data["sequence"]
    assert nested["order"] == "random"
    (intro, abx), (words, bs1116) = (one["sequence"] for one in nested["sequence"])
    assert "Which one is X?" in intro["text"]
    assert "Grade both." in words["text"]
    assert abx["test"]["kind"] == "abx"
    assert abx["test"]["pairs"] == [["reference", "codec1"], ["reference", "codec2"]]
    assert abx["systems"] == ["reference", "codec1", "codec2"]
    assert (bs1116["test"]["kind"], bs1116["systems"]) == ("bs1116", ["codec1", "codec2"])
    assert data["after"][0]["questionnaire"][0]["id"] == "code"
    assert {3, 4, 6, 36, 39, 45} == lines(found, ToldSort.LOST)
    assert {16, 19} <= lines(found, ToldSort.SAID)


def test_every_fault_is_told_in_one_run_and_nothing_is_written(tmp_path: Path) -> None:
    found = moved("webmushra-faulty.yaml", tmp_path)
    assert found.path is None
    assert not list(tmp_path.iterdir())
    assert lines(found, ToldSort.FAULT, ToldSort.CHOICE) == {2, 17, 22, 25, 26, 27}
    assert "'synthetic faulty-1'" in words_at(found, 2)
    assert "line 10" in words_at(found, 22)
    assert "(C1, C2) and (C1, C3, C4)" in words_at(found, 25)
    assert "'C4' and 'C1' are the same file" in words_at(found, 26)
    assert "'localization'" in words_at(found, 27)
    assert "writeResults" in words_at(found, 33)
    assert 12 in lines(found, ToldSort.LOST)
    assert 11 in lines(found, ToldSort.SAID)


def test_an_ape_test_stops_until_one_cut_version_is_let_go(tmp_path: Path) -> None:
    stopped = moved("waet-ape.xml", tmp_path)
    assert stopped.path is None
    assert lines(stopped, ToldSort.FAULT, ToldSort.CHOICE) == {49}
    found = moved("waet-ape.xml", tmp_path, cut="none")
    data = data_of(found)
    assert data["test"]["kind"] == "ape"
    assert data["test"]["axes"] == [
        {"name": "preference", "label": "Preference", "left": "Worse", "right": "Better"},
        {"name": "clarity", "label": "Clarity", "left": "Muddy", "right": "Clear"},
    ]
    assert [one["id"] for one in data["passages"]] == ["ballad", "funk", "rock"]
    assert list(data["passages"][0]["stimuli"]) == ["dry", "auto", "human"]
    assert data["passages"][0]["stimuli"]["dry"].endswith("media/ballad/dry.wav")
    assert data["design"] == {"order": "random", "pages_per_listener": 2}
    assert data["test"]["crossfade"] is True
    assert data["test"]["comments"] == "per_stimulus"
    assert data["test"]["rules"] == {"must_rate": True, "must_play": True}
    asked = {one["id"]: one for one in data["before"][0]["questionnaire"]}
    assert asked["sessionId"] == {
        "id": "sessionId", "type": "text", "label": "Your code?", "required": True
    }  # fmt: skip
    assert (asked["years"]["minimum"], asked["years"]["maximum"]) == (0, 60)
    assert asked["experience"]["type"] == "choices"
    assert data["after"][0]["questionnaire"][0]["type"] == "choice"
    assert data["after"][1] == {"thanks": {"text": "Thank you."}}
    assert data["loudness"] == {"target_lufs": -23}
    assert {3, 8, 13, 27, 33, 37, 45, 47, 49, 50} <= lines(found, ToldSort.LOST)
    assert "alwaysInclude" in words_at(found, 37)
    assert "repeatCount" in words_at(found, 37)
    assert "-1.5 dB" in words_at(found, 49)


def test_an_anchor_from_a_file_is_the_user_s_to_decide(tmp_path: Path) -> None:
    stopped = moved("waet-mushra.xml", tmp_path)
    assert stopped.path is None
    assert lines(stopped, ToldSort.CHOICE) == {16, 23, 30}
    kept = data_of(moved("waet-mushra.xml", tmp_path / "kept", anchor="system"))
    training, rated = kept["sequence"]
    assert rated["systems"] == ["low", "tcn"]
    assert (rated["test"]["anchors"], rated["test"]["strict"]) == ([], False)
    assert (training["training"], training["passages"]) == (True, ["pop"])
    assert kept["after"][0]["thanks"]["text"] == "Merci, c'est terminé."
    found = moved("waet-mushra.xml", tmp_path / "made", anchor="lowpass")
    made = data_of(found)
    assert made["sequence"][1]["systems"] == ["tcn"]
    assert made["sequence"][1]["test"]["anchors"] == ["lowpass_3500", "lowpass_7000"]
    assert "low" not in made["passages"][1]["stimuli"]
    assert {3, 5, 7, 10, 26} <= lines(found, ToldSort.LOST)
    assert not words_at(found, 12)  # the labels are those of the kind


def test_systems_of_files_alone_are_confirmed_and_pairs_stay_those_given(tmp_path: Path) -> None:
    stopped = moved("waet-pool-ab.xml", tmp_path)
    assert stopped.path is None
    assert lines(stopped, ToldSort.CHOICE) == {15, 20, 25, 31}
    found = moved("waet-pool-ab.xml", tmp_path, names="files")
    data = data_of(found)
    assert data["test"] == {
        "kind": "pairwise",
        "question": "Which do you prefer?",
        "pairs": [["tcn", "lstm"], ["tcn", "plain"]],
    }
    assert [one["id"] for one in data["passages"]] == ["ballad", "funk"]
    assert list(data["passages"][0]["stimuli"]) == ["tcn", "lstm", "plain"]
    assert data["design"]["pages_per_listener"] == 2
    asked = data["before"][0]["questionnaire"]
    assert [(one["id"], one["type"]) for one in asked] == [
        ("hello", "statement"),
        ("fit", "slider"),
    ]
    assert data["before"][1] == "volume"
    assert {3, 8, 12, 29, 31} <= lines(found, ToldSort.LOST)
    assert 4 in lines(found, ToldSort.SAID)


@pytest.mark.parametrize("name", CHOICES)
def test_what_is_moved_in_passes_the_check_where_its_audio_is(name: str, tmp_path: Path) -> None:
    audio = audio_for(CASES / name, tmp_path / "site")
    found = moved(name, tmp_path / "out", audio, **CHOICES[name])
    assert found.path is not None
    assert not found.of(ToldSort.MISSING)
    report = check(read_study_file(found.path), tmp_path / "results")
    errors = [one.message for one in report.problems if one.severity == "error"]
    assert errors == []
    assert not any("/" in part.name for part in report.blocks)


def test_each_missing_file_is_told_once_and_keeps_nothing_from_being_written(
    tmp_path: Path,
) -> None:
    found = moved("webmushra-mushra.yaml", tmp_path)
    missing = [one.words.partition(":")[0] for one in found.of(ToldSort.MISSING)]
    assert len(missing) == len(set(missing)) == 9
    assert found.path is not None


def config(tmp_path: Path, text: str, name: str = "c.yaml") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


PAGE = """testname: T
testId: t
pages:
  - type: mushra
    id: a
    name: A
    content: Rate.
    reference: {reference}
    createAnchor35: true
    createAnchor70: true
    stimuli: {{C1: {one}, C2: {two}}}
  - {{type: finish, name: F, content: F, writeResults: true}}
"""


@pytest.mark.parametrize(
    "path", ["../secret.wav", "a/../../secret.wav", "..\\secret.wav", "http://e.x/a.wav", "''"]
)
def test_a_path_that_leads_elsewhere_stops_with_its_line(path: str, tmp_path: Path) -> None:
    text = PAGE.format(
        reference="r.wav", one=f'"{path}"' if "\\" not in path else path, two="b.wav"
    )
    text = text.replace("\"''\"", "''")
    found = move(config(tmp_path, text), None, tmp_path / "out")
    assert found.path is None
    assert lines(found, ToldSort.FAULT) == {11}
    assert not (tmp_path / "out").exists()


def test_two_files_of_one_name_are_not_taken_for_each_other(tmp_path: Path) -> None:
    audio = tmp_path / "audio"
    audio.mkdir()
    for name in ("ref.wav", "x.wav"):
        soundfile.write(audio / name, music(0, 0.5), RATE)
    text = PAGE.format(reference="pop/ref.wav", one="pop/x.wav", two="ballad/x.wav")
    found = move(config(tmp_path, text), audio, tmp_path / "out")
    assert found.path is None
    assert "would be the same file" in words_at(found, 11)


ENTITY = """<?xml version="1.0"?>
<!DOCTYPE waet [<!ENTITY secret SYSTEM "file:///etc/passwd">]>
<waet><setup interface="APE"><exitText>&secret;</exitText></setup></waet>
"""
LAUGHS = """<?xml version="1.0"?>
<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<waet><setup interface="APE"><exitText>&b;</exitText></setup></waet>
"""


def huge(path: Path) -> None:
    """A file of 100 MB that takes no room."""
    path.touch()
    os.truncate(path, 100_000_000)


@pytest.mark.parametrize(
    ("name", "write", "said"),
    [
        ("e.xml", lambda path: path.write_text(ENTITY), ":2: declares a document type"),
        ("l.xml", lambda path: path.write_text(LAUGHS), ":2: declares a document type"),
        ("u.xml", lambda path: path.write_text("<waet><setup/>&nope;</waet>"), ":1: not valid XML"),
        ("t.xml", lambda path: path.write_text("<waet>\n<setup>"), ":2: not valid XML"),
        ("s.xml", lambda path: path.write_bytes(b"<waet>\n\xff\xfe</waet>"), ":2: not valid XML"),
        ("h.xml", lambda path: path.write_text("<html/>"), "is no configuration of WAET"),
        ("d.xml", lambda path: path.write_text("<a>" * 300), "more elements than"),
        ("b.yaml", lambda path: path.write_bytes(b"pages:\n  - \xff\xfe\n"), "not a text file"),
        ("n.yaml", lambda path: path.write_bytes(b"pages:\n  - \x00\n"), "not valid YAML"),
        ("y.yaml", lambda path: path.write_text("pages: {a: 1}"), "no configuration of webMUSHRA"),
        ("p.yaml", lambda path: path.write_text("pages: !!python/name:os.system\n"), "not valid"),
        ("0.yaml", lambda path: path.write_text(""), "is empty"),
        ("big.xml", huge, "has 100 MB"),
        ("big.yaml", huge, "has 100 MB"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(
    name: str, write: Callable[[Path], object], said: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    write(path)
    with pytest.raises(UserError) as error:
        move(path, None, tmp_path / "out")
    assert said in str(error.value)
    assert "\n" not in str(error.value)
    assert str(error.value).startswith(str(path))
    assert not (tmp_path / "out").exists()


def test_a_study_file_that_is_there_and_differs_is_left_alone(tmp_path: Path) -> None:
    found = moved("webmushra-mushra.yaml", tmp_path)
    assert found.path is not None
    assert moved("webmushra-mushra.yaml", tmp_path).path == found.path
    found.path.write_text("mine", encoding="utf-8")
    with pytest.raises(UserError, match="is there and is another"):
        moved("webmushra-mushra.yaml", tmp_path)
    assert found.path.read_text(encoding="utf-8") == "mine"


def test_the_command_tells_each_line_and_ends_with_status_1_where_it_stops(tmp_path: Path) -> None:
    ask = ["study", "import", str(CASES / "waet-ape.xml"), "--out", str(tmp_path)]
    done = CliRunner().invoke(earmark, ask)
    assert done.exit_code != 0
    assert f"{CASES / 'waet-ape.xml'}:49: " in done.output
    assert "--choose cut=none" in done.output
    done = CliRunner().invoke(earmark, [*ask, "--choose", "cut=none"])
    assert done.exit_code == 0, done.output
    assert "waet-ape.yaml: a study of ape, from WAET" in done.output
    wrong = CliRunner().invoke(earmark, [*ask, "--choose", "cut=none", "--choose", "x=y"])
    assert "nothing to choose for 'x'" in str(wrong.exception)


def test_what_is_no_key_is_told_whatever_it_is(tmp_path: Path) -> None:
    text = PAGE.format(reference="r.wav", one="a.wav", two="b.wav")
    text = text.replace("    id: a\n", "    id: a\n    frobnicate: 3\n") + "wibble: 1\n"
    found = move(config(tmp_path, text), None, tmp_path / "out")
    assert {6, 14} <= lines(found, ToldSort.LOST)
