"""JSON files: a value, or one record a line; records as tables with dotted names."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from .....models.errors import UserError
from . import personal
from .documents import Json, TextTable

_DEEPEST = 12
_MOST_COLUMNS = 2000


class RepeatedKeyError(Exception):
    """An object names one key twice: which value is meant cannot be told."""


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        key = next(one for one in keys if keys.count(one) > 1)
        raise RepeatedKeyError(
            f"an object holds the key {personal.shown(key)} twice; keep one, or export it again"
        )
    return found


def document(text: str, place: str) -> Json:
    """The value of a JSON file, or the list of those of JSON lines.

    Raises:
        UserError: one line with the line, if it is not JSON.
    """
    try:
        return Json(place, json.loads(text, object_pairs_hook=_object))
    except RecursionError:
        raise UserError(f"{place}: lists and objects lie too deep in each other") from None
    except RepeatedKeyError as repeated:
        raise UserError(f"{place}: {repeated}") from None
    except ValueError as error:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) > 1 and lines[0].lstrip().startswith("{"):
            try:
                found = [json.loads(line, object_pairs_hook=_object) for line in lines]
                return Json(place, found)
            except RepeatedKeyError as repeated:
                raise UserError(f"{place}: {repeated}") from None
            except (ValueError, RecursionError):
                pass  # told as what it mostly is
        line = getattr(error, "lineno", 1)
        raise UserError(
            f"{place}:{line}: is not JSON ({getattr(error, 'msg', 'broken')}); export it again"
        ) from None


def records(value: Any) -> list[Mapping[str, Any]] | None:
    """The records that a value holds: a list of objects, or columns by name; else None."""
    if isinstance(value, list) and value and all(isinstance(one, Mapping) for one in value):
        return value
    if not isinstance(value, Mapping) or not value:
        return None
    columns = list(value.values())
    if all(isinstance(one, list) for one in columns) and len({len(one) for one in columns}) == 1:
        return [dict(zip(value, row, strict=True)) for row in zip(*columns, strict=True)]
    if all(isinstance(one, Mapping) for one in columns) and len({tuple(c) for c in columns}) == 1:
        return [{name: value[name][key] for name in value} for key in columns[0]]
    lists = [one for one in columns if isinstance(one, list) and len(one) > 1]
    if len(lists) == 1:  # pandas' orient="table", and answers beside what describes them
        return records(lists[0])
    return None


def table(rows: Sequence[Mapping[str, Any]], place: str) -> TextTable:
    """Records as a table: nested objects become columns with dotted names; record n is line n.

    Raises:
        UserError: if the records have thousands of different keys.
    """
    flat = [flattened(row) for row in rows]
    header: dict[str, None] = {}
    for row in flat:
        header.update(dict.fromkeys(row))
        if len(header) > _MOST_COLUMNS:
            raise UserError(f"{place}: its records have more than {_MOST_COLUMNS} keys")
    body = [(line, [row.get(name, "") for name in header]) for line, row in enumerate(flat, 1)]
    return TextTable(place, ((0, list(header)), *body))


def flattened(value: Mapping[str, Any], before: str = "", depth: int = 0) -> dict[str, str]:
    """An object as one level of texts; inner keys follow the outer after a dot."""
    found: dict[str, str] = {}
    for key, inner in value.items():
        if isinstance(inner, Mapping) and inner and depth < _DEEPEST:
            found |= flattened(inner, f"{before}{key}.", depth + 1)
        else:
            found[f"{before}{key}"] = text(inner)
    return found


def text(value: Any) -> str:
    """A JSON value as a cell: what is null is empty, right and wrong are 1 and 0."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
