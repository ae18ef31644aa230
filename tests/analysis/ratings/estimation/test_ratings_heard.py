"""Correlations of metrics with ratings equal those of scipy, and say how sure they are."""

from typing import Any

import numpy as np
import pytest
from ratings_simulation import ratings_of, simulated_cells
from scipy import stats

from earmark.analysis.ratings.estimation.metric_agreement import FEW_SYSTEMS, metric_agreement
from earmark.analysis.ratings.estimation.own_order import own_order
from earmark.analysis.ratings.methods.resampling import draws
from earmark.analysis.ratings.reading.heard import HeardScore
from earmark.analysis.ratings.reading.table import Floats


def heard(values: Floats, name: str = "m", unit: str = "dB") -> list[HeardScore]:
    return [
        HeardScore(
            passage=f"p{p}",
            system=f"s{s}",
            metric=name,
            variant="raw",
            value=None if np.isnan(value) else float(value),
            unit=unit,
        )
        for (p, s), value in np.ndenumerate(values)
    ]


def only(cells: Floats, values: Floats, **more: Any) -> dict[str, Any]:
    found = metric_agreement(ratings_of(cells), heard(values, **more), 0.05, 0)
    assert found is not None
    (row,) = found.rows
    return {"all": found.as_json(), **row.as_json()}


@pytest.fixture
def cells() -> Floats:
    return simulated_cells(1, (12, 6, 5), effects=np.array([0, 5, 10, 20, 30.0]), passage_system=4)


def test_coefficients_are_those_of_scipy_over_stimuli_and_over_systems(cells: Floats) -> None:
    cells[3, 2, 1] = cells[:, 0, 0] = np.nan
    values = np.random.default_rng(0).normal(0, 1, (6, 5)) + np.arange(5)
    values[4, 4] = np.nan
    sums, counts = np.nansum(cells, axis=0), (~np.isnan(cells)).sum(axis=0)
    means = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    both = ~np.isnan(means) & ~np.isnan(values)
    row = only(cells, values)
    assert row["stimuli"] == both.sum() == 28
    x, y = values[both], means[both]
    assert row["pearson"]["value"] == pytest.approx(stats.pearsonr(x, y).statistic)
    assert row["spearman"]["value"] == pytest.approx(stats.spearmanr(x, y).statistic)
    assert row["kendall"]["value"] == pytest.approx(stats.kendalltau(x, y).statistic)
    of_systems = [
        [float(table[both[:, s], s].mean()) for s in range(5)] for table in (values, means)
    ]
    assert row["system_pearson"]["value"] == pytest.approx(stats.pearsonr(*of_systems).statistic)
    z = [
        np.arctanh(np.clip(stats.pearsonr(v[b], m[b]).statistic, -0.999, 0.999))
        for v, m, b in zip(values, means, both, strict=True)
    ]
    assert row["within_passages"] == pytest.approx(np.tanh(np.mean(z)))


def test_intervals_hold_the_coefficient_and_narrow_with_passages() -> None:
    widths = []
    for passages in (4, 30):
        cells = simulated_cells(2, (20, passages, 5), effects=np.linspace(0, 24, 5))
        noise = np.random.default_rng(1).normal(0, 2, (passages, 5))
        row = only(cells, noise + np.arange(5))
        share = row["spearman"]
        assert share["low"] < share["value"] < share["high"]
        widths.append(share["high"] - share["low"])
    assert widths[1] < widths[0]


def test_a_metric_that_is_noise_correlates_with_zero_inside_its_interval(cells: Floats) -> None:
    inside = 0
    for seed in range(20):
        values = np.random.default_rng(seed).normal(0, 1, (6, 5))
        share = only(cells, values)["pearson"]
        inside += share["low"] <= 0 <= share["high"]
    assert inside >= 14, "of 20; few systems make the interval too narrow, as the page says"


