"""The headline table as text cells: ranks, medians with intervals, and notes for its reader."""

from collections.abc import Sequence
from dataclasses import dataclass

from ....evaluation.results.runs import Run
from ...presentation.numbers import NONE, NumberFormat, number_format
from ..ranking.ranks import Ranking
from ..result.columns import Column
from ..result.document import Result
from ..result.summary import Cell, numbers_of


@dataclass(frozen=True)
class TableCell:
    """A cell; ``strong`` marks one that nobody is told to be better than."""

    text: str
    strong: bool = False


@dataclass(frozen=True)
class TableColumn:
    """A column's heading; numbers stand at its right edge."""

    heading: str
    number: bool


@dataclass(frozen=True)
class HeadlineTable:
    """The first table of a report; ``notes`` are sentences below it."""

    name: str
    caption: str
    columns: tuple[TableColumn, ...]
    rows: tuple[tuple[TableCell, ...], ...]
    notes: tuple[str, ...]


def headline_table(result: Result, run: Run | None) -> HeadlineTable:
    """Systems by rank × headline metrics; the finding and the signs are explained below."""
    names = result.by_rank
    roles = dict(zip(result.systems["system"], result.systems["role"], strict=True))
    decisive = result.decisive
    ranks = [rank_text(result, decisive, name) for name in names]
    columns = [TableColumn("rank", number=True)] if decisive else []
    columns += [TableColumn("system", number=False), TableColumn("role", number=False)]
    cells = [_texts(ranks)] if decisive else []
    cells += [_texts(names), _texts([str(roles[name]) for name in names])]
    for column in result.headline:
        columns.append(TableColumn(f"{column.heading} {column.arrow}".strip(), number=True))
        cells.append(_metric(result, column, names))
    of = f", {run.title}" if run is not None else ""
    songs = len(result.song_names)
    over = f"{songs} {'SIMULATED ' if result.simulated else ''}{'song' if songs == 1 else 'songs'}"
    return HeadlineTable(
        name=result.benchmark,
        caption=f"{result.benchmark}{of}: medians over {over}",
        columns=tuple(columns),
        rows=tuple(zip(*cells, strict=True)),
        notes=tuple(_notes(result)),
    )


def rank_text(result: Result, column: Column | None, name: str) -> str:
    """The rank of a system in a column, as an interval where songs do not settle it."""
    rank = None if column is None else result.standings[column.id, "raw"].ranking.rank_of(name)
    if rank is None:
        return NONE
    return str(rank.low) if rank.low == rank.high else f"{rank.low}–{rank.high}"


def _metric(result: Result, column: Column, names: Sequence[str]) -> list[TableCell]:
    variant = column.variants[0]
    cells = [result.cells[name, column.id, variant] for name in names]
    show = number_format(numbers_of(cell.median for cell in cells), column.unit)
    ranking = result.standings[column.id, variant].ranking
    first = ranking.first if _tells(ranking) else ()
    songs = len(result.song_names)
    return [
        TableCell(_median(cell, show, songs), strong=name in first)
        for name, cell in zip(names, cells, strict=True)
    ]


def _median(cell: Cell, show: NumberFormat, songs: int) -> str:
    estimate = cell.median
    if estimate.centre is None:
        return NONE
    text = show(estimate.centre)
    if estimate.low is not None and estimate.high is not None:
        text += f" [{show(estimate.low)}, {show(estimate.high)}]"
    return text if estimate.n == songs else f"{text} (n = {estimate.n})"


def _notes(result: Result) -> list[str]:
    notes = [result.finding] if result.finding else []
    shown = result.headline
    if not shown:
        return notes
    decisive = result.decisive
    rankings = [result.standings[column.id, column.variants[0]].ranking for column in shown]
    cells = [
        result.cells[name, column.id, column.variants[0]]
        for column in shown
        for name in result.system_names
    ]
    if decisive is not None and result.standings[decisive.id, "raw"].ranking.why is None:
        notes.append(
            f"Ranks are by mean {decisive.label}; 1–3 says that these songs cannot tell which of "
            "the first three it is."
        )
    if any(cell.median.low is not None for cell in cells):
        notes.append("Brackets: 95 % intervals of the medians.")
    if any(_tells(ranking) for ranking in rankings):
        notes.append("Bold: no system is told to be better; no bold where all tie.")
    if any(0 < cell.median.n < len(result.song_names) for cell in cells):
        notes.append("n: songs with a value, where some lack one; such medians are not compared.")
    return notes


def _tells(ranking: Ranking) -> bool:
    """Whether the songs tell any two systems apart."""
    return ranking.why is None and len(ranking.first) < len(ranking.ranks)


def _texts(texts: Sequence[str]) -> list[TableCell]:
    return [TableCell(text) for text in texts]
