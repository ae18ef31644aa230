"""How a file is written changes no rating; names, orders and marks of other people are read too."""

import csv
import io
import itertools
import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
import pytest
from rating_files import Case, cases, rows_of

from earmark.analysis.ratings.reading.files import RatingsFile, read_files
from earmark.models.errors import UserError

READ = {n: c for n, c in cases().items() if c.stop is None and c.path.suffix == ".csv"}
# Their rows or columns stand in an order that says something.
ORDERED_ROWS = {"golisten-mushra", "webmushra-header-changed"}
ORDERED_COLUMNS = {*ORDERED_ROWS, "wide-two-headers"}
HEADERS = {"wide-two-headers": 2, "golisten-mushra": 3}

PEOPLE, SONGS, SYSTEMS = (
    ("p1", "p2", "p3", "p4"),
    ("ballad", "funk", "rock"),
    ("plain", "lstm", "tcn"),
)
Save = Callable[..., Path]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    def make(text: str | bytes, name: str = "ratings.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return make


def cells_of(case: Case) -> list[list[str]]:
    text = case.path.read_text(encoding="utf-8-sig")
    delimiter = max(",;\t", key=text.split("\n")[0].count)
    return list(csv.reader(io.StringIO(text), delimiter=delimiter))


def text_of(rows: Sequence[Sequence[str]], delimiter: str = ",", end: str = "\n") -> str:
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter, lineterminator=end).writerows(rows)
    return stream.getvalue()


def without_repeat(case: Case, rows: Sequence[tuple[str | float, ...]]) -> list[str]:
    """Rows as text without the count of repeats, which is that of the order in the file."""
    at = case.columns.index("repeat")
    return sorted(str(row[:at] + row[at + 1 :]) for row in rows)


@pytest.mark.parametrize("name", [name for name in READ if name not in ORDERED_ROWS])
def test_the_order_of_the_rows_changes_no_rating(name: str, save: Save) -> None:
    rows, head = cells_of(READ[name]), HEADERS.get(name, 1)
    body = rows[head:]
    random.Random(1).shuffle(body)
    file = read_files([save(text_of([*rows[:head], *body]))])
    assert without_repeat(READ[name], rows_of(file)) == without_repeat(READ[name], READ[name].rows)


@pytest.mark.parametrize("name", [name for name in READ if name not in ORDERED_COLUMNS])
def test_the_order_of_the_columns_changes_no_rating(name: str, save: Save) -> None:
    rows = cells_of(READ[name])
    order = list(range(len(rows[0])))
    random.Random(2).shuffle(order)
    file = read_files([save(text_of([[row[at] for at in order] for row in rows]))])
    assert rows_of(file) == list(READ[name].rows)


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize(
    ("mark", "delimiter", "end", "encoding"),
    [
        (b"\xef\xbb\xbf", ";", "\r\n", "utf-8"),
        (b"", "\t", "\n", "utf-8"),
        (b"", "\t", "\n", "utf-16"),
    ],
    ids=["BOM ; CRLF", "tab", "UTF-16"],
)
def test_how_a_file_is_written_changes_no_rating(
    name: str, mark: bytes, delimiter: str, end: str, encoding: str, save: Save
) -> None:
    text = text_of(cells_of(READ[name]), delimiter, end)
    file = read_files([save(mark + text.encode(encoding))])
    assert rows_of(file) == list(READ[name].rows)


def long(header: str, *, ends: Sequence[str] = ("",)) -> str:
    """A row for each listener, song and system, and for each of ``ends``, under a header."""
    draw = random.Random(3)
    rows = [
        f"{who},{p},{s},{draw.randint(20, 99)}{end}"
        for who, p, s, end in itertools.product(PEOPLE, SONGS, SYSTEMS, ends)
    ]
    return "\n".join([header, *rows]) + "\n"


def wide(names: Sequence[str], first: str = "participant") -> str:
    draw = random.Random(4)
    rows = [",".join([who, *(str(draw.randint(20, 99)) for _ in names)]) for who in PEOPLE]
    return "\n".join([",".join([first, *names]), *rows]) + "\n"


