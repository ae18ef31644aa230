"""A linear mixed model with crossed slopes for listening tests, by REML, with missing cells too.

    scope *music*:     y ~ system           + (1|l) + (1|p) + (1|l:p) + (1|l:s) + (1|p:s)
    scope *passages*:  y ~ system × passage + (1|l)         + (1|l:p) + (1|l:s)

One value per cell listener × passage × system (repeats are averaged). The table is put into an
order of its own first (:mod:`.ordering`), so that names and rows change no digit. Every fit comes
with the proof that it is the optimum (:mod:`.optimum`); without it there is no fit.

Tests are F and t with Satterthwaite's degrees of freedom (Fai & Cornelius 1996, as in lmerTest);
the covariance of the variances comes from the curvature of the restricted likelihood. Variances
that the fit puts at zero leave the model. The directions of F are those of differences from the
mean of all systems, so that no system is special. Bates et al. 2015; Kuznetsova et al. 2017.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from scipy import stats
from threadpoolctl import ThreadpoolController

from ..methods.crossed import PairEstimate, components, mean_squares
from ..reading.table import Floats, Ints
from ..result.names import Distribution, Method, Scope, Term
from ..result.note_words import NotFittedError
from ..result.notes import NoteCode
from ..result.p_values import all_pairs, comparison_p, f_test, no_test
from ..result.proof import Proof
from ..result.tests import Comparison, Omnibus
from .optimum import Optimum, best_ratios
from .ordering import canonical
from .restricted_likelihood import RestrictedLikelihood, refuse_large

_MOST_DF = 1e6  # t is normal long before; a variance that is known has no end of them
# A residual below this share of the largest term's is none: what is left of ratings that the terms
# explain to the last digit. The likelihood has no maximum there.
_LEAST_OF_TERMS = 1e-4
_FLAT = 1e-7  # of the steepest curvature
_STEP = 1e-4  # of the log of a variance
# Sums round by how many threads share them; and threads that wait for a busy core take ten times
# as long as one that does not wait.
_THREADS = ThreadpoolController()


@dataclass(frozen=True)
class MixedFit:
    """A fitted model: variances by term (with ``residual``), system means and their covariance.

    ``means`` are in the order of the cells; ``order`` gives the system at each position of the
    table that was fitted.
    """

    scope: Scope
    variances: dict[str, float]
    means: Floats
    deviance: float
    observations: int
    likelihood: RestrictedLikelihood
    logs: Floats  # of the variances that are not zero, the residual's last
    active: tuple[int, ...]
    curvature: Floats  # of the deviance by ``logs``
    proof: Proof
    order: Ints

    @cached_property
    def _covariances(self) -> tuple[Floats, Floats, Floats]:
        """Covariance of the system means, its gradient and the covariance of the logs."""
        with _THREADS.limit(limits=1, user_api="blas"):
            base = self._covariance(self.logs)
            gradient = np.array(
                [
                    (self._covariance(self.logs + step) - self._covariance(self.logs - step))
                    / (2 * _STEP)
                    for step in np.eye(len(self.logs)) * _STEP
                ]
            )
        # A direction along which the likelihood does not fall tells nothing of a variance.
        values, vectors = np.linalg.eigh(self.curvature / 2)
        good = values > _FLAT * float(values.max())
        inverse: Floats = (vectors[:, good] / values[good]) @ vectors[:, good].T
        return base, gradient, inverse

    def _covariance(self, logs: Floats) -> Floats:
        return self.likelihood.means(_full(logs, self.active, self.likelihood))[1]

    def contrast(self, weights: Floats) -> tuple[float, float, float]:
        """Estimate, standard error and Satterthwaite df of a contrast ``(k,)`` of the means."""
        return self._contrast(weights[self.order])

    def _contrast(self, weights: Floats) -> tuple[float, float, float]:
        """The same of weights in the order of the fitted table."""
        base, gradient, inverse = self._covariances
        estimate = float(weights @ self.means[self.order])
        variance = float(weights @ base @ weights)
        slope = np.array([weights @ part @ weights for part in gradient])
        spread = float(slope @ inverse @ slope)
        df = min(2 * variance**2 / spread, _MOST_DF) if spread > 0 else _MOST_DF
        return estimate, float(np.sqrt(variance)), df

    def omnibus(self) -> Omnibus:
        """The F test that all systems have the same mean."""
        name = (Method.MIXED_MODEL, "F")
        k = len(self.means)
        centring = np.eye(k) - 1 / k
        values, vectors = np.linalg.eigh(centring @ self._covariances[0] @ centring)
        # The least one is that of the mean of all systems, which the centring takes out.
        directions = vectors.T[np.argsort(values)[1:]]
        if np.sort(values)[1] <= 0:
            return no_test(*name, NoteCode.NO_VARIATION_LEFT)
        found = [self._contrast(direction) for direction in directions]
        q = len(found)
        f = sum((estimate / error) ** 2 for estimate, error, _ in found) / q
        dfs = [df for *_, df in found]
        expected = sum(df / (df - 2) for df in dfs if df > 2)
        df2 = 2 * expected / (expected - q) if expected > q else min(dfs)
        return f_test(*name, f, q, df2)

    def pairs(self, alpha: float) -> list[PairEstimate]:
        """Every pair of systems with t, df and the interval of the difference."""
        result = []
        k = len(self.means)
        for i, j in all_pairs(k):
            weights = np.eye(k)[i] - np.eye(k)[j]
            mean, error, df = self.contrast(weights)
            t = mean / error
            half = float(stats.t.isf(alpha / 2, df)) * error
            test = Comparison(i, j, t, Distribution.T, df, comparison_p(Distribution.T, t, df))
            result.append(PairEstimate(test, mean, error, df, mean - half, mean + half))
        return result


def fit_mixed(cells: Floats, scope: Scope) -> MixedFit:
    """Fit the model to ``cells`` ``(n, m, k)``, NaN where missing.

    The fits of the last tables are kept: tests, variances and second opinions ask for the same.

    Raises:
        NotFittedError: with the reason, if the model cannot be fitted to these cells, or if its
            optimum is not proved.
    """
    return _fitted(np.ascontiguousarray(cells).tobytes(), cells.shape, scope)


@lru_cache(maxsize=8)
def _fitted(table: bytes, shape: tuple[int, int, int], scope: Scope) -> MixedFit:
    with _THREADS.limit(limits=1, user_api="blas"):
        return _ordered_fit(np.frombuffer(table, dtype=np.float64).reshape(shape), scope)


def _ordered_fit(table: Floats, scope: Scope) -> MixedFit:
    refuse_large(table)
    ordered = canonical(table)
    cells, order = ordered.cells, ordered.systems
    likelihood = RestrictedLikelihood(cells, scope)
    terms = likelihood.terms
    closed = _closed_form(cells, scope)
    if closed is not None and closed[-1] <= _LEAST_OF_TERMS * closed.max():
        raise NotFittedError(NoteCode.NO_RESIDUAL)
    found = best_ratios(likelihood, None if closed is None else closed[:-1] / closed[-1])
    residual = likelihood.residual(found.point)
    full = np.append(found.ratios * residual, residual)
    if residual <= _LEAST_OF_TERMS * full.max():
        raise NotFittedError(NoteCode.NO_RESIDUAL)
    active = (*np.flatnonzero(found.ratios).tolist(), len(terms))
    logs = np.log(full[list(active)])
    curvature = _curvature(lambda at: likelihood.log_slope(at, active), logs)
    proof = _proved(likelihood, found, curvature, full, closed)
    if not proof.holds:
        raise NotFittedError(NoteCode.NOT_PROVED)
    means = np.empty(len(order))
    means[order] = likelihood.means(full)[0]
    return MixedFit(
        scope=scope,
        variances=dict(zip((*terms, Term.RESIDUAL), full.tolist(), strict=True)),
        means=means,
        deviance=found.point.deviance,
        observations=likelihood.observations,
        likelihood=likelihood,
        logs=logs,
        active=active,
        curvature=curvature,
        proof=proof,
        order=order,
    )


def _proved(
    likelihood: RestrictedLikelihood,
    found: Optimum,
    curvature: Floats,
    full: Floats,
    closed: Floats | None,
) -> Proof:
    """What proves the end of the search, or shows that it is none."""
    slope, at_zero = found.point.slope, found.ratios == 0
    bends = np.sqrt(np.maximum(np.diag(found.point.information), 1e-300))
    curved = np.linalg.eigvalsh(curvature)
    terms = [term for term, zero in zip(likelihood.terms, at_zero, strict=True) if zero]
    return Proof(
        deviance=found.point.deviance,
        slope=float(np.abs(slope * found.ratios).max(initial=0.0)),
        zeros=dict(zip(terms, (slope / bends)[at_zero].tolist(), strict=True)),
        curvature=float(curved[0] / curved[-1]),
        starts=found.starts,
        agreed=found.agreed,
        closed_form=None if closed is None else float(np.abs(full - closed).max() / full.sum()),
    )


def _closed_form(cells: Floats, scope: Scope) -> Floats | None:
    """The variances of a complete table by its mean squares; None where one is not positive."""
    n, m, k = cells.shape
    if np.isnan(cells).any() or min(n, m, k) < 2:
        return None
    ms = mean_squares(cells)
    found = components(ms)
    if scope is Scope.PASSAGES:
        # Passages and their systems are fixed; what listeners do is estimated alike.
        found = {
            term: found[term]
            for term in (Term.LISTENER, Term.LISTENER_PASSAGE, Term.LISTENER_SYSTEM, Term.RESIDUAL)
        }
    values = np.array(list(found.values()))
    return values if values.min() > 0 else None


def _full(logs: Floats, active: tuple[int, ...], likelihood: RestrictedLikelihood) -> Floats:
    """All variances, the residual's last, of the logs of those that are not zero."""
    full = np.zeros(len(likelihood.terms) + 1)
    full[list(active)] = np.exp(logs)
    return full


def _curvature(slope: Callable[[Floats], Floats], at: Floats) -> Floats:
    """The matrix of second derivatives at ``at``, from differences of first ones."""
    found = np.array(
        [(slope(at + step) - slope(at - step)) / (2 * _STEP) for step in np.eye(len(at)) * _STEP]
    )
    both: Floats = (found + found.T) / 2
    return both
