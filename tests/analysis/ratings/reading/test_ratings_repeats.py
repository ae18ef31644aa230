"""Repeats are ratings of one thing: a column that tells them apart is asked for, not pooled."""

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from earmark.analysis.ratings.reading.files import RatingsFile, Reading, read_files
from earmark.analysis.ratings.reading.layouts.contract import Hints
from earmark.models.errors import UserError

PEOPLE, SONGS, SYSTEMS = ("ann", "bob", "cy"), ("ballad", "funk"), ("plain", "tcn")


def table(path: Path, title: str, values: Sequence[str], *, repeats: int = 1) -> Path:
    """Ratings of every cell, once for each value of a column called ``title``."""
    draw = np.random.default_rng(6)
    rows = [
        f"{who},{song},{system},{draw.integers(10, 90)},{value}"
        for value, who, song, system, _ in itertools.product(
            values, PEOPLE, SONGS, SYSTEMS, range(repeats)
        )
    ]
    path.write_text("\n".join([f"listener,song,system,score,{title}", *rows]) + "\n")
    return path


def read(path: Path, **columns: str) -> RatingsFile:
    return read_files([path], Reading(columns=columns))


@pytest.mark.parametrize("title", ["experiment", "scale_used", "room", "task"])
@pytest.mark.parametrize("repeats", [1, 2])
def test_a_column_of_names_that_tells_repeats_apart_is_proposed_as_question(
    title: str, repeats: int, tmp_path: Path
) -> None:
    path = table(tmp_path / "r.csv", title, ["one", "two"], repeats=repeats)
    with pytest.raises(UserError) as caught:
        read(path)
    said = str(caught.value)
    assert f"differ in {title!r} (one, two)" in said
    first, second = said.index(f"--question {title}"), said.index(f"--repeat {title}")
    assert first < second
    assert f"--where {title}=VALUE" in said
    file = read(path, question=title)
    assert file.ratings.questions == ("one", "two")
    assert len(file.ratings) == 24 * repeats
    alone = read_files([path], Reading(told=Hints(where=((title, "two"),))))
    assert len(alone.ratings) == 12 * repeats


def test_a_column_of_numbers_is_proposed_as_repeat_first(tmp_path: Path) -> None:
    path = table(tmp_path / "r.csv", "session", ["1", "2"])
    with pytest.raises(UserError) as caught:
        read(path)
    assert str(caught.value).index("--repeat") < str(caught.value).index("--question")
    file = read(path, repeat="session")
    assert sorted(set(file.ratings.repeat.tolist())) == [0, 1]


def test_without_a_passage_the_column_may_be_one(tmp_path: Path) -> None:
    path = table(tmp_path / "r.csv", "melody", ["one", "two"])
    text = path.read_text().replace("song", "nobody_knows", 1)
    path.write_text(
        "\n".join(
            ",".join(line.split(",")[i] for i in (0, 2, 3, 4))
            for line in text.splitlines()
            if ",funk," not in line
        )
        + "\n"
    )
    with pytest.raises(UserError, match="--passage melody"):
        read(path)
    assert read(path, passage="melody").ratings.passages == ("one", "two")


@pytest.mark.parametrize(
    ("title", "values"),
    [
        ("time", ["10:00", "11:00"]),
        ("timestamp", ["1", "2"]),
        ("comment", ["", "too loud"]),
        ("page_order", ["1", "2"]),
        ("is_replicate", ["False", "True"]),
        ("latency", ["1.25", "2.5"]),
        ("loudness_measured", ["-9.25", "-8.5"]),
        ("place", ["here", "here"]),
    ],
)
def test_what_differs_by_nature_stops_nothing(
    title: str, values: list[str], tmp_path: Path
) -> None:
    file = read(table(tmp_path / "r.csv", title, values))
    assert sorted(set(file.ratings.repeat.tolist())) == [0, 1]


def test_a_trait_of_listeners_is_no_explanation(tmp_path: Path) -> None:
    rows = [
        f"{who},{song},{system},{40 + 7 * at},{'expert' if who == 'ann' else 'novice'}"
        for at in range(2)
        for who, song, system in itertools.product(PEOPLE, SONGS, SYSTEMS)
    ]
    path = tmp_path / "r.csv"
    path.write_text("\n".join(["listener,song,system,score,group_of", *rows]) + "\n")
    assert len(read(path).ratings) == 24


@pytest.mark.parametrize("share", [0.0, 0.3])
def test_agreement_is_not_thrown_away(share: float, tmp_path: Path) -> None:
    """The mean difference of repeats stays what was drawn, however many are equal."""
    draw = np.random.default_rng(8)
    rows, differences = [], []
    for who, song, system in itertools.product(range(12), range(4), SYSTEMS):
        first = int(draw.integers(20, 80))
        second = first if draw.random() < share + 0.3 else first + int(draw.integers(1, 9))
        differences.append(second - first)
        rows += [f"l{who},s{song},{system},{value}" for value in (first, second)]
    path = tmp_path / "r.csv"
    path.write_text("\n".join(["listener,song,system,score", *rows]) + "\n")
    file = read(path)
    cells = file.ratings.value.reshape(-1, 2)
    assert file.duplicates == 0
    assert np.abs(np.diff(cells)).mean() == pytest.approx(np.mean(differences))


def test_the_same_session_in_two_files_counts_once(tmp_path: Path) -> None:
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    first.write_text("listener,song,system,score\nann,b,x,4\nann,b,y,5\nbob,b,x,4\nbob,b,x,6\n")
    second.write_text("listener,song,system,score\nann,b,x,4\nann,b,y,5\n")
    file = read_files([first, second])
    assert (file.duplicates, len(file.ratings)) == (2, 4)
    assert any("b.csv:2" in note for note in file.warnings)


def test_a_voter_who_says_the_same_of_a_pair_again_has_voted_twice(tmp_path: Path) -> None:
    path = tmp_path / "v.csv"
    path.write_text("voter,song,model_a,model_b,winner\n" + "v,s,x,y,a\n" * 2 + "v,s,y,x,b\n")
    assert len(read(path).ratings) == 6
    again = "voter,song,model_a,model_b,winner,battle\n" + "v,s,x,y,a,1\n" * 2 + "v,s,x,y,b,2\n"
    path.write_text(again)
    assert len(read(path).ratings) == 4, "one battle stands twice"
