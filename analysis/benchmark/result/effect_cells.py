"""Errors of effect models: each metric of each system over the songs of each effect.

Songs count that are tagged with the ``effect`` that made their reference.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

METRICS = ("mae", "esr", "mcd_k25", "mrstft_auraloss")


@dataclass(frozen=True)
class EffectCell:
    """One metric of one system over the songs of an effect; ``sd`` is None for one song."""

    effect: str
    system: str
    metric: str
    songs: int
    mean: float
    sd: float | None
    best: bool

    def as_json(self) -> dict[str, Any]:
        """As a plain row, for CSV and JSON."""
        return asdict(self)


def effect_cells(
    songs: pd.DataFrame, systems: pd.DataFrame, scores: pd.DataFrame
) -> tuple[EffectCell, ...]:
    """Every cell, by effect, metric and system in their order; none without tagged songs.

    The raw values count: what an effect model delivers is not aligned. ``best`` is the smallest
    mean among at least two systems that are no baselines or anchors, do not see the reference and
    lack none of the songs, where it is smaller than that of the unprocessed input.
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
            # Who lacks songs of the effect that another has is not compared.
            wanted = {song for name in rivals & {*means} for song in by_song[name]}
            whole = {name for name in rivals & {*means} if by_song[name].keys() == wanted}
            competing = [means[name] for name in whole]
            least = min(competing) if len(competing) > 1 else None
            if least is not None and any(means[name] <= least for name in untouched & {*means}):
                least = None  # doing nothing is better
            cells += [
                EffectCell(
                    effect,
                    name,
                    metric,
                    len(found[name]),
                    mean,
                    _sd(found[name], mean),
                    name in whole and mean == least,
                )
                for name, mean in means.items()
            ]
    return tuple(cells)


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
