"""Ranks of systems no finer than the songs allow: intervals of ranks, and who ties for first.

All pairs of the systems that compete are compared at once (:mod:`.comparisons`). The rank of a
system lies between one more than the systems told to be better and the number of those not told
to be worse; all these intervals hold together with the chance .95 (Mogstad, Romano, Shaikh &
Wilhelm 2024). Those that nobody is told to be better than tie for first. As every pair is in the
family, which system leads is part of what the level covers: it need not be chosen beforehand.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import combinations

import numpy as np
import numpy.typing as npt

from ....evaluation.results.metric_facts import Better
from .comparisons import LEAST_SONGS, Difference, Family, Floats, Pair, own_order
from .tellable import Tellable, tellable

RESAMPLES = 4000

Bools = npt.NDArray[np.bool_]


class NoClaim(StrEnum):
    """Why systems cannot be ranked."""

    DIRECTION = "neither direction is better"
    SYSTEMS = "fewer than two systems have a value for every song"
    SONGS = "fewer than six songs: even agreement of all of five has a chance of 1 in 16"


@dataclass(frozen=True)
class RankSpan:
    """The rank of a system and the interval that it lies in, 1 for the best.

    ``rank`` is that of the mean, equal for equal means. ``chance_best`` is the share of resamples
    of the songs in which the system has the best mean; who ties shares.
    """

    system: str
    mean: float
    rank: int
    low: int
    high: int
    chance_best: float

    @property
    def first(self) -> bool:
        """Whether no system is told to be better."""
        return self.low == 1


@dataclass(frozen=True)
class PairOf:
    """Two systems by name and how they differ."""

    first: str
    second: str
    difference: Difference


@dataclass(frozen=True)
class Ranking:
    """The systems that compete in one metric, the best mean first, and all their pairs.

    Values are the metric's, or their sizes where closest to zero is best. Without a claim
    (``why`` says the reason) there are no ranks, and pairs have no intervals.
    """

    songs: int
    why: NoClaim | None = None
    ranks: tuple[RankSpan, ...] = ()
    pairs: tuple[PairOf, ...] = ()
    critical: float | None = None
    tellable: Tellable | None = None

    @property
    def first(self) -> tuple[str, ...]:
        """The systems that tie for first, the best mean first; empty without a claim."""
        return tuple(one.system for one in self.ranks if one.first)

    @property
    def best(self) -> str | None:
        """The one system that is told to be better than every other, if there is one."""
        return self.first[0] if len(self.first) == 1 and len(self.ranks) > 1 else None

    def rank_of(self, system: str) -> RankSpan | None:
        """The rank of a system; None where it does not compete."""
        return next((one for one in self.ranks if one.system == system), None)


def rank(
    values: Floats,
    systems: Sequence[str],
    family: Family,
    better: Better,
    seed: int,
    strata: Sequence[str] = (),
) -> Ranking:
    """RankSpan ``systems``, the columns of ``values`` ``(songs, systems)``, by their comparisons.

    Args:
        values: as compared: sizes where closest to zero is best. Songs without a value for all
            are left out: give the systems that have every song.
        systems: their names.
        family: begins with the comparisons of :func:`pairs_of` these columns; what it holds
            beyond them counts in its level alone.
        better: the direction of the metric.
        seed: of the resamples.
        strata: a label for each song, such as its genre: resamples keep the songs of each label.
    """
    songs: Bools = np.asarray(np.isfinite(values).all(axis=1))
    there = values[songs]
    n = len(there)
    if better == "none":
        return Ranking(n, NoClaim.DIRECTION)
    if len(systems) < 2 or n == 0:
        return Ranking(n, NoClaim.SYSTEMS)
    pairs = pairs_of(len(systems))
    own = family.differences[: len(pairs)]
    told = tuple(
        PairOf(systems[i], systems[j], one) for (i, j), one in zip(pairs, own, strict=True)
    )
    if n < LEAST_SONGS or family.critical is None:
        return Ranking(n, NoClaim.SONGS, pairs=told)
    costs = -there if better == "higher" else there
    worse = _told_worse(pairs, own, len(systems), -1 if better == "higher" else 1)
    labels = [label for label, kept in zip(strata, songs, strict=True) if kept] if strata else []
    ranks = _ranks(systems, costs, worse, chances_best(costs, labels, seed), better)
    spreads = [one.sd for one in own if one.sd]
    spread = float(np.median(spreads)) if spreads else 0.0
    least = tellable(spread, n, len(family.differences), family.critical)
    # Where songs are few and differences all alike, no finite t is enough.
    critical = family.critical if math.isfinite(family.critical) else None
    return Ranking(n, None, ranks, told, critical, least)


def pairs_of(count: int) -> list[Pair]:
    """Every two of ``count`` columns, the first named first."""
    return list(combinations(range(count), 2))


def _told_worse(
    pairs: Sequence[Pair], differences: Sequence[Difference], count: int, sign: int
) -> Bools:
    """``[i, j]``: whether system i is told to be worse than j."""
    worse = np.zeros((count, count), dtype=bool)
    for (i, j), one in zip(pairs, differences, strict=True):
        worse[i, j] = sign * one.sign > 0
        worse[j, i] = sign * one.sign < 0
    return worse


def _ranks(
    names: Sequence[str], costs: Floats, worse: Bools, chances: Floats, better: Better
) -> tuple[RankSpan, ...]:
    """The ranks, the best mean first."""
    means = costs.mean(axis=0)
    found = [
        RankSpan(
            name,
            -float(means[at]) if better == "higher" else float(means[at]),
            # Inside the interval by construction: who is told to be better has a better mean.
            1 + int((means < means[at] - _slack(means)).sum()),
            1 + int(worse[at].sum()),
            len(names) - int(worse[:, at].sum()),
            float(chances[at]),
        )
        for at, name in enumerate(names)
    ]
    return tuple(sorted(found, key=lambda one: one.rank))


def chances_best(costs: Floats, strata: Sequence[str], seed: int) -> Floats:
    """How often each system has the least mean cost ``(systems,)`` when songs are drawn anew."""
    order = own_order(costs)
    weights = draws(len(costs), tuple(strata[at] for at in order) if strata else (), seed)
    means = weights @ costs[order] / len(costs)
    least = means.min(axis=1, keepdims=True)
    winners = means <= least + _slack(least)
    shares: Floats = (winners / winners.sum(axis=1, keepdims=True)).mean(axis=0)
    return shares


@lru_cache(maxsize=4)
def draws(n: int, strata: tuple[str, ...], seed: int) -> Floats:
    """How often each of ``n`` songs is drawn, ``(resamples, n)``: within its label, if it has one.

    Songs that are alone with their label are drawn together.
    """
    generator = np.random.default_rng([seed, n])
    labels = np.array(strata if strata else [""] * n, dtype=str)
    names, counts = np.unique(labels, return_counts=True)
    alone = set(names[counts == 1].tolist())
    groups = [np.flatnonzero(labels == name) for name in names if name not in alone]
    if alone:
        groups.append(np.flatnonzero([label in alone for label in labels]))
    weights: Floats = np.zeros((RESAMPLES, n))
    for songs in groups:
        drawn = generator.multinomial(len(songs), np.full(len(songs), 1 / len(songs)), RESAMPLES)
        weights[:, songs] = drawn
    weights.setflags(write=False)
    return weights


def _slack(value: Floats) -> Floats:
    slack: Floats = 1e-9 + 1e-6 * np.abs(value)
    return slack
