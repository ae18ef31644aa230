"""What was rated and by how much systems differ, as Plotly figures (plain dictionaries).

Colours named ``ink``, ``muted``, ``line``, ``paper``, ``accent`` and ``amber`` stand for those of
the page's theme. Quartiles and whiskers are computed here from all ratings; only the points and
the outline of a violin are drawn from a sample where there are many.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..looks import Look, label, short_names
from ..reading.scales import Scale
from ..reading.table import Floats, Ratings
from ..result.names import Verdict
from ..result.tests import EstimatedPair, Pair

Figure = dict[str, Any]
MOST_POINTS = 5000
MOST_LINES = 150
MOST_ROWS = 60
_GREY = "rgba(128,128,128,0.16)"
_MARKS = {
    Verdict.BETTER: ("accent", "circle"),
    Verdict.EQUIVALENT: ("amber", "diamond"),
    Verdict.INCONCLUSIVE: ("muted", "circle-open"),
}


def rows_axis(names: Sequence[str], width: int = 20) -> dict[str, Any]:
    """A vertical axis with one row per name, the first on top; names break at ``width``."""
    return {
        "tickvals": list(range(len(names))),
        "ticktext": [label(name, width) for name in names],
        "range": [len(names) - 0.4, -0.6],
        "automargin": True,
        "fixedrange": True,
        "zeroline": False,
        "showgrid": False,
    }


def layout(height: int, title: str, **more: Any) -> dict[str, Any]:
    """A quiet layout with a titled horizontal axis."""
    axis = {"title": {"text": title}, "automargin": True, "fixedrange": True}
    return {
        "height": height,
        "margin": {"l": 8, "r": 16, "t": 24, "b": 48},
        "showlegend": False,
        "xaxis": axis,
    } | more


def rounded(values: Floats) -> list[float | None]:
    """Values short enough for a page: four decimals; None for what is missing."""
    return [None if np.isnan(v) else round(float(v), 4) for v in values]


def box(values: Floats) -> dict[str, list[float]]:
    """Quartiles and Tukey's whiskers (the last value within 1.5 IQR) of ``values``."""
    q1, median, q3 = (float(v) for v in np.quantile(values, [0.25, 0.5, 0.75]))
    reach = 1.5 * (q3 - q1)
    inside = values[(values >= q1 - reach) & (values <= q3 + reach)]
    numbers = {
        "q1": q1,
        "median": median,
        "q3": q3,
        "lowerfence": float(inside.min()),
        "upperfence": float(inside.max()),
        "mean": float(values.mean()),
    }
    return {name: [round(value, 4)] for name, value in numbers.items()}


