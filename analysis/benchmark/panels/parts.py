"""Panels of figures for one system at a time: what a section holds, and what is loaded later.

A panel has choices (a system each, and one of all systems together); the part of a choice is a
script of its own, loaded when it is asked for. A part has groups (songs, or one without a name),
and a group has figures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from ...presentation.figures import Figure
from .registry import Section, Table, render

ALL = "All systems"


@dataclass(frozen=True)
class Drawing:
    """A figure under its title, with the table folded beneath; a table alone where it is None."""

    title: str
    figure: Figure | None
    table: Table


@dataclass(frozen=True)
class Group:
    """What is shown at once; ``links`` are (words, address in the report)."""

    label: str
    drawings: Sequence[Drawing]
    links: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Panel:
    """A section of the report: its groups by choice; the first choice is shown first.

    ``asked`` is what choices and groups are.
    """

    id: str
    title: str
    note: str
    choices: Mapping[str, Sequence[Group]]
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    asked: tuple[str, str] = ("System", "Song")

    def section(self) -> Section | None:
        """The section, or None where no choice has anything to show."""
        if not self.choices:
            return None
        parts = {
            f"{self.id}-{at}": _json(groups) for at, groups in enumerate(self.choices.values())
        }
        html = render(
            "sections/insight.html",
            id=self.id,
            note=self.note,
            choices=list(zip(parts, self.choices, strict=True)),
            tables=list(self.tables),
            asked=self.asked,
        )
        return Section(self.id, self.title, html, tables=self.tables, parts=parts, files=self.files)


def counted(shown: int, of: int, what: str = "songs") -> str:
    """How many there are, and how many of them are drawn where that is fewer."""
    word = what if of != 1 else what.removesuffix("s")
    return f"{of} {word}" if shown == of else f"{of} {word}, {shown} of them drawn"


def _json(groups: Sequence[Group]) -> list[dict[str, Any]]:
    return [
        {
            "label": group.label,
            "links": [list(link) for link in group.links],
            "drawings": [
                {"title": one.title, "figure": one.figure, "table": one.table.as_json()}
                for one in group.drawings
            ],
        }
        for group in groups
    ]
