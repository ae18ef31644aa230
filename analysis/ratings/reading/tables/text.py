"""Delimited text: its encoding, its delimiter, its rows with the lines they start on."""

import csv
import io
import re
from collections.abc import Iterator

from .....models.errors import UserError
from .documents import TextTable

csv.field_size_limit(10_000_000)
_LINES, _MOST = 20, 0.8


def table(data: bytes, place: str) -> TextTable:
    """The rows of a delimited text, as text; lines are counted from 1.

    Raises:
        UserError: one line, for another encoding, stray quotes, or bytes that are no text.
    """
    text = decoded(data, place)
    delimiter = delimiter_of(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    # Names come again and again: one object each keeps a million rows small.
    seen: dict[str, str] = {}
    rows = [
        (line, [seen.setdefault(cell, cell) for cell in row]) for line, row in _rows(reader, place)
    ]
    return TextTable(place, tuple(rows), delimiter)


def decoded(data: bytes, place: str) -> str:
    """Text in UTF-8 or UTF-16, with or without a byte order mark."""
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise UserError(
            f"{place}:{line}: byte {data[error.start]:#04x} is not UTF-8; save the file as UTF-8"
        ) from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise UserError(f"{place}:{line}: holds a zero byte; this is not a text file of ratings")
    return text


def delimiter_of(text: str) -> str:
    """The comma, semicolon or tab that parts the cells.

    Most lines hold it equally often, as they do not hold decimal commas or those of a title; of
    several, it is the one that the first line holds most often.
    """
    lines = [re.sub(r'"[^"]*"', "", line) for line in text.lstrip("\r\n")[:20_000].split("\n")]
    lines = [line for line in lines[:-1] or lines if line.strip()][:_LINES]

    def parting(mark: str) -> tuple[bool, int, int]:
        counts = [line.count(mark) for line in lines]
        often = max(filter(None, counts), key=counts.count, default=0)
        agree = counts.count(often) if often else 0
        return agree >= _MOST * len(lines) > 0, counts[0] if counts else 0, agree

    return max((",", ";", "\t"), key=parting)


def _rows(reader: Iterator[list[str]], place: str) -> Iterator[tuple[int, list[str]]]:
    """The line on which each row starts, and the row; empty lines are passed over."""
    before = 0
    try:
        for row in reader:
            line, before = before + 1, reader.line_num  # type: ignore[attr-defined]
            if any(cell.strip() for cell in row):
                yield line, row
    except csv.Error as error:
        raise UserError(f"{place}:{before + 1}: {error}; mend the quotes of this row") from None
