"""The report's panel on mixing consoles: gain and pan per stem, and the settings to edit."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ....models.effects.console import FORMAT
from ...presentation.figures import Figure, Floats, Rows
from ...presentation.numbers import decibels, fixed
from ...presentation.report_folder import folder_name
from ..result.document import Result
from ..result.insight_records import Found, found_of, rendered
from .curves import looks_of
from .figures import distribution
from .parts import Drawing, Group, Panel
from .registry import Context, Section, Table, section

_NOTE = (
    "Where a mixing system put each stem: gain in dB, pan from left (−1) to right (1) by the "
    "constant-power law. The settings of a song are a file: change it, and kind console renders "
    "the song by it."
)
_EVERY = "Every song"
_AXES = {"gain_db": "gain (dB)", "pan": "pan (−1 left, 1 right)"}
# Nearer to the middle than this is called the centre.
_CENTRE = 0.05
# Stems of more names than this are no rows of a figure any more.
_MOST_NAMES = 24
_STRIP = (
    ("gain (dB)", lambda s: s["gain_db"]),
    ("pan", lambda s: s["pan"]),
    ("polarity", lambda s: "inverted" if s["inverted"] else "as it is"),
    ("equaliser", lambda s: _bands(s["eq"])),
    ("compressor", lambda s: _compressor(s["compressor"])),
    ("reverb", lambda s: _reverb(s["reverb"])),
)


@section(order=54)
def consoles(context: Context) -> Section | None:
    """Gains, pans and strips of every system that mixes stems by a console."""
    result = context.result
    found = found_of(
        *(result.insights, result.renders, result.system_names), "strips", lambda strip: strip
    )
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
            groups.append(Group(song, _song(song, strips), links))
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


def _by_song(mine: Sequence[Found[Mapping[str, Any]]]) -> dict[str, list[Mapping[str, Any]]]:
    songs: dict[str, list[Mapping[str, Any]]] = {}
    for one in mine:
        songs.setdefault(one.song, []).append(one.record)
    return songs


def _song(song: str, strips: Sequence[Mapping[str, Any]]) -> list[Drawing]:
    names = [_name(strip, strips) for strip in strips]
    names = [
        name if names.count(name) == 1 else f"{name} ({at})" for at, name in enumerate(names, 1)
    ]
    top = max(range(len(strips)), key=lambda at: strips[at]["gain_db"])
    gain = decibels(strips[top]["gain_db"])
    stems = dict(zip(names, strips, strict=True))
    rows = [[name, *(read(strip) for _, read in _STRIP)] for name, strip in stems.items()]
    every = Table(["stem", *(n for n, _ in _STRIP)], rows, (None, 2, 3, None, None, None, None))
    pans = Table(
        ["stem", "pan"], [[name, strip["pan"]] for name, strip in stems.items()], (None, 3)
    )

    def drawn(title: str, key: str, table: Table) -> Drawing:
        values = {name: [strip[key]] for name, strip in stems.items()}
        return Drawing(f"{song}: {title}", _figure(values, [song], key), table)

    return [
        drawn(f"{names[top]} has the highest gain, {gain}", "gain_db", every),
        drawn(_sides(strips), "pan", pans),
    ]


def _sides(strips: Sequence[Mapping[str, Any]]) -> str:
    pans = [strip["pan"] for strip in strips]
    left, right = sum(p < -_CENTRE for p in pans), sum(p > _CENTRE for p in pans)
    return f"stems left {left}, right {right}, in the centre {len(pans) - left - right}"


def _figure(values: Mapping[str, Sequence[float]], songs: Sequence[str], key: str) -> Figure:
    rows = Rows(list(values), looks_of(list(values)))
    table = {name: np.array(one, dtype=np.float64) for name, one in values.items()}
    figure = distribution(rows, table, songs, _AXES[key])
    if key == "pan":
        figure["layout"]["xaxis"] |= {
            "range": [-1.08, 1.08],
            "tickvals": [-1, -0.5, 0, 0.5, 1],
            "ticktext": ["left", "−0.5", "centre", "0.5", "right"],
        }
    return figure


def _every(name: str, songs: Mapping[str, list[Mapping[str, Any]]]) -> list[Drawing]:
    """Gain and pan over songs, where these share the names of their stems."""
    names = list(dict.fromkeys(_name(s, strips) for strips in songs.values() for s in strips))
    if len(songs) < 2 or len(names) > _MOST_NAMES:
        return []
    drawings = []
    for key, word in (("gain_db", "gain"), ("pan", "pan")):
        values = {stem: [_value(strips, stem, key) for strips in songs.values()] for stem in names}
        rows = [
            [stem, sum(v == v for v in one), *_reach(np.array(one))] for stem, one in values.items()
        ]
        table = Table(["stem", "songs", "median", "lowest", "highest"], rows, (None, 0, 2, 2, 2))
        title = f"{name}: {word} of each stem, {len(songs)} songs"
        drawings.append(Drawing(title, _figure(values, list(songs), key), table))
    return drawings


def _value(strips: Sequence[Mapping[str, Any]], stem: str, key: str) -> float:
    found = [s[key] for s in strips if _name(s, strips) == stem]
    return found[0] if found else float("nan")


def _name(strip: Mapping[str, Any], strips: Sequence[Mapping[str, Any]]) -> str:
    at = next(i for i, one in enumerate(strips) if one is strip)
    return str(strip.get("name") or f"stem {at + 1}")


def _bands(bands: Sequence[Mapping[str, Any]]) -> str | None:
    return (
        "; ".join(
            f"{b['kind'].replace('_', ' ')} {b['frequency_hz']:.0f} Hz {decibels(b['gain_db'])} "
            f"Q {b['q']:.2g}"
            for b in bands
        )
        or None
    )


def _compressor(given: Mapping[str, float] | None) -> str | None:
    if given is None:
        return None
    return (
        f"{fixed(given['threshold_db'], 1)} dBFS, {given['ratio']:.2g}:1, "
        f"{given['attack_ms']:.3g} and {given['release_ms']:.3g} ms, {decibels(given['makeup_db'])}"
    )


def _reverb(given: Mapping[str, float] | None) -> str | None:
    if given is None:
        return None
    return f"room {given['room']:.2f}, {given['decay_seconds']:.2g} s, wet {given['wet']:.2f}"


def _reach(values: Floats) -> list[float]:
    """Median, lowest and highest of those that there are."""
    return [round(float(f(values)), 4) for f in (np.nanmedian, np.nanmin, np.nanmax)]


def _table(found: Mapping[str, Sequence[Found[Mapping[str, Any]]]]) -> pd.DataFrame:
    columns = ["system", "song", "stem", "gain_db", "pan", "inverted", "eq", "compressor", "reverb"]
    rows = [
        [name, one.song, one.record.get("name", "")] + [one.record.get(key) for key in columns[3:]]
        for name, mine in found.items()
        for one in mine
    ]
    return pd.DataFrame(rows, columns=columns)
