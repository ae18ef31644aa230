"""The report's panel on learned filters: the front end of each network, by centre frequency."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ..models.filter_bank import FLOOR_DB
from .curve_figures import heat_map, spoken_hertz
from .figures import Figure, colour_scale, hertz_text
from .insight_parts import Drawing, Group, Panel
from .sections import Context, Section, Table, section

_NOTE = (
    "The first layer of a network that begins with a bank of filters, as the checkpoint holds it: "
    "one row a filter, by rising frequency of its largest gain. A diagonal is a filter bank; rows "
    "that look like noise have learned nothing. 0 dB is the largest gain of all filters."
)
_TICKS_HZ = (63, 125, 250, 500, 1000, 2000, 4000, 8000, 16000)


@section(order=56)
def filters(context: Context) -> Section | None:
    """Responses of the learned filters of every network that has them."""
    found = {
        name: record["filters"]
        for name, record in context.result.insights.systems.items()
        if record.get("filters")
    }
    choices: dict[str, Sequence[Group]] = {
        name: [Group("", [_drawing(name, bank)])] for name, bank in found.items()
    }
    title = "What did the filters learn?"
    return Panel("filters", title, _NOTE, choices, {"filters": _table(found)}).section()


def _drawing(name: str, bank: Mapping[str, Any]) -> Drawing:
    centres = bank["centres_hz"]
    shown, count = len(centres), bank["count"]
    words = f"{count} filters" if shown == count else f"{count} filters, {shown} of them shown"
    half = spoken_hertz(centres[shown // 2])
    title = f"{name}: {words}; half of them are centred below {half}"
    header = ["filter", "centre (Hz)", "bandwidth at −3 dB (Hz)", "largest gain (dB)"]
    return Drawing(title, _figure(bank), Table(header, _rows(bank), (None, 1, 1, 1)))


def _rows(bank: Mapping[str, Any]) -> list[list[Any]]:
    found = zip(bank["centres_hz"], bank["bandwidths_hz"], bank["peak_db"], strict=True)
    return [[str(at), *row] for at, row in enumerate(found, 1)]


def _figure(bank: Mapping[str, Any]) -> Figure:
    hertz = bank["hertz"]
    names = [f"filter {at}, {spoken_hertz(one)}" for at, one in enumerate(bank["centres_hz"], 1)]
    trace = heat_map(bank["responses_db"], [f"{one:.0f} Hz" for one in hertz], names, "gain (dB)")
    del trace["text"]
    # Frequencies rise evenly on a logarithmic axis, so their columns are even too.
    trace |= {
        "customdata": [[one] * len(hertz) for one in range(1, len(names) + 1)],
        "hovertemplate": "filter %{customdata}: %{z:.1f} dB<extra></extra>",
        "zmin": FLOOR_DB,
        "zmax": 0,
        "colorscale": colour_scale(),
    }
    ticks = [tick for tick in _TICKS_HZ if hertz[0] <= tick <= hertz[-1]]
    layout = {
        "height": max(240, min(620, 120 + 5 * len(names))),
        "margin": {"l": 8, "r": 16, "t": 8, "b": 48},
        "xaxis": {
            "title": {"text": "frequency (Hz)"},
            "tickvals": [_place(hertz, tick) for tick in ticks],
            "ticktext": [hertz_text(tick) for tick in ticks],
            "fixedrange": True,
            "automargin": True,
            "showgrid": False,
        },
        "yaxis": {
            "title": {"text": "filter, by centre frequency"},
            "fixedrange": True,
            "automargin": True,
            "showgrid": False,
            "zeroline": False,
        },
    }
    return {"data": [trace], "layout": layout}


def _place(hertz: Sequence[float], tick: float) -> float:
    """The column of a frequency, between those that are there."""
    above = next(at for at, one in enumerate(hertz) if one >= tick)
    if above == 0:
        return 0.0
    low, high = hertz[above - 1], hertz[above]
    return round(above - 1 + (tick - low) / (high - low), 3)


def _table(found: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    rows = [[name, int(row[0]), *row[1:]] for name, bank in found.items() for row in _rows(bank)]
    columns = ["system", "filter", "centre_hz", "bandwidth_hz", "largest_gain_db"]
    return pd.DataFrame(rows, columns=columns)
