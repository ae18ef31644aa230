"""Reads ratings files of any tool: comma, semicolon or tab; BOM; decimal commas; ids as text.

Every cell is text until its column says otherwise: "007", "1e5" and "nan" are names of listeners,
not numbers. A rating that is not there (an empty cell, NA, NaN, null, None, -) is counted as
missing; one that cannot be read stops the reading with the file and line.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ....listening_test.kinds.for_analysis import COLUMNS
from ....models.errors import UserError
from .account import Account, account
from .layouts.contract import Form, Hints, ToolScale, Unfolded
from .people import JoinedPeople, of_listeners
from .rows import RatingRows
from .scales import Scale, declared_scale, few_steps, guessed_scale
from .study_export import Exported, Origin, Which, exported, is_exported
from .table import Ratings
from .tables import sources as files
from .tables import text
from .tables.documents import TextTable
from .tables.sources import RatingSource
from .unfold import Joined, joined, many, refuse

FORMATS = ("auto", "earmark", "csv")


@dataclass(frozen=True)
class RatingsFile:
    """A ratings file as read: the ratings and what there is to say of them.

    ``origin`` is what an export of a study says of itself; None for files of other tools.
    """

    name: str
    sha256: str
    format: str
    delimiter: str
    columns: Mapping[str, str]
    rows: int
    missing: int
    duplicates: int
    scales: Mapping[str, Scale]
    ratings: Ratings
    simulated: bool
    warnings: tuple[str, ...] = field(default=())
    origin: Origin | None = None
    account: Account | None = None
    converted: "Converted | None" = field(default=None, repr=False)
    people: tuple[JoinedPeople, ...] = ()

    @property
    def answers(self) -> bool:
        """Whether ratings are right (1) and wrong (0) answers."""
        return self.converted is not None and self.converted.unfolded.form is Form.ANSWERS

    @property
    def has_states(self) -> bool:
        """Whether the layout tells sessions that were not finished."""
        layout = self.converted.unfolded.layout if self.converted else ""
        return self.origin is not None or layout.startswith(("WAET", "Netflix"))


@dataclass(frozen=True)
class Converted:
    """The rows that ratings were made of, for writing them as a long table.

    ``dropped`` are the places of rows that were sent twice.
    """

    unfolded: Unfolded
    dropped: frozenset[int]


@dataclass(frozen=True)
class Reading:
    """How to read: the format, columns by role, the scale of every question, which sessions.

    ``format`` ``earmark`` asks for a study's export, ``csv`` for none; ``auto`` tells by the
    header. ``columns`` maps roles (listener, passage, system, value, question, …) to names.
    ``scale`` is the lowest and highest possible rating; by default it is inferred. ``which``
    chooses among the sessions of an export. ``told`` is what else the user says of the file;
    ``people`` are files about the listeners.
    """

    format: str = "auto"
    columns: Mapping[str, str] = field(default_factory=dict)
    scale: tuple[float, float] | None = None
    which: Which = field(default_factory=Which)
    told: Hints = field(default_factory=Hints)
    people: tuple[Path, ...] = ()


def read_ratings(path: Path, how: Reading | None = None) -> RatingsFile:
    """Read ratings from ``path``: a file in any layout that is known, or a folder of such files.

    Raises:
        UserError: one line with file and line, if the file cannot be read as ratings.
    """
    return read_files([path], how)


def read_files(paths: Sequence[Path], how: Reading | None = None) -> RatingsFile:
    """Read the ratings of files, folders and globs as those of one study.

    Raises:
        UserError: as :func:`read_ratings`.
    """
    found, notes = files.files_of(paths)
    sources = [files.source(path) for path in found]
    named = paths[0].name if len(paths) == 1 and len(sources) > 1 else ""
    return _read(sources, how or Reading(), named or many(sources), notes)


def ratings_in(data: bytes, name: str, place: str, how: Reading) -> RatingsFile:
    """The ratings in a file's bytes; ``name`` is shown in reports, ``place`` in messages.

    Raises:
        UserError: as :func:`read_ratings`.
    """
    return _read([RatingSource(place, name, data)], how, name, ())


def _read(
    sources: Sequence[RatingSource], how: Reading, name: str, notes: Sequence[str]
) -> RatingsFile:
    if how.format not in FORMATS:
        raise UserError(f"unknown format {how.format!r}; choose from {', '.join(FORMATS)}")
    own = [one for one in sources if _own_table(one, how)]
    if own and len(sources) > 1:
        raise refuse(own, "is the export of a study of Earmark")
    if own or how.format == "earmark":
        return _exported(sources[0], how)
    told = replace(
        how.told,
        columns={**how.told.columns, **how.columns},
        unfinished=how.told.unfinished or how.which.unfinished,
    )
    found = joined(sources, told, tools=how.format != "csv")
    return _made(found, how, name, notes)


def _own_table(source: RatingSource, how: Reading) -> bool:
    """Whether a file is read as the export of a study of Earmark."""
    if how.format == "csv" or how.columns or how.told.columns:
        return False
    start = source.data[:20_000]
    if start[:2] not in (b"\xff\xfe", b"\xfe\xff") and b"session" not in start:
        return False
    encoding = "utf-16" if start[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    first = start.decode(encoding, "ignore").lstrip("\r\n").split("\n", 1)[0]
    if "\0" in first:
        return False
    return is_exported([title.strip('" \r') for title in first.split(text.delimiter_of(first))])


def _exported(source: RatingSource, how: Reading) -> RatingsFile:
    """The ratings of a study's export."""
    place = source.place
    table = next((one for one in files.documents(source) if isinstance(one, TextTable)), None)
    if table is None or not table.rows:
        raise UserError(f"{place}: holds no ratings; a header and one rating per row are needed")
    if how.columns or not is_exported(table.header):
        lacking = [column for column in COLUMNS if column not in table.header]
        raise UserError(
            f"{place}:{table.line}: not an export of 'earmark study export'"
            + (f": lacks {', '.join(lacking)}" if lacking else "; name no columns for one")
        )
    export = exported(table.header, iter(table.body), place, how.which)
    origin = export.origin
    header = [""] * len(export.columns)
    for role, at in export.columns.items():
        header[at] = role
    unfolded = Unfolded(
        layout=f"export of an Earmark study, {origin.kind}",
        header=tuple(header),
        columns=export.columns,
        rows=tuple(export.rows),
        roles={role: role for role in export.columns} | {"listener": "session"},
    )
    return _of_export(Joined(unfolded, (source,), (0,)), how, export, table.delimiter)


