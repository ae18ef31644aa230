"""The report's panel on mixing consoles: gain and pan per stem, and the settings to edit."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..models.console import FORMAT
from .curve_figures import looks_of
from .figures import Figure, Floats, Rows, distribution, escaped
from .folder import folder_name
from .identity import COLOURS
from .insight_parts import Drawing, Group, Panel
from .insight_records import Found, found_of, rendered
from .result import Result
from .sections import Context, Section, Table, section

_NOTE = (
    "Where a mixing system put each stem: gain in dB, pan from left (−1) to right (1) by the "
    "constant-power law. The settings of a song are a file: change it, and kind console renders "
    "the song by it."
)
_EVERY = "Every song"
# Stems of more names than this are no rows of a figure any more.
_MOST_NAMES = 24
_STRIP = (
    ("gain (dB)", lambda s: s.get("gain_db", 0.0)),
    ("pan", lambda s: s.get("pan", 0.0)),
    ("polarity", lambda s: "inverted" if s.get("inverted") else "as it is"),
    ("equaliser", lambda s: _bands(s.get("eq") or ())),
    ("compressor", lambda s: _compressor(s.get("compressor"))),
    ("reverb", lambda s: _reverb(s.get("reverb"))),
)


@section(order=54)
def consoles(context: Context) -> Section | None:
    """Gains, pans and strips of every system that mixes stems by a console."""
    result = context.result
    found = found_of(result.insights, result.renders, "strips")
    editable = _editable(result)
    choices: dict[str, Sequence[Group]] = {}
    files: dict[str, str] = {}
    for name, mine in found.items():
        songs = _by_song(mine)
        groups = [Group(_EVERY, drawings)] if (drawings := _every(name, songs)) else []
        for song, strips in songs.items():
            links = []
            if (name, song) in editable:
                address = f"settings/{folder_name(name)}/{folder_name(song)}.json"
                content = {"format": FORMAT, "stems": strips}
                files[address] = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
                links = [("Settings of this song, to edit and render again", address)]
            groups.append(Group(song, [_song(song, strips)], links))
        choices[name] = groups
    tables = {"consoles": _table(found)}
    title = "How did the consoles mix the stems?"
    return Panel("consoles", title, _NOTE, choices, tables, files).section()


def _editable(result: Result) -> set[tuple[str, str]]:
    return {
        (row["system"], row["song"])
        for row, record in rendered(result.insights, result.renders)
        if record.get("editable")
    }


def _by_song(mine: Sequence[Found]) -> dict[str, list[Mapping[str, Any]]]:
    songs: dict[str, list[Mapping[str, Any]]] = {}
    for one in mine:
        songs.setdefault(one.song, []).append(one.record)
    return songs


def _song(song: str, strips: Sequence[Mapping[str, Any]]) -> Drawing:
    loudest = max(strips, key=lambda strip: float(strip.get("gain_db", 0.0)))
    gain = f"{loudest.get('gain_db', 0.0):+.1f} dB".replace("-", "−")
    title = f"{song}: {_name(loudest, strips)} is raised the most, {gain}"
    names = [name for name, _ in _STRIP]
    rows = [[_name(s, strips), *(read(s) for _, read in _STRIP)] for s in strips]
    table = Table(["stem", *names], rows, (None, 2, 3, None, None, None, None))
    return Drawing(title, _field(strips), table)


def _field(strips: Sequence[Mapping[str, Any]]) -> Figure:
    names = [_name(strip, strips) for strip in strips]
    gains = [float(strip.get("gain_db", 0.0)) for strip in strips]
    pans = [float(strip.get("pan", 0.0)) for strip in strips]
    # Neighbours in gain write to opposite sides of their points.
    order = np.argsort(np.argsort(gains, kind="stable"), kind="stable")
    trace = {
        "type": "scatter",
        "mode": "markers+text",
        "x": pans,
        "y": gains,
        "text": [escaped(name) for name in names],
        "textposition": ["top center" if at % 2 else "bottom center" for at in order],
        "cliponaxis": False,
        "hovertemplate": "%{text}<br>pan %{x:.2f}: %{y:.2f} dB<extra></extra>",
        "marker": {
            "size": 12,
            "color": [COLOURS[at % len(COLOURS)] for at in range(len(names))],
            "line": {"color": "ink", "width": 1},
        },
    }
    room = max(3.0, 0.18 * (max(gains) - min(gains)))
    layout = {
        "height": 420,
        "margin": {"l": 8, "r": 24, "t": 16, "b": 48},
        "showlegend": False,
        "hovermode": "closest",
        "xaxis": {
            "title": {"text": "pan (−1 left, 1 right)"},
            "range": [-1.25, 1.25],
            "tickvals": [-1, -0.5, 0, 0.5, 1],
            "ticktext": ["left", "−0.5", "centre", "0.5", "right"],
            "fixedrange": True,
            "automargin": True,
        },
        "yaxis": {
            "title": {"text": "gain (dB)"},
            "range": [min(gains) - room, max(gains) + room],
            "fixedrange": True,
            "automargin": True,
        },
    }
    return {"data": [trace], "layout": layout}


def _every(name: str, songs: Mapping[str, list[Mapping[str, Any]]]) -> list[Drawing]:
    """Gain and pan over songs, where these share the names of their stems."""
    names = list(dict.fromkeys(_name(s, strips) for strips in songs.values() for s in strips))
    if len(songs) < 2 or len(names) > _MOST_NAMES:
        return []
    drawings = []
    for title, key, axis in (("gain", "gain_db", "gain (dB)"), ("pan", "pan", "pan (−1 to 1)")):
        values = {
            stem: np.array([_value(strips, stem, key) for strips in songs.values()])
            for stem in names
        }
        figure = distribution(Rows(names, looks_of(names)), values, list(songs), axis)
        rows = [[stem, int(np.isfinite(one).sum()), *_reach(one)] for stem, one in values.items()]
        table = Table(["stem", "songs", "median", "lowest", "highest"], rows, (None, 0, 2, 2, 2))
        drawings.append(Drawing(f"{name}: {title} of each stem, {len(songs)} songs", figure, table))
    return drawings


def _value(strips: Sequence[Mapping[str, Any]], stem: str, key: str) -> float:
    found = [float(s.get(key, 0.0)) for s in strips if _name(s, strips) == stem]
    return found[0] if found else float("nan")


def _name(strip: Mapping[str, Any], strips: Sequence[Mapping[str, Any]]) -> str:
    at = next(i for i, one in enumerate(strips) if one is strip)
    return str(strip.get("name") or f"stem {at + 1}")


def _bands(bands: Sequence[Mapping[str, Any]]) -> str | None:
    return (
        "; ".join(
            f"{b['kind'].replace('_', ' ')} {b['frequency_hz']:.0f} Hz {b['gain_db']:+.1f} dB "
            f"Q {b['q']:.2g}"
            for b in bands
        ).replace("-", "−")
        or None
    )


def _compressor(given: Mapping[str, float] | None) -> str | None:
    if given is None:
        return None
    return (
        f"{given['threshold_db']:.1f} dBFS, {given['ratio']:.2g}:1, {given['attack_ms']:.3g} and "
        f"{given['release_ms']:.3g} ms, {given['makeup_db']:+.1f} dB"
    ).replace("-", "−")


def _reverb(given: Mapping[str, float] | None) -> str | None:
    if given is None:
        return None
    return f"room {given['room']:.2f}, {given['decay_seconds']:.2g} s, wet {given['wet']:.2f}"


def _reach(values: Floats) -> list[float]:
    """Median, lowest and highest of those that there are."""
    return [round(float(f(values)), 4) for f in (np.nanmedian, np.nanmin, np.nanmax)]


def _table(found: Mapping[str, Sequence[Found]]) -> pd.DataFrame:
    columns = ["system", "song", "stem", "gain_db", "pan", "inverted", "eq", "compressor", "reverb"]
    rows = [
        [name, one.song, one.record.get("name", "")] + [one.record.get(key) for key in columns[3:]]
        for name, mine in found.items()
        for one in mine
    ]
    return pd.DataFrame(rows, columns=columns)
