"""The model of listeners of P.913: closed forms, dense algebra, sureal's numbers. SIMULATED."""

from typing import Any

import numpy as np
import pytest
from ratings_simulation import ratings_of
from scipy import linalg, optimize

from earmark.analysis.ratings.estimation.subject_model import SubjectFit, fit_subjects
from earmark.analysis.ratings.estimation.subjects import subjects
from earmark.analysis.ratings.reading.table import Floats, Ratings
from earmark.analysis.ratings.result.note_words import NotFittedError
from earmark.analysis.ratings.result.notes import CountCode, NoteCode, OfCount, Plain


def grades(listeners: int) -> Floats:
    """Grades 1 to 5 of 5 passages × 3 systems, a tenth missing."""
    r = np.random.default_rng(11)
    quality, bias = r.normal(3, 0.9, (1, 5, 3)), r.normal(0, 0.4, (listeners, 1, 1))
    spread = r.uniform(0.5, 1.0, (listeners, 1, 1))
    cells = np.clip(np.round(quality + bias + spread * r.normal(0, 1, (listeners, 5, 3))), 1, 5)
    cells[r.random(cells.shape) < 0.1] = np.nan
    return cells


def drawn(
    r: np.random.Generator, listeners: int, spreads: Floats, stimuli: tuple[int, int] = (6, 4)
) -> tuple[Floats, Floats, Floats]:
    """Cells with their qualities and biases."""
    quality, bias = r.normal(50, 10, (1, *stimuli)), r.normal(0, 8, (listeners, 1, 1))
    bias -= bias.mean()
    noise = r.normal(0, 1, (listeners, *stimuli)) * spreads[:, None, None]
    return quality + bias + noise, quality.ravel(), bias.ravel()


def missing_and_repeated() -> Ratings:
    """Unequal spreads, cells missing, and every cell twice, unlike."""
    r = np.random.default_rng(5)
    cells, _, _ = drawn(r, 7, np.linspace(6, 12, 7), (4, 3))
    cells[r.random(cells.shape) < 0.2] = np.nan
    table = ratings_of(cells, times=2)
    object.__setattr__(table, "value", table.value + r.normal(0, 3, len(table)))
    return table


class Dense:
    """The same model with full matrices: a row per rating, a column per quality and bias."""

    def __init__(self, ratings: Ratings) -> None:
        n = len(ratings.listeners)
        cell = ratings.passage * len(ratings.systems) + ratings.system
        rated, at = np.unique(cell, return_inverse=True)
        ones = np.eye(n)[ratings.listener] @ linalg.null_space(np.ones((1, n)))
        self.x = np.hstack([np.eye(len(rated))[at], ones])
        self.y, self.who, self.n, self.stimuli = ratings.value, ratings.listener, n, len(rated)

    def loss(self, logs: Floats, *, restricted: bool) -> float:
        weights = np.exp(-2 * logs)[self.who]
        normal = self.x.T @ (weights[:, None] * self.x)
        beta = np.linalg.solve(normal, self.x.T @ (weights * self.y))
        left = float((weights * (self.y - self.x @ beta) ** 2).sum())
        rows, rank = self.x.shape
        found = logs[self.who].sum() + left / 2 + rows / 2 * np.log(2 * np.pi)
        if restricted:
            found += np.linalg.slogdet(normal)[1] / 2 - rank / 2 * np.log(2 * np.pi)
        return float(found)

    def best(self, *, restricted: bool) -> Any:
        start = np.full(self.n, np.log(8.0))
        loss: Any = lambda logs: self.loss(logs, restricted=restricted)  # noqa: E731
        return optimize.minimize(loss, start, options={"gtol": 1e-7})


@pytest.mark.parametrize("restricted", [True, False])
def test_no_search_finds_a_better_fit(*, restricted: bool) -> None:
    ratings = missing_and_repeated()
    fit, dense = fit_subjects(ratings, restricted=restricted), Dense(ratings)
    best = dense.best(restricted=restricted)
    assert np.exp(best.x) == pytest.approx(fit.inconsistency, rel=1e-4)
    assert fit.log_likelihood == pytest.approx(-best.fun, abs=1e-7)
    assert fit.log_likelihood == pytest.approx(
        -dense.loss(np.log(fit.inconsistency), restricted=restricted), abs=1e-9
    )


