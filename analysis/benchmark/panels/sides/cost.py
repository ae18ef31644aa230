"""Quality against cost: which systems no other beats in both, with the uncertainty of each."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ....presentation.estimate import Estimate
from ....presentation.figures import Figure, escaped, marker
from ....presentation.looks import MUTED, short_names
from ....presentation.numbers import NumberFormat, number_format
from ...result import intervals
from ...result.columns import Column
from ...result.document import Result
from ..parts import Drawing, Group, Panel
from ..registry import Context, Section, Table, section
from .values import COST_METRICS, compared, heading, quality_columns, variant_words

_NOTE = (
    "Medians over songs, with their 95 % intervals from six songs on. A system is in the Pareto "
    "set, large and in the legend, if no other that competes is at least as good in both and "
    "better in one. The set is that of the medians; the table names the systems that are told to "
    "be better and surely cost less. Speed and memory are those of the machine of the run, and "
    "change with it; parameters do not."
)
_NAMES = {
    "parameters": "parameters",
    "rtf": "real-time factor",
    "peak_memory_mb": "peak memory (MB)",
}


@dataclass(frozen=True)
class Point:
    """A system by cost and quality; ``pareto`` is None where it does not compete.

    ``beaten`` are systems that are told to be better and whose cost is surely lower.
    """

    system: str
    cost: Estimate
    quality: Estimate
    pareto: bool | None
    beaten: tuple[str, ...] = ()


@section(order=35)
def cost(context: Context) -> Section | None:
    """Each cost against each headline metric that has a better direction."""
    result = context.result
    costs = [column for name in COST_METRICS for column in result.columns if column.metric == name]
    choices: dict[str, Sequence[Group]] = {}
    rows: list[dict[str, Any]] = []
    for spent in costs:
        groups = []
        for column in quality_columns(result):
            found = points(result, spent, column)
            # One place on the axis of cost shows nothing of it.
            if len({one.cost.centre for one in found}) > 1:
                groups.append(Group(heading(column), [_drawing(result, spent, column, found)]))
                rows += [_row(spent, column, one) for one in found]
        if groups:
            choices[_NAMES[spent.metric]] = groups
    title = "What does quality cost?"
    tables = {"quality_cost": pd.DataFrame(rows)}
    return Panel("cost", title, _NOTE, choices, tables, asked=("Cost", "Quality")).section()


def points(result: Result, spent: Column, column: Column) -> list[Point]:
    """The systems that have both, in the benchmark's order."""
    sign = -1.0 if column.better == "higher" else 1.0
    found: dict[str, tuple[Estimate, Estimate]] = {}
    for name in result.system_names:
        paid = result.cells[name, spent.id, spent.variants[0]].median
        quality = intervals.median(compared(result, column, name))
        if paid.centre is not None and quality.centre is not None:
            found[name] = paid, quality
    # A median over other songs cannot be compared.
    rivals = [
        name
        for name in found
        if name in result.competing and result.cells[name, column.id, column.variants[0]].complete
    ]
    at = {n: (_centre(found[n][0]), sign * _centre(found[n][1])) for n in rivals}
    front = pareto(at)
    better = _told_better(result, column)
    return [
        Point(
            name,
            paid,
            quality,
            name in front if name in at else None,
            tuple(
                other
                for other in rivals
                if name in at and other in better.get(name, ()) and _surely_less(found, other, name)
            ),
        )
        for name, (paid, quality) in found.items()
    ]


def pareto(at: Mapping[str, tuple[float, float]]) -> set[str]:
    """The names that no other beats: at most as much in both, and less in one. Less is better."""
    return {
        name
        for name, (x, y) in at.items()
        if not any(a <= x and b <= y and (a < x or b < y) for a, b in at.values())
    }


def _centre(estimate: Estimate) -> float:
    return math.nan if estimate.centre is None else estimate.centre


def _told_better(result: Result, column: Column) -> dict[str, set[str]]:
    """By system, those that the songs tell to be better."""
    found: dict[str, set[str]] = {}
    good = 1 if column.better == "higher" else -1
    for pair in result.standings[column.id, column.variants[0]].ranking.pairs:
        if pair.difference.low is not None and pair.difference.sign:
            first_wins = pair.difference.sign == good
            won, lost = (pair.first, pair.second) if first_wins else (pair.second, pair.first)
            found.setdefault(lost, set()).add(won)
    return found


def _surely_less(found: Mapping[str, tuple[Estimate, Estimate]], less: str, more: str) -> bool:
    """Whether the intervals of the costs lie apart."""
    high, low = found[less][0].high, found[more][0].low
    return high is not None and low is not None and high < low


def _drawing(result: Result, spent: Column, column: Column, found: Sequence[Point]) -> Drawing:
    front = [one for one in found if one.pareto]
    count = f"{len(front)} of {sum(one.pareto is not None for one in found)} systems"
    title = (
        f"{column.label}{variant_words(column)}, over {_NAMES[spent.metric]}: {count} in the set"
    )
    header = ["system", _NAMES[spent.metric], "cost low", "cost high", heading(column)]
    header += ["low", "high", "Pareto set", "better, and surely cheaper"]
    rows = [
        [
            *(one.system, one.cost.centre, one.cost.low, one.cost.high),
            *(one.quality.centre, one.quality.low, one.quality.high),
            {True: "yes", False: "no", None: "does not compete"}[one.pareto],
            ", ".join(one.beaten),
        ]
        for one in found
    ]
    show = number_format((one.quality.centre for one in found), column.unit)
    paid = number_format((one.cost.centre for one in found if one.cost.centre), spent.unit)
    digits = (None, *[paid.decimals] * 3, *[show.decimals] * 3, None, None)
    return Drawing(title, _figure(result, spent, column, found), Table(header, rows, digits))


