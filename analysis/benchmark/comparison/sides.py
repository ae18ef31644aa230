"""What a side of a comparison is: a text such as ``SYSTEM@RUN`` and the results that it names."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ....evaluation.results.metric_facts import read_facts
from ....evaluation.results.runs import latest_run, opened_at
from ....evaluation.results.store import Store
from ....models.configuration import nearest
from ....models.errors import UserError
from ..result import tables
from ..result.columns import Column, columns, headline
from ..result.summary import Values, competing_systems, tabulate

FORMS = "SYSTEM, SYSTEM@RUN, @RUN, a benchmark's name, or FOLDER[:SYSTEM][@RUN]"
_FILE = "results.sqlite"


@dataclass(frozen=True)
class SongContent:
    """What makes two songs one: the bytes of mix and reference, and the excerpt taken of them."""

    sha256: str
    reference_sha256: str | None
    start_seconds: float
    seconds: float
    sample_rate: int


@dataclass(frozen=True)
class Side:
    """One side of a comparison, read whole.

    ``system`` is the one that was named, None for all of ``systems``. ``made_by`` tells a metric's
    version and, for a plug-in's, its code. ``renders`` are keys by song and system, ``mixes`` and
    ``references`` keys by song.
    ``competing`` are the systems that can be ranked, ``about`` parameters and step of each.
    """

    said: str
    folder: Path
    benchmark: str
    run: str
    simulated: bool
    seed: int
    system: str | None
    systems: tuple[str, ...]
    songs: Mapping[str, SongContent]
    columns: tuple[Column, ...]
    headline: tuple[Column, ...]
    values: Values
    made_by: Mapping[tuple[str, str], tuple[int, str]]
    renders: Mapping[tuple[str, str], str]
    mixes: Mapping[str, str]
    references: Mapping[str, str]
    competing: tuple[str, ...]
    about: Mapping[str, tuple[int | None, int | None]]

    @property
    def title(self) -> str:
        """Where it comes from, in words."""
        return f"{self.benchmark}, {self.run}" if self.run else self.benchmark


def read_side(said: str, results: Path, benchmark: str | None = None) -> Side:
    """The side that ``said`` names, in the folder ``results`` unless it names another.

    Raises:
        UserError: if there is no such folder, benchmark, run or system.
    """
    folder, rest = _folder(said, results)
    with Store(folder, create=False) as store:
        known = store.benchmarks()
    for name, run in _readings(rest):
        chosen = benchmark
        wanted: str | None = name
        if name in known and not _has_system(folder, run, benchmark, name):
            chosen, wanted = name, None
        try:
            with opened_at(folder, run, chosen) as (store, title):
                side = _read(said, store, title, wanted or None)
        except UserError:
            if run is not None and name and (name, run) != _readings(rest)[-1]:
                continue
            raise
        if side is not None:
            return side
    with opened_at(folder, None, benchmark) as (store, title):
        names = list(tables.systems(store, title)["system"])
    near = nearest(rest, [*names, *known]).replace("; choose from", "; systems are")
    raise UserError(
        f"{said!r}: no system, run or benchmark of that name in {folder}{near}; a side is {FORMS}"
    )


def _folder(said: str, results: Path) -> tuple[Path, str]:
    """The results folder that a text begins with, and what follows it."""
    ends = [at for at, letter in enumerate(said) if letter in ":@"]
    for at in (*reversed(ends), len(said)):
        path = Path(said[:at])
        if said[:at] and (path / _FILE).is_file():
            return path, said[at:].removeprefix(":")
    return results, said


def _readings(rest: str) -> list[tuple[str, str | None]]:
    """A system and a run: the whole text may be a system's name, which may hold an @."""
    name, at, run = rest.rpartition("@")
    return [(rest, None), (name, run)] if at and run else [(rest, None)]


def _has_system(folder: Path, run: str | None, benchmark: str | None, name: str) -> bool:
    with opened_at(folder, run, benchmark) as (store, title):
        return name in set(tables.systems(store, title)["system"])


def _read(said: str, store: Store, benchmark: str, system: str | None) -> Side | None:
    frame = tables.systems(store, benchmark)
    names = tuple(str(name) for name in frame["system"])
    if system is not None and system not in names:
        system = _by_path(system, frame)
        if system is None:
            return None
    scores = tables.scores(store, benchmark)
    songs = tables.songs(store, benchmark)
    found = columns(scores, read_facts(store, benchmark))
    run = latest_run(store, benchmark)
    (about,) = store.rows("SELECT config, simulated FROM benchmark WHERE name = ?", (benchmark,))
    return Side(
        said,
        store.folder,
        benchmark,
        "" if run is None else run.title,
        bool(about["simulated"]),
        int(json.loads(about["config"]).get("seed") or 0),
        system,
        names,
        _contents(songs),
        found,
        headline(found),
        tabulate(scores, found, list(songs["song"]), names),
        _made_by(store, benchmark),
        {
            (str(row["song"]), str(row["system"])): str(row["key"])
            for row in tables.records(tables.renders(store, benchmark))
        },
        {str(row["song"]): row["mix_key"] for row in tables.records(songs) if row["mix_key"]},
        tables.reference_keys(store, benchmark),
        competing_systems(frame),
        {str(row["system"]): (row["parameters"], row["step"]) for row in tables.records(frame)},
    )


def _by_path(said: str, systems: pd.DataFrame) -> str | None:
    """The system whose checkpoint lies at the path ``said``.

    Raises:
        UserError: if several do, with other options.
    """
    path = Path(said)
    if not path.exists():
        return None
    found = []
    for name, options in zip(systems["system"], systems["options"], strict=True):
        own = options.get("path") if isinstance(options, Mapping) else None
        if own and Path(str(own)).resolve() == path.resolve():
            found.append(str(name))
    if len(found) > 1:
        raise UserError(f"{said!r}: is the checkpoint of {', '.join(found)}; name one of them")
    return found[0] if found else None


def _contents(songs: pd.DataFrame) -> dict[str, SongContent]:
    return {
        str(row["song"]): SongContent(
            str(row["sha256"]),
            row["reference_sha256"],
            float(row["start_seconds"]),
            float(row["seconds"]),
            int(row["sample_rate"]),
        )
        for row in tables.records(songs)
    }


def _made_by(store: Store, benchmark: str) -> dict[tuple[str, str], tuple[int, str]]:
    rows = store.rows(
        "SELECT metric, parameters, version, source FROM selection WHERE benchmark = ?",
        (benchmark,),
    )
    return {
        (row["metric"], row["parameters"]): (int(row["version"]), row["source"]) for row in rows
    }
