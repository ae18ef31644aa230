"""The CSV files of listen-and-rate, one for each session: ratings, or choices between two."""

from dataclasses import replace

from ..tables.documents import TextTable
from ..tables.roles import RatingsColumn, declared_column
from . import votes
from .assemble import Draft, assembled, declared
from .contract import Hints, ToolScale, Unfolded

_NEEDED = frozenset({"tool_version", "session_id", "test_type", "item"})
_SCALES = {"mos": ToolScale(1, 5, "listen-and-rate, MOS"), "mushra": ToolScale(0, 100, "MUSHRA")}


def read(table: TextTable, told: Hints) -> Unfolded | None:
    """The ratings of a session; None for other tables."""
    header = table.header
    if not set(header) >= _NEEDED or not table.body:
        return None
    kind = table.columns[header.index("test_type")][:1]
    name = f"listen-and-rate, {kind[0] if kind else ''}"
    if {"system_a", "system_b", "winner"} <= set(header):
        found = votes.read(table, told)
        return replace(found, layout=name, unknown=()) if found else None
    if not {"system", "rating"} <= set(header):
        return None
    columns: dict[str, int] = {
        RatingsColumn.LISTENER: header.index("session_id"),
        RatingsColumn.PASSAGE: header.index("item"),
        RatingsColumn.SYSTEM: header.index("system"),
        RatingsColumn.VALUE: header.index("rating"),
    }
    if "metrics_response_time" in header:
        columns[RatingsColumn.SECONDS] = header.index("metrics_response_time")
    for role, title in declared(told).items():
        columns[role] = declared_column(header, title, role, table.place)
    scale = _SCALES.get(kind[0]) if kind else None
    return assembled(table, Draft(name, columns, scale=scale, tool=True), told)
