"""Votes: a row names two systems and the winner, as arenas and preference tests write them."""

from collections import Counter

from ..tables import cells, personal
from ..tables.documents import Row, TextTable
from ..tables.roles import RatingsColumn, find_columns
from .assemble import BLOCKS, ROWS, Draft, assembled, declared
from .contract import Form, Hints, Unfolded, stop

_LONG_NAME = 80


def read(table: TextTable, told: Hints) -> Unfolded | None:
    """The votes of a table; None where it has no columns of two systems and a winner.

    Raises:
        UserError: one line, where nothing tells who voted, or a winner cannot be told.
    """
    if not table.body:
        return None
    columns = find_columns(table.header, declared(told, table.header), table.place, table.line)
    if RatingsColumn.WINNER not in columns:
        return None
    asked = told.columns.get(RatingsColumn.LISTENER, "")
    if RatingsColumn.LISTENER not in columns and asked not in (ROWS, BLOCKS):
        count = len(table.body)
        raise stop(
            f"{table.place}:{table.line}",
            f"no column holds who voted (the listener), and {count} votes are not {count} people: "
            "one busy voter would make every interval wrong",
            "name the column of the voter with --listener COLUMN",
            "say that every vote is of another person with --listener @rows",
        )
    notes = []
    passage = columns.get(RatingsColumn.PASSAGE)
    if passage is not None and RatingsColumn.PASSAGE not in told.columns:
        texts = [row[passage] for _, row in table.body if passage < len(row)]
        if sum(map(len, texts)) > _LONG_NAME * len(texts):
            title = table.header[passage]
            notes.append(
                f"{title!r} holds long texts and is not taken as the passage; --passage {title!r} "
                "takes it."
            )
            del columns[RatingsColumn.PASSAGE]
    canonical, counts = _canonical(table, columns)
    notes += _told(counts, len(table.body))
    draft = Draft("votes, a row for each", columns, notes=tuple(notes), form=Form.VOTES)
    return assembled(canonical, draft, told)


def _canonical(table: TextTable, columns: dict[str, int]) -> tuple[TextTable, Counter[str]]:
    """The table with winners as a, b and =; and how many were ties, both bad or missing."""
    first, second, won = (
        columns[role]
        for role in (RatingsColumn.SYSTEM_A, RatingsColumn.SYSTEM_B, RatingsColumn.WINNER)
    )
    counts: Counter[str] = Counter()
    rows: list[Row] = [table.rows[0]]
    for line, row in table.body:
        if len(row) != len(table.header):
            rows.append((line, row))  # refused where rows are assembled
            continue
        a, b, said = (cells.name(row[at]) for at in (first, second, won))
        if a == b:
            raise stop(f"{table.place}:{line}", f"{personal.shown(a)} is compared with itself")
        found = cells.winner(a, b, said)
        if found is None:
            raise stop(
                f"{table.place}:{line}",
                f"winner {personal.shown(said)} is neither a, b, = (a tie) nor one of "
                f"{personal.shown(a)} and {personal.shown(b)}",
            )
        counts[found] += 1
        counts["both bad"] += said.lower() in cells.BOTH_BAD
        rows.append((line, [*row[:won], found, *row[won + 1 :]]))
    return (
        TextTable(table.place, tuple(rows), table.delimiter, table.sheet, table.notes),
        counts,
    )


def _told(counts: Counter[str], votes: int) -> list[str]:
    notes = []
    if counts["="]:
        both = f" ({counts['both bad']} of them 'both bad')" if counts["both bad"] else ""
        notes.append(
            f"{counts['=']} of {votes} votes are ties{both}; a tie is half a win for each."
        )
    if counts[""]:
        notes.append(f"{counts['']} of {votes} rows name no winner.")
    return notes
