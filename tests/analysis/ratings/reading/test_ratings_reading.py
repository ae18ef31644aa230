"""A ratings file of any tool is read as it was meant, or refused in one line that says where."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from earmark.analysis.ratings.reading.files import RatingsFile, Reading, read_ratings
from earmark.models.errors import UserError

Write = Callable[..., Path]
HEADER = "listener,passage,system,question,value\n"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def make(text: str, encoding: str = "utf-8") -> Path:
        path = tmp_path / "ratings.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return make


def cell(file: RatingsFile, listener: str, system: str) -> float:
    ratings = file.ratings
    at = ratings.listeners.index(listener), 0, ratings.systems.index(system)
    return float(ratings.cells[at])


def test_ids_that_look_like_numbers_stay_text(write: Write) -> None:
    rows = "007,1,a,q,1\n1e5,1,a,q,2\nnan,1,a,q,3\n7,1,a,q,4\n"
    file = read_ratings(write(HEADER + rows))
    assert set(file.ratings.listeners) == {"007", "1e5", "nan", "7"}
    assert file.missing == 0
    assert cell(file, "007", "a") == 1
    assert cell(file, "nan", "a") == 3


def test_commas_quotes_line_ends_and_unicode_in_names_survive(write: Write) -> None:
    rows = '"Müller, ""J"".",x,"two\nlines",q,50\n李,x,plain,q,60\n'
    file = read_ratings(write(HEADER + rows))
    assert set(file.ratings.listeners) == {'Müller, "J".', "李"}
    assert set(file.ratings.systems) == {"plain", "two\nlines"}
    assert file.ratings.line.tolist() == [2, 4]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_delimiter_encoding_and_line_end_change_nothing(
    write: Write, encoding: str, delimiter: str, end: str
) -> None:
    text = HEADER + "ann,s1,a,q,61.5\nann,s1,b,q,40\nbob,s1,a,q,30\nbob,s1,b,q,\n"
    text = text.replace(",", delimiter).replace("\n", end)
    file = read_ratings(write(text, encoding))
    assert (file.rows, file.missing, len(file.ratings)) == (4, 1, 3)
    assert cell(file, "ann", "a") == 61.5
    assert file.delimiter == delimiter


def test_decimal_commas_are_read_where_the_delimiter_is_another(write: Write) -> None:
    file = read_ratings(write("subject;condition;score\nann;a;61,5\nbob;a;,25\n"))
    assert cell(file, "ann", "a") == 61.5
    assert cell(file, "bob", "a") == 0.25


def test_a_comma_that_may_stand_for_thousands_is_asked_about(write: Write) -> None:
    text = 'subject,condition,score\nann,a,987\nbob,a,"1,053"\n'
    with pytest.raises(UserError, match=r"ratings\.csv:3: '1,053' may be 1\.053 or 1053; write it"):
        read_ratings(write(text))
    # Another cell shows that commas are decimal: of three digits, or before a digit that is not 0.
    for cells in (("61,500", "70,250"), ("0,125", "1,053"), ("61,5", "1,053")):
        one, other = cells
        file = read_ratings(write(f"subject;condition;score\nann;a;{one}\nbob;a;{other}\n"))
        assert cell(file, "bob", "a") == float(other.replace(",", "."))


def test_columns_of_other_tools_are_known_by_name(write: Write) -> None:
    header = "session_test_id,session_uuid,trial_id,rating_stimulus,rating_score,rating_time\n"
    file = read_ratings(write(header + "t,u1,p1,C1,70,5000\nt,u2,p1,C1,30,7000\n"))
    assert file.ratings.listeners == ("u1", "u2")
    assert file.ratings.passages == ("p1",)
    assert file.ratings.seconds is not None
    assert file.ratings.seconds.tolist() == [5, 7], "webMUSHRA counts milliseconds"


def test_declared_columns_win_over_known_names(write: Write) -> None:
    path = write("system,mine,listener,value\nx,a,ann,1\nx,b,ann,2\n")
    assert read_ratings(path, Reading(columns={"system": "mine"})).ratings.systems == ("a", "b")


def test_names_stand_in_natural_order_whatever_the_order_of_rows(write: Write) -> None:
    rows = [f"l{n},song {n},s,q,{n}\n" for n in (10, 2, 1)]
    forward = read_ratings(write(HEADER + "".join(rows))).ratings
    backward = read_ratings(write(HEADER + "".join(rows[::-1]))).ratings
    assert forward.passages == ("song 1", "song 2", "song 10")
    np.testing.assert_array_equal(forward.cells, backward.cells)


def test_a_row_equal_in_all_columns_counts_once_and_a_second_rating_is_a_repeat(
    write: Write,
) -> None:
    header = "listener,passage,system,value,time\n"
    rows = ["ann,p,a,10,1", "ann,p,a,10,1", "ann,p,b,20,2", "ann,p,b,40,3", "bob,p,a,5,1"]
    file = read_ratings(write(header + "\n".join([*rows, "bob,p,b,6,2", "bob,p,b,6,3"]) + "\n"))
    assert file.duplicates == 1
    assert len(file.ratings) == 6, "bob agreed with himself a second later"
    assert cell(file, "ann", "b") == 30
    assert sorted(file.ratings.repeat.tolist()) == [0, 0, 0, 0, 1, 1]
    assert "line 3" in file.warnings[0]


def test_equal_repeats_are_kept_where_only_the_rating_tells_repeats_apart(write: Write) -> None:
    rows = "ann,p,a,q,10\nann,p,a,q,10\nann,p,b,q,20\nann,p,b,q,40\nbob,p,a,q,5\nbob,p,b,q,6\n"
    file = read_ratings(write(HEADER + rows))
    assert (file.duplicates, len(file.ratings)) == (0, 6), "else agreement alone would go"
    assert any("repeats that agree" in note for note in file.warnings)


def test_rows_that_all_stand_twice_were_sent_twice(write: Write) -> None:
    rows = "ann,p,a,q,10\nann,p,b,q,20\nbob,p,a,q,5\nbob,p,b,q,6\n"
    file = read_ratings(write(HEADER + rows + rows))
    assert (file.duplicates, len(file.ratings)) == (4, 4)


def test_numbers_are_read_as_tables_write_them(write: Write) -> None:
    texts = ["+5", "5.", ".5", "1e1", "2.5E+01", "-0"]
    rows = [f"ann,p,s{at},q,{text}" for at, text in enumerate(texts)]
    file = read_ratings(write(HEADER + "\n".join([*rows, 'ann,p,s6,q,"7,5"']) + "\n"))
    assert file.ratings.value.tolist() == [5, 5, 0.5, 10, 25, 0, 7.5]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["holds no ratings"]),
        (HEADER, ["holds no rating"]),
        (HEADER + "ann,p,a,q,\n", ["holds no rating", "1 of 1"]),
        (HEADER + "ann,p,a,q,loud\n", ["ratings.csv:2", "'loud'", "62.5"]),
        (HEADER + "ann,p,a,q,inf\n", ["ratings.csv:2", "infinite"]),
        (HEADER + "ann,p,a,q,-Infinity\n", ["ratings.csv:2", "infinite"]),
        (HEADER + "ann,p,a,q,1e999\n", ["ratings.csv:2", "infinite"]),
        (HEADER + "ann,p,a,q,1_0\n", ["ratings.csv:2", "'1_0' is not a number"]),
        (HEADER + "ann,p,a,q,６２\n", ["ratings.csv:2", "is not a number"]),
        (HEADER + "ann,p,a,q,0x1f\n", ["ratings.csv:2", "is not a number"]),
        (HEADER + "ann,p,a,q,1\n,p,a,q,1\n", ["ratings.csv:3", "listener is empty"]),
        (HEADER + "ann,p,a,q,61,5\n", ["ratings.csv:2", "6 cells", "decimal comma"]),
        (HEADER + 'ann,p,a,q,1\nann,p,"b,q,1\n', ["ratings.csv:3", "quotes"]),
        ("who,what,points\nann,a,1\n", ["ratings.csv:1", "'who', 'what'", "--listener COLUMN"]),
        ("listener,system,value,value\n1,2,3,4\n", ["2 columns are named 'value'"]),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(
    write: Write, text: str, words: list[str]
) -> None:
    with pytest.raises(UserError) as caught:
        read_ratings(write(text))
    assert "\n" not in str(caught.value)
    assert [word for word in words if word not in str(caught.value)] == []


def test_a_rating_outside_the_scale_is_refused_with_its_line(write: Write) -> None:
    good = "".join(f"l{n},p,a,q,{n}\n" for n in range(0, 100, 2))
    with pytest.raises(UserError, match=r"ratings\.csv:52: rating 110 .* 0 to 100"):
        read_ratings(write(HEADER + good + "x,p,a,q,110\n"))
    file = read_ratings(write(HEADER + good + "x,p,a,q,110\n"), Reading(scale=(0, 120)))
    assert file.scales["q"].high == 120
    with pytest.raises(UserError, match=r"ratings\.csv:4: rating 4 "):
        read_ratings(write(HEADER + good), Reading(scale=(0, 3)))


@pytest.mark.parametrize(
    ("values", "low", "high", "ordinal"),
    [
        ([0, 1, 1, 0], 0, 1, True),
        ([0.1, 0.9, 0.5], 0, 1, False),
        ([1, 5, 3, 4, 2], 1, 5, True),
        ([-3, 2, 0, 1], -3, 3, True),
        ([12.5, 80, 99], 0, 100, False),
        ([-400, 900], -400, 900, False),
    ],
)
def test_the_scale_is_inferred(
    write: Write,
    values: list[float],
    low: float,
    high: float,
    ordinal: bool,  # noqa: FBT001
) -> None:
    rows = "".join(f"l{n},p,a,q,{value}\n" for n, value in enumerate(values))
    scale = read_ratings(write(HEADER + rows)).scales["q"]
    assert (scale.low, scale.high, scale.ordinal) == (low, high, ordinal)


def test_other_encodings_and_binary_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "old.csv"
    path.write_bytes(HEADER.encode() + "Jürgen,p,a,q,1\n".encode("latin-1"))
    with pytest.raises(UserError, match=r"old\.csv:2: byte 0xfc is not UTF-8"):
        read_ratings(path)
    path.write_bytes(b"RIFF\0\0\0\0WAVE")
    with pytest.raises(UserError, match="zero byte"):
        read_ratings(path)
    with pytest.raises(UserError, match="cannot be read"):
        read_ratings(tmp_path / "absent.csv")


def test_an_explicit_repeat_column_must_not_contradict_itself(write: Write) -> None:
    header = "listener,passage,system,value,repeat\n"
    file = read_ratings(write(header + "ann,p,a,1,0\nann,p,a,3,1\n"))
    assert cell(file, "ann", "a") == 2
    with pytest.raises(UserError, match=r"ratings\.csv:4: .* line 2"):
        read_ratings(write(header + "ann,p,a,1,0\nann,p,a,3,1\nann,p,a,2,0\n"))


def test_leaving_out_listeners_also_drops_names_that_nobody_uses_any_more(write: Write) -> None:
    rows = "ann,p,a,q,1\nbob,r,a,q,2\nbob,r,b,q,3\n"
    kept = read_ratings(write(HEADER + rows)).ratings.without_listeners(("bob",))
    assert (kept.listeners, kept.passages, kept.systems) == (("ann",), ("p",), ("a",))
    assert kept.cells.tolist() == [[[1.0]]]


def test_a_declared_column_that_is_not_there_is_named_with_a_close_one(write: Write) -> None:
    with pytest.raises(UserError, match=r"no column is named 'sytem'.*did you mean 'system'"):
        read_ratings(write(HEADER + "ann,p,a,q,1\n"), Reading(columns={"system": "sytem"}))


@pytest.mark.parametrize(
    ("values", "scale", "ordinal"),
    [
        ([0, 3, 7, 10], (0, 10), True),
        ([1, 2, 5], (1, 5), True),
        ([1, 2.4, 5], (1, 5), False),
        ([0, 0.5, 1], (0, 1), True),
        ([0, 20, 100], (0, 100), False),
    ],
)
def test_whether_a_scale_has_few_steps_is_the_same_declared_or_inferred(
    write: Write,
    values: list[float],
    scale: tuple[float, float],
    ordinal: bool,  # noqa: FBT001
) -> None:
    path = write(HEADER + "".join(f"l{n},p,a,q,{value}\n" for n, value in enumerate(values)))
    for how in (Reading(), Reading(scale=scale)):
        assert read_ratings(path, how).scales["q"].ordinal == ordinal
