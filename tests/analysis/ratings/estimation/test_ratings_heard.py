"""Correlations of metrics with ratings equal those of scipy, and say how sure they are."""

from typing import Any

import numpy as np
import pytest
from ratings_simulation import simulated_cells
from scipy import stats

from earmark.analysis.ratings.estimation.metric_agreement import FEW_SYSTEMS, metric_agreement
from earmark.analysis.ratings.reading.table import Floats, Ratings


def ratings_of(cells: Floats) -> Ratings:
    """A table of SIMULATED cells ``(n, m, k)``; NaN is no row."""
    listener, passage, system = np.nonzero(~np.isnan(cells))
    n, m, k = cells.shape
    zero = np.zeros(len(listener), dtype=np.int64)
    return Ratings(
        listeners=tuple(f"l{i}" for i in range(n)),
        passages=tuple(f"p{i}" for i in range(m)),
        systems=tuple(f"s{i}" for i in range(k)),
        questions=("q",),
        listener=listener,
        passage=passage,
        system=system,
        question=zero,
        value=cells[listener, passage, system],
        repeat=zero,
        line=zero,
    )


def heard(values: Floats, name: str = "m", unit: str = "dB") -> list[dict[str, Any]]:
    return [
        {
            "passage": f"p{p}",
            "system": f"s{s}",
            "metric": name,
            "variant": "raw",
            "parameters": {},
            "value": None if np.isnan(value) else float(value),
            "unit": unit,
        }
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


def test_what_does_not_vary_is_not_correlated_and_says_why(cells: Floats) -> None:
    flat = only(cells, np.full((6, 5), 3.0))
    assert flat["note"] == "the same for all stimuli"
    assert flat["pearson"]["value"] is None
    level = -23 + np.random.default_rng(0).normal(0, 0.02, (6, 5))
    assert "levels were matched" in only(cells, level, unit="LUFS")["note"]
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
    apart = [row for row in other if row["system"] == "s8"]
    assert metric_agreement(ratings_of(cells), apart, 0.05, 0) is None