def test_errors_are_those_of_weighted_least_squares_and_meiers_factor() -> None:
    ratings = missing_and_repeated()
    fit, dense = fit_subjects(ratings), Dense(ratings)
    weights = fit.inconsistency[dense.who] ** -2
    inverse = np.linalg.inv(dense.x.T @ (weights[:, None] * dense.x))
    taken = weights * np.einsum("ij,jk,ik->i", dense.x, inverse, dense.x)
    free = np.bincount(dense.who) - np.bincount(dense.who, weights=taken)
    assert fit.free == pytest.approx(free, rel=1e-9)
    each = np.array([weights * (dense.who == who) for who in range(dense.n)])
    share = each @ dense.x[:, : dense.stimuli]
    share = share / share.sum(axis=0)
    more = 1 + 4 * (share * (1 - share) / free[:, None]).sum(axis=0)
    plain = np.diagonal(inverse)[: dense.stimuli]
    assert fit.errors == pytest.approx(np.sqrt(plain * more), rel=1e-9)
    assert fit.freedom == pytest.approx(1 / (share**2 / free[:, None]).sum(axis=0), rel=1e-9)
    basis = linalg.null_space(np.ones((1, dense.n)))
    biases = basis @ inverse[dense.stimuli :, dense.stimuli :] @ basis.T
    assert fit.bias_errors == pytest.approx(np.sqrt(np.diagonal(biases)), rel=1e-9)
    low, high = fit.quality_interval(0.1)
    narrow_low, narrow_high = fit.quality_interval(0.2)
    assert (low < narrow_low).all()
    assert (narrow_high < high).all()


@pytest.mark.parametrize("listeners", [5, 9])
def test_listeners_alike_have_the_closed_form(listeners: int) -> None:
    n, stimuli = listeners, 12
    r = np.random.default_rng(0)
    # What is left of every listener has the same size, and each two the same correlation.
    rows = linalg.null_space(np.ones((1, n)))
    columns = linalg.null_space(np.ones((1, stimuli)))[:, : n - 1]
    left = 7 * rows @ columns.T
    quality, bias = r.normal(50, 10, stimuli), r.normal(0, 5, n)
    cells = (quality + bias[:, None] + left).reshape(n, 4, 3)
    squares = (left[0] ** 2).sum()
    published = fit_subjects(ratings_of(cells), restricted=False)
    assert published.inconsistency == pytest.approx(np.sqrt(squares / stimuli), rel=1e-9)
    assert published.curvature == pytest.approx(1 - 2 / (n - 1), rel=1e-6)
    fit = fit_subjects(ratings_of(cells))
    free = (stimuli - 1) * (1 - 1 / n)
    assert fit.free == pytest.approx(free, rel=1e-9)
    assert fit.inconsistency == pytest.approx(np.sqrt(squares / free), rel=1e-9)
    assert fit.quality == pytest.approx(quality + bias.mean(), rel=1e-9)
    assert fit.bias == pytest.approx(bias - bias.mean(), rel=1e-9)


def test_three_listeners_have_grubbs_estimator() -> None:
    cells, _, _ = drawn(np.random.default_rng(3), 3, np.array([6.0, 8.0, 10.0]), (8, 5))
    s = np.cov(cells.reshape(3, -1))
    grubbs = [s[0, 0] - s[0, 1] - s[0, 2] + s[1, 2], s[1, 1] - s[0, 1] - s[1, 2] + s[0, 2],
              s[2, 2] - s[0, 2] - s[1, 2] + s[0, 1]]  # fmt: skip
    assert fit_subjects(ratings_of(cells)).inconsistency ** 2 == pytest.approx(grubbs, rel=1e-7)