def test_a_sign_is_kept_and_a_perfect_metric_is_perfect(cells: Floats) -> None:
    means = cells.mean(axis=0)
    assert only(cells, means)["pearson"]["value"] == pytest.approx(1)
    assert only(cells, -means)["spearman"]["value"] == pytest.approx(-1)


def test_a_perfect_line_within_a_passage_counts_as_nearly_perfect(cells: Floats) -> None:
    means = cells.mean(axis=0)
    assert only(cells, means)["within_passages"] == pytest.approx(0.999)
    mixed = means.copy()
    mixed[1] = np.random.default_rng(0).normal(0, 1, 5)
    r = stats.pearsonr(mixed[1], means[1]).statistic
    z = [np.arctanh(0.999)] * 5 + [np.arctanh(r)]
    assert only(cells, mixed)["within_passages"] == pytest.approx(np.tanh(np.mean(z)))


def test_what_does_not_vary_is_not_correlated_and_says_why(cells: Floats) -> None:
    flat = only(cells, np.full((6, 5), 3.0))
    assert flat["note"] == "the same for all stimuli"
    assert flat["pearson"]["value"] is None
    level = -23 + np.random.default_rng(0).normal(0, 0.02, (6, 5))
    assert "levels were matched" in only(cells, level, unit="LUFS")["note"]
    level[2, 1] += 0.5
    assert only(cells, level, unit="LUFS")["note"] == "", "on one passage they were not"
    for spread, matched in ((0.25, True), (0.26, False)):
        level = np.full((6, 5), -23.0)
        level[:, 0] += spread
        assert bool(only(cells, level, unit="LUFS")["note"]) == matched
        assert only(cells, level, unit="dB")["note"] == ""
    lone = np.full((6, 5), np.nan)
    lone[0, :2] = 1, 2
    assert only(cells, lone)["note"] == "fewer than three stimuli"


def test_few_systems_are_shown_by_name_and_many_are_ranked() -> None:
    for systems in (FEW_SYSTEMS - 1, FEW_SYSTEMS):
        cells = simulated_cells(1, (8, 4, systems), effects=np.linspace(0, 30, systems))
        scores = heard(np.random.default_rng(0).normal(0, 1, (4, systems)), "a")
        scores += heard(np.tile(np.arange(systems, dtype=float), (4, 1)), "z")
        found = metric_agreement(ratings_of(cells), scores, 0.05, 0)
        assert found is not None
        names = [row.metric for row in found.rows]
        assert names == (["z", "a"] if found.ranked else ["a", "z"])
        assert found.ranked == (systems >= FEW_SYSTEMS)
        assert ("are few" in found.caution) != found.ranked


def test_the_reliability_is_that_of_many_against_few_listeners() -> None:
    many = simulated_cells(1, (60, 6, 5), effects=np.linspace(0, 20, 5))
    values = np.zeros((6, 5))
    full = only(many, values)["all"]["reliability"]
    few = only(many[:6], values)["all"]["reliability"]
    assert 0 < few < full < 1
    assert only(many[:3], values)["all"]["reliability"] is None


def test_nothing_measured_is_nothing_to_show(cells: Floats) -> None:
    assert metric_agreement(ratings_of(cells), [], 0.05, 0) is None
    other = heard(np.zeros((9, 9)))
    apart = [row for row in other if row.system == "s8"]
    assert metric_agreement(ratings_of(cells), apart, 0.05, 0) is None


def plain_interval(cells: Floats, values: Floats, name: str, alpha: float, seed: int) -> Any:
    """Low and high of a coefficient over resampled passages and listeners, one draw at a time."""
    n, m, _ = cells.shape
    passages = np.random.default_rng([seed, 3, m]).integers(0, m, (1000, m))
    found = []
    of: Any = getattr(stats, name)
    for weights, drawn in zip(draws(n, seed, 1, 1000), passages, strict=True):
        known = ~np.isnan(cells)
        sums = (weights[:, None, None] * np.where(known, cells, 0)).sum(axis=0)
        counts = (weights[:, None, None] * known).sum(axis=0)
        with np.errstate(invalid="ignore"):
            means = (sums / counts)[drawn].ravel()
        x = values[drawn].ravel()
        both = ~np.isnan(x) & ~np.isnan(means)
        found.append(float(of(x[both], means[both]).statistic))
    return tuple(np.quantile(found, [alpha / 2, 1 - alpha / 2]))


