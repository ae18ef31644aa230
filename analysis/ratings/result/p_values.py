"""From a statistic to its p, and tests made of both.

p-values are survival functions of the named distribution, never one minus a rounded probability,
so that small ones keep their digits.
"""

import itertools
import math

from scipy import stats

from .names import Distribution, Method
from .note_words import noted
from .notes import NoteCode, Said
from .tests import Comparison, Omnibus


def omnibus_p(distribution: Distribution, statistic: float, df: float, df2: float | None) -> float:
    """The p-value of an omnibus statistic."""
    if distribution is Distribution.CHI2:
        return float(stats.chi2.sf(statistic, df))
    if distribution is Distribution.F and df2 is not None:
        return float(stats.f.sf(statistic, df, df2))
    raise ValueError(f"no p from a {distribution} statistic")


def comparison_p(
    distribution: Distribution, statistic: float, df: float | None, groups: int | None = None
) -> float:
    """The two-sided p-value of a pair's statistic."""
    if distribution is Distribution.T and df is not None:
        return float(2 * stats.t.sf(abs(statistic), df))
    if distribution is Distribution.NORMAL:
        return float(2 * stats.norm.sf(abs(statistic)))
    if distribution is Distribution.RANGE and groups is not None:
        return float(stats.studentized_range.sf(abs(statistic), groups, df or math.inf))
    raise ValueError(f"no p from a {distribution} statistic")


def omnibus(
    method: Method,
    symbol: str,
    statistic: float | None,
    distribution: Distribution,
    p: float | None,
    *,
    df: float | None = None,
    df2: float | None = None,
    note: Said | None = None,
) -> Omnibus:
    """A test of all systems by its parts."""
    return Omnibus(
        method=method,
        symbol=symbol,
        statistic=statistic,
        distribution=distribution,
        df=df,
        df2=df2,
        p=p,
        **noted(note),
    )


def chi2_test(method: Method, symbol: str, statistic: float, df: float) -> Omnibus:
    """An omnibus test with a chi-squared statistic."""
    p = omnibus_p(Distribution.CHI2, statistic, df, None)
    return omnibus(method, symbol, statistic, Distribution.CHI2, p, df=df)


def f_test(method: Method, symbol: str, statistic: float, df: float, df2: float) -> Omnibus:
    """An omnibus test with an F statistic."""
    p = omnibus_p(Distribution.F, statistic, df, df2)
    return omnibus(method, symbol, statistic, Distribution.F, p, df=df, df2=df2)


def no_test(method: Method, symbol: str, note: Said) -> Omnibus:
    """The omnibus test that the data do not allow."""
    return omnibus(method, symbol, None, Distribution.NONE, None, note=note)


def complete_agreement(method: Method, symbol: str, df: float, df2: float) -> Omnibus:
    """An F test whose error is exactly zero: every block orders the systems alike."""
    note = NoteCode.COMPLETE_AGREEMENT
    return omnibus(method, symbol, None, Distribution.F, 0.0, df=df, df2=df2, note=note)


def t_comparison(
    first: int, second: int, difference: float, error: float, df: float, ranks: float | None = None
) -> Comparison:
    """A two-sided t test of a pair; an error of zero leaves only "equal" (p 1) or "not" (p 0)."""
    if error > 0:
        t = difference / error
        p = comparison_p(Distribution.T, t, df)
        return Comparison(first, second, t, Distribution.T, df, p, ranks)
    return Comparison(
        first, second, None, Distribution.T, df, 1.0 if difference == 0 else 0.0, ranks
    )


def all_pairs(count: int) -> list[tuple[int, int]]:
    """Every pair of ``count`` systems, each once."""
    return list(itertools.combinations(range(count), 2))
