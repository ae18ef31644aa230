"""How many listeners and passages a test needs, from variance components.

The standard error of the difference of two systems, with listeners (and passages, for music like
these) as samples:  SE² = 2 (σ²_ls/n + σ²_ps/m + σ²_e/(nm));  for these passages σ²_ps does not
enter. Power is that of the two-sided t test with Satterthwaite's df. It is computed for differences
that one states beforehand, never for the one that was observed, which says nothing beyond its p.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

from ..result.names import Resource, Scope, Term


@dataclass(frozen=True)
class Precision:
    """Standard error and df of a difference with ``n`` listeners and ``m`` passages."""

    listeners: int
    passages: int
    error: float
    df: float


def precision(
    variances: Mapping[str, float], listeners: int, passages: int, scope: Scope
) -> Precision:
    """The precision of a pair's difference; ``variances`` by term."""
    n, m = listeners, passages
    residual = max(variances[Term.RESIDUAL], 0.0)
    by_listener = max(variances.get(Term.LISTENER_SYSTEM, 0.0), 0.0)
    by_passage = max(variances.get(Term.PASSAGE_SYSTEM, 0.0), 0.0) if scope is Scope.MUSIC else 0.0
    squared = 2 * (by_listener / n + by_passage / m + residual / (n * m))
    # Mean squares of the difference that these variances imply.
    ms_l, ms_p, ms_lp = m * by_listener + residual, n * by_passage + residual, residual
    if scope is not Scope.MUSIC:
        return Precision(n, m, float(np.sqrt(squared)), float(n - 1))
    total = ms_l + ms_p - ms_lp
    shares = ms_l**2 / (n - 1) + ms_p**2 / (m - 1) + ms_lp**2 / ((n - 1) * (m - 1))
    df = max(total**2 / shares, min(n, m) - 1.0) if shares > 0 else min(n, m) - 1.0
    return Precision(n, m, float(np.sqrt(squared)), float(df))


def power(difference: float, at: Precision, alpha: float) -> float:
    """The chance that a true ``difference`` of two systems is found at two-sided ``alpha``."""
    if at.error == 0:
        return 1.0 if difference else alpha
    critical = float(stats.t.isf(alpha / 2, at.df))
    shift = abs(difference) / at.error
    upper = float(stats.nct.sf(critical, at.df, shift))
    lower = float(stats.nct.cdf(-critical, at.df, shift))
    # Far from zero the lower tail underflows, and some versions say NaN.
    return upper + (lower if np.isfinite(lower) else 0.0)


def smallest_detectable(at: Precision, alpha: float, wanted: float = 0.8) -> float:
    """The difference that is found with the ``wanted`` power."""
    if at.error == 0:
        return 0.0
    top = at.error
    while power(top, at, alpha) < wanted:
        top *= 2
    return float(optimize.brentq(lambda d: power(d, at, alpha) - wanted, 0.0, top, xtol=1e-9))


def better_buy(
    variances: Mapping[str, float], listeners: int, passages: int, scope: Scope
) -> Resource:
    """Which narrows the interval more for as many new ratings: ``listeners`` or ``passages``."""
    more = precision(variances, 2 * listeners, passages, scope).error
    wider = precision(variances, listeners, 2 * passages, scope).error
    return Resource.LISTENERS if more <= wider else Resource.PASSAGES
