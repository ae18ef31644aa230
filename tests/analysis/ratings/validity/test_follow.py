"""What is claimed of metrics, and what is not: SIMULATED worlds in which the truth is known."""

from typing import Any, Literal

import numpy as np
import pytest
from ratings_simulation import ratings_of, simulated_cells
from scipy import stats

from earmark.analysis.ratings.reading.table import Floats
from earmark.analysis.ratings.result.validity import (
    Following,
    FollowVerdict,
    MetricFollowing,
    ValidityLevel,
)
from earmark.analysis.ratings.validity.follow import MetricValues, follow

Direction = Literal["higher", "lower", "zero", "none"]
SHAPE = (10, 8, 9)


def world(seed: int = 1, shape: tuple[int, int, int] = SHAPE, **more: Any) -> Floats:
    effects = np.random.default_rng(seed + 100).permutation(np.linspace(0, 30, shape[2]))
    return simulated_cells(seed, shape, effects=effects, passage_system=5, **more)


def metric(values: Floats, name: str = "m", better: Direction = "higher") -> MetricValues:
    cells = {(f"p{p}", f"s{s}"): float(v) for (p, s), v in np.ndenumerate(values) if v == v}
    return MetricValues(name, cells, better)


def noise(seed: int, shape: tuple[int, int] = SHAPE[1:]) -> Floats:
    generator = np.random.default_rng(seed)
    return generator.normal(size=(1, shape[1])) + generator.normal(size=shape)


def judged(cells: Floats, *metrics: MetricValues, aside: tuple[str, ...] = ()) -> Following:
    return follow(ratings_of(cells), aside, metrics, 0.05, 0)


def only(found: Following, name: str = "m") -> MetricFollowing:
    return next(one for one in found.metrics if one.label == name)


def test_the_metric_that_drives_the_ratings_is_recognised_among_many() -> None:
    cells = world()
    truth = cells.mean(axis=0) + np.random.default_rng(0).normal(0, 1, SHAPE[1:])
    metrics = [metric(noise(at), f"noise {at}") for at in range(6)]
    found = judged(cells, metric(truth, "driver"), *metrics)
    assert found.claims
    assert found.metrics[0].label == "driver"
    assert only(found, "driver").verdict is FollowVerdict.FOLLOWS
    assert [one.label for one in found.metrics if one.may_be_best] == ["driver"]
    assert {one.verdict for one in found.metrics[1:]} == {FollowVerdict.NOT_SHOWN}


@pytest.mark.parametrize(("better", "sign"), [("higher", -1), ("lower", 1)])
def test_a_metric_with_the_wrong_sign_is_told(better: Direction, sign: int) -> None:
    cells = world()
    found = judged(cells, metric(sign * cells.mean(axis=0), better=better))
    one = only(found)
    assert one.verdict is FollowVerdict.AGAINST
    assert "goes against its own direction" in found.notes[0]
    within = one.at(ValidityLevel.WITHIN)
    assert within is not None
    assert within.spearman.value is not None
    assert within.spearman.value < -0.9
    assert within.pearson_mapped.value is not None
    assert within.pearson_mapped.value < -0.9
    assert [row.share for row in one.decisions] == [0.0, 0.0]
    assert one.may_be_best is None


def test_of_a_metric_whose_zero_is_best_the_size_counts() -> None:
    cells = world()
    far = cells.mean(axis=0).max() + 1 - cells.mean(axis=0)
    signs = np.random.default_rng(0).choice([-1, 1], SHAPE[1:])
    one = only(judged(cells, metric(far * signs, better="zero")))
    assert one.verdict is FollowVerdict.FOLLOWS
    assert one.mapping is not None
    assert one.mapping.sign == -1
    none = only(judged(cells, metric(-cells.mean(axis=0), better="none")))
    assert none.verdict is FollowVerdict.FOLLOWS, "without a direction none is wrong"
    assert none.decisions == ()
    assert none.may_be_best is None


@pytest.mark.parametrize("shape", [(10, 8, 7), (10, 5, 9), (7, 8, 9)])
def test_below_the_stated_numbers_nothing_is_claimed_or_ranked(shape: tuple[int, int, int]) -> None:
    cells = world(shape=shape)
    found = judged(
        cells, metric(noise(1, shape[1:]), "a noise"), metric(cells.mean(axis=0), "driver")
    )
    assert not found.claims
    assert len(found.why_not) == 1
    assert "are needed" in found.why_not[0]
    assert [one.label for one in found.metrics] == ["a noise", "driver"], "by name"
    for one in found.metrics:
        assert (one.verdict, one.p, one.may_be_best) == (FollowVerdict.NO_CLAIM, None, None)
    assert found.differences == ()
    part = only(found, "driver").at(ValidityLevel.STIMULI)
    assert part is not None
    assert part.spearman.value == pytest.approx(1)


def test_ratings_without_listeners_have_no_ceiling_and_no_claim() -> None:
    cells = world().mean(axis=0, keepdims=True)
    found = follow(ratings_of(cells), (), [metric(cells[0])], 0.05, 0, listeners_known=False)
    assert not found.claims
    assert found.listeners == 0
    assert "do not tell listeners apart" in found.why_not[0]
    assert {one.ceiling for one in found.ceilings} == {None}
    one = only(found)
    assert one.mapping is not None
    assert one.mapping.rmse_star is None


