"""A linear mixed model with crossed slopes for listening tests, by REML, with missing cells too.

    scope *music*:     y ~ system           + (1|l) + (1|p) + (1|l:p) + (1|l:s) + (1|p:s)
    scope *passages*:  y ~ system × passage + (1|l)         + (1|l:p) + (1|l:s)

One value per cell listener × passage × system (repeats are averaged). General programs invert
matrices as large as the number of listeners' effects; here listeners are independent given the
passages, so each contributes a matrix of passages × systems only, and listeners with the same
missing cells share it. A fit takes a fraction of a second where statsmodels takes half a minute.

Tests are F and t with Satterthwaite's degrees of freedom (Fai & Cornelius 1996, as in lmerTest);
the covariance of the variances comes from the curvature of the restricted likelihood. Variances
that the fit puts at zero leave the model. Bates et al. 2015; Kuznetsova et al. 2017.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import optimize, stats

from ..reading.table import Bools, Floats
from ..result.names import Distribution, Method, Scope, Term
from ..result.note_words import NotFittedError
from ..result.notes import CountCode, ModelTooLarge, NoteCode, OfCount
from ..result.p_values import all_pairs, comparison_p, f_test, no_test
from ..result.tests import Comparison, Omnibus
from .crossed import PairEstimate

MUSIC = (
    *(Term.LISTENER, Term.PASSAGE, Term.LISTENER_PASSAGE),
    *(Term.LISTENER_SYSTEM, Term.PASSAGE_SYSTEM),
)
PASSAGES = (Term.LISTENER, Term.LISTENER_PASSAGE, Term.LISTENER_SYSTEM)
MOST_CELLS = 600  # passages × systems: larger tables make the matrices of a listener slow
MOST_WORK = 5e8  # patterns of missing cells × (passages × systems)³: some minutes
_NONE_BELOW = 1e-7
_MOST_DF = 1e6  # t is normal long before; a variance that is known has no end of them
# A residual below these shares of the largest term's and of all variance is none: what is left of
# ratings that the terms explain to the last digit. The likelihood has no maximum there.
_LEAST_OF_TERMS = 1e-4
_LEAST_OF_ALL = 1e-12


@dataclass(frozen=True)
class MixedFit:
    """A fitted model: variances by term (with ``residual``), system means and their covariance."""

    scope: Scope
    variances: dict[str, float]
    means: Floats
    deviance: float
    observations: int
    model: "_Model"
    parameters: Floats  # log variances of the terms that are not zero, the residual's last
    active: tuple[int, ...]

    @cached_property
    def _covariances(self) -> tuple[Floats, Floats, Floats]:
        """Covariance of the system means, its gradient and the covariance of the parameters."""
        count = len(self.parameters)
        base = self.model.means(self._variances(self.parameters))[1]
        gradient = np.empty((count, *base.shape))
        step = 1e-4
        for index in range(count):
            shift = np.zeros(count)
            shift[index] = step
            up = self.model.means(self._variances(self.parameters + shift))[1]
            down = self.model.means(self._variances(self.parameters - shift))[1]
            gradient[index] = (up - down) / (2 * step)
        curvature = _hessian(self._deviance, self.parameters) / 2
        # A direction along which the likelihood does not fall tells nothing of a variance.
        values, vectors = np.linalg.eigh(curvature)
        good = values > 1e-8 * max(1.0, float(values.max()))
        inverse: Floats = (vectors[:, good] / values[good]) @ vectors[:, good].T
        return base, gradient, inverse

    def _variances(self, parameters: Floats) -> Floats:
        full = np.zeros(len(self.model.terms) + 1)
        full[list(self.active)] = np.exp(parameters)
        return full

    def _deviance(self, parameters: Floats) -> float:
        return self.model.deviance(self._variances(parameters))

    def contrast(self, weights: Floats) -> tuple[float, float, float]:
        """Estimate, standard error and Satterthwaite df of a contrast ``(k,)`` of the means.

        Raises:
            ValueError: if the likelihood says nothing of the variances, so that there is no df.
        """
        base, gradient, inverse = self._covariances
        estimate = float(weights @ self.means)
        variance = float(weights @ base @ weights)
        slope = np.array([weights @ part @ weights for part in gradient])
        spread = float(slope @ inverse @ slope)
        df = min(2 * variance**2 / spread, _MOST_DF) if spread > 0 else _MOST_DF
        return estimate, float(np.sqrt(variance)), df

    def omnibus(self) -> Omnibus:
        """The F test that all systems have the same mean."""
        name = (Method.MIXED_MODEL, "F")
        k = len(self.means)
        contrasts = np.eye(k)[1:] - np.eye(k)[:1]
        covariance = contrasts @ self._covariances[0] @ contrasts.T
        values, vectors = np.linalg.eigh(covariance)
        if values.min() <= 0:
            return no_test(*name, NoteCode.NO_VARIATION_LEFT)
        directions = vectors.T @ contrasts
        found = [self.contrast(direction) for direction in directions]
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


def work(cells: Floats) -> float:
    """What a fit to ``cells`` ``(n, m, k)`` costs: distinct patterns × (passages × systems)³."""
    known = ~np.isnan(cells.reshape(len(cells), -1))
    return float(len(np.unique(known, axis=0)) * float(known.shape[1]) ** 3)


def fit_mixed(cells: Floats, scope: Scope) -> MixedFit:
    """Fit the model to ``cells`` ``(n, m, k)``, NaN where missing.

    Raises:
        NotFittedError: with the reason, if the model cannot be fitted to these cells.
    """
    model = _Model(cells, scope)
    start = np.full(len(model.terms), 0.5)
    bounds = [(0.0, 100.0)] * len(start)

    def objective(roots: Floats) -> float:
        return model.profiled(roots**2)[0]

    starts = [optimize.minimize(objective, start * scale, bounds=bounds) for scale in (1.0, 0.2)]
    best = min(starts, key=lambda found: float(found.fun))
    ratios = np.asarray(best.x, dtype=np.float64) ** 2
    ratios[ratios < _NONE_BELOW] = 0.0
    for index in np.flatnonzero(ratios):
        without = ratios.copy()
        without[index] = 0.0
        if model.profiled(without)[0] <= model.profiled(ratios)[0] + 1e-7:
            ratios = without
    residual = model.profiled(ratios)[1]
    if residual <= _LEAST_OF_ALL * model.scale**2:
        raise NotFittedError(NoteCode.NO_RESIDUAL)
    active = (*np.flatnonzero(ratios).tolist(), len(model.terms))
    full = np.append(ratios * residual, residual)
    parameters = np.log(full[list(active)])

    def deviance(values: Floats) -> float:
        whole = np.zeros(len(model.terms) + 1)
        whole[list(active)] = np.exp(values)
        return model.deviance(whole)

    parameters = _polished(deviance, parameters)
    full = np.zeros(len(model.terms) + 1)
    full[list(active)] = np.exp(parameters)
    if full[-1] <= _LEAST_OF_TERMS * full.max():
        raise NotFittedError(NoteCode.NO_RESIDUAL)
    names = (*model.terms, Term.RESIDUAL)
    return MixedFit(
        scope=scope,
        variances=dict(zip(names, full.tolist(), strict=True)),
        means=model.means(full)[0],
        deviance=model.deviance(full),
        observations=model.observations,
        model=model,
        parameters=parameters,
        active=active,
    )


class _Model:
    """The restricted likelihood; everything lives in the space of cells passage × system."""

    def __init__(self, cells: Floats, scope: Scope) -> None:
        n, m, k = cells.shape
        self.terms = MUSIC if scope is Scope.MUSIC else PASSAGES
        self.m, self.k = m, k
        size = m * k
        if size > MOST_CELLS:
            raise NotFittedError(ModelTooLarge(passages=m, systems=k))
        if work(cells) > MOST_WORK:
            raise NotFittedError(OfCount(code=CountCode.MANY_PATTERNS, count=n))
        flat = cells.reshape(n, size)
        known: Bools = ~np.isnan(flat)
        if n < 2 or k < 2 or (scope is Scope.MUSIC and m < 2):
            raise NotFittedError(NoteCode.MODEL_TOO_SMALL)
        self.systems = np.tile(np.eye(k), (m, 1))
        self.passages = np.repeat(np.eye(m), k, axis=0)
        if scope is Scope.MUSIC:
            self.fixed = self.systems
            if not known.any(axis=0).reshape(m, k).any(axis=0).all():
                raise NotFittedError(NoteCode.SYSTEM_UNRATED)
        else:
            if not known.any(axis=0).all():
                raise NotFittedError(NoteCode.SYSTEM_UNRATED_ON_PASSAGE)
            self.fixed = np.eye(size)
        self.to_means = np.eye(k) if scope is Scope.MUSIC else self.systems.T / m
        self.observations = int(known.sum())
        self.freedom = self.observations - self.fixed.shape[1]
        if self.freedom < len(self.terms) + 1:
            raise NotFittedError(NoteCode.FEW_RATINGS)
        self.scale = float(np.nanstd(flat)) or 1.0
        y = np.where(known, flat - np.nanmean(flat), 0.0) / self.scale
        self.centre = float(np.nanmean(flat))
        # Listeners with the same missing cells share one matrix.
        patterns, member = np.unique(known, axis=0, return_inverse=True)
        member = member.reshape(-1)
        self.present: Floats = patterns.astype(np.float64)
        count = len(patterns)
        self.members = np.bincount(member, minlength=count).astype(np.float64)
        self.sums = np.zeros((count, size))
        np.add.at(self.sums, member, y)
        self.products = np.zeros((count, size, size))
        for pattern in range(count):
            mine = y[member == pattern]
            self.products[pattern] = mine.T @ mine
        same_passage = self.passages @ self.passages.T
        same_system = self.systems @ self.systems.T
        self.inner: dict[str, Floats] = {
            Term.LISTENER: np.ones((size, size)),
            Term.LISTENER_PASSAGE: same_passage,
            Term.LISTENER_SYSTEM: same_system,
        }
        self.outer: dict[str, Floats] = {
            Term.PASSAGE: self.passages,
            Term.PASSAGE_SYSTEM: np.eye(size),
        }

    def _parts(self, ratios: Floats) -> tuple[float, float, Floats, Floats]:
        """Log-determinant of V, residual quadratic form, X'V⁻¹X and the fixed effects; σ² = 1."""
        size = self.m * self.k
        ratio = dict(zip(self.terms, ratios.tolist(), strict=True))
        inner = np.eye(size)
        for name, matrix in self.inner.items():
            inner = inner + ratio[name] * matrix
        # Missing cells become unit rows without neighbours, which change nothing.
        both = self.present[:, :, None] * self.present[:, None, :]
        absent = (1 - self.present)[:, :, None] * np.eye(size)
        lower = np.linalg.cholesky(both * inner + absent)
        logdet = 2 * float(
            (self.members[:, None] * np.log(np.diagonal(lower, axis1=1, axis2=2))).sum()
        )
        inverse = np.linalg.inv(lower)
        precision = np.einsum("uji,ujk->uik", inverse, inverse) * both
        h = np.einsum("u,uik->ik", self.members, precision)
        g = np.einsum("uik,uk->i", precision, self.sums)
        quadratic = float((precision * self.products).sum())
        columns = [
            np.sqrt(ratio[name]) * matrix
            for name, matrix in self.outer.items()
            if ratio.get(name, 0.0) > 0
        ]
        if columns:
            z = np.concatenate(columns, axis=1)
            middle = z.T @ h @ z + np.eye(z.shape[1])
            factor = np.linalg.cholesky(middle)
            logdet += 2 * float(np.log(np.diag(factor)).sum())
            left = np.linalg.solve(factor, z.T @ h)
            right = np.linalg.solve(factor, z.T @ g)
            h = h - left.T @ left
            g = g - left.T @ right
            quadratic -= float(right @ right)
        information = self.fixed.T @ h @ self.fixed
        score = self.fixed.T @ g
        effects = np.linalg.solve(information, score)
        quadratic -= float(score @ effects)
        return logdet, quadratic, information, effects

    def profiled(self, ratios: Floats) -> tuple[float, float]:
        """Deviance at the best residual variance, and that variance, in the data's units."""
        logdet, quadratic, information, _ = self._parts(ratios)
        residual = max(quadratic, 1e-300) / self.freedom * self.scale**2
        _, logx = np.linalg.slogdet(information)
        deviance = self.freedom * (1 + np.log(2 * np.pi * residual)) + logdet + float(logx)
        return float(deviance), residual

    def deviance(self, variances: Floats) -> float:
        """-2 log restricted likelihood of variances by term, the residual's last."""
        scaled = variances / self.scale**2
        residual = float(scaled[-1])
        logdet, quadratic, information, _ = self._parts(scaled[:-1] / residual)
        _, logx = np.linalg.slogdet(information)
        constant = self.freedom * np.log(2 * np.pi * residual * self.scale**2)
        return float(constant + logdet + float(logx) + quadratic / residual)

    def means(self, variances: Floats) -> tuple[Floats, Floats]:
        """System means ``(k,)`` and their covariance ``(k, k)``."""
        residual = float(variances[-1])
        _, _, information, effects = self._parts(variances[:-1] / residual)
        covariance = self.to_means @ np.linalg.inv(information) @ self.to_means.T * residual
        means: Floats = self.to_means @ effects * self.scale + self.centre
        return means, covariance


