"""What a file is before anybody knows its layout: a table, an XML tree, or a JSON value."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

Row = tuple[int, list[str]]


@dataclass(frozen=True)
class TextTable:
    """Rows of text with their lines in the file; the first is the header, where there is one.

    ``sheet`` is the name of an Excel sheet. ``notes`` tell what was done to get the rows.
    """

    place: str
    rows: tuple[Row, ...]
    delimiter: str = ""
    sheet: str = ""
    notes: tuple[str, ...] = ()

    @property
    def header(self) -> list[str]:
        """The cells of the first row; empty where there is none."""
        return self.rows[0][1] if self.rows else []

    @property
    def line(self) -> int:
        """The line of the header."""
        return self.rows[0][0] if self.rows else 1

    @property
    def body(self) -> tuple[Row, ...]:
        """The rows below the header."""
        return self.rows[1:]

    @cached_property
    def columns(self) -> list[list[str]]:
        """The cells below the header by column; rows of another width than the header are left."""
        width = len(self.header)
        whole = [row for _, row in self.body if len(row) == width]
        return [list(column) for column in zip(*whole, strict=True)] or [[] for _ in self.header]


@dataclass(frozen=True)
class Element:
    """An element of an XML file and the line on which it starts."""

    tag: str
    attributes: Mapping[str, str]
    line: int
    children: list["Element"] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The text directly inside, without blanks at its ends."""
        return "".join(self.texts).strip()

    def get(self, name: str, default: str = "") -> str:
        """An attribute."""
        return self.attributes.get(name, default)

    def all(self, tag: str) -> list["Element"]:
        """The children with this tag."""
        return [child for child in self.children if child.tag == tag]

    def every(self, tag: str) -> Iterator["Element"]:
        """The descendants with this tag."""
        for child in self.children:
            if child.tag == tag:
                yield child
            yield from child.every(tag)


@dataclass(frozen=True)
class Tree:
    """An XML file."""

    place: str
    root: Element


@dataclass(frozen=True)
class Json:
    """A JSON file: a list, an object, or the records of JSON lines."""

    place: str
    value: Any


Document = TextTable | Tree | Json
