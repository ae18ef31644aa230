"""Errors of effect models: each metric of each system over the songs of each effect.

Songs count that are tagged with the ``effect`` that made their reference.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..ranking.comparisons import compare
from ..ranking.ranks import NoClaim, Ranking, pairs_of, rank

METRICS = ("mae", "esr", "mcd_k25", "mrstft_auraloss")


@dataclass(frozen=True)
class EffectCell:
    """One metric of one system over the songs of an effect; ``sd`` is None for one song.

    ``best`` is the system that the songs tell from every other, ``tied_first`` those that none is
    told to be better than; the latter is None where nothing can be claimed.
    """

    effect: str
    system: str
    metric: str
    songs: int
    mean: float
    sd: float | None
    best: bool
    tied_first: bool | None

    def as_json(self) -> dict[str, Any]:
        """As a plain row, for CSV and JSON."""
        return asdict(self)


def effect_cells(
    songs: pd.DataFrame, systems: pd.DataFrame, scores: pd.DataFrame, seed: int = 0
) -> tuple[EffectCell, ...]:
    """Every cell, by effect, metric and system in their order; none without tagged songs.

    The raw values count: what an effect model delivers is not aligned. Systems that are no
    baselines or anchors, do not see the reference and lack none of the songs are ranked with the
    unprocessed input, so that who is first is told to be better than doing nothing too.
    """
    masters = set(systems[systems["role"] == "reference"]["system"])
    names = [str(name) for name in systems["system"] if name not in masters]
    rivals = {
        str(row.system)
        for row in systems.itertuples()
        if row.role == "system" and not row.uses_reference
    }
    untouched = set(systems[systems["kind"] == "unprocessed"]["system"])
    cells: list[EffectCell] = []
    for effect, ids in _effects(songs).items():
        raw = scores[scores["song"].isin(ids) & (scores["variant"] == "raw")]
        for metric in METRICS:
            by_song = {name: _values(raw, name, metric) for name in names}
            found = {name: list(values.values()) for name, values in by_song.items()}
            means = {name: sum(v) / len(v) for name, v in found.items() if v}
            ranking = _ranking(by_song, rivals, untouched, seed)
            cells += [
                EffectCell(
                    effect,
                    name,
                    metric,
                    len(found[name]),
                    mean,
                    _sd(found[name], mean),
                    name == ranking.best and name in rivals,
                    None if ranking.why is not None else name in ranking.first,
                )
                for name, mean in means.items()
            ]
    return tuple(cells)


def _ranking(
    by_song: Mapping[str, Mapping[str, float]], rivals: set[str], untouched: set[str], seed: int
) -> Ranking:
    """The rivals that lack no song of the effect that another has, and the untouched input."""
    wanted = sorted({song for name in rivals for song in by_song[name]})
    names = [
        name
        for name, values in by_song.items()
        if name in rivals | untouched and wanted and all(song in values for song in wanted)
    ]
    if len(rivals & {*names}) < 2:
        return Ranking(len(wanted), NoClaim.SYSTEMS)
    table = np.array([[by_song[name][song] for name in names] for song in wanted])
    family = compare(table, pairs_of(len(names)), seed)
    return rank(table, names, family, "lower", seed)


def _effects(songs: pd.DataFrame) -> dict[str, list[str]]:
    """The songs of each effect, in the order of the songs."""
    found: dict[str, list[str]] = {}
    for song, tags in zip(songs["song"], songs["tags"], strict=True):
        if isinstance(tags, Mapping) and tags.get("effect"):
            found.setdefault(str(tags["effect"]), []).append(str(song))
    return found


def _values(scores: pd.DataFrame, system: str, metric: str) -> dict[str, float]:
    chosen = scores[(scores["system"] == system) & (scores["metric"] == metric)]
    if len(chosen):  # with other parameters it is another metric; the first asked for counts
        chosen = chosen[chosen["parameters"] == chosen["parameters"].iloc[0]]
    pairs = zip(chosen["song"], chosen["value"], strict=True)
    return {str(song): float(value) for song, value in pairs if math.isfinite(value)}


def _sd(values: Sequence[float], mean: float) -> float | None:
    if len(values) < 2:
        return None
    return math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))
