"""Which renders a benchmark consists of, and which of them are there already."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ...models.errors import UserError
from ...models.systems.contract import NoOptions, SystemSpec
from ..benchmark.file import REFERENCE, Benchmark
from ..songs.song import Song
from .render import RenderTask, read_render, render_key

MIX = SystemSpec("unprocessed", "unprocessed", NoOptions())


@dataclass(frozen=True)
class Plan:
    """The units of a benchmark, system by system.

    ``placements`` says which render stands for (song, system). ``mixes`` and ``references`` hold
    each song's excerpted mix and reference, which scores and reports need even where neither is
    a row of the table. ``failures`` are units whose identity cannot be told, with the reason.
    """

    tasks: tuple[RenderTask, ...]
    placements: Mapping[tuple[str, str], str]
    mixes: Mapping[str, str]
    references: Mapping[str, str]
    failures: Mapping[tuple[str, str], str]

    @property
    def done(self) -> tuple[RenderTask, ...]:
        """The units whose render is there, whole."""
        return tuple(task for task in self.tasks if read_render(task) is not None)

    @property
    def todo(self) -> tuple[RenderTask, ...]:
        """The units that are still to be rendered."""
        return tuple(task for task in self.tasks if read_render(task) is None)


def plan(benchmark: Benchmark, results: Path, device: str, songs: tuple[Song, ...]) -> Plan:
    """The plan for those ``songs`` of the benchmark that passed the checks."""
    tasks: dict[str, RenderTask] = {}
    placements: dict[tuple[str, str], str] = {}
    mixes: dict[str, str] = {}
    references: dict[str, str] = {}
    failures: dict[tuple[str, str], str] = {}

    def add(song: Song, system: SystemSpec) -> str | None:
        try:
            key = render_key(system, song, benchmark.excerpt, benchmark.sample_rate, device)
        except UserError as error:
            failures[song.id, system.name] = str(error)
            return None
        if key not in tasks:
            tasks[key] = RenderTask(
                key, song, system, benchmark.excerpt, benchmark.sample_rate, device, results
            )
        return key

    for system in benchmark.systems:
        for song in songs:
            key = add(song, system)
            if key is not None:
                placements[song.id, system.name] = key
    for song in songs:
        if (key := add(song, MIX)) is not None:
            mixes[song.id] = key
        if song.reference is not None and (key := add(song, REFERENCE)) is not None:
            references[song.id] = key
    return Plan(tuple(tasks.values()), placements, mixes, references, failures)
