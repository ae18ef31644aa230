"""Ranks, pairs and differences from baselines as plain rows, for JSON and CSV."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..ranking.comparisons import Difference
from ..ranking.ranks import Ranking
from .columns import Column
from .standings import Place, Standing, verdict


def difference_rows(
    columns: Sequence[Column], standings: Mapping[Place, Standing]
) -> list[dict[str, Any]]:
    """Each system less each baseline, in every column and variant."""
    return [
        {
            "system": one.system,
            "baseline": one.baseline,
            **_of(column, variant),
            "unit": column.unit,
            "songs": one.difference.songs,
            "median_difference": one.median.centre,
            "low": one.median.low,
            "high": one.median.high,
            "mean_difference": one.difference.mean,
            "mean_low": one.difference.low,
            "mean_high": one.difference.high,
            "p_adjusted": one.difference.p,
            "songs_below": one.difference.below,
            "songs_above": one.difference.above,
            "verdict": one.verdict,
        }
        for column, variant, standing in _each(columns, standings)
        for one in standing.against
    ]


def ranking_rows(
    columns: Sequence[Column], standings: Mapping[Place, Standing], paired: Sequence[Column]
) -> list[dict[str, Any]]:
    """The ranking of every column with a direction; pairs only of the columns ``paired``."""
    return [
        {
            **_of(column, variant),
            "unit": column.unit,
            "better": column.better,
            "songs": standing.ranking.songs,
            "no_claim": standing.ranking.why,
            "critical_t": standing.ranking.critical,
            "tellable": _tellable(standing.ranking),
            "first": standing.ranking.first,
            "ranks": [
                {
                    "system": one.system,
                    "mean": one.mean,
                    "rank": one.rank,
                    "low": one.low,
                    "high": one.high,
                    "chance_best": one.chance_best,
                }
                for one in standing.ranking.ranks
            ],
            "pairs": pair_rows(column, standing.ranking) if column in paired else [],
        }
        for column, variant, standing in _each(columns, standings)
        if column.better != "none"
    ]


def pair_rows(column: Column, ranking: Ranking) -> list[dict[str, Any]]:
    """Every two systems that compete, the first less the second."""
    return [
        {
            "first": one.first,
            "second": one.second,
            **_numbers(one.difference),
            "verdict": verdict(column, one.difference),
        }
        for one in ranking.pairs
    ]


def _numbers(difference: Difference) -> dict[str, Any]:
    return {
        "mean_difference": difference.mean,
        "low": difference.low,
        "high": difference.high,
        "p_adjusted": difference.p,
        "songs_below": difference.below,
        "songs_above": difference.above,
    }


def _tellable(ranking: Ranking) -> dict[str, Any] | None:
    least = ranking.tellable
    if least is None:
        return None
    return {"difference": least.difference, "half_takes_songs": least.half_songs}


def _of(column: Column, variant: str) -> dict[str, Any]:
    return {"metric": column.metric, "variant": variant, "parameters": column.parameters}


def _each(
    columns: Sequence[Column], standings: Mapping[Place, Standing]
) -> list[tuple[Column, str, Standing]]:
    return [
        (column, variant, standings[column.id, variant])
        for column in columns
        for variant in column.variants
    ]
