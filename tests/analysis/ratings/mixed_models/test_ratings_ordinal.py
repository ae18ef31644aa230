"""The cumulative-link mixed model: Laplace's integral written out, exact slopes, R's clmm.

The values of clmm are in ``tests/data/oracles`` (``make oracles``). SIMULATED grades.
"""

import json
from typing import Any

import numpy as np
import pytest
from mixed_designs import GRADED
from places import DATA
from ratings_simulation import ratings_of, simulated_cells
from scipy import special, stats

from earmark.analysis.ratings.mixed_models.crossed_covariance import layout_of
from earmark.analysis.ratings.mixed_models.cumulative_link import (
    CumulativeLink,
    Grades,
    Parameters,
)
from earmark.analysis.ratings.mixed_models.ordinal import OrdinalFit, fit_ordinal
from earmark.analysis.ratings.mixed_models.restricted_likelihood import MUSIC
from earmark.analysis.ratings.reading.table import Floats, Ratings
from earmark.analysis.ratings.result.names import Scope, Term
from earmark.analysis.ratings.result.note_words import NotFittedError

CELLS = {design.name: design.grades for design in GRADED}
STORED: list[dict[str, Any]] = json.loads(
    (DATA / "oracles" / "ordinal_mixed.json").read_text(encoding="utf-8")
)
TERMS = {
    "l": Term.LISTENER, "p": Term.PASSAGE, "lp": Term.LISTENER_PASSAGE,
    "ls": Term.LISTENER_SYSTEM, "ps": Term.PASSAGE_SYSTEM,
}  # fmt: skip
Case = tuple[dict[str, Any], OrdinalFit]


@pytest.fixture(scope="module", params=STORED, ids=lambda one: f"{one['design']}, {one['scope']}")
def case(request: pytest.FixtureRequest) -> Case:
    stored = request.param
    ratings = ratings_of(CELLS[stored["design"]])
    return stored, fit_ordinal(ratings, Scope(stored["scope"]))


def test_every_design_has_values_of_clmm() -> None:
    assert {(one["design"], one["scope"]) for one in STORED} == {
        (name, scope) for name in CELLS for scope in ("music", "passages")
    }


@pytest.mark.slow
def test_the_likelihood_is_as_high_as_that_of_clmm(case: Case) -> None:
    stored, fit = case
    assert fit.log_likelihood == pytest.approx(stored["log_likelihood"], abs=2e-4)
    ratio = 2 * (stored["log_likelihood"] - stored["without"])
    assert fit.omnibus.statistic == pytest.approx(ratio, abs=1e-3)
    k = len(fit.effects)
    assert fit.omnibus.p == pytest.approx(stats.chi2.sf(ratio, k - 1), rel=1e-3)
    assert fit.proof.holds


def test_effects_thresholds_and_variances_are_those_of_clmm(case: Case) -> None:
    stored, fit = case
    np.testing.assert_allclose(fit.effects[1:], stored["effects"], atol=3e-3)
    np.testing.assert_allclose(fit.thresholds, stored["thresholds"], atol=1e-2)
    assert fit.effects[0] == 0
    for name, value in stored["variances"].items():
        assert fit.variances[TERMS[name]] == pytest.approx(value, rel=0.02, abs=5e-3)


def test_pairs_have_the_errors_of_clmm(case: Case) -> None:
    stored, fit = case
    k = len(fit.effects)
    effects = np.append(0.0, np.ravel(stored["effects"]))
    covariance = np.zeros((k, k))
    covariance[1:, 1:] = stored["covariance"]
    for alpha in (0.05, 0.2):
        for pair in fit.pairs(alpha):
            i, j = pair.comparison.first, pair.comparison.second
            weights = np.eye(k)[i] - np.eye(k)[j]
            error = float(np.sqrt(weights @ covariance @ weights))
            assert pair.log_odds == pytest.approx(effects[i] - effects[j], abs=5e-3)
            assert pair.error == pytest.approx(error, rel=5e-3)
            z = pair.log_odds / pair.error
            assert pair.comparison.statistic == pytest.approx(z)
            assert pair.comparison.p == pytest.approx(2 * stats.norm.sf(abs(z)))
            half = stats.norm.isf(alpha / 2) * pair.error
            assert (pair.low, pair.high) == pytest.approx(
                (pair.log_odds - half, pair.log_odds + half)
            )


