"""What the scores come to: medians and means over songs with intervals."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...presentation.estimate import Estimate
from . import intervals
from .columns import Column

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Cell:
    """One system in one column: over songs, in one variant.

    ``reasons`` counts why values are missing. ``complete`` is false where the system lacks a song
    of which a competing system has a value: such medians and means cannot be compared.
    """

    median: Estimate
    mean: Estimate
    reasons: Mapping[str, int]
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
    # Lists: to step through pandas' texts costs ten times as much.
    rows = zip(*(scores[name].tolist() for name in names), strict=True)
    for metric, parameters, variant, song, system, value, reason in rows:
        key = (of_column[metric, parameters], variant)
        if key not in tables:
            tables[key] = np.full((len(songs), len(systems)), np.nan)
            reasons[key] = {}
        tables[key][song_at[song], system_at[system]] = value
        if reason and not np.isfinite(value):
            reasons[key].setdefault(system, Counter())[reason] += 1
    return Values(tuple(songs), tuple(systems), tables, reasons)


def competing_systems(systems: pd.DataFrame) -> tuple[str, ...]:
    """The systems that can be best: no master, no anchor, and not shown the reference."""
    return tuple(
        str(name)
        for name, role, sees in zip(
            systems["system"], systems["role"], systems["uses_reference"], strict=True
        )
        if role not in ("reference", "anchor") and not sees
    )


def summarise(
    values: Values, columns: Sequence[Column], competing: Sequence[str]
) -> dict[tuple[str, str, str], Cell]:
    """Cells by (system, column id, variant)."""
    cells: dict[tuple[str, str, str], Cell] = {}
    for column in columns:
        for variant in column.variants:
            reasons = values.reasons.get((column.id, variant), {})
            whole = complete(values, column.id, variant, competing)
            for system in values.systems:
                mine = values.of(column.id, variant, system)
                why = dict(sorted(reasons.get(system, Counter()).items()))
                cells[system, column.id, variant] = Cell(
                    intervals.median(mine), intervals.mean(mine), why, system in whole
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


def numbers_of(estimates: Iterable[Estimate]) -> list[float | None]:
    """Every number of the estimates, by which a column chooses how it is printed."""
    return [number for e in estimates for number in (e.centre, e.low, e.high)]