def _of_export(found: Joined, how: Reading, export: Exported, delimiter: str) -> RatingsFile:
    origin = export.origin
    made = _made(found, how, found.files[0].name, (), export)
    return replace(
        made,
        format="earmark",
        delimiter=delimiter,
        simulated=made.simulated or origin.sessions == "SIMULATED",
        warnings=(*export.warnings, *made.warnings),
        origin=origin,
    )


def _made(
    found: Joined,
    how: Reading,
    name: str,
    notes: Sequence[str],
    export: Exported | None = None,
) -> RatingsFile:
    """The ratings of rows that were joined, with scales and the account."""
    unfolded = found.unfolded
    pairs = export is not None and export.origin.pairs
    table = RatingRows(found.place, unfolded, found.starts, meets_others=pairs)
    for line, row in unfolded.rows:
        table.add(line, row)
    coded = table.ratings(milliseconds=_in_milliseconds(unfolded))
    ratings, place = coded.ratings, found.files[0].place
    if not len(ratings):
        raise UserError(f"{place}: holds no rating: {table.missing} of {table.rows} are missing")
    scale = declared_scale(*how.scale) if how.scale else export.scale if export else None
    scales = _scales(ratings, scale or _of_tool(unfolded.scale), found)
    digests = [one.sha256 for one in found.files]
    people = of_listeners(how.people, found.beside, ratings.listeners)
    told = [*notes, *found.notes, *(note for one in people for note in one.notes)]
    rows = table.rows, table.missing, coded.duplicates
    return RatingsFile(
        name=name,
        sha256=digests[0] if len(digests) == 1 else _digest(digests),
        format="csv",
        delimiter=unfolded.delimiter,
        columns=dict(sorted(_named(unfolded).items())),
        rows=table.rows,
        missing=table.missing,
        duplicates=coded.duplicates,
        scales=scales,
        ratings=ratings,
        simulated=table.simulated,
        warnings=coded.warnings,
        account=account(unfolded, ratings, scales, [one.name for one in found.files], rows, told),
        converted=Converted(unfolded, coded.dropped),
        people=people,
    )


def _named(unfolded: Unfolded) -> dict[str, str]:
    """Role to the column that holds it; of other layouts, to where it is from."""
    named = {}
    for role, at in unfolded.columns.items():
        said = unfolded.roles.get(role, "")
        own = said in ("", f"column {unfolded.header[at]!r}")
        named[str(role)] = unfolded.header[at] if own else said
    return named


def _in_milliseconds(unfolded: Unfolded) -> bool:
    at = unfolded.columns.get("seconds")
    return at is not None and (
        unfolded.milliseconds or unfolded.header[at].strip() == "rating_time"
    )


def _of_tool(scale: ToolScale | None) -> Scale | None:
    if scale is None:
        return None
    return replace(declared_scale(scale.low, scale.high), origin=f"that of {scale.tool}")


def _digest(digests: Sequence[str]) -> str:
    """One digest of several files, which does not depend on their order."""
    return hashlib.sha256("\n".join(sorted(digests)).encode()).hexdigest()


def _scales(ratings: Ratings, declared: Scale | None, found: Joined) -> dict[str, Scale]:
    scales = {}
    for code, question in enumerate(ratings.questions):
        mine = ratings.question == code
        values, lines = ratings.value[mine], ratings.line[mine]
        if declared is not None:
            scale = replace(declared, ordinal=few_steps(values, declared.low, declared.high))
        else:
            scale = guessed_scale(values)
        scales[question] = scale
        outside = (values < scale.low) | (values > scale.high)
        if outside.any():
            row = int(np.flatnonzero(outside)[np.argmin(lines[outside])])
            raise UserError(
                f"{found.place(int(lines[row]))}: rating {values[row]:g} lies outside the scale "
                f"{scale.low:g} to {scale.high:g} ({scale.origin}); correct it, or declare the "
                "scale with --scale LOW HIGH"
            )
    return scales