def distributions(ratings: Ratings, looks: Mapping[str, Look], scale: Scale) -> Figure:
    """A violin with box and points per system, all passages together."""
    traces: list[dict[str, Any]] = []
    for row, name in enumerate(ratings.systems):
        values = ratings.value[ratings.system == row]
        look = looks[name]
        step = max(1, -(-len(values) // MOST_POINTS))
        drawn = np.sort(values)[::step]
        traces.append(
            {
                "type": "violin",
                "orientation": "h",
                "name": label(name),
                "x": rounded(drawn),
                "y": [row] * len(drawn),
                "points": "all" if len(values) <= 400 else False,
                "pointpos": 0,
                "jitter": 0.6,
                "width": 0.9,
                "spanmode": "hard",
                "hoverinfo": "skip",
                "marker": {"color": look.colour, "size": 3, "opacity": 0.55},
                "line": {"color": look.colour, "width": 1},
                "fillcolor": _GREY,
            }
        )
        traces.append(
            {
                "type": "box",
                "orientation": "h",
                "name": label(name),
                "y": [row],
                **box(values),
                "boxmean": True,
                "width": 0.26,
                "fillcolor": "paper",
                "line": {"color": "ink", "width": 1.5},
            }
        )
    names = list(ratings.systems)
    figure = layout(60 * len(names) + 90, "Rating", yaxis=rows_axis(names))
    figure["xaxis"]["range"] = _padded(scale.low, scale.high)
    return {"data": traces, "layout": figure}


def answers(ratings: Ratings, scale: Scale) -> Figure:
    """The share of each step of a scale of few steps, per system, all passages together."""
    steps = np.unique(ratings.value)
    counts = np.zeros((len(ratings.systems), len(steps)))
    np.add.at(counts, (ratings.system, np.searchsorted(steps, ratings.value)), 1)
    shares = 100 * counts / counts.sum(axis=1, keepdims=True)
    traces = []
    for at, step in enumerate(steps):
        place = (step - scale.low) / (scale.high - scale.low)
        traces.append(
            {
                "type": "bar",
                "orientation": "h",
                "name": f"{step:g}",
                "y": list(range(len(ratings.systems))),
                "x": rounded(shares[:, at]),
                "text": [
                    f"{step:g}: {share:.0f} %" if share >= 8 else "" for share in shares[:, at]
                ],
                "textposition": "inside",
                "insidetextanchor": "middle",
                "textfont": {"color": "#ffffff" if abs(place - 0.5) > 0.3 else "#16191b"},
                "marker": {"color": _step_colour(place), "line": {"color": "paper", "width": 1}},
                "hovertemplate": f"{step:g}: %{{x:.1f}} %<extra></extra>",
            }
        )
    names = list(ratings.systems)
    figure = layout(44 * len(names) + 90, "Share of the ratings in %", yaxis=rows_axis(names))
    figure["barmode"] = "stack"
    figure["xaxis"]["range"] = [0, 100]
    return {"data": traces, "layout": figure}


def _step_colour(place: float) -> str:
    """From vermillion over pale grey to blue, as ``place`` goes from 0 to 1."""
    ends = ((178, 82, 45), (236, 236, 232), (31, 90, 150))
    low, high, share = (0, 1, 2 * place) if place < 0.5 else (1, 2, 2 * place - 1)
    mixed = [round(a + (b - a) * share) for a, b in zip(ends[low], ends[high], strict=True)]
    return f"rgb({mixed[0]},{mixed[1]},{mixed[2]})"


def by_passage(ratings: Ratings, looks: Mapping[str, Look], scale: Scale) -> Figure:
    """A box per system on every passage, passages one under the other."""
    passages = ratings.passages[:MOST_ROWS]
    traces = []
    for code, name in enumerate(ratings.systems):
        found: dict[str, list[Any]] = {"y": []}
        for row in range(len(passages)):
            values = ratings.value[(ratings.system == code) & (ratings.passage == row)]
            if len(values):
                found["y"].append(row)
                for key, number in box(values).items():
                    found.setdefault(key, []).extend(number)
        traces.append(
            {
                "type": "box",
                "orientation": "h",
                "name": label(name),
                "offsetgroup": str(code),
                "fillcolor": _GREY,
                "line": {"color": looks[name].colour, "width": 1.5},
                **found,
            }
        )
    height = len(passages) * (16 * len(ratings.systems) + 18) + 130
    figure = layout(height, "Rating", yaxis=rows_axis(passages), boxmode="group")
    figure["xaxis"]["range"] = _padded(scale.low, scale.high)
    figure["showlegend"] = True
    figure["legend"] = {"orientation": "h", "y": 1, "yanchor": "bottom", "traceorder": "normal"}
    figure["margin"]["t"] = 56
    return {"data": traces, "layout": figure}


def listener_lines(means: Floats, names: Sequence[str], listeners: Sequence[str]) -> Figure:
    """Every listener's mean per system as a line, and the mean of all; ``means`` is (n, k)."""
    shown = means[:MOST_LINES]
    traces: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": list(range(len(names))),
            "y": rounded(row),
            "line": {"color": "rgba(128,128,128,0.45)", "width": 1},
            "name": label(listener),
            "hovertemplate": f"{label(listener)}: %{{y:.1f}}<extra></extra>",
            "connectgaps": False,
        }
        for row, listener in zip(shown, listeners, strict=False)
    ]
    centre = np.nanmean(means, axis=0)
    traces.append(
        {
            "type": "scatter",
            "mode": "lines+markers",
            "x": list(range(len(names))),
            "y": rounded(centre),
            "line": {"color": "accent", "width": 3},
            "marker": {"color": "accent", "size": 8},
            "name": "mean of all",
            "hovertemplate": "mean of all: %{y:.1f}<extra></extra>",
        }
    )
    axis = {
        "tickvals": list(range(len(names))),
        "ticktext": short_names(list(names)),
        "range": [-0.3, len(names) - 0.7],
        "fixedrange": True,
        "automargin": True,
        "showgrid": False,
        "zeroline": False,
    }
    figure = layout(420, "", xaxis=axis)
    figure["yaxis"] = {"title": {"text": "Listener mean"}, "fixedrange": True, "automargin": True}
    return {"data": traces, "layout": figure}


