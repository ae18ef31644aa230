"""Plotly figures as plain dictionaries: rows of systems, axes, labels, and the forest plot.

The colour names ``ink``, ``muted``, ``line`` and ``paper`` stand for those of the page's theme;
the page puts them in, so that a figure follows light and dark.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .estimate import Estimate
from .looks import Look, short_names

Figure = dict[str, Any]
_ROW, _ROW_OF_TWO = 30, 38  # pixels per system, with names of one or two lines


Floats = npt.NDArray[np.float64]


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
            "marker": marker(rows.looks[name], 11),
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


def marker(look: Look, size: int) -> dict[str, Any]:
    """The symbol of a system in its colour, ``size`` pixels wide."""
    line = {"color": "ink", "width": 1}
    return {"color": look.colour, "symbol": look.symbol, "size": size, "opacity": 1, "line": line}
