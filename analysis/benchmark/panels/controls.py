"""The report's panel on controls: what a probe becomes as each control of a network moves."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ...presentation.figures import Figure, escaped
from ..result.contract import SweepInsight
from ..result.insight_records import system_insights
from .curves import Axes, Points, looks_of
from .parts import Drawing, Group, Panel
from .registry import Context, Section, Table, section

_NOTE = (
    "One control moves over its range while the others stay at their defaults, and a fixed "
    "SIMULATED probe (one second of noise in four steps of level, with clicks) is rendered. Level, "
    "crest factor and brightness, which is the level above 2 kHz over that below, are relative to "
    "the probe; the distance is MR-STFT from what comes out with all controls at their defaults. "
    "A flat line is a control that does nothing."
)
_MEASURES = {
    "level_db": ("level", "level (dB re probe)", "dB"),
    "crest_db": ("crest factor", "crest factor (dB re probe)", "dB"),
    "brightness_db": ("brightness", "brightness (dB re probe)", "dB"),
    "distance": ("sound", "distance (MR-STFT)", ""),
}
_Sweeps = Sequence[SweepInsight]


@section(order=57)
def controls(context: Context) -> Section | None:
    """Sweeps of every network that has controls."""
    found = {
        one.system: one.sweeps for one in system_insights(context.result.insights) if one.sweeps
    }
    choices: dict[str, Sequence[Group]] = {
        name: [Group("", [_drawing(name, sweeps, one) for one in _MEASURES])]
        for name, sweeps in found.items()
    }
    title = "What do the controls do?"
    return Panel("controls", title, _NOTE, choices, {"controls": _table(found)}).section()


def _drawing(name: str, sweeps: _Sweeps, measure: str) -> Drawing:
    word, heading, unit = _MEASURES[measure]
    reach = {sweep.control: _reach(sweep.measures[measure]) for sweep in sweeps}
    most = max(reach, key=lambda control: reach[control])
    amount = f"{reach[most]:.2g} {unit}".strip()
    title = f"{name}: {most} moves the {word} the most, by {amount} over its range"
    if reach[most] < 0.005:
        title = f"{name}: no control moves the {word}"
    header = ["control", "value", heading]
    rows = [
        [sweep.control, value, found]
        for sweep in sweeps
        for value, found in zip(sweep.values, sweep.measures[measure], strict=True)
    ]
    return Drawing(title, _figure(sweeps, measure, heading), Table(header, rows, (None, None, 3)))


def _reach(values: Points) -> float:
    known = [value for value in values if value is not None]
    return max(known) - min(known) if known else 0.0


def _figure(sweeps: _Sweeps, measure: str, heading: str) -> Figure:
    axes = Axes((), "place in the control’s range (%)", heading)
    looks = looks_of([sweep.control for sweep in sweeps])
    traces = []
    for sweep in sweeps:
        low, high = sweep.values[0], sweep.values[-1]
        look, name = looks[sweep.control], escaped(sweep.control)
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": name,
                "x": [round(100 * (value - low) / (high - low), 3) for value in sweep.values],
                "y": list(sweep.measures[measure]),
                "text": [f"{value:.4g}" for value in sweep.values],
                "line": {"color": look.colour, "dash": look.dash, "width": 2.5},
                "marker": {"color": look.colour, "size": 7},
                "hovertemplate": f"{name} %{{text}}: %{{y:.3f}}<extra></extra>",
            }
        )
    known = [v for sweep in sweeps for v in sweep.measures[measure] if v is not None]
    centre = (max(known, default=0.0) + min(known, default=0.0)) / 2
    least = 0.1 if measure == "distance" else 1.0
    half = max((max(known, default=0.0) - min(known, default=0.0)) / 2, least) * 1.1
    layout: dict[str, Any] = {
        "height": 320,
        "margin": {"l": 8, "r": 16, "t": 8, "b": 48},
        "showlegend": True,
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        "hovermode": "closest",
        "xaxis": {"title": {"text": axes.x_title}, "fixedrange": True, "automargin": True},
        "yaxis": {
            "title": {"text": axes.y_title},
            "range": [centre - half, centre + half],
            "fixedrange": True,
            "automargin": True,
        },
    }
    return {"data": traces, "layout": layout}


def _table(found: Mapping[str, _Sweeps]) -> pd.DataFrame:
    rows = [
        [name, sweep.control, value, *(sweep.measures[one][at] for one in _MEASURES)]
        for name, sweeps in found.items()
        for sweep in sweeps
        for at, value in enumerate(sweep.values)
    ]
    return pd.DataFrame(rows, columns=["system", "control", "value", *_MEASURES])
