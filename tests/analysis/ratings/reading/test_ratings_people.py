"""Files about people are joined by id and told of all together, never of one person."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from rating_files import FOLDER

from earmark.analysis.ratings.reading.files import Reading, read_files
from earmark.analysis.ratings.reading.people import joined_people
from earmark.analysis.ratings.reading.tables.documents import TextTable
from earmark.cli import earmark
from earmark.models.errors import UserError

PROLIFIC = FOLDER / "prolific"


def table(*rows: str) -> TextTable:
    return TextTable("people.csv", tuple((at, row.split(",")) for at, row in enumerate(rows, 1)))


def test_the_export_of_prolific_beside_ratings_is_joined_and_told() -> None:
    file = read_files([PROLIFIC])
    assert file.account is not None
    said = " ".join(file.account.notes)
    for words in (
        "4 of 5 people are listeners, joined by 'Participant id'",
        "1 REJECTED",
        "1 RETURNED without ratings",
        "1 CONSENT_REVOKED in 'Age'",
    ):
        assert words in said
    (people,) = file.people
    assert {trait.title for trait in people.traits}.isdisjoint(
        {"Submission id", "Participant id", "Completion code", "Started at"}
    )
    ids = set(file.ratings.listeners)
    assert not [one for one in ids if one in said]


def test_a_file_that_the_option_names_reaches_the_report(tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = ["analyse", str(PROLIFIC / "ratings.csv"), "--out", str(out)]
    command += ["--people", str(PROLIFIC / "prolific_export.csv")]
    done = CliRunner().invoke(earmark, command, catch_exceptions=False)
    assert done.exit_code == 0
    people = json.loads((out / "result.json").read_text())["participants"]
    assert people["source"] == "prolific_export.csv"
    assert [(one["stage"], one["count"]) for one in people["flow"]][:2] == [
        ("rated", 4),
        ("described in prolific_export.csv", 4),
    ]
    assert "Female" in (out / "tables" / "participants.csv").read_text()
    assert "prolific_export.csv says of 4 listeners" in (out / "report.html").read_text()


def test_numbers_of_few_people_and_what_differs_for_each_are_not_told() -> None:
    rows = [f"p{n},{20 + n},{'abcdefgh'[n]} street,{['left', 'right'][n % 2]}" for n in range(8)]
    names = [f"p{n}" for n in range(8)]
    whole = joined_people(table("id,age,home,hand", *rows), names)
    assert whole is not None
    traits = {trait.title: trait for trait in whole.traits}
    assert set(traits) == {"age", "hand"}, "homes would point at people"
    assert traits["age"].quartiles == (21.75, 23.5, 25.25)
    assert dict(traits["hand"].counts) == {"left": 4, "right": 4}
    few = joined_people(table("id,age,home,hand", *rows), names[:4])
    assert few is not None
    assert next(one for one in few.traits if one.title == "age").quartiles is None


def test_e_mail_addresses_and_free_text_are_no_traits() -> None:
    rows = [
        f"p{n},p{n}@example.org,{'I liked the second one a lot more than the first. ' * 2}"
        for n in range(5)
    ]
    found = joined_people(table("id,contact,remark", *rows), [f"p{n}" for n in range(5)])
    assert found is not None
    assert found.traits == ()


def test_ids_are_joined_whatever_their_case_and_a_second_row_of_one_is_told() -> None:
    found = joined_people(table("code,sex", "AB1,f", "ab1,m", "cd2,f", "zz,m"), ["ab1", "CD2", "x"])
    assert found is not None
    assert (found.joined, found.rows) == (2, 3)
    assert "1 listeners have no row" in found.notes[0]
    assert "1 further rows" in found.notes[1]


def test_a_file_without_the_listeners_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("id,age\nnobody,3\n")
    with pytest.raises(UserError, match="no column holds the id of any of the 4 listeners"):
        read_files([PROLIFIC / "ratings.csv"], Reading(people=(path,)))
