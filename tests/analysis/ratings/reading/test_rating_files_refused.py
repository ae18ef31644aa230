"""What cannot be read stops in one short line, which shows no person and little of the file."""

import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from click.testing import CliRunner

from earmark.analysis.ratings.reading.files import read_files
from earmark.analysis.ratings.reading.tables import sources
from earmark.cli import earmark
from earmark.models.errors import UserError

HEADER = "listener,song,system,score\n"
LAUGHS = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 30))


def workbook(**parts: str) -> bytes:
    """An Excel file of these parts, with the usual ones where none is given."""
    data = BytesIO()
    usual = {
        "xl/workbook.xml": '<workbook xmlns:r="x"><sheets>'
        '<sheet name="one" r:id="a"/><sheet name="two" r:id="b"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": '<Relationships><Relationship Id="a" Target="one.xml"/>'
        '<Relationship Id="b" Target="two.xml"/></Relationships>',
    }
    with zipfile.ZipFile(data, "w") as archive:
        for name, text in (usual | parts).items():
            archive.writestr(name, text)
    return data.getvalue()


def sheet(*rows: str) -> str:
    """A sheet with rows of cells, parted by blanks."""
    made = "".join(
        "<row>" + "".join(f'<c t="str"><v>{cell}</v></c>' for cell in row.split()) + "</row>"
        for row in rows
    )
    return f"<worksheet><sheetData>{made}</sheetData></worksheet>"