# sureal 0.9.0, SubjectMLEModelProjectionSolver, on grades(20).
SUREAL_QUALITY = [
    2.430050809, 4.348014979, 4.345659289, 2.099530715, 2.681447541, 2.626130392, 3.192389315,
    2.689480598, 3.459569448, 1.472043432, 4.459521877, 2.851478389, 3.753498151, 2.68852244,
    2.708469527,
]  # fmt: skip
SUREAL_BIAS = [
    0.332408213, 0.679612873, 0.079612873, -0.104127995, 0.279612873, -0.282452037, -0.211023465,
    0.271445617, -0.193272632, -0.792666955, 0.012946207, -0.246985137, -0.310445532,
    -0.221095507, -0.038849025, 0.334981459, -0.061471327, 0.109989456, 0.348833835, 0.012946207,
]  # fmt: skip
SUREAL_INCONSISTENCY = [
    0.307839029, 0.745183098, 0.82561442, 0.752453015, 0.303071616, 0.568616185, 0.722904402,
    0.406382931, 0.533706549, 1.063126101, 0.652390946, 0.703880689, 0.330674888, 0.452895598,
    0.832463328, 0.881710242, 0.901649249, 0.64746312, 0.724280011, 1.017189247,
]  # fmt: skip


def test_maximum_likelihood_prints_what_sureal_prints() -> None:
    fit = fit_subjects(ratings_of(grades(20)), restricted=False)
    assert fit.quality == pytest.approx(SUREAL_QUALITY, abs=2e-7)
    assert fit.bias == pytest.approx(SUREAL_BIAS, abs=2e-7)
    assert fit.inconsistency == pytest.approx(SUREAL_INCONSISTENCY, abs=2e-7)
    assert fit.log_likelihood == pytest.approx(-261.35367434592376, abs=1e-8)


def test_where_maximum_likelihood_takes_one_listener_for_the_truth_there_is_none() -> None:
    # sureal 0.9.0 prints an inconsistency of 6.4e-08 for the eighth of these listeners.
    ratings = ratings_of(grades(12))
    with pytest.raises(NotFittedError) as caught:
        fit_subjects(ratings, restricted=False)
    assert caught.value.note == Plain(code=NoteCode.TAKEN_FOR_TRUTH)
    model = subjects(ratings, 0.05)
    assert model.coded_published_note == Plain(code=NoteCode.TAKEN_FOR_TRUTH)
    assert model.published_log_likelihood is None
    assert {row.published for row in model.listeners} == {None}
    assert min(row.inconsistency for row in model.listeners) > 0.1
    assert model.proof is not None
    assert model.proof.holds


def refused(cells: Floats) -> object:
    with pytest.raises(NotFittedError) as caught:
        fit_subjects(ratings_of(cells))
    return caught.value.note


def test_two_listeners_cannot_say_who_is_inconsistent() -> None:
    cells, _, _ = drawn(np.random.default_rng(0), 2, np.array([5.0, 9.0]))
    assert refused(cells) == Plain(code=NoteCode.FEW_FOR_SUBJECTS)
    assert refused(cells[:1].repeat(4, axis=0)[:, :1, :1]) == Plain(code=NoteCode.FEW_FOR_SUBJECTS)


def test_groups_without_a_common_stimulus_have_no_bias() -> None:
    cells, _, _ = drawn(np.random.default_rng(1), 8, np.full(8, 9.0))
    cells[:4, :3] = np.nan
    cells[4:, 3:] = np.nan
    assert refused(cells) == Plain(code=NoteCode.LISTENERS_APART)
    cells[7, 3] = 50.0
    assert len(fit_subjects(ratings_of(cells)).bias) == 8


def test_who_leaves_nothing_has_no_inconsistency() -> None:
    cells, quality, bias = drawn(np.random.default_rng(2), 6, np.full(6, 9.0))
    alike = quality.reshape(1, 6, 4) + bias[:, None, None]
    assert refused(alike) == Plain(code=NoteCode.NO_REST)
    cells[0] = np.nan
    cells[0, 0, 0] = 40.0  # one rating, which the bias takes up
    assert refused(cells) == Plain(code=NoteCode.NO_REST)


