"""Figures of curves: many thin lines with their mean and spread, on axes of frequency or level."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from ...presentation.figures import Figure, escaped, frequency_axis
from ...presentation.looks import COLOURS, DASHES, Look

Floats = npt.NDArray[np.float64]
Points = Sequence[float | None]
ItemT = TypeVar("ItemT")

# Thin lines that one figure holds; of more songs evenly many are drawn.
MOST_LINES = 50
_SPREAD = "rgba(128,128,128,0.22)"


@dataclass(frozen=True)
class Line:
    """A curve with its name and look; thin lines have no entry in the legend."""

    name: str
    y: Points
    colour: str
    dash: str = "solid"
    thin: bool = False


@dataclass(frozen=True)
class Axes:
    """What the axes hold; ``unit`` is that of y in the labels of points.

    ``diagonal`` draws the line of equal levels.
    """

    x: Sequence[float]
    x_title: str
    y_title: str
    unit: str = "dB"
    logarithmic: bool = False
    diagonal: bool = False


def frequency_axes(hertz: Sequence[float], y_title: str) -> Axes:
    """Decibels over a logarithmic axis of frequency."""
    return Axes(hertz, "frequency (Hz)", y_title, logarithmic=True)


def curves(
    lines: Sequence[Line], axes: Axes, spread: tuple[Points, Points] | None = None
) -> Figure:
    """Lines over ``axes``; ``spread`` is a lower and an upper bound to shade between."""
    traces: list[dict[str, Any]] = []
    if spread is not None:
        for edge, fill in zip(spread, (None, "tonexty"), strict=True):
            trace = {
                "type": "scatter",
                "mode": "lines",
                "x": list(axes.x),
                "y": list(edge),
                "line": {"width": 0},
                "hoverinfo": "skip",
                "showlegend": False,
            }
            traces.append(trace | ({"fill": fill, "fillcolor": _SPREAD} if fill else {}))
    traces += [_trace(line, axes) for line in lines]
    named = [line for line in lines if not line.thin]
    layout: dict[str, Any] = {
        "height": 400,
        "margin": {"l": 8, "r": 16, "t": 8, "b": 48},
        "showlegend": len(named) > 1,
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        "hovermode": "closest",
        "xaxis": frequency_axis()
        if axes.logarithmic
        else {"title": {"text": axes.x_title}, "fixedrange": True, "automargin": True},
        "yaxis": {
            "title": {"text": axes.y_title},
            "range": _range(lines, spread),
            "fixedrange": True,
            "automargin": True,
        },
    }
    if axes.diagonal:
        low, high = axes.x[0], axes.x[-1]
        line = {"type": "line", "x0": low, "x1": high, "y0": low, "y1": high, "layer": "below"}
        layout["shapes"] = [line | {"line": {"color": "muted", "width": 1, "dash": "dot"}}]
    return {"data": traces, "layout": layout}


def heat_map(
    rows: Sequence[Sequence[float | None]],
    columns: Sequence[str],
    names: Sequence[str],
    title: str,
) -> dict[str, Any]:
    """The trace of a table as colour; ``names`` are those of rows, for the labels of points."""
    return {
        "type": "heatmap",
        "z": [list(row) for row in rows],
        "x": list(range(len(columns))),
        "y": list(range(len(names))),
        "text": [[f"{escaped(name)}<br>{escaped(one)}" for one in columns] for name in names],
        "hovertemplate": "%{text}: %{z:.3~g}<extra></extra>",
        "hoverongaps": False,
        "colorbar": {"title": {"text": escaped(title), "side": "right"}, "thickness": 12},
    }


def looks_of(names: Sequence[str]) -> dict[str, Look]:
    """A look for each of a few things that are no systems."""
    return {
        name: Look(COLOURS[at % len(COLOURS)], "circle", DASHES[at // len(COLOURS) % len(DASHES)])
        for at, name in enumerate(names)
    }


def evenly(every: Sequence[ItemT], most: int = MOST_LINES) -> list[ItemT]:
    """At most ``most`` of them, evenly taken, the first and last among them."""
    if len(every) <= most:
        return list(every)
    return [every[int(at)] for at in np.linspace(0, len(every) - 1, most).round()]


def table_of(curves_by_name: Mapping[str, Points]) -> Floats:
    """Curves as ``(curves, points)``, NaN where a point is missing."""
    values = [[math.nan if v is None else v for v in one] for one in curves_by_name.values()]
    return np.array(values, dtype=np.float64)


def middle(table: Floats) -> tuple[list[float | None], list[float | None]]:
    """Mean and standard deviation of each column; 0 dB of spread for one curve, None for none."""
    known = np.isfinite(table).sum(axis=0)
    total = np.nansum(table, axis=0)
    mean = np.divide(total, known, out=np.full(len(known), np.nan), where=known > 0)
    squares = np.nansum((table - mean) ** 2, axis=0)
    spread = np.sqrt(squares / np.maximum(known - 1, 1))
    return numbers(mean), numbers(np.where(known > 0, spread, np.nan))


def shifted(values: Points, by: Points, sign: int) -> list[float | None]:
    """``values + sign * by`` where both are there."""
    return [
        None if value is None or step is None else value + sign * step
        for value, step in zip(values, by, strict=True)
    ]


def numbers(values: Floats) -> list[float | None]:
    """Plain numbers of three decimals, None for NaN."""
    return [round(float(v), 3) + 0.0 if math.isfinite(v) else None for v in values]


def spoken_hertz(hertz: float) -> str:
    """A frequency in a sentence: 63 Hz, 2.5 kHz."""
    return f"{hertz:.3g} Hz" if hertz < 999.5 else f"{hertz / 1000:.2g} kHz"


def _trace(line: Line, axes: Axes) -> dict[str, Any]:
    x = "%{x:.0f} Hz" if axes.logarithmic else "%{x:.4g}"
    return {
        "type": "scatter",
        "mode": "lines",
        "name": escaped(line.name),
        "x": list(axes.x),
        "y": list(line.y),
        "opacity": 0.35 if line.thin else 1,
        "showlegend": not line.thin,
        "line": {"color": line.colour, "dash": line.dash, "width": 1.2 if line.thin else 2.5},
        "hovertemplate": f"{escaped(line.name)}<br>{x}: %{{y:.2f}} {axes.unit}<extra></extra>",
    }


def _range(lines: Sequence[Line], spread: tuple[Points, Points] | None) -> list[float]:
    """All there is, and never less than 6 dB: a flat curve shall look flat."""
    edges = [] if spread is None else [value for edge in spread for value in edge]
    known = [v for line in lines for v in line.y if v is not None]
    known += [v for v in edges if v is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    centre, half = (low + high) / 2, max((high - low) / 2, 2.7)
    return [centre - half * 1.1, centre + half * 1.1]
