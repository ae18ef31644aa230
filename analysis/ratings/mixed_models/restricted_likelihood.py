"""The restricted likelihood of crossed ratings with missing cells: value, slope and curvature.

With ratios θ of the variances to that of the residual, the ratings of all listeners have the
covariance σ²V, V = D + E Ω E', where D holds a block per listener (listener, listener × passage,
listener × system, residual), Ω the terms that listeners share (passage, passage × system) and E
picks the cells that a listener rated (:mod:`.crossed_covariance`).

The slope in θ_j is tr(P K_j) - f y'P K_j P y / y'P y, with K_j the term's matrix, P the projection
V⁻¹ - V⁻¹X(X'V⁻¹X)⁻¹X'V⁻¹ and f the ratings less the fixed effects; it is exact, also where θ is 0.
The average information f (y'P K_i P K_j P y / y'P y - …) stands for the curvature (Gilmour et al.
1995).
"""

from dataclasses import dataclass

import numpy as np

from ..reading.table import Bools, Floats
from ..result.names import Scope, Term
from ..result.note_words import NotFittedError
from ..result.notes import CountCode, ModelTooLarge, NoteCode, OfCount
from .crossed_covariance import Solved, layout_of, weighted

MUSIC = (
    *(Term.LISTENER, Term.PASSAGE, Term.LISTENER_PASSAGE),
    *(Term.LISTENER_SYSTEM, Term.PASSAGE_SYSTEM),
)
PASSAGES = (Term.LISTENER, Term.LISTENER_PASSAGE, Term.LISTENER_SYSTEM)
MOST_CELLS = 600  # passages × systems: larger tables make the matrices of all listeners slow
MOST_WORK = 1e9  # a minute
# A residual below this share of all variance is what rounding leaves of none.
_LEAST_OF_ALL = 1e-12


def work(cells: Floats) -> float:
    """What a fit to ``cells`` ``(n, m, k)`` costs: patterns of holes × (m k)² × min(m, k)."""
    _, m, k = cells.shape
    known = ~np.isnan(cells.reshape(len(cells), -1))
    return float(len(np.unique(known, axis=0)) * float(m * k) ** 2 * min(m, k))


def refuse_large(cells: Floats) -> None:
    """Refuse ``cells`` ``(n, m, k)`` whose fit would take long, before anything is done.

    Raises:
        NotFittedError: with the reason.
    """
    n, m, k = cells.shape
    if m * k > MOST_CELLS:
        raise NotFittedError(ModelTooLarge(passages=m, systems=k))
    if work(cells) > MOST_WORK:
        raise NotFittedError(OfCount(code=CountCode.MANY_PATTERNS, count=n))


@dataclass(frozen=True)
class AtRatios:
    """The likelihood at some ratios: σ² = ``quadratic`` / freedom is best there.

    ``deviance`` is -2 log restricted likelihood at that σ² in the data's units; ``traces`` are
    tr(P K_j) and ``squares`` y'P K_j P y, both ``(terms,)``; ``information`` is the average
    information of the deviance ``(terms, terms)``.
    """

    deviance: float
    quadratic: float
    logdet: float
    traces: Floats
    squares: Floats
    information: Floats
    freedom: int

    @property
    def slope(self) -> Floats:
        """The derivative of the deviance by each ratio ``(terms,)``."""
        return self.traces - self.freedom * self.squares / self.quadratic