def test_too_large_a_panel_is_said_and_not_fitted() -> None:
    note = refused(np.random.default_rng(0).normal(0, 1, (1500, 1, 2)))
    assert note == OfCount(code=CountCode.MANY_FOR_SUBJECTS, count=1500)


def test_a_constant_listener_is_inconsistent_and_not_perfect() -> None:
    cells, _, _ = drawn(np.random.default_rng(4), 9, np.full(9, 5.0))
    cells[3] = 50.0
    fit = fit_subjects(ratings_of(cells))
    assert fit.inconsistency.argmax() == 3
    assert fit.inconsistency[3] == pytest.approx(cells[0].std(), rel=0.3)


def test_one_passage_is_enough() -> None:
    cells, _, _ = drawn(np.random.default_rng(6), 10, np.full(10, 8.0), (1, 6))
    fit = fit_subjects(ratings_of(cells))
    assert fit.stimuli.tolist() == [[0, system] for system in range(6)]
    assert fit.slope < 1e-8


def same(one: SubjectFit, other: SubjectFit, order: Floats, scale: float, shift: float) -> None:
    assert other.inconsistency == pytest.approx(scale * one.inconsistency[order], rel=1e-6)
    assert other.bias == pytest.approx(scale * one.bias[order], rel=1e-6, abs=1e-6)
    assert other.quality == pytest.approx(scale * one.quality + shift, rel=1e-6)
    assert other.errors == pytest.approx(scale * one.errors, rel=1e-6)


def test_names_units_and_origin_of_the_scale_do_not_matter() -> None:
    cells, _, _ = drawn(np.random.default_rng(7), 8, np.linspace(6, 11, 8))
    order = np.random.default_rng(8).permutation(8)
    moved = 0.05 * cells[order] - 3
    same(
        fit_subjects(ratings_of(cells)),
        fit_subjects(ratings_of(moved)),
        np.asarray(order),
        0.05,
        -3,
    )


def test_the_result_names_listeners_and_stimuli() -> None:
    cells, quality, bias = drawn(np.random.default_rng(9), 12, np.full(12, 3.0), (3, 2))
    cells[0, 1, 1] = np.nan
    cells[:, 2, 0] = np.nan
    model = subjects(ratings_of(cells), 0.05)
    assert [(row.passage, row.system) for row in model.stimuli] == [
        ("p0", "s0"), ("p0", "s1"), ("p1", "s0"), ("p1", "s1"), ("p2", "s1")]  # fmt: skip
    assert [row.ratings for row in model.stimuli] == [12, 12, 12, 11, 12]
    assert [row.ratings for row in model.listeners] == [4, *[5] * 11]
    truth = np.delete(quality, 4)
    assert [row.quality for row in model.stimuli] == pytest.approx(truth, abs=4)
    assert [row.bias for row in model.listeners] == pytest.approx(bias, abs=6)
    assert model.stimuli[3].mean == pytest.approx(np.nanmean(cells[:, 1, 1]))
    assert all(row.low < row.quality < row.high for row in model.stimuli)
    assert all(row.bias_low < row.bias < row.bias_high for row in model.listeners)
    assert all(
        row.inconsistency_low < row.inconsistency < row.inconsistency_high
        for row in model.listeners
    )


@pytest.mark.slow
def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    r = np.random.default_rng(0)
    held = []
    for _ in range(150):
        spreads = np.exp(r.normal(np.log(10), 0.3, 12))
        cells, quality, bias = drawn(r, 12, spreads)
        fit = fit_subjects(ratings_of(cells))
        found = (fit.quality_interval(0.05), fit.bias_interval(0.05),
                 fit.inconsistency_interval(0.05))  # fmt: skip
        held.append([
            float(((low <= truth) & (truth <= high)).mean())
            for (low, high), truth in zip(found, (quality, bias, spreads), strict=True)
        ])  # fmt: skip
    shares = np.mean(held, axis=0)
    assert shares[0] == pytest.approx(0.94, abs=0.02)
    assert shares[1] == pytest.approx(0.95, abs=0.02)
    assert shares[2] == pytest.approx(0.935, abs=0.02)
