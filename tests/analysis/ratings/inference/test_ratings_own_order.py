"""What is drawn at random depends on the ratings, not on names or the order of rows. SIMULATED."""

import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ratings_simulation import document, ratings_of, simulated_cells

from earmark.analysis.ratings.estimation.metric_agreement import metric_agreement
from earmark.analysis.ratings.estimation.own_order import in_own_order, own_order, row_order
from earmark.analysis.ratings.inference.analysis import analyse
from earmark.analysis.ratings.inference.options import RatingsOptions
from earmark.analysis.ratings.reading.files import read_ratings
from earmark.analysis.ratings.reading.heard import HeardScore
from earmark.analysis.ratings.reading.table import Floats, Ratings

Row = tuple[str, str, str, str]  # listener, passage, system, value
SHAPE = (17, 4, 4)


def rated(*, missing: float = 0.0, steps: float = 0.1, systems: str = "ABCD") -> list[Row]:
    """Ratings of 17 listeners, too many for all flips to be counted."""
    r = np.random.default_rng(3)
    effects = np.array([0.0, 2.0, 5.0, 9.0])[: len(systems)]
    cells = simulated_cells(3, (*SHAPE[:2], len(systems)), effects=effects, listener_system=5)
    cells = np.clip(np.round(cells / steps) * steps, 0, 100)
    cells[r.random(cells.shape) < missing] = np.nan
    return [
        (f"L{n}", f"song {m}", systems[k], f"{value:.1f}")
        for (n, m, k), value in np.ndenumerate(cells)
        if not np.isnan(value)
    ]


def of_other_listeners() -> list[Row]:
    """Each listener rated one system."""
    r = np.random.default_rng(4)
    return [
        (f"L{n}", "song", "ABC"[n % 3], f"{50 + 5 * (n % 3) + r.normal(0, 9):.1f}")
        for n in range(45)
    ]


def preferred() -> list[Row]:
    """Pairs of three systems, on a page each."""
    r = np.random.default_rng(5)
    rows = []
    for listener in range(18):
        for page, (i, j) in enumerate(((0, 1), (0, 2), (1, 2))):
            won = int(r.random() < 0.5 + 0.12 * (j - i))
            rows.append((f"L{listener}", f"song {page}", "ABC"[i], str(1 - won)))
            rows.append((f"L{listener}", f"song {page}", "ABC"[j], str(won)))
    return rows


def renamed(rows: list[Row], seed: int) -> list[Row]:
    """Listeners and passages called otherwise, so that others come first; rows shuffled."""
    r = random.Random(seed)
    found = []
    for side in (0, 1):
        names = sorted({row[side] for row in rows})
        found.append(dict(zip(names, r.sample(names, len(names)), strict=True)))
    turned = [(found[0][row[0]], found[1][row[1]], *row[2:]) for row in rows]
    r.shuffle(turned)
    return turned


