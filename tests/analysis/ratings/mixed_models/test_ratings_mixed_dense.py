"""The mixed model against the same model written out: one matrix over all ratings.

Nothing is shared or left out here: V holds every rating, its variances are summed cell by cell, and
derivatives are taken of that. SIMULATED ratings.
"""

from collections.abc import Callable

import numpy as np
import pytest
from ratings_simulation import simulated_cells
from scipy import stats

from earmark.analysis.ratings.mixed_models.linear import MixedFit, fit_mixed
from earmark.analysis.ratings.mixed_models.restricted_likelihood import MUSIC, PASSAGES
from earmark.analysis.ratings.reading.table import Floats
from earmark.analysis.ratings.result.names import Scope

NAN = float("nan")


class Dense:
    """Restricted likelihood, means and their covariance of ``cells`` with holes, by its words."""

    def __init__(self, cells: Floats, scope: Scope) -> None:
        _, m, k = cells.shape
        self.at = np.argwhere(~np.isnan(cells))
        self.y = cells[tuple(self.at.T)]
        listener, passage, system = self.at.T
        alike = {
            "listener": listener, "passage": passage,
            "listener:passage": listener * m + passage,
            "listener:system": listener * k + system,
            "passage:system": passage * k + system,
        }  # fmt: skip
        terms = MUSIC if scope is Scope.MUSIC else PASSAGES
        self.shared = [alike[term][:, None] == alike[term][None, :] for term in terms]
        fixed = system if scope is Scope.MUSIC else passage * k + system
        self.x = np.eye(k if scope is Scope.MUSIC else m * k)[fixed]
        # Rows of weights: the mean of a system over the passages.
        self.rows = np.eye(k) if scope is Scope.MUSIC else np.tile(np.eye(k), m) / m

    def parts(self, variances: Floats) -> tuple[float, Floats, Floats]:
        v = variances[-1] * np.eye(len(self.y))
        for variance, shared in zip(variances, self.shared, strict=False):
            v = v + variance * shared
        inverse = np.linalg.inv(v)
        information = self.x.T @ inverse @ self.x
        covariance = np.linalg.inv(information)
        effects = covariance @ self.x.T @ inverse @ self.y
        left = self.y - self.x @ effects
        free = len(self.y) - self.x.shape[1]
        deviance = (
            free * np.log(2 * np.pi)
            + np.linalg.slogdet(v)[1]
            + np.linalg.slogdet(information)[1]
            + left @ inverse @ left
        )
        return float(deviance), self.rows @ effects, self.rows @ covariance @ self.rows.T


def slopes(function: Callable[[Floats], Floats], at: Floats, step: float = 5e-4) -> Floats:
    """Derivatives by every element of ``at``, by five points each."""
    found = []
    for shift in np.eye(len(at)) * step:
        near = function(at + shift) - function(at - shift)
        far = function(at + 2 * shift) - function(at - 2 * shift)
        found.append((8 * near - far) / (12 * step))
    return np.array(found)


def satterthwaite(dense: Dense, fit: MixedFit) -> Callable[[Floats], tuple[float, float, float]]:
    """Estimate, error and df of a contrast of the means, from the dense model alone."""
    active = [at for at, value in enumerate(fit.variances.values()) if value > 0]
    logs = np.log([list(fit.variances.values())[at] for at in active])

    def full(parameters: Floats) -> Floats:
        variances = np.zeros(len(fit.variances))
        variances[active] = np.exp(parameters)
        return variances

    _, means, covariance = dense.parts(full(logs))
    gradient = slopes(lambda x: dense.parts(full(x))[2], logs)
    curvature = slopes(
        lambda at: slopes(lambda x: np.array(dense.parts(full(x))[0]), at, 2e-3), logs, 2e-3
    )
    spread = np.linalg.inv(curvature / 2)

    def contrast(weights: Floats) -> tuple[float, float, float]:
        variance = weights @ covariance @ weights
        slope = weights @ gradient @ weights
        df = 2 * variance**2 / (slope @ spread @ slope)
        return float(weights @ means), float(np.sqrt(variance)), float(df)

    return contrast


