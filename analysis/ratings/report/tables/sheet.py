"""A table and how its values are shown: the same on the page, in CSV and in LaTeX."""

from dataclasses import dataclass
from typing import Any

from ....presentation.numbers import NONE, fixed, p_text


@dataclass(frozen=True)
class SheetColumn:
    """A column's title and kind: ``text``, ``count``, ``points``, ``number``, ``share``, ``df``,
    ``p``, ``yes`` (True or False)."""

    title: str
    kind: str = "text"


@dataclass(frozen=True)
class Sheet:
    """A table with a name for its file and a caption for its reader.

    ``paper`` are the titles of the columns that a paper prints; all where none is named.
    """

    name: str
    caption: str
    columns: tuple[SheetColumn, ...]
    rows: tuple[tuple[Any, ...], ...]
    paper: tuple[str, ...] = ()


def shown(value: Any, kind: str) -> str:
    """A value as a reader sees it; a dash where there is none."""
    if value is None:
        return NONE
    if kind == "yes":
        return "yes" if value else "no"
    if kind == "p":
        return p_text(float(value))
    if kind == "text" or isinstance(value, str):
        return str(value)
    if kind == "count":
        return f"{value:d}"
    if kind == "df":
        return f"{value:.0f}" if float(value).is_integer() else f"{value:.2f}"
    decimals = {"points": 2, "number": 3, "share": 3}[kind]
    if abs(value) < 1e6:
        return fixed(value, decimals)
    return f"{value:.3g}".replace("-", "−")


PAIR = (SheetColumn("Group 1"), SheetColumn("Group 2"))


def columns_of(*entries: str) -> tuple[SheetColumn, ...]:
    """``title/kind`` entries as columns."""
    return tuple(SheetColumn(*entry.split("/")) for entry in entries)
