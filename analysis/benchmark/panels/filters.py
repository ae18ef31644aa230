"""The report's panel on learned filters: the front end of each network, by centre frequency."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ....models.inspection.filter_bank import FLOOR_DB
from ...presentation.figures import Figure
from ...presentation.numbers import hertz_text
from ..result.contract import FiltersInsight
from ..result.insight_records import system_insights
from .curves import heat_map, spoken_hertz
from .figures import colour_scale
from .parts import Drawing, Group, Panel
from .registry import Context, Section, Table, section

_NOTE = (
    "The first layer of a network that begins with a bank of filters, as the checkpoint holds it: "
    "one row a filter, by rising frequency of its largest gain. A diagonal is a filter bank; rows "
    "that look like noise have learned nothing. 0 dB is the largest gain of all filters. Z is "
    "what the network works on: how strongly each filter answers a frame, smoothed and pooled."
)
_TICKS_HZ = (63, 125, 250, 500, 1000, 2000, 4000, 8000, 16000)


@section(order=56)
def filters(context: Context) -> Section | None:
    """Responses of the learned filters of every network that has them."""
    found = {
        one.system: one.filters
        for one in system_insights(context.result.insights)
        if one.filters is not None
    }
    choices: dict[str, Sequence[Group]] = {
        name: [Group("", _drawings(name, bank))] for name, bank in found.items()
    }
    title = "What did the filters learn?"
    return Panel("filters", title, _NOTE, choices, {"filters": _table(found)}).section()


def _drawings(name: str, bank: FiltersInsight) -> list[Drawing]:
    first = _drawing(name, bank)
    return [first, _envelopes(name, bank)] if bank.z_db else [first]


def _drawing(name: str, bank: FiltersInsight) -> Drawing:
    centres = bank.centres_hz
    shown, count = len(centres), bank.count
    words = f"{count} filters" if shown == count else f"{count} filters, {shown} of them shown"
    half = spoken_hertz(centres[shown // 2])
    title = f"{name}: {words}; half of them are centred below {half}"
    header = ["filter", "centre (Hz)", "bandwidth at −3 dB (Hz)", "largest gain (dB)"]
    return Drawing(title, _figure(bank), Table(header, _rows(bank), (None, 1, 1, 1)))


def _rows(bank: FiltersInsight) -> list[list[Any]]:
    found = zip(bank.centres_hz, bank.bandwidths_hz, bank.peak_db, strict=True)
    return [[str(at), *row] for at, row in enumerate(found, 1)]


def _envelopes(name: str, bank: FiltersInsight) -> Drawing:
    """Z of the probe's loudest frame: time from left to right, filters as in the figure above."""
    places = len(bank.z_db[0])
    shares = [f"{100 * (at + 0.5) / places:.1f} %" for at in range(places)]
    rows = [[hertz, *row] for hertz, row in zip(bank.centres_hz, bank.z_db, strict=True)]
    header = ["centre (Hz)", *(f"{share} (dB)" for share in shares)]
    layout = _layout(len(rows), "place in the frame (%)")
    layout["xaxis"] |= {
        "tickvals": [places * share / 100 - 0.5 for share in range(0, 101, 25)],
        "ticktext": [str(share) for share in range(0, 101, 25)],
    }
    # Z is never below the softplus of its layer's bias: its own range, not that of responses.
    least = min(min(row) for row in bank.z_db)
    trace = _trace(bank, bank.z_db, shares, "Z (dB)") | {"zmin": least}
    figure = {"data": [trace], "layout": layout}
    title = f"{name}: Z, the filters' answers to one frame of the SIMULATED probe, over time"
    return Drawing(title, figure, Table(header, rows, (1, *[1] * places)))


def _figure(bank: FiltersInsight) -> Figure:
    hertz = bank.hertz
    trace = _trace(bank, bank.responses_db, [f"{one:.0f} Hz" for one in hertz], "gain (dB)")
    # Frequencies rise evenly on a logarithmic axis, so their columns are even too.
    ticks = [tick for tick in _TICKS_HZ if hertz[0] <= tick <= hertz[-1]]
    layout = _layout(len(bank.centres_hz), "frequency (Hz)")
    layout["xaxis"] |= {
        "tickvals": [_place(hertz, tick) for tick in ticks],
        "ticktext": [hertz_text(tick) for tick in ticks],
    }
    return {"data": [trace], "layout": layout}


def _trace(
    bank: FiltersInsight, rows: Sequence[Sequence[float]], columns: Sequence[str], words: str
) -> dict[str, Any]:
    names = [f"filter {at}, {spoken_hertz(one)}" for at, one in enumerate(bank.centres_hz, 1)]
    trace = heat_map(rows, columns, names, words)
    del trace["text"]
    return trace | {
        "y": list(range(1, len(names) + 1)),
        "customdata": [[one] * len(columns) for one in range(1, len(names) + 1)],
        "hovertemplate": "filter %{customdata}: %{z:.1f} dB<extra></extra>",
        "zmin": FLOOR_DB,
        "zmax": 0,
        "colorscale": colour_scale(),
    }


def _layout(filters: int, across: str) -> dict[str, Any]:
    still = {"fixedrange": True, "automargin": True, "showgrid": False}
    return {
        "height": max(240, min(620, 120 + 5 * filters)),
        "margin": {"l": 8, "r": 16, "t": 8, "b": 48},
        "xaxis": {"title": {"text": across}, **still, "zeroline": False},
        "yaxis": {"title": {"text": "filter, by centre frequency"}, **still, "zeroline": False},
    }


def _place(hertz: Sequence[float], tick: float) -> float:
    """The column of a frequency, between those that are there."""
    above = next(at for at, one in enumerate(hertz) if one >= tick)
    if above == 0:
        return 0.0
    low, high = hertz[above - 1], hertz[above]
    return round(above - 1 + (tick - low) / (high - low), 3)


def _table(found: Mapping[str, FiltersInsight]) -> pd.DataFrame:
    rows = [[name, int(row[0]), *row[1:]] for name, bank in found.items() for row in _rows(bank)]
    columns = ["system", "filter", "centre_hz", "bandwidth_hz", "largest_gain_db"]
    return pd.DataFrame(rows, columns=columns)
