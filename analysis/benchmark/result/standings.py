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

    All comparisons are one family, so that ranks and differences cannot contradict each other.
    """

    ranking: Ranking
    against: tuple[Against, ...]


def standings(
    values: Values,
    columns: Sequence[Column],
    competing: Sequence[str],
    baselines: Sequence[str],
    seed: int,
    strata: Sequence[str] = (),
) -> dict[Place, Standing]:
    """How systems stand in every column and variant.

    The ``competing`` systems are ranked where they have every song. Every system is compared with
    each of the ``baselines``, and each of these with those before it.
    """
    found = {}
    for column in columns:
        for variant in column.variants:
            whole = complete(values, column.id, variant, competing)
            ranked = [name for name in competing if name in whole and column.better != "none"]
            table = {
                name: _sized(column, values.of(column.id, variant, name)) for name in values.systems
            }
            found[column.id, variant] = _standing(column, table, ranked, baselines, seed, strata)
    return found


def _standing(
    column: Column,
    table: Mapping[str, Floats],
    ranked: Sequence[str],
    baselines: Sequence[str],
    seed: int,
    strata: Sequence[str],
) -> Standing:
    names = [*ranked, *(name for name in table if name not in ranked)]
    at = {name: place for place, name in enumerate(names)}
    asked = [
        (name, baseline)
        for done, baseline in enumerate(baselines)
        for name in table
        if name not in baselines[: done + 1]
    ]
    pairs = pairs_of(len(ranked))
    among = set(pairs)
    wanted = {(at[name], at[baseline]): (name, baseline) for name, baseline in asked}
    pairs += [pair for pair in wanted if pair not in among and pair[::-1] not in among]
    rows = np.stack([table[name] for name in names], axis=1)
    family = compare(rows, pairs, seed)
    known = dict(zip(pairs, family.differences, strict=True))
    against = []
    for pair, (name, baseline) in wanted.items():
        one = known[pair] if pair in known else known[pair[::-1]].turned()
        median = intervals.median(rows[:, pair[0]] - rows[:, pair[1]])
        against.append(Against(name, baseline, one, median, verdict(column, one)))
    ranking = rank(rows[:, : len(ranked)], ranked, family, column.better, seed, strata)
    return Standing(ranking, tuple(against))


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