def votes(header: str, said: Callable[[str, str], str]) -> str:
    pairs = itertools.product(PEOPLE, SONGS, itertools.combinations(SYSTEMS, 2))
    return header + "\n" + "".join(f"{who},{p},{a},{b},{said(a, b)}\n" for who, p, (a, b) in pairs)


def is_whole(file: RatingsFile) -> bool:
    """Whether a file gave all listeners, songs and systems, each by its role."""
    ratings = file.ratings
    return (set(ratings.listeners), set(ratings.passages), set(ratings.systems)) == (
        set(PEOPLE),
        set(SONGS),
        set(SYSTEMS),
    )


@pytest.mark.parametrize(
    "header",
    [
        "Participant ID,Stimulus,System,Score",
        "subject_id,stimulus_id,condition,MOS",
        "ListenerID,SongName,SystemName,RatingScore",
        "rater,signal,method,Ratingscore",
        "assessor,page,sound,grade",
        "WorkerId,Input.audio,Answer.system,Answer.rating",
        "PROLIFIC_PID,song,system,quality_rating",
        "e-mail,track,model,points",
        "Judge,Excerpt,Algorithm,My_unknown_score",
    ],
)
def test_columns_are_known_under_many_names(header: str, save: Save) -> None:
    assert is_whole(read_files([save(long(header))]))


@pytest.mark.parametrize(
    "names",
    [
        [f"{p}_{s}" for p in SONGS for s in SYSTEMS],
        [f"{s}_{p}" for s in SYSTEMS for p in SONGS],
        [f"{p} - {s}" for s in SYSTEMS for p in SONGS],
        [f"{p}.{s}" for p in SONGS for s in SYSTEMS],
        [f"{p} [{s}]" for p in SONGS for s in SYSTEMS],
        [f"{p}_{s}" for p in SONGS for s in SYSTEMS][:-1],
    ],
    ids=["passage_system", "system_passage", "dash", "dot", "brackets", "one lacks"],
)
def test_names_of_columns_part_whatever_stands_between(names: list[str], save: Save) -> None:
    for first in ("participant", "Your name?", "Name"):
        if first == "Your name?":
            with pytest.raises(UserError, match="--listener @rows"):
                read_files([save(wide(names, first))])
        else:
            assert is_whole(read_files([save(wide(names, first))]))


def test_names_that_part_in_two_ways_stop_with_how_to_say_it(save: Save) -> None:
    names = [f"{p}_{s}_{size}" for p in SONGS for s in SYSTEMS for size in ("small", "large")]
    with pytest.raises(UserError, match=r"part in 2 ways.*--names"):
        read_files([save(wide(names))])


@pytest.mark.parametrize(
    "lines",
    [
        ["".join(f",{p}" * 3 for p in SONGS), "participant" + ",plain,lstm,tcn" * 3],
        ["song,ballad,,,funk,,,rock,,", "system" + ",plain,lstm,tcn" * 3, "participant" + "," * 9],
    ],
    ids=["names repeat", "as pandas writes it"],
)  # fmt: skip
def test_two_header_rows_are_read_however_they_are_filled(lines: list[str], save: Save) -> None:
    body = wide(["x"] * 9).split("\n", 1)[1]
    assert is_whole(read_files([save("\n".join(lines) + "\n" + body)]))


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("voter,prompt,model_a,model_b,winner", lambda a, b: "model_a"),
        ("voter,prompt,model_a,model_b,winner", lambda a, b: "tie (bothbad)"),
        ("user,song,left,right,choice", lambda a, b: "right"),
        ("rater,passage,system_1,system_2,preferred", lambda a, b: a),
        ("rater,passage,system_1,system_2,preferred", lambda a, b: "no preference"),
        ("listener,item,A,B,preference", lambda a, b: "B"),
    ],
)
def test_votes_are_known_under_many_names(
    header: str, said: Callable[[str, str], str], save: Save
) -> None:
    file = read_files([save(votes(header, said))])
    assert is_whole(file)
    assert len(file.ratings) == 2 * len(PEOPLE) * len(SONGS) * 3


