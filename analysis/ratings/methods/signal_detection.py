"""Response bias in ABX answers, and intervals of d′ by each strategy.

Where it is known which of the two X was, an answer "X is the first" is a hit (H) or a false alarm
(F). Bias is the criterion c = −(z(H) + z(F))/2, below 0 for listeners who say "the first" too
often; the share of right answers without bias is Φ((z(H) − z(F))/2), from which d′ follows by the
strategy (Macmillan & Creelman 2005, chapter 9). Half an answer is added to each count and a whole
one to its trials (Hautus 1995), so that none is infinite. The variance of z(H) is
H(1 − H)/(n φ(z)²) (Gourevitch & Galanter 1967).
"""

from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from .abx import abx_d_prime


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
