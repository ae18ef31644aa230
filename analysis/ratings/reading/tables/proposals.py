"""What to propose where a table does not tell: systems, passages in names, places in an order."""

import re
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

from . import cells
from .documents import TextTable
from .grids import bare
from .roles import RatingsColumn, is_beside

_MOST_SYSTEMS = 60
_SEPARATORS = ("_", "-", ".", "/")


def order_of_presentation(table: TextTable, at: int, listener: int) -> str:
    """Why a column is the place in the order of presentation; '' where it is not.

    It counts up within every listener, each number once, and there are more than two of them.
    """
    found: dict[str, list[int]] = {}
    for who, text in zip(table.columns[listener], table.columns[at], strict=True):
        if not re.fullmatch(r"\d{1,6}", text.strip()):
            return ""
        found.setdefault(who, []).append(int(text))
    if len(found) < 2 or any(len(set(one)) < len(one) for one in found.values()):
        return ""
    runs = list(found.values())
    if min(map(len, runs)) < 3:
        return ""
    leading = _leads(table, at)
    ascending = all(b == a + 1 for one in runs for a, b in pairwise(one))
    if not ascending and not leading:
        return ""
    low, high = min(map(min, runs)), max(map(max, runs))
    said = f"{low} to {high}, each once for a {table.header[listener]!r}"
    return said + (f"; it leads the names in {leading!r}" if leading else "")


def _leads(table: TextTable, at: int) -> str:
    """The column whose names begin with the number in the column ``at``; '' without one."""
    numbers = [int(text) for text in table.columns[at]]
    for index, title in enumerate(table.header):
        column = table.columns[index]
        if index == at or not column:
            continue
        starts = [re.match(r"0*(\d+)[\W_]", bare(text)) for text in column]
        if all(fits and int(fits[1]) == n for fits, n in zip(starts, numbers, strict=True)):
            return title
    return ""


def system_proposal(
    table: TextTable, columns: Mapping[str, int], declared: Collection[str] = ()
) -> str:
    """The options that name a system, and a passage, for a table that has neither by name.

    ``declared`` are the roles that the user has named.
    """
    listener = columns.get(RatingsColumn.LISTENER)
    if listener is None:
        return ""
    system = columns.get(RatingsColumn.SYSTEM)
    options = []
    if system is None:
        system = _system_like(table, columns, listener)
        if system is None:
            return ""
        options.append(f"--system {_quoted(table.header[system])}")
    if RatingsColumn.PASSAGE not in declared:
        options += _passage_like(table, columns, listener, system)
    return " ".join(options)


def _system_like(table: TextTable, columns: Mapping[str, int], listener: int) -> int | None:
    """The column of few names of which every listener meets most."""
    best: tuple[float, int, int] | None = None
    people = table.columns[listener]
    many = len(set(people))
    score = columns.get(RatingsColumn.VALUE)
    for at, title in enumerate(table.header):
        column = table.columns[at]
        if at in (listener, score) or is_beside(title) or cells.is_numeric(column):
            continue
        values = set(column)
        if not 2 <= len(values) <= _MOST_SYSTEMS:
            continue
        met = len(set(zip(people, column, strict=True))) / (many * len(values))
        if met > 0.5 and (best is None or (-met, len(values)) < (-best[0], best[1])):
            best = met, len(values), at
    return best[2] if best else None


def _passage_like(
    table: TextTable, columns: Mapping[str, int], listener: int, system: int
) -> list[str]:
    """A part of names, as of files, that tells the ratings of a listener and system apart."""
    cell = list(zip(table.columns[listener], table.columns[system], strict=True))
    if len(set(cell)) == len(cell):
        return []
    for at, title in enumerate(table.header):
        column = table.columns[at]
        if at in (listener, system) or not column or cells.is_numeric(column):
            continue
        for separator in _SEPARATORS:
            parts = [bare(text).split(separator) for text in column]
            if len({len(one) for one in parts}) != 1 or len(parts[0]) < 2:
                continue
            ending = _ending(column)
            for place in range(len(parts[0])):
                tokens = [one[place] for one in parts]
                apart = len({(*c, t) for c, t in zip(cell, tokens, strict=True)}) == len(cell)
                runs = len({(c[0], t) for c, t in zip(cell, tokens, strict=True)}) == len(cell)
                crossed = len(set(tokens)) < len(set(column))
                if apart and not runs and crossed and len(set(tokens)) > 1:
                    marks = ["{}" if i == place else "*" for i in range(len(parts[0]))]
                    return [f"--passage '{title}:{separator.join(marks)}{ending}'"]
    return []


def _ending(column: Sequence[str]) -> str:
    endings = {
        text[len(text) - len(text.rpartition(".")[2]) - 1 :] for text in column if "." in text
    }
    whole = all("." in text for text in column)
    return next(iter(endings)) if whole and len(endings) == 1 else "*" if whole else ""


def scale_option(table: TextTable, columns: Mapping[str, int]) -> str:
    """A proposal to state the scale, where whole numbers go beyond 5 and not beyond 7."""
    at = columns.get(RatingsColumn.VALUE)
    if at is None or not cells.is_numeric(table.columns[at]):
        return ""
    values = [n for text in table.columns[at] if (n := cells.number(text)) is not None and n == n]
    if values and min(values) >= 1 and 5 < max(values) <= 7 and all(n == int(n) for n in values):
        return " --scale 1 7"
    return ""


def _quoted(title: str) -> str:
    return f"'{title}'" if re.search(r"\W", title) else title
