"""Plotly figures as plain dictionaries: rows of systems, axes, labels, and the forest plot.

The colour names ``ink``, ``muted``, ``line``, ``paper``, ``accent`` and ``amber`` stand for those
of the page's theme; the page puts them in, so that a figure follows light and dark.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from .estimate import Estimate
from .looks import INK, MUTED, Look, short_names, shortened
from .numbers import hertz_text

Figure = dict[str, Any]
Floats = npt.NDArray[np.float64]

_ROW, _LINE, _GAP = 30, 17, 5  # pixels per row, per line of a name, between two names
_BELOW = 80  # pixels for the axis and its title
_SHORT = 14  # letters of a name on a narrow screen
_TITLE = 40  # letters of a line of an axis title there
_MOST_LINES = 3
_BREAKS = " _-/"


@dataclass(frozen=True)
class Rows:
    """What a figure has one row for, top down, and how it looks.

    Names break at ``width`` letters; ``short`` are names for narrow screens, made where not given.
    """

    names: Sequence[str]
    looks: Mapping[str, Look] = field(default_factory=dict)
    width: int = 22
    short: Sequence[str] = ()

    def axis(self) -> dict[str, Any]:
        """The vertical axis."""
        return {
            "tickvals": list(range(len(self.names))),
            "ticktext": [wrapped(name, self.width) for name in self.names],
            "range": [len(self.names) - 0.45, -0.55],
            "automargin": True,
            "fixedrange": True,
            "showgrid": False,
            "zeroline": False,
        }

    def height(self, row: int = _ROW) -> int:
        """Pixels for all rows of ``row`` or what their names need, and the axis below them."""
        lines = max((1 + wrapped(one, self.width).count("<br>") for one in self.names), default=1)
        return max(row, _LINE * lines + (_GAP if lines > 1 else 0)) * len(self.names) + _BELOW

    def layout(self, title: str, row: int = _ROW, **more: Any) -> dict[str, Any]:
        """A layout with one row per name and values along the horizontal axis.

        ``meta`` holds the names for narrow screens.
        """
        short = self.short or list(short_names(self.names, _SHORT).values())
        made = layout(self.height(row), title, yaxis=self.axis())
        made["meta"]["short"] = [wrapped(name, _SHORT) for name in short]
        return made | more


def layout(height: int, title: str, **more: Any) -> dict[str, Any]:
    """A quiet layout with a titled horizontal axis; ``meta`` holds the title for narrow screens."""
    return {
        "height": height,
        "margin": {"l": 8, "r": 16, "t": 8, "b": 48},
        "showlegend": False,
        "xaxis": {"title": {"text": escaped(title)}, "automargin": True, "fixedrange": True},
        "meta": {"title": wrapped(title, _TITLE)},
    } | more


def names_axis(
    names: Sequence[str], width: int = _SHORT, side: Literal["bottom", "top"] = "bottom"
) -> dict[str, Any]:
    """A horizontal axis with a place per name, each in at most ``width`` letters."""
    short = short_names(names, width)
    return {
        "side": side,
        # Slanted names lean to the left of the plot, where most often the names of its rows leave
        # room for them. Plotly would leave out the one that does not fit.
        "autotickangles": [0, 30, 90] if side == "top" else [0, -30, -90],
        "ticklabeloverflow": "allow",
        "tickvals": list(range(len(names))),
        "ticktext": [escaped(short[name]) for name in names],
        "fixedrange": True,
        "automargin": True,
        "showgrid": False,
        "zeroline": False,
    }


def forest(
    rows: Rows,
    estimates: Mapping[str, Estimate],
    title: str,
    *,
    margin: float | None = None,
    notes: Mapping[str, str] | None = None,
) -> Figure:
    """A point with its interval per row, about a line at zero.

    ``margin`` shades what lies within it of zero; ``notes`` are words that stand with a value.
    """
    traces = []
    for position, name in enumerate(rows.names):
        estimate, look = estimates[name], rows.looks[name]
        if estimate.centre is None:
            continue
        note = f", {escaped(notes[name])}" if notes and notes.get(name) else ""
        trace: dict[str, Any] = {
            "type": "scatter",
            "mode": "markers",
            "name": escaped(name),
            "x": [estimate.centre],
            "y": [position],
            "marker": marker(look, 11),
            "hovertemplate": f"{escaped(name)}: %{{x:.4g}}{note}<extra></extra>",
        }
        if estimate.low is not None and estimate.high is not None:
            trace["error_x"] = {
                "type": "data",
                "symmetric": False,
                "array": [estimate.high - estimate.centre],
                "arrayminus": [estimate.centre - estimate.low],
                # A thin line in a pale colour would be lost on paper.
                "color": look.colour if look.themed else MUTED,
                "thickness": 2,
                "width": 5,
            }
        traces.append(trace)
    across = {"y0": 0, "y1": 1, "yref": "paper", "layer": "below"}
    line = {"color": INK, "width": 1, "dash": "dot"}
    shapes: list[dict[str, Any]] = [{"type": "line", "x0": 0, "x1": 0, **across, "line": line}]
    if margin is not None:
        band = {"type": "rect", "x0": -margin, "x1": margin, **across}
        shapes.append(band | {"fillcolor": "rgba(230,159,0,0.16)", "line": {"width": 0}})
    return {"data": traces, "layout": rows.layout(title, shapes=shapes)}


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


def escaped(text: str) -> str:
    """Text that Plotly shows as it is: it reads a few HTML tags in labels."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def wrapped(name: str, width: int = 22) -> str:
    """A name for Plotly, in up to three lines of at most ``width``, alike in length.

    Lines break behind a space, hyphen, underscore or slash, inside a word only where three lines
    hold it no other way; of a longer name the middle is left out.
    """
    short = shortened(name, _MOST_LINES * width)
    least = -(-len(short) // width)
    for count in range(least, _MOST_LINES + 1):
        lines = _broken(short, width, count)
        if lines is not None:
            break
    else:
        size = -(-len(short) // least)
        lines = [short[at : at + size] for at in range(0, len(short), size)]
    return "<br>".join(escaped(line.strip()) for line in lines)


def _broken(text: str, width: int, count: int) -> list[str] | None:
    """``text`` in ``count`` lines as even as its breaks allow; None where one would be too long."""
    if count <= 1:
        return [text] if len(text) <= width else None
    even = len(text) / count
    breaks = [at for at in range(1, min(width, len(text) - 1) + 1) if text[at - 1] in _BREAKS]
    for at in sorted(breaks, key=lambda at: abs(at - even)):
        rest = _broken(text[at:], width, count - 1)
        if rest is not None:
            return [text[:at], *rest]
    return None


def marker(look: Look, size: int) -> dict[str, Any]:
    """The symbol of a system in its colour, ``size`` pixels wide."""
    line = {"color": MUTED, "width": 2} if look.hollow else {"color": INK, "width": 1}
    return {"color": look.colour, "symbol": look.symbol, "size": size, "opacity": 1, "line": line}