@pytest.mark.parametrize("name", ["pearsonr", "spearmanr"])
def test_intervals_are_those_of_the_coefficient_of_every_resample(name: str) -> None:
    cells = simulated_cells(6, (7, 4, 4), effects=np.array([0.0, 4.0, 9.0, 3.0]))
    cells[2, 1, 3] = cells[5, :, 0] = np.nan
    values = np.random.default_rng(3).normal(0, 2, (4, 4)) + np.arange(4)
    values[3, 2] = np.nan
    found = metric_agreement(ratings_of(cells), heard(values), 0.2, 5)
    assert found is not None
    share = found.rows[0].pearson if name == "pearsonr" else found.rows[0].spearman
    own = own_order(cells)
    turned = cells[np.ix_(own.listeners, own.passages)]
    low, high = plain_interval(turned, values[own.passages], name, 0.2, 5)
    assert (share.low, share.high) == pytest.approx((low, high), abs=1e-9)


def test_systems_are_compared_over_the_passages_that_both_know(cells: Floats) -> None:
    values = np.random.default_rng(1).normal(0, 3, (6, 5)) + np.arange(5)
    values[0, :] = np.nan
    values[3, 4] = np.nan
    row = only(cells, values)
    both = ~np.isnan(values)
    x, y = (
        [np.mean(table[both[:, at], at]) for at in range(5)]
        for table in (values, cells.mean(axis=0))
    )
    assert row["system_spearman"]["value"] == pytest.approx(stats.spearmanr(x, y).statistic)
    assert row["system_spearman"]["low"] <= row["system_spearman"]["value"]
    assert [value is None for value in row["values"]] == (~both).ravel().tolist()
    two = values.copy()
    two[:, 2:] = np.nan
    assert only(cells, two)["system_pearson"]["value"] is None, "two systems are a line"
    assert only(cells, two)["within_passages"] is None
    assert only(cells, two)["pearson"]["value"] is not None


def test_half_of_the_listeners_agree_with_the_other_half_as_spearman_and_brown_say() -> None:
    cells = simulated_cells(3, (9, 5, 4), effects=np.linspace(0, 12, 4))
    turned = cells[own_order(cells).listeners]
    generator = np.random.default_rng([2, 4, 9])
    found = []
    for row in np.argsort(generator.random((200, 9)), axis=1) < 4:
        first, second = (turned[half].mean(axis=0).ravel() for half in (row, ~row))
        found.append(stats.pearsonr(first, second).statistic)
    r = float(np.mean(found))
    result = metric_agreement(ratings_of(cells), heard(np.zeros((5, 4))), 0.05, 2)
    assert result is not None
    assert result.reliability == pytest.approx(2 * r / (1 + r))
    assert [(one.passage, one.system) for one in result.stimuli] == [
        (f"p{p}", f"s{s}") for p in range(5) for s in range(4)
    ]
    assert [one.mean for one in result.stimuli] == pytest.approx(cells.mean(axis=0).ravel())
    against = np.concatenate([cells[:4], 100 - cells[:4]])
    opposed = metric_agreement(ratings_of(against), heard(np.zeros((5, 4))), 0.05, 2)
    assert opposed is not None
    assert opposed.reliability == 0.0, "halves that disagree are not reliable at all"
    four, three = (metric_agreement(ratings_of(cells[:n]), heard(np.zeros((5, 4))), 0.05, 0)
                   for n in (4, 3))  # fmt: skip
    assert four is not None
    assert three is not None
    assert (four.reliability is None, three.reliability is None) == (False, True)
