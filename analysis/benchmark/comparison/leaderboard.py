"""One table of the systems of many runs, ranked over the songs that the first run names.

Every system of every run is an entry; of entries with the very same renders the one with most
scores stays, the first of equals.
Songs are matched by content, so that runs of other folders and benchmarks take part where they have
all of the songs. Who lacks one is listed and not ranked.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np

from ....evaluation.results.runs import all_runs
from ....evaluation.results.store import Store
from ....models.errors import UserError
from ..ranking.comparisons import Floats, compare
from ..ranking.ranks import Ranking, pairs_of, rank
from ..result.columns import COSTS, Column
from ..result.finding import DECISIVE
from .compare import Sought, sought_column
from .matching import match_songs
from .sides import Side, read_side


@dataclass(frozen=True)
class Entry:
    """A system of a run; ``name`` is unique on the board. ``songs`` counts those it has."""

    name: str
    system: str
    run: str
    folder: str
    songs: int
    parameters: int | None
    step: int | None


@dataclass(frozen=True)
class Board:
    """The ranking in one metric; ``entries`` by name, ``partial`` lack songs."""

    column: Column
    variant: str
    ranking: Ranking
    entries: tuple[Entry, ...]
    partial: tuple[Entry, ...]

    def entry(self, name: str) -> Entry:
        """The entry of that name."""
        return next(one for one in self.entries if one.name == name)


@dataclass(frozen=True)
class Leaderboard:
    """A board per metric, over ``songs`` songs of the first side."""

    sides: tuple[Side, ...]
    songs: int
    boards: tuple[Board, ...]
    notes: tuple[str, ...]

    @property
    def simulated(self) -> bool:
        """Whether any song is."""
        return any(side.simulated for side in self.sides)


def leaderboard(
    said: Sequence[str],
    results: Path,
    metrics: Sequence[Sought] = (),
    benchmark: str | None = None,
) -> Leaderboard:
    """Rank the systems of the runs that the texts name, by default of all kept ones in ``results``.

    Raises:
        UserError: if one is not there, or names a system, or the metric is not the first run's.
    """
    texts = list(said) or _kept(results, benchmark)
    sides = tuple(read_side(text, results, benchmark) for text in texts)
    for side in sides:
        if side.system is not None:
            raise UserError(
                f"{side.said!r}: is a system; a leaderboard takes runs: @RUN, FOLDER or FOLDER@RUN"
            )
    first = sides[0]
    chosen = [sought_column(first, one) for one in metrics] or [_decisive(first)]
    entries = _entries(sides)
    boards, notes = [], []
    for column, variant in chosen:
        board, left = _board(first, entries, column, variant)
        boards.append(board)
        notes += left
    return Leaderboard(sides, len(first.songs), tuple(boards), tuple(dict.fromkeys(notes)))


def _kept(results: Path, benchmark: str | None) -> list[str]:
    with Store(results, create=False) as store:
        found = [f"@{run.number}" for run in all_runs(store, benchmark) if run.kept]
    if not found:
        raise UserError(f"{results}: holds no run that kept what it used; run a benchmark first")
    return found


def _decisive(side: Side) -> tuple[Column, str]:
    known = {column.metric: column for column in reversed(side.columns)}
    for metric in DECISIVE:
        if metric in known:
            return known[metric], known[metric].variants[0]
    for column in side.headline:
        if column.better != "none" and column.metric not in (*COSTS, "parameters"):
            return column, column.variants[0]
    raise UserError(
        f"{side.said!r}: has no metric of sound with a better direction; name what to rank by with "
        "--metric"
    )


def _entries(sides: Sequence[Side]) -> list[tuple[str, Side, str]]:
    """Name, side and system of each entry; of those with equal renders the one with most scores."""
    found: dict[object, tuple[Side, str]] = {}
    for side in sides:
        for system in side.competing:
            renders = frozenset(key for (_, name), key in side.renders.items() if name == system)
            # Who has no render is equal to nobody.
            same: object = renders or (side.said, system)
            if same not in found or _scores(side, system) > _scores(*found[same]):
                found[same] = side, system
    return _named(list(found.values()), sides)


def _scores(side: Side, system: str) -> int:
    at = side.values.systems.index(system)
    return sum(int(np.isfinite(table[:, at]).sum()) for table in side.values.tables.values())


def _named(found: Sequence[tuple[Side, str]], sides: Sequence[Side]) -> list[tuple[str, Side, str]]:
    """A name for each that no other has: with its run, and its folder where there are several."""
    counts = Counter(system for _, system in found)
    folders = {side.folder.resolve() for side in sides}
    alike = len({folder.name for folder in folders}) < len(folders)
    named: dict[str, tuple[Side, str]] = {}
    for side, system in found:
        name = system
        if counts[system] > 1:
            folder = str(side.folder) if alike else side.folder.name
            name = f"{system} ({', '.join([folder] * (len(folders) > 1) + [side.run])})"
        named[_unlike(name, named)] = side, system
    return [(name, *one) for name, one in named.items()]


def _unlike(name: str, taken: Mapping[str, object]) -> str:
    tries = (name if number == 1 else f"{name} #{number}" for number in count(1))
    return next(one for one in tries if one not in taken)


def _board(
    first: Side, entries: Sequence[tuple[str, Side, str]], column: Column, variant: str
) -> tuple[Board, list[str]]:
    rows: dict[str, Floats] = {}
    made: list[Entry] = []
    notes = []
    key = (column.metric, column.parameters)
    for name, side, system in entries:
        own = next((c for c in side.columns if (c.metric, c.parameters) == key), None)
        if own is None or variant not in own.variants:
            notes.append(f"{side.said} has no {column.label}")
            continue
        if side.made_by.get(key) != first.made_by.get(key):
            notes.append(f"{side.said} has {column.label} of another version or code")
            continue
        values = np.full(len(first.songs), np.nan)
        place = {song: at for at, song in enumerate(first.songs)}
        their_place = {song: at for at, song in enumerate(side.songs)}
        theirs = side.values.of(own.id, variant, system)
        for song, other in match_songs(first.songs, side.songs).pairs:
            values[place[song]] = theirs[their_place[other]]
        rows[name] = np.abs(values) if column.better == "zero" else values
        made.append(
            Entry(
                name,
                system,
                side.run,
                str(side.folder),
                int(np.isfinite(values).sum()),
                *side.about.get(system, (None, None)),
            )
        )
    wanted = np.zeros(len(first.songs), dtype=bool)
    for values in rows.values():
        wanted |= np.isfinite(values)
    whole = [name for name, values in rows.items() if np.isfinite(values[wanted]).all()]
    table = np.array([rows[name] for name in whole]).reshape(len(whole), len(first.songs)).T
    family = compare(table, pairs_of(len(whole)), first.seed)
    ranking = rank(table, whole, family, column.better, first.seed)
    partial = tuple(one for one in made if one.name not in whole)
    return Board(column, variant, ranking, tuple(made), partial), notes
