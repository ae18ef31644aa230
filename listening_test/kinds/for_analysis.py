"""How a kind's ratings are analysed: what a value means, on which scale, against what.

A preference of 0 to 100 becomes a win and a loss, a grade of BS.1116 the difference from the hidden
reference on the same page, a rank is turned round: more is better everywhere.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class ExportRow:
    """One row of a study's export: its line in the file, and the text of the columns needed here.

    The columns are those of :class:`..export.ratings.TidyRow`. ``row["value"]`` is ``row.value``.
    """

    line: int
    study: str
    session: str
    counts_as: str
    session_state: str
    page: str
    part: str
    kind: str
    passage: str
    system: str
    other: str
    role: str
    question: str
    value: str
    answer: str
    shown_position: str
    shown_label: str
    listened_seconds: str
    repeat: str
    page_first_at: str
    page_done_at: str

    def __getitem__(self, column: str) -> str:
        if column not in COLUMNS:
            raise KeyError(column)
        found: str = getattr(self, column)
        return found


COLUMNS = tuple(one.name for one in fields(ExportRow) if one.name != "line")
"""The columns of an export that an analysis needs."""


@dataclass(frozen=True)
class Value:
    """One rating as it is analysed; what is not said here is as in ``row``.

    ``value`` is None where nothing was rated. ``position`` is the place on the page, 1 for the
    first; '' where it says nothing. ``heard`` is false where the row's listening time is not this
    system's.
    """

    row: ExportRow
    value: float | str | None
    system: str = ""
    position: str | None = None
    heard: bool = True


# Lowest and highest value, and the scale's name in a report.
Range = tuple[float, float, str]
# The values, and a note for the report where they are not those that were given.
Values = tuple[list[Value], list[str]]


def as_they_are(rows: Sequence[ExportRow]) -> Values:
    """Every value as it was given."""
    return [Value(row, row.value or None) for row in rows], []


@dataclass(frozen=True)
class ForAnalysis:
    """What the analysis must know of a kind of test.

    ``rows`` makes values of all rows of an export. ``scale`` is the range of these values, a
    function of the rows where it depends on them; None lets it be inferred. ``held_against`` says
    that the rated reference is what all others are held against, so that it is screened by and not
    tested; otherwise, ``reference_is_baseline`` says that systems are compared with it.
    ``right_or_wrong`` are answers of 1 and 0, ``meets_others`` pages that are one preference
    between two systems.
    """

    rows: Callable[[Sequence[ExportRow]], Values] = as_they_are
    scale: Range | Callable[[Sequence[ExportRow]], Range] | None = None
    held_against: bool = False
    reference_is_baseline: bool = True
    right_or_wrong: bool = False
    meets_others: bool = False

    def range_of(self, rows: Sequence[ExportRow]) -> Range | None:
        """The scale of the values of these rows; None where it is inferred."""
        return self.scale(rows) if callable(self.scale) else self.scale


def given(row: ExportRow) -> float | None:
    """The number in a row; None where nothing was rated."""
    return float(row.value) if row.value else None


def place_of_pair(row: ExportRow) -> str:
    """Whether a row's version stood first or second of a pair."""
    return {"A": "1", "B": "2"}.get(row.shown_label, "")
