"""Quasi-F′ and variance components of balanced crossed ratings: generalising to music like these.

Systems are fixed (k), listeners (n) and passages (m) are samples, one value per cell, possibly the
mean of equally many repeats. With the mean squares of the three-way table:

    F′ = (MS_S + MS_SLP) / (MS_SL + MS_SP)                       (Winer 1971; Clark 1973)
    df1 = (MS_S + MS_SLP)² / (MS_S²/(k-1) + MS_SLP²/((k-1)(n-1)(m-1)))
    df2 = (MS_SL + MS_SP)² / (MS_SL²/((k-1)(n-1)) + MS_SP²/((k-1)(m-1)))

A pair: d = y_i - y_j per listener × passage, SE² = max(MS_L + MS_P - MS_LP, MS_L, MS_P)/(nm),
t = mean(d)/SE with Satterthwaite's df, at least min(n, m) - 1. The components are those of the
mixed model with independent interactions, as lme4 writes it:
``y ~ system + (1|l) + (1|p) + (1|l:p) + (1|l:s) + (1|p:s)``.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from ..reading.table import Floats
from ..result.names import Distribution, Method, Term
from ..result.notes import NoteCode
from ..result.p_values import all_pairs, comparison_p, f_test, no_test
from ..result.tests import Comparison, Omnibus

_NAME = (Method.QUASI_F, "F′")


@dataclass(frozen=True)
class MeanSquares:
    """Mean squares of a balanced listener × passage × system table and its size."""

    n: int
    m: int
    k: int
    s: float
    l: float  # noqa: E741  the usual letters of the design: L, P, S
    p: float
    lp: float
    sl: float
    sp: float
    slp: float


def mean_squares(cells: Floats) -> MeanSquares:
    """Mean squares of complete ``cells`` ``(n, m, k)`` with n, m, k of at least 2.

    Raises:
        ValueError: if a cell is missing or a side is shorter than 2.
    """
    n, m, k = cells.shape
    if min(n, m, k) < 2 or np.isnan(cells).any():
        raise ValueError("a complete table with at least two of each side is needed")
    y = cells - cells.mean()
    li, pa, sy = y.mean(axis=(1, 2)), y.mean(axis=(0, 2)), y.mean(axis=(0, 1))
    lp = y.mean(axis=2) - li[:, None] - pa[None, :]
    ls = y.mean(axis=1) - li[:, None] - sy[None, :]
    ps = y.mean(axis=0) - pa[:, None] - sy[None, :]
    residual = y - li[:, None, None] - pa[None, :, None] - sy[None, None, :]
    residual = residual - lp[:, :, None] - ls[:, None, :] - ps[None, :, :]
    return MeanSquares(
        n,
        m,
        k,
        s=n * m * float((sy**2).sum()) / (k - 1),
        l=m * k * float((li**2).sum()) / (n - 1),
        p=n * k * float((pa**2).sum()) / (m - 1),
        lp=k * float((lp**2).sum()) / ((n - 1) * (m - 1)),
        sl=m * float((ls**2).sum()) / ((k - 1) * (n - 1)),
        sp=n * float((ps**2).sum()) / ((k - 1) * (m - 1)),
        slp=float((residual**2).sum()) / ((k - 1) * (n - 1) * (m - 1)),
    )


def quasi_f(ms: MeanSquares) -> Omnibus:
    """The test that all systems are alike for listeners and passages like these."""
    top, bottom = ms.s + ms.slp, ms.sl + ms.sp
    # What rounding leaves of zero must not become a ratio.
    if bottom <= 1e-12 * (top + ms.l + ms.p):
        return no_test(*_NAME, NoteCode.SYSTEMS_RANKED_ALIKE)
    n, m, k = ms.n - 1, ms.m - 1, ms.k - 1
    df1 = top**2 / (ms.s**2 / k + ms.slp**2 / (k * n * m))
    df2 = bottom**2 / (ms.sl**2 / (k * n) + ms.sp**2 / (k * m))
    return f_test(*_NAME, top / bottom, df1, df2)


@dataclass(frozen=True)
class PairEstimate:
    """The difference of a pair with its standard error, df and interval."""

    comparison: Comparison
    difference: float
    error: float
    df: float
    low: float
    high: float


def crossed_pairs(cells: Floats, alpha: float) -> list[PairEstimate]:
    """Every pair of systems of complete ``cells`` ``(n, m, k)``, listeners and passages random."""
    return [
        _pair(cells[:, :, i] - cells[:, :, j], i, j, alpha) for i, j in all_pairs(cells.shape[2])
    ]


@dataclass(frozen=True)
class CrossedMean:
    """The mean of a listener × passage table with its standard error, df and interval."""

    mean: float
    error: float
    df: float
    low: float
    high: float


def crossed_mean(d: Floats, alpha: float) -> CrossedMean:
    """The mean of complete ``d`` ``(n, m)``, both at least 2, listeners and passages random."""
    n, m = d.shape
    mean = float(d.mean())
    centred = d - mean
    li, pa = centred.mean(axis=1), centred.mean(axis=0)
    ms_l = m * float((li**2).sum()) / (n - 1)
    ms_p = n * float((pa**2).sum()) / (m - 1)
    rest = centred - li[:, None] - pa[None, :]
    ms_lp = float((rest**2).sum()) / ((n - 1) * (m - 1))
    error = float(np.sqrt(max(ms_l + ms_p - ms_lp, ms_l, ms_p) / (n * m)))
    least = min(n, m) - 1.0
    shares = ms_l**2 / (n - 1) + ms_p**2 / (m - 1) + ms_lp**2 / ((n - 1) * (m - 1))
    df = max((ms_l + ms_p - ms_lp) ** 2 / shares, least) if shares > 0 else least
    half = float(stats.t.isf(alpha / 2, df)) * error
    return CrossedMean(mean, error, df, mean - half, mean + half)


def _pair(d: Floats, i: int, j: int, alpha: float) -> PairEstimate:
    found = crossed_mean(d, alpha)
    mean, error, df = found.mean, found.error, found.df
    if error > 1e-12 * (1 + abs(mean)):
        t = mean / error
        test = Comparison(i, j, t, Distribution.T, df, comparison_p(Distribution.T, t, df))
    else:
        test = Comparison(i, j, None, Distribution.T, df, 1.0 if mean == 0 else 0.0)
    return PairEstimate(test, mean, error, df, found.low, found.high)


def components(ms: MeanSquares) -> dict[str, float]:
    """Method-of-moments variances by term; a negative one says "none seen"."""
    n, m, k = ms.n, ms.m, ms.k
    return {
        Term.LISTENER: (ms.l - ms.lp - ms.sl + ms.slp) / (m * k),
        Term.PASSAGE: (ms.p - ms.lp - ms.sp + ms.slp) / (n * k),
        Term.LISTENER_PASSAGE: (ms.lp - ms.slp) / k,
        Term.LISTENER_SYSTEM: (ms.sl - ms.slp) / m,
        Term.PASSAGE_SYSTEM: (ms.sp - ms.slp) / n,
        Term.RESIDUAL: ms.slp,
    }
