"""Ratings as one long table, a row each, whatever layout they came in."""

import csv
import io
from collections.abc import Iterator

from ....evaluation.results.spreadsheet_csv import guarded
from .files import RatingsFile
from .layouts.contract import Form
from .tables import cells
from .tables.roles import RatingsColumn

_SCORES = ("listener", "passage", "system", "question", "repeat", "score")
_PAIRS = ("listener", "passage", "system_a", "system_b", "question", "repeat")


def long_csv(file: RatingsFile) -> str:
    """The ratings of a file as CSV; rows that were sent twice stand once, missing ratings never.

    Of pairs a row holds the winner (a, b, =), or whether an answer was right (1, 0; undecided is
    empty). ``repeat`` counts from 1 in the order of the file.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns_of(file))
    for row in long_rows(file):
        *names, repeat, said = row
        # Scores and winners are ours and stay bare; a name may be made to look like a formula.
        writer.writerow([*map(_guarded, names), repeat, said])
    return stream.getvalue()


def columns_of(file: RatingsFile) -> tuple[str, ...]:
    """The columns of the long table."""
    form = file.converted.unfolded.form if file.converted else Form.SCORES
    if form is Form.SCORES:
        return _SCORES
    return (*_PAIRS, "winner" if form is Form.VOTES else "correct")


def long_rows(file: RatingsFile) -> Iterator[tuple[str, ...]]:
    """The rows of the long table as text."""
    if file.converted is None:
        return
    unfolded, dropped = file.converted.unfolded, file.converted.dropped
    at = unfolded.columns
    form = unfolded.form
    counts: dict[tuple[object, ...], int] = {}

    def cell(row: list[str], role: str, otherwise: str) -> str:
        return cells.name(row[at[role]]) if role in at else otherwise

    for number, (_, row) in enumerate(unfolded.rows):
        said = row[at[RatingsColumn.WINNER if form is Form.VOTES else RatingsColumn.VALUE]].strip()
        if number in dropped or (form is not Form.ANSWERS and _missing(said, form)):
            continue
        listener = cell(row, RatingsColumn.LISTENER, "")
        passage = cell(row, RatingsColumn.PASSAGE, "all")
        question = cell(row, RatingsColumn.QUESTION, "overall")
        if form is Form.SCORES:
            system = cell(row, RatingsColumn.SYSTEM, "")
            key: tuple[object, ...] = listener, passage, system, question
            counts[key] = counts.get(key, 0) + 1
            value = said.replace(",", ".")
            yield listener, passage, system, question, str(counts[key]), value
            continue
        first = cell(row, RatingsColumn.SYSTEM_A, "")
        second = cell(row, RatingsColumn.SYSTEM_B, "")
        key = listener, passage, question, frozenset((first, second))
        counts[key] = counts.get(key, 0) + 1
        if form is Form.VOTES:
            said = cells.winner(first, second, said) or ""
        yield listener, passage, first, second, question, str(counts[key]), said


def _guarded(name: str) -> str:
    return name if cells.number(name) is not None else guarded(name)


def _missing(said: str, form: Form) -> bool:
    if form is Form.VOTES:
        return said.lower() in cells.MISSING - {"-", "–"}
    return cells.is_missing(said)
