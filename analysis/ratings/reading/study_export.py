"""Reads the ratings that a study of Earmark exports: each kind of test as its analysis wants it.

The rows are those of ``listening_test.export.TidyRow``. Which sessions count is decided here, and
what a value means: a preference of 0 to 100 becomes a win and a loss, a grade of BS.1116 the
difference from the hidden reference on the same page, a rank is turned round so that more is better
everywhere. A study read directly and its export take this one path, so they cannot differ.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from itertools import groupby

from ....evaluation.results.spreadsheet_csv import unguarded
from ....models.errors import UserError
from .scales import Scale, declared_scale

COLUMNS = (
    *("study", "session", "counts_as", "session_state", "page", "part", "kind", "passage"),
    *("system", "other", "role", "question", "value", "shown_position", "shown_label"),
    *("listened_seconds", "repeat", "page_first_at", "page_done_at"),
)
SESSIONS = ("real", "pilot", "SIMULATED", "preview")
# Roles of the table that comes out, in the order of its cells.
ROLES = ("listener", "passage", "system", "question", "value", "page", "position")
_MORE = ("seconds", "listened", "repeat")
# Where the reference is what all others are held against; elsewhere it is one of the versions.
_HELD_AGAINST = ("mushra", "dcr", "bs1116")
_SCALES = {
    **dict.fromkeys(("ape", "mushra", "attributes"), (0.0, 100.0, "MUSHRA or APE")),
    **dict.fromkeys(("acr", "dcr"), (1.0, 5.0, "ACR or DCR")),
    "bs1116": (-4.0, 4.0, "BS.1116 difference grade"),
    "ccr": (-3.0, 3.0, "CCR"),
}


@dataclass(frozen=True)
class Which:
    """Which sessions are analysed: of one sort (``SESSIONS``), complete ones or also others."""

    sessions: str = "real"
    unfinished: bool = False


@dataclass(frozen=True)
class Origin:
    """What an export says of its study: the kind of test, the sessions read, the roles."""

    study: str
    kind: str
    sessions: str
    reference: str | None = None
    anchors: tuple[str, ...] = ()
    baseline: str | None = None

    @property
    def abx(self) -> bool:
        """Whether ratings are right (1) or wrong (0) answers."""
        return self.kind == "abx"

    @property
    def pairs(self) -> bool:
        """Whether a page is a preference between two systems."""
        return self.kind in ("ab", "pairwise")


@dataclass(frozen=True)
class Exported:
    """Rows ``(line, cells)`` by :data:`ROLES`, where they come from, the scale, and warnings."""

    rows: list[tuple[int, list[str]]]
    columns: Mapping[str, int]
    origin: Origin
    scale: Scale | None
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class _Row:
    line: int
    cell: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.cell[name]


def is_exported(header: Sequence[str]) -> bool:
    """Whether a file's header is that of a study's export."""
    return all(name in header for name in COLUMNS)


def exported(
    header: Sequence[str], rows: Iterable[tuple[int, list[str]]], place: str, which: Which
) -> Exported:
    """The ratings of an export as one row each: listener, passage, system, question, value, …

    Args:
        header: the names of the columns.
        rows: line of the file, and cells.
        place: the file's name, for messages.
        which: the sessions that are analysed.

    Raises:
        UserError: if no session is of the sort that is asked for, or several studies are mixed.
    """
    at = {name: header.index(name) for name in COLUMNS}
    everything = [_row(line, cells, at, len(header), place) for line, cells in rows]
    kept, left_out = _chosen(everything, which, place)
    studies = sorted({(row["study"], row["kind"]) for row in kept})
    if len(studies) > 1:
        named = ", ".join(f"{study!r} ({kind})" for study, kind in studies)
        raise UserError(f"{place}: holds several studies: {named}; analyse each by itself")
    ((study, kind),) = studies
    made, notes = _BY_KIND.get(kind, _as_they_are)(kept)
    origin = _origin(study, kind, which.sessions, kept)
    names = [*ROLES, *_MORE]
    if kind in ("ab", "pairwise"):
        names.remove("repeat")  # a system meets several others, which is no repeat
        made = [(line, cells[:-1]) for line, cells in made]
    return Exported(
        rows=made,
        columns={name: index for index, name in enumerate(names)},
        origin=origin,
        scale=_scale(kind, kept),
        warnings=(*left_out, *notes),
    )


def _row(line: int, cells: list[str], at: Mapping[str, int], width: int, place: str) -> _Row:
    if len(cells) != width:
        raise UserError(
            f"{place}:{line}: {len(cells)} cells where the header has {width}; export it again"
        )
    row = _Row(line, {name: unguarded(cells[index]) for name, index in at.items()})
    for name in ("value", "page"):
        try:
            float(row[name] or 0)
        except ValueError:
            raise UserError(f"{place}:{line}: {name} {row[name]!r} is not a number") from None
    return row


def _chosen(rows: list[_Row], which: Which, place: str) -> tuple[list[_Row], list[str]]:
    states = ("complete", "open", "paused") if which.unfinished else ("complete",)
    kept, gone = [], dict[str, set[str]]()
    practice = 0
    for row in rows:
        if row["counts_as"] != which.sessions:
            gone.setdefault(row["counts_as"], set()).add(row["session"])
        elif row["session_state"] not in states:
            gone.setdefault(row["session_state"], set()).add(row["session"])
        elif row["part"] != "main":
            practice += 1
        else:
            kept.append(row)
    words = [f"{len(names)} {sort}" for sort, names in sorted(gone.items())]
    if not kept:
        there = f"there are {', '.join(words)}" if words else "there are none at all"
        raise UserError(
            f"{place}: holds no complete {which.sessions} session ({there}); --pilot and "
            "--simulated analyse sessions of those sorts, --unfinished also those not complete"
        )
    notes = [f"Sessions left out: {', '.join(words)}."] if words else []
    if practice:
        notes.append(f"{practice} rows of training pages are left out.")
    if which.unfinished:
        count = len({row["session"] for row in kept if row["session_state"] != "complete"})
        notes.append(f"{count} sessions that are not complete are analysed too.")
    return kept, notes


def _origin(study: str, kind: str, sessions: str, rows: Sequence[_Row]) -> Origin:
    roles = {row["system"]: row["role"] for row in rows}
    references = [name for name, role in roles.items() if role == "reference"]
    held = kind in _HELD_AGAINST
    return Origin(
        study,
        kind,
        sessions,
        reference=references[0] if references and held and kind != "bs1116" else None,
        anchors=tuple(sorted(name for name, role in roles.items() if role == "anchor")),
        baseline=references[0] if references and not held and kind != "abx" else None,
    )


def _scale(kind: str, rows: Sequence[_Row]) -> Scale | None:
    if kind == "rank":
        most = _most_on_a_page(rows)
        low, high, name = 1.0, float(max(most, 2)), f"ranks turned round, {most} is best"
    elif kind in _SCALES:
        low, high, name = _SCALES[kind]
    else:
        return None
    scale = declared_scale(low, high)
    return replace(scale, origin=f"that of {kind}", name=name)


_Made = tuple[list[tuple[int, list[str]]], list[str]]
_Cell = tuple[str, str, str, str, str]


def _cells(row: _Row, value: str, *, system: str = "", position: str | None = None) -> list[str]:
    return [
        *(row["session"], row["passage"], system or row["system"], row["question"], value),
        row["page"],
        row["shown_position"] if position is None else position,
        _seconds(row["page_first_at"], row["page_done_at"]),
        *(row["listened_seconds"], row["repeat"]),
    ]


@lru_cache(maxsize=4096)
def _seconds(begun: str, ended: str) -> str:
    if not begun or not ended:
        return ""
    try:
        took = datetime.fromisoformat(ended) - datetime.fromisoformat(begun)
    except ValueError:
        return ""
    return repr(took.total_seconds())


def _as_they_are(rows: Sequence[_Row]) -> _Made:
    return [(row.line, _cells(row, row["value"])) for row in rows], []


def _preferences(rows: Sequence[_Row]) -> _Made:
    """A win, a loss or half each for the two systems of every page."""
    made, graded = [], 0
    for row in rows:
        share = ("", "")
        if row["value"]:
            said = float(row["value"])
            graded += said not in (0.0, 50.0, 100.0)
            share = ("1", "0") if said > 50 else ("0", "1") if said < 50 else ("0.5", "0.5")
        first = {"A": "1", "B": "2"}.get(row["shown_label"], "")
        second = {"1": "2", "2": "1"}.get(first, "")
        made.append((row.line, _cells(row, share[0], position=first)))
        other = _cells(row, share[1], system=row["other"], position=second)
        other[-2] = ""  # the export says only of the first how long it was heard
        made.append((row.line, other))
    if not graded:
        return made, []
    return made, [f"{graded} answers say how strongly; the analysis uses which was preferred."]


def _right_or_wrong(rows: Sequence[_Row]) -> _Made:
    made = []
    for row in rows:
        value = repr(float(row["value"]) / 100) if row["value"] else ""
        both = f"{row['system']} / {row['other']}"
        made.append((row.line, _cells(row, value, system=both, position="")))
    return made, []


def _difference_grades(rows: Sequence[_Row]) -> _Made:
    """The grade of the system less that of the hidden reference on the same page (BS.1116-3)."""
    made = []
    for _, page in groupby(rows, key=lambda row: (row["session"], row["page"])):
        both = {row["role"] == "reference": row for row in page}
        if len(both) < 2:
            continue
        hidden, row = both[True], both[False]
        known = row["value"] and hidden["value"]
        grade = repr(round(float(row["value"]) - float(hidden["value"]), 6)) if known else ""
        made.append((row.line, _cells(row, grade)))
    return made, ["Values are difference grades: the system's less the hidden reference's."]


def _comparisons(rows: Sequence[_Row]) -> _Made:
    """The value against the reference as it is; among systems, each one's mean over the others."""
    if len({row["other"] for row in rows}) == 1:
        against = rows[0]["other"]
        made = [(row.line, _cells(row, row["value"], position=_place_of_pair(row))) for row in rows]
        return made, [f"Values compare each system with {against!r}; 0 is no difference."]
    values: dict[_Cell, list[float]] = {}
    first: dict[_Cell, _Row] = {}
    for row in rows:
        for system, sign in ((row["system"], 1), (row["other"], -1)):
            key = (row["session"], row["passage"], system, row["question"], row["repeat"])
            first.setdefault(key, row)
            if row["value"]:
                values.setdefault(key, []).append(sign * float(row["value"]))
    made = []
    for cell, row in first.items():
        mine = values.get(cell, [])
        mean = repr(sum(mine) / len(mine)) if mine else ""
        cells = _cells(row, mean, system=cell[2], position="")
        cells[-2] = ""
        made.append((row.line, cells))
    return made, ["Values are each system's mean comparison with the others of its passage."]


def _place_of_pair(row: _Row) -> str:
    return {"A": "1", "B": "2"}.get(row["shown_label"], "")


def _turned_ranks(rows: Sequence[_Row]) -> _Made:
    top = _most_on_a_page(rows) + 1
    made = [
        (row.line, _cells(row, repr(top - float(row["value"])) if row["value"] else ""))
        for row in rows
    ]
    return made, [f"Ranks are turned round, so that {top - 1} is best and 1 is worst."]


def _most_on_a_page(rows: Sequence[_Row]) -> int:
    counts: dict[tuple[str, str], int] = {}
    for row in rows:
        page = row["session"], row["page"]
        counts[page] = counts.get(page, 0) + 1
    return max(counts.values())


_BY_KIND: Mapping[str, Callable[[Sequence[_Row]], _Made]] = {
    "ab": _preferences,
    "pairwise": _preferences,
    "abx": _right_or_wrong,
    "bs1116": _difference_grades,
    "ccr": _comparisons,
    "rank": _turned_ranks,
}
