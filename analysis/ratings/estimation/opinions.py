"""OpinionKind scores of ITU-T P.800: MOS, DMOS or CMOS of each condition with its votes.

The score is the mean of all votes. P.800 takes votes as independent; its interval is
mean ± t(n − 1) SD/√n. Votes of one listener are not independent, so the interval over listeners
stands beside it, which is of the mean of listeners' means.
"""

import numpy as np
from scipy import stats

from ..reading.scales import DEGRADATION, Scale
from ..reading.table import Floats, Ratings, listener_means
from ..result.names import OpinionKind
from ..result.secondary import OpinionScore, OpinionScores


def opinion_scores(ratings: Ratings, scale: Scale, alpha: float) -> OpinionScores | None:
    """The scores of all systems; None on a scale that is not one of categories of P.800."""
    name = _named(scale)
    if name is None:
        return None
    means = listener_means(ratings.cells)
    return OpinionScores(
        score=name,
        interval=f"{100 * (1 - alpha):g} %",
        conditions=tuple(
            _score(system, ratings.value[ratings.system == at], means[:, at], alpha)
            for at, system in enumerate(ratings.systems)
        ),
    )


def _named(scale: Scale) -> OpinionKind | None:
    if not scale.ordinal:
        return None
    if scale.signed:
        return OpinionKind.CMOS
    if (scale.low, scale.high) != (1, 5):
        return None
    return OpinionKind.DMOS if scale.name == DEGRADATION else OpinionKind.MOS


def _score(system: str, votes: Floats, means: Floats, alpha: float) -> OpinionScore:
    of_votes, of_listeners = (_half(one, alpha) for one in (votes, means[~np.isnan(means)]))
    mean, over = float(votes.mean()), float(np.nanmean(means))
    return OpinionScore(
        system=system,
        votes=len(votes),
        listeners=int((~np.isnan(means)).sum()),
        score=mean,
        sd=float(votes.std(ddof=1)) if len(votes) > 1 else None,
        low=None if of_votes is None else mean - of_votes,
        high=None if of_votes is None else mean + of_votes,
        over_listeners=over,
        listeners_low=None if of_listeners is None else over - of_listeners,
        listeners_high=None if of_listeners is None else over + of_listeners,
    )


def _half(values: Floats, alpha: float) -> float | None:
    n = len(values)
    if n < 2:
        return None
    return float(stats.t.isf(alpha / 2, n - 1) * values.std(ddof=1) / np.sqrt(n))
