"""Each kind of test reaches the analysis as its statistics want it."""

import csv
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ratings_simulation import document

from earmark.analysis.ratings.inference.analysis import analyse
from earmark.analysis.ratings.inference.options import RatingsOptions
from earmark.analysis.ratings.methods.bradley_terry import preferences
from earmark.analysis.ratings.reading.files import RatingsFile, Reading, read_ratings
from earmark.analysis.ratings.reading.study_export import Which
from earmark.listening_test.export.ratings import TidyRow, as_csv, written_csv
from earmark.models.errors import UserError

Row = Mapping[str, Any]
Read = Callable[..., RatingsFile]
PLAIN = TidyRow(
    study="s",
    session="ann",
    counts_as="real",
    session_state="complete",
    language="en",
    page=1,
    part="main",
    kind="ape",
    passage="p",
    system="a",
    other="",
    role="system",
    question="q",
    value=50.0,
    answer="",
    shown_position=1,
    shown_label="A",
    start_position=None,
    changes=1,
    plays=1,
    listened_seconds=3.5,
    repeat=0,
    comment="",
    page_first_at="2026-01-02T10:00:00.000+00:00",
    page_done_at="2026-01-02T10:00:30.500+00:00",
    rated_at="",
    rated_ms=None,
)


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def make(*rows: Row, which: Which | None = None) -> RatingsFile:
        path = tmp_path / "export.csv"
        made = [TidyRow(**asdict(PLAIN) | dict(row)) for row in rows]
        path.write_bytes(written_csv(as_csv(made)))
        return read_ratings(path, Reading(which=which or Which()))

    return make


def cells(file: RatingsFile) -> dict[tuple[str, str], float]:
    """The mean rating by listener and system, over passages."""
    r = file.ratings
    means = np.nanmean(r.cells, axis=1)
    return {
        (who, what): float(means[i, j])
        for i, who in enumerate(r.listeners)
        for j, what in enumerate(r.systems)
        if not np.isnan(means[i, j])
    }


def test_times_positions_and_scale_come_along(read: Read) -> None:
    file = read({"value": 10.0}, {"system": "b", "value": 20.0, "shown_position": 2})
    ratings = file.ratings
    assert file.format == "earmark"
    assert ratings.seconds is not None
    assert ratings.seconds.tolist() == [30.5, 30.5]
    assert ratings.listened is not None
    assert ratings.listened.tolist() == [3.5, 3.5]
    assert ratings.position is not None
    assert ratings.position.tolist() == [1, 2]
    scale = file.scales["q"]
    assert (scale.low, scale.high, scale.origin) == (0, 100, "that of ape")


def test_a_preference_is_a_win_and_a_loss_and_a_tie_is_half_each(read: Read) -> None:
    pair = {"kind": "ab", "system": "a", "other": "b"}
    file = read(
        {**pair, "page": 1, "value": 100.0},
        {**pair, "page": 2, "value": 50.0, "passage": "r"},
        {**pair, "page": 3, "other": "c", "value": 0.0, "shown_label": "B"},
        {**pair, "page": 4, "value": None, "passage": "r"},
    )
    assert (file.rows, file.missing) == (8, 2)
    wins = preferences(file.ratings)
    assert wins is not None
    assert wins[0].tolist() == [[0, 1.5, 0], [0.5, 0, 0], [1, 0, 0]]
    position = file.ratings.position
    assert position is not None
    page_by_page = np.lexsort((file.ratings.system, file.ratings.line))
    assert position[page_by_page].tolist() == [1, 2, 1, 2, 2, 1], "where each was on the page"


def test_how_strong_a_preference_is_is_not_used_and_said_so(read: Read) -> None:
    pair = {"kind": "ab", "system": "a", "other": "b"}
    file = read({**pair, "value": 51.0}, {**pair, "page": 2, "passage": "r", "value": 3.0})
    assert sorted(file.ratings.value.tolist()) == [0, 0, 1, 1]
    assert "2 answers say how strongly" in file.warnings[0]