def graded(seed: int, shape: tuple[int, int, int], **sds: Any) -> Floats:
    cells = simulated_cells(seed, shape, effects=np.linspace(0, 10, shape[2]), **sds)
    found: Floats = (np.digitize(cells, [30, 45, 55, 70]) + 1).astype(np.float64)
    found[np.random.default_rng(seed).random(shape) < 0.1] = np.nan
    return found


def written_out(ratings: Ratings, parameters: Parameters) -> float:
    """-log likelihood by Laplace with one effect per rating's cell and a dense covariance."""
    _, m, k = ratings.counts.shape
    l_, p, s = ratings.listener, ratings.passage, ratings.system
    sides = {
        Term.LISTENER: l_, Term.PASSAGE: p, Term.LISTENER_PASSAGE: l_ * m + p,
        Term.LISTENER_SYSTEM: l_ * k + s, Term.PASSAGE_SYSTEM: p * k + s,
    }  # fmt: skip
    grade = np.unique(ratings.value, return_inverse=True)[1]
    eta = np.append(0.0, parameters.effects)[s]
    ends = np.concatenate([[-np.inf], parameters.thresholds, [np.inf]])
    # Independent effects u, so that no covariance of repeats has to be inverted.
    parts = [
        np.sqrt(v) * np.eye(int(sides[t].max()) + 1)[sides[t]]
        for t, v in zip(MUSIC, parameters.variances, strict=True)
    ]
    z = np.concatenate(parts, axis=1)

    def both(u: Floats) -> tuple[float, Floats, Floats]:
        at = eta + z @ u
        up, down = special.expit(ends[grade + 1] - at), special.expit(ends[grade] - at)
        value = -np.log(up - down).sum() + u @ u / 2
        return float(value), u - z.T @ (up + down - 1), up * (1 - up) + down * (1 - down)

    u: Floats = np.zeros(z.shape[1])
    value = both(u)[0]
    for _ in range(50):
        value, slope, weight = both(u)
        hessian = np.eye(z.shape[1]) + z.T @ (weight[:, None] * z)
        u = u - np.linalg.solve(hessian, slope)
    return value + float(np.linalg.slogdet(hessian)[1]) / 2


def model_of(ratings: Ratings) -> CumulativeLink:
    n, m, k = ratings.counts.shape
    layout = layout_of(m, k)
    inside = ratings.passage * k + ratings.system
    if layout.turned:
        inside = ratings.system * m + ratings.passage
    given, grade = np.unique(ratings.value, return_inverse=True)
    cell = ratings.listener * (m * k) + inside
    return CumulativeLink(
        Grades(layout, n, cell, grade, len(given)), layout.system_of[:, 1:], MUSIC
    )