class RestrictedLikelihood:
    """-2 log restricted likelihood of ``cells`` ``(n, m, k)``, NaN where missing.

    Raises:
        NotFittedError: with the reason, if the model cannot be fitted to these cells.
    """

    def __init__(self, cells: Floats, scope: Scope) -> None:
        n, m, k = cells.shape
        self.terms = MUSIC if scope is Scope.MUSIC else PASSAGES
        if n < 2 or k < 2 or (scope is Scope.MUSIC and m < 2):
            raise NotFittedError(NoteCode.MODEL_TOO_SMALL)
        rated: Bools = ~np.asarray(np.isnan(cells).all(axis=0))
        if scope is Scope.MUSIC and not rated.any(axis=0).all():
            raise NotFittedError(NoteCode.SYSTEM_UNRATED)
        if scope is Scope.PASSAGES and not rated.all():
            raise NotFittedError(NoteCode.SYSTEM_UNRATED_ON_PASSAGE)
        layout = layout_of(m, k)
        table = layout.turn(cells)
        music = scope is Scope.MUSIC
        self.fixed: Floats = layout.system_of if music else np.eye(layout.size)
        self.to_means: Floats = np.eye(k) if music else layout.system_of.T / m
        known: Bools = ~np.isnan(table)
        self.observations = int(known.sum())
        self.freedom = self.observations - self.fixed.shape[1]
        if self.freedom < len(self.terms) + 1:
            raise NotFittedError(NoteCode.FEW_RATINGS)
        self.centre = float(np.nanmean(table))
        self.scale = float(np.nanstd(table)) or 1.0
        self.y: Floats = np.where(known, table - self.centre, 0.0) / self.scale
        self.ratings = weighted(layout, known.astype(np.float64))

    def at(self, ratios: Floats) -> AtRatios:
        """Everything of the likelihood at these ratios ``(terms,)``, none of them negative.

        Raises:
            NotFittedError: if the terms explain the ratings to the last digit.
        """
        solved = self._solved(ratios)
        x = solved.projected(self.y)
        quadratic = float((self.y * x).sum())
        if quadratic <= _LEAST_OF_ALL * self.freedom:
            raise NotFittedError(NoteCode.NO_RESIDUAL)
        along = [solved.spread(term, x) for term in self.terms]
        squares = np.array([float((x * part).sum()) for part in along])
        second = [solved.projected(part) for part in along]
        crossed = np.array([[float((a * b).sum()) for b in second] for a in along])
        information = crossed / quadratic - np.outer(squares, squares) / quadratic**2
        residual = quadratic / self.freedom * self.scale**2
        deviance = self.freedom * (1 + np.log(2 * np.pi * residual)) + solved.logdet
        return AtRatios(
            deviance=float(deviance),
            quadratic=quadratic,
            logdet=solved.logdet,
            traces=solved.traces(self.terms),
            squares=squares,
            information=self.freedom * (information + information.T) / 2,
            freedom=self.freedom,
        )

    def _solved(self, ratios: Floats) -> Solved:
        return Solved(self.ratings, dict(zip(self.terms, ratios.tolist(), strict=True)), self.fixed)

    def residual(self, point: AtRatios) -> float:
        """The best variance of the residual at a point, in the data's units."""
        return float(point.quadratic / self.freedom * self.scale**2)

    def deviance(self, variances: Floats) -> float:
        """-2 log restricted likelihood of variances by term, the residual's last."""
        residual = float(variances[-1])
        solved = self._solved(variances[:-1] / residual)
        quadratic = float((self.y * solved.projected(self.y)).sum()) * self.scale**2
        constant = self.freedom * np.log(2 * np.pi * residual)
        return float(constant + solved.logdet + quadratic / residual)

    def log_slope(self, logs: Floats, active: tuple[int, ...]) -> Floats:
        """Derivatives of the deviance by the logs of the variances ``active``, the last the
        residual's; the other variances are zero.
        """
        residual = float(np.exp(logs[-1]))
        ratios = np.zeros(len(self.terms))
        ratios[list(active[:-1])] = np.exp(logs[:-1]) / residual
        point = self.at(ratios)
        quadratic = point.quadratic * self.scale**2
        steps = ratios * (point.traces - point.squares * self.scale**2 / residual)
        last = self.freedom - quadratic / residual - steps.sum()
        return np.append(steps[list(active[:-1])], last)

    def means(self, variances: Floats) -> tuple[Floats, Floats]:
        """System means ``(k,)`` and their covariance ``(k, k)``."""
        residual = float(variances[-1])
        solved = self._solved(variances[:-1] / residual)
        effects = solved.effects(self.y)
        covariance = self.to_means @ solved.fixed_covariance @ self.to_means.T * residual
        means: Floats = self.to_means @ effects * self.scale + self.centre
        return means, covariance
