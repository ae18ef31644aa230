"""Drift over an order, variance components and what they promise, by plain forms. SIMULATED."""

from dataclasses import replace

import numpy as np
import pytest
from ratings_simulation import ratings_of, simulated_cells
from scipy import stats

from earmark.analysis.ratings.estimation.order_effects import order_effect
from earmark.analysis.ratings.estimation.sample_size import (
    better_buy,
    power,
    precision,
    smallest_detectable,
)
from earmark.analysis.ratings.estimation.variance_components import variance_components
from earmark.analysis.ratings.inference.design import detect
from earmark.analysis.ratings.methods.crossed import components, mean_squares
from earmark.analysis.ratings.mixed_models.linear import fit_mixed
from earmark.analysis.ratings.reading.table import Floats, Ratings
from earmark.analysis.ratings.result.blocks import VarianceComponents
from earmark.analysis.ratings.result.names import Order, Scope

NAN = float("nan")


def stepped(seed: int, order: str = "position", slope: float = 1.5) -> Ratings:
    """Six listeners who heard four systems in an order of their own on three passages.

    One cell has one rating, and of one listener two neighbouring steps are known.
    """
    r = np.random.default_rng(seed)
    cells = simulated_cells(seed, (6, 3, 4), effects=np.array([0.0, 20.0, 5.0, -30.0]))
    cells[1, 2, 0] = cells[1:, 2, 3] = NAN
    ratings = ratings_of(cells)
    steps = r.permuted(np.tile(np.arange(1.0, 5.0), (18, 1)), axis=1).ravel()[: len(ratings)]
    value = ratings.value + slope * steps
    steps[[3, 30]] = NAN
    fifth = np.flatnonzero(ratings.listener == 4)
    steps[fifth], steps[fifth[:2]] = NAN, (2.0, 3.0)
    found = replace(ratings, value=value)
    return replace(found, page=steps) if order == "page" else replace(found, position=steps)


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("alpha", [0.05, 0.3])
def test_drift_is_the_mean_of_the_slopes_of_each_listener(order: Order, alpha: float) -> None:
    ratings = stepped(1, order)
    steps = getattr(ratings, order)
    left = ratings.value.copy()
    for p in range(3):
        for s in range(4):
            cell = (ratings.passage == p) & (ratings.system == s)
            left[cell] -= ratings.value[cell].mean()
    for who in range(6):
        mine = ratings.listener == who
        left[mine] -= left[mine].mean()
    known = ~np.isnan(steps)
    slopes = [
        stats.linregress(steps[mine & known], left[mine & known]).slope
        for mine in (ratings.listener == who for who in range(6))
    ]
    found = order_effect(ratings, order, alpha)
    test = stats.ttest_1samp(slopes, 0)
    interval = test.confidence_interval(1 - alpha)
    assert (found.order, found.note, found.listeners, found.df) == (order, "", 6, 5)
    assert found.slope == pytest.approx(np.mean(slopes))
    assert (found.t, found.p) == pytest.approx((test.statistic, test.pvalue))
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert [(step, count) for step, _, count in found.steps] == [
        (at, int((steps == at).sum())) for at in (1, 2, 3, 4)
    ]
    assert [mean for _, mean, _ in found.steps] == pytest.approx(
        [left[steps == at].mean() for at in (1, 2, 3, 4)]
    )


def test_an_order_that_nobody_knows_or_that_one_listener_had_is_not_tested() -> None:
    ratings = stepped(2)
    for steps in (None, np.full(len(ratings), NAN)):
        found = order_effect(replace(ratings, position=steps), Order.POSITION, 0.05)
        assert (found.note, found.p) == ("the ratings do not say the order", None)
        assert found.steps == ()
    assert ratings.position is not None
    lone = np.where(ratings.listener == 2, ratings.position, 1.0)
    found = order_effect(replace(ratings, position=lone), Order.POSITION, 0.05)
    assert found.note == "fewer than two listeners heard more than one step"
    assert (found.listeners, found.slope, len(found.steps)) == (0, None, 4)
    two = np.where(ratings.listener > 3, ratings.position, 1.0)
    found = order_effect(replace(ratings, position=two), Order.POSITION, 0.05)
    assert (found.listeners, found.df) == (2, 1)
    many = replace(ratings, position=np.arange(len(ratings), dtype=float))
    assert len(order_effect(many, Order.POSITION, 0.05).steps) == len(ratings)
    long = ratings_of(simulated_cells(3, (10, 9, 4)))
    numbered = replace(long, page=np.arange(len(long), dtype=float))
    assert len(order_effect(numbered, Order.PAGE, 0.05).steps) == 200, "a table, not a novel"


def found_of(cells: Floats, scope: Scope = Scope.MUSIC, alpha: float = 0.05) -> VarianceComponents:
    ratings = ratings_of(cells)
    return variance_components(ratings, detect(ratings), scope, alpha)


CELLS = simulated_cells(4, (8, 6, 3), listener_system=6, passage_system=5)


def test_balanced_ratings_have_the_variances_of_their_mean_squares() -> None:
    found = found_of(CELLS)
    expected = components(mean_squares(CELLS))
    assert min(expected.values()) > 0
    total = sum(expected.values())
    assert found.method == "method of moments"
    assert found.note == ""
    assert {one.term: one.variance for one in found.terms} == pytest.approx(expected)
    for one in found.terms:
        assert one.sd == pytest.approx(np.sqrt(one.variance))
        assert one.share == pytest.approx(one.variance / total)


