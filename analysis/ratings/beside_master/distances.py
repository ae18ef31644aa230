"""How far metrics say that each system is from the master, of what was heard."""

import json
import math
from collections.abc import Mapping, Sequence

from ..reading.heard import HeardScore
from ..reading.table import Ratings
from ..result.master import MasterDistance

Key = tuple[str, str, str, str]


def distances(
    heard: Sequence[HeardScore],
    rated: Ratings,
    master: str,
    genres: Mapping[str, Sequence[str]],
) -> tuple[MasterDistance, ...]:
    """The metrics that compare with the master, each with its mean per system.

    A metric compares with the master where the master itself has no score: it has none of its
    distance to itself. Passages count on which every system has a value, so that a hard one counts
    against none.
    """
    found: dict[Key, dict[str, dict[str, float]]] = {}
    own: set[Key] = set()
    for row in heard:
        key = (row.metric, row.variant, json.dumps(row.parameters, sort_keys=True), row.unit)
        if row.system == master:
            own.add(key)
        elif row.passage in rated.passages and row.system in rated.systems:
            value = row.value
            if value is not None and math.isfinite(value):
                found.setdefault(key, {}).setdefault(row.passage, {})[row.system] = value
    if not any(row.system == master for row in heard):
        # Nothing tells which metrics compare with the master, if it was not measured itself.
        return ()
    systems = [name for name in rated.systems if name != master]
    made = []
    for key in sorted(set(found) - own):
        whole = {p: v for p, v in found[key].items() if all(name in v for name in systems)}
        if whole:
            metric, variant, parameters, unit = key
            made.append(
                MasterDistance(
                    metric=metric,
                    variant=variant,
                    parameters=json.loads(parameters),
                    unit=unit,
                    passages=len(whole),
                    means=_means(whole, list(whole), systems),
                    genres={
                        genre: _means(whole, [p for p in passages if p in whole], systems)
                        for genre, passages in genres.items()
                    },
                )
            )
    return tuple(made)


def _means(
    values: Mapping[str, Mapping[str, float]], passages: Sequence[str], systems: Sequence[str]
) -> dict[str, float | None]:
    return {
        name: math.fsum(values[p][name] for p in passages) / len(passages) if passages else None
        for name in systems
    }
