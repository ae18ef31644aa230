"""Who the listeners were, from files that know their ids: joined, and only ever told together.

Demographics, questionnaires, the export of Prolific. Ids, dates, codes and free text are not used,
and nothing is kept of one person alone.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .layouts.contract import short, stop
from .tables import cells, personal
from .tables.documents import Json, TextTable
from .tables.json_values import records
from .tables.json_values import table as of_records
from .tables.roles import compact
from .tables.sources import documents, source

_NOT_OF_USE = re.compile(r"(^|\W|_)(id|at|code|token|key|name|mail|email|ip|url|date|time)$", re.I)
_NOTHING_SAID = re.compile(r"[A-Z]+(_[A-Z]+)+")
_MOST_OPTIONS = 12
_FEWEST = 5
_LONG_ANSWER = 40
_NUMERIC_SHARE = 0.6
_STATUS = "status"


@dataclass(frozen=True)
class Trait:
    """One column about the listeners, told of all together: counts of options, or quartiles.

    ``quartiles`` are the first, the median and the third; None below five numbers, which would
    point at single people.
    """

    title: str
    answered: int
    counts: tuple[tuple[str, int], ...] = ()
    quartiles: tuple[float, float, float] | None = None


@dataclass(frozen=True)
class JoinedPeople:
    """What a file says of the listeners: how many of its rows are of them, and their traits."""

    file: str
    by: str
    rows: int
    joined: int
    listeners: int
    traits: tuple[Trait, ...]
    notes: tuple[str, ...]


def people_tables(path: Path) -> list[TextTable]:
    """The tables of a file about people.

    Raises:
        UserError: if it cannot be read as a table.
    """
    found = []
    for one in documents(source(path)):
        if isinstance(one, TextTable) and one.body:
            found.append(one)
        elif isinstance(one, Json) and (rows := records(one.value)):
            found.append(of_records(rows, one.place))
    if not found:
        raise stop(str(path), "holds no table of people: a header and a row for each are needed")
    return found


def joined_people(table: TextTable, listeners: Sequence[str]) -> JoinedPeople | None:
    """A table about people joined with the listeners by id; None where no column holds theirs."""
    known = {_id(one) for one in listeners}
    matches = [len(known & {_id(cell) for cell in column}) for column in table.columns]
    best = max(matches, default=0)
    if not best:
        return None
    at = matches.index(best)
    first: dict[str, list[str]] = {}
    more = 0
    for _, row in table.body:
        if len(row) != len(table.header) or not row[at].strip():
            continue
        key = _id(row[at])
        more += key in first
        first.setdefault(key, row)
    mine = [row for key, row in first.items() if key in known]
    notes = [
        f"{short(table.place)}: {len(mine)} of {len(first)} people are listeners, joined by "
        f"{table.header[at]!r}; {len(known) - len(mine)} listeners have no row there."
    ]
    if more:
        notes.append(f"{more} further rows of the same people are not used.")
    notes += _told_of_status(table, first, known)
    traits = []
    for column, title in enumerate(table.header):
        if column == at:
            continue
        trait, note = _trait(title, [row[column].strip() for row in mine])
        traits += [trait] if trait else []
        notes += [note] if note else []
    name = Path(table.place).name
    return JoinedPeople(
        name, table.header[at], len(first), len(mine), len(known), tuple(traits), tuple(notes)
    )


def of_listeners(
    paths: Sequence[Path], beside: Sequence[TextTable], listeners: Sequence[str]
) -> tuple[JoinedPeople, ...]:
    """What files about people, and tables that lay beside the ratings, say of the listeners.

    Raises:
        UserError: one line, if a file that the user names holds none of their ids.
    """
    found = []
    for path in paths:
        made = [joined_people(table, listeners) for table in people_tables(path)]
        some = [one for one in made if one is not None]
        if not some:
            raise stop(
                str(path),
                f"no column holds the id of any of the {len(listeners)} listeners",
                "check that ids are written as in the ratings, with capitals and leading zeros",
            )
        found += some
    found += [one for table in beside if (one := joined_people(table, listeners)) is not None]
    return tuple(found)


def _id(text: str) -> str:
    return cells.name(text).casefold()


def _told_of_status(table: TextTable, people: dict[str, list[str]], known: set[str]) -> list[str]:
    """How many people have which status, of those with and without ratings."""
    at = next((i for i, title in enumerate(table.header) if compact(title) == _STATUS), None)
    if at is None:
        return []
    counts = Counter((row[at].strip(), key in known) for key, row in people.items())
    said = [
        f"{count} {status}{'' if rated else ' without ratings'}"
        for (status, rated), count in sorted(counts.items())
    ]
    return [f"{table.header[at]}: {', '.join(said)}; none is left out for it."]


def _trait(title: str, values: Sequence[str]) -> tuple[Trait | None, str]:
    """What a column says of all listeners together; None for ids, dates, codes and free text."""
    if _NOT_OF_USE.search(title.strip()) or personal.kind_of_all(values):
        return None, ""
    silent = Counter(value for value in values if _NOTHING_SAID.fullmatch(value))
    said = [v for v in values if not cells.is_missing(v) and v not in silent]
    note = ", ".join(f"{count} {value} in {title!r}" for value, count in silent.items())
    note = f"{note}: not counted as an answer." if note else ""
    if not said or sum(map(len, said)) > _LONG_ANSWER * len(said):
        return None, note
    numbers = [n for v in said if (n := cells.number(v)) is not None and not math.isnan(n)]
    if len(numbers) >= _NUMERIC_SHARE * len(said) and len(set(numbers)) > 2:
        quartiles = None
        if len(numbers) >= _FEWEST:
            low, middle, high = (float(q) for q in np.quantile(numbers, [0.25, 0.5, 0.75]))
            quartiles = (low, middle, high)
        return Trait(title, len(numbers), (), quartiles), note
    counts = Counter(said)
    if len(counts) == len(said) > 2:
        return None, note  # each says something else: it would name people
    options = counts.most_common(_MOST_OPTIONS)
    rest = sum(counts.values()) - sum(count for _, count in options)
    if rest:
        options.append(("others", rest))
    return Trait(title, len(said), tuple(options)), note