def residual_map(means: Floats, names: Sequence[str], listeners: Sequence[str]) -> Figure:
    """How far each listener's mean of a system lies from what both levels explain; (n, k)."""
    level = np.nanmean(means, axis=1, keepdims=True)
    system = np.nanmean(means - level, axis=0, keepdims=True)
    left = means - level - system
    order = np.argsort(-np.nanmax(np.abs(left), axis=1), kind="stable")[:MOST_ROWS]
    shown = left[order]
    most = float(np.nanmax(np.abs(shown))) or 1.0
    trace = {
        "type": "heatmap",
        "z": [rounded(row) for row in shown],
        "x": list(range(len(names))),
        "y": list(range(len(order))),
        "zmin": -most,
        "zmax": most,
        "colorscale": [[0, "#B2522D"], [0.5, "#F4F4F1"], [1, "#1F5A96"]],
        "colorbar": {"thickness": 12, "title": {"text": "points"}},
        "hovertemplate": "%{z:+.1f} points<extra></extra>",
        "xgap": 1,
        "ygap": 1,
    }
    axis = {
        "tickvals": list(range(len(names))),
        "ticktext": short_names(list(names)),
        "fixedrange": True,
        "automargin": True,
        "side": "top",
        "showgrid": False,
        "zeroline": False,
    }
    rows = rows_axis([listeners[at] for at in order])
    figure = layout(18 * len(order) + 110, "", xaxis=axis, yaxis=rows)
    figure["margin"]["b"] = 20
    return {"data": [trace], "layout": figure}


def forest(pairs: Sequence[Pair | EstimatedPair], margin: float | None, unit: str) -> Figure:
    """The difference of every pair with its interval, a line at zero and the margin shaded."""
    rows = [pair for pair in pairs if pair.mean_diff is not None]
    names = [f"{pair.group1} − {pair.group2}" for pair in rows]
    if len({pair.group2 for pair in rows}) == 1 and len(rows) > 1:
        names = [pair.group1 for pair in rows]  # the axis names the other
    longest = max((len(name) for name in names), default=0)
    height = 28 if longest <= 26 else 36 if longest <= 52 else 50
    figure = layout(height * len(rows) + 90, unit, yaxis=rows_axis(names, 26))
    line = {"type": "line", "x0": 0, "x1": 0, "yref": "paper", "y0": 0, "y1": 1, "layer": "below"}
    figure["shapes"] = [line | {"line": {"color": "muted", "width": 1, "dash": "dot"}}]
    if margin is not None:
        band = {"type": "rect", "x0": -margin, "x1": margin, "yref": "paper", "y0": 0, "y1": 1}
        style = {"fillcolor": "rgba(230,159,0,0.16)", "line": {"width": 0}, "layer": "below"}
        figure["shapes"].append(band | style)
    return {"data": [_difference(row, pair) for row, pair in enumerate(rows)], "layout": figure}


def _difference(row: int, pair: Pair | EstimatedPair) -> dict[str, Any]:
    """A pair's difference in its row, with the interval where there is one."""
    kind, words = _decided(pair)
    colour, symbol = _MARKS[kind]
    difference = pair.mean_diff or 0.0
    trace: dict[str, Any] = {
        "type": "scatter",
        "mode": "markers",
        "x": [round(difference, 4)],
        "y": [row],
        "marker": {"color": colour, "size": 10, "symbol": symbol, "line": {"width": 2}},
        "hovertemplate": f"%{{x:.2f}} points, {label(words)}<extra></extra>",
    }
    if pair.low is not None and pair.high is not None:
        trace["error_x"] = {
            "type": "data",
            "symmetric": False,
            "array": [round(pair.high - difference, 4)],
            "arrayminus": [round(difference - pair.low, 4)],
            "color": colour,
            "thickness": 2,
            "width": 4,
        }
    return trace


def _decided(pair: Pair | EstimatedPair) -> tuple[Verdict, str]:
    """The verdict of a pair and its words; one that is only tested is decided or not."""
    if isinstance(pair, Pair):
        return pair.kind, pair.verdict
    kind = Verdict.BETTER if pair.reject else Verdict.INCONCLUSIVE
    return kind, kind


def _padded(low: float, high: float) -> list[float]:
    pad = (high - low) * 0.02
    return [low - pad, high + pad]
