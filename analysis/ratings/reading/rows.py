"""Rows of a ratings file on their way to a table: cells checked, names coded, repeats counted."""

import math
import re
import unicodedata
from collections.abc import Mapping

import numpy as np

from ....models.errors import UserError
from .headers import RatingsColumn
from .table import Floats, Ints, Ratings

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "-", "–"})
# As tables write numbers. Python's float also reads 1_0, full-width digits and "infinity".
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+", re.ASCII)
_INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
_UNNAMED = {RatingsColumn.PASSAGE.value: "all", RatingsColumn.QUESTION.value: "overall"}
_TRUE = frozenset({"1", "true", "yes"})


class RatingRows:
    """Rows on their way to a table; names become codes at once, so that a million rows fit."""

    def __init__(
        self, place: str, columns: Mapping[str, int], width: int, *, pairs: bool = False
    ) -> None:
        self.path, self.columns, self.width, self.pairs = place, columns, width, pairs
        self.rows = self.missing = 0
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
        self.values: list[float] = []
        self.lines: list[int] = []
        self.repeats: list[str] = []
        self.whole: list[int] = []
        optional = (
            RatingsColumn.POSITION,
            RatingsColumn.PAGE,
            RatingsColumn.SECONDS,
            RatingsColumn.LISTENED,
        )
        self.numbers: dict[str, list[float]] = {name: [] for name in optional if name in columns}

    def add(self, line: int, row: list[str]) -> None:
        """Take one row of the file."""
        if len(row) != self.width:
            raise UserError(
                f"{self.path}:{line}: {len(row)} cells where the header has {self.width}; quote "
                "cells that hold the delimiter (a decimal comma in a comma-separated file too)"
            )
        if RatingsColumn.WINNER in self.columns:
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
        first, second = (
            _name(row[self.columns[name]])
            for name in (RatingsColumn.SYSTEM_A, RatingsColumn.SYSTEM_B)
        )
        winner = _name(row[self.columns[RatingsColumn.WINNER]])
        if first == second:
            raise UserError(f"{self.path}:{line}: {first!r} is compared with itself")
        if winner.lower() in MISSING - {"-", "–"}:
            return 0.0, 0.0
        found = {first: (1.0, 0.0), second: (0.0, 1.0)}.get(winner)
        found = found or {"a": (1.0, 0.0), "b": (0.0, 1.0)}.get(winner.lower())
        if found is None and winner.lower() not in ("=", "tie", "-"):
            raise UserError(
                f"{self.path}:{line}: winner {winner!r} is neither a, b, = (a tie) nor one of "
                f"{first!r} and {second!r}"
            )
        return found or (0.5, 0.5)

    def _take(self, line: int, row: list[str], number: float, system: str) -> None:
        self.rows += 1
        if math.isnan(number):
            self.missing += 1
            return
        columns = {**self.columns, RatingsColumn.SYSTEM: self.columns[system]}
        for role, names in self.names.items():
            text = _name(row[columns[role]]) if role in columns else ""
            if not text:
                if role in columns:
                    raise UserError(f"{self.path}:{line}: the {role} is empty; fill it in")
                text = _UNNAMED[role]
            self.codes[role].append(names.setdefault(text, len(names)))
        self.values.append(number)
        self.lines.append(line)
        self.whole.append(hash((line if RatingsColumn.WINNER in columns else 0, *row)))
        if RatingsColumn.REPEAT in self.columns:
            self.repeats.append(row[self.columns[RatingsColumn.REPEAT]].strip())
        for role, numbers in self.numbers.items():
            numbers.append(self._number(row[columns[role]], line, role))
        if RatingsColumn.SIMULATED in self.columns and not self.simulated:
            self.simulated = row[self.columns[RatingsColumn.SIMULATED]].strip().lower() in _TRUE

    def ratings(self, *, milliseconds: bool) -> tuple[Ratings, int, list[str]]:
        """The table in the order of its names, how many duplicates it lacks, and warnings."""
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
            pairing=np.asarray(self.lines, dtype=np.int64)
            if RatingsColumn.WINNER in self.columns
            else None,
            **numbers,
        )
        found, duplicates, warnings = self._with_repeats(ratings)
        return found.in_order(), duplicates, warnings

    def _coded(self, role: str) -> tuple[tuple[str, ...], Ints]:
        """The names of a role in natural order, and the code of each row."""
        names = self.names[role]
        ordered = sorted(names, key=_natural)
        position = np.empty(len(names), dtype=np.int64)
        for rank, name in enumerate(ordered):
            position[names[name]] = rank
        codes = np.asarray(self.codes[role], dtype=np.int64)
        return tuple(ordered), position[codes] if len(names) else codes

    def _with_repeats(self, ratings: Ratings) -> tuple[Ratings, int, list[str]]:
        if not len(ratings):
            return ratings, 0, []
        codes = (ratings.question, ratings.listener, ratings.passage, ratings.system)
        order = np.lexsort((ratings.line, *codes[::-1]))
        keys = np.stack(codes)[:, order]
        new = np.ones(len(order), dtype=bool)
        new[1:] = (keys[:, 1:] != keys[:, :-1]).any(axis=0)
        sizes = np.diff(np.append(np.flatnonzero(new), len(order)))
        if sizes.max() == 1:
            return ratings, 0, []
        whole = np.asarray(self.whole, dtype=np.int64)
        cell = np.cumsum(new) - 1
        doubled = np.zeros(len(order), dtype=bool)
        # Where every cell has as many ratings, equal ones are repeats that agree; where cells
        # differ, a row that stands twice in full was sent twice.
        if sizes.min() != sizes.max():
            seen = np.lexsort((order, whole[order], cell))
            same = (cell[seen][1:] == cell[seen][:-1]) & (
                whole[order][seen][1:] == whole[order][seen][:-1]
            )
            doubled[seen[1:][same]] = True
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
            line = int(ratings.line[order[doubled]].min())
            warnings.append(
                f"{int(doubled.sum())} rows repeat an earlier one in full (first: line {line}); "
                "each counts once"
            )
        if lengths.max() > 1 and not self.pairs:
            warnings.append(
                f"{int((lengths > 1).sum())} cells hold more than one rating; the analysis uses "
                "their mean, intra-rater agreement their difference"
            )
        return ratings.where(keep), int(doubled.sum()), warnings

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
                    f"{self.path}:{ratings.line[row]}: rates the same cell and repeat as line "
                    f"{seen[key]} with another value; keep one"
                )
            seen[key] = int(ratings.line[row])

    def _number(self, text: str, line: int, what: str) -> float:
        text = text.strip()
        if _NUMBER.fullmatch(text) or _DECIMAL_COMMA.fullmatch(text):
            number = float(text.replace(",", "."))
            if math.isfinite(number):
                return number
        elif text.lower() in MISSING:
            return math.nan
        elif not _INFINITE.fullmatch(text):
            raise UserError(
                f"{self.path}:{line}: {what} {text!r} is not a number; write 62.5 or 62,5, or "
                "leave the cell empty"
            )
        raise UserError(f"{self.path}:{line}: {what} {text!r} is infinite; correct it")


def _name(text: str) -> str:
    return unicodedata.normalize("NFC", text.strip())


def _natural(name: str) -> tuple[list[tuple[int, int, str]], str]:
    parts = re.findall(r"\d+|\D+", name)
    key = [(0, int(p), "") if p.isdecimal() else (1, 0, p.casefold()) for p in parts]
    return key, name