def test_abx_answers_become_right_or_wrong_for_the_pair(read: Read) -> None:
    rows = [
        {"kind": "abx", "other": "b", "question": "same", "value": 100.0 * (page % 5 > 0)}
        | {"page": page, "session": f"l{page % 3}", "repeat": page // 3}
        for page in range(30)
    ]
    file = read(*rows)
    assert file.ratings.systems == ("a / b",)
    assert file.origin is not None
    assert file.origin.abx
    (found,) = document(analyse(file, RatingsOptions(abx=True)))["secondary"]["abx"]
    assert (found["right"], found["trials"]) == (24, 30)


def test_grades_of_bs1116_are_less_that_of_the_hidden_reference(read: Read) -> None:
    rows: list[Row] = []
    for page, (system, grade, hidden) in enumerate([("a", 3.2, 5.0), ("b", 5.0, 4.5)], 1):
        page_of = {"kind": "bs1116", "page": page}
        rows.append({**page_of, "system": system, "value": grade})
        rows.append({**page_of, "system": "reference", "role": "reference", "value": hidden})
    file = read(*rows)
    assert cells(file) == {("ann", "a"): -1.8, ("ann", "b"): 0.5}
    assert file.scales["q"].signed


def test_comparisons_with_the_reference_keep_their_sign(read: Read) -> None:
    rows = [
        {"kind": "ccr", "system": name, "other": "reference", "value": value, "page": page}
        for page, (name, value) in enumerate([("a", -2.0), ("b", 3.0)], 1)
    ]
    file = read(*rows)
    assert cells(file) == {("ann", "a"): -2, ("ann", "b"): 3}
    assert "0 is no difference" in file.warnings[0]


def test_comparisons_among_systems_are_averaged_over_the_others(read: Read) -> None:
    rows = [
        {"kind": "ccr", "system": second, "other": first, "value": value, "page": page}
        for page, (first, second, value) in enumerate(
            [("a", "b", 2.0), ("a", "c", 3.0), ("b", "c", 1.0)], 1
        )
    ]
    file = read(*rows)
    assert cells(file) == {("ann", "a"): -2.5, ("ann", "b"): 0.5, ("ann", "c"): 2}
    assert len(file.ratings) == 3, "what is one mean is no repeat"


def test_ranks_are_turned_round_so_that_more_is_better(read: Read) -> None:
    rows = [
        {"kind": "rank", "system": name, "value": rank}
        for name, rank in (("a", 2.0), ("b", 1.0), ("c", 3.0))
    ]
    file = read(*rows)
    assert cells(file) == {("ann", "a"): 2, ("ann", "b"): 3, ("ann", "c"): 1}
    assert "3 is best" in file.warnings[0]
    assert file.scales["q"].high == 3


@pytest.mark.parametrize(
    ("kind", "reference", "baseline"), [("mushra", "ref", None), ("ape", None, "ref")]
)
def test_a_reference_is_set_aside_where_it_is_the_measure_and_rated_where_it_is_a_version(
    read: Read, kind: str, reference: str | None, baseline: str | None
) -> None:
    file = read(
        {"kind": kind},
        {"kind": kind, "system": "ref", "role": "reference"},
        {"kind": kind, "system": "low", "role": "anchor"},
    )
    origin = file.origin
    assert origin is not None
    assert (origin.reference, origin.baseline, origin.anchors) == (reference, baseline, ("low",))


def test_only_complete_sessions_of_one_sort_are_read(read: Read) -> None:
    rows: list[Row] = [
        {"session": "real"},
        {"session": "half", "session_state": "open"},
        {"session": "gone", "session_state": "withdrawn"},
        {"session": "SIM1", "counts_as": "SIMULATED"},
        {"session": "real", "part": "training", "page": 0},
    ]
    file = read(*rows)
    assert file.ratings.listeners == ("real",)
    assert file.warnings == (
        "Sessions left out: 1 SIMULATED, 1 open, 1 withdrawn.",
        "1 rows of training pages are left out.",
    )
    assert read(*rows, which=Which(unfinished=True)).ratings.listeners == ("half", "real")
    simulated = read(*rows, which=Which("SIMULATED"))
    assert simulated.simulated
    assert simulated.ratings.listeners == ("SIM1",)
    with pytest.raises(UserError, match=r"no complete pilot session .there are 1 SIMULATED"):
        read(*rows, which=Which("pilot"))


def test_names_that_a_spreadsheet_would_run_are_read_as_they_were(read: Read) -> None:
    file = read({"system": "=1+1", "session": "@ann"}, {"system": "'quoted'", "session": "@ann"})
    assert file.ratings.systems == ("'quoted'", "=1+1")
    assert file.ratings.listeners == ("@ann",)


def test_what_is_no_export_or_more_than_one_is_refused(tmp_path: Path, read: Read) -> None:
    with pytest.raises(UserError, match=r"several studies: 's' \(ape\), 't' \(ape\)"):
        read({}, {"study": "t"})
    path = tmp_path / "other.csv"
    path.write_text("listener,system,value\nann,a,1\n")
    with pytest.raises(UserError, match=r"other\.csv:1: not an export .*lacks study, session"):
        read_ratings(path, Reading("earmark"))
    lines = as_csv([PLAIN]).splitlines()
    rows = list(csv.reader(lines))
    rows[1][rows[0].index("value")] = "loud"
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(rows)
    with pytest.raises(UserError, match=r"other\.csv:2: value 'loud' is not a number"):
        read_ratings(path)
