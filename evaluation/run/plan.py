"""Which renders a benchmark consists of, and which of them are there already."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from ...models.content_key import content_key
from ...models.errors import UserError
from ...models.systems.contract import READ, NoOptions, SystemSpec, kinds
from ..benchmark.file import REFERENCE, Benchmark
from ..results.store import render_path
from ..songs.song import Song
from .render import Render, RenderTask, read_notes, read_render, render_key

MIX = SystemSpec("unprocessed", "unprocessed", NoOptions())

Place = tuple[str, str]


@dataclass(frozen=True)
class Plan:
    """The units of a benchmark, system by system, and the renders that are there.

    ``placements`` says which render stands for (song, system). ``mixes`` and ``references`` hold
    each song's excerpted mix and reference, which scores and reports need even where neither is
    a row of the table. ``failures`` are units whose identity cannot be told, with the reason.
    ``renders`` holds what is on disk by key: each sidecar is read once, and again after its
    render was made (:meth:`look`). ``reread`` names, by system, the files that a command was seen
    to read and that have changed since.
    """

    tasks: tuple[RenderTask, ...]
    placements: Mapping[Place, str]
    mixes: Mapping[str, str]
    references: Mapping[str, str]
    failures: Mapping[Place, str]
    renders: dict[str, Render] = field(default_factory=dict)
    reread: Mapping[str, set[str]] = field(default_factory=dict)

    @property
    def done(self) -> tuple[RenderTask, ...]:
        """The units whose render is there, whole."""
        return tuple(task for task in self.tasks if task.key in self.renders)

    @property
    def lacking(self) -> tuple[RenderTask, ...]:
        """The units that are still to be rendered."""
        return tuple(task for task in self.tasks if task.key not in self.renders)

    def look(self, task: RenderTask) -> Render | None:
        """Read the render of a task from disk, and remember what is there."""
        found = read_render(task)
        if found is None:
            self.renders.pop(task.key, None)
        else:
            self.renders[task.key] = found
        return found

    def places(self, task: RenderTask) -> Sequence[Place]:
        """The (song, system) names that a render stands for; its own where it is no row."""
        return self._places.get(task.key) or [(task.song.id, task.system.name)]

    @cached_property
    def _places(self) -> Mapping[str, Sequence[Place]]:
        found: dict[str, list[Place]] = {}
        for place, key in self.placements.items():
            found.setdefault(key, []).append(place)
        return found


def plan(benchmark: Benchmark, results: Path, device: str, songs: tuple[Song, ...]) -> Plan:
    """The plan for those ``songs`` of the benchmark that passed the checks; sidecars are read."""
    tasks: dict[str, RenderTask] = {}
    placements: dict[Place, str] = {}
    mixes: dict[str, str] = {}
    references: dict[str, str] = {}
    failures: dict[Place, str] = {}
    reread: dict[str, set[str]] = {}
    identities: dict[int, str] = {}

    def add(song: Song, system: SystemSpec) -> str | None:
        try:
            key = render_key(system, song, benchmark.excerpt, benchmark.sample_rate, device)
            key, changed = _as_read(key, system, results)
        except UserError as error:
            failures[song.id, system.name] = str(error)
            return None
        reread.setdefault(system.name, set()).update(changed)
        # Not by name: a user's system may be called like the mix or the reference.
        if id(system) not in identities:
            identities[id(system)] = system.key
        if key not in tasks:
            tasks[key] = RenderTask(
                key,
                song,
                system,
                benchmark.excerpt,
                benchmark.sample_rate,
                device,
                results,
                identities[id(system)],
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
    found = Plan(tuple(tasks.values()), placements, mixes, references, failures, reread=reread)
    for task in found.tasks:
        found.look(task)
    return found


def _as_read(key: str, system: SystemSpec, results: Path) -> tuple[str, set[str]]:
    """The key of a render by what its system was seen to read, and the files that have changed.

    A file that has changed since a render was made makes another key, which may be there too: so
    one step follows the other until a render fits, or there is none.
    """
    reads = kinds()[system.kind].reads
    changed: set[str] = set()
    while reads is not None:
        before = read_notes(render_path(results, key)).get(READ) or {}
        current = reads(system.options, before)
        differing = {name for name, sha256 in before.items() if current[name] != sha256}
        if not differing:
            break
        changed |= differing
        key = content_key("read again", key, dict(current))
    return key, changed
