"""ABX: whether listeners hear a difference at all, and how large it is to them.

Per listener the exact binomial test against guessing. Pooled, listeners differ in skill, so the
answers of all are beta-binomial: its mean is tested against one half with the spread left free, by
the likelihood ratio, and the interval of the mean holds what that test would not reject. One
listener's answers are binomial. d′ follows from the share of right answers under a stated strategy
(Macmillan & Creelman 2005, chapter 9):

    differencing: P = Φ(d′/√2) Φ(d′/√6) + Φ(-d′/√2) Φ(-d′/√6)
    independent:  P = Φ(d′/√2) Φ(d′/2)  + Φ(-d′/√2) Φ(-d′/2)

Where it is known which of the two X was, an answer "X is the first" is a hit (H) or a false alarm
(F). Bias is the criterion c = −(z(H) + z(F))/2, below 0 for listeners who say "the first" too
often; the share of right answers without bias is Φ((z(H) − z(F))/2). Half an answer is added to
each count and a whole one to its trials (Hautus 1995), so that none is infinite. The variance of
z(H) is H(1 − H)/(n φ(z)²) (Gourevitch & Galanter 1967).
"""

from dataclasses import dataclass

import numpy as np
from scipy import optimize, special, stats

from ..reading.table import Floats

STRATEGIES = {"differencing": 6**-0.5, "independent": 0.5}


@dataclass(frozen=True)
class Binomial:
    """Right answers of trials, one-sided p against guessing, the exact interval of the share."""

    right: int
    trials: int
    p: float
    low: float
    high: float


def binomial_test(right: int, trials: int, alpha: float = 0.05) -> Binomial:
    """The exact test that more than half are right (Clopper & Pearson 1934 for the interval)."""
    p = float(stats.binom.sf(right - 1, trials, 0.5))
    low = float(stats.beta.ppf(alpha / 2, right, trials - right + 1)) if right else 0.0
    high = float(stats.beta.isf(alpha / 2, right + 1, trials - right)) if right < trials else 1.0
    return Binomial(right, trials, p, low, high)


@dataclass(frozen=True)
class BetaBinomial:
    """Mean share of right answers and the spread of listeners (0: all alike), tested against ½.

    ``p`` is one-sided: guessing or worse against better than guessing. ``low`` to ``high`` is the
    two-sided profile interval of the mean.
    """

    mean: float
    overdispersion: float
    statistic: float
    p: float
    low: float
    high: float


def beta_binomial_test(right: Floats, trials: Floats, alpha: float = 0.05) -> BetaBinomial:
    """Test listeners' ``right`` answers of ``trials`` ``(n,)`` against guessing, pooled."""

    def deviance(logits: Floats) -> float:
        mean, spread = (float(value) for value in special.expit(logits))
        return -_log_likelihood(right, trials, mean, spread)

    start = np.array([_logit(right.sum() / trials.sum()), -3.0])
    full = optimize.minimize(deviance, start, bounds=[(-12, 12), (-14, 6)])
    null = optimize.minimize(deviance, np.array([0.0, -3.0]), bounds=[(0, 0), (-14, 6)])
    mean, spread = (float(value) for value in special.expit(full.x))
    statistic = max(0.0, 2 * float(null.fun - full.fun))
    signed = np.sqrt(statistic) if mean > 0.5 else -np.sqrt(statistic)
    p = float(stats.norm.sf(signed))
    return BetaBinomial(mean, spread, statistic, p, *_profile(right, trials, full, alpha))


def _profile(
    right: Floats, trials: Floats, full: optimize.OptimizeResult, alpha: float
) -> tuple[float, float]:
    """The shares whose likelihood, the spread free, is not significantly below the best one."""
    allowed = float(full.fun) + float(stats.chi2.isf(alpha, 1)) / 2

    def excess(logit: float) -> float:
        mean = float(special.expit(logit))
        found = optimize.minimize_scalar(
            lambda at: -_log_likelihood(right, trials, mean, float(special.expit(at))),
            bounds=(-14.0, 6.0),
            method="bounded",
        )
        return float(found.fun) - allowed

    best, ends = float(full.x[0]), []
    for end in (-12.0, 12.0):
        # Without a wrong (or a right) answer the likelihood rises to the very end.
        inside = excess(end) <= 0
        edge = end if inside else float(optimize.brentq(excess, best, end, xtol=1e-10))
        ends.append(float(end > 0) if inside else float(special.expit(edge)))
    return ends[0], ends[1]


def _logit(share: float) -> float:
    return float(special.logit(np.clip(share, 1e-4, 1 - 1e-4)))


def _log_likelihood(right: Floats, trials: Floats, mean: float, spread: float) -> float:
    size = (1 - spread) / spread
    a, b = mean * size, (1 - mean) * size
    return float((special.betaln(right + a, trials - right + b) - special.betaln(a, b)).sum())


def abx_d_prime(share: float, strategy: str = "differencing") -> float:
    """d′ of a ``share`` of right ABX answers; 0 at guessing or below, infinite at 1.

    Raises:
        ValueError: for an unknown strategy or a share outside 0 to 1.
    """
    if strategy not in STRATEGIES or not 0 <= share <= 1:
        raise ValueError(f"share {share} or strategy {strategy!r} does not exist")
    if share <= 0.5:
        return 0.0
    if share == 1:
        return float("inf")
    return float(optimize.brentq(lambda d: abx_share(d, strategy) - share, 0.0, 40.0))


def abx_share(d_prime: float, strategy: str = "differencing") -> float:
    """The share of right ABX answers that ``d_prime`` gives."""
    one, two = d_prime / 2**0.5, d_prime * STRATEGIES[strategy]
    phi = special.ndtr
    return float(phi(one) * phi(two) + phi(-one) * phi(-two))


@dataclass(frozen=True)
class Criterion:
    """Bias ``value`` with its interval, and the ``share`` of right answers without it."""

    value: float
    low: float
    high: float
    share: float


def criterion(
    hits: int, firsts: int, false_alarms: int, seconds: int, alpha: float = 0.05
) -> Criterion | None:
    """The bias of one listener; None where X was never the first or never the second.

    Args:
        hits: how often the first was said of the ``firsts`` times that X was it.
        firsts: trials in which X was the first.
        false_alarms: how often the first was said of the ``seconds`` times that X was the second.
        seconds: trials in which X was the second.
        alpha: of the interval.
    """
    if not firsts or not seconds:
        return None
    rates = np.array([(hits + 0.5) / (firsts + 1), (false_alarms + 0.5) / (seconds + 1)])
    z = special.ndtri(rates)
    variances = rates * (1 - rates) / (np.array([firsts, seconds]) * stats.norm.pdf(z) ** 2)
    value = -float(z.sum()) / 2
    half = float(stats.norm.isf(alpha / 2) * np.sqrt(variances.sum()) / 2)
    share = float(special.ndtr((z[0] - z[1]) / 2))
    return Criterion(value, value - half, value + half, share)


def d_prime_interval(
    low: float | None, high: float | None, strategy: str
) -> tuple[float | None, float | None]:
    """The ends of an interval of the share of right answers, as d′: it rises with the share."""
    ends = [None if end is None else abx_d_prime(end, strategy) for end in (low, high)]
    return ends[0], ends[1]
