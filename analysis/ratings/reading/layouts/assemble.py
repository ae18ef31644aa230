"""From a table and the columns of its roles to ratings, one a row: patterns, words, listeners.

All readers of tables end here, so that what the user says holds for each of them alike.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from .....models.errors import UserError
from ..tables import cells, personal
from ..tables.documents import Row, TextTable
from ..tables.roles import RatingsColumn
from ..tables.words import coded_words
from .contract import Form, Hints, ToolScale, Unfolded, stop

ROWS, BLOCKS = "@rows", "@blocks"
_PATTERN = re.compile(r"(?P<column>.+?):(?P<pattern>.*\{\}.*)")


@dataclass(frozen=True)
class Draft:
    """What a reader found: the layout's name, columns by role, and what there is to tell.

    ``values`` are the columns of several questions; ``roles`` says where roles are from that no
    column of the file holds. ``tool``: the layout is that of one tool, so every column is known.
    """

    layout: str
    columns: Mapping[str, int]
    values: Sequence[int] = ()
    roles: Mapping[str, str] | None = None
    notes: tuple[str, ...] = ()
    scale: ToolScale | None = None
    form: Form = Form.SCORES
    milliseconds: bool = False
    tool: bool = False


def declared(told: Hints, header: Sequence[str] = ()) -> dict[str, str]:
    """Columns that the user names as they stand in the header, by role.

    Several columns of scores, as ``A,B``, are none of these.
    """
    several = several_scores(told, header)
    return {
        role: _PATTERN.fullmatch(title)["column"] if _PATTERN.fullmatch(title) else title  # type: ignore[index]
        for role, title in told.columns.items()
        if title not in (ROWS, BLOCKS) and not (several and role == RatingsColumn.VALUE)
    }


def several_scores(told: Hints, header: Sequence[str]) -> list[str]:
    """The columns of scores that the user names as ``A,B``; empty where it is one column."""
    said = told.columns.get(RatingsColumn.VALUE, "")
    if "," not in said or said in header:
        return []
    return [part.strip() for part in next(csv.reader([said], skipinitialspace=True), [])]


def assembled(table: TextTable, draft: Draft, told: Hints) -> Unfolded:
    """The ratings of a table as the draft and the user say.

    Raises:
        UserError: one line, for a row of another width, a name that does not fit its pattern, or
            words whose order nobody told.
    """
    header = list(table.header)
    for line, row in table.body:
        if len(row) != len(header):
            raise UserError(
                f"{table.place}:{line}: {len(row)} cells where the header has {len(header)}; quote "
                "cells that hold the delimiter (a decimal comma in a comma-separated file too)"
            )
    made = _Made(table.place, header, list(table.body), dict(draft.columns), list(draft.notes))
    made.roles.update({role: f"column {header[at]!r}" for role, at in draft.columns.items()})
    made.roles.update(draft.roles or {})
    for role, title in told.columns.items():
        if title in (ROWS, BLOCKS):
            continue
        fits = _PATTERN.fullmatch(title)
        if fits and title not in header:
            _by_pattern(made, role, fits["column"], fits["pattern"])
    if draft.values:
        _one_value_a_row(made, draft.values)
    if told.columns.get(RatingsColumn.LISTENER) == ROWS:
        _listeners_of_rows(made)
    elif told.columns.get(RatingsColumn.LISTENER) == BLOCKS:
        _listeners_of_blocks(made)
    if draft.form is Form.SCORES:
        _words(made, told)
    return Unfolded(
        layout=draft.layout,
        header=tuple(made.header),
        columns=made.columns,
        rows=tuple(made.rows),
        roles=made.roles,
        notes=(*table.notes, *made.notes),
        scale=made.scale or draft.scale,
        form=draft.form,
        milliseconds=draft.milliseconds,
        delimiter=table.delimiter,
        unknown=() if draft.tool else made.without_role(),
    )


class _Made:
    """A table on its way: rows get more cells at their ends."""

    def __init__(
        self,
        place: str,
        header: list[str],
        rows: list[Row],
        columns: dict[str, int],
        notes: list[str],
    ) -> None:
        self.place, self.header, self.rows = place, header, rows
        self.columns, self.notes = columns, notes
        self.roles: dict[str, str] = {}
        self.scale: ToolScale | None = None

    def add(self, role: str, title: str, values: Sequence[str]) -> None:
        """A further cell in every row, which takes a role."""
        self.columns[role] = len(self.header)
        self.header.append(title)
        self.rows = [(line, [*row, v]) for (line, row), v in zip(self.rows, values, strict=True)]

    def without_role(self) -> tuple[int, ...]:
        """The columns that have no role."""
        taken = set(self.columns.values())
        return tuple(at for at in range(len(self.header)) if at not in taken)

    def column(self, role: str) -> list[str]:
        """The cells of a role."""
        at = self.columns[role]
        return [row[at] for _, row in self.rows]


def _by_pattern(made: _Made, role: str, title: str, pattern: str) -> None:
    at = made.header.index(title)
    before, _, after = pattern.partition("{}")
    parts = [".*?".join(re.escape(p) for p in one.split("*")) for one in (before, after)]
    regex = re.compile(f"{parts[0]}(.+?){parts[1]}", re.DOTALL)
    found = []
    for line, row in made.rows:
        fits = regex.fullmatch(row[at].strip())
        if not fits:
            raise UserError(
                f"{made.place}:{line}: {personal.shown(row[at])} in {title!r} does not fit "
                f"{pattern!r} (--{role}); * stands for any letters, {{}} for the {role}"
            )
        found.append(fits[1])
    made.add(role, f"({role})", found)
    made.roles[role] = f"column {title!r}, of which {{}} in {pattern!r}"


def _one_value_a_row(made: _Made, values: Sequence[int]) -> None:
    """A row for each column of scores; the column's name is the question."""
    asked = made.columns.get(RatingsColumn.QUESTION)
    titles = [made.header[at] for at in values]
    keep = [at for at in range(len(made.header)) if at not in values]
    place = {at: new for new, at in enumerate(keep)}
    rows: list[Row] = []
    for line, row in made.rows:
        carried = [row[at] for at in keep]
        before = f"{row[asked].strip()}: " if asked is not None else ""
        rows += [
            (line, [*carried, before + t, row[at]]) for t, at in zip(titles, values, strict=True)
        ]
    made.rows = rows
    made.header = [*(made.header[at] for at in keep), "(question)", "(score)"]
    made.columns = {role: place[at] for role, at in made.columns.items() if at in place}
    made.columns[RatingsColumn.QUESTION] = len(keep)
    made.columns[RatingsColumn.VALUE] = len(keep) + 1
    names = personal.names(titles)
    made.roles[RatingsColumn.QUESTION] = "the names of the columns of scores"
    made.roles[RatingsColumn.VALUE] = f"columns {names}"