def _hessian(function: Callable[[Floats], float], at: Floats) -> Floats:
    step = 2e-3
    count = len(at)
    result = np.empty((count, count))
    centre = function(at)
    shifts = np.eye(count) * step
    for i in range(count):
        up, down = function(at + shifts[i]), function(at - shifts[i])
        result[i, i] = (up - 2 * centre + down) / step**2
        for j in range(i):
            mixed = function(at + shifts[i] + shifts[j]) + function(at - shifts[i] - shifts[j])
            mixed -= function(at + shifts[i] - shifts[j]) + function(at - shifts[i] + shifts[j])
            result[i, j] = result[j, i] = mixed / (4 * step**2)
    return result


def _polished(function: Callable[[Floats], float], at: Floats) -> Floats:
    """Newton steps to the minimum near ``at``; a step that does not help is halved, then left."""
    step = 1e-4
    for _ in range(8):
        count = len(at)
        shifts = np.eye(count) * step
        slope = np.array([(function(at + s) - function(at - s)) / (2 * step) for s in shifts])
        if np.abs(slope).max() < 1e-7:
            break
        values, vectors = np.linalg.eigh(_hessian(function, at))
        move = vectors @ ((vectors.T @ slope) / np.maximum(np.abs(values), 1e-6))
        move = np.clip(move, -1, 1)
        before, scale = function(at), 1.0
        while scale > 1e-3 and function(at - scale * move) > before:
            scale /= 2
        if scale <= 1e-3:
            break
        at = at - scale * move
    return at
