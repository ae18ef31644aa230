"""How small a difference the songs at hand can tell apart, and how many songs a smaller one takes.

A difference is told where it is found by four benchmarks in five (power .8) that compare as many
systems over as many other songs like these, by the t test of :mod:`.comparisons`. Power is that of
the noncentral t distribution (Cohen 1988, chapter 2).
"""

import math
from dataclasses import dataclass
from functools import lru_cache

from scipy import optimize, stats

from .comparisons import LEAST_SONGS, bonferroni_t

POWER = 0.8
MOST_SONGS = 10_000


@dataclass(frozen=True)
class Tellable:
    """The least ``difference`` that ``songs`` tell apart, and the songs that half of it takes.

    ``half_songs`` is None where more than :data:`MOST_SONGS` would be needed.
    """

    songs: int
    difference: float
    half_songs: int | None


def tellable(sd: float, songs: int, family: int, critical: float) -> Tellable | None:
    """For differences of this spread over songs; None where songs are too few or all alike.

    ``critical`` is that of the comparisons made, which may exceed Bonferroni's.
    """
    if songs < LEAST_SONGS or not sd > 0 or not math.isfinite(critical):
        return None
    least = _least(songs, critical) * sd
    wanted = least / 2 / sd
    more = songs
    while _least(more, bonferroni_t(more, family)) > wanted:
        if more > MOST_SONGS:
            return Tellable(songs, least, None)
        more = max(more + 1, math.floor(more * 1.2))
    low, high = songs, more
    while high - low > 1:
        middle = (low + high) // 2
        if _least(middle, bonferroni_t(middle, family)) > wanted:
            low = middle
        else:
            high = middle
    return Tellable(songs, least, high)


@lru_cache(maxsize=1024)
def _least(songs: int, critical: float) -> float:
    """The difference in standard deviations that is found with the chance :data:`POWER`."""

    def lacking(effect: float) -> float:
        shift = effect * math.sqrt(songs)
        return float(stats.nct.sf(critical, songs - 1, shift)) - POWER

    # The noncentral t lies near its shift: at three times c nearly all of it is beyond c.
    highest = (3 * critical + 3) / math.sqrt(songs)
    return float(optimize.brentq(lacking, 0.0, highest, xtol=1e-4))
