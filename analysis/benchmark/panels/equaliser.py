"""The report's panel on equalisers: curves per song and on average, bands, gates by genre."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ....models.effects.curves import CURVE_HZ
from ...presentation.figures import Figure, escaped, frequency_axis, wrapped
from ...presentation.looks import Look
from ...presentation.numbers import decibels
from ..result.contract import BandInsight, EqualiserInsight
from ..result.insight_records import Found, found_of
from ..result.tables import records
from .curves import (
    Line,
    curves,
    evenly,
    frequency_axes,
    heat_map,
    middle,
    shifted,
    spoken_hertz,
    table_of,
)
from .figures import colour_scale
from .parts import ALL, Drawing, Group, Panel, counted
from .registry import Context, Section, Table, section

_NOTE = (
    "What each system's equaliser is set to, by song: from the settings that its renders keep. "
    "Curves are the equaliser alone, without a residual network, a gain or what follows it; the "
    "shade is the mean over songs plus and minus one standard deviation."
)
_AXES = frequency_axes(CURVE_HZ, "gain (dB)")
_Set = Found[EqualiserInsight]
# Below this a curve is called flat, in dB.
_FLAT = 0.05
_SYMBOLS = {"peak": "circle", "low_shelf": "triangle-left", "high_shelf": "triangle-right"}


@section(order=52)
def equalisers(context: Context) -> Section | None:
    """Equaliser curves, bands and gates of every system that has them."""
    result = context.result
    found = found_of(
        *(result.insights, result.renders, result.system_names),
        "equalisers",
        EqualiserInsight.model_validate,
    )
    choices: dict[str, Sequence[Group]] = {}
    if len(found) > 1:
        choices[ALL] = [Group("", [_overview(found, result.looks)])]
    tags = {row["song"]: row["tags"] for row in records(result.songs)}
    for name, mine in found.items():
        choices[name] = [Group("", _drawings(name, mine, result.looks[name], tags))]
    tables = {"equaliser_curves": _curve_table(found), "equaliser_bands": _band_table(found)}
    title = "What did the equalisers do?"
    return Panel("equalisers", title, _NOTE, choices, tables).section()


def _drawings(
    name: str,
    mine: Sequence[_Set],
    look: Look,
    tags: Mapping[str, Mapping[str, Any]],
) -> list[Drawing]:
    drawings = [_curves(name, mine, look)]
    if any(one.record.bands for one in mine):
        drawings.append(_bands(name, mine, look))
    if any(band.active is not None for one in mine for band in one.record.bands):
        drawings.append(_active(name, mine, tags))
    return drawings


def _curves(name: str, mine: Sequence[_Set], look: Look) -> Drawing:
    every = {one.label: one.record.gains_db for one in mine}
    mean, spread = middle(table_of(every))
    shown = evenly(list(every))
    lines = [Line(label, every[label], look.colour, thin=True) for label in shown]
    lines.append(Line(f"mean of {name}", mean, look.colour))
    bounds = (shifted(mean, spread, -1), shifted(mean, spread, 1))
    figure = curves(lines, _AXES, bounds if len(every) > 1 else None)
    header = ["frequency (Hz)", "mean (dB)", "SD (dB)", *(f"{label} (dB)" for label in shown)]
    rows = [
        [f"{hertz:.1f}", mean[at], spread[at], *(every[label][at] for label in shown)]
        for at, hertz in enumerate(CURVE_HZ)
    ]
    songs = counted(len(shown), len(every))
    title = f"{name}: {_said(mean, spread)} ({songs})"
    return Drawing(title, figure, Table(header, rows, (None, *[2] * (len(header) - 1))))


def _said(mean: Sequence[float | None], spread: Sequence[float | None]) -> str:
    known = [(abs(gain), at) for at, gain in enumerate(mean) if gain is not None]
    most, at = max(known, default=(0.0, 0))
    gain, deviation = mean[at] or 0.0, spread[at] or 0.0
    if most < _FLAT and max((s for s in spread if s is not None), default=0.0) < _FLAT:
        return "flat, 0 dB at every frequency"
    words = f"most at {spoken_hertz(CURVE_HZ[at])}, {decibels(gain)} on average"
    return f"{words}, SD {deviation:.1f} dB"


def _bands(name: str, mine: Sequence[_Set], look: Look) -> Drawing:
    bands = [(one.label, number, b) for one in mine for number, b in _numbered(one)]
    trace = {
        "type": "scatter",
        "mode": "markers",
        "x": [band.frequency_hz for _, _, band in bands],
        "y": [band.gain_db for _, _, band in bands],
        "text": [
            f"{escaped(label)}, band {number}<br>{_kind(band)}, Q {band.q:.2f}"
            for label, number, band in bands
        ],
        "hovertemplate": "%{text}<br>%{x:.0f} Hz: %{y:.2f} dB<extra></extra>",
        "marker": {
            "size": 9,
            "color": look.colour,
            "symbol": [
                _SYMBOLS.get(band.kind, "circle") + ("-open" if band.active is False else "")
                for _, _, band in bands
            ],
            "line": {"color": "ink", "width": 1},
        },
    }
    layout = {
        "height": 360,
        "margin": {"l": 8, "r": 16, "t": 8, "b": 48},
        "showlegend": False,
        "hovermode": "closest",
        "xaxis": frequency_axis() | {"range": [1.25, 4.35]},
        "yaxis": {"title": {"text": "gain (dB)"}, "fixedrange": True, "automargin": True},
    }
    header = ["song", "band", "type", "frequency (Hz)", "gain (dB)", "Q", "active"]
    rows = [_band_row(label, number, band) for label, number, band in bands]
    title = (
        f"{name}: every band of every song; triangles are shelves"
        f"{', open symbols are gated off' if any(b.active is False for *_, b in bands) else ''}"
    )
    table = Table(header, rows, (None, 0, None, 1, 2, 2, None))
    return Drawing(title, {"data": [trace], "layout": layout}, table)


def _active(name: str, mine: Sequence[_Set], tags: Mapping[str, Mapping[str, Any]]) -> Drawing:
    groups: dict[str, list[_Set]] = {}
    for one in mine:
        groups.setdefault(_genre(tags.get(one.song, {})), []).append(one)
    count = max(len(one.record.bands) for one in mine)
    shares = {
        genre: [round(100 * share, 1) for share in _shares(ones, count)]
        for genre, ones in sorted(groups.items())
    }
    middles = [_middle_hz(mine, at) for at in range(count)]
    columns = [f"{at + 1}: {spoken_hertz(hertz)}" for at, hertz in enumerate(middles)]
    labels = [f"{genre} ({len(groups[genre])})" for genre in shares]
    trace = heat_map(list(shares.values()), columns, labels, "% of songs")
    trace |= {"zmin": 0, "zmax": 100, "xgap": 1, "ygap": 1, "texttemplate": "%{z:.0f}"}
    figure = _matrix(trace, columns, labels)
    active = [sum(bool(b.active) for b in one.record.bands) for one in mine]
    mean = sum(active) / len(active)
    header = ["genre", "songs", *(f"{column} (%)" for column in columns)]
    rows = [[genre, len(groups[genre]), *shares[genre]] for genre in shares]
    title = f"{name}: {mean:.1f} of {count} bands are active in a song; share of songs by genre"
    return Drawing(title, figure, Table(header, rows, (None, 0, *[0] * count)))


def _matrix(trace: dict[str, Any], columns: Sequence[str], labels: Sequence[str]) -> Figure:
    trace["colorscale"] = colour_scale()
    layout = {
        "height": 120 + 34 * len(labels),
        "margin": {"l": 8, "r": 16, "t": 8, "b": 48},
        "meta": {"columns": [column.partition(":")[0] for column in columns]},
        "xaxis": {
            "title": {"text": "band, with the median of its frequencies"},
            "tickvals": list(range(len(columns))),
            "ticktext": [column.replace(": ", "<br>") for column in columns],
            "fixedrange": True,
            "automargin": True,
        },
        "yaxis": {
            "tickvals": list(range(len(labels))),
            "ticktext": [wrapped(label) for label in labels],
            "range": [len(labels) - 0.5, -0.5],
            "fixedrange": True,
            "automargin": True,
        },
    }
    return {"data": [trace], "layout": layout}


def _genre(tags: Mapping[str, Any]) -> str:
    return str(tags.get("genre") or "no genre")


def _shares(ones: Sequence[_Set], count: int) -> list[float]:
    opened = [[bool(band.active) for band in one.record.bands] for one in ones]
    return [
        sum(gates[at] for gates in opened if at < len(gates)) / len(ones) for at in range(count)
    ]


def _middle_hz(mine: Sequence[_Set], at: int) -> float:
    known = sorted(b.frequency_hz for one in mine for b in one.record.bands[at : at + 1])
    return float(known[len(known) // 2])


def _overview(found: Mapping[str, Sequence[_Set]], looks: Mapping[str, Look]) -> Drawing:
    means = {
        name: middle(table_of({one.label: one.record.gains_db for one in mine}))[0]
        for name, mine in found.items()
    }
    lines = [Line(name, mean, looks[name].colour, looks[name].dash) for name, mean in means.items()]
    header = ["frequency (Hz)", *(f"{name} (dB)" for name in means)]
    rows = [[f"{hertz:.1f}", *(m[at] for m in means.values())] for at, hertz in enumerate(CURVE_HZ)]
    title = f"The mean curve of each of {len(means)} systems over its songs"
    table = Table(header, rows, (None, *[2] * len(means)))
    return Drawing(title, curves(lines, _AXES), table)


def _numbered(one: _Set) -> list[tuple[int, BandInsight]]:
    return list(enumerate(one.record.bands, 1))


def _band_row(label: str, number: int, band: BandInsight) -> list[Any]:
    active = {True: "yes", False: "no", None: None}[band.active]
    return [label, number, _kind(band), band.frequency_hz, band.gain_db, band.q, active]


def _kind(band: BandInsight) -> str:
    return band.kind.replace("_", " ")


def _band_table(found: Mapping[str, Sequence[_Set]]) -> pd.DataFrame:
    names = ["system", "song", "part", "band", "type", "frequency_hz", "gain_db", "q", "active"]
    rows = [
        [name, one.song, one.part, *_band_row("", number, band)[1:]]
        for name, mine in found.items()
        for one in mine
        for number, band in _numbered(one)
    ]
    return pd.DataFrame(rows, columns=names)


def _curve_table(found: Mapping[str, Sequence[_Set]]) -> pd.DataFrame:
    rows = []
    for name, mine in found.items():
        mean, spread = middle(table_of({one.label: one.record.gains_db for one in mine}))
        rows += [
            [name, hertz, mean[at], spread[at], len(mine)] for at, hertz in enumerate(CURVE_HZ)
        ]
    columns = ["system", "frequency_hz", "mean_db", "sd_db", "songs"]
    return pd.DataFrame(rows, columns=columns)