def _figure(result: Result, spent: Column, column: Column, found: Sequence[Point]) -> Figure:
    axis = _LogAxis.of([value for one in found for value in _ends(one.cost)])
    front = sorted((one for one in found if one.pareto), key=lambda one: _centre(one.cost))
    names = short_names([one.system for one in front], 32)
    traces: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": [axis.at(_centre(one.cost)) for one in front],
            "y": [one.quality.centre for one in front],
            "line": {"color": MUTED, "width": 1, "dash": "dot", "shape": "hv"},
            "hoverinfo": "skip",
            "showlegend": False,
        }
    ]
    show = number_format((one.quality.centre for one in found), column.unit)
    for one in found:
        mark = marker(result.looks[one.system], 13 if one.pareto else 9)
        mark["opacity"] = 1 if one.pareto else 0.7
        if not result.looks[one.system].hollow:
            mark["line"] = mark["line"] | {"width": 2.5 if one.pareto else 0.5}
        paid = NumberFormat(None)(one.cost.centre)
        said = f"{escaped(one.system)}<br>{_NAMES[spent.metric]} {paid}"
        said += f"<br>{escaped(column.label)} {show(one.quality.centre)}"
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": escaped(names.get(one.system, one.system)),
                "showlegend": bool(one.pareto),
                "x": [axis.at(_centre(one.cost))],
                "y": [one.quality.centre],
                "marker": mark,
                "error_x": _error(*(axis.at(v) for v in _ends(one.cost))),
                "error_y": _error(*_ends(one.quality)),
                "hovertemplate": f"{said}<extra></extra>",
            }
        )
    layout: dict[str, Any] = {
        "height": 420,
        "margin": {"l": 8, "r": 24, "t": 24, "b": 48},
        "showlegend": True,
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "itemclick": False}
        | {"itemdoubleclick": False},
        "hovermode": "closest",
        "xaxis": axis.layout(_NAMES[spent.metric]),
        "yaxis": {"title": {"text": escaped(heading(column)), "standoff": 10}}
        | {"automargin": True, "fixedrange": True},
        "meta": {},
    }
    return {"data": traces, "layout": layout}


def _ends(estimate: Estimate) -> tuple[float, float, float]:
    """Low, centre and high; the centre where there is no interval."""
    centre = _centre(estimate)
    low = centre if estimate.low is None else estimate.low
    return low, centre, centre if estimate.high is None else estimate.high


def _error(low: float, centre: float, high: float) -> dict[str, Any]:
    return {
        "type": "data",
        "symmetric": False,
        "array": [high - centre],
        "arrayminus": [centre - low],
        "color": MUTED,
        "thickness": 1,
        "width": 3,
    }


@dataclass(frozen=True)
class _LogAxis:
    """Powers of ten with a place for zero, which baselines without parameters have."""

    lowest: int
    highest: int
    end: float
    zero: bool

    @classmethod
    def of(cls, values: Sequence[float]) -> "_LogAxis":
        known = [math.log10(v) for v in values if v > 0] or [0.0]
        low, high = math.floor(min(known)), math.ceil(max(known))
        return cls(low, high, max(max(known), low + 1.0), min(values, default=1.0) <= 0)

    def at(self, value: float) -> float:
        return math.log10(value) if value > 0 else self.lowest - 1.0

    def layout(self, title: str) -> dict[str, Any]:
        powers = range(self.lowest, max(self.highest, self.lowest + 1) + 1)
        step = max(1, round(len(powers) / 8))
        ticks = [(float(p), _power(p)) for p in powers if (p - self.lowest) % step == 0]
        if self.zero:
            ticks = [(self.lowest - 1.0, "0"), *ticks]
        edge = ticks[0][0] - 0.25
        return {
            "title": {"text": escaped(title)},
            "tickvals": [at for at, _ in ticks],
            "ticktext": [text for _, text in ticks],
            "range": [edge, self.end + 0.2],
            "automargin": True,
            "fixedrange": True,
            "zeroline": False,
        }


def _power(power: int) -> str:
    if power < 0:
        return f"{10.0**power:.{-power}f}" if power > -5 else f"1e{power}".replace("-", "−")
    prefix = ("", " k", " M", " G", " T")[min(power // 3, 4)]
    return f"{10 ** (power - 3 * min(power // 3, 4))}{prefix}"


def _row(spent: Column, column: Column, one: Point) -> dict[str, Any]:
    return {
        "cost": spent.metric,
        "metric": column.metric,
        "variant": column.variants[0],
        "parameters": column.parameters,
        "system": one.system,
        "cost_median": one.cost.centre,
        "cost_low": one.cost.low,
        "cost_high": one.cost.high,
        "quality_median": one.quality.centre,
        "quality_low": one.quality.low,
        "quality_high": one.quality.high,
        "pareto": one.pareto,
        "surely_beaten_by": ", ".join(one.beaten),
    }
