"""What the renders and networks of a benchmark show, by song and system, for JSON and figures."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import pandas as pd

from ....evaluation.insights.band_levels import BANDS_HZ
from ....evaluation.insights.records import Insights
from ....models.effects.curves import CURVE_HZ, LEVELS_DBFS
from .contract import SystemInsight
from .tables import records

_EMPTY = ("format", "editable")


Record = TypeVar("Record")


@dataclass(frozen=True)
class Found(Generic[Record]):
    """One thing that a system set for a song; ``part`` names a channel or a band, or is empty."""

    song: str
    part: str
    record: Record

    @property
    def label(self) -> str:
        """The song, and the part where there are several."""
        return f"{self.song}, {self.part}" if self.part else self.song


def found_of(
    insights: Insights,
    renders: pd.DataFrame,
    systems: Sequence[str],
    what: str,
    read: Callable[[Mapping[str, Any]], Record],
) -> dict[str, list[Found[Record]]]:
    """``equalisers``, ``dynamics`` or ``strips`` by system, in the order of ``systems``.

    ``read`` makes of each record what is shown of it.
    """
    found: dict[str, list[Found[Record]]] = {name: [] for name in systems}
    for row, record in rendered(insights, renders):
        for one in record.get(what, ()):
            part = str(one.get("part", ""))
            found[row["system"]].append(Found(row["song"], part, read(one)))
    return {name: mine for name, mine in found.items() if mine}


def rendered(
    insights: Insights, renders: pd.DataFrame
) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Each render's row with its record, where it has one."""
    for row in records(renders[["song", "system", "key"]]):
        if row["key"] in insights.renders:
            yield row, insights.renders[row["key"]]


def system_insights(insights: Insights) -> list[SystemInsight]:
    """What each network shows of itself, by name."""
    return [
        SystemInsight.model_validate({"system": name} | _given(record))
        for name, record in insights.systems.items()
    ]


def _given(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in _EMPTY and value}


def insight_records(
    insights: Insights, songs: pd.DataFrame, renders: pd.DataFrame
) -> dict[str, Any]:
    """All of it as plain values, with the axes that its lists are given on."""
    mixes = [
        {"song": row["song"], "spectrum_db": insights.renders[row["mix_key"]]["spectrum_db"]}
        for row in records(songs[["song", "mix_key"]])
        if row["mix_key"] in insights.renders
    ]
    return {
        "bands_hz": [round(band, 3) for band in BANDS_HZ],
        "curve_hz": list(CURVE_HZ),
        "levels_dbfs": list(LEVELS_DBFS),
        "mixes": mixes,
        "renders": [
            {"song": row["song"], "system": row["system"]} | _given(record)
            for row, record in rendered(insights, renders)
        ],
        "systems": [{"system": name} | _given(record) for name, record in insights.systems.items()],
    }
