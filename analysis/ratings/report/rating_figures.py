"""What was rated and by how much systems differ, as Plotly figures (plain dictionaries).

Quartiles and whiskers are computed here from all ratings; only the points and
the outline of a violin are drawn from a sample where there are many.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...presentation.estimate import Estimate
from ...presentation.figures import Figure, Rows, escaped, layout, marker, names_axis
from ...presentation.figures import forest as drawn_forest
from ...presentation.looks import MUTED, Look, short_names, shortened
from ..reading.scales import Scale
from ..reading.table import Floats, Ratings
from ..result.master import AgainstMaster, MasterVerdict
from ..result.names import Verdict
from ..result.tests import EstimatedPair, Pair

MOST_POINTS = 5000
MOST_LINES = 150
MOST_ROWS = 60
MOST_LETTERS = 40  # of a listener's name beside a row too low for two lines
_GREY = "rgba(128,128,128,0.16)"
_VERDICTS = {
    Verdict.BETTER: Look("accent", "circle", "solid"),
    Verdict.EQUIVALENT: Look("amber", "diamond", "solid"),
    Verdict.INCONCLUSIVE: Look(MUTED, "circle-open", "solid"),
}

_MASTER = {
    MasterVerdict.BETTER: Verdict.BETTER,
    MasterVerdict.WORSE: Verdict.BETTER,
    MasterVerdict.EQUIVALENT: Verdict.EQUIVALENT,
    MasterVerdict.NOT_SHOWN: Verdict.INCONCLUSIVE,
}


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


def ranked_means(
    means: Mapping[str, Estimate], ranks: Mapping[str, str], looks: Mapping[str, Look], title: str
) -> Figure:
    """The mean of each version with its interval, in the order given; ``ranks`` stand beside.

    Systems whose ranks overlap were not all told apart.
    """
    names = list(means)
    rows = Rows(names, looks, 26)
    figure = drawn_forest(rows, means, title, notes=ranks)
    # Of long names a line each: all of them shall stand on one screen.
    lines = Rows(list(short_names(names, 26).values()), width=40)
    # Ratings are no differences: a line at zero would mean nothing.
    figure["layout"] = lines.layout(title, 24)
    figure["layout"]["meta"]["height"] = lines.height(19)  # on a phone
    figure["layout"]["margin"]["r"] = 84 if any(ranks.values()) else 16
    figure["layout"]["annotations"] = [
        {
            "xref": "paper",
            "x": 1,
            "xanchor": "left",
            "xshift": 6,
            "y": row,
            "text": escaped(ranks[name]),
            "showarrow": False,
            "font": {"size": 12},
        }
        for row, name in enumerate(names)
        if ranks.get(name)
    ]
    return figure


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
                "name": escaped(name),
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
        numbers = box(values)
        traces.append(
            {
                "type": "box",
                "orientation": "h",
                "name": escaped(name),
                "y": [row],
                **numbers,
                "width": 0.26,
                "fillcolor": "paper",
                "line": {"color": "ink", "width": 1.5},
            }
        )
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": escaped(name),
                "x": numbers["mean"],
                "y": [row],
                "marker": marker(look, 10),
                "hovertemplate": f"{escaped(name)}: mean %{{x:.1f}}<extra></extra>",
            }
        )
    figure = Rows(ratings.systems, looks).layout("Rating", 56)
    figure["xaxis"]["range"] = _padded(scale.low, scale.high)
    return {"data": traces, "layout": figure}


def beyond(values: Floats) -> list[float]:
    """The values beyond Tukey's whiskers, as a box plot marks them."""
    ends = box(values)
    low, high = ends["lowerfence"][0], ends["upperfence"][0]
    return [round(float(one), 4) for one in np.unique(values) if one < low or one > high]


