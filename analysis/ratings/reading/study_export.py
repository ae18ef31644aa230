"""Reads the ratings that a study of Earmark exports: each kind of test as its analysis wants it.

The rows are those of ``listening_test.export.TidyRow``. Which sessions count is decided here; what
a value means is the kind's own matter (:mod:`....listening_test.kinds.for_analysis`). A study read
directly and its export take this one path, so they cannot differ.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

from ....evaluation.results.spreadsheet_csv import unguarded
from ....listening_test.kinds import Kind, named
from ....listening_test.kinds.for_analysis import COLUMNS, ExportRow, Value
from ....models.configuration import nearest
from ....models.errors import UserError
from .scales import Scale, declared_scale

SESSIONS = ("real", "pilot", "SIMULATED", "preview")
# Roles of the table that comes out, in the order of its cells.
ROLES = ("listener", "passage", "system", "question", "value", "page", "position")
_MORE = ("seconds", "listened", "repeat")
BLOCK = "block"  # the column that only the export of a sequence has


@dataclass(frozen=True)
class Which:
    """Which sessions are analysed: of one sort (``SESSIONS``), complete ones or also others.

    ``block`` names the block of a sequence; others are left out.
    """

    sessions: str = "real"
    unfinished: bool = False
    block: str = ""


@dataclass(frozen=True)
class Origin:
    """What an export says of its study: the kind of test, the sessions read, the roles.

    ``master`` is the reference among what was rated. ``abx`` says that ratings are right (1) or
    wrong (0) answers, ``pairs`` that a page is a preference between two systems.
    """

    study: str
    kind: str
    sessions: str
    reference: str | None = None
    anchors: tuple[str, ...] = ()
    baseline: str | None = None
    master: str | None = None
    abx: bool = False
    pairs: bool = False
    block: str = ""


@dataclass(frozen=True)
class Exported:
    """Rows ``(line, cells)`` by :data:`ROLES`, where they come from, the scale, and warnings."""

    rows: list[tuple[int, list[str]]]
    columns: Mapping[str, int]
    origin: Origin
    scale: Scale | None
    warnings: tuple[str, ...]


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
    rows, others = _of_block(header, rows, place, which)
    everything = [_row(line, cells, at, len(header), place) for line, cells in rows]
    kept, left_out = _chosen(everything, which, place)
    left_out += others
    studies = sorted({(row.study, row.kind) for row in kept})
    if len(studies) > 1:
        named = ", ".join(f"{study!r} ({kind})" for study, kind in studies)
        raise UserError(f"{place}: holds several studies: {named}; analyse each by itself")
    ((study, name),) = studies
    kind = _kind(name, place)
    values, notes = kind.for_analysis.rows(kept)
    made = [(one.row.line, _cells(one)) for one in values]
    rated = {one.system or one.row.system for one in values if one.value is not None}
    origin = replace(_origin(study, kind, which.sessions, kept, rated), block=which.block)
    names = [*ROLES, *_MORE]
    if origin.pairs:
        names.remove("repeat")  # a system meets several others, which is no repeat
        made = [(line, cells[:-1]) for line, cells in made]
    return Exported(
        rows=made,
        columns={name: index for index, name in enumerate(names)},
        origin=origin,
        scale=_scale(kind, kept),
        warnings=(*left_out, *notes),
    )


def _of_block(
    header: Sequence[str], rows: Iterable[tuple[int, list[str]]], place: str, which: Which
) -> tuple[list[tuple[int, list[str]]], list[str]]:
    """The rows of the block that is asked for: what blocks ask is never analysed together."""
    rows = list(rows)
    if BLOCK not in header:
        if which.block:
            raise UserError(f"{place}: is no sequence of blocks; leave --block {which.block!r} out")
        return rows, []
    at, kind, part = (header.index(name) for name in (BLOCK, "kind", "part"))
    blocks: dict[str, str] = {}
    for _, cells in rows:
        if len(cells) == len(header) and cells[part] == "main":
            blocks.setdefault(unguarded(cells[at]), cells[kind])
    if not which.block and len(blocks) > 1:
        raise UserError(f"{place}: {several(blocks)}")
    chosen = which.block or next(iter(blocks), "")
    if chosen not in blocks:
        raise UserError(f"{place}: {unknown_block(chosen, list(blocks))}")
    mine = [one for one in rows if len(one[1]) != len(header) or unguarded(one[1][at]) == chosen]
    others = [f"{name!r} ({sort})" for name, sort in blocks.items() if name != chosen]
    return mine, [f"Other blocks of the sequence: {', '.join(others)}."] if others else []


def several(blocks: Mapping[str, str]) -> str:
    """What is said where one block has to be chosen; ``blocks`` are their kinds by name."""
    named = ", ".join(f"{name!r} ({kind})" for name, kind in blocks.items())
    example = next(iter(blocks))
    return (
        f"holds {len(blocks)} blocks of pages: {named}; each is analysed by itself: "
        f"--block {example!r}"
    )


def unknown_block(name: str, known: Sequence[str]) -> str:
    """What is said of a block that is not there."""
    return f"has no ratings of a block {name!r}{nearest(name, known)}"


def _kind(name: str, place: str) -> Kind:
    try:
        return named(name)
    except UserError as error:
        raise UserError(
            f"{place}: {error}; where a plug-in adds it, name its file with --plugin FILE.py"
        ) from None


def _row(line: int, cells: list[str], at: Mapping[str, int], width: int, place: str) -> ExportRow:
    if len(cells) != width:
        raise UserError(
            f"{place}:{line}: {len(cells)} cells where the header has {width}; export it again"
        )
    row = ExportRow(line, **{name: unguarded(cells[index]) for name, index in at.items()})
    for name, said in (("value", row.value), ("page", row.page)):
        try:
            float(said or 0)
        except ValueError:
            raise UserError(f"{place}:{line}: {name} {said!r} is not a number") from None
    return row


def _chosen(rows: list[ExportRow], which: Which, place: str) -> tuple[list[ExportRow], list[str]]:
    states = ("complete", "open", "paused") if which.unfinished else ("complete",)
    kept, gone = [], dict[str, set[str]]()
    practice = 0
    for row in rows:
        if row.counts_as != which.sessions:
            gone.setdefault(row.counts_as, set()).add(row.session)
        elif row.session_state not in states:
            gone.setdefault(row.session_state, set()).add(row.session)
        elif row.part != "main":
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
        count = len({row.session for row in kept if row.session_state != "complete"})
        notes.append(f"{count} sessions that are not complete are analysed too.")
    return kept, notes


def _origin(
    study: str, kind: Kind, sessions: str, rows: Sequence[ExportRow], rated: Set[str]
) -> Origin:
    roles = {row.system: row.role for row in rows}
    references = [name for name, role in roles.items() if role == "reference"]
    reference, form = (references[0] if references else None), kind.for_analysis
    against = reference if form.reference_is_baseline and not form.held_against else None
    return Origin(
        study,
        kind.name,
        sessions,
        reference=reference if form.held_against else None,
        anchors=tuple(sorted(name for name, role in roles.items() if role == "anchor")),
        baseline=against,
        master=reference if reference in rated and not form.right_or_wrong else None,
        abx=form.right_or_wrong,
        pairs=form.meets_others,
    )


def _scale(kind: Kind, rows: Sequence[ExportRow]) -> Scale | None:
    found = kind.for_analysis.range_of(rows)
    if found is None:
        return None
    low, high, name = found
    return replace(declared_scale(low, high), origin=f"that of {kind.name}", name=name)


def _cells(one: Value) -> list[str]:
    row, value = one.row, one.value
    return [
        *(row.session, row.passage, one.system or row.system, row.question),
        "" if value is None else value if isinstance(value, str) else repr(float(value)),
        row.page,
        row.shown_position if one.position is None else one.position,
        _seconds(row.page_first_at, row.page_done_at),
        *(row.listened_seconds if one.heard else "", row.repeat),
    ]


@lru_cache(maxsize=4096)
def _seconds(begun: str, ended: str) -> str:
    if not begun or not ended:
        return ""
    try:
        took = datetime.fromisoformat(ended) - datetime.fromisoformat(begun)
    except ValueError:
        return ""
    # A clock that was set back while an early version took it down lasts no negative time.
    return repr(max(0.0, took.total_seconds()))
