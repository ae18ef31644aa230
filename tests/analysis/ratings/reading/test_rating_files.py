"""Rating files of other tools give exactly the rows they hold, or stop with what would help."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from rating_files import FOLDER, Case, cases, compared, rows_of

from earmark.analysis.ratings.reading.convert import columns_of
from earmark.analysis.ratings.reading.files import RatingsFile, Reading, read_files
from earmark.analysis.ratings.reading.layouts.contract import Hints
from earmark.cli import earmark
from earmark.models.errors import UserError

CASES = cases()
READ = {name: case for name, case in CASES.items() if case.stop is None}
STOPS = {name: case for name, case in CASES.items() if case.stop is not None}


def test_there_are_cases() -> None:
    assert len(READ) > 25
    assert len(STOPS) > 7


@pytest.mark.parametrize("name", READ)
def test_a_file_gives_exactly_its_rows(name: str) -> None:
    case = READ[name]
    file = read_files([case.path])
    assert columns_of(file) == case.columns
    assert rows_of(file) == list(case.rows)
    assert file.account is not None
    told = {line.about for line in file.account.lines}
    assert {"files", "layout", "listener", "found"} <= told


# What each stop must say, beside that it is one line, and what then reads the file.
MENDS: dict[str, tuple[list[str], dict[str, Any]]] = {
    "acr7-presentation-number": (
        ["no column is known to hold the system", "'item'", "order of presentation", "4 to 11",
         "--system speaker_name", "--passage 'speaker_wav:*_*_{}_*.wav'", "--scale 1 7"],
        {"columns": {"system": "speaker_name", "passage": "speaker_wav:*_*_{}_*.wav"},
         "scale": (1, 7)},
    ),
    "arena-votes-no-voter": (
        ["24 votes", "--listener COLUMN", "--listener @rows"],
        {"columns": {"listener": "@rows"}},
    ),
    "cvssp-like-two-experiments": (
        ["'experiment'", "quality, interferer", "--question experiment", "--where experiment="],
        {"columns": {"question": "experiment"}},
    ),
    "dallinger": (
        ["18 responses", "'fit', 'preference'", "text within text", "participant_id",
         "metadata_.prompt.condition_type", "metadata_.prompt.track_fpath", "2 failed"],
        {"columns": {"system": "metadata_.prompt.condition_type",
                     "passage": "metadata_.prompt.track_fpath"}},
    ),
    "golisten-abx": (
        ["'A' and 'B'", "nor which of them X was", "--key KEY.csv", "'Example 1'"],
        {"key": "column,a,b,correct\nExample 1,plain,tcn,B\nExample 2,plain,tcn,A\n"
                "Example 3,plain,tcn,B\n"},
    ),
    "sureal-matrix": (
        ["sureal-matrix.csv:1", "no header", "all 6 rows hold 5 numbers", "29 ratings, 1 missing",
         "--presentations LIST.csv"],
        {"presentations": "passage,system\n" + "".join(
            f"{p},{s}\n" for p in ("ballad", "funk") for s in ("plain", "lstm", "tcn"))},
    ),
    "webmushra-lms-no-listener": (
        ["no-listener.csv:8", "'age' and 'gender'", "blocks of 6 rows", "--listener @blocks"],
        {"columns": {"listener": "@blocks"}},
    ),
    "webmushra-lms-words": (
        ["'stimuli_rating' are words", "'a bit', 'much', 'not a lot', 'not at all'",
         '--words "not at all,not a lot,a bit,much"'],
        {"words": ("not at all", "not a lot", "a bit", "much")},
    ),
}  # fmt: skip


def test_every_stop_has_a_mend() -> None:
    assert set(MENDS) == set(STOPS)


@pytest.mark.parametrize("name", STOPS)
def test_a_file_that_does_not_tell_stops_with_what_would(name: str) -> None:
    with pytest.raises(UserError) as caught:
        read_files([STOPS[name].path])
    said = str(caught.value)
    assert "\n" not in said
    assert len(said) <= 400
    assert [words for words in MENDS[name][0] if words not in said] == []


@pytest.mark.parametrize("name", STOPS)
def test_what_a_stop_proposes_reads_the_file(name: str, tmp_path: Path) -> None:
    file = mended(STOPS[name], MENDS[name][1], tmp_path)
    stop = STOPS[name].stop
    assert stop is not None
    wanted = stop["after_the_mend"]
    ratings, rows = file.ratings, rows_of(file)
    columns = columns_of(file)
    systems = {row[columns.index(one)] for row in rows for one in columns if "system" in one}
    found = {
        "listeners": len(ratings.listeners),
        "passages": len(ratings.passages),
        "systems": len(systems),
        "questions": len(ratings.questions),
        "ratings": len(rows),
        "votes": len(rows),
        "answers": len(rows),
    }
    assert {key: found[key] for key in wanted} == wanted


def mended(case: Case, mend: dict[str, Any], folder: Path) -> RatingsFile:
    files: dict[str, Path] = {}
    for name in ("key", "presentations"):
        if name in mend:
            files[name] = folder / f"{name}.csv"
            files[name].write_text(mend[name])
    told = Hints(
        words=mend.get("words", ()),
        key=files.get("key"),
        presentations=files.get("presentations"),
    )
    return read_files(
        [case.path], Reading(columns=mend.get("columns", {}), scale=mend.get("scale"), told=told)
    )


TOLD = {
    "webmushra-mushra": ["session_uuid", "2 of 4 sessions share", "anchor35,anchor70"],
    "webmushra-header-changed": ["from line 14 on have 9 cells", "right end", "have no name"],
    "webmushra-train": ["24 rows of 2 training pages", "--keep-training"],
    "webmushra-paired_comparison": ["right (1) or wrong (0)", "1 undecided", "'email'",
                                    "e-mail address"],
    "webmushra-bs1116": ["difference grades follow", "1 references were graded below", "BS.1116"],
    "webmushra-lms": ["1 to 5 (a guess from the values"],
    "webmushra-several": ["6 rows equal in all cells"],
    "pymushra": ["6 rows of type 'experience'", "'wm_id'", "'questionaire_uuid'"],
    "pymushra-tinydb": ["'synthetic_py'", "'experience'"],
    "waet-one-axis": ["names of files", "2 outside references", "0 to 1 (that of WAET)"],
    "waet-two-axes": ["interface-name", "clarity", "preference"],
    "waet-folder": ["1 unfinished session is left out; --unfinished", "1 file holds no ratings"],
    "golisten-mushra": ["Each row is one listener", "{passage}-{system}", "1 missing"],
    "listen-and-rate-mos": ["3 listeners", "1 to 5 (that of listen-and-rate"],
    "listen-and-rate-ab": ["votes are ties"],
    "netflix-mushra": ["codec_map.json", "labels for 5 systems", "survey was not filled in"],
    "netflix-ab": ["1 listener,"],
    "sureal-dataset": ["ref_score 5.0 is no rating"],
    "sisec-like": ["'orig' looks like the reference", "'anchor' looks like an anchor"],
    "cvssp-like": ["12 cells were rated more than once", "'rating'", "'normalised_rating'"],
    "camel-case": ["'OverallQuality', 'StereoImage'"],
    "lists-in-cells": ["Lists in 'ratings', 'participant_ids' were unfolded"],
    "wide-song_system": ["split as {passage}_{system}", "'age' is no rating", "1 missing"],
    "wide-two-headers": ["Two header rows", "'ballad', 'funk', 'rock'"],
    "wide-systems": ["The columns 'plain', 'lstm', 'tcn' are systems"],
    "arena-votes": ["24 votes", "5 listeners", "3 of them 'both bad'"],
    "jspsych": ["3 trials of type 'survey-html-form' are left out"],
    "prolific": ["prolific_export.csv", "Prolific ids"],
    "long": ["Sheet 'ratings' is read", "'notes'"],
}  # fmt: skip


@pytest.mark.parametrize("name", TOLD)
def test_what_was_understood_is_told(name: str) -> None:
    account = read_files([READ[name].path]).account
    assert account is not None
    said = "\n".join(f"{line.about}: {line.said}" for line in account.lines)
    assert [words for words in TOLD[name] if words not in said] == []
    assert "@example.org" not in said, "an address is named and not shown"


def test_every_case_is_told_of() -> None:
    assert set(READ) - set(TOLD) == {"webmushra-lss"}


@pytest.mark.parametrize("name", ["wide-systems", "arena-votes", "waet-folder"])
def test_the_command_writes_the_rows_and_says_how_it_read_them(name: str, tmp_path: Path) -> None:
    out = tmp_path / "long.csv"
    done = CliRunner().invoke(
        earmark,
        ["import", "ratings", str(READ[name].path), "--out", str(out)],
        catch_exceptions=False,
    )
    assert done.exit_code == 0
    assert "How your ratings were read" in done.output
    header, *rows = (line.split(",") for line in out.read_text().splitlines())
    assert tuple(header) == READ[name].columns
    assert compared(rows, header) == list(READ[name].rows)


@pytest.mark.parametrize("name", ["wide-systems", "lists-in-cells", "camel-case", "sisec-like"])
def test_what_import_writes_is_read_again_as_the_same(name: str, tmp_path: Path) -> None:
    out = tmp_path / "long.csv"
    command = ["import", "ratings", str(READ[name].path), "--out", str(out)]
    CliRunner().invoke(earmark, command, catch_exceptions=False)
    assert rows_of(read_files([out])) == list(READ[name].rows)


def test_a_glob_and_several_files_are_one_study() -> None:
    folder = FOLDER / "listen-and-rate-mos"
    wanted = list(READ["listen-and-rate-mos"].rows)
    assert rows_of(read_files([folder / "*.csv"])) == wanted
    assert rows_of(read_files(sorted(folder.iterdir(), reverse=True))) == wanted
