"""A comparison in a terminal: the two sides, a table, what could not be compared, what moved."""

import textwrap
from collections.abc import Sequence

from ...presentation.looks import short_names
from ...presentation.numbers import NONE, NumberFormat, number_format, p_text
from ..ranking.comparisons import LEAST_SONGS
from .compare import ComparedRow, SideComparison

_WIDTH = 100
_NAME = 28


def comparison_lines(comparison: SideComparison) -> list[str]:
    """All that a reader needs, in lines of at most 100 letters but for long names."""
    a, b = comparison.a, comparison.b
    lines = [
        f"A  {a.said}  ({a.title}, in {a.folder})",
        f"B  {b.said}  ({b.title}, in {b.folder})",
        *(_wrapped(said) for said in notes(comparison)),
    ]
    if not comparison.rows:
        return [*lines, "", "Nothing changed."]
    lines += [
        "",
        *_table(comparison),
        "",
        _wrapped(
            f"Means over songs; B − A with an interval that holds for {_comparisons(comparison)} "
            "(95 %). Where closest to zero is best, sizes are compared."
        ),
    ]
    moved = [line for row in comparison.rows for line in _moved(comparison, row)]
    return lines + (["", "Songs that moved most, B − A:", *moved] if moved else [])


def notes(comparison: SideComparison) -> list[str]:
    """What a reader must know beside the table, one sentence each."""
    a, b, songs = comparison.a, comparison.b, comparison.songs
    found = [f"{_count(len(songs.pairs), 'song')} of equal content compared."]
    for side, only in ((a, songs.only_a), (b, songs.only_b)):
        if only:
            found.append(f"Only in {side.said}, not compared: {_some(only)}.")
    if songs.other_excerpt:
        found.append(
            f"Same mix, but another excerpt, rate or reference: {_some(songs.other_excerpt)}."
        )
    for side, systems in ((a, comparison.only_a), (b, comparison.only_b)):
        if systems:
            found.append(f"Systems only in {side.said}, not compared: {_some(systems)}.")
    if comparison.unchanged:
        found.append(f"Unchanged, the very same renders: {_some(comparison.unchanged)}.")
    found += [f"Not compared: {one}." for one in comparison.unlike]
    for row in comparison.rows:
        if row.lost:
            found.append(
                f"B lacks {row.column.label} of {row.system_b} for {_count(row.lost, 'song')} that "
                "A has."
            )
    if any(row.difference.songs < LEAST_SONGS for row in comparison.rows):
        found.append(
            "With fewer than six songs nothing is claimed: even agreement of all of five has a "
            "chance of 1 in 16."
        )
    if a.simulated or b.simulated:
        found.append("SIMULATED songs: the numbers show how the tool works.")
    return found


def row_cells(row: ComparedRow) -> list[str]:
    """Mean of A and B, difference, interval, adjusted p, songs that B won, and the verdict."""
    show = row_format(row)
    d = row.difference
    interval = (
        NONE if d.low is None else f"[{show(d.low, signed=True)}, {show(d.high, signed=True)}]"
    )
    even = d.songs - d.below - d.above
    won = d.above if row.column.better == "higher" else d.below
    return [
        show(row.mean_a),
        show(row.mean_b),
        show(d.mean, signed=True),
        interval,
        NONE if d.p is None else p_text(d.p),
        NONE if row.column.better == "none" else f"{won} of {d.songs}" + _even(even),
        str(row.verdict),
    ]


def _even(songs: int) -> str:
    return f", {songs} even" if songs else ""


def row_format(row: ComparedRow) -> NumberFormat:
    """How the numbers of a row are printed."""
    d = row.difference
    return number_format([row.mean_a, row.mean_b, d.mean, d.low, d.high], row.column.unit)


def metric_name(row: ComparedRow) -> str:
    """The metric with its variant where it has two, its unit and its direction."""
    variant = f" {row.variant}" if len(row.column.variants) > 1 else ""
    return f"{row.column.label}{variant}" + (f" ({row.column.unit})" if row.column.unit else "")


def pair_names(comparison: SideComparison) -> dict[tuple[str, str], str]:
    """A pair in short: one name where both have it."""
    names = dict.fromkeys(name for pair in comparison.pairs for name in pair)
    short = short_names(list(names), _NAME)
    return {(a, b): short[b] if a == b else f"{short[b]} − {short[a]}" for a, b in comparison.pairs}


def _table(comparison: SideComparison) -> list[str]:
    names = pair_names(comparison)
    header = ["metric", "A", "B", "B − A", "95 %", "adj. p", "B wins", "B is"]
    lines: list[str] = []
    for pair in comparison.pairs:
        rows = [row for row in comparison.rows if (row.system_a, row.system_b) == pair]
        cells = [header, *([f"{metric_name(row)} {row.column.arrow}".strip(), *row_cells(row)]
                           for row in rows)]  # fmt: skip
        widths = [max(len(row[at]) for row in cells) for at in range(len(header))]
        lines += [*([""] if lines else []), names[pair]]
        lines += [
            "  ".join(
                cell.rjust(width) if 0 < at < len(header) - 1 else cell.ljust(width)
                for at, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in cells
        ]
    return lines


def _moved(comparison: SideComparison, row: ComparedRow) -> list[str]:
    if not row.moved:
        return []
    show = row_format(row)
    songs = ", ".join(f"{one.song} {show(one.difference, signed=True)}" for one in row.moved)
    pair = pair_names(comparison)[row.system_a, row.system_b]
    several = f"{pair}, " if len(comparison.pairs) > 1 else ""
    return [_wrapped(f"{several}{metric_name(row)}: {songs}")]


def _comparisons(comparison: SideComparison) -> str:
    count = len(comparison.rows)
    return "the one comparison" if count == 1 else f"all {count} at once"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _wrapped(text: str) -> str:
    return textwrap.fill(text, _WIDTH)
