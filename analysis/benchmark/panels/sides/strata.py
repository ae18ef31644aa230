"""Strata: each system over the songs of one genre, or of another tag with few values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ....presentation.estimate import Estimate
from ....presentation.figures import Figure, Rows
from ....presentation.numbers import number_format
from ...ranking.comparisons import LEAST_SONGS, compare
from ...ranking.ranks import NoClaim, Ranking, pairs_of, rank
from ...result import intervals
from ...result.columns import Column
from ...result.document import Result
from ...result.summary import Floats
from ...result.tables import records
from ..figures import Shades, colour_scale, heat_map
from ..parts import Drawing, Group, Panel
from ..registry import Context, Section, Table, section
from .values import compared, heading, quality_columns, variant_words

MOST_VALUES = 8
UNTAGGED = "no tag"


@dataclass(frozen=True)
class Stratum:
    """The songs of one value of a tag: the mean of each system, and the ranks if there are any."""

    value: str
    songs: int
    means: Mapping[str, Estimate]
    ranking: Ranking


@section(order=37)
def strata(context: Context) -> Section | None:
    """Means and ranks per stratum, for every tag with few values."""
    result = context.result
    columns = quality_columns(result)
    tags, left_out = usable_tags([dict(row["tags"]) for row in records(result.songs)])
    choices: dict[str, Sequence[Group]] = {}
    rows: list[dict[str, Any]] = []
    for tag, values in tags.items():
        groups = []
        for column in columns:
            found = strata_of(result, column, values)
            groups.append(Group(heading(column), [_drawing(result, tag, column, found)]))
            rows += _rows(result, tag, column, found)
        if groups:
            choices[tag] = groups
    if not choices:
        return None
    note = (
        "Means over the songs that share a value of a tag, with how many there are; beneath, the "
        f"ranks that the system can have among them, from {LEAST_SONGS} songs on. All ranks of one "
        "stratum hold at once with 95 %; those of several strata do not, so a difference between "
        "two strata is no finding. Who lacks a song of the stratum is not ranked."
    )
    if left_out:
        note += f" Left out: {'; '.join(left_out)}."
    title = "Does it hold in every genre?"
    if "genre" not in choices:
        title = "Does it hold for every kind of song?"
    tables = {"strata": pd.DataFrame(rows)}
    return Panel("strata", title, note, choices, tables, asked=("Tag", "Metric")).section()


def usable_tags(
    songs: Sequence[Mapping[str, Any]],
) -> tuple[dict[str, list[str]], list[str]]:
    """The value of each song by tag, and why other tags are left out.

    A tag divides the songs if it has two values at least, eight at most, and some value is shared.
    """
    names = dict.fromkeys(name for tags in songs for name in tags)
    found: dict[str, list[str]] = {}
    left_out = []
    for name in names:
        values = [_text(tags.get(name)) for tags in songs]
        count = len(set(values))
        if count < 2:
            left_out.append(f"{name}, as all songs have one value")
        elif count > MOST_VALUES:
            left_out.append(f"{name}, as it has {count} values (more than {MOST_VALUES})")
        elif count == len(songs):
            left_out.append(f"{name}, as no two songs share a value")
        else:
            found[name] = values
    return found, left_out


def strata_of(result: Result, column: Column, values: Sequence[str]) -> list[Stratum]:
    """The strata in the order in which their first songs stand, songs without the tag last."""
    tables = {name: compared(result, column, name) for name in result.system_names}
    names = sorted(dict.fromkeys(values), key=lambda value: value == UNTAGGED)
    return [
        _stratum(result, column, tables, value, np.array([one == value for one in values]))
        for value in names
    ]


def _stratum(
    result: Result, column: Column, tables: Mapping[str, Floats], value: str, songs: Any
) -> Stratum:
    mine = {name: table[songs] for name, table in tables.items()}
    rivals = [name for name in result.competing if name in mine]
    wanted = np.zeros(int(songs.sum()), dtype=bool)
    for name in rivals:
        wanted |= np.isfinite(mine[name])
    whole = [n for n in rivals if wanted.any() and np.isfinite(mine[n][wanted]).all()]
    means = {name: intervals.mean(values) for name, values in mine.items()}
    if len(whole) < 2:
        ranking = Ranking(int(wanted.sum()), NoClaim.SYSTEMS)
    else:
        there = np.stack([mine[name][wanted] for name in whole], axis=1)
        family = compare(there, pairs_of(len(whole)), result.seed)
        ranking = rank(there, whole, family, column.better, result.seed)
    return Stratum(value, int(songs.sum()), means, ranking)


def _text(value: Any) -> str:
    return UNTAGGED if value in (None, "") else str(value)


def _title(tag: str, column: Column, found: Sequence[Stratum]) -> str:
    ranked = [one for one in found if one.ranking.why is None]
    title = f"{column.label}{variant_words(column)}, by {tag}"
    if not ranked:
        return f"{title}: no ranks, as no stratum has {LEAST_SONGS} songs of two systems"
    firsts = {one.ranking.best for one in ranked}
    if len(ranked) < 2 or None in firsts:
        return f"{title}: ranks in {len(ranked)} of {len(found)} strata"
    if len(firsts) == 1:
        return f"{title}: {firsts.pop()} is best in all {len(ranked)} strata with ranks"
    return f"{title}: {len(firsts)} systems are best in one stratum or another"


def _drawing(result: Result, tag: str, column: Column, found: Sequence[Stratum]) -> Drawing:
    names = result.by_rank
    show = number_format((e.centre for one in found for e in one.means.values()), column.unit)
    rows = [
        [name, *({"v": one.means[name].centre, "note": _note(one, name)} for one in found)]
        for name in names
    ]
    header = ["system", *(f"{one.value}, {_songs(one.songs)}" for one in found)]
    digits = (None, *[show.decimals] * len(found))
    figure = _figure(result, names, found, heading(column))
    return Drawing(_title(tag, column, found), figure, Table(header, rows, digits))


def _songs(count: int) -> str:
    return "1 song" if count == 1 else f"{count} songs"


def _note(one: Stratum, name: str) -> str:
    mean = one.means[name]
    known = "" if mean.n == one.songs else f"{mean.n} of {one.songs} songs"
    place = one.ranking.rank_of(name)
    if place is None:
        return known
    rank_text = f"{place.low}" if place.low == place.high else f"{place.low}–{place.high}"
    return f"rank {rank_text}" + (f", {known}" if known else "")


def _figure(result: Result, names: Sequence[str], found: Sequence[Stratum], title: str) -> Figure:
    """Systems × strata as colour, with the means where they fit."""
    usual = [
        e.centre
        for one in found
        for name, e in one.means.items()
        if name in result.competing and e.centre is not None
    ]
    means = [[one.means[name].centre for one in found] for name in names]
    says = [
        [_note(one, name) or str(one.ranking.why or "not ranked") for one in found]
        for name in names
    ]
    low, high = (min(usual), max(usual)) if usual and min(usual) < max(usual) else (None, None)
    shades = Shades(title, colour_scale(), "<br>mean %{z:.4g}", low, high)
    labels = [f"{one.value} ({_songs(one.songs)})" for one in found]
    figure = heat_map(Rows(names, result.looks), labels, means, shades, says)
    figure["data"][0]["texttemplate"] = "%{z:.3~g}"
    return figure


def _rows(
    result: Result, tag: str, column: Column, found: Sequence[Stratum]
) -> list[dict[str, Any]]:
    rows = []
    for one in found:
        for name in result.by_rank:
            mean, place = one.means[name], one.ranking.rank_of(name)
            rows.append(
                {
                    "tag": tag,
                    "value": one.value,
                    "metric": column.metric,
                    "variant": column.variants[0],
                    "parameters": column.parameters,
                    "system": name,
                    "songs": mean.n,
                    "mean": mean.centre,
                    "mean_low": mean.low,
                    "mean_high": mean.high,
                    "rank_low": place.low if place else None,
                    "rank_high": place.high if place else None,
                    "no_rank": "" if place else (one.ranking.why or "does not compete"),
                }
            )
    return rows