def test_a_negative_variance_is_shown_and_counts_as_none() -> None:
    cells = simulated_cells(7, (5, 4, 3), listener_passage=0)
    expected = components(mean_squares(cells))
    negative = [name for name, value in expected.items() if value < 0]
    assert negative, "by the seed"
    found = found_of(cells)
    assert found.note.startswith("A negative variance means")
    total = sum(max(value, 0) for value in expected.values())
    for one in found.terms:
        assert one.variance == pytest.approx(expected[one.term])
        assert one.sd == pytest.approx(np.sqrt(max(one.variance, 0)))
        assert one.share == pytest.approx(max(one.variance, 0) / total)
    assert sum(one.share or 0 for one in found.terms) == pytest.approx(1)


def test_ratings_with_holes_have_the_variances_of_the_mixed_model_or_say_why_not() -> None:
    holes = CELLS.copy()
    holes[0, 0, 0] = holes[3, 2, 1] = NAN
    found = found_of(holes)
    assert found.method == "REML"
    assert {one.term: one.variance for one in found.terms} == pytest.approx(
        fit_mixed(holes, Scope.MUSIC).variances
    )
    added = np.arange(6.0)[:, None, None] + np.arange(3.0)[:, None] * 2 + np.arange(3.0) * 5
    added[0, 0, 0] = NAN
    none = found_of(added)
    assert none.note == "not estimable: beyond what its terms explain the ratings do not vary"
    assert (none.method, none.terms, none.planning) == (None, (), None)


def test_on_one_passage_taste_and_chance_are_one() -> None:
    cells = CELLS[:, :1].copy()
    cells[2, 0, 1] = NAN
    found = found_of(cells)
    whole = np.delete(cells[:, 0], 2, axis=0)
    rest = whole - whole.mean(axis=1, keepdims=True) - whole.mean(axis=0) + whole.mean()
    variance = (rest**2).sum() / (6 * 2)
    (only,) = found.terms
    assert (only.term, only.share) == ("listener:system + residual", 1.0)
    assert only.variance == pytest.approx(variance)
    assert "cannot be told apart" in found.note
    assert found.planning is not None
    assert found.planning.scope is Scope.PASSAGES
    assert found.planning.better_buy == "listeners"
    assert {row.passages for row in found.planning.grid} == {1}
    assert [row.listeners for row in found.planning.grid] == [5, 8, 10, 15, 20, 30, 50, 100]
    for row in found.planning.grid:
        assert row.standard_error == pytest.approx(np.sqrt(2 * variance / row.listeners))
    two = cells.copy()
    two[1:7, 0, 0] = NAN
    assert found_of(two[:7]).note == "not estimable: fewer than two listeners rated every system"
    assert len(found_of(two).terms) == 1, "two are enough"


@pytest.mark.parametrize("cells", [CELLS[:1], CELLS[:, :, :1], np.full((4, 3, 2), 5.0)])
def test_designs_without_variances_say_what_they_are(cells: Floats) -> None:
    found = found_of(cells)
    assert found.note == f"not estimable: {detect(ratings_of(cells)).kind}"
    assert (found.terms, found.planning) == ((), None)


@pytest.mark.parametrize("scope", [Scope.MUSIC, Scope.PASSAGES])
@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_a_plan_holds_the_smallest_difference_of_each_size(scope: Scope, alpha: float) -> None:
    planning = found_of(CELLS, scope, alpha).planning
    variances = components(mean_squares(CELLS))
    assert planning is not None
    assert (planning.scope, planning.power, planning.alpha) == (scope, 0.8, alpha)
    sizes = [(row.listeners, row.passages) for row in planning.grid]
    assert sizes == [(n, m) for n in (5, 8, 10, 15, 20, 30, 50, 100) for m in (5, 6, 10, 15, 20)]
    for row in planning.grid:
        at = precision(variances, row.listeners, row.passages, scope)
        assert (row.standard_error, row.df) == (at.error, at.df)
        assert row.detectable == pytest.approx(smallest_detectable(at, alpha))
        # The chance of a difference beyond the critical one, of which hardly any is downwards.
        chance = stats.nct.sf(stats.t.isf(alpha / 2, at.df), at.df, row.detectable / at.error)
        assert chance == pytest.approx(0.8, abs=1e-4)
        if (row.listeners, row.passages) == (8, 6):
            assert planning.detectable_now == row.detectable
    assert planning.better_buy == better_buy(variances, 8, 6, scope)


def test_power_counts_both_tails() -> None:
    at = precision({"residual": 90.0, "listener:system": 40.0}, 6, 4, Scope.PASSAGES)
    for difference in (0.0, 0.1, 0.5, 1.0):
        critical, shift = stats.t.isf(0.1, at.df), difference / at.error
        both = stats.nct.sf(critical, at.df, shift) + stats.nct.sf(critical, at.df, -shift)
        assert power(difference, at, 0.2) == pytest.approx(both, abs=1e-9)
    assert smallest_detectable(at, 0.05) == pytest.approx(
        smallest_detectable(at, 0.05, 0.8), abs=1e-12
    )
    # Beside 80 % the smallest difference that is found just as often as alpha is none.
    assert smallest_detectable(at, 0.2, 0.2) == pytest.approx(0.0, abs=1e-3)
