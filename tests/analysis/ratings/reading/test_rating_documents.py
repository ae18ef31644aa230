"""Excel sheets, XML saves and JSON files in the forms that their writers choose."""

import json
import re
import zipfile
from pathlib import Path

import pytest
from rating_files import FOLDER, cases, rows_of

from earmark.analysis.ratings.reading.files import Reading, read_files
from earmark.analysis.ratings.reading.layouts.contract import Hints
from earmark.analysis.ratings.reading.tables.excel import sheets
from earmark.models.errors import UserError

READ = {name: case for name, case in cases().items() if case.stop is None}
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def workbook(path: Path, sheet: str, strings: str = "", prefix: str = "") -> Path:
    """A workbook of one sheet; with ``prefix``, elements have names of their namespace."""

    def part(text: str) -> str:
        if not prefix:
            return text
        return re.sub(r"<(/?)(\w)", rf"<\1{prefix}:\2", text)

    names = f'xmlns{":" + prefix if prefix else ""}="{MAIN}" xmlns:r="r"'
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "xl/workbook.xml",
            part(f'<workbook {names}><sheets><sheet name="s" r:id="a"/></sheets></workbook>'),
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            '<Relationships><Relationship Id="a" Target="/xl/worksheets/a.xml"/></Relationships>',
        )
        archive.writestr("xl/worksheets/a.xml", part(f"<worksheet {names}>{sheet}</worksheet>"))
        if strings:
            archive.writestr("xl/sharedStrings.xml", part(f"<sst {names}>{strings}</sst>"))
    return path


@pytest.mark.parametrize("prefix", ["", "x"])
def test_cells_of_a_sheet_are_what_was_typed(prefix: str, tmp_path: Path) -> None:
    strings = (
        "<si><t>listener</t></si><si><r><t>so</t></r><r><t>ng</t></r></si>"
        "<si><t>007</t></si><si><t> two\nlines </t></si>"
    )
    sheet = (
        '<sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c>'
        '<c r="D1" t="str"><v>score</v></c></row><row r="3"><c r="A3" t="s"><v>2</v></c>'
        '<c r="B3" t="s"><v>3</v></c><c r="C3" t="b"><v>1</v></c><c r="D3"><f>1+1</f><v>2.5</v></c>'
        '<c r="AA3" t="e"><v>#N/A</v></c></row></sheetData>'
    )
    path = workbook(tmp_path / "a.xlsx", sheet, strings, prefix)
    (found,) = sheets(path.read_bytes(), "a.xlsx")
    assert found.sheet == "s"
    assert found.rows[0] == (1, ["listener", "song", "", "score", *[""] * 23])
    assert found.rows[1][0] == 3
    assert found.rows[1][1][:4] == ["007", " two\nlines ", "1", "2.5"]
    assert set(found.rows[1][1][4:]) == {""}


def test_a_save_of_waet_may_have_marks_and_other_line_ends(tmp_path: Path) -> None:
    case = READ["waet-two-axes"]
    text = case.path.read_text(encoding="utf-8")
    declared = '<?xml version="1.0" encoding="utf-16"?>\n' + text
    for data in (
        b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode(),
        b"\n\n" + text.encode(),
        declared.encode("utf-16"),
    ):
        (tmp_path / "save.xml").write_bytes(data)
        assert rows_of(read_files([tmp_path / "save.xml"])) == list(case.rows)


def test_an_unfinished_session_can_be_kept() -> None:
    kept = read_files([FOLDER / "waet-folder"], Reading(told=Hints(unfinished=True)))
    assert len(kept.ratings.listeners) == 4
    alone = FOLDER / "waet-folder" / "save-n66u0c4aqru7s7new8n3cpan36vdzc2d.xml"
    with pytest.raises(UserError, match=r"unfinished session.*--unfinished keeps it"):
        read_files([alone])


def test_training_pages_can_be_kept() -> None:
    kept = read_files([FOLDER / "webmushra-train.csv"], Reading(told=Hints(training=True)))
    assert "train_1" in kept.ratings.passages


def test_a_session_that_lies_twice_in_a_folder_counts_once(tmp_path: Path) -> None:
    case = READ["waet-two-axes"]
    for name in ("save.xml", "save (copy).xml"):
        (tmp_path / name).write_bytes(case.path.read_bytes())
    file = read_files([tmp_path])
    assert rows_of(file) == list(case.rows)
    assert file.duplicates == len(case.rows)


@pytest.mark.parametrize("end", ["]", ""])
def test_an_object_that_names_a_key_twice_is_refused(tmp_path: Path, end: str) -> None:
    row = '{"listener": "ann", "system": "a", "passage": "p", "score": 40, "score": 60}'
    other = '{"listener": "ann", "system": "b", "passage": "p", "score": 50}'
    path = tmp_path / "twice.json"
    path.write_text(f"[{row}, {other}]" if end else f"{row}\n{other}\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"twice\.json: an object holds the key 'score' twice"):
        read_files([path])


def test_json_may_have_a_mark_and_be_lines(tmp_path: Path) -> None:
    case = READ["jspsych"]
    trials = json.loads(case.path.read_text(encoding="utf-8"))
    path = tmp_path / "data.json"
    path.write_bytes(b"\xef\xbb\xbf" + case.path.read_bytes())
    assert rows_of(read_files([path])) == list(case.rows)
    path.write_text("\n".join(map(json.dumps, trials)))
    assert rows_of(read_files([path])) == list(case.rows)


def test_several_tables_of_tinydb_are_told(tmp_path: Path) -> None:
    case = READ["pymushra-tinydb"]
    tables = json.loads(case.path.read_text(encoding="utf-8"))
    tables["another"] = {}
    path = tmp_path / "webmushra.json"
    path.write_text(json.dumps(tables))
    assert rows_of(read_files([path])) == list(case.rows)


def test_a_forced_choice_without_two_files_is_refused(tmp_path: Path) -> None:
    text = (FOLDER / "netflix-ab.xml").read_text(encoding="utf-8")
    cut = "\n".join(line for line in text.splitlines() if "ballad.plain" not in line)
    (tmp_path / "one.xml").write_text(cut)
    with pytest.raises(UserError, match=r"one\.xml:6: a forced choice has two files"):
        read_files([tmp_path / "one.xml"])
