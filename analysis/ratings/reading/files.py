"""Reads ratings files of any tool: comma, semicolon or tab; BOM; decimal commas; ids as text.

Every cell is text until its column says otherwise: "007", "1e5" and "nan" are names of listeners,
not numbers. A rating that is not there (an empty cell, NA, NaN, null, None, -) is counted as
missing; one that cannot be read stops the reading with the file and line.
"""

import csv
import hashlib
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ....listening_test.kinds.for_analysis import COLUMNS
from ....models.errors import UserError
from .headers import RatingsColumn, find_columns
from .rows import RatingRows
from .scales import Scale, declared_scale, few_steps, guessed_scale
from .study_export import Origin, Which, exported, is_exported
from .table import Ratings

FORMATS = ("auto", "earmark", "csv")


@dataclass(frozen=True)
class RatingsFile:
    """A ratings file as read: the ratings and what there is to say of them.

    ``origin`` is what an export of a study says of itself; None for files of other tools.
    """

    name: str
    sha256: str
    format: str
    delimiter: str
    columns: Mapping[str, str]
    rows: int
    missing: int
    duplicates: int
    scales: Mapping[str, Scale]
    ratings: Ratings
    simulated: bool
    warnings: tuple[str, ...] = field(default=())
    origin: Origin | None = None


@dataclass(frozen=True)
class Reading:
    """How to read: the format, columns by role, the scale of every question, which sessions.

    ``format`` ``earmark`` asks for a study's export, ``csv`` for none; ``auto`` tells by the
    header. ``columns`` maps roles (listener, passage, system, value, question, …) to names.
    ``scale`` is the lowest and highest possible rating; by default it is inferred. ``which``
    chooses among the sessions of an export.
    """

    format: str = "auto"
    columns: Mapping[str, str] = field(default_factory=dict)
    scale: tuple[float, float] | None = None
    which: Which = field(default_factory=Which)


def read_ratings(path: Path, how: Reading | None = None) -> RatingsFile:
    """Read ratings from ``path``, a text file with a header and one rating per row.

    Raises:
        UserError: one line with file and line, if the file cannot be read as ratings.
    """
    return ratings_in(_bytes(path), path.name, str(path), how or Reading())


def ratings_in(data: bytes, name: str, place: str, how: Reading) -> RatingsFile:
    """The ratings in a file's bytes; ``name`` is shown in reports, ``place`` in messages.

    Raises:
        UserError: as :func:`read_ratings`.
    """
    if how.format not in FORMATS:
        raise UserError(f"unknown format {how.format!r}; choose from {', '.join(FORMATS)}")
    text = _decoded(data, place)
    delimiter = _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    lines = _rows(reader, place)
    header_line, header = next(lines, (1, []))
    if not header:
        raise UserError(f"{place}: holds no ratings; a header and one rating per row are needed")
    own = how.format != "csv" and not how.columns and is_exported(header)
    if how.format == "earmark" and not own:
        lacking = [column for column in COLUMNS if column not in header]
        raise UserError(
            f"{place}:{header_line}: not an export of 'earmark study export'"
            + (f": lacks {', '.join(lacking)}" if lacking else "; name no columns for one")
        )
    found: Mapping[str, int]
    scale = declared_scale(*how.scale) if how.scale else None
    warnings: list[str] = []
    if own:
        export = exported(header, lines, place, how.which)
        found, origin = export.columns, export.origin
        table = RatingRows(place, found, len(found), pairs=origin.pairs)
        for line, row in export.rows:
            table.add(line, row)
        milliseconds = False
        scale = scale or export.scale
        warnings += export.warnings
        named = {role: role for role in found} | {"listener": "session"}
    else:
        origin = None
        found = find_columns(header, how.columns, place, header_line)
        table = RatingRows(place, found, len(header), pairs=RatingsColumn.WINNER in found)
        for line, row in lines:
            table.add(line, row)
        milliseconds = (
            RatingsColumn.SECONDS in found
            and header[found[RatingsColumn.SECONDS]].strip() == "rating_time"
        )
        named = {role: header[index] for role, index in found.items()}
    ratings, duplicates, more = table.ratings(milliseconds=milliseconds)
    if not len(ratings):
        raise UserError(f"{place}: holds no rating: {table.missing} of {table.rows} are missing")
    return RatingsFile(
        name=name,
        sha256=hashlib.sha256(data).hexdigest(),
        format="earmark" if own else "csv",
        delimiter=delimiter,
        columns=dict(sorted(named.items())),
        rows=table.rows,
        missing=table.missing,
        duplicates=duplicates,
        scales=_scales(ratings, scale, place),
        ratings=ratings,
        simulated=table.simulated or (origin is not None and origin.sessions == "SIMULATED"),
        warnings=(*warnings, *more),
        origin=origin,
    )


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from None


def _decoded(data: bytes, path: str) -> str:
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise UserError(
            f"{path}:{line}: byte {data[error.start]:#04x} is not UTF-8; save the file as UTF-8"
        ) from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise UserError(f"{path}:{line}: holds a zero byte; this is not a text file of ratings")
    return text


def _delimiter(text: str) -> str:
    header = text.lstrip("\r\n").split("\n", 1)[0]
    bare = re.sub(r'"[^"]*"', "", header)
    return max((",", ";", "\t"), key=bare.count)


def _rows(reader: Iterator[list[str]], path: str) -> Iterator[tuple[int, list[str]]]:
    """The line on which each row starts, and the row; empty lines are passed over."""
    before = 0
    try:
        for row in reader:
            line, before = before + 1, reader.line_num  # type: ignore[attr-defined]
            if any(cell.strip() for cell in row):
                yield line, row
    except csv.Error as error:
        raise UserError(f"{path}:{before + 1}: {error}; mend the quotes of this row") from None


def _scales(ratings: Ratings, declared: Scale | None, path: str) -> dict[str, Scale]:
    scales = {}
    for code, question in enumerate(ratings.questions):
        mine = ratings.question == code
        values, lines = ratings.value[mine], ratings.line[mine]
        scale = guessed_scale(values)
        if declared is not None:
            scale = replace(declared, ordinal=few_steps(values, declared.low, declared.high))
        scales[question] = scale
        outside = (values < scale.low) | (values > scale.high)
        if outside.any():
            row = int(np.flatnonzero(outside)[np.argmin(lines[outside])])
            raise UserError(
                f"{path}:{lines[row]}: rating {values[row]:g} lies outside the scale "
                f"{scale.low:g} to {scale.high:g} ({scale.origin}); correct it, or declare the "
                "scale with --scale LOW HIGH"
            )
    return scales
