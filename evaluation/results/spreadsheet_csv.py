"""CSV that a spreadsheet opens as text: no cell of it can be taken for a formula."""

import csv
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

# A cell that starts like this is a formula to a spreadsheet (OWASP, "CSV injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_GUARD = "'"


def guarded(text: str) -> str:
    """``text`` as a cell that no spreadsheet runs: an apostrophe comes before a formula's sign.

    Text that has apostrophes there of its own gets one more, so that :func:`unguarded` finds it
    again.
    """
    return _GUARD + text if text.lstrip(_GUARD).startswith(_FORMULA) else text


def unguarded(cell: str) -> str:
    """The text of a cell that :func:`guarded` wrote."""
    return cell.removeprefix(_GUARD) if cell.lstrip(_GUARD).startswith(_FORMULA) else cell


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """:func:`as_csv` of a header and its rows."""
    stream = _Lines()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow([_cell(name) for name in header])
    writer.writerows([_cell(value) for value in row] for row in rows)
    return "".join(stream.lines)


class _Lines:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def write(self, line: str) -> None:
        # The writer quotes only the line ends that it writes itself; both must be quoted.
        self.lines.append(line.removesuffix("\r\n") + "\n")


def _cell(value: Any) -> Any:
    if isinstance(value, Mapping | list | tuple):
        value = json.dumps(value, sort_keys=True, ensure_ascii=False)
    if isinstance(value, str):
        return guarded(value)
    if value is None or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    if isinstance(value, float):
        return repr(float(value))
    return value
