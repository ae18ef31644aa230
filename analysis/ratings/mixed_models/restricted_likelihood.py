"""The restricted likelihood of crossed ratings with missing cells: value, slope and curvature.

With ratios θ of the variances to that of the residual, the ratings of all listeners have the
covariance σ²V, V = D + E Ω E', where D holds a block per listener (listener, listener × passage,
listener × system, residual), Ω the terms that listeners share (passage, passage × system) and E
picks the cells that a listener rated. Nothing as large as the ratings is ever inverted:

- In a listener's block the terms of the longer side (rows: passages or systems) are eliminated by
  hand and those of the shorter (columns) by a matrix of columns × columns.
- Listeners with the same missing cells share that matrix.
- What listeners share is solved in the space of passages × systems.

The slope in θ_j is tr(P K_j) - f y'P K_j P y / y'P y, with K_j the term's matrix, P the projection
V⁻¹ - V⁻¹X(X'V⁻¹X)⁻¹X'V⁻¹ and f the ratings less the fixed effects; it is exact, also where θ is 0.
The average information f (y'P K_i P K_j P y / y'P y - …) stands for the curvature (Gilmour et al.
1995).
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack

from ..reading.table import Bools, Floats
from ..result.names import Scope, Term
from ..result.note_words import NotFittedError
from ..result.notes import CountCode, ModelTooLarge, NoteCode, OfCount

MUSIC = (
    *(Term.LISTENER, Term.PASSAGE, Term.LISTENER_PASSAGE),
    *(Term.LISTENER_SYSTEM, Term.PASSAGE_SYSTEM),
)
PASSAGES = (Term.LISTENER, Term.LISTENER_PASSAGE, Term.LISTENER_SYSTEM)
MOST_CELLS = 600  # passages × systems: larger tables make the matrices of all listeners slow
MOST_WORK = 1e10  # some minutes
# A residual below this share of all variance is what rounding leaves of none.
_LEAST_OF_ALL = 1e-12


def work(cells: Floats) -> float:
    """What a fit to ``cells`` ``(n, m, k)`` costs: patterns of holes × (m k)² × min(m, k)."""
    _, m, k = cells.shape
    known = ~np.isnan(cells.reshape(len(cells), -1))
    return float(len(np.unique(known, axis=0)) * float(m * k) ** 2 * min(m, k))


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
        if m * k > MOST_CELLS:
            raise NotFittedError(ModelTooLarge(passages=m, systems=k))
        if work(cells) > MOST_WORK:
            raise NotFittedError(OfCount(code=CountCode.MANY_PATTERNS, count=n))
        if n < 2 or k < 2 or (scope is Scope.MUSIC and m < 2):
            raise NotFittedError(NoteCode.MODEL_TOO_SMALL)
        rated: Bools = ~np.asarray(np.isnan(cells).all(axis=0))
        if scope is Scope.MUSIC and not rated.any(axis=0).all():
            raise NotFittedError(NoteCode.SYSTEM_UNRATED)
        if scope is Scope.PASSAGES and not rated.all():
            raise NotFittedError(NoteCode.SYSTEM_UNRATED_ON_PASSAGE)
        # Rows are the longer side, columns the shorter.
        self.turned = k > m
        table = cells.transpose(0, 2, 1) if self.turned else cells
        self.rows, self.columns = table.shape[1:]
        self.size = m * k
        index = np.arange(self.size).reshape(self.rows, self.columns)
        passage = index % self.columns if self.turned else index // self.columns
        system = index // self.columns if self.turned else index % self.columns
        self.passage_of: Floats = np.eye(m)[passage.reshape(-1)]
        systems: Floats = np.eye(k)[system.reshape(-1)]
        music = scope is Scope.MUSIC
        self.fixed: Floats = systems if music else np.eye(self.size)
        self.to_means: Floats = np.eye(k) if music else systems.T / m
        known: Bools = ~np.isnan(table)
        self.observations = int(known.sum())
        self.freedom = self.observations - self.fixed.shape[1]
        if self.freedom < len(self.terms) + 1:
            raise NotFittedError(NoteCode.FEW_RATINGS)
        self.centre = float(np.nanmean(table))
        self.scale = float(np.nanstd(table)) or 1.0
        self.y: Floats = np.where(known, table - self.centre, 0.0) / self.scale
        self.known: Floats = known.astype(np.float64)
        patterns, member = np.unique(known.reshape(n, -1), axis=0, return_inverse=True)
        self.member = member.reshape(-1)
        self.present: Floats = patterns.reshape(-1, self.rows, self.columns).astype(np.float64)
        self.members = np.bincount(self.member, minlength=len(patterns)).astype(np.float64)
        self.row_counts: Floats = self.present.sum(axis=2)

    def at(self, ratios: Floats) -> AtRatios:
        """Everything of the likelihood at these ratios ``(terms,)``, none of them negative.

        Raises:
            NotFittedError: if the terms explain the ratings to the last digit.
        """
        solved = _Solved(self, ratios)
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
            traces=solved.traces(),
            squares=squares,
            information=self.freedom * (information + information.T) / 2,
            freedom=self.freedom,
        )

    def by_root(self, matrix: Floats, alone: float, outer: float) -> Floats:
        """The symmetric root of Ω times ``matrix`` ``(size, …)``."""
        width = self.size // self.passage_of.shape[1]
        low, high = np.sqrt(alone), np.sqrt(alone + outer * width)
        sums: Floats = self.passage_of @ ((high - low) / width * (self.passage_of.T @ matrix))
        found: Floats = low * matrix + sums
        return found

    def residual(self, point: AtRatios) -> float:
        """The best variance of the residual at a point, in the data's units."""
        return float(point.quadratic / self.freedom * self.scale**2)

    def deviance(self, variances: Floats) -> float:
        """-2 log restricted likelihood of variances by term, the residual's last."""
        residual = float(variances[-1])
        solved = _Solved(self, variances[:-1] / residual)
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
        solved = _Solved(self, variances[:-1] / residual)
        effects = solved.effects(self.y)
        covariance = self.to_means @ solved.fixed_covariance @ self.to_means.T * residual
        means: Floats = self.to_means @ effects * self.scale + self.centre
        return means, covariance


