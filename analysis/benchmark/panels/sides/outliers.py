"""Outliers: renders whose value is far from what their song and their system would give."""

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ....presentation.figures import Rows
from ....presentation.numbers import number_format
from ...result.columns import Column
from ...result.document import Result
from ...result.summary import Floats
from ..figures import Shades, diverging_scale, heat_map
from ..parts import Drawing, Group, Panel
from ..registry import Context, Section, Table, section
from .addresses import player_of
from .values import COST_METRICS, variant_words

# Iglewicz & Hoaglin 1993: modified z-scores above 3.5 are potential outliers.
THRESHOLD = 3.5
LEAST = 3  # songs, and systems
_SHOWN = 9.0  # the last colour
_LISTED = 60
_SWEEPS = 10
_NOTE = (
    "For each render, its value less what its song and its system give (median of the song plus "
    "that of the system, by median polish), in robust standard deviations: z = 0.6745 times the "
    f"rest over the median size of all rests. Beyond ±{THRESHOLD:g} a render is listed (Iglewicz & "
    "Hoaglin 1993). With many renders a few lie there by chance. It is a reason to listen, not a "
    "fault. The human master is left out. A song in the table leads to the render’s player."
)


@dataclass(frozen=True)
class Outlier:
    """A render far from its like: its value, what would be expected, and the robust z."""

    song: str
    system: str
    value: float
    expected: float
    z: float


@section(order=48)
def outliers(context: Context) -> Section | None:
    """All outliers of the headline metrics in one list, then each metric as a map."""
    result = context.result
    maps: dict[str, Sequence[Group]] = {}
    found: dict[str, list[Outlier]] = {}
    rows: list[dict[str, Any]] = []
    names = [
        name
        for name, role in zip(result.system_names, result.systems["role"], strict=True)
        if role != "reference"
    ]
    for column in result.headline:
        if column.metric in COST_METRICS:
            continue
        values = [result.values.of(column.id, column.variants[0], name) for name in names]
        polished = robust_z(np.stack(values, axis=1)) if values else None
        if polished is None:
            continue
        z, unit = polished
        mine = outliers_of(result.song_names, names, np.stack(values, axis=1), z, unit)
        found[column.id] = mine
        maps[column.heading] = [Group("", [_map(result, names, column, z, mine)])]
        rows += [_row(column, one) for one in mine]
    if not maps:
        return None
    choices = {"All headline metrics": [Group("", [_list(context, found)])], **maps}
    tables = {"outliers": pd.DataFrame(rows, columns=_COLUMNS)}
    title = "Which renders are unlike the others?"
    return Panel("outliers", title, _NOTE, choices, tables, asked=("Metric", "Song")).section()


def robust_z(values: Floats) -> tuple[Floats, float] | None:
    """The rests after median polish, ``(songs, systems)``, in robust standard deviations, and one.

    None with fewer than three songs or systems, or where more than half of the rests are nothing.
    """
    songs = int(np.isfinite(values).any(axis=1).sum())
    systems = int(np.isfinite(values).any(axis=0).sum())
    if min(songs, systems) < LEAST:
        return None
    rest = np.where(np.isfinite(values), values, np.nan)
    with warnings.catch_warnings():
        # A song or a system without any value stays without one.
        warnings.filterwarnings("ignore", "All-NaN slice", RuntimeWarning)
        for _ in range(_SWEEPS):
            rest = rest - np.nanmedian(rest, axis=1, keepdims=True)
            rest = rest - np.nanmedian(rest, axis=0, keepdims=True)
    size = float(np.nanmedian(np.abs(rest)))
    if not size > 1e-9 * float(np.nanmax(np.abs(values))):
        return None
    unit = size / 0.6745
    return rest / unit, unit


def outliers_of(
    songs: Sequence[str], systems: Sequence[str], values: Floats, z: Floats, unit: float
) -> list[Outlier]:
    """Those beyond the threshold, the farthest first; ``unit`` is what a z of 1 is."""
    there = np.isfinite(z)
    found = []
    for song, system in np.argwhere(there & (np.abs(np.where(there, z, 0.0)) > THRESHOLD)):
        value, far = float(values[song, system]), float(z[song, system])
        found.append(Outlier(songs[song], systems[system], value, value - far * unit, far))
    return sorted(found, key=lambda one: -abs(one.z))


def _list(context: Context, found: Mapping[str, Sequence[Outlier]]) -> Drawing:
    result = context.result
    every = sorted(
        ((result.column(name), one) for name, mine in found.items() for one in mine),
        key=lambda entry: -abs(entry[1].z),
    )
    rows = []
    for column, one in every[:_LISTED]:
        digits = number_format([one.value, one.expected], column.unit).decimals
        song: dict[str, Any] = {"v": one.song}
        system: dict[str, Any] = {"v": one.system}
        if one.song in context.song_pages:
            song["href"] = f"{context.song_pages[one.song]}#{player_of(one.system)}"
        if one.system in context.system_pages:
            system["href"] = context.system_pages[one.system]
        numbers = [round(v, 9 if digits is None else digits) for v in (one.value, one.expected)]
        rows.append([song, system, column.heading, *numbers, one.z])
    count = len(every)
    title = f"{count} outliers" if count != 1 else "1 outlier"
    if count > _LISTED:
        title += f", the {_LISTED} farthest of them listed"
    header = ["song", "system", "metric", "value", "expected", "robust z"]
    return Drawing(title, None, Table(header, rows, (None, None, None, None, None, 1)))


def _map(
    result: Result, names: Sequence[str], column: Column, z: Floats, mine: Sequence[Outlier]
) -> Drawing:
    songs = result.song_names
    show = number_format((one.value for one in mine), column.unit)
    cells = [[_rounded(z[at, place]) for at in range(len(songs))] for place in range(len(names))]
    shades = Shades("robust z", diverging_scale(), ": z = %{z:.1f}", -_SHOWN, _SHOWN)
    figure = heat_map(Rows(names, result.looks), songs, cells, shades)
    if len(songs) <= 10:
        figure["data"][0]["texttemplate"] = "%{z:.1f}"
    header = ["song", "system", column.heading, "expected", "robust z"]
    rows = [[one.song, one.system, one.value, one.expected, one.z] for one in mine]
    digits = (None, None, show.decimals, show.decimals, 1)
    count = f"{len(mine)} outlier" + ("" if len(mine) == 1 else "s")
    title = f"{column.label}{variant_words(column)}: {count}"
    return Drawing(title, figure, Table(header, rows, digits))


def _rounded(value: float) -> float | None:
    return round(float(value), 2) if math.isfinite(value) else None


_COLUMNS = ["metric", "variant", "parameters", "song", "system", "value", "expected", "robust_z"]


def _row(column: Column, one: Outlier) -> dict[str, Any]:
    place = (column.metric, column.variants[0], column.parameters, one.song, one.system)
    return dict(zip(_COLUMNS, (*place, one.value, one.expected, one.z), strict=True))