def _listeners_of_rows(made: _Made) -> None:
    lines = [line for line, _ in made.rows]
    numbers = {line: str(at) for at, line in enumerate(dict.fromkeys(lines), 1)}
    made.add(RatingsColumn.LISTENER, "(listener)", [numbers[line] for line in lines])
    made.roles[RatingsColumn.LISTENER] = (
        "every row is of another listener, numbered (--listener @rows)"
    )


def _listeners_of_blocks(made: _Made) -> None:
    """A new listener wherever a page and stimulus come again."""
    roles = [
        role
        for role in (RatingsColumn.PASSAGE, RatingsColumn.SYSTEM, RatingsColumn.QUESTION)
        if role in made.columns
    ]
    keys = list(zip(*(made.column(role) for role in roles), strict=True))
    found, seen, count = [], set[tuple[str, ...]](), 1
    for key in keys:
        if key in seen:
            count, seen = count + 1, set()
        seen.add(key)
        found.append(str(count))
    made.add(RatingsColumn.LISTENER, "(listener)", found)
    made.roles[RatingsColumn.LISTENER] = (
        "a new one wherever a page and stimulus come again (--listener @blocks)"
    )


def _words(made: _Made, told: Hints) -> None:
    """Answers in words become their places from worst to best."""
    if RatingsColumn.VALUE not in made.columns:
        return
    values = made.column(RatingsColumn.VALUE)
    found = coded_words(values, told.words)
    if found is None:
        return
    at = made.columns[RatingsColumn.VALUE]
    title = made.header[at]
    if found.order:
        codes = {word: str(place) for place, word in enumerate(found.order, 1)}
        rows: list[Row] = []
        for line, row in made.rows:
            said = cells.name(row[at]).casefold()
            if not cells.is_missing(said) and said not in codes:
                raise stop(
                    f"{made.place}:{line}",
                    f"{personal.shown(row[at].strip())} is none of the words in their order",
                    "name all of them, from worst to best, with --words A,B,…",
                )
            rows.append((line, [*row[:at], codes.get(said, ""), *row[at + 1 :]]))
        made.rows = rows
        coded = ", ".join(f"{word} = {place}" for word, place in codes.items())
        made.notes.append(f"Words were coded: {coded} ({found.why}).")
        made.scale = ToolScale(1, len(codes), f"the words, {found.why}")
        return
    raise stop(
        made.place,
        f"the ratings in {title!r} are words, whose order the file does not tell: "
        f"{personal.names(found.words)}",
        f'say the order from worst to best with --words "{",".join(found.proposed)}"',
    )


def with_scale(unfolded: Unfolded, scale: ToolScale) -> Unfolded:
    """The same ratings on the scale that their tool has."""
    return replace(unfolded, scale=scale)
