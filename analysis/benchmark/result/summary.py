"""What the scores come to: medians over songs with intervals, and differences from the mix."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...presentation.estimate import Estimate
from ...presentation.numbers import NumberFormat, number_format
from . import bootstrap
from .columns import Column

BASELINE = "unprocessed"

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Cell:
    """One system in one column: over songs, in one variant.

    ``reasons`` counts why values are missing; ``best`` marks the best of the systems that
    compete: the reference master, anchors and systems that are shown the reference do not. Nor
    does one that is not ``complete``: that lacks a song of which a competing system has a value.
    """

    median: Estimate
    mean: Estimate
    reasons: Mapping[str, int]
    best: bool = False
    complete: bool = True


@dataclass(frozen=True)
class Values:
    """The scores as one table per column and variant: songs × systems, NaN where missing."""

    songs: tuple[str, ...]
    systems: tuple[str, ...]
    tables: Mapping[tuple[str, str], Floats]
    reasons: Mapping[tuple[str, str], Mapping[str, Counter[str]]]

    def of(self, column: str, variant: str, system: str) -> Floats:
        """The values of one system, one per song; all NaN where it has none."""
        table = self.tables.get((column, variant))
        if table is None:
            return np.full(len(self.songs), np.nan)
        values: Floats = table[:, self.systems.index(system)]
        return values


def tabulate(
    scores: pd.DataFrame, columns: Sequence[Column], songs: Sequence[str], systems: Sequence[str]
) -> Values:
    """Tidy scores as tables of songs × systems."""
    of_column = {(column.metric, column.parameters): column.id for column in columns}
    song_at = {song: position for position, song in enumerate(songs)}
    system_at = {system: position for position, system in enumerate(systems)}
    tables: dict[tuple[str, str], Floats] = {}
    reasons: dict[tuple[str, str], dict[str, Counter[str]]] = {}
    names = ["metric", "parameters", "variant", "song", "system", "value", "reason"]
    for metric, parameters, variant, song, system, value, reason in scores[names].itertuples(
        index=False, name=None
    ):
        key = (of_column[metric, parameters], variant)
        if key not in tables:
            tables[key] = np.full((len(songs), len(systems)), np.nan)
            reasons[key] = {}
        tables[key][song_at[song], system_at[system]] = value
        if reason and not np.isfinite(value):
            reasons[key].setdefault(system, Counter())[reason] += 1
    return Values(tuple(songs), tuple(systems), tables, reasons)


def summarise(
    values: Values, columns: Sequence[Column], competing: Sequence[str], seed: int
) -> dict[tuple[str, str, str], Cell]:
    """Cells by (system, column id, variant); ``competing`` systems can be best."""
    cells: dict[tuple[str, str, str], Cell] = {}
    for column in columns:
        for variant in column.variants:
            reasons = values.reasons.get((column.id, variant), {})
            medians = {
                system: bootstrap.median(values.of(column.id, variant, system), seed)
                for system in values.systems
            }
            shown = number_format(numbers_of(medians.values()), column.unit)
            whole = complete(values, column.id, variant, competing)
            centres = {name: medians[name].centre for name in competing if name in whole}
            best = _best(column, centres, shown)
            for system, median in medians.items():
                mean = bootstrap.mean(values.of(column.id, variant, system), seed)
                why = dict(sorted(reasons.get(system, Counter()).items()))
                cells[system, column.id, variant] = Cell(
                    median, mean, why, system in best, system in whole
                )
    return cells


def complete(values: Values, column: str, variant: str, competing: Sequence[str]) -> set[str]:
    """The systems with a value for every song for which a competing system has one.

    Medians over other songs cannot be compared: the songs that are hard decide them.
    """
    known = {name: np.isfinite(values.of(column, variant, name)) for name in values.systems}
    wanted = np.zeros(len(values.songs), dtype=bool)
    for name in competing:
        wanted |= known[name]
    return {name for name, there in known.items() if bool(there[wanted].all())}


def differences(
    values: Values, columns: Sequence[Column], seed: int
) -> dict[tuple[str, str, str], Estimate]:
    """Each system less :data:`BASELINE`, paired by song; empty without that system.

    Where closest to zero is best, sizes are compared instead of signed values.
    """
    if BASELINE not in values.systems:
        return {}
    found = {}
    for column in columns:
        for variant in column.variants:
            baseline = _sized(column, values.of(column.id, variant, BASELINE))
            for system in values.systems:
                if system != BASELINE:
                    ours = _sized(column, values.of(column.id, variant, system))
                    found[system, column.id, variant] = bootstrap.paired_median(
                        ours, baseline, seed
                    )
    return found


def _sized(column: Column, values: Floats) -> Floats:
    return np.abs(values) if column.better == "zero" else values


def numbers_of(estimates: Iterable[Estimate]) -> list[float | None]:
    """Every number of the estimates, by which a column chooses how it is printed."""
    return [number for e in estimates for number in (e.centre, e.low, e.high)]


def _best(column: Column, centres: Mapping[str, float | None], shown: NumberFormat) -> set[str]:
    known = {name: value for name, value in centres.items() if value is not None}
    if column.better == "none" or len(known) < 2:
        return set()
    cost = {"lower": 1.0, "higher": -1.0}.get(column.better)
    ranks = {name: abs(v) if cost is None else cost * v for name, v in known.items()}
    leader = min(ranks, key=lambda name: ranks[name])
    # What is printed alike is alike: the digits beyond say nothing over so few songs.
    best = {name for name, rank in ranks.items() if shown(rank) == shown(ranks[leader])}
    # Where all are equal, none is best.
    return best if len(best) < len(known) else set()
