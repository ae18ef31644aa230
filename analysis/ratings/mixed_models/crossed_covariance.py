"""Ratings of listeners × passages × systems whose effects are samples: their covariance, solved.

With ratios θ of the variances to that of the residual the ratings have the covariance
V = D + E Ω E', where D holds a block per listener (listener, listener × passage, listener × system
and the residual), Ω the terms that listeners share (passage, passage × system) and E picks the
cells that a listener rated. Nothing as large as the ratings is ever inverted:

- In a listener's block the terms of the longer side (rows: passages or systems) are eliminated by
  hand and those of the shorter (columns) by a matrix of columns × columns.
- Listeners with the same missing cells share that matrix.
- What listeners share is solved in the space of passages × systems.

The residual of a rating may have a weight, the inverse of its variance; 0 is no rating.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack

from ..reading.table import Floats, Ints
from ..result.names import Term


@dataclass(frozen=True)
class CellLayout:
    """A table passages × systems with its longer side as rows.

    ``passage_of`` ``(size, m)`` and ``system_of`` ``(size, k)`` are 1 where a cell, by rows, is of
    the passage or the system. ``turned``: rows are systems.
    """

    rows: int
    columns: int
    turned: bool
    passage_of: Floats
    system_of: Floats

    @property
    def size(self) -> int:
        """How many cells there are."""
        return self.rows * self.columns

    def turn(self, cells: Floats) -> Floats:
        """``cells`` ``(n, m, k)`` as ``(n, rows, columns)``."""
        return cells.transpose(0, 2, 1) if self.turned else cells

    def by_root(self, matrix: Floats, alone: float, outer: float) -> Floats:
        """The symmetric root of Ω times ``matrix`` ``(size, …)``."""
        width = self.size // self.passage_of.shape[1]
        low, high = np.sqrt(alone), np.sqrt(alone + outer * width)
        sums: Floats = self.passage_of @ ((high - low) / width * (self.passage_of.T @ matrix))
        found: Floats = low * matrix + sums
        return found


def layout_of(passages: int, systems: int) -> CellLayout:
    """The layout of so many passages and systems."""
    turned = systems > passages
    index = np.arange(passages * systems)
    passage, system = index // systems, index % systems
    if turned:
        system, passage = index // passages, index % passages
    rows, columns = (systems, passages) if turned else (passages, systems)
    return CellLayout(rows, columns, turned, np.eye(passages)[passage], np.eye(systems)[system])


@dataclass(frozen=True)
class Weighted:
    """Who rated what, with which weight.

    ``patterns`` ``(u, rows, columns)`` are the weights that differ, ``members`` ``(u,)`` how many
    listeners have each, ``member`` ``(n,)`` which one a listener has; ``weights`` and ``known``
    (0 or 1) are ``(n, rows, columns)``.
    """

    layout: CellLayout
    patterns: Floats
    members: Floats
    member: Ints
    weights: Floats
    known: Floats
    row_sums: Floats


def weighted(layout: CellLayout, weights: Floats) -> Weighted:
    """Ratings with ``weights`` ``(n, rows, columns)``, 0 where there is none."""
    flat = weights.reshape(len(weights), -1)
    patterns, member = np.unique(flat, axis=0, return_inverse=True)
    member = member.reshape(-1)
    shaped: Floats = patterns.reshape(-1, layout.rows, layout.columns)
    counts = np.bincount(member, minlength=len(patterns)).astype(np.float64)
    known: Floats = (weights > 0).astype(np.float64)
    return Weighted(layout, shaped, counts, member, weights, known, shaped.sum(axis=2))


class Solved:
    """The equations of ratings with these ``ratios`` of variances by term.

    ``fixed`` ``(size, effects)`` are the fixed effects of the cells, None for none.

    Raises:
        LinAlgError: if the ratios are too large to be solved.
    """

    def __init__(
        self, of: Weighted, ratios: Mapping[Term, float], fixed: Floats | None = None
    ) -> None:
        self.of, self.fixed = of, fixed
        layout = of.layout
        ratio = dict.fromkeys(Term, 0.0) | dict(ratios)
        by_passage, by_system = ratio[Term.LISTENER_PASSAGE], ratio[Term.LISTENER_SYSTEM]
        in_row, in_column = (by_system, by_passage) if layout.turned else (by_passage, by_system)
        self.row_term = Term.LISTENER_SYSTEM if layout.turned else Term.LISTENER_PASSAGE
        # A block is B + S G S': B holds the residual and the rows' term, S adds up columns, and G
        # is the covariance of a listener's columns.
        self.shrunk = 1 / (1 + in_row * of.row_sums)
        self.weight = in_row * self.shrunk
        root = _root(in_column, ratio[Term.LISTENER], layout.columns)
        present = of.patterns
        weighted = present * self.weight[:, :, None]
        self.inner = -(weighted.transpose(0, 2, 1) @ present)
        diagonal = np.arange(layout.columns)
        self.inner[:, diagonal, diagonal] += present.sum(axis=1)
        lower = np.linalg.cholesky(np.eye(layout.columns) + root @ self.inner @ root)
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
        layout, h, fixed = self.of.layout, self.h, self.fixed
        if fixed is not None and fixed.shape[0] == fixed.shape[1]:
            # Every passage × system is an effect of its own, and nothing is shared beside them.
            self.fixed_covariance, logdet = _inverse(h)
            self.rest, self.shared = fixed, self.fixed_covariance
            return logdet
        outer, alone = ratio[Term.PASSAGE], ratio[Term.PASSAGE_SYSTEM]
        logdet, shared = 0.0, np.zeros_like(h)
        if outer > 0 or alone > 0:
            turned = layout.by_root(layout.by_root(h, alone, outer).T, alone, outer)
            inverse, logdet = _inverse(np.eye(layout.size) + turned)
            shared = layout.by_root(layout.by_root(inverse, alone, outer).T, alone, outer)
        if fixed is None:
            self.shared = shared
            return logdet
        self.rest = fixed - shared @ (h @ fixed)
        self.fixed_covariance, more = _inverse(fixed.T @ (h @ self.rest))
        # P = D⁻¹ - D⁻¹E A E'D⁻¹: fixed effects are effects without bound.
        self.shared = shared + self.rest @ self.fixed_covariance @ self.rest.T
        return logdet + more

    def inverted(self, v: Floats) -> Floats:
        """D⁻¹ of ``v`` ``(n, rows, columns)``; nothing where nothing was rated."""
        of = self.of
        weight, v = self.weight[of.member], of.weights * v
        first = v - of.weights * (weight * v.sum(axis=2))[:, :, None]
        columns = (self.middle[of.member] @ first.sum(axis=1)[:, :, None])[:, :, 0]
        over = (of.weights @ columns[:, :, None])[:, :, 0] * weight
        found: Floats = first - of.weights * (columns[:, None, :] - over[:, :, None])
        return found

    def projected(self, v: Floats) -> Floats:
        """P of ``v`` ``(n, rows, columns)``."""
        total = self.inverted(v).sum(axis=0)
        fitted = (self.shared @ total.reshape(-1)).reshape(total.shape)
        return self.inverted(v - fitted)

    def effects(self, v: Floats) -> Floats:
        """The fixed effects of ``v``."""
        total = self.inverted(v).sum(axis=0).reshape(-1)
        found: Floats = self.fixed_covariance @ (self.rest.T @ total)
        return found

    def spread(self, term: Term, x: Floats) -> Floats:
        """K_j of ``x``: every rating gets the sum over those that share the term with it."""
        layout = self.of.layout
        total: Floats
        if term is Term.LISTENER:
            total = x.sum(axis=(1, 2))[:, None, None]
        elif term is Term.PASSAGE_SYSTEM:
            total = x.sum(axis=0)
        elif term is Term.PASSAGE:
            total = layout.passage_of @ (layout.passage_of.T @ x.sum(axis=0).reshape(-1))
            total = total.reshape(layout.rows, layout.columns)
        else:
            total = x.sum(axis=2 if term is self.row_term else 1, keepdims=True)
        return self.of.known * total

    def diagonal(self) -> Floats:
        """The diagonal of V⁻¹ ``(n, rows, columns)``; a large matrix per pattern is its price."""
        of = self.of
        u, r, c = of.patterns.shape
        found = np.empty((u, r * c))
        row_of = np.repeat(np.arange(r), c)
        same_row = row_of[:, None] == row_of[None, :]
        for pattern in range(u):
            w, b = of.patterns[pattern].reshape(-1), self.weight[pattern][row_of]
            solved = self.columns_solved[pattern]
            block = np.diag(w) - same_row * np.outer(b * w, w)
            block -= solved.T @ self.middle[pattern] @ solved
            found[pattern] = np.diag(block) - ((block @ self.shared) * block).sum(axis=1)
        shaped: Floats = found.reshape(u, r, c)[of.member]
        return shaped

    def traces(self, terms: Sequence[Term]) -> Floats:
        """tr(P K_j) of each of ``terms``."""
        of, layout = self.of, self.of.layout
        u, r, c = of.patterns.shape
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
        v = of.patterns * self.shrunk[:, :, None]
        moved = v @ middle
        row = (of.row_sums * self.shrunk).sum(axis=1) - (moved * v).sum(axis=(1, 2))
        at = np.arange(r * c).reshape(r, c)
        own = self.shared[at[:, :, None], at[:, None, :]]
        row -= np.einsum("urc,rcd,urd->u", v, own, v, optimize=True)
        within = np.einsum("utrc,urc->urt", through.reshape(u, c, r, c), v, optimize=True)
        row += 2 * (within * moved).sum(axis=(1, 2)) - ((moved @ both) * moved).sum(axis=(1, 2))
        found = {
            Term.LISTENER: listener,
            self.row_term: float((members * row).sum()),
            Term.LISTENER_PASSAGE if layout.turned else Term.LISTENER_SYSTEM: column,
        }
        if Term.PASSAGE_SYSTEM in terms:
            h, of_passages = self.h, self.h @ layout.passage_of
            found[Term.PASSAGE_SYSTEM] = float(np.trace(h) - ((h @ self.shared) * h).sum())
            left = (layout.passage_of * of_passages).sum()
            found[Term.PASSAGE] = float(left - ((self.shared @ of_passages) * of_passages).sum())
        return np.array([found[term] for term in terms])


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