def result(path: Path, rows: list[Row], options: RatingsOptions) -> dict[str, Any]:
    lines = ["listener,passage,system,value", *(",".join(row) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return document(analyse(read_ratings(path), options))


def drawn(found: Mapping[str, Any]) -> dict[str, Any]:
    """What of a result was drawn at random, and hangs on no listener's or passage's name."""
    primary, secondary = found["primary"], found["secondary"]
    return {
        "effects": [(pair["effect"], pair["effects"]) for pair in primary["pairs"]],
        "intervals": [(pair["low"], pair["high"]) for pair in primary["pairs"]],
        "p": [pair["p_raw"] for pair in primary["pairs"]],
        "omnibus": primary["omnibus"]["p"],
        "others": [(test.get("omnibus"), test.get("pairs")) for test in secondary["tests"]],
        "honest": [rule.get("false_positives") for rule in found["screening"]["rules"]],
    }


CASES: dict[str, tuple[Callable[[], list[Row]], RatingsOptions]] = {
    "complete": (rated, RatingsOptions()),
    "music": (rated, RatingsOptions(scope="music")),
    "two systems": (lambda: rated(systems="AB"), RatingsOptions()),
    "grades": (lambda: rated(steps=25.0), RatingsOptions()),
    "missing": (lambda: rated(missing=0.15), RatingsOptions()),
    "screened": (rated, RatingsOptions(exclude=("range < 22 on more than 40% of pages",))),
    "other listeners": (of_other_listeners, RatingsOptions()),
    "preferences": (preferred, RatingsOptions()),
}


@pytest.mark.parametrize("case", CASES)
def test_names_and_the_order_of_rows_change_nothing_that_is_drawn(
    case: str, tmp_path: Path
) -> None:
    make, options = CASES[case]
    rows = make()
    first = drawn(result(tmp_path / "a.csv", rows, options))
    for seed in (1, 2):
        again = drawn(result(tmp_path / "b.csv", renamed(rows, seed), options))
        assert same(first, again), case


def same(one: Any, other: Any) -> bool:
    """Equal but for the last digits of sums."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return one == pytest.approx(other, rel=1e-9, abs=1e-12)
    return bool(one == other)


def test_a_name_that_changed_a_draw_would_be_seen(tmp_path: Path) -> None:
    rows, options = CASES["complete"][0](), RatingsOptions()
    first = drawn(result(tmp_path / "a.csv", rows, options))
    other = drawn(result(tmp_path / "b.csv", rows, replace(options, seed=1)))
    for what in ("effects", "others"):
        assert not same(first[what], other[what]), what


@given(st.integers(0, 2**32 - 1), st.sampled_from([2, 4, 100]))
@settings(max_examples=40, deadline=None)
def test_the_cells_of_ratings_in_their_own_order_are_those_of_any_names(
    seed: int, steps: int
) -> None:
    r = np.random.default_rng(seed)
    cells: Floats = r.integers(0, steps, (7, 4, 3)).astype(np.float64)
    cells[r.random(cells.shape) < 0.2] = np.nan
    orders = [r.permutation(size) for size in cells.shape[:2]]
    other = cells[np.ix_(*orders)]
    mine, others = (in_own_order(ratings_of(one)) for one in (cells, other))
    assert len(mine.listeners) == len(set(mine.listeners))
    np.testing.assert_array_equal(padded(mine), padded(others))
    passage = int(mine.passages[0][1:])
    for at, name in enumerate(mine.listeners):
        np.testing.assert_array_equal(mine.cells[at, 0], cells[int(name[1:]), passage])


def padded(ratings: Ratings) -> Floats:
    """The cells without listeners or passages that nobody rated at all."""
    known = ~np.isnan(ratings.cells)
    kept: Floats = ratings.cells[known.any(axis=(1, 2))]
    return kept


def test_clones_and_large_tables_are_put_in_order_too() -> None:
    clones = np.tile(np.arange(12.0).reshape(1, 4, 3), (300, 1, 1))
    clones[7] += 1
    order = own_order(clones)
    assert sorted(order.listeners.tolist()) == list(range(300))
    assert 7 in (order.listeners[0], order.listeners[-1])
    large = np.random.default_rng(0).normal(0, 1, (300, 20, 9))
    turned = large[np.random.default_rng(1).permutation(300)]
    np.testing.assert_array_equal(own_order(large).cells, own_order(turned).cells)


def test_rows_have_a_place_by_what_was_rated() -> None:
    cells = np.random.default_rng(2).normal(0, 1, (5, 3, 2))
    ratings = ratings_of(cells, times=2)
    order = row_order(ratings)
    assert sorted(order.tolist()) == list(range(len(ratings)))
    other = ratings_of(cells[[3, 1, 4, 0, 2]], times=2)
    one = np.sort(np.stack([ratings.value, order]), axis=1)
    two = np.sort(np.stack([other.value, row_order(other)]), axis=1)
    np.testing.assert_array_equal(one, two)
    by_value = dict(zip(other.value.tolist(), (row_order(other) // 2).tolist(), strict=True))
    assert [by_value[value] for value in ratings.value.tolist()] == (order // 2).tolist()


def test_intervals_of_metrics_do_not_depend_on_names() -> None:
    cells = simulated_cells(8, (9, 6, 8), effects=np.linspace(0, 14, 8))
    r = np.random.default_rng(9)
    values = cells.mean(axis=0) + r.normal(0, 4, (6, 8))
    orders = [r.permutation(9), r.permutation(6)]
    found = []
    for listeners, passages in ([np.arange(9), np.arange(6)], orders):
        heard = [
            HeardScore(f"p{p}", f"s{s}", "m", "plain", float(values[passages[p], s]), "dB")
            for p in range(6)
            for s in range(8)
        ]
        turned = ratings_of(cells[np.ix_(listeners, passages)])
        agreement = metric_agreement(turned, heard, 0.05, 0)
        assert agreement is not None
        (row,) = agreement.rows
        found.append((agreement.reliability, row.pearson, row.spearman, row.system_spearman))
    plain = [[getattr(one, "as_json", lambda one=one: one)() for one in row] for row in found]
    assert same(plain[0], plain[1])
