"""Figures of a result: the correlations of all metrics, and ratings over each metric."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...presentation.estimate import Estimate
from ...presentation.figures import Figure, Rows, escaped, forest, layout, marker
from ...presentation.looks import INK, MUTED, Look
from ...ratings.result.validity import (
    Following,
    FollowVerdict,
    MetricFollowing,
    ValidityLevel,
)
from .words import LEVELS, sure_text

_LOOKS = {
    FollowVerdict.FOLLOWS: Look("accent", "circle", "solid"),
    FollowVerdict.AGAINST: Look("amber", "diamond", "solid"),
    FollowVerdict.NOT_SHOWN: Look(MUTED, "circle-open", "solid"),
    FollowVerdict.NO_CLAIM: Look(MUTED, "circle-open", "solid"),
}
_STEPS = 60


def correlations(found: Following, level: ValidityLevel) -> Figure | None:
    """ρ of every metric at a level with its interval; the ceiling is a line."""
    shown = [(one, part) for one in found.metrics if (part := one.at(level))]
    shown = [(one, part) for one, part in shown if part.spearman.value is not None]
    if not shown:
        return None
    names = [one.label for one, _ in shown]
    looks = {one.label: _LOOKS[one.verdict] for one, _ in shown}
    estimates = {
        one.label: Estimate(one.stimuli, part.spearman.value, part.spearman.low, part.spearman.high)
        for one, part in shown
    }
    figure = forest(
        Rows(names, looks, 26),
        estimates,
        f"Spearman’s ρ {LEVELS[level]}",
        notes={one.label: sure_text(part.spearman) for one, part in shown},
    )
    figure["layout"]["xaxis"]["range"] = [-1.02, 1.02]
    ceiling = next((one.ceiling for one in found.ceilings if one.level is level), None)
    if ceiling is not None:
        across = {"x0": ceiling, "x1": ceiling, "y0": 0, "y1": 1, "yref": "paper"}
        line = {"color": "accent", "width": 2, "dash": "dash"}
        figure["layout"]["shapes"].append(
            {"type": "line", **across, "layer": "below", "line": line}
        )
    return figure


def scatter(found: Following, one: MetricFollowing, looks: Mapping[str, Look]) -> Figure:
    """Mean ratings over a metric: a point per stimulus, and the mapping as a line."""
    size = abs if one.better == "zero" else float
    known = [
        (stimulus, size(value))
        for stimulus, value in zip(found.stimuli, one.values, strict=True)
        if value is not None
    ]
    traces: list[dict[str, Any]] = []
    for name in dict.fromkeys(stimulus.system for stimulus, _ in known):
        mine = [(value, stimulus) for stimulus, value in known if stimulus.system == name]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": escaped(name),
                "x": [_short(value) for value, _ in mine],
                "y": [round(stimulus.mean, 3) for _, stimulus in mine],
                "text": [escaped(f"{name}, {stimulus.passage}") for _, stimulus in mine],
                "marker": {**marker(looks[name], 8), "opacity": 0.75},
                "hovertemplate": "%{text}: %{x}, rated %{y:.1f}<extra></extra>",
            }
        )
    if one.mapping and one.mapping.sign and known:
        traces.append(_line(one))
    unit = f" ({one.unit})" if one.unit else ""
    sizes = "Size of " if one.better == "zero" else ""
    figure = layout(440, f"{sizes}{one.label}{unit}")
    figure["yaxis"] = {
        "title": {"text": "Mean rating"},
        "zeroline": False,
        "fixedrange": True,
        "automargin": True,
    }
    figure["xaxis"] |= {"zeroline": False}
    return {"data": traces, "layout": figure}


def _line(one: MetricFollowing) -> dict[str, Any]:
    assert one.mapping is not None
    x = np.linspace(0, 1, _STEPS)
    a, b, c, d = one.mapping.coefficients
    low, high = one.mapping.low, one.mapping.high
    return {
        "type": "scatter",
        "mode": "lines",
        "name": "mapping",
        "x": [_short(value) for value in (low + x * (high - low)).tolist()],
        "y": [round(value, 3) for value in (a + x * (b + x * (c + x * d))).tolist()],
        "line": {"color": INK, "width": 2},
        "hoverinfo": "skip",
    }


def _short(value: float) -> float:
    return float(f"{value:.6g}")
