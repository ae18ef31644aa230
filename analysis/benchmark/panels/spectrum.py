"""The report's panel on average spectra: input, target and output, and what each system changed."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ....evaluation.insights.band_levels import BANDS_HZ
from ...presentation.looks import INK, Look
from ...presentation.numbers import decibels
from ..result.document import Result
from ..result.insight_records import rendered
from ..result.tables import records
from .curves import (
    Line,
    Points,
    curves,
    evenly,
    frequency_axes,
    middle,
    shifted,
    spoken_hertz,
    table_of,
)
from .parts import ALL, Drawing, Group, Panel, counted
from .registry import Context, Section, Table, section

_NOTE = (
    "Level of each sixth of an octave, mean of the channels over the excerpt, 0 dB being a sine of "
    "full scale; as delivered, not matched in loudness. The mix is what systems were given, the "
    "target the reference master. The shade is the mean over songs plus and minus one standard "
    "deviation."
)
_LEVELS = frequency_axes(BANDS_HZ, "level (dB)")
_CHANGE = frequency_axes(BANDS_HZ, "output less input (dB)")
_INPUT, _TARGET = "input (mix)", "target (reference)"
_Spectra = Mapping[str, Points]


@section(order=51)
def spectra(context: Context) -> Section | None:
    """Average spectra of the mixes, the references and every system."""
    result = context.result
    inputs, targets = _of(result, "mix_key"), _targets(result)
    outputs: dict[str, dict[str, Points]] = {}
    references = {row["system"] for row in records(result.systems) if row["role"] == "reference"}
    for row, record in rendered(result.insights, result.renders):
        if row["system"] not in references:
            outputs.setdefault(row["system"], {})[row["song"]] = record["spectrum_db"]
    outputs = {name: outputs[name] for name in result.system_names if name in outputs}
    choices: dict[str, Sequence[Group]] = {}
    if len(outputs) > 1:
        choices[ALL] = [Group("", [_overview(inputs, targets, outputs, result.looks)])]
    for name, mine in outputs.items():
        drawings = [_levels(name, inputs, targets, mine, result.looks[name])]
        if set(mine) & set(inputs):
            drawings.append(_changes(name, inputs, mine, result.looks[name]))
        choices[name] = [Group("", drawings)]
    tables = {"spectra": _table(inputs, targets, outputs)}
    title = "How do the spectra compare?"
    return Panel("spectra", title, _NOTE, choices, tables).section()


def _of(result: Result, column: str) -> dict[str, Points]:
    found = result.insights.renders
    return {
        row["song"]: found[row[column]]["spectrum_db"]
        for row in records(result.songs)
        if row[column] in found
    }


def _targets(result: Result) -> dict[str, Points]:
    found = result.insights.renders
    return {
        song: found[key]["spectrum_db"] for song, key in result.references.items() if key in found
    }


def _levels(name: str, inputs: _Spectra, targets: _Spectra, mine: _Spectra, look: Look) -> Drawing:
    means = _means({_INPUT: inputs, _TARGET: targets, name: mine})
    lines = [_line(label, mean, look) for label, mean in means.items()]
    mean, spread = middle(table_of(mine))
    bounds = (shifted(mean, spread, -1), shifted(mean, spread, 1)) if len(mine) > 1 else None
    return Drawing(
        f"{name}: {_said(mine, targets)}", curves(lines, _LEVELS, bounds), _mean_table(means)
    )


def _said(mine: _Spectra, targets: _Spectra) -> str:
    both = [song for song in mine if song in targets]
    if not both:
        return f"average spectrum of {counted(len(mine), len(mine))}"
    differences = {song: shifted(mine[song], targets[song], -1) for song in both}
    mean = middle(table_of(differences))[0]
    # Below and above there is next to nothing in most music.
    heard = [
        (abs(d), d, band)
        for d, band in zip(mean, BANDS_HZ, strict=True)
        if d is not None and 40 <= band <= 16_000
    ]
    if not heard:
        return f"average spectrum of {counted(len(mine), len(mine))}"
    most, difference, band = max(heard)
    if most < 0.05:
        return "the target's average spectrum"
    words = decibels(difference)
    return f"farthest from the target at {spoken_hertz(band)}, {words} on average"


def _changes(name: str, inputs: _Spectra, mine: _Spectra, look: Look) -> Drawing:
    every = {song: shifted(mine[song], inputs[song], -1) for song in mine if song in inputs}
    mean, spread = middle(table_of(every))
    shown = evenly(list(every))
    lines = [Line(song, every[song], look.colour, thin=True) for song in shown]
    lines.append(Line(f"mean of {name}", mean, look.colour))
    bounds = (shifted(mean, spread, -1), shifted(mean, spread, 1)) if len(every) > 1 else None
    header = ["band (Hz)", "mean (dB)", "SD (dB)", *(f"{song} (dB)" for song in shown)]
    rows = [
        [f"{band:.4g}", mean[at], spread[at], *(every[song][at] for song in shown)]
        for at, band in enumerate(BANDS_HZ)
    ]
    title = f"{name}: what came out less what went in ({counted(len(shown), len(every))})"
    table = Table(header, rows, (None, *[2] * (len(header) - 1)))
    return Drawing(title, curves(lines, _CHANGE, bounds), table)


def _overview(
    inputs: _Spectra,
    targets: _Spectra,
    outputs: Mapping[str, _Spectra],
    looks: Mapping[str, Look],
) -> Drawing:
    means = _means({_INPUT: inputs, _TARGET: targets, **outputs})
    lines = [_line(name, mean, looks.get(name)) for name, mean in means.items()]
    songs = max(len(one) for one in outputs.values())
    title = f"Mean spectrum of mix, target and {len(outputs)} systems over {counted(songs, songs)}"
    return Drawing(title, curves(lines, _LEVELS), _mean_table(means))


def _means(found: Mapping[str, _Spectra]) -> dict[str, Points]:
    return {name: middle(table_of(one))[0] for name, one in found.items() if one}


def _line(name: str, mean: Points, look: Look | None) -> Line:
    if name == _INPUT:
        return Line(name, mean, "muted", "dot")
    if name == _TARGET or look is None:
        return Line(name, mean, INK)
    return Line(name, mean, look.colour, look.dash)


def _mean_table(means: Mapping[str, Points]) -> Table:
    header = ["band (Hz)", *(f"{name} (dB)" for name in means)]
    rows = [[f"{band:.4g}", *(m[at] for m in means.values())] for at, band in enumerate(BANDS_HZ)]
    return Table(header, rows, (None, *[1] * len(means)))


def _table(inputs: _Spectra, targets: _Spectra, outputs: Mapping[str, _Spectra]) -> pd.DataFrame:
    rows: list[list[Any]] = []
    for name, spectra in {_INPUT: inputs, _TARGET: targets, **outputs}.items():
        for song, levels in spectra.items():
            rows += [[name, song, round(b, 3), v] for b, v in zip(BANDS_HZ, levels, strict=True)]
    return pd.DataFrame(rows, columns=["system", "song", "band_hz", "level_db"])
