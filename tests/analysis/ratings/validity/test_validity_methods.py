"""Coefficients are those of scipy; intervals, mapping, ceiling and decisions keep their laws."""

import numpy as np
import pytest
from ratings_simulation import simulated_cells
from scipy import stats

from earmark.analysis.ratings.reading.table import Floats
from earmark.analysis.ratings.result.validity import Coefficient, ValidityLevel
from earmark.analysis.ratings.validity.ceiling import noise_ceiling
from earmark.analysis.ratings.validity.coefficients import at_level, kendall, pearson
from earmark.analysis.ratings.validity.decisions import accuracy, decided
from earmark.analysis.ratings.validity.jackknife import MOST_GROUPS, Replicates, grouped, jackknifed
from earmark.analysis.ratings.validity.mapping import fit_cubic, half_intervals, mapped_errors
from earmark.analysis.ratings.validity.permutation import exchange_p

WITHIN, STIMULI, SYSTEMS = ValidityLevel
SCIPY = {
    Coefficient.SPEARMAN: stats.spearmanr,
    Coefficient.KENDALL: stats.kendalltau,
    Coefficient.PEARSON: stats.pearsonr,
}


@pytest.fixture
def cells() -> Floats:
    return simulated_cells(1, (12, 6, 9), effects=np.linspace(0, 24, 9), passage_system=4)


@pytest.fixture
def values() -> Floats:
    table = np.random.default_rng(0).normal(0, 2, (6, 9)) + np.arange(9)
    table[4, 4] = table[1, :2] = np.nan
    return table.round(0)  # with ties


@pytest.mark.parametrize("coefficient", Coefficient)
def test_coefficients_are_those_of_scipy_at_every_level(
    cells: Floats, values: Floats, coefficient: Coefficient
) -> None:
    means, of = cells.mean(axis=0), SCIPY[coefficient]
    both = ~np.isnan(values)

    def found(level: ValidityLevel) -> float:
        return float(at_level(level, coefficient, values[None], means[None])[0])

    assert found(STIMULI) == pytest.approx(of(values[both], means[both]).statistic)
    x, y = ([table[both[:, s], s].mean() for s in range(9)] for table in (values, means))
    assert found(SYSTEMS) == pytest.approx(of(x, y).statistic)
    each = [of(v[b], m[b]).statistic for v, m, b in zip(values, means, both, strict=True)]
    fisher = coefficient is Coefficient.PEARSON
    mean = np.tanh(np.mean(np.arctanh(each))) if fisher else np.mean(each)
    assert found(WITHIN) == pytest.approx(mean)


def test_many_points_are_compared_in_parts_as_at_once() -> None:
    x = np.random.default_rng(0).normal(size=(40, 400))
    y = np.random.default_rng(1).normal(size=(40, 400)) + x
    expected = [stats.kendalltau(a, b).statistic for a, b in zip(x, y, strict=True)]
    assert kendall(x, y) == pytest.approx(expected)


def test_what_rounding_leaves_of_a_constant_is_no_variation() -> None:
    constant = np.full((1, 7), 0.1) * 3 + np.arange(7) * 1e-17
    assert np.isnan(pearson(constant, np.arange(7.0)[None]))[0]


def test_a_jackknife_leaves_whole_systems_passages_and_listeners_out(cells: Floats) -> None:
    ratings = Replicates(cells)
    assert ratings.systems.shape[0] == 9
    assert np.isnan(ratings.systems[3][:, 3]).all()
    assert not np.isnan(np.delete(ratings.systems[3], 3, axis=1)).any()
    assert np.isnan(ratings.passages[2][2]).all()
    assert ratings.listeners[5] == pytest.approx(np.delete(cells, 5, axis=0).mean(axis=0))
    assert np.isnan(ratings.stimuli[10]).sum() == 1
    assert grouped(500).max() + 1 == MOST_GROUPS


def test_copies_of_a_passage_add_no_certainty(cells: Floats) -> None:
    """Pooled units: stimuli of a system are not independent, however many passages there are."""
    values = np.random.default_rng(2).normal(0, 3, (1, 9)) + np.arange(9.0)
    few, many = (
        jackknifed(
            WITHIN,
            Coefficient.SPEARMAN,
            np.repeat(values, times, axis=0),
            Replicates(np.repeat(cells[:, :1], times, axis=1)),
        ).sureness()
        for times in (2, 20)
    )
    assert few.error is not None
    assert many.error is not None
    assert many.error > 0.9 * few.error


def test_three_systems_have_no_interval_and_perfect_order_has_a_finite_one(cells: Floats) -> None:
    means = cells.mean(axis=0)
    for level in ValidityLevel:
        few = jackknifed(level, Coefficient.SPEARMAN, means[:, :3], Replicates(cells[:, :, :3]))
        assert few.sureness().interval(0.05) == (None, None)
    low, high = jackknifed(
        SYSTEMS, Coefficient.SPEARMAN, means, Replicates(cells)
    ).sureness().interval(0.05)  # fmt: skip
    assert low is not None
    assert high is not None
    assert 0.5 < low < 1 < high + 0.01


