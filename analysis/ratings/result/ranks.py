"""Ranks of rated systems, no finer than the decisions on their pairs: intervals, and who ties.

The rank of a system lies between one more than the systems decided to be better and the number of
those not decided to be worse. Where the pairs are adjusted so that any wrong decision among them
has at most the chance alpha, all these intervals hold together with the chance 1 - alpha (Mogstad,
Romano, Shaikh & Wilhelm 2024). Systems that none is decided to be better than tie for first.
"""

import math
from collections.abc import Mapping, Sequence

from ...result.parts import ResultPart
from .names import Adjust
from .tests import Pair

# These keep the chance of any wrong decision. Hochberg's and Hommel's do so only for tests that
# hang together as pairs of systems need not; the rest keep a share of wrong ones, or nothing.
TOGETHER = frozenset((Adjust.BONFERRONI, Adjust.SIDAK, Adjust.HOLM, Adjust.HOLM_SIDAK))


class RatedRank(ResultPart):
    """The interval of a system's rank, 1 for the best, and how many pairs decided it.

    ``better`` counts the systems decided to be better, ``worse`` those decided to be worse.
    """

    system: str
    low: int
    high: int
    better: int
    worse: int


class RatedRanks(ResultPart):
    """The rank of every system under test, those that tie for first before the others.

    ``best`` is the system that is decided to be better than every other, if there is one.
    ``together`` says that the intervals hold all at once with the level of the analysis.
    ``untested`` counts the pairs without a test: they decide nothing.
    """

    systems: tuple[RatedRank, ...]
    first: tuple[str, ...]
    best: str | None
    together: bool
    untested: int

    def rank_of(self, system: str) -> RatedRank | None:
        """The rank of a system; None where it is not under test."""
        return next((one for one in self.systems if one.system == system), None)


def ranked(systems: Sequence[str], pairs: Sequence[Pair], adjust: Adjust) -> RatedRanks | None:
    """The ranks that the verdicts on all ``pairs`` allow; None where no pair has a test.

    Equal ranks are in the order of :func:`leads`, then in that of ``systems``.
    """
    untested = sum(pair.p_adj is None for pair in pairs)
    if untested == len(pairs):
        return None
    better, worse = dict.fromkeys(systems, 0), dict.fromkeys(systems, 0)
    for pair in pairs:
        if (winner := pair.better) is not None:
            worse[winner] += 1
            better[pair.group2 if winner == pair.group1 else pair.group1] += 1
    lead = leads(systems, pairs)
    rows = [
        RatedRank(
            system=name,
            low=1 + better[name],
            high=len(systems) - worse[name],
            better=better[name],
            worse=worse[name],
        )
        for name in systems
    ]
    rows.sort(key=lambda row: (row.low, row.high, -lead[row.system]))
    return RatedRanks(
        systems=tuple(rows),
        first=tuple(row.system for row in rows if row.low == 1),
        best=next((row.system for row in rows if row.high == 1), None),
        together=adjust in TOGETHER,
        untested=untested,
    )


def leads(systems: Sequence[str], pairs: Sequence[Pair]) -> Mapping[str, float]:
    """How far each system is above the others on average, by the estimates of the pairs.

    Plain means would not do: systems may have been rated on different passages, or by others.
    Minus infinity where no pair has an estimate.
    """
    found: dict[str, list[float]] = {name: [] for name in systems}
    for pair in pairs:
        if pair.mean_diff is not None:
            found[pair.group1].append(pair.mean_diff)
            found[pair.group2].append(-pair.mean_diff)
    return {
        name: round(math.fsum(mine) / len(mine), 9) if mine else -math.inf
        for name, mine in found.items()
    }
