"""Figures of a benchmark's scores: distributions, matrices, sweeps and spectra."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...presentation.colour_maps import Bytes, diverging, sequential
from ...presentation.estimate import Estimate
from ...presentation.figures import (
    Figure,
    Floats,
    Rows,
    escaped,
    frequency_axis,
    marker,
    names_axis,
)
from ...presentation.looks import Look

# With fewer songs a box would be drawn from its own corners.
BOX_FROM = 5


def distribution(
    rows: Rows, values: Mapping[str, Floats], songs: Sequence[str], title: str
) -> Figure:
    """A box with all its points per system; points and a median bar where songs are few."""
    traces: list[dict[str, Any]] = []
    for position, name in enumerate(rows.names):
        known = [
            (drawn(value), song)
            for value, song in zip(values[name], songs, strict=True)
            if math.isfinite(value)
        ]
        if not known:
            continue
        look = rows.looks[name]
        shared = {
            "name": escaped(name),
            "x": [value for value, _ in known],
            "y": [position] * len(known),
            "customdata": [song for _, song in known],
            "text": [escaped(song) for _, song in known],
            "hovertemplate": f"{escaped(name)}<br>%{{text}}: %{{x:.4g}}<extra></extra>",
            "marker": marker(look, 8),
        }
        if len(known) >= BOX_FROM:
            box = {
                "type": "box",
                "orientation": "h",
                "boxpoints": "all",
                "jitter": 0.5,
                "pointpos": 0,
                "width": 0.72,
                "hoveron": "points",
                "fillcolor": "rgba(128,128,128,0.14)",
                "line": {"color": "muted", "width": 1.5},
            }
            traces.append(shared | box)
        else:
            traces.append(shared | {"type": "scatter", "mode": "markers"})
            if len(known) == 1:
                continue
            middle = float(np.median([value for value, _ in known]))
            traces.append(_bar(position, middle))
    return {"data": traces, "layout": rows.layout(title)}


def matrix(
    rows: Rows,
    values: Mapping[str, Floats],
    songs: Sequence[str],
    title: str,
    scaled_by: Sequence[str],
) -> Figure:
    """Systems × songs as colour, with the numbers where they fit.

    The systems in ``scaled_by`` set the range of colours; what lies beyond has the last colour.
    """
    table = [
        [drawn(value) if math.isfinite(value) else None for value in values[name]]
        for name in rows.names
    ]
    few = len(songs) <= 10
    ranged = [v for name in scaled_by for v in values[name] if math.isfinite(v)]
    low, high = (min(ranged), max(ranged)) if ranged and min(ranged) < max(ranged) else (None, None)
    shades = Shades(title, colour_scale(), ": %{z:.4g}", low, high)
    figure = heat_map(rows, songs, table, shades)
    if few:
        figure["data"][0]["texttemplate"] = "%{z:.3~g}"
    return figure


@dataclass(frozen=True)
class Shades:
    """How the cells of a heat map look, and what ``hover`` says behind their names.

    ``hover`` is a template of Plotly's; ``low`` and ``high`` bound the colours, None at the data.
    """

    title: str
    colours: list[list[Any]]
    hover: str
    low: float | None = None
    high: float | None = None


def heat_map(
    rows: Rows,
    columns: Sequence[str],
    cells: Sequence[Sequence[float | None]],
    shades: Shades,
    says: Sequence[Sequence[str]] | None = None,
) -> Figure:
    """Rows × columns as colour.

    The page puts the names of each cell together, and what ``says`` of it beneath: written out for
    every cell they would be most of the figure. A cell of a song leads to its page.
    """
    meta: dict[str, Any] = {"rows": list(rows.names), "columns": list(columns)}
    trace: dict[str, Any] = {
        "type": "heatmap",
        "z": cells,
        "x": list(range(len(columns))),
        "y": list(range(len(rows.names))),
        "meta": meta if says is None else meta | {"says": says},
        "hovertemplate": f"%{{customdata}}{shades.hover}<extra></extra>",
        "hoverongaps": False,
        "colorscale": shades.colours,
        "colorbar": {"title": {"text": escaped(shades.title), "side": "right"}, "thickness": 12},
        "xgap": 1,
        "ygap": 1,
    }
    if shades.low is not None:
        trace |= {"zmin": shades.low, "zmax": shades.high}
    layout = rows.layout("", xaxis=names_axis(columns, 16))
    layout["height"] += 60
    return {"data": [trace], "layout": layout}


def sweep(
    families: Mapping[str, Sequence[tuple[int, str, Estimate]]],
    looks: Mapping[str, Look],
    title: str,
    level: tuple[str, float] | None = None,
) -> Figure:
    """Median and interval against the training step, one line per family of checkpoints.

    ``level`` is a name and a value to draw across, such as the unprocessed mix.
    """
    traces: list[dict[str, Any]] = []
    for position, (family, points) in enumerate(families.items()):
        known = [(step, name, e) for step, name, e in points if e.centre is not None]
        dash = ("solid", "dash", "dot", "dashdot")[position % 4]
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": escaped(family),
                "x": [step for step, _, _ in known],
                "y": [e.centre for _, _, e in known],
                "text": [escaped(name) for _, name, _ in known],
                "hovertemplate": "%{text}<br>step %{x}: %{y:.4g}<extra></extra>",
                "line": {"color": "muted", "width": 2, "dash": dash},
                "marker": {
                    "size": 11,
                    "color": [looks[name].colour for _, name, _ in known],
                    "symbol": [looks[name].symbol for _, name, _ in known],
                    "line": {"color": "ink", "width": 1},
                },
                "error_y": {
                    "type": "data",
                    "symmetric": False,
                    "array": [_reach(e.centre, e.high) for _, _, e in known],
                    "arrayminus": [_reach(e.low, e.centre) for _, _, e in known],
                    "color": "muted",
                    "width": 4,
                },
            }
        )
    layout: dict[str, Any] = {
        "height": 380,
        "margin": {"l": 8, "r": 16, "t": 8, "b": 48},
        "showlegend": len(families) > 1,
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        "xaxis": {"title": {"text": "training step"}, "automargin": True, "fixedrange": True},
        "yaxis": {"title": {"text": escaped(title)}, "automargin": True, "fixedrange": True},
    }
    if level is not None:
        name, value = level
        line = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": value, "y1": value}
        layout["shapes"] = [line | {"line": {"color": "muted", "width": 1, "dash": "dot"}}]
        layout["annotations"] = [
            {
                "xref": "paper",
                "x": 1,
                "xanchor": "right",
                "y": value,
                "yanchor": "bottom",
                "text": escaped(name),
                "showarrow": False,
            }
        ]
    return {"data": traces, "layout": layout}


def spectra(
    lines: Mapping[str, Sequence[float | None]], looks: Mapping[str, Look], bands: Sequence[float]
) -> Figure:
    """Average spectra; names without a look (the mix) are drawn in muted ink.

    Each trace's ``uid`` is its name, by which the page shows and hides them.
    """
    traces = []
    for name, levels in lines.items():
        look = looks.get(name)
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "uid": name,
                "name": escaped(name),
                "x": list(bands),
                "y": list(levels),
                "line": {
                    "color": "muted" if look is None else look.colour,
                    "dash": "dot" if look is None else look.dash,
                    "width": 2.5,
                },
                "hovertemplate": f"{escaped(name)}<br>%{{x:.0f}} Hz: %{{y:.1f}} dB<extra></extra>",
            }
        )
    layout = {
        "height": 380,
        "margin": {"l": 8, "r": 16, "t": 8, "b": 48},
        "showlegend": True,
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        "xaxis": frequency_axis(),
        "yaxis": {
            "title": {"text": "level per sixth of an octave (dB)"},
            "fixedrange": True,
            "automargin": True,
        },
    }
    return {"data": traces, "layout": layout}


def _bar(position: int, value: float) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [value, value],
        "y": [position - 0.36, position + 0.36],
        "line": {"color": "ink", "width": 2},
        "hovertemplate": "median %{x:.4g}<extra></extra>",
    }


def colour_scale() -> list[list[Any]]:
    """The sequential colours as Plotly takes them."""
    # The darkest end would hide in a dark page; start where it is violet.
    return _scale(sequential()[16:], 12)


def diverging_scale() -> list[list[Any]]:
    """The diverging colours as Plotly takes them: blue, near white in the middle, vermillion."""
    return _scale(diverging(), 13)


def _scale(colours: Bytes, steps: int) -> list[list[Any]]:
    at = np.linspace(0, len(colours) - 1, steps).round().astype(int)
    return [
        [float(i) / (steps - 1), "#{:02x}{:02x}{:02x}".format(*colours[index])]
        for i, index in enumerate(at)
    ]


def _reach(low: float | None, high: float | None) -> float | None:
    return None if low is None or high is None else high - low


def drawn(value: float) -> float:
    """Six significant digits: more than an eye or a label sees. Tables have them all."""
    return float(f"{value:.6g}")
