"""A table and how its values are shown: the same on the page, in CSV and in LaTeX."""

from dataclasses import dataclass
from typing import Any

NONE = "–"


@dataclass(frozen=True)
class Column:
    """A column's title and kind: ``text``, ``count``, ``points``, ``number``, ``share``, ``df``,
    ``p``, ``yes`` (True or False)."""

    title: str
    kind: str = "text"


@dataclass(frozen=True)
class Sheet:
    """A table with a name for its file and a caption for its reader."""

    name: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]


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
    text = f"{value:.{decimals}f}" if abs(value) < 1e6 else f"{value:.3g}"
    return text.replace("-", "−") if float(text) else text.lstrip("-")


def p_text(p: float) -> str:
    """A p-value with two significant digits, never as zero."""
    if p < 1e-16:
        return "<1e-16"
    if p < 0.001:
        return f"{p:.1e}"
    return f"{p:.3f}"


def p_equals(p: float) -> str:
    """``p = .012`` or ``p < 1e-16``, for running text."""
    text = p_text(p)
    return f"p < {text[1:]}" if text.startswith("<") else f"p = {text}"


PAIR = (Column("Group 1"), Column("Group 2"))


def columns_of(*entries: str) -> tuple[Column, ...]:
    """``title/kind`` entries as columns."""
    return tuple(Column(*entry.split("/")) for entry in entries)