def boxes(ratings: Ratings, looks: Mapping[str, Look], scale: Scale) -> Figure:
    """A box per system, all passages together, as papers print it: outliers, no violin."""
    traces: list[dict[str, Any]] = []
    for row, name in enumerate(ratings.systems):
        values = ratings.value[ratings.system == row]
        numbers, out = box(values), beyond(values)
        shared = {"name": escaped(name), "hoverinfo": "skip"}
        traces.append(
            {
                "type": "box",
                "orientation": "h",
                "y": [row],
                "width": 0.6,
                "fillcolor": _GREY,
                "line": {"color": looks[name].colour, "width": 1.5},
                **shared,
                **numbers,
            }
        )
        for x, mark in ((out, 4), (numbers["mean"], 10)):
            traces.append(
                {
                    "type": "scatter",
                    "mode": "markers",
                    "x": x,
                    "y": [row] * len(x),
                    "marker": marker(looks[name], mark),
                    **shared,
                }
            )
    figure = Rows(ratings.systems, looks).layout("Rating", 40)
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
    figure = Rows(ratings.systems).layout("Share of the ratings in %", 44)
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
    """A box per system on every passage with its mean, passages one under the other."""
    passages = ratings.passages[:MOST_ROWS]
    room = 0.84 / len(ratings.systems)  # of a passage's row
    traces = []
    for code, name in enumerate(ratings.systems):
        found: dict[str, list[float]] = {"y": []}
        for row in range(len(passages)):
            values = ratings.value[(ratings.system == code) & (ratings.passage == row)]
            if len(values):
                found["y"].append(round(row - 0.42 + (code + 0.5) * room, 4))
                for key, number in box(values).items():
                    found.setdefault(key, []).extend(number)
        means = found.pop("mean", [])
        shared = {"name": escaped(name), "legendgroup": str(code)}
        traces.append(
            {
                "type": "box",
                "orientation": "h",
                "showlegend": False,
                "width": 0.7 * room,
                "fillcolor": _GREY,
                "line": {"color": looks[name].colour, "width": 1.5},
                **shared,
                **found,
            }
        )
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": means,
                "y": found["y"],
                "marker": marker(looks[name], 8),
                "hovertemplate": f"{escaped(name)}: mean %{{x:.1f}}<extra></extra>",
                **shared,
            }
        )
    figure = Rows(passages).layout("Rating", 16 * len(ratings.systems) + 18, boxmode="overlay")
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
            "name": escaped(listener),
            "hovertemplate": f"{escaped(listener)}: %{{y:.1f}}<extra></extra>",
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
    figure = layout(420, "", xaxis=names_axis(names) | {"range": [-0.3, len(names) - 0.7]})
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
    rows = Rows([listeners[at] for at in order], width=MOST_LETTERS)
    figure = rows.layout("", 18, xaxis=names_axis(names, side="top"))
    figure["margin"]["b"] = 20
    return {"data": [trace], "layout": figure}


def forest(pairs: Sequence[Pair | EstimatedPair], margin: float | None, unit: str) -> Figure:
    """The difference of every pair with its interval, a line at zero and the margin shaded."""
    shown = [pair for pair in pairs if pair.mean_diff is not None]
    both = [(pair.group1, pair.group2) for pair in shown]
    short = short_names(dict.fromkeys(name for pair in both for name in pair), 12)
    names = [f"{first} − {second}" for first, second in both]
    brief = [f"{short[first]} − {short[second]}" for first, second in both]
    if len({second for _, second in both}) == 1 and len(both) > 1:
        # The axis names the other.
        names = [first for first, _ in both]
        brief = [short[name] for name in names]
    decided = {name: _decided(pair) for name, pair in zip(names, shown, strict=True)}
    looks = {name: _VERDICTS[kind] for name, (kind, _) in decided.items()}
    estimates = {
        name: Estimate(pair.n, pair.mean_diff, pair.low, pair.high)
        for name, pair in zip(names, shown, strict=True)
    }
    return drawn_forest(
        Rows(names, looks, 26, brief),
        estimates,
        unit,
        margin=margin,
        notes={name: words for name, (_, words) in decided.items()},
    )


def beside_master(found: AgainstMaster, margin: float | None) -> Figure:
    """Every system less the master with intervals that hold together, and the margin shaded."""
    shown = [row for row in found.systems if row.mean_diff is not None]
    names = [row.system for row in shown]
    kinds = {row.system: _MASTER[row.verdict] for row in shown}
    estimates = {
        row.system: Estimate(row.listeners, row.mean_diff, row.low, row.high) for row in shown
    }
    what = "P(preferred) − P(not)" if found.preferences else "Difference in points"
    return drawn_forest(
        Rows(names, {name: _VERDICTS[kind] for name, kind in kinds.items()}, 26),
        estimates,
        f"{what} from the master ({shortened(found.master, 24)})",
        margin=margin,
        notes={row.system: row.verdict for row in shown},
    )


def _decided(pair: Pair | EstimatedPair) -> tuple[Verdict, str]:
    """The verdict of a pair and its words; one that is only tested is decided or not."""
    if isinstance(pair, Pair):
        return pair.kind, pair.verdict
    kind = Verdict.BETTER if pair.reject else Verdict.INCONCLUSIVE
    return kind, kind


def _padded(low: float, high: float) -> list[float]:
    pad = (high - low) * 0.02
    return [low - pad, high + pad]
