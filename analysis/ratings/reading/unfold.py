"""From files to ratings, one a row: each file by the reader of its layout, then joined.

Readers are tried from the most particular layout to the most general. Of several files, those that
hold no ratings are told and left; the others must have one layout.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from ....models.errors import UserError
from .layouts import (
    dallinger,
    golisten,
    jspsych,
    listen_and_rate,
    long,
    matrix,
    netflix,
    pymushra,
    sureal,
    votes,
    waet,
    webmushra,
    wide,
)
from .layouts.contract import Hints, NoRatingsError, UnfinishedError, Unfolded, short, stop
from .tables import json_values, lists, personal
from .tables.documents import Document, Json, Row, TextTable, Tree
from .tables.roles import RatingsColumn, UnknownColumnError, declared_column
from .tables.sources import RatingSource, documents

_TOOLS = (golisten.read, webmushra.read, pymushra.read, listen_and_rate.read, jspsych.read)
_OF_JSON = (pymushra.read, sureal.read, jspsych.read, dallinger.read)
# What leaves one of several files or sheets aside.
_LEFT = (NoRatingsError, UnknownColumnError)
_OF_XML = (waet.read, netflix.read)


@dataclass(frozen=True)
class Joined:
    """The ratings of all files: one table, where each row is from, and what was left.

    ``starts`` are the numbers before the first line of each file; the number of a row is that plus
    its line, so that in one file it is its line. ``beside`` are tables without ratings, which may
    say who took part.
    """

    unfolded: Unfolded
    files: tuple[RatingSource, ...]
    starts: tuple[int, ...]
    notes: tuple[str, ...] = ()
    beside: tuple[TextTable, ...] = ()

    def file_of(self, number: int) -> int:
        """The index of the file that a row is from."""
        return max(bisect_right(self.starts, number - 1) - 1, 0)

    def place(self, number: int) -> str:
        """A row as messages name it: file and line."""
        at = self.file_of(number)
        line = number - self.starts[at]
        return f"{self.files[at].place}:{line}" if line > 0 else self.files[at].place


def joined(sources: Sequence[RatingSource], told: Hints, *, tools: bool = True) -> Joined:
    """The ratings of files as one table; without ``tools`` every table is read as a plain one.

    Raises:
        UserError: one line, if a file cannot be read or understood, or layouts differ.
    """
    found: list[tuple[RatingSource, Unfolded]] = []
    left: list[tuple[RatingSource, UserError]] = []
    beside: list[TextTable] = []
    maps: list[tuple[str, Mapping[str, str]]] = []
    for source in sources:
        inside = documents(source)
        try:
            found.append((source, _of_file(source, inside, told, tools=tools)))
        except _LEFT as error:
            if len(sources) == 1:
                raise
            left.append((source, error))
            beside += [one for one in inside if isinstance(one, TextTable)]
            maps += [(source.name, found_map) for one in inside if (found_map := _map_in(one))]
    if not found:
        raise left[0][1]
    layouts = list(dict.fromkeys(one.layout for _, one in found))
    if len(layouts) > 1:
        examples = [next(s.name for s, one in found if one.layout == name) for name in layouts]
        said = " and ".join(f"{n} ({e})" for n, e in zip(layouts[:3], examples[:3], strict=False))
        raise stop(
            f"{len(found)} files", f"hold ratings in several layouts: {said}",
            "give the files of one of them",
        )  # fmt: skip
    unfolded, starts = _one_table([one for _, one in found])
    return Joined(
        unfolded,
        tuple(source for source, _ in found),
        starts,
        (*_told_of_left(left), *_told_of_maps(maps, unfolded)),
        tuple(beside),
    )


def _of_file(
    source: RatingSource, inside: Sequence[Document], told: Hints, *, tools: bool
) -> Unfolded:
    if len(inside) == 1 and not (isinstance(inside[0], TextTable) and inside[0].sheet):
        return _of_document(inside[0], told, tools=tools)
    sheets = [one for one in inside if isinstance(one, TextTable)]
    if told.sheet:
        mine = [one for one in sheets if one.sheet == told.sheet]
        if not mine:
            names = personal.names([one.sheet for one in sheets])
            raise stop(source.place, f"no sheet is named {told.sheet!r}; sheets are {names}")
        return _of_document(mine[0], told, tools=tools)
    found: list[tuple[str, Unfolded]] = []
    without: list[tuple[str, UserError]] = []
    for sheet in sheets:
        try:
            found.append((sheet.sheet, _of_document(sheet, told, tools=tools)))
        except _LEFT as error:
            without.append((sheet.sheet, error))
    if not found:
        raise without[0][1] if without else NoRatingsError(f"{source.place}: has no sheet")
    if len(found) > 1:
        raise stop(
            source.place,
            f"{len(found)} sheets hold ratings: {personal.names([name for name, _ in found])}",
            "choose one with --sheet NAME",
        )
    note = f"Sheet {found[0][0]!r} is read" + (
        f"; without ratings: {personal.names([name for name, _ in without])}." if without else "."
    )
    return replace(found[0][1], notes=(note, *found[0][1].notes))


def _of_document(document: Document, told: Hints, *, tools: bool) -> Unfolded:
    if isinstance(document, Tree):
        for read in _OF_XML:
            if (made := read(document, told)) is not None:
                return made
        raise NoRatingsError(
            f"{document.place}: is XML with the root {personal.shown(document.root.tag)}, which is "
            "no file of WAET or of Netflix's listening-test app"
        )
    if isinstance(document, Json):
        for of_json in _OF_JSON if tools else ():
            if (made := of_json(document, told)) is not None:
                return made
        records = json_values.records(document.value)
        if records is None:
            raise NoRatingsError(
                f"{document.place}: holds no ratings in a layout that is known; a list of objects "
                "is, one for each rating"
            )
        return _of_table(_some_rows(json_values.table(records, document.place), told), told)
    if not document.rows:
        raise NoRatingsError(
            f"{document.place}: holds no ratings; a header and one rating per row are needed"
        )
    table = _some_rows(document, told)
    for of_table in _TOOLS if tools else ():
        if (made := of_table(table, told)) is not None:
            return made
    return _of_table(table, told)


def _of_table(table: TextTable, told: Hints) -> Unfolded:
    table = lists.unfolded(_without_title(table))
    readers: tuple[Callable[[TextTable, Hints], Unfolded | None], ...] = (
        matrix.read,
        votes.read,
        wide.read,
    )
    for read in readers:
        if (made := read(table, told)) is not None:
            return made
    return long.read(table, told)


def _without_title(table: TextTable) -> TextTable:
    """The table from its header on: titles and comments above it are told and left."""
    rows = table.rows
    start = 0
    while len(rows) - start > 2 and _is_title(rows[start][1], rows[start + 1][1]):
        start += 1
    if not start:
        return table
    note = (
        f"Above the header: {start} row{'s' if start > 1 else ''} of a title or comment, left out."
    )
    return replace(table, rows=rows[start:], notes=(*table.notes, note))


def _is_title(row: Sequence[str], after: Sequence[str]) -> bool:
    """Whether a row is a comment, or one cell above rows of more."""
    if row and row[0].lstrip().startswith("#"):
        return True
    filled = sum(bool(cell.strip()) for cell in row)
    return filled == 1 and sum(bool(cell.strip()) for cell in after) > 1


def _some_rows(table: TextTable, told: Hints) -> TextTable:
    """The rows with the values that the user asked for alone."""
    rows = table.rows
    for title, wanted in told.where:
        at = declared_column(table.header, title, "where", f"{table.place}:{table.line}")
        kept = [row for row in rows[1:] if at < len(row[1]) and row[1][at].strip() == wanted]
        if not kept:
            raise stop(table.place, f"no row has {title!r} = {wanted!r} (--where)")
        note = f"{len(rows) - 1 - len(kept)} rows with another {title!r} than {wanted!r} left out."
        table = replace(table, notes=(*table.notes, note))
        rows = (rows[0], *kept)
    return replace(table, rows=rows) if told.where else table


def _one_table(found: Sequence[Unfolded]) -> tuple[Unfolded, tuple[int, ...]]:
    """All rows under one header; a column that a file lacks is empty in its rows."""
    first = found[0]
    if len(found) == 1:
        return first, (0,)
    header = list(dict.fromkeys(title for one in found for title in one.header))
    alike = all(one.header == first.header for one in found)
    roles: dict[str, int] = {}
    for one in found:
        for role, at in one.columns.items():
            title = one.header[at]
            if roles.setdefault(role, header.index(title)) != header.index(title):
                raise stop(
                    f"{len(found)} files",
                    f"name the {role} otherwise: {header[roles[role]]!r} and {title!r}",
                    f"read them one by one with --{role} COLUMN",
                )
    unique = len(set(header)) == len(header) and all(
        len(set(o.header)) == len(o.header) for o in found
    )
    if not alike and not unique:
        raise stop(f"{len(found)} files", "have several columns of one name, in another order")
    starts, rows, start = [], list[Row](), 0
    for one in found:
        starts.append(start)
        place = [one.header.index(t) if t in one.header else -1 for t in header]
        for line, row in one.rows:
            cells = row if alike else [row[at] if at >= 0 else "" for at in place]
            rows.append((start + line, cells))
        start = max((number for number, _ in rows), default=start) + 1
    unknown = {header.index(one.header[at]) for one in found for at in one.unknown}
    whole = replace(
        first,
        header=tuple(header),
        columns=first.columns if alike else roles,
        rows=tuple(rows),
        notes=_counted_notes(found),
        unknown=tuple(sorted(unknown - set(roles.values()))),
    )
    return whole, tuple(starts)


def _counted_notes(found: Sequence[Unfolded]) -> tuple[str, ...]:
    notes = Counter(note for one in found for note in one.notes)
    return tuple(
        note if count == 1 or count == len(found) else f"{note} (in {count} files)"
        for note, count in notes.items()
    )


def _told_of_left(left: Sequence[tuple[RatingSource, UserError]]) -> list[str]:
    unfinished = [s.name for s, error in left if isinstance(error, UnfinishedError)]
    without = [s.name for s, error in left if not isinstance(error, UnfinishedError)]
    notes = []
    if unfinished:
        many = "session is" if len(unfinished) == 1 else "sessions are"
        notes.append(f"{len(unfinished)} unfinished {many} left out; --unfinished keeps them.")
    if without:
        many = "file holds" if len(without) == 1 else "files hold"
        notes.append(f"{len(without)} {many} no ratings: {personal.names(without, 4)}.")
    return notes


def _map_in(document: Document) -> Mapping[str, str] | None:
    """Names for names, as a JSON file may keep labels of systems; None for anything else."""
    value = document.value if isinstance(document, Json) else None
    if not isinstance(value, Mapping) or not all(isinstance(one, str) for one in value.values()):
        return None
    return value


def _told_of_maps(maps: Sequence[tuple[str, Mapping[str, str]]], found: Unfolded) -> list[str]:
    at = found.columns.get(RatingsColumn.SYSTEM)
    if at is None or not maps:
        return []
    systems = {row[at].strip() for _, row in found.rows}
    return [
        f"{name} has labels for {len(systems & set(labels))} systems; they are not used."
        for name, labels in maps
        if systems & set(labels)
    ]


def many(sources: Sequence[RatingSource]) -> str:
    """What a report calls the files."""
    names = [source.name for source in sources]
    return names[0] if len(names) == 1 else f"{len(names)} files: {', '.join(names[:3])}" + (
        ", …" if len(names) > 3 else ""
    )  # fmt: skip


def refuse(sources: Sequence[RatingSource], what: str) -> UserError:
    """The refusal of several files of which one must be alone."""
    return stop(short(sources[0].place), f"{what}; give it alone")
