"""Which metrics say the same of renders: rank correlations within songs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from ....presentation.figures import Figure, Rows
from ...result.columns import Column
from ...result.document import Result
from ...result.summary import Floats
from ..figures import Shades, diverging_scale, heat_map
from ..parts import Drawing, Group, Panel
from ..registry import Context, Section, Table, section
from .values import COST_METRICS, compared

MOST_METRICS = 28
LEAST_RENDERS = 10
_NOTE = (
    "Spearman’s rank correlation over renders, within songs: from each value the mean of its song "
    "is taken first, so that songs which are hard for every system do not make two metrics look "
    "alike. Sizes are taken where closest to zero is best. Renders of a song and of a system hang "
    "together, so there is no p; with few systems any two metrics may agree. A number near 1 or "
    f"−1 says that one metric nearly tells the other. At least {LEAST_RENDERS} renders are needed. "
    "A metric that is not aligned stands beside the aligned ones as it is."
)
_WHOSE = {
    "Without anchors and human master": ("anchor", "reference"),
    "Every render": (),
}


@dataclass(frozen=True)
class MetricPair:
    """Two metrics over the renders that have both; ``rho`` is None where it is not defined."""

    first: Column
    second: Column
    rho: float | None
    renders: int


@section(order=47)
def correlation(context: Context) -> Section | None:
    """Every two metrics, raw and aligned, with and without the renders that are meant to be far."""
    result = context.result
    variants = [
        "raw",
        *(["aligned"] if any("aligned" in c.variants for c in result.columns) else []),
    ]
    choices: dict[str, Sequence[Group]] = {}
    rows: list[dict[str, Any]] = []
    for whose, without in _WHOSE.items():
        roles = zip(result.system_names, result.systems["role"], strict=True)
        names = [name for name, role in roles if role not in without]
        groups = []
        for variant in variants:
            columns, pairs = agreements(result, names, variant)
            if pairs:
                groups.append(Group(variant, [_drawing(result, columns, pairs)]))
                rows += [_row(whose, variant, one) for one in pairs]
        if groups:
            choices[whose] = groups
    title = "Which metrics say the same?"
    tables = {"correlations": pd.DataFrame(rows)}
    return Panel(
        "correlation", title, _NOTE, choices, tables, asked=("Renders", "Compared")
    ).section()


def agreements(
    result: Result, names: Sequence[str], variant: str
) -> tuple[list[Column], list[MetricPair]]:
    """The metrics that vary within songs, and each two of them over the renders of ``names``.

    What a render costs is no metric of what it sounds like.
    """
    if not names:
        return [], []
    tables: dict[str, Floats] = {}
    columns = []
    for column in result.columns:
        if column.metric in COST_METRICS:
            continue
        shown = variant if variant in column.variants else column.variants[0]
        table = np.stack([compared(result, column, name, shown) for name in names], axis=1)
        if np.nanmax(np.abs(_centred(table)), initial=0.0) > 1e-9:
            tables[column.id] = table
            columns.append(column)
    columns = columns[:MOST_METRICS]
    pairs = []
    for at, first in enumerate(columns):
        for second in columns[at + 1 :]:
            rho, n = within_songs(tables[first.id], tables[second.id])
            pairs.append(MetricPair(first, second, rho, n))
    return columns, [] if all(one.rho is None for one in pairs) else pairs


def within_songs(first: Floats, second: Floats) -> tuple[float | None, int]:
    """Spearman's correlation of two tables ``(songs, systems)``, each less its song's mean.

    Over the renders that have both values, of songs that have two such at least; the correlation
    is None with too few of them, or where one metric does not vary.
    """
    both: npt.NDArray[np.bool_] = np.isfinite(first) & np.isfinite(second)
    both &= both.sum(axis=1, keepdims=True) > 1
    n = int(both.sum())
    if n < LEAST_RENDERS:
        return None, n
    x, y = (_less_song(np.where(both, table, np.nan))[both] for table in (first, second))
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return None, n
    return float(stats.spearmanr(x, y).statistic), n


def _less_song(table: Floats) -> Floats:
    """Less the mean of the song, in parts of the largest size, without what rounding left."""
    size = float(np.nanmax(np.abs(table))) or 1.0
    found: Floats = np.round(_centred(table) / size, 11)
    return found


def _centred(table: Floats) -> Floats:
    known = np.isfinite(table)
    counts = np.maximum(known.sum(axis=1, keepdims=True), 1)
    means = np.where(known, table, 0.0).sum(axis=1, keepdims=True) / counts
    centred: Floats = np.where(known, table, np.nan) - means
    return centred


def _drawing(result: Result, columns: Sequence[Column], pairs: Sequence[MetricPair]) -> Drawing:
    known = [one for one in pairs if one.rho is not None]
    most = max(known, key=lambda one: abs(one.rho or 0.0))
    title = (
        f"{most.first.label} and {most.second.label} go together most: ρ = {most.rho:.2f} over "
        f"{most.renders} renders"
    ).replace("= -", "= −")
    if len(columns) == MOST_METRICS:
        title += f"; the first {MOST_METRICS} metrics"
    rows = [
        [one.first.label, one.second.label, one.rho, one.renders]
        for one in sorted(pairs, key=lambda one: -abs(one.rho or 0.0))
    ]
    header = ["metric", "other metric", "Spearman’s ρ within songs", "renders"]
    return Drawing(title, _figure(columns, pairs), Table(header, rows, (None, None, 2, 0)))


def _figure(columns: Sequence[Column], pairs: Sequence[MetricPair]) -> Figure:
    found: Mapping[tuple[str, str], MetricPair] = {
        key: one
        for one in pairs
        for key in ((one.first.id, one.second.id), (one.second.id, one.first.id))
    }
    cells = [[found.get((row.id, column.id)) for column in columns] for row in columns]
    labels = [column.label for column in columns]
    rho = [
        [None if one is None or one.rho is None else round(one.rho, 3) for one in row]
        for row in cells
    ]
    says = [["" if one is None else f"{one.renders} renders" for one in row] for row in cells]
    shades = Shades("Spearman’s ρ", diverging_scale(), "<br>ρ = %{z:.2f}", -1, 1)
    figure = heat_map(Rows(labels), labels, rho, shades, says)
    figure["data"][0]["texttemplate"] = "%{z:.2f}"
    figure["layout"]["height"] += 20
    figure["layout"]["meta"]["cell"] = 40
    return figure


def _row(whose: str, variant: str, one: MetricPair) -> dict[str, Any]:
    return {
        "over": whose,
        "variant": variant,
        "metric": one.first.label,
        "other_metric": one.second.label,
        "spearman_within_songs": one.rho,
        "renders": one.renders,
    }
