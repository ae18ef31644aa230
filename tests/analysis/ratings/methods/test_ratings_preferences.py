"""Which ratings are preferences: two systems on each page, one and none, or a half each."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from earmark.analysis.ratings.methods.bradley_terry import preferences
from earmark.analysis.ratings.reading.files import read_ratings
from earmark.analysis.ratings.reading.table import Floats

Row = tuple[str, str, str, float, Any]


def wins(folder: Path, rows: Sequence[Row]) -> Floats | None:
    path = folder / "r.csv"
    lines = [
        "listener,passage,system,value,page_number",
        *(",".join(map(str, row)) for row in rows),
    ]
    path.write_text("\n".join(lines) + "\n")
    return preferences(read_ratings(path).ratings)


def page(number: int, first: str, second: str, value: float, who: str = "L0") -> list[Row]:
    return [(who, "p", first, value, number), (who, "p", second, 1 - value, number)]


GOOD = [
    *page(1, "A", "B", 1),
    *page(2, "B", "C", 0.5),
    *page(3, "C", "A", 0),
    *page(1, "A", "B", 0, "L1"),
]


def test_each_listeners_wins_are_counted_and_ties_are_half(tmp_path: Path) -> None:
    found = wins(tmp_path, GOOD)
    assert found is not None
    assert found[0].tolist() == [[0, 1, 1], [0, 0, 0.5], [0, 0.5, 0]]
    assert found[1].tolist() == [[0, 0, 0], [1, 0, 0], [0, 0, 0]]
    again = wins(tmp_path, [*GOOD, *page(9, "A", "B", 1)])
    assert again is not None
    assert again[0, 0, 1] == 2, "a pair may come again"


def test_what_is_no_pair_of_shares_is_no_preference(tmp_path: Path) -> None:
    lone: Row = ("L0", "p", "A", 1, 7)
    for rows in (
        [*GOOD, lone],
        [*GOOD, lone, ("L0", "p", "B", 1, 7)],
        [*GOOD, lone, ("L0", "p", "B", 0, 8)],
        [*GOOD, lone, ("L0", "q", "B", 0, 7)],
        [*GOOD, lone, ("L1", "p", "B", 0, 7)],
        [*GOOD, *page(7, "A", "B", 0.25)],
        [*GOOD, lone, ("L0", "p", "A", 0, 7)],
    ):
        assert wins(tmp_path, rows) is None, rows[len(GOOD) :]


def test_the_order_of_the_rows_changes_no_win(tmp_path: Path) -> None:
    found = wins(tmp_path, GOOD)
    assert found is not None
    for seed in range(3):
        mixed = [GOOD[at] for at in np.random.default_rng(seed).permutation(len(GOOD))]
        other = wins(tmp_path, mixed)
        assert other is not None
        assert np.array_equal(found, other)
