"""Names and the order of rows change no digit of a mixed model. SIMULATED ratings.

Once a renaming of 19 listeners, 11 passages and 4 systems gave five answers, with df from 30 to
804: sums rounded in another order, and the search stopped at another false zero.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mixed_designs import DESIGNS
from ratings_simulation import document, passed, simulated_cells

from earmark.analysis.ratings.inference.analysis import analyse
from earmark.analysis.ratings.inference.options import RatingsOptions
from earmark.analysis.ratings.mixed_models.linear import fit_mixed
from earmark.analysis.ratings.mixed_models.ordering import canonical
from earmark.analysis.ratings.reading.files import read_ratings
from earmark.analysis.ratings.reading.table import Floats, Ints
from earmark.analysis.ratings.result.names import Scope

SEEDS = st.integers(0, 2**32 - 1)


def turned(cells: Floats, seed: int) -> tuple[Floats, list[Ints]]:
    """``cells`` with all three sides in another order, and the orders."""
    r = np.random.default_rng(seed)
    found = [r.permutation(size) for size in cells.shape]
    return cells[np.ix_(*found)], found


@given(
    st.tuples(st.integers(2, 7), st.integers(2, 6), st.integers(2, 5)),
    SEEDS,
    st.sampled_from([3, 5, 100]),
)
@settings(max_examples=60, deadline=None)
def test_the_order_of_a_table_depends_on_its_ratings_alone(
    shape: tuple[int, int, int], seed: int, steps: int
) -> None:
    r = np.random.default_rng(seed)
    cells: Floats = r.integers(0, steps, shape).astype(np.float64)
    cells[r.random(shape) < 0.2] = np.nan
    first = canonical(cells)
    again, _ = turned(cells, seed + 1)
    np.testing.assert_array_equal(canonical(again).cells, first.cells)
    back = cells[np.ix_(first.listeners, first.passages, first.systems)]
    np.testing.assert_array_equal(back, first.cells)


@pytest.mark.slow
@given(st.sampled_from(DESIGNS), SEEDS, st.sampled_from([Scope.MUSIC, Scope.PASSAGES]))
@settings(max_examples=25, deadline=None)
def test_no_digit_of_a_fit_depends_on_names(design: Any, seed: int, scope: Scope) -> None:
    cells = design.cells
    fit = fit_mixed(cells, scope)
    pairs = {(p.comparison.first, p.comparison.second): p for p in fit.pairs(0.05)}
    again, (_, _, system) = turned(cells, seed)
    other = fit_mixed(again, scope)
    assert other.variances == fit.variances
    assert (other.deviance, other.proof) == (fit.deviance, fit.proof)
    assert other.omnibus() == fit.omnibus()
    np.testing.assert_array_equal(other.means, fit.means[system])
    for pair in other.pairs(0.05):
        i, j = (int(system[at]) for at in (pair.comparison.first, pair.comparison.second))
        same, sign = pairs[min(i, j), max(i, j)], 1 if i < j else -1
        assert (pair.error, pair.df, pair.comparison.p) == (
            same.error, same.df, same.comparison.p
        )  # fmt: skip
        assert pair.difference == sign * same.difference
        assert sorted(map(abs, (pair.low, pair.high))) == sorted(map(abs, (same.low, same.high)))


def rows_of(cells: Floats, names: list[list[str]], seed: int) -> list[str]:
    """The rows of a ratings file in a drawn order, under these names."""
    rows = [
        ",".join([*(side[i] for side, i in zip(names, at, strict=True)), f"{value:.1f}"])
        for at, value in np.ndenumerate(cells)
        if not np.isnan(value)
    ]
    np.random.default_rng(seed).shuffle(rows)
    return ["listener,passage,system,value", *rows]


@pytest.mark.slow
@given(SEEDS, st.sampled_from(["music", "passages"]))
@settings(max_examples=8, deadline=None)
def test_no_number_of_the_tests_in_a_report_depends_on_names_or_rows(
    tmp_path_factory: Any, seed: int, scope: str
) -> None:
    folder: Path = tmp_path_factory.mktemp("renamed")
    cells = np.clip(simulated_cells(8, (9, 4, 3), listener_system=2, passage_system=2), 0, 100)
    cells[np.random.default_rng(8).random(cells.shape) < 0.15] = np.nan
    plain = [
        [f"{side}{i}" for i in range(size)] for side, size in zip("lps", cells.shape, strict=True)
    ]
    r = np.random.default_rng(seed)
    other = [list(r.permutation(names)) for names in plain]
    found = []
    for number, names in enumerate((plain, other)):
        path = folder / f"{number}.csv"
        path.write_text("\n".join(rows_of(cells, names, seed + number)), encoding="utf-8")
        result = document(analyse(read_ratings(path), RatingsOptions(scope=Scope(scope))))
        assert passed(result)
        assert result["primary"]["method"] == "linear mixed model"
        new = dict(zip(names[2], plain[2], strict=True))
        pairs = {}
        for pair in result["primary"]["pairs"]:
            at = tuple(sorted((new[pair["group1"]], new[pair["group2"]])))
            pairs[at] = [pair["df"], pair["p_raw"], pair["p_adj"], abs(pair["mean_diff"])]
        found.append((
            result["primary"]["omnibus"], result["primary"]["proof"], pairs,
            result["variance_components"]["terms"], result["variance_components"]["proof"],
        ))  # fmt: skip
    assert found[0] == found[1]