def test_missing_values_are_counted_and_comparisons_made_on_common_stimuli() -> None:
    cells = world()
    first, second = cells.mean(axis=0), cells.mean(axis=0) + noise(3) * 5
    first[:, 0] = np.nan
    second[2, 3:5] = np.nan
    found = judged(cells, metric(first, "a"), metric(second, "b"))
    assert (only(found, "a").stimuli, only(found, "a").systems) == (64, 8)
    assert only(found, "b").stimuli == 70
    (pair,) = found.differences
    assert pair.stimuli == 62
    both = ~np.isnan(first) & ~np.isnan(second)
    means = cells.mean(axis=0)
    r = [
        np.mean([stats.spearmanr(v[b], m[b]).statistic for v, m, b in zip(one, means, both)])  # noqa: B905
        for one in (first, second)
    ]
    assert pair.difference == pytest.approx(r[0] - r[1])


def test_constant_metrics_and_one_system_say_why_there_is_nothing() -> None:
    cells = world()
    flat = only(judged(cells, metric(np.full(SHAPE[1:], 3.0))))
    assert flat.note == "the same for all stimuli"
    assert flat.levels == ()
    lone = judged(cells[:, :, :1], metric(cells[:, :, :1].mean(axis=0)))
    assert not lone.claims
    (one,) = lone.metrics
    within, systems = (one.at(at) for at in (ValidityLevel.WITHIN, ValidityLevel.SYSTEMS))
    assert within is not None
    assert systems is not None
    assert within.spearman.value is systems.spearman.value is None


def test_a_correlation_that_hangs_on_one_system_is_told_and_anchors_are_left_out() -> None:
    cells = world(shape=(10, 8, 10))
    values = noise(7, (8, 10))
    cells[:, :, 9] = 0.0
    values[:, 9] = -60.0
    with_anchor = only(judged(cells, metric(values)))
    assert with_anchor.without_one is not None
    assert with_anchor.without_one.system == "s9"
    assert with_anchor.without_one.pearson > 0.7
    assert abs(with_anchor.without_one.pearson_without) < 0.6
    found = judged(cells, metric(values), aside=("s9",))
    assert found.set_aside == ("s9",)
    one = only(found)
    systems = one.at(ValidityLevel.SYSTEMS)
    assert systems is not None
    assert systems.spearman.value is not None
    beside = {row.level: row.spearman for row in one.with_aside}[ValidityLevel.SYSTEMS]
    assert beside is not None
    assert beside > systems.spearman.value


def test_two_equal_metrics_both_may_be_the_best_and_their_intervals_hold_for_all() -> None:
    cells = world()
    truth = cells.mean(axis=0)
    found = judged(cells, metric(truth + noise(1) * 4, "a"), metric(truth + noise(2) * 4, "b"))
    assert [one.may_be_best for one in found.metrics] == [True, True]
    for one in found.metrics:
        within = one.at(ValidityLevel.WITHIN)
        assert within is not None
        assert within.spearman.low is not None
        assert one.low_of_all is not None
        assert one.low_of_all < within.spearman.low, "the interval of the best of two is wider"


def test_outliers_are_the_stimuli_beyond_their_own_interval() -> None:
    cells = world(passage=1.0)
    cells[:, 3, 4] -= 40
    values = world(passage=1.0).mean(axis=0)
    one = only(judged(cells, metric(values)))
    assert (one.outliers[0].passage, one.outliers[0].system) == ("p3", "s4")
    assert one.outliers[0].mapped - one.outliers[0].rated > 20


def test_the_same_ratings_and_seed_give_the_same_result() -> None:
    cells = world()
    first, second = (judged(cells, metric(noise(1), "a"), metric(noise(2), "b")) for _ in range(2))
    assert first == second


@pytest.mark.slow
def test_unrelated_system_effects_give_claims_at_the_nominal_rate_however_many_passages() -> None:
    """Where every stimulus is a unit, the same worlds are claimed far more often."""
    claimed = naive = 0
    runs = 80
    for seed in range(runs):
        cells = world(seed, (8, 20, 8))
        metrics = [metric(noise(1000 + 10 * seed + at, (20, 8)), f"m{at}") for at in range(3)]
        found = judged(cells, *metrics)
        claimed += any(
            one.verdict in (FollowVerdict.FOLLOWS, FollowVerdict.AGAINST) for one in found.metrics
        )
        claimed += any(
            one.p_adj is not None and one.p_adj < 0.05 for one in found.differences
        ) and not any(one.p_adj is not None and one.p_adj < 0.05 for one in found.metrics)
        table = metrics[0].table([f"p{p}" for p in range(20)], [f"s{s}" for s in range(8)])
        naive += stats.spearmanr(table.ravel(), cells.mean(axis=0).ravel()).pvalue < 0.05
    assert claimed / runs <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / runs)
    assert naive / runs > 0.3


@pytest.mark.slow
def test_permuted_ratings_of_a_real_relation_give_no_claim_beyond_the_nominal_rate() -> None:
    claimed, runs = 0, 120
    base = world(5, (8, 6, 8))
    truth = [base.mean(axis=0) + noise(at, (6, 8)) * 6 for at in range(4)]
    for seed in range(runs):
        order = np.random.default_rng(seed).permutation(8)
        found = judged(base[:, :, order], *(metric(one, f"m{at}") for at, one in enumerate(truth)))
        claimed += any(one.p_adj is not None and one.p_adj < 0.05 for one in found.metrics)
    assert claimed / runs <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / runs)
