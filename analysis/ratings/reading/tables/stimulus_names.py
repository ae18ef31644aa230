"""Stimuli that are called by their files: the passage and the system in their names."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from . import personal
from .documents import Row, TextTable
from .grids import Grid, by_pattern, split
from .roles import RatingsColumn

_FILE = re.compile(r".+\.(wav|flac|mp3|ogg|opus|m4a|aac|aif|aiff|mp4|webm)", re.IGNORECASE)
_MOST_NAMES = 500
_JOINTS = "_-. /"


def less_system(passages: Sequence[str], systems: Sequence[str]) -> list[str] | None:
    """Passages less the system that each of them holds in its name; None where one does not.

    ``ballad_tcn.wav`` of the system tcn is ``ballad``.
    """
    found = []
    called = _called(list(dict.fromkeys(passages)))
    for passage, system in zip(passages, systems, strict=True):
        name = called[passage]
        parts = [re.escape(part) for part in (system, *_JOINTS)]
        joint = f"[{''.join(parts[1:])}]"
        less = re.sub(
            rf"{joint}+{parts[0]}$|^{parts[0]}{joint}+|(?<={joint}){parts[0]}{joint}", "", name
        )
        if less == name or not less:
            return None
        found.append(less)
    return found


def nested(passages: Sequence[str], systems: Sequence[str]) -> bool:
    """Whether every passage is heard of one system alone, of several that there are."""
    of: dict[str, set[str]] = {}
    for passage, system in zip(passages, systems, strict=True):
        of.setdefault(passage, set()).add(system)
    return len(set(systems)) > 1 and max((len(one) for one in of.values()), default=2) == 1


def parted(
    table: TextTable, columns: Mapping[str, int], pattern: str
) -> tuple[TextTable, dict[str, int], str] | None:
    """A table whose names of systems are parted into passage and system, with a note.

    ``pattern`` is how the user says that they are built; without one, names of files alone are
    parted, as other names may be those of systems. None where they do not part.
    """
    at = columns[RatingsColumn.SYSTEM]
    names = list(dict.fromkeys(row[at].strip() for _, row in table.body if at < len(row)))
    if not pattern and not all(_FILE.fullmatch(name) for name in names):
        return None
    if pattern:
        grid, called = by_pattern(names, pattern), {name: name for name in names}
    else:
        called = _called(names)
        grid = split(list(dict.fromkeys(called.values())))
    if grid is None or grid.others or grid.left:
        return None
    cells = {name: grid.cells[called[name]] for name in names}
    rows: list[Row] = [(table.line, [*table.header, "(passage)", "(system)"])]
    for line, row in table.body:
        more = cells.get(row[at].strip(), ("", "")) if at < len(row) else ("", "")
        rows.append((line, [*row, *more]))
    width = len(table.header)
    made = {**columns, RatingsColumn.PASSAGE.value: width, RatingsColumn.SYSTEM.value: width + 1}
    return replace(table, rows=tuple(rows)), made, _note(table.header[at], grid)


def could_part(table: TextTable, columns: Mapping[str, int]) -> str:
    """A note that names of systems look as if they held the passage too; '' where they do not."""
    at = columns[RatingsColumn.SYSTEM]
    names = list(dict.fromkeys(row[at].strip() for _, row in table.body if at < len(row)))
    grid = split(names) if 4 <= len(names) <= _MOST_NAMES else None
    if grid is None or grid.others or grid.left:
        return ""
    return (
        f"Names in {table.header[at]!r} are taken as systems of one passage; if they hold the "
        f"passage too, --names '{grid.pattern}' parts them."
    )


def _note(title: str, grid: Grid) -> str:
    return (
        f"Names in {title!r} were split as {grid.pattern}: passages "
        f"{personal.names(grid.passages, 4)}; systems {personal.names(grid.systems, 4)}."
    )


def _called(names: Sequence[str]) -> dict[str, str]:
    """Names of files less their ending and the folders that all share."""
    stems = {name: re.sub(r"\.\w+$", "", name.replace("\\", "/")) for name in names}
    folders = [stem.split("/")[:-1] for stem in stems.values()]
    shared = 0
    while all(len(one) > shared for one in folders) and len({one[shared] for one in folders}) == 1:
        shared += 1
    return {name: "/".join(stem.split("/")[shared:]) for name, stem in stems.items()}