def holes(seed: int, shape: tuple[int, int, int], share: float, **more: float) -> Floats:
    cells = simulated_cells(seed, shape, effects=np.linspace(0, 9, shape[2]), **more)
    cells[np.random.default_rng(seed).random(shape) < share] = NAN
    return cells


CASES = [
    (Scope.MUSIC, holes(1, (9, 4, 3), 0.15, listener_system=8, passage_system=7)),
    (Scope.MUSIC, holes(2, (7, 5, 2), 0.0, listener_system=8, passage_system=0)),
    (Scope.PASSAGES, holes(3, (9, 3, 3), 0.12, listener_system=8)),
    (Scope.PASSAGES, holes(4, (11, 2, 4), 0.1, listener_system=0, listener=0)),
]


@pytest.fixture(params=CASES, ids=["music", "balanced music", "passages", "few terms"])
def case(request: pytest.FixtureRequest) -> tuple[Dense, MixedFit]:
    scope, cells = request.param
    return Dense(cells, scope), fit_mixed(cells, scope)


def test_the_deviance_and_the_means_are_those_of_the_dense_model(
    case: tuple[Dense, MixedFit],
) -> None:
    dense, fit = case
    variances = np.array(list(fit.variances.values()))
    deviance, means, _ = dense.parts(variances)
    assert fit.deviance == pytest.approx(deviance, abs=1e-7)
    assert fit.means == pytest.approx(means, abs=1e-8)
    assert fit.observations == len(dense.y)
    assert fit.likelihood.deviance(variances * 1.3) == pytest.approx(
        dense.parts(variances * 1.3)[0], abs=1e-7
    )


def test_no_other_variances_are_more_likely(case: tuple[Dense, MixedFit]) -> None:
    dense, fit = case
    variances = np.array(list(fit.variances.values()))
    r = np.random.default_rng(0)
    for size in (0.01, 0.3, 1.0):
        for _ in range(30):
            other = variances * np.exp(r.normal(0, size, len(variances)))
            other += (variances == 0) * variances.max() * size * r.random(len(variances))
            assert dense.parts(other)[0] >= fit.deviance - 1e-6


def test_errors_and_degrees_of_freedom_are_those_of_the_dense_model(
    case: tuple[Dense, MixedFit],
) -> None:
    dense, fit = case
    contrast = satterthwaite(dense, fit)
    k = len(fit.means)
    for pair in fit.pairs(0.05):
        weights = np.eye(k)[pair.comparison.first] - np.eye(k)[pair.comparison.second]
        mean, error, df = contrast(weights)
        assert (pair.difference, pair.error) == pytest.approx((mean, error), rel=1e-6)
        assert pair.df == pytest.approx(df, rel=1e-3)
        assert pair.comparison.statistic == pytest.approx(mean / error, rel=1e-6)
        assert pair.comparison.p == pytest.approx(2 * stats.t.sf(abs(mean / error), df), rel=1e-2)
        half = stats.t.isf(0.025, df) * error
        assert (pair.low, pair.high) == pytest.approx((mean - half, mean + half), rel=1e-3)
    # Fai and Cornelius: t of the independent directions, and the F whose mean is theirs.
    differences = np.linalg.svd(np.eye(k) - 1 / k)[2][:-1]  # an orthonormal basis of contrasts
    covariance = (
        differences @ dense.parts(np.array(list(fit.variances.values())))[2] @ differences.T
    )
    directions = np.linalg.eigh(covariance)[1].T @ differences
    found = [contrast(direction) for direction in directions]
    q = k - 1
    test = fit.omnibus()
    f = sum((mean / error) ** 2 for mean, error, _ in found) / q
    mean_f = sum(df / (df - 2) for *_, df in found)
    assert (test.statistic, test.df) == pytest.approx((f, q), rel=1e-6)
    assert test.df2 == pytest.approx(2 * mean_f / (mean_f - q), rel=2e-3)
