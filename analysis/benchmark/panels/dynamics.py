"""The report's panel on compressors and limiters: static curves and settings per song."""

from collections.abc import Mapping, Sequence

import pandas as pd

from ....models.effects.curves import LEVELS_DBFS
from ...presentation.looks import Look
from ..result.contract import DynamicsInsight
from ..result.insight_records import Found, found_of
from .curves import Axes, Line, curves, evenly, middle, shifted, table_of
from .parts import ALL, Drawing, Group, Panel, counted
from .registry import Context, Section, Table, section

_NOTE = (
    "The peak level that comes out for a steady tone: drive, compressor with its make-up, "
    "saturation and limiter, without the equaliser. The dotted line leaves the level as it is. "
    "Attack and release do not show in it; they stand in the table."
)
_AXES = Axes(LEVELS_DBFS, "level in (dBFS)", "level out (dBFS)", "dBFS", diagonal=True)
# Name in a record -> heading, in the order of the signal's way.
_SETTINGS = {
    "drive_db": "drive (dB)",
    "threshold_db": "threshold (dBFS)",
    "ratio": "ratio",
    "knee_db": "knee (dB)",
    "attack_ms": "attack (ms)",
    "release_ms": "release (ms)",
    "makeup_db": "make-up (dB)",
    "saturation_drive": "saturation drive",
    "saturation_wet": "saturated share",
    "ceiling_dbtp": "ceiling (dBTP)",
}
_Set = Found[DynamicsInsight]


@section(order=53)
def dynamics(context: Context) -> Section | None:
    """Static curves and settings of every system that has a compressor or limiter."""
    result = context.result
    found = found_of(
        *(result.insights, result.renders, result.system_names),
        "dynamics",
        DynamicsInsight.model_validate,
    )
    choices: dict[str, Sequence[Group]] = {}
    single = {
        name: mine
        for name, mine in found.items()
        if not any(one.part.startswith("band") for one in mine)
    }
    if len(single) > 1:
        choices[ALL] = [Group("", [_overview(single, result.looks)])]
    for name, mine in found.items():
        drawings = [_curves(name, mine, result.looks[name]), _settings(name, mine)]
        choices[name] = [Group("", drawings)]
    title = "What did the compressors and limiters do?"
    return Panel("dynamics", title, _NOTE, choices, {"dynamics": _table(found)}).section()


def _curves(name: str, mine: Sequence[_Set], look: Look) -> Drawing:
    every = {one.label: one.record.out_dbfs for one in mine}
    mean, spread = middle(table_of(every))
    shown = evenly(list(every))
    lines = [Line(label, every[label], look.colour, thin=True) for label in shown]
    one_chain = not any(one.part.startswith("band") for one in mine)
    bounds = None
    if one_chain:
        # The bands of a multiband compressor have nothing in common to average.
        lines.append(Line(f"mean of {name}", mean, look.colour))
        bounds = (shifted(mean, spread, -1), shifted(mean, spread, 1)) if len(every) > 1 else None
    header = ["level in (dBFS)", "mean (dBFS)", "SD (dB)", *(f"{label} (dBFS)" for label in shown)]
    rows = [
        [f"{level:.0f}", mean[at], spread[at], *(every[label][at] for label in shown)]
        for at, level in enumerate(LEVELS_DBFS)
    ]
    said = _said(mean) if one_chain else "each band of each song"
    count = counted(len(shown), len(every), "songs" if one_chain else "curves")
    title = f"{name}: {said} ({count})"
    table = Table(header, rows, (None, *[2] * (len(header) - 1)))
    return Drawing(title, curves(lines, _AXES, bounds), table)


def _said(mean: Sequence[float | None]) -> str:
    low, high = (mean[LEVELS_DBFS.index(level)] for level in (-40.0, 0.0))
    if low is None or high is None:
        return "the static curves"
    words = f"40 dB of range at the input are {high - low:.1f} dB at the output"
    return words if abs(high - low - 40.0) >= 0.05 else "the range of levels is left as it is"


def _settings(name: str, mine: Sequence[_Set]) -> Drawing:
    used = [key for key in _SETTINGS if any(key in one.record.settings for one in mine)]
    rows = [[one.label, *(one.record.settings.get(key) for key in used)] for one in mine]
    header = ["song", *(_SETTINGS[key] for key in used)]
    return Drawing(f"{name}: settings by song", None, Table(header, rows, (None, *[2] * len(used))))


def _overview(found: Mapping[str, Sequence[_Set]], looks: Mapping[str, Look]) -> Drawing:
    means = {
        name: middle(table_of({one.label: one.record.out_dbfs for one in mine}))[0]
        for name, mine in found.items()
    }
    lines = [Line(name, mean, looks[name].colour, looks[name].dash) for name, mean in means.items()]
    header = ["level in (dBFS)", *(f"{name} (dBFS)" for name in means)]
    rows = [[f"{x:.0f}", *(m[at] for m in means.values())] for at, x in enumerate(LEVELS_DBFS)]
    title = f"The mean static curve of each of {len(means)} systems over its songs"
    table = Table(header, rows, (None, *[2] * len(means)))
    return Drawing(title, curves(lines, _AXES), table)


def _table(found: Mapping[str, Sequence[_Set]]) -> pd.DataFrame:
    rows = [
        [name, one.song, one.part, *(one.record.settings.get(key) for key in _SETTINGS)]
        for name, mine in found.items()
        for one in mine
    ]
    return pd.DataFrame(rows, columns=["system", "song", "part", *_SETTINGS])