class _Solved:
    """The equations of a likelihood solved at some ratios; residual variance 1."""

    def __init__(self, of: RestrictedLikelihood, ratios: Floats) -> None:
        self.of = of
        ratio = dict(zip(of.terms, ratios.tolist(), strict=True))
        by_passage, by_system = ratio[Term.LISTENER_PASSAGE], ratio[Term.LISTENER_SYSTEM]
        in_row, in_column = (by_system, by_passage) if of.turned else (by_passage, by_system)
        self.row_term = Term.LISTENER_SYSTEM if of.turned else Term.LISTENER_PASSAGE
        # A block is B + S G S': B holds the residual and the rows' term, S adds up columns, and G
        # is the covariance of a listener's columns.
        self.shrunk = 1 / (1 + in_row * of.row_counts)
        self.weight = in_row * self.shrunk
        root = _root(in_column, ratio[Term.LISTENER], of.columns)
        present = of.present
        weighted = present * self.weight[:, :, None]
        self.inner = -(weighted.transpose(0, 2, 1) @ present)
        diagonal = np.arange(of.columns)
        self.inner[:, diagonal, diagonal] += present.sum(axis=1)
        lower = np.linalg.cholesky(np.eye(of.columns) + root @ self.inner @ root)
        half = np.linalg.inv(lower) @ root
        self.middle = half.transpose(0, 2, 1) @ half
        logs = np.log(np.diagonal(lower, axis1=1, axis2=2)).sum(axis=1)
        per_pattern = 2 * logs - np.log(self.shrunk).sum(axis=1)
        # B⁻¹S of each pattern, columns first.
        u, r, c = present.shape
        eye = np.eye(c)[None, :, None, :]
        across = present.transpose(0, 2, 1)[:, :, :, None] * self.weight[:, None, :, None]
        self.columns_solved = (present[:, None] * (eye - across)).reshape(u, c, r * c)
        tall = half @ self.columns_solved * np.sqrt(of.members)[:, None, None]
        tall = tall.reshape(u * c, r * c)
        h = -(tall.T @ tall)
        blocks = -np.einsum("u,urc,urd->rcd", of.members, weighted, present, optimize=True)
        blocks[:, diagonal, diagonal] += np.einsum("u,urc->rc", of.members, present)
        at = np.arange(r * c).reshape(r, c)
        h[at[:, :, None], at[:, None, :]] += blocks
        self.h = h
        logdet = float((of.members * per_pattern).sum())
        logdet += self._share(ratio)
        self.logdet = logdet

    def _share(self, ratio: dict[Term, float]) -> float:
        """Solve what listeners share, and the fixed effects; its part of the log-determinants."""
        of, h = self.of, self.h
        if of.fixed.shape[0] == of.fixed.shape[1]:
            # Every passage × system is an effect of its own, and nothing is shared beside them.
            self.fixed_covariance, logdet = _inverse(h)
            self.rest, self.shared = of.fixed, self.fixed_covariance
            return logdet
        outer, alone = ratio.get(Term.PASSAGE, 0.0), ratio.get(Term.PASSAGE_SYSTEM, 0.0)
        logdet = 0.0
        kept = h @ of.fixed
        if outer > 0 or alone > 0:
            turned = of.by_root(of.by_root(h, alone, outer).T, alone, outer)
            inverse, logdet = _inverse(np.eye(of.size) + turned)
            shared = of.by_root(of.by_root(inverse, alone, outer).T, alone, outer)
            rest = of.fixed - shared @ kept
            kept = kept - h @ (shared @ kept)
        else:
            shared, rest = np.zeros_like(h), of.fixed
        self.fixed_covariance, more = _inverse(of.fixed.T @ kept)
        self.rest = rest
        # P = D⁻¹ - D⁻¹E A E'D⁻¹: fixed effects are effects without bound.
        self.shared = shared + rest @ self.fixed_covariance @ rest.T
        return logdet + more

    def inverted(self, v: Floats) -> Floats:
        """D⁻¹ of ``v`` ``(n, rows, columns)``, which is zero where nothing was rated."""
        of = self.of
        weight = self.weight[of.member]
        first = v - of.known * (weight * v.sum(axis=2))[:, :, None]
        columns = (self.middle[of.member] @ first.sum(axis=1)[:, :, None])[:, :, 0]
        over = (of.known @ columns[:, :, None])[:, :, 0] * weight
        found: Floats = first - of.known * (columns[:, None, :] - over[:, :, None])
        return found

    def projected(self, v: Floats) -> Floats:
        """P of ``v`` ``(n, rows, columns)``."""
        of = self.of
        total = self.inverted(v).sum(axis=0).reshape(-1)
        fitted = (self.shared @ total).reshape(of.rows, of.columns)
        return self.inverted(v - of.known * fitted)

    def effects(self, v: Floats) -> Floats:
        """The fixed effects of ``v``."""
        total = self.inverted(v).sum(axis=0).reshape(-1)
        found: Floats = self.fixed_covariance @ (self.rest.T @ total)
        return found

    def spread(self, term: Term, x: Floats) -> Floats:
        """K_j of ``x``: every rating gets the sum over those that share the term with it."""
        of = self.of
        total: Floats
        if term is Term.LISTENER:
            total = x.sum(axis=(1, 2))[:, None, None]
        elif term is Term.PASSAGE_SYSTEM:
            total = x.sum(axis=0)
        elif term is Term.PASSAGE:
            total = of.passage_of @ (of.passage_of.T @ x.sum(axis=0).reshape(-1))
            total = total.reshape(of.rows, of.columns)
        else:
            total = x.sum(axis=2 if term is self.row_term else 1, keepdims=True)
        return of.known * total

    def traces(self) -> Floats:
        """tr(P K_j) of each term."""
        of = self.of
        u, r, c = of.present.shape
        solved, middle, inner = self.columns_solved, self.middle, self.inner
        through = (solved.reshape(u * c, r * c) @ self.shared).reshape(u, c, r * c)
        both = through @ solved.transpose(0, 2, 1)
        rest = np.eye(c) - middle @ inner
        # Columns: D⁻¹S = B⁻¹S (I - M S'B⁻¹S).
        columns = inner @ rest - rest.transpose(0, 2, 1) @ both @ rest
        members = of.members
        listener = float((members * columns.sum(axis=(1, 2))).sum())
        column = float((members * np.trace(columns, axis1=1, axis2=2)).sum())
        # Rows: D⁻¹z = z/(1 + b n) - B⁻¹S M S'B⁻¹z, with S'B⁻¹z = v.
        v = of.present * self.shrunk[:, :, None]
        moved = v @ middle
        row = (of.row_counts * self.shrunk).sum(axis=1) - (moved * v).sum(axis=(1, 2))
        at = np.arange(r * c).reshape(r, c)
        own = self.shared[at[:, :, None], at[:, None, :]]
        row -= np.einsum("urc,rcd,urd->u", v, own, v, optimize=True)
        within = np.einsum("utrc,urc->urt", through.reshape(u, c, r, c), v, optimize=True)
        row += 2 * (within * moved).sum(axis=(1, 2)) - ((moved @ both) * moved).sum(axis=(1, 2))
        found = {
            Term.LISTENER: listener,
            self.row_term: float((members * row).sum()),
            Term.LISTENER_PASSAGE if of.turned else Term.LISTENER_SYSTEM: column,
        }
        if Term.PASSAGE_SYSTEM in of.terms:
            h, of_passages = self.h, self.h @ of.passage_of
            found[Term.PASSAGE_SYSTEM] = float(np.trace(h) - ((h @ self.shared) * h).sum())
            left = (of.passage_of * of_passages).sum()
            found[Term.PASSAGE] = float(left - ((self.shared @ of_passages) * of_passages).sum())
        return np.array([found[term] for term in of.terms])


def _inverse(matrix: Floats) -> tuple[Floats, float]:
    """The inverse and the log-determinant of a positive definite ``matrix``.

    Raises:
        LinAlgError: if it is none.
    """
    lower, failed = lapack.dpotrf(matrix, lower=1)
    if failed:
        raise np.linalg.LinAlgError("Matrix is not positive definite")
    half = lapack.dpotri(lower, lower=1)[0]
    inverse: Floats = np.tril(half) + np.tril(half, -1).T
    return inverse, 2 * float(np.log(np.diag(lower)).sum())


def _root(alone: float, together: float, size: int) -> Floats:
    """The symmetric square root of ``alone`` I + ``together`` J."""
    low, high = np.sqrt(alone), np.sqrt(alone + together * size)
    root: Floats = low * np.eye(size) + (high - low) / size
    return root
