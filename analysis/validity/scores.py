"""Reads scores from elsewhere: a table of stimuli with a column per metric, or a row per value.

A wide table has columns for passage and system, and every other column that holds numbers is a
metric. A long one has columns ``metric`` and ``value``, and may have ``variant``, ``unit`` and
``better``. An empty passage is a score of the whole system, such as a distance of sets.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, get_args

from ...evaluation.metrics import METRICS
from ...evaluation.results.metric_facts import Better
from ...models.errors import UserError
from ..ratings.reading.tables.documents import TextTable
from ..ratings.reading.tables.text import table as read_table
from ..ratings.validity.follow import MetricValues

_PASSAGE = ("passage", "song", "item", "page", "trial", "track")
_SYSTEM = ("system", "condition", "model", "method", "stimulus")
_MISSING = ("", "na", "nan", "null", "none", "-")
DIRECTIONS = get_args(Better)


@dataclass
class _Filling:
    """A metric that is being read."""

    unit: str = ""
    better: str = ""
    values: dict[tuple[str | None, str], float] = field(default_factory=dict)


def read_scores(
    path: Path, directions: Mapping[str, Better], only: Sequence[str] = ()
) -> tuple[MetricValues, ...]:
    """The metrics in a table of scores; ``only`` those of these names, if any are given.

    The direction is what ``directions`` says, else what the file says, else that of Earmark's
    metric of that name, else none.

    Raises:
        UserError: one line with file and line, for a table that is none of scores.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from None
    table = read_table(data, str(path))
    if len(table.rows) < 2:
        raise UserError(f"{path}: holds no scores; a header and one row per stimulus are needed")
    header = [title.strip() for title in table.header]
    folded = [title.casefold() for title in header]
    at = {name: folded.index(name) for name in folded}
    system = _column(at, _SYSTEM)
    if system is None:
        raise UserError(
            f"{path}:{table.line}: no column holds the system; call one of them "
            f"{', '.join(_SYSTEM)}; the columns are {', '.join(header)}"
        )
    places = _column(at, _PASSAGE), system
    long = "metric" in at and "value" in at
    found = _long(table, at, places) if long else _wide(table, header, places)
    unknown = sorted(set(directions) - {name for name, _ in found})
    if unknown:
        known = ", ".join(dict.fromkeys(name for name, _ in found))
        raise UserError(f"--better {unknown[0]}: no such metric in {path}; it has {known}")
    chosen = [name for name in only if name not in {name for name, _ in found}]
    if chosen:
        known = ", ".join(dict.fromkeys(name for name, _ in found))
        raise UserError(f"metric {chosen[0]!r} is not in {path}; it has {known}")
    return tuple(
        _made(name, variant, one, directions)
        for (name, variant), one in found.items()
        if not only or name in only
    )


def _column(at: Mapping[str, int], names: Sequence[str]) -> int | None:
    return next((at[name] for name in names if name in at), None)


def _made(name: str, variant: str, one: _Filling, directions: Mapping[str, Better]) -> MetricValues:
    known = METRICS.get(name)
    better = directions.get(name) or one.better or (known.better if known else "none")
    direction: Better = next(known for known in DIRECTIONS if known == better)
    unit = one.unit or (known.unit if known else "")
    return MetricValues(name, one.values, direction, unit, variant)


def _long(
    table: TextTable, at: Mapping[str, int], places: tuple[int | None, int]
) -> dict[tuple[str, str], _Filling]:
    found: dict[tuple[str, str], _Filling] = {}
    for line, row in table.body:
        where = f"{table.place}:{line}"
        name = _cell(row, at["metric"])
        if not name:
            raise UserError(f"{where}: no metric is named")
        variant = _cell(row, at.get("variant")) or "raw"
        one = found.setdefault((name, variant), _Filling())
        one.unit = one.unit or _cell(row, at.get("unit"))
        better = _cell(row, at.get("better"))
        if better and better not in DIRECTIONS:
            raise UserError(f"{where}: better is {better!r}; choose from {', '.join(DIRECTIONS)}")
        one.better = one.better or better
        _add(one, _place(row, places, where), _cell(row, at["value"]), where, name)
    return found


def _wide(
    table: TextTable, header: Sequence[str], places: tuple[int | None, int]
) -> dict[tuple[str, str], _Filling]:
    metrics = {}
    for column, title in enumerate(header):
        if column in places or not title:
            continue
        cells = [_cell(row, column) for _, row in table.body]
        given = [cell for cell in cells if cell.casefold() not in _MISSING]
        if given and all(_number(cell) is not None for cell in given):
            name, _, aligned = title.partition(" (aligned")
            metrics[column] = name, "aligned" if aligned else "raw"
    if not metrics:
        raise UserError(
            f"{table.place}:{table.line}: no column holds numbers; each metric needs a column, or "
            "columns metric and value"
        )
    found: dict[tuple[str, str], _Filling] = {key: _Filling() for key in metrics.values()}
    for line, row in table.body:
        where = f"{table.place}:{line}"
        place = _place(row, places, where)
        for column, key in metrics.items():
            _add(found[key], place, _cell(row, column), where, key[0])
    return found


def _place(
    row: Sequence[str], places: tuple[int | None, int], where: str
) -> tuple[str | None, str]:
    passage, system = places
    name = _cell(row, system)
    if not name:
        raise UserError(f"{where}: no system is named")
    return (_cell(row, passage) or None), name


def _add(one: _Filling, place: tuple[str | None, str], cell: str, where: str, name: str) -> None:
    if cell.casefold() in _MISSING:
        return
    value = _number(cell)
    if value is None:
        raise UserError(f"{where}: {name} is {cell!r}; a number, or nothing, is allowed")
    if place in one.values and one.values[place] != value:
        passage, system = place
        of = f"{system!r} on {passage!r}" if passage else repr(system)
        raise UserError(
            f"{where}: {name} of {of} is {cell} here and {one.values[place]:g} further up; "
            "keep one of them"
        )
    one.values[place] = value


def _cell(row: Sequence[str], column: int | None) -> str:
    return row[column].strip() if column is not None and column < len(row) else ""


def _number(cell: str) -> float | None:
    try:
        return float(cell.replace("−", "-"))
    except ValueError:
        return None


def directions_of(said: Sequence[str]) -> dict[str, Better]:
    """``NAME=lower`` and its like as directions by name.

    Raises:
        UserError: for another form, or a direction that there is none of.
    """
    found: dict[str, Better] = {}
    for one in said:
        name, sign, direction = (part.strip() for part in one.partition("="))
        better = next((known for known in DIRECTIONS if known == direction), None)
        if not sign or not name or better is None:
            raise UserError(
                f"--better {one!r}: write METRIC=DIRECTION; directions are {', '.join(DIRECTIONS)}"
            )
        found[name] = better
    return found


def redirected(
    metrics: Sequence[MetricValues], directions: Mapping[str, Better]
) -> tuple[MetricValues, ...]:
    """The metrics with the directions that a user gave.

    Raises:
        UserError: if a direction is of no metric.
    """
    names: dict[str, Any] = dict.fromkeys(one.metric for one in metrics)
    for name in directions:
        if name not in names:
            raise UserError(f"--better {name}: no such metric; there are {', '.join(names)}")
    return tuple(
        replace(one, better=directions[one.metric]) if one.metric in directions else one
        for one in metrics
    )
