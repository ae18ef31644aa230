"""Data to Plotly figures: plain dictionaries that the page hands to Plotly as they are.

The colour names ``ink``, ``muted``, ``line`` and ``paper`` stand for those of the page's theme;
the page puts them in, so that a figure follows light and dark.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .bootstrap import Estimate
from .colours import sequential
from .identity import Look, short_names

Figure = dict[str, Any]
Floats = npt.NDArray[np.float64]

# With fewer songs a box would be drawn from its own corners.
BOX_FROM = 5
_ROW, _ROW_OF_TWO = 30, 38  # pixels per system, with names of one or two lines


@dataclass(frozen=True)
class Rows:
    """The systems that a figure has one row for, top down, and how they look."""

    names: Sequence[str]
    looks: Mapping[str, Look]

    def axis(self) -> dict[str, Any]:
        """The vertical axis; ``meta`` of the layout holds shorter names for narrow screens."""
        return {
            "tickvals": list(range(len(self.names))),
            "ticktext": [wrapped(name) for name in self.names],
            "range": [len(self.names) - 0.45, -0.55],
            "automargin": True,
            "fixedrange": True,
            "showgrid": False,
            "zeroline": False,
        }

    @property
    def height(self) -> int:
        """Pixels for all rows and the axis below them."""
        two_lines = any("<br>" in wrapped(name) for name in self.names)
        return (_ROW_OF_TWO if two_lines else _ROW) * len(self.names) + 80

    def layout(self, title: str, **more: Any) -> dict[str, Any]:
        """A layout with one row per system and values along the horizontal axis."""
        short = short_names(self.names)
        return {
            "height": self.height,
            "margin": {"l": 8, "r": 16, "t": 8, "b": 48},
            "showlegend": False,
            "xaxis": {"title": {"text": escaped(title)}, "automargin": True, "fixedrange": True},
            "yaxis": self.axis(),
            "meta": {"short": [escaped(short[name]) for name in self.names]},
        } | more


def distribution(
    rows: Rows, values: Mapping[str, Floats], songs: Sequence[str], title: str
) -> Figure:
    """A box with all its points per system; points and a median bar where songs are few."""
    traces: list[dict[str, Any]] = []
    for position, name in enumerate(rows.names):
        known = [
            (float(value), song)
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
            "marker": _marker(look, 8),
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
    table = [[_number(value) for value in values[name]] for name in rows.names]
    short = short_names(songs, 16)
    few = len(songs) <= 10
    ranged = [v for name in scaled_by for v in values[name] if math.isfinite(v)]
    trace: dict[str, Any] = {
        "type": "heatmap",
        "z": table,
        "x": list(range(len(songs))),
        "y": list(range(len(rows.names))),
        "customdata": [list(songs) for _ in rows.names],
        "text": [[f"{escaped(name)}<br>{escaped(song)}" for song in songs] for name in rows.names],
        "hovertemplate": "%{text}: %{z:.4g}<extra></extra>",
        "hoverongaps": False,
        "colorscale": colour_scale(),
        "colorbar": {"title": {"text": escaped(title), "side": "right"}, "thickness": 12},
        "xgap": 1,
        "ygap": 1,
    }
    if ranged and min(ranged) < max(ranged):
        trace |= {"zmin": min(ranged), "zmax": max(ranged)}
    if few:
        trace["texttemplate"] = "%{z:.3~g}"
    labels = {
        "tickvals": list(range(len(songs))),
        "ticktext": [escaped(short[song]) for song in songs],
        "fixedrange": True,
        "automargin": True,
        "showgrid": False,
        "zeroline": False,
    }
    layout = rows.layout("", xaxis=labels)
    layout["height"] += 60
    return {"data": [trace], "layout": layout}


def forest(rows: Rows, estimates: Mapping[str, Estimate], title: str) -> Figure:
    """A point with its interval per system, about a line at zero."""
    traces = []
    for position, name in enumerate(rows.names):
        estimate = estimates[name]
        if estimate.centre is None:
            continue
        trace: dict[str, Any] = {
            "type": "scatter",
            "mode": "markers",
            "name": escaped(name),
            "x": [estimate.centre],
            "y": [position],
            "marker": _marker(rows.looks[name], 11),
            "hovertemplate": f"{escaped(name)}: %{{x:.4g}}<extra></extra>",
        }
        if estimate.low is not None and estimate.high is not None:
            trace["error_x"] = {
                "type": "data",
                "symmetric": False,
                "array": [estimate.high - estimate.centre],
                "arrayminus": [estimate.centre - estimate.low],
                "color": "muted",
                "thickness": 2,
                "width": 5,
            }
        traces.append(trace)
    zero = {
        "type": "line",
        "x0": 0,
        "x1": 0,
        "y0": 0,
        "y1": 1,
        "yref": "paper",
        "layer": "below",
        "line": {"color": "ink", "width": 1, "dash": "dot"},
    }
    return {"data": traces, "layout": rows.layout(title, shapes=[zero])}


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


def frequency_axis() -> dict[str, Any]:
    """A logarithmic axis of frequency with octaves as its marks."""
    ticks = (31.5, 63, 125, 250, 500, 1000, 2000, 4000, 8000, 16000)
    return {
        "type": "log",
        "title": {"text": "frequency (Hz)"},
        "tickvals": list(ticks),
        "ticktext": [hertz_text(tick) for tick in ticks],
        "fixedrange": True,
        "automargin": True,
    }


def hertz_text(hertz: float) -> str:
    """A frequency as a label: 63, 31.5, 2k, 12.5k."""
    return f"{hertz:.4g}" if hertz < 1000 else f"{hertz / 1000:.3g}k"


def escaped(text: str) -> str:
    """Text that Plotly shows as it is: it reads a few HTML tags in labels."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def wrapped(name: str, width: int = 22) -> str:
    """A long name on two lines, broken where it has a space or near its middle."""
    if len(name) <= width:
        return escaped(name)
    middle = len(name) // 2
    breaks = [i for i, sign in enumerate(name) if sign in " _-/" and 5 < i < len(name) - 5]
    cut = min(breaks, key=lambda i: abs(i - middle)) + 1 if breaks else middle
    return f"{escaped(name[:cut].rstrip())}<br>{escaped(name[cut:])}"


def _marker(look: Look, size: int) -> dict[str, Any]:
    line = {"color": "ink", "width": 1}
    return {"color": look.colour, "symbol": look.symbol, "size": size, "opacity": 1, "line": line}


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
    colours = sequential()[16:]
    at = np.linspace(0, len(colours) - 1, 12).round().astype(int)
    return [
        [float(i) / 11, "#{:02x}{:02x}{:02x}".format(*colours[index])] for i, index in enumerate(at)
    ]


def _reach(low: float | None, high: float | None) -> float | None:
    return None if low is None or high is None else high - low


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
