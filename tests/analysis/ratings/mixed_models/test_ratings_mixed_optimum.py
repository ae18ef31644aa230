"""The optimum of the restricted likelihood: proved, the same in any order, never a false zero.

SIMULATED ratings.
"""

from typing import Any

import numpy as np
import pytest
from mixed_designs import DESIGNS, MixedDesign
from ratings_simulation import simulated_cells
from scipy import optimize

from earmark.analysis.ratings.methods.crossed import components, mean_squares
from earmark.analysis.ratings.mixed_models.linear import fit_mixed
from earmark.analysis.ratings.mixed_models.optimum import best_ratios
from earmark.analysis.ratings.mixed_models.restricted_likelihood import (
    RestrictedLikelihood,
    work,
)
from earmark.analysis.ratings.reading.table import Floats
from earmark.analysis.ratings.result.names import Scope, Term
from earmark.analysis.ratings.result.note_words import NotFittedError
from earmark.analysis.ratings.result.proof import Proof

NAN = float("nan")
SCOPES = [Scope.MUSIC, Scope.PASSAGES]


def holed(seed: int, shape: tuple[int, int, int], share: float = 0.15, **sds: Any) -> Floats:
    cells = simulated_cells(seed, shape, **sds)
    cells[np.random.default_rng(seed).random(shape) < share] = NAN
    return cells


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("shape", [(7, 5, 3), (6, 3, 5), (5, 4, 4)])
def test_the_slope_is_that_of_the_deviance(scope: Scope, shape: tuple[int, int, int]) -> None:
    cells = holed(1, shape)
    cells[0], cells[0, 0] = NAN, 50.0  # one who rated little
    likelihood = RestrictedLikelihood(cells, scope)
    r = np.random.default_rng(0)
    count = len(likelihood.terms)
    for ratios in (r.uniform(0.1, 3, count), np.eye(count)[1] * 0.7, np.zeros(count)):
        point = likelihood.at(ratios)
        for index, step in enumerate(np.eye(count) * 1e-6):
            up = likelihood.at(ratios + step).deviance - point.deviance
            assert point.slope[index] == pytest.approx(up / 1e-6, rel=2e-4, abs=2e-4)


@pytest.mark.parametrize("scope", SCOPES)
def test_the_slope_by_logs_is_that_of_the_deviance_of_variances(scope: Scope) -> None:
    likelihood = RestrictedLikelihood(holed(2, (7, 4, 3)), scope)
    count = len(likelihood.terms)
    active = (0, 2, count)
    logs = np.log([30.0, 5.0, 80.0])

    def deviance(at: Floats) -> float:
        full = np.zeros(count + 1)
        full[list(active)] = np.exp(at)
        return likelihood.deviance(full)

    expected = optimize.approx_fprime(logs, deviance, 1e-6)
    np.testing.assert_allclose(likelihood.log_slope(logs, active), expected, atol=1e-3)


@pytest.mark.parametrize("scope", SCOPES)
def test_the_information_is_that_of_what_is_projected(scope: Scope) -> None:
    """The average information by matrices of all ratings."""
    cells = holed(3, (5, 4, 3))
    likelihood = RestrictedLikelihood(cells, scope)
    ratios = np.linspace(0.3, 1.5, len(likelihood.terms))
    at = np.argwhere(~np.isnan(cells))
    l_, p, s = at.T
    y = (cells[tuple(at.T)] - np.nanmean(cells)) / np.nanstd(cells)
    sides = {
        Term.LISTENER: l_, Term.PASSAGE: p, Term.LISTENER_PASSAGE: l_ * 10 + p,
        Term.LISTENER_SYSTEM: l_ * 10 + s, Term.PASSAGE_SYSTEM: p * 10 + s,
    }  # fmt: skip
    shared = [(sides[t][:, None] == sides[t]).astype(float) for t in likelihood.terms]
    v = np.eye(len(y)) + sum(r * k for r, k in zip(ratios, shared, strict=True))
    x = np.eye(3)[s] if scope is Scope.MUSIC else np.eye(12)[p * 3 + s]
    inverse = np.linalg.inv(v)
    projection = inverse - inverse @ x @ np.linalg.inv(x.T @ inverse @ x) @ x.T @ inverse
    point = likelihood.at(ratios)
    py = projection @ y
    assert point.quadratic == pytest.approx(y @ py)
    np.testing.assert_allclose(point.traces, [np.trace(projection @ k) for k in shared])
    np.testing.assert_allclose(point.squares, [py @ k @ py for k in shared])
    total = point.quadratic
    expected = [
        [
            py @ a @ projection @ b @ py / total - (py @ a @ py) * (py @ b @ py) / total**2
            for b in shared
        ]
        for a in shared
    ]
    np.testing.assert_allclose(point.information, len(y) * np.array(expected) * (
        1 - x.shape[1] / len(y)
    ), atol=1e-9)  # fmt: skip


@pytest.mark.parametrize("design", DESIGNS, ids=lambda one: one.name)
@pytest.mark.parametrize("scope", SCOPES)
def test_every_start_ends_at_the_proved_optimum(design: MixedDesign, scope: Scope) -> None:
    cells = design.cells
    if scope is Scope.PASSAGES and np.isnan(cells).all(axis=0).any():
        with pytest.raises(NotFittedError, match="nobody rated"):
            fit_mixed(cells, scope)
        return
    proof = fit_mixed(cells, scope).proof
    assert proof.holds
    assert proof.agreed == proof.starts >= 4
    assert proof.slope < 1e-6
    assert all(slope > 0 for slope in proof.zeros.values())


