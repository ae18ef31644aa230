"""What a test says: of all systems at once, or of a pair of them; and the p that follows from it.

p-values are survival functions of the named distribution, never one minus a rounded probability,
so that small ones keep their digits.
"""

import itertools
import math
from dataclasses import dataclass

from scipy import stats


@dataclass(frozen=True)
class Omnibus:
    """A test that all systems are alike.

    ``distribution`` is ``chi2`` (``df``), ``F`` (``df``, ``df2``) or ``permutation``. ``statistic``
    and ``p`` are None where the data allow no test, with the reason in ``note``; after complete
    agreement the statistic has no bound and ``p`` is 0.
    """

    method: str
    symbol: str
    statistic: float | None
    distribution: str
    df: float | None
    df2: float | None
    p: float | None
    note: str = ""


@dataclass(frozen=True)
class Comparison:
    """A test of one pair of systems by their positions; the statistic's sign is first - second.

    ``distribution`` is ``t`` (two-sided), ``range`` (studentised range of ``groups``), ``normal``
    (two-sided), ``wilcoxon`` (signed ranks with groups of ``ties``) or ``permutation``.
    """

    first: int
    second: int
    statistic: float | None
    distribution: str
    df: float | None
    p: float | None
    rank_difference: float | None = None
    groups: int | None = None
    ties: tuple[int, ...] = ()


def omnibus_p(distribution: str, statistic: float, df: float, df2: float | None) -> float:
    """The p-value of an omnibus statistic."""
    if distribution == "chi2":
        return float(stats.chi2.sf(statistic, df))
    if distribution == "F" and df2 is not None:
        return float(stats.f.sf(statistic, df, df2))
    raise ValueError(f"no p from a {distribution} statistic")


def comparison_p(
    distribution: str, statistic: float, df: float | None, groups: int | None = None
) -> float:
    """The two-sided p-value of a pair's statistic."""
    if distribution == "t" and df is not None:
        return float(2 * stats.t.sf(abs(statistic), df))
    if distribution == "normal":
        return float(2 * stats.norm.sf(abs(statistic)))
    if distribution == "range" and groups is not None:
        return float(stats.studentized_range.sf(abs(statistic), groups, df or math.inf))
    raise ValueError(f"no p from a {distribution} statistic")


def chi2_test(method: str, symbol: str, statistic: float, df: float) -> Omnibus:
    """An omnibus test with a chi-squared statistic."""
    p = omnibus_p("chi2", statistic, df, None)
    return Omnibus(method, symbol, statistic, "chi2", df, None, p)


def f_test(method: str, symbol: str, statistic: float, df: float, df2: float) -> Omnibus:
    """An omnibus test with an F statistic."""
    p = omnibus_p("F", statistic, df, df2)
    return Omnibus(method, symbol, statistic, "F", df, df2, p)


def no_test(method: str, symbol: str, note: str) -> Omnibus:
    """The omnibus test that the data do not allow."""
    return Omnibus(method, symbol, None, "none", None, None, None, note)


def complete_agreement(method: str, symbol: str, df: float, df2: float) -> Omnibus:
    """An F test whose error is exactly zero: every block orders the systems alike."""
    note = "complete agreement: the statistic has no bound, p < 1e-16"
    return Omnibus(method, symbol, None, "F", df, df2, 0.0, note)


def t_comparison(
    first: int, second: int, difference: float, error: float, df: float, ranks: float | None = None
) -> Comparison:
    """A two-sided t test of a pair; an error of zero leaves only "equal" (p 1) or "not" (p 0)."""
    if error > 0:
        t = difference / error
        p = comparison_p("t", t, df)
        return Comparison(first, second, t, "t", df, p, ranks)
    return Comparison(first, second, None, "t", df, 1.0 if difference == 0 else 0.0, ranks)


def all_pairs(count: int) -> list[tuple[int, int]]:
    """Every pair of ``count`` systems, each once."""
    return list(itertools.combinations(range(count), 2))
