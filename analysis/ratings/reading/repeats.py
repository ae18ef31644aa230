"""Which ratings of one cell are repeats, which were sent twice, and which are unlike things.

A cell is a listener, passage, system and question. Only rows that are equal in all columns, ids and
times included, may have been sent twice; everything else is a repeat. Where a column without a role
tells the "repeats" apart, they are none, and reading stops.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .layouts.contract import stop
from .table import Bools, Ints
from .tables import cells as cell_text
from .tables import personal
from .tables.roles import NAMING, RatingsColumn, compact, is_flag

_MOST_VALUES = 24
_MOST_NUMBERS = 12
_VARIES = 0.5
# Columns that differ between repeats by their nature, and say nothing of what was asked.
_BY_NATURE = re.compile(
    r"(time|date|duration|seconds|elapsed|latency|comment|remark|note|text|uuid|hash|index|idx|"
    r"browser|agent|order|position|plays|played|clicks|seed|submitted|started|finished|version)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Multiple:
    """The rows of cells with several ratings, ``(m,)``: their cell, file and text.

    ``group`` numbers the cells, of votes those of one pair. ``values`` are the indexes of the cells
    of a row that hold the rating itself.
    """

    group: Ints
    file: Ints
    rows: Sequence[Sequence[str]]
    values: Sequence[int]
    votes: bool


def sent_twice(many: Multiple, columns: Mapping[str, int]) -> tuple[Bools, bool]:
    """Which rows ``(m,)`` were sent before, and whether equal rows were kept as repeats.

    A row counts once if another of the same cell is equal in all columns. Yet in a file where some
    repeats differ in nothing but the rating, no column tells a repeat from a row that was sent
    twice; there equal rows of one file are repeats that agree. To drop them would keep the
    disagreement alone.
    """
    if many.votes and set(range(len(many.rows[0]))) <= set(columns.values()):
        blind = True  # a voter may say the same of a pair again
    else:
        blind = _differ_in_the_rating_alone(many)
    seen: dict[tuple[int, tuple[str, ...]], int] = {}
    doubled = np.zeros(len(many.rows), dtype=bool)
    kept = False
    for at, row in enumerate(many.rows):
        key = int(many.group[at]), tuple(row)
        first = seen.setdefault(key, at)
        if first == at:
            continue
        if blind and many.file[first] == many.file[at]:
            kept = True
        else:
            doubled[at] = True
    return doubled, kept


def _differ_in_the_rating_alone(many: Multiple) -> bool:
    seen: dict[tuple[int, tuple[str, ...]], tuple[str, ...]] = {}
    for group, row in zip(many.group.tolist(), many.rows, strict=True):
        rest = tuple(cell for at, cell in enumerate(row) if at not in many.values)
        value = tuple(row[at] for at in many.values)
        if seen.setdefault((group, rest), value) != value:
            return True
    return False


@dataclass(frozen=True)
class Telling:
    """A column without a role that tells ratings of one cell apart."""

    title: str
    values: tuple[str, ...]
    numeric: bool


def telling(
    many: Multiple, header: Sequence[str], columns: Mapping[str, int], unknown: Sequence[int]
) -> list[Telling]:
    """The columns that make "repeats" ratings of unlike things; the fewest values come first."""
    found = []
    for at in unknown:
        title = header[at]
        if is_flag(title) or _BY_NATURE.search(compact(title)):
            continue
        column = [row[at].strip() for row in many.rows]
        values = tuple(dict.fromkeys(column))
        if not 2 <= len(values) <= _MOST_VALUES or personal.kind_of_all(values):
            continue
        numeric = cell_text.is_numeric(values)
        if numeric and (len(values) > _MOST_NUMBERS or any("." in value for value in values)):
            continue
        if _share_that_varies(many.group, column) < _VARIES:
            continue
        if _follows_the_rating(many, column) or (numeric and _numbers_pages(many, columns, column)):
            continue
        if _alone(many, columns, column):
            continue
        found.append(Telling(title, values, numeric))
    return sorted(found, key=lambda one: len(one.values))


def refused(found: Sequence[Telling], place: str, columns: Mapping[str, int]) -> Exception:
    """The line that says so, with the roles that the column may have."""
    first = found[0]
    option = f"'{first.title}'" if re.search(r"\W", first.title) else first.title
    free = [
        role
        for role in ("question", "passage", "repeat")
        if role not in columns or (role == "repeat")
    ]
    if first.numeric:
        free.sort(key=lambda role: role != "repeat")
    mends = [f"take it as the {role} with --{role} {option}" for role in free]
    others = f"; so does {personal.names([one.title for one in found[1:3]])}" if found[1:] else ""
    return stop(
        place,
        f"rows of one listener, passage and system differ in {first.title!r} "
        f"({_values(first)}), a column "
        f"without a role{others}: their mean would mix unlike things",
        *mends,
        f"read one value alone with --where {option}=VALUE",
    )


def _values(one: Telling) -> str:
    """The first values of a column, or how many there are where they may name people."""
    if compact(one.title) in NAMING or any(
        personal.kind_of(value) or len(value.split()) > 1 for value in one.values
    ):
        return f"{len(one.values)} values"
    return ", ".join(one.values[:4])


def _share_that_varies(group: Ints, column: Sequence[str]) -> float:
    values: dict[int, set[str]] = {}
    for one, text in zip(group.tolist(), column, strict=True):
        values.setdefault(one, set()).add(text)
    return sum(len(texts) > 1 for texts in values.values()) / len(values)


def _follows_the_rating(many: Multiple, column: Sequence[str]) -> bool:
    """Whether a column is the rating in other numbers."""
    forth: dict[tuple[str, ...], str] = {}
    back: dict[str, tuple[str, ...]] = {}
    for row, text in zip(many.rows, column, strict=True):
        value = tuple(row[at] for at in many.values)
        if forth.setdefault(value, text) != text or back.setdefault(text, value) != value:
            return False
    return True


def _numbers_pages(many: Multiple, columns: Mapping[str, int], column: Sequence[str]) -> bool:
    """Whether a number tells the passage of a listener, as the count of pages does."""
    listener, passage = (columns.get(r) for r in (RatingsColumn.LISTENER, RatingsColumn.PASSAGE))
    if listener is None or passage is None:
        return False
    seen: dict[tuple[str, str], str] = {}
    for row, text in zip(many.rows, column, strict=True):
        if seen.setdefault((row[listener], text), row[passage]) != row[passage]:
            return False
    return len({row[passage] for row in many.rows}) > 1


def _alone(many: Multiple, columns: Mapping[str, int], column: Sequence[str]) -> bool:
    """Whether no value comes again with another listener: then it says who, not what."""
    listener = columns.get(RatingsColumn.LISTENER)
    if listener is None or len({row[listener] for row in many.rows}) < 2:
        return False
    people: dict[str, set[str]] = {}
    for row, text in zip(many.rows, column, strict=True):
        people.setdefault(text, set()).add(row[listener])
    return max(len(who) for who in people.values()) < 2
