"""Rows of a ratings file on their way to a table: cells checked, names coded, repeats counted."""

import math
import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ....models.errors import UserError
from .layouts.contract import Form, Unfolded
from .repeats import Multiple, refused, sent_twice, telling
from .table import Floats, Ints, Ratings
from .tables import cells as cell_text
from .tables import personal
from .tables.roles import NUMBERS, RatingsColumn

_UNNAMED = {RatingsColumn.PASSAGE.value: "all", RatingsColumn.QUESTION.value: "overall"}
_TRUE = frozenset({"1", "true", "yes"})


@dataclass(frozen=True)
class Coded:
    """The table of ratings in the order of its names, and what there is to say of its rows.

    ``dropped`` are the places of rows that were sent twice, in the order in which rows were taken.
    """

    ratings: Ratings
    duplicates: int
    dropped: frozenset[int]
    warnings: tuple[str, ...]


class RatingRows:
    """Rows on their way to a table; names become codes at once, so that a million rows fit."""

    def __init__(
        self,
        where: Callable[[int], str],
        unfolded: Unfolded,
        starts: Sequence[int] = (0,),
        *,
        meets_others: bool = False,
    ) -> None:
        columns = unfolded.columns
        self.where, self.columns, self.width = where, columns, len(unfolded.header)
        self.header, self.unknown, self.starts = unfolded.header, unfolded.unknown, starts
        self.votes = unfolded.form is Form.VOTES
        self.pairs = self.votes or meets_others
        self.rows = self.missing = 0
        self.seen = -1
        self.at: list[int] = []
        self.simulated = False
        self.names: dict[str, dict[str, int]] = {
            role: {}
            for role in (
                RatingsColumn.LISTENER,
                RatingsColumn.PASSAGE,
                RatingsColumn.SYSTEM,
                RatingsColumn.QUESTION,
            )
        }
        self.codes: dict[str, list[int]] = {role: [] for role in self.names}
        # The code of a cell as it stands in the file: most cells come again and again.
        self.known: dict[str, dict[str, int]] = {role: {} for role in self.names}
        self.read: dict[str, float] = {}
        self.first_lines: dict[str, int] = {}
        self.values: list[float] = []
        self.lines: list[int] = []
        self.repeats: list[str] = []
        self.cells: list[list[str]] = []
        self.numbers: dict[str, list[float]] = {name: [] for name in NUMBERS if name in columns}

    def add(self, line: int, row: list[str]) -> None:
        """Take one row of the file."""
        self.seen += 1
        if len(row) != self.width:
            raise UserError(
                f"{self.where(line)}: {len(row)} cells where the header has {self.width}; quote "
                "cells that hold the delimiter (a decimal comma in a comma-separated file too)"
            )
        if self.votes:
            shares = self._preference(row, line)
            if shares[0] == shares[1] == 0:
                self.rows, self.missing = self.rows + 2, self.missing + 2
                return
            for which, share in zip(
                (RatingsColumn.SYSTEM_A, RatingsColumn.SYSTEM_B), shares, strict=True
            ):
                self._take(line, row, share, which)
            return
        self._take(
            line,
            row,
            self._number(row[self.columns[RatingsColumn.VALUE]], line, "rating"),
            RatingsColumn.SYSTEM,
        )

    def _preference(self, row: list[str], line: int) -> tuple[float, float]:
        """What the two systems of a preference got: 1 and 0, or half each; 0 and 0 if missing."""
        first, second, said = (
            cell_text.name(row[self.columns[name]])
            for name in (RatingsColumn.SYSTEM_A, RatingsColumn.SYSTEM_B, RatingsColumn.WINNER)
        )
        if first == second:
            raise UserError(f"{self.where(line)}: {personal.shown(first)} is compared with itself")
        won = cell_text.winner(first, second, said)
        if won is None:
            raise UserError(
                f"{self.where(line)}: winner {personal.shown(said)} is neither a, b, = (a tie) nor "
                f"one of {personal.shown(first)} and {personal.shown(second)}"
            )
        return {"": (0.0, 0.0), "a": (1.0, 0.0), "b": (0.0, 1.0), "=": (0.5, 0.5)}[won]

    def _take(self, line: int, row: list[str], number: float, system: str) -> None:
        self.rows += 1
        if math.isnan(number):
            self.missing += 1
            return
        for role, codes in self.codes.items():
            at = (
                self.columns[system] if role is RatingsColumn.SYSTEM else self.columns.get(role, -1)
            )
            text = row[at] if at >= 0 else ""
            code = self.known[role].get(text)
            codes.append(self._code(role, text, line) if code is None else code)
        self.values.append(number)
        self.lines.append(line)
        self.cells.append(row)
        self.at.append(self.seen)
        if RatingsColumn.REPEAT in self.columns:
            self.repeats.append(row[self.columns[RatingsColumn.REPEAT]].strip())
        for role, numbers in self.numbers.items():
            numbers.append(self._number(row[self.columns[role]], line, role))
        if RatingsColumn.SIMULATED in self.columns and not self.simulated:
            self.simulated = row[self.columns[RatingsColumn.SIMULATED]].strip().lower() in _TRUE

    def _code(self, role: str, text: str, line: int) -> int:
        """The code of a cell that was not seen yet."""
        name = cell_text.name(text)
        if not name:
            if role in self.columns or role not in _UNNAMED:
                raise UserError(f"{self.where(line)}: the {role} is empty; fill it in")
            name = _UNNAMED[role]
        names = self.names[role]
        code = names.setdefault(name, len(names))
        self.known[role][text] = code
        return code

    def ratings(self, *, milliseconds: bool) -> Coded:
        """The table, without rows that were sent twice.

        Raises:
            UserError: one line, where a column without a role tells "repeats" apart, or a comma
                may stand for a decimal point or for thousands.
        """
        self._check_commas()
        listeners, listener = self._coded(RatingsColumn.LISTENER)
        passages, passage = self._coded(RatingsColumn.PASSAGE)
        systems, system = self._coded(RatingsColumn.SYSTEM)
        questions, question = self._coded(RatingsColumn.QUESTION)
        numbers: dict[str, Floats] = {
            role: np.asarray(values, dtype=np.float64) for role, values in self.numbers.items()
        }
        if milliseconds:
            numbers[RatingsColumn.SECONDS] = (
                numbers[RatingsColumn.SECONDS] / 1000
            )  # webMUSHRA counts milliseconds
        ratings = Ratings(
            listeners=listeners,
            passages=passages,
            systems=systems,
            questions=questions,
            listener=listener,
            passage=passage,
            system=system,
            question=question,
            value=np.asarray(self.values, dtype=np.float64),
            repeat=np.zeros(len(self.values), dtype=np.int64),
            line=np.asarray(self.lines, dtype=np.int64),
            pairing=np.asarray(self.at, dtype=np.int64) if self.votes else None,
            **numbers,
        )
        found, dropped, warnings = self._with_repeats(ratings)
        gone = frozenset(self.at[one] for one in dropped)
        return Coded(found.in_order(), len(dropped), gone, tuple(warnings))

    def _coded(self, role: str) -> tuple[tuple[str, ...], Ints]:
        """The names of a role in natural order, and the code of each row."""
        names = self.names[role]
        ordered = sorted(names, key=_natural)
        position = np.empty(len(names), dtype=np.int64)
        for rank, name in enumerate(ordered):
            position[names[name]] = rank
        codes = np.asarray(self.codes[role], dtype=np.int64)
        return tuple(ordered), position[codes] if len(names) else codes

    def _with_repeats(self, ratings: Ratings) -> tuple[Ratings, list[int], list[str]]:
        """The ratings with their repeats counted; the places of rows sent twice; warnings."""
        if not len(ratings):
            return ratings, [], []
        codes = (ratings.question, ratings.listener, ratings.passage, ratings.system)
        order = np.lexsort((ratings.line, *codes[::-1]))
        keys = np.stack(codes)[:, order]
        new = np.ones(len(order), dtype=bool)
        new[1:] = (keys[:, 1:] != keys[:, :-1]).any(axis=0)
        cell = np.cumsum(new) - 1
        sizes = np.diff(np.append(np.flatnonzero(new), len(order)))
        if sizes.max() == 1:
            return ratings, [], []
        several = np.flatnonzero(sizes[cell] > 1)
        many = self._multiple(order[several], cell[several])
        twice, kept = sent_twice(many, self.columns)
        self._check_unlike(many, twice, ratings.line[order[several]])
        doubled = np.zeros(len(order), dtype=bool)
        doubled[several[twice]] = True
        keep = np.ones(len(order), dtype=bool)
        keep[order[doubled]] = False
        left = order[~doubled]
        starts = np.flatnonzero(np.append(True, np.diff(cell[~doubled]) != 0))
        lengths = np.diff(np.append(starts, len(left)))
        repeat = np.zeros(len(order), dtype=np.int64)
        repeat[left] = np.arange(len(left)) - np.repeat(starts, lengths)
        object.__setattr__(ratings, "repeat", repeat)
        self._check_repeats(ratings, keep)
        warnings = []
        if doubled.any():
            first = self.where(int(ratings.line[order[doubled]].min()))
            line = first.rpartition(":")[2] if len(self.starts) == 1 else first
            rows = len({int(ratings.line[one]) for one in order[doubled]})
            count = rows if self.votes else int(doubled.sum())
            warnings.append(
                f"{count} rows repeat an earlier one in full (first: line {line}); each counts once"
            )
        if kept:
            warnings.append(
                "Some repeats differ in nothing but the rating, so equal rows are counted as "
                "repeats that agree; no column tells whether a row was sent twice"
            )
        if lengths.max() > 1 and not self.pairs:
            warnings.append(
                f"{int((lengths > 1).sum())} cells hold more than one rating; the analysis uses "
                "their mean, intra-rater agreement their difference"
            )
        return ratings.where(keep), order[doubled].tolist(), warnings

    def _multiple(self, at: Ints, cell: Ints) -> Multiple:
        """The rows ``at`` of cells with several ratings; of votes the cells are those of pairs."""
        rows = [self.cells[one] for one in at.tolist()]
        values = [
            self.columns[role]
            for role in (RatingsColumn.VALUE, RatingsColumn.WINNER)
            if role in self.columns
        ]
        if self.votes:
            pair = [self.columns[r] for r in (RatingsColumn.SYSTEM_A, RatingsColumn.SYSTEM_B)]
            keys: dict[tuple[int, frozenset[str]], int] = {}
            cell = np.asarray(
                [
                    keys.setdefault((one, frozenset(row[i] for i in pair)), len(keys))
                    for one, row in zip(cell.tolist(), rows, strict=True)
                ],
                dtype=np.int64,
            )
        lines = [self.lines[one] for one in at.tolist()]
        file = np.asarray([bisect_right(self.starts, n - 1) for n in lines], dtype=np.int64)
        return Multiple(cell, file, rows, values, votes=self.votes)

    def _check_unlike(self, many: Multiple, twice: np.ndarray, lines: Ints) -> None:
        keep = np.flatnonzero(~twice)
        sizes = np.bincount(many.group[keep])
        keep = keep[sizes[many.group[keep]] > 1]
        if RatingsColumn.REPEAT in self.columns or not len(keep):
            return
        rows = [many.rows[one] for one in keep.tolist()]
        left = Multiple(many.group[keep], many.file[keep], rows, many.values, votes=many.votes)
        found = telling(left, self.header, self.columns, self.unknown)
        if found:
            raise refused(found, self.where(int(lines[keep].min())), self.columns)

    def _check_repeats(self, ratings: Ratings, keep: np.ndarray) -> None:
        if not self.repeats:
            return
        seen: dict[tuple[int, ...], int] = {}
        columns = (ratings.question, ratings.listener, ratings.passage, ratings.system)
        names = {text: number for number, text in enumerate(dict.fromkeys(self.repeats))}
        for row in np.flatnonzero(keep):
            key = (*(int(column[row]) for column in columns), names[self.repeats[row]])
            if key in seen:
                raise UserError(
                    f"{self.where(int(ratings.line[row]))}: rates the same cell and repeat as line "
                    f"{self.where(seen[key]).rpartition(':')[2]} with another value; keep one"
                )
            seen[key] = int(ratings.line[row])

    def _check_commas(self) -> None:
        """Refuse 1,053 beside numbers without a comma: it may be 1.053 or 1053."""
        said = [text for text in self.first_lines if cell_text.NUMBER.fullmatch(text)]
        commas = [text for text in self.first_lines if "," in text]
        if said and commas and all(map(cell_text.THOUSANDS.fullmatch, commas)):
            one = commas[0]
            raise UserError(
                f"{self.where(self.first_lines[one])}: {one!r} may be {one.replace(',', '.')} or "
                f"{one.replace(',', '')}; write it without a comma"
            )

    def _number(self, text: str, line: int, what: str) -> float:
        known = self.read.get(text)
        if known is not None:
            return known
        found = cell_text.number(text)
        if found is not None:
            self.read[text] = found
            self.first_lines[text.strip()] = line
            return found
        text = text.strip()
        infinite = cell_text.INFINITE.fullmatch(text) or cell_text.NUMBER.fullmatch(text)
        if infinite:
            raise UserError(f"{self.where(line)}: {what} {text!r} is infinite; correct it")
        raise UserError(
            f"{self.where(line)}: {what} {personal.shown(text)} is not a number; write 62.5 or "
            "62,5, or leave the cell empty"
        )


def _natural(name: str) -> tuple[list[tuple[int, int, str]], str]:
    parts = re.findall(r"\d+|\D+", name)
    key = [(0, int(p), "") if p.isdecimal() else (1, 0, p.casefold()) for p in parts]
    return key, name