@pytest.mark.slow
@pytest.mark.parametrize("scope", SCOPES)
def test_simulated_fits_with_small_slopes_and_holes_are_all_proved(scope: Scope) -> None:
    zeros = 0
    for seed in range(40):
        cells = holed(seed, (10, 5, 4), listener_system=1.5, passage_system=1.5, listener_passage=2)
        fit = fit_mixed(cells, scope)
        assert fit.proof.holds
        assert fit.proof.agreed == fit.proof.starts
        zeros += len(fit.proof.zeros)
        for term in fit.proof.zeros:
            raised = np.array(list(fit.variances.values()))
            raised[list(fit.variances).index(term)] += 1e-3 * raised[-1]
            assert fit.likelihood.deviance(raised) > fit.deviance
    assert zeros > 10, "the adversary: many true zeros"


def balanced_best(cells: Floats) -> float:
    """The least deviance of a complete table by its mean squares alone, up to a constant.

    Sums of squares are independent multiples of chi², with the expectations of the model.
    """
    ms = mean_squares(cells)
    n, m, k = ms.n, ms.m, ms.k
    freedom = np.array([
        n - 1, m - 1, (n - 1) * (m - 1), (n - 1) * (k - 1), (m - 1) * (k - 1),
        (n - 1) * (m - 1) * (k - 1),
    ])  # fmt: skip
    squares = np.array([ms.l, ms.p, ms.lp, ms.sl, ms.sp, ms.slp])

    def deviance(variances: Floats) -> float:
        l_, p, lp, ls, ps, e = variances
        expected = np.array([
            e + m * ls + k * lp + m * k * l_, e + n * ps + k * lp + n * k * p, e + k * lp,
            e + m * ls, e + n * ps, e,
        ])  # fmt: skip
        return float((freedom * (np.log(expected) + squares / expected)).sum())

    ends = [
        optimize.minimize(
            deviance, np.full(6, ms.slp * start), bounds=[(0, None)] * 5 + [(1e-6, None)],
            method="L-BFGS-B", options={"ftol": 1e-15, "gtol": 1e-10, "maxiter": 5000},
        )
        for start in (0.01, 0.3, 1.0)
    ]  # fmt: skip
    return float(min(end.fun for end in ends))


@pytest.mark.slow
def test_complete_tables_with_negative_moments_end_where_their_mean_squares_do() -> None:
    constants = []
    negative = 0
    for seed in range(12):
        cells = simulated_cells(seed, (8, 5, 4), listener_passage=1, passage=2, residual=14)
        negative += min(components(mean_squares(cells)).values()) < 0
        fit = fit_mixed(cells, Scope.MUSIC)
        assert fit.proof.closed_form is None or fit.proof.closed_form < 1e-8
        constants.append(fit.deviance - balanced_best(cells))
    assert negative >= 6
    assert np.ptp(constants) < 1e-6


def test_the_closed_form_is_part_of_the_proof_of_complete_tables() -> None:
    cells = simulated_cells(0, listener_system=7, passage_system=9)
    for scope in SCOPES:
        proof = fit_mixed(cells, scope).proof
        assert proof.closed_form is not None
        assert proof.closed_form < 1e-8
        assert proof.starts == 5
    assert fit_mixed(holed(0, (8, 5, 4)), Scope.MUSIC).proof.closed_form is None


def test_terms_that_cannot_be_told_apart_are_fitted_by_their_sum() -> None:
    """Each listener rated one passage: listener and listener × passage are one."""
    cells = simulated_cells(5, (18, 3, 4), listener=9, listener_passage=4)
    for listener in range(18):
        for passage in range(3):
            if passage != listener % 3:
                cells[listener, passage] = NAN
    fit = fit_mixed(cells, Scope.PASSAGES)
    assert fit.proof.holds
    assert abs(fit.proof.curvature) < 1e-6
    for pair in fit.pairs(0.05):
        assert np.isfinite([pair.error, pair.df]).all()
        assert pair.df > 5


def test_an_end_that_is_no_optimum_is_not_proved() -> None:
    good = Proof(
        deviance=1.0, slope=1e-9, zeros={Term.LISTENER: 0.4}, curvature=0.1, starts=4, agreed=4,
        closed_form=1e-9,
    )  # fmt: skip
    assert good.holds
    changes: tuple[dict[str, object], ...] = (
        {"slope": 1e-3},
        {"zeros": {Term.LISTENER: 0.2, Term.PASSAGE: -0.01}},
        {"curvature": -0.01},
        {"agreed": 0},
        {"closed_form": 0.01},
    )
    for change in changes:
        assert not good.model_copy(update=change).holds
    assert good.model_copy(update={"zeros": {}, "closed_form": None}).holds


def test_a_search_that_is_cut_short_gives_no_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = holed(77, (8, 5, 4))
    monkeypatch.setattr("earmark.analysis.ratings.mixed_models.optimum._MOST_STEPS", 1)
    with pytest.raises(NotFittedError, match="not proved"):
        fit_mixed(cells, Scope.MUSIC)


def test_a_search_begins_again_where_it_cannot_be_at_the_end() -> None:
    likelihood = RestrictedLikelihood(holed(6, (9, 5, 3), listener_system=4), Scope.MUSIC)
    found = best_ratios(likelihood)
    r = np.random.default_rng(0)
    for _ in range(200):
        other = found.ratios * np.exp(r.normal(0, 1, 5)) + r.exponential(0.2, 5) * (
            r.random(5) < 0.5
        )
        assert likelihood.at(other).deviance > found.point.deviance - 1e-9


def test_work_grows_with_patterns_and_cells() -> None:
    cells = simulated_cells(0, (6, 4, 3))
    assert work(cells) == 1 * 12**2 * 3
    cells[0, 0, 0] = NAN
    assert work(cells) == 2 * 12**2 * 3
