"""Where each system stands in each metric: its rank among those that compete, and its baselines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from ...presentation.estimate import Estimate
from ..ranking.comparisons import Difference, Floats, compare
from ..ranking.ranks import Ranking, pairs_of, rank
from . import intervals
from .columns import Column
from .summary import Values, complete

# A column and a variant of its values.
Place = tuple[str, str]


class SongVerdict(StrEnum):
    """What the songs tell of a system beside another."""

    BETTER = "better"
    WORSE = "worse"
    LOWER = "lower"
    HIGHER = "higher"
    UNTOLD = "not told apart"
    NO_CLAIM = "no claim"


@dataclass(frozen=True)
class Against:
    """A system less a baseline, paired by song; ``median`` is that of the songs' differences."""

    system: str
    baseline: str
    difference: Difference
    median: Estimate
    verdict: SongVerdict


@dataclass(frozen=True)
class Standing:
    """One column in one variant: who ranks where, and each system beside the baselines.

    ``beside`` has, by baseline, every other system; in distances to the master also by the mix, if
    that is no baseline. ``against`` has every pair of a system and a baseline once. All comparisons
    are one family, so that ranks and differences cannot contradict each other.
    """

    ranking: Ranking
    against: tuple[Against, ...]
    beside: Mapping[str, tuple[Against, ...]]


def standings(
    values: Values,
    columns: Sequence[Column],
    competing: Sequence[str],
    baselines: Sequence[str],
    seed: int,
    strata: Sequence[str] = (),
    mix: str | None = None,
) -> dict[Place, Standing]:
    """How systems stand in every column and variant.

    The ``competing`` systems are ranked where they have every song. Every system is compared with
    each of the ``baselines``, and in distances to the master with the ``mix``, if it is a system.
    """
    found = {}
    for column in columns:
        for variant in column.variants:
            whole = complete(values, column.id, variant, competing)
            ranked = [name for name in competing if name in whole and column.better != "none"]
            table = {
                name: _sized(column, values.of(column.id, variant, name)) for name in values.systems
            }
            others = baselines
            if mix is not None and column.is_distance:
                others = tuple(dict.fromkeys([*baselines, mix]))
            beside, ranking = _standing(column, table, ranked, others, seed, strata)
            against = [
                one
                for done, baseline in enumerate(baselines)
                for one in beside[baseline]
                if one.system not in baselines[:done]
            ]
            found[column.id, variant] = Standing(ranking, tuple(against), beside)
    return found


def _standing(
    column: Column,
    table: Mapping[str, Floats],
    ranked: Sequence[str],
    others: Sequence[str],
    seed: int,
    strata: Sequence[str],
) -> tuple[dict[str, tuple[Against, ...]], Ranking]:
    """Every system beside each of the ``others``, and the ranking of those ``ranked``."""
    names = [*ranked, *(name for name in table if name not in ranked)]
    at = {name: place for place, name in enumerate(names)}
    wanted = [(at[name], at[other]) for other in others for name in table if name != other]
    pairs = pairs_of(len(ranked))
    among = set(pairs)
    for pair in wanted:
        if pair not in among and pair[::-1] not in among:
            pairs.append(pair)
            among.add(pair)
    rows = np.stack([table[name] for name in names], axis=1)
    family = compare(rows, pairs, seed)
    known = dict(zip(pairs, family.differences, strict=True))
    beside: dict[str, list[Against]] = {other: [] for other in others}
    for pair in wanted:
        one = known[pair] if pair in known else known[pair[::-1]].turned()
        median = intervals.median(rows[:, pair[0]] - rows[:, pair[1]])
        name, other = names[pair[0]], names[pair[1]]
        beside[other].append(Against(name, other, one, median, verdict(column, one)))
    ranking = rank(rows[:, : len(ranked)], ranked, family, column.better, seed, strata)
    return {other: tuple(mine) for other, mine in beside.items()}, ranking


def verdict(column: Column, difference: Difference) -> SongVerdict:
    """The verdict on the first of two systems."""
    if difference.low is None:
        return SongVerdict.NO_CLAIM
    if difference.sign == 0:
        return SongVerdict.UNTOLD
    if column.better == "none":
        return SongVerdict.LOWER if difference.sign < 0 else SongVerdict.HIGHER
    good = 1 if column.better == "higher" else -1
    return SongVerdict.BETTER if difference.sign == good else SongVerdict.WORSE


def _sized(column: Column, values: Floats) -> Floats:
    return np.abs(values) if column.better == "zero" else values