@pytest.mark.parametrize("shape", [(5, 4, 3), (4, 3, 4)])
@pytest.mark.parametrize("times", [1, 2])
def test_the_likelihood_is_laplaces_integral_and_its_slope_is_exact(
    shape: tuple[int, int, int], times: int
) -> None:
    ratings = ratings_of(graded(1, shape), times)
    model = model_of(ratings)
    steps, k = model.grades.steps, shape[2]
    parameters = Parameters(
        np.linspace(-2, 2, steps - 1), np.linspace(0.2, 1, k - 1), np.array([0.5, 0.3, 0.2, 0.4, 0])
    )
    value, slope = model.at(parameters)
    assert value == pytest.approx(written_out(ratings, parameters), abs=1e-6)

    def parts(x: Floats) -> Parameters:
        return Parameters(x[: steps - 1], x[steps - 1 : steps + k - 2], x[steps + k - 2 :])

    def joined(one: Parameters) -> Floats:
        return np.concatenate([one.thresholds, one.effects, one.variances])

    at, found = joined(parameters), joined(slope)
    for index, step in enumerate(np.eye(len(at)) * 1e-5):
        if index == len(at) - 1:
            near = (model.at(parts(at + step))[0] - value) / 1e-5
            assert found[index] == pytest.approx(near, abs=1e-3), "one-sided, at zero"
            continue
        near = (model.at(parts(at + step))[0] - model.at(parts(at - step))[0]) / 2e-5
        assert found[index] == pytest.approx(near, abs=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("scope", [Scope.MUSIC, Scope.PASSAGES])
def test_names_change_nothing_but_names(scope: Scope) -> None:
    cells = graded(2, (7, 4, 3))
    fit = fit_ordinal(ratings_of(cells), scope)
    r = np.random.default_rng(0)
    listeners, passages, systems = (r.permutation(size) for size in cells.shape)
    other = fit_ordinal(ratings_of(cells[np.ix_(listeners, passages, systems)]), scope)
    assert other.variances == fit.variances
    assert other.log_likelihood == fit.log_likelihood
    assert other.omnibus == fit.omnibus
    mine = {(p.comparison.first, p.comparison.second): p for p in fit.pairs(0.05)}
    for pair in other.pairs(0.05):
        i, j = (int(systems[at]) for at in (pair.comparison.first, pair.comparison.second))
        same = mine[min(i, j), max(i, j)]
        assert abs(pair.log_odds) == pytest.approx(abs(same.log_odds), abs=1e-12)
        assert pair.error == pytest.approx(same.error, abs=1e-12)


def test_grades_are_an_order_and_not_numbers() -> None:
    cells = graded(3, (8, 3, 3))
    stretched: Floats = np.where(cells > 3, cells * 10, cells).astype(np.float64)
    first, second = (fit_ordinal(ratings_of(one), Scope.MUSIC) for one in (cells, stretched))
    np.testing.assert_array_equal(first.effects, second.effects)
    assert first.grades != second.grades


def test_a_system_with_higher_grades_has_higher_log_odds() -> None:
    cells = simulated_cells(4, (10, 4, 3), effects=np.array([0.0, 0.0, 25.0]))
    grades: Floats = (np.digitize(cells, [30, 45, 55, 70]) + 1).astype(np.float64)
    fit = fit_ordinal(ratings_of(grades), Scope.PASSAGES)
    assert fit.effects[2] > 1.5
    assert abs(fit.effects[1]) < 1
    pairs = {(p.comparison.first, p.comparison.second): p for p in fit.pairs(0.05)}
    assert pairs[0, 2].log_odds < 0
    assert pairs[0, 2].comparison.p is not None
    assert pairs[0, 2].comparison.p < 1e-4
    assert list(fit.thresholds) == sorted(fit.thresholds)


def test_grades_that_no_model_fits_say_why() -> None:
    cells = np.ones((6, 3, 2))
    cells[:, :, 1] = 5
    apart = ratings_of(cells)
    one = ratings_of(np.full((4, 3, 2), 3.0))
    alone = ratings_of(graded(0, (4, 1, 3)))
    for ratings, scope, words in (
        (apart, Scope.PASSAGES, "no bound|not proved"),
        (one, Scope.PASSAGES, "needs two listeners"),
        (alone, Scope.MUSIC, "needs two listeners"),
        (ratings_of(np.zeros((10, 60, 10))), Scope.MUSIC, "needs two"),
        (ratings_of(graded(0, (10, 60, 10))), Scope.MUSIC, "are more than"),
    ):
        with pytest.raises(NotFittedError, match=words):
            fit_ordinal(ratings, scope)
    assert set(fit_ordinal(alone, Scope.PASSAGES).variances) == {Term.LISTENER}
