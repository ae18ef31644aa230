"""A golden fails for whatever a reader of the file would notice, and for nothing else."""

from pathlib import Path
from tempfile import gettempdir

import pytest
from goldens import (
    GOLDENS,
    RENDERED,
    Goldens,
    difference,
    without_chance,
    without_costs,
    without_paths,
    without_versions,
)

KEPT = '{\n "p": 0.25,\n "n": 3,\n "none": null,\n "name": "tcn 1.5"\n}\n'


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("0.25", "0.2500000003"),
        ("0.25", "0.250000000000001,\n"),
        ("0.25", "null"),
        ("null", "0.25"),
        ("0.25", "-0.25"),
        ('3,\n "none": null', '3.0,\n "none": null'),
        ("3", "4"),
        ("null", "false"),
        ("tcn 1.5", "tcn 1.5000000000001"),
        ('"p": 0.25,\n "n": 3', '"n": 3,\n "p": 0.25'),
        (" ", "  "),
        ("\n", "\r\n"),
        ("}\n", "}"),
    ],
)
def test_what_a_reader_would_notice_differs(old: str, new: str) -> None:
    assert difference(KEPT, KEPT.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"), [("0.25", "0.25000000000001"), ("0.25", "2.5e-1"), ("1e-17", "-3.0e-16")]
)
def test_rounding_does_not_differ(old: str, new: str) -> None:
    text = KEPT.replace("0.25", old)
    assert difference(text, text.replace(old, new)) == ""


def test_what_is_measured_on_rendered_audio_may_differ_as_float32_rounds() -> None:
    kept = '"lufs": -23.492076334654524, "error": 1.5e-7, "n": 3'
    assert difference(kept, kept.replace("334654524", "370588364"))
    assert difference(kept, kept.replace("334654524", "370588364"), RENDERED) == ""
    assert difference(kept, kept.replace("1.5e-7", "-4.5e-7"), RENDERED) == ""
    for old, new in (("-23.492", "-23.493"), ("1.5e-7", "1.5e-4"), ('"n": 3', '"n": 4')):
        assert difference(kept, kept.replace(old, new), RENDERED)


def test_numbers_in_cells_may_round_and_names_may_not() -> None:
    kept = 'song 1,"a, 2.5",mae,0.5\r\n3f9e12,tcn2.5,1,0.5\r\n'
    assert difference(kept, kept.replace("mae,0.5", "mae,0.5000000000001")) == ""
    for old, new in (("song 1", "song 2"), ("2.5", "2.50"), ("e12", "e13"), (",1,", ",1.0,")):
        assert difference(kept, kept.replace(old, new))


def test_the_first_line_that_differs_is_told() -> None:
    assert "line 3 differs at '3', now '4'" in difference(KEPT, KEPT.replace("3", "4"))
    assert "now None" in difference(KEPT, KEPT[:-3])


def test_a_golden_that_is_absent_fails_until_it_is_written(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"one\.json: is absent"):
        Goldens(tmp_path).check("a/one.json", KEPT)
    assert Goldens(tmp_path).names() == set()
    Goldens(tmp_path, renew=True).check("a/one.json", KEPT)
    Goldens(tmp_path).check("a/one.json", KEPT)
    with pytest.raises(AssertionError, match="line 3 differs"):
        Goldens(tmp_path).check("a/one.json", KEPT.replace("3", "4"))
    assert Goldens(tmp_path).names() == {"a/one.json"}


def test_a_golden_keeps_its_line_ends(tmp_path: Path) -> None:
    Goldens(tmp_path, renew=True).check("a.csv", "a,b\r\n")
    assert (tmp_path / "a.csv").read_bytes() == b"a,b\r\n"
    with pytest.raises(AssertionError):
        Goldens(tmp_path).check("a.csv", "a,b\n")


def test_versions_and_folders_become_words(tmp_path: Path) -> None:
    text = f"NumPy 2.3.1, scipy (1.15.0), 2.3.1 LU in {tmp_path}/a/b"
    found = without_versions(text, {"numpy": "2.3.1", "scipy": "1.15.0"})
    found = without_paths(found, tmp_path, tmp_path / "a")
    assert found == "NumPy VERSION, scipy (VERSION), 2.3.1 LU in FOLDER/b"


def test_no_golden_names_a_folder_of_the_machine_that_made_it() -> None:
    # What is kept names the folder in which it was made, which is a part of it.
    found = (path for path in GOLDENS.rglob("*.*") if path.parent.name != "kept")
    texts = {path: path.read_text(encoding="utf-8") for path in found}
    assert len(texts) > 40
    machine = (gettempdir(), str(Path.home()), str(Path.cwd()), str(GOLDENS))
    assert [path for path, text in texts.items() if any(one + "/" in text for one in machine)] == []


def test_only_the_rows_of_costs_are_left_out() -> None:
    table = "song,metric,value\r\na,rtf,0.1\r\nrtf song,mae,2\r\na,peak_memory_mb,210\r\n"
    assert without_costs(table) == "song,metric,value\r\nrtf song,mae,2\r\n"


def test_a_random_id_keeps_its_name_wherever_it_comes_again() -> None:
    export = (
        '{"study": {"stimuli": [{"token": "f00"}, {"token": "f11"}], "sounds": []}, "sessions": '
        '[{"id": "s1", "completion_code": "AB", "pages": [], "events": [{"client": "c9", '
        '"id": "e1"}], "at": "2026-01-02T03:04:05.678+00:00", "heard": ["f11", "f00"]}]}'
    )
    found, row = without_chance(export, "s1,f11,2026-01-02T03:04:05+00:00")
    assert '"heard": ["file-2", "file-1"]' in found
    assert '"at": "TIME"' in found
    assert row == "session-3,file-2,TIME"
