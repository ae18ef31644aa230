"""The likelihood of a cumulative-link mixed model: ordered grades, listeners as samples.

    P(grade ≤ j) = 1 / (1 + exp(-(τ_j - η))),    η = X β + f,    f ~ N(0, K)

with thresholds τ, fixed effects β of the cells passage × system, and K the sum of the variances of
the random terms (:mod:`.crossed_covariance`). The integral over f is Laplace's: with W the
curvature of the log-likelihood at the most likely f,

    log L = Σ log P - ½ f'K⁻¹f - ½ log |I + W^½ K W^½|,

as in R's ``ordinal::clmm``. The most likely f is found by Newton steps, each a linear mixed model
with W as weights. The slope by all parameters is exact: it follows how f and W move with them
(Rasmussen & Williams 2006, algorithm 5.1).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from ..reading.table import Floats, Ints
from ..result.names import Term
from .crossed_covariance import CellLayout, Solved, Weighted

_MOST_STEPS = 60
_STILL = 1e-11  # of f, on the scale of log odds


@dataclass(frozen=True)
class Grades:
    """Rows of ratings: the ``cell`` of each in a table ``(n, rows, columns)`` and its ``grade``.

    ``cell`` ``(ratings,)`` counts through the table; ``grade`` runs from 0 to ``steps`` - 1.
    """

    layout: CellLayout
    listeners: int
    cell: Ints
    grade: Ints
    steps: int

    def summed(self, values: Floats) -> Floats:
        """``values`` ``(ratings,)`` summed by cell ``(n, rows, columns)``."""
        layout = self.layout
        count = self.listeners * layout.size
        total: Floats = np.bincount(self.cell, weights=values, minlength=count).astype(np.float64)
        return total.reshape(self.listeners, layout.rows, layout.columns)


@dataclass(frozen=True)
class Parameters:
    """Thresholds ``(steps - 1,)``, fixed effects and variances by term."""

    thresholds: Floats
    effects: Floats
    variances: Floats


@dataclass(frozen=True)
class _Links:
    """Each rating's log probability and its derivatives by η, at some thresholds and η.

    ``up`` and ``down`` are the distribution at the threshold above and below the grade, ``apart``
    what both derivatives by a threshold share.
    """

    log_p: Floats
    up: Floats
    down: Floats
    apart: Floats

    @property
    def slope(self) -> Floats:
        return self.up + self.down - 1

    @property
    def weight(self) -> Floats:
        return self.up * (1 - self.up) + self.down * (1 - self.down)

    @property
    def bend_up(self) -> Floats:
        """The derivative of the density at the threshold above."""
        return self.up * (1 - self.up) * (1 - 2 * self.up)

    @property
    def bend_down(self) -> Floats:
        return self.down * (1 - self.down) * (1 - 2 * self.down)


@dataclass(frozen=True)
class _Mode:
    """The most likely f ``(n, rows, columns)``, K⁻¹f, and the equations there."""

    f: Floats
    pull: Floats
    links: _Links
    solved: Solved


class CumulativeLink:
    """-log likelihood by Laplace, with its slope.

    Args:
        grades: the ratings.
        fixed: the fixed effects of each cell ``(size, effects)``, without an intercept.
        terms: the random terms.
    """

    def __init__(self, grades: Grades, fixed: Floats, terms: Sequence[Term]) -> None:
        self.grades, self.fixed, self.terms = grades, fixed, tuple(terms)
        self.known: Floats = (grades.summed(np.ones(len(grades.grade))) > 0).astype(np.float64)
        self._last: Floats | None = None  # where the next search for f begins

    def at(self, parameters: Parameters) -> tuple[float, Parameters]:
        """-log likelihood, and its slope in the shape of the parameters.

        Raises:
            LinAlgError: where the equations cannot be solved.
        """
        grades, mode = self.grades, self._mode(parameters)
        links, solved = mode.links, mode.solved
        value = links.log_p.sum() - (mode.f * mode.pull).sum() / 2 - solved.logdet / 2
        # The spread of f given the ratings is W⁻¹ - W⁻¹V⁻¹W⁻¹, with V = W⁻¹ + K.
        weights = np.where(self.known > 0, grades.summed(links.weight), 1.0)
        spread = self.known * (1 / weights - solved.diagonal() / weights**2)
        bend = -grades.summed(links.bend_up + links.bend_down)
        moved = -spread * bend / 2  # the slope of the determinant's part by f
        back = solved.projected(self.known * moved / weights)
        slope = (grades.summed(links.slope) + back).sum(axis=0).reshape(-1)
        of_f = (self.known * (moved - back) / weights).reshape(-1)[grades.cell]
        of_weight = (-spread / 2).reshape(-1)[grades.cell]
        up = links.up * (1 - links.up) * of_f + links.bend_up * of_weight
        down = links.down * (1 - links.down) * of_f + links.bend_down * of_weight
        up, down = up + 1 - links.up + links.apart, down - links.down - links.apart
        by_grade = np.array([up[grades.grade == step].sum() for step in range(grades.steps)])
        below = np.array([down[grades.grade == step].sum() for step in range(grades.steps)])
        traces = solved.traces(self.terms)
        variances = [
            float(((mode.pull / 2 + back) * solved.spread(term, mode.pull)).sum()) - trace / 2
            for term, trace in zip(self.terms, traces, strict=True)
        ]
        return -float(value), Parameters(
            thresholds=-(by_grade[:-1] + below[1:]),
            effects=-(self.fixed.T @ slope),
            variances=-np.array(variances),
        )

    def _mode(self, parameters: Parameters) -> _Mode:
        grades = self.grades
        eta = np.tile(self.fixed @ parameters.effects, grades.listeners)[grades.cell]
        ratio = dict(zip(self.terms, parameters.variances.tolist(), strict=True))
        f = np.zeros_like(self.known) if self._last is None else self._last
        pull = np.zeros_like(f)
        links = self._links(parameters.thresholds, eta + f.reshape(-1)[grades.cell])
        # Where a search begins, nothing pulls yet: any step is better.
        reached = -np.inf
        for _ in range(_MOST_STEPS):
            solved, weights = self._solved(links, ratio)
            aim = solved.projected(f + self.known * grades.summed(links.slope) / weights)
            there: Floats = np.zeros_like(f)
            for term, variance in ratio.items():
                if variance > 0:
                    there = there + variance * solved.spread(term, aim)
            share = 1.0
            while True:
                new, new_pull = f + share * (there - f), pull + share * (aim - pull)
                links = self._links(parameters.thresholds, eta + new.reshape(-1)[grades.cell])
                value = float(links.log_p.sum() - (new * new_pull).sum() / 2)
                if value >= reached - 1e-9 * abs(value) or share < 1e-4:
                    break
                share /= 2
            moved = float(np.abs(new - f).max())
            f, pull, reached = new, new_pull, value
            if moved < _STILL:
                break
        self._last = f
        solved, _ = self._solved(links, ratio)
        return _Mode(f, pull, links, solved)

    def _solved(self, links: _Links, ratio: dict[Term, float]) -> tuple[Solved, Floats]:
        """The equations with the curvature as weights, and the weights, 1 where nothing is."""
        weights = self.grades.summed(links.weight)
        count = self.grades.listeners
        of = Weighted(
            layout=self.grades.layout,
            patterns=weights,
            members=np.ones(count),
            member=np.arange(count),
            weights=weights,
            known=self.known,
            row_sums=weights.sum(axis=2),
        )
        return Solved(of, ratio), np.where(self.known > 0, weights, 1.0)

    def _links(self, thresholds: Floats, eta: Floats) -> _Links:
        ends = np.concatenate([[-np.inf], thresholds, [np.inf]])
        grade = self.grades.grade
        above, below = ends[grade + 1] - eta, ends[grade] - eta
        gap = ends[grade + 1] - ends[grade]
        up, down = special.expit(above), special.expit(below)
        # F(a) - F(b) = F(a) (1 - F(b)) (1 - exp(b - a)): a difference would lose digits.
        closed = np.exp(-gap)
        log_p = -np.logaddexp(0, -above) - np.logaddexp(0, below) + np.log1p(-closed)
        return _Links(log_p, up, down, closed / (1 - closed))