def test_a_mapping_rises_or_falls_all_the_way_and_beats_every_line() -> None:
    generator = np.random.default_rng(0)
    for seed in range(20):
        x = generator.normal(size=40)
        y = np.tanh(2 * x) * (-1) ** seed * 20 + generator.normal(0, 4, 40)
        mapping = fit_cubic(x, y)
        assert mapping.sign == (-1) ** seed
        steps = np.diff(mapping(np.linspace(x.min(), x.max(), 300))) * mapping.sign
        assert steps.min() > -1e-9
        line = np.polyval(np.polyfit(x, y, 1), x)
        assert ((y - mapping(x)) ** 2).sum() <= ((y - line) ** 2).sum() + 1e-6


def test_a_cubic_that_rises_is_found_again() -> None:
    x = np.linspace(-2, 3, 50)
    y = 3 + 2 * x + 0.5 * (x + 0.5) ** 3
    assert fit_cubic(x, y)(x) == pytest.approx(y, abs=0.02)


def test_errors_are_those_of_p1401(cells: Floats, values: Floats) -> None:
    means, half = cells.mean(axis=0), half_intervals(cells)
    expected = stats.t.isf(0.025, 11) * cells.std(axis=0, ddof=1) / np.sqrt(12)
    assert half == pytest.approx(expected)
    found = mapped_errors(values, means, half)
    e = (means - found.mapping(values))[~np.isnan(values)]
    ci = half[~np.isnan(values)]
    assert found.rmse == pytest.approx(np.sqrt((e**2).sum() / (len(e) - 4)))
    beyond = np.maximum(0, abs(e) - ci)
    assert found.rmse_star == pytest.approx(np.sqrt((beyond**2).sum() / (len(e) - 4)))
    assert found.outlier_ratio == pytest.approx((abs(e) > ci).mean())
    assert found.rmse_cross is not None
    assert found.rmse is not None
    assert found.rmse_cross > found.rmse * 0.9
    alone = mapped_errors(values, means, np.full_like(half, np.nan))
    assert (alone.rmse_star, alone.outlier_ratio) == (None, None)


def test_a_metric_that_is_the_true_quality_reaches_the_ceiling_and_no_further() -> None:
    effects = np.linspace(0, 12, 40)
    cells = simulated_cells(3, (10, 8, 40), effects=effects, residual=20)
    truth = np.tile(effects, (8, 1))
    r = float(at_level(STIMULI, Coefficient.PEARSON, truth[None], cells.mean(axis=0)[None])[0])
    inside = cells - cells.mean(axis=(0, 2), keepdims=True)
    found = noise_ceiling(inside, STIMULI, Coefficient.PEARSON, 0)
    assert found.ceiling == pytest.approx(r, abs=0.06)
    assert found.one_listener is not None
    assert found.ceiling is not None
    assert found.one_listener < found.ceiling
    assert noise_ceiling(cells[:3], STIMULI, Coefficient.PEARSON, 0).ceiling is None


def test_decisions_are_counted_on_the_pairs_that_listeners_tell_apart() -> None:
    cells = simulated_cells(2, (20, 3, 4), effects=np.array([0, 0, 60.0, 60.0]), listener_passage=2)
    for level, pairs in ((SYSTEMS, 6), (WITHIN, 18)):
        told = decided(cells, level, 0.05)
        assert told.pairs == pairs
        right = accuracy(np.tile([1.0, 2, 3, 4], (3, 1)), told)
        even = accuracy(np.ones((3, 4)), told)
        assert right.told >= 4 * pairs // 6
        assert even.share == 0.5
        wrong = accuracy(-cells.mean(axis=0), told)
        assert wrong.share == 0.0
        assert accuracy(cells.mean(axis=0), told).share == 1.0
        assert accuracy(np.full((3, 4), np.nan), told).share is None


def test_exchanges_find_a_metric_that_follows_and_adjust_for_the_others(cells: Floats) -> None:
    means = cells.mean(axis=0)
    noise = [np.random.default_rng(at).normal(size=(6, 9)) for at in range(5)]
    p = exchange_p([means, *noise], means, WITHIN, 0)
    assert p[0][1] is not None
    assert p[0][1] < 0.005
    for raw, adjusted in p:
        assert raw is not None
        assert adjusted is not None
        assert raw <= adjusted <= 1
    assert exchange_p([np.ones((6, 9))], means, WITHIN, 0) == [(None, None)]


def test_three_systems_have_too_few_orders_for_a_small_p() -> None:
    means = np.tile([1.0, 2, 3], (30, 1))
    ((p, _),) = exchange_p([means], means, WITHIN, 0)
    assert p is not None
    assert p > 0.25, "two of six orders are as far from none"


def test_passages_that_metric_and_ratings_share_are_no_evidence_over_stimuli() -> None:
    generator = np.random.default_rng(4)
    passage = generator.normal(0, 10, (12, 1))
    means = passage + generator.normal(0, 1, (12, 8))
    values = passage + generator.normal(0, 1, (12, 8))
    assert at_level(STIMULI, Coefficient.SPEARMAN, values[None], means[None])[0] > 0.9
    ((p, _),) = exchange_p([values], means, STIMULI, 0)
    assert p is not None
    assert p > 0.05