RATED = sheet("listener song system score", "ann b plain 4", "bob b plain 5")
TWO = workbook(**{"xl/one.xml": RATED, "xl/two.xml": RATED})
FILES: dict[str, tuple[bytes, list[str]]] = {
    "empty.csv": (b"", ["holds no ratings"]),
    "blank.csv": (b"\n\n", ["holds no ratings"]),
    "empty.json": (b"", ["holds no ratings"]),
    "null.json": (b"null", ["holds no ratings"]),
    "broken.json": (b'[{"a": 1},', ["broken.json:1", "is not JSON"]),
    "deep.json": (b"[" * 100_000, ["too deep"]),
    "laughs.xml": (
        f"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a0 'ha'>{LAUGHS}]><waetresult/>".encode(),
        ["laughs.xml:1", "document type"],
    ),
    "outside.xml": (b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><waetresult/>', ["document type"]),
    "deep.xml": (b"<waetresult>" * 100_000, ["more than 100 others"]),
    "stray.xml": (b"<MUSHRA>\n  <info subjectName='\x01'/></MUSHRA>", ["stray.xml:2", "0x01"]),
    "feed.xml": (b"<rss/>", ["root 'rss'", "WAET"]),
    "old.xls": (b"\xd0\xcf\x11\xe0\xa1\xb1", [".xlsx"]),
    "cut.xlsx": (b"PK\x03\x04cut", ["broken Excel"]),
    "typed.xlsx": (
        workbook(**{"xl/one.xml": "<!DOCTYPE x><worksheet/>", "xl/two.xml": RATED}),
        ["document type"],
    ),
    "two.xlsx": (TWO, ["--sheet", "'one', 'two'"]),
    "cut.parquet": (b"PAR1cut", ["broken Parquet"]),
    "bytes.csv": (bytes(range(1, 256)), ["is not UTF-8"]),
    "headless.csv": (b"ann@example.org,b,plain,4\n", ["looks like ratings", "names the columns"]),
    "score.csv": (HEADER.encode() + b"a,b,c,ann@example.org\n", ["score.csv:2", "e-mail address"]),
    "prolific.csv": (
        HEADER.encode() + b"a,b,c,5f4dcc3b5aa765d61d8327de\n",
        ["prolific.csv:2", "a Prolific id"],
    ),
    "essay.csv": (HEADER.encode() + b"a,b,c," + b"word " * 5000 + b"\n", ["24999 characters"]),
    "ragged.csv": (HEADER.encode() + b"a,b,c,4,5\n", ["ragged.csv:2", "5 cells", "has 4"]),
    "lists.csv": (
        b'signal,condition,ratings,subjects\nb,x,"[1,2]","[1]"\nb,y,"[1]","[1]"\n',
        ["lists.csv:2", "'ratings' 2", "'subjects' 1"],
    ),
    "self.csv": (b"voter,model_a,model_b,winner\nv,x,x,tie\n", ["self.csv:2", "with itself"]),
    "winner.csv": (b"voter,model_a,model_b,winner\nv,x,y,z\n", ["winner.csv:2", "'z'", "'x' and"]),
    "asked.csv": (b"listener,song,quality,clarity\na,b,4,5\nb,b,3,4\n", ["questions", "'quality'"]),
    "words.csv": (
        HEADER.encode() + b"a,b,c,meh\nb,b,c,wow\n",
        ["are words", "'meh', 'wow'", "--words"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_what_cannot_be_read_is_one_line_that_says_where_and_what(
    name: str, tmp_path: Path
) -> None:
    data, words = FILES[name]
    (tmp_path / name).write_bytes(data)
    done = CliRunner().invoke(
        earmark, ["import", "ratings", str(tmp_path / name), "--out", str(tmp_path / "long.csv")]
    )
    assert done.exit_code == 1
    assert isinstance(done.exception, UserError)
    said = str(done.exception)
    assert "\n" not in said
    assert len(said) <= 400
    assert [one for one in words if one not in said] == []
    assert "example.org" not in said
    assert "5f4dcc3b" not in said
    assert not (tmp_path / "long.csv").exists()


@pytest.mark.parametrize("name", ["big.json", "big.xml", "big.xlsx"])
def test_a_file_that_is_too_large_is_refused_with_the_limit(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "MOST_BYTES", 1_000_000)
    start = {"big.json": b"[", "big.xml": b"<a>", "big.xlsx": b"PK\x03\x04"}[name]
    (tmp_path / name).write_bytes(start + b" " * 2_000_000)
    with pytest.raises(UserError, match="has 2 MB; files of this kind are read up to 1 MB"):
        read_files([tmp_path / name])


def test_an_excel_file_that_grows_when_unpacked_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("earmark.analysis.ratings.reading.tables.excel._MOST_BYTES", 10_000)
    (tmp_path / "bomb.xlsx").write_bytes(workbook(**{"xl/one.xml": " " * 100_000}))
    with pytest.raises(UserError, match="when unpacked"):
        read_files([tmp_path / "bomb.xlsx"])


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    def make(**files: str) -> Path:
        for name, text in files.items():
            (tmp_path / name.replace("_csv", ".csv").replace("_txt", ".png")).write_text(text)
        return tmp_path

    return make


def test_a_folder_of_several_layouts_names_them(folder: Callable[..., Path]) -> None:
    where = folder(
        a_csv=HEADER + "ann,b,plain,4\n", b_csv="voter,model_a,model_b,winner\nv,x,y,x\n"
    )
    with pytest.raises(UserError, match=r"several layouts: long.*\(a\.csv\) and votes.*\(b\.csv\)"):
        read_files([where])


def test_a_folder_without_rating_files_says_what_could_be_one(folder: Callable[..., Path]) -> None:
    with pytest.raises(UserError, match=r"without rating files \(\.csv"):
        read_files([folder(picture_txt="x")])
    with pytest.raises(UserError, match="no file has such a name"):
        read_files([folder() / "*.csv"])


def test_files_that_name_a_role_otherwise_are_not_joined_by_guess(
    folder: Callable[..., Path],
) -> None:
    where = folder(
        a_csv=HEADER + "ann,b,plain,4\n", b_csv="listener,song,model,score\nbob,b,plain,4\n"
    )
    with pytest.raises(UserError, match="name the system otherwise: 'system' and 'model'"):
        read_files([where])


def test_a_sheet_can_be_chosen(tmp_path: Path) -> None:
    (tmp_path / "two.xlsx").write_bytes(TWO)
    out = tmp_path / "long.csv"
    command = ["import", "ratings", str(tmp_path / "two.xlsx"), "--sheet", "two", "--out", str(out)]
    assert CliRunner().invoke(earmark, command, catch_exceptions=False).exit_code == 0
    assert out.read_text().splitlines()[1] == "ann,b,plain,overall,1,4"
