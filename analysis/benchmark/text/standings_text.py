"""Where systems stand, as text for a terminal: the finding, then ranks and headline medians."""

import textwrap
from collections.abc import Sequence

from ...presentation.looks import short_names
from ...presentation.numbers import NONE, number_format
from ..result.columns import Column
from ..result.document import Result

_GAP = 2
_LONGEST = 32  # letters of a system's name


def counts_text(result: Result) -> str:
    """``4 systems, 1 song, 0 failures``."""
    counts = {
        "system": len(result.system_names),
        "song": len(result.song_names),
        "failure": len(result.failures),
    }
    return ", ".join(f"{n} {noun}" + ("" if n == 1 else "s") for noun, n in counts.items())


def standings_lines(result: Result, width: int = 100) -> list[str]:
    """The finding and a table in at most ``width`` letters; what does not fit is counted."""
    lines = textwrap.wrap(result.finding, width) if result.finding else []
    shown = result.headline
    if not shown:
        return lines
    names = result.by_rank
    first = [["rank", *(_rank(result, name) for name in names)]] if result.decisive else []
    first.append(["system", *short_names(names, _LONGEST).values()])
    columns = [_cells(result, column, names) for column in shown]
    room = width - sum(_wide(column) + _GAP for column in first)
    fitting = 0
    for column in columns:
        room -= _wide(column) + _GAP
        if room < -_GAP:
            break
        fitting += 1
    table = [*first, *columns[: max(1, fitting)]]
    widths = [_wide(column) for column in table]
    named = len(first) - 1
    lines.append("")
    for row in zip(*table, strict=True):
        cells = [
            cell.ljust(size) if at == named else cell.rjust(size)
            for at, (cell, size) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append((" " * _GAP).join(cells).rstrip())
    left = len(columns) - max(1, fitting)
    more = f"; {left} more {'metric' if left == 1 else 'metrics'} in a wider window" if left else ""
    lines.append(f"Medians over songs, raw{more}.")
    return lines


def _rank(result: Result, name: str) -> str:
    column = result.decisive
    rank = None if column is None else result.standings[column.id, "raw"].ranking.rank_of(name)
    if rank is None:
        return NONE
    return str(rank.low) if rank.low == rank.high else f"{rank.low}–{rank.high}"


def _cells(result: Result, column: Column, names: Sequence[str]) -> list[str]:
    cells = [result.cells[name, column.id, column.variants[0]] for name in names]
    show = number_format((cell.median.centre for cell in cells), column.unit)
    heading = f"{column.heading} {column.arrow}".strip()
    return [heading, *(show(cell.median.centre) for cell in cells)]


def _wide(column: Sequence[str]) -> int:
    return max(len(cell) for cell in column)