def test_records_of_json_and_parquet_are_tables(save: Save, tmp_path: Path) -> None:
    frame = pd.read_csv(save(long("subject,song,system,rating")))
    frame.to_parquet(tmp_path / "ratings.parquet")
    ways = {
        "records.json": frame.to_json(orient="records"),
        "lines.jsonl": frame.to_json(orient="records", lines=True),
        "columns.json": frame.to_json(),
        "table.json": frame.to_json(orient="table"),
        "lists.json": json.dumps(frame.to_dict(orient="list")),
    }
    wanted = rows_of(read_files([tmp_path / "ratings.csv"]))
    for name, text in ways.items():
        assert rows_of(read_files([save(text, name)])) == wanted
    assert rows_of(read_files([tmp_path / "ratings.parquet"])) == wanted


def test_objects_of_answers_are_questions(save: Save) -> None:
    trials = [
        {"trial_type": "survey-likert", "trial_index": at, "subject": who, "song": p, "system": s,
         "response": {"quality": at % 5, "clarity": 4 - at % 5}}
        for at, (who, p, s) in enumerate(itertools.product(PEOPLE, SONGS, SYSTEMS))
    ]  # fmt: skip
    file = read_files([save(json.dumps(trials), "data.json")])
    assert is_whole(file)
    assert file.ratings.questions == ("clarity", "quality")


def test_answers_in_words_of_a_standard_are_coded_and_told(save: Save) -> None:
    text = long("listener,song,system,rating")
    words = ("Bad", "poor", "FAIR", "good", "excellent")
    lines = text.splitlines()
    said = [line.rpartition(",")[0] + "," + words[at % 5] for at, line in enumerate(lines[1:])]
    file = read_files([save("\n".join([lines[0], *said]) + "\n")])
    assert sorted(set(file.ratings.value.tolist())) == [1, 2, 3, 4, 5]
    assert file.account is not None
    assert any("bad = 1" in note and "P.800" in note for note in file.account.notes)


def test_traits_of_listeners_and_stimuli_are_no_questions(save: Save) -> None:
    rows = [line.split(",") for line in long("listener,song,system,naturalness").splitlines()]
    made = [[*rows[0], "age", "bitrate", "hours"]]
    for who, p, s, score in rows[1:]:
        bitrate = str(64 * (1 + SYSTEMS.index(s)))
        made.append(
            [who, p, s, score, str(20 + PEOPLE.index(who)), bitrate, str(PEOPLE.index(who) * 3)]
        )
    file = read_files([save(text_of(made))])
    assert len(file.ratings) == len(made) - 1, "only naturalness was asked"


TITLES = ["A study\n", "# by hand\n# twice\n", "A study,,,\n\n", "May, 1\n"]


@pytest.mark.parametrize("above", TITLES)
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_a_title_above_the_header_is_left_and_told(above: str, delimiter: str, save: Save) -> None:
    if above == "May, 1\n" and delimiter == ",":
        above = '"May, 1"\n'
    body = long("listener,song,system,rating").replace(",", delimiter)
    text = above.replace(",,,", 3 * delimiter) + body
    file = read_files([save(text)])
    assert is_whole(file)
    assert file.account is not None
    assert any("Above the header" in note for note in file.account.notes)


@pytest.mark.parametrize("row", ["Mean,50,50,50,50,50,50,50,50,50", "SD,9,9,9,9,9,9,9,9,9"])
def test_a_row_of_means_is_no_listener(row: str, save: Save) -> None:
    names = [f"{p}_{s}" for p in SONGS for s in SYSTEMS]
    with pytest.raises(UserError, match=r"ratings\.csv:6: a row called '(Mean|SD)' sums up others"):
        read_files([save(wide(names) + row + "\n")])


def test_a_column_of_means_is_no_stimulus(save: Save) -> None:
    names = [f"{p}_{s}" for p in SONGS for s in SYSTEMS]
    file = read_files([save(wide([*names, "Mean", "total"]))])
    assert is_whole(file)
    assert file.account is not None
    assert any("'Mean', 'total'" in note for note in file.account.notes)


def test_times_that_are_no_numbers_do_not_stop_the_reading(save: Save) -> None:
    file = read_files([save(long("listener,song,system,rating,duration", ends=[",00:31"]))])
    assert is_whole(file)
    assert file.ratings.seconds is None
