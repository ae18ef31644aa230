"""Finds the audio that a study is made of: renders of a benchmark, or files that it names."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from torch import Tensor

from ...evaluation.results.store import Store
from ...evaluation.songs.song import Excerpt, Song, material, span
from ...models.audio.files import info
from ...models.configuration import nearest
from ...models.content_key import path_sha256
from ...models.errors import UserError
from ...models.roles import Role
from ..kinds import named
from ..kinds.parts import anchors_of
from ..study.design import Test
from ..study.file import StudyFile
from ..study.sequence import Block
from ..study.study import REFERENCE


@dataclass(frozen=True)
class AudioSource:
    """One passage before it is cut: its versions, and the file that says where the excerpt lies."""

    id: str
    files: Mapping[str, Path]
    guide: Path
    start: float | None = None
    genre: str = ""

    @property
    def sha256(self) -> dict[str, str]:
        """The identity of every version's file."""
        return {name: path_sha256(path) for name, path in self.files.items()}


@dataclass(frozen=True)
class Sources:
    """All passages; ``systems`` maps names to roles, anchors that are made here included.

    ``benchmark_systems`` are those of the benchmark in its order.
    """

    passages: tuple[AudioSource, ...]
    systems: Mapping[str, Role]
    simulated: bool
    problems: tuple[str, ...] = ()
    benchmark_systems: Mapping[str, Role] = field(default_factory=dict)

    @property
    def keeps_order(self) -> bool:
        """Whether a system has the same place among the study's as among the benchmark's."""
        mine, theirs = (
            [(name, role) for name, role in systems.items() if role != "reference"]
            for systems in (self.systems, self.benchmark_systems)
        )
        least = min(len(mine), len(theirs))
        return mine[:least] == theirs[:least]


def find_sources(file: StudyFile, results: Path) -> Sources:
    """The audio files of a study.

    Files that are missing or versions that a passage lacks are ``problems``, all of them told.

    Raises:
        UserError: if the benchmark was never run here, or nothing is left to be heard.
    """
    found = _from_benchmark(file, results) if file.source else _from_files(file)
    problems = list(found.problems)
    known = [one.id for one in found.passages]
    problems += [
        f"excerpts.starts: unknown passage {name!r}{nearest(name, known)}"
        for name in file.excerpts.starts
        if name not in known
    ]
    systems = dict(found.systems)
    if file.test is not None:
        more, told = _of_test(file.test, found.passages, found.systems)
        problems += told
        return replace(found, systems=systems | more, problems=tuple(problems))
    made: dict[str, Role] = {}
    for block in file.blocks:
        passages, told = _of_block(block, found)
        if block.test is not None:
            more, wrong = _of_test(block.test, passages, found.systems)
            made |= more
            told += wrong
        problems += [f"block {block.pages!r}: {one}" for one in told]
    # As in a study of one kind: the reference, then the anchors.
    systems |= dict(sorted(made.items(), key=lambda one: one[0] != REFERENCE))
    return replace(found, systems=systems, problems=tuple(problems))


def _of_test(
    test: Test, passages: Sequence[AudioSource], systems: Mapping[str, Role]
) -> tuple[dict[str, Role], list[str]]:
    """What a test adds to the systems of its passages, and what it cannot be made of."""
    kind, anchors = named(test.kind), anchors_of(test)
    problems = [
        f"{name!r} is a system already; leave it out of the systems, the anchor is made from the "
        "reference"
        for name in anchors
        if name in systems
    ]
    needed = kind.needs_reference or test.reference == "open" or bool(anchors)
    lacking = [one.id for one in passages if REFERENCE not in one.files]
    if needed and lacking:
        problems.append(
            f"a {kind.name} test as described needs a reference, which is missing in "
            f"{', '.join(lacking[:5])}"
        )
    added: dict[str, Role] = {}
    if not lacking and REFERENCE not in systems and passages:
        added[REFERENCE] = "reference"
    return added | dict.fromkeys(anchors, "anchor"), problems


def _of_block(block: Block, found: Sources) -> tuple[list[AudioSource], list[str]]:
    """The passages of a block of pages, and what they lack of what it names."""
    known = [one.id for one in found.passages]
    names = known if block.passages == "all" else block.passages
    problems = [
        f"unknown passage {name!r}{nearest(name, known)}" for name in names if name not in known
    ]
    passages = [one for one in found.passages if one.id in names]
    systems = list(found.systems)
    wanted = block.systems
    if wanted == "all":
        wanted = [one for one in systems if any(one in source.files for source in passages)]
    problems += [
        f"unknown system {name!r}{nearest(name, systems)}"
        for name in wanted
        if name not in (*systems, REFERENCE)
    ]
    problems += [
        f"passage {source.id!r} has no version {name!r}; every passage of a block needs every "
        "version; name the block's systems"
        for source in passages
        for name in wanted
        if name in (*systems, REFERENCE) and name not in source.files
    ]
    return passages, problems


def excerpt_of(source: AudioSource, file: StudyFile, rate: int) -> tuple[int, int, bool]:
    """Where a passage's excerpt begins and how long it is, in samples; and if less was there.

    Raises:
        UserError: if it begins after the end.
    """
    said = file.excerpts
    song = Song(source.id, source.guide)
    if said.select == "whole":
        excerpt = Excerpt(source.start or 0.0)
    else:
        start = said.starts.get(source.id, source.start)
        if start is None and said.select == "loudest":
            excerpt = Excerpt(seconds=said.seconds, select="loudest")
        else:
            excerpt = Excerpt(said.start if start is None else start, said.seconds)
    part = span(song, excerpt, rate)
    return part.start, part.samples, part.short


def read_versions(source: AudioSource, start: int, samples: int, rate: int) -> dict[str, Tensor]:
    """Every version of a passage, cut alike: ``(2, samples)`` each, or shorter where it ends."""
    cut = Excerpt(start / rate, samples / rate)
    return {
        name: material(Song(source.id, path), cut, rate).audio
        for name, path in source.files.items()
    }


def rate_of(sources: Sources, file: StudyFile) -> int:
    """The study's sample rate: as the file says, else that of the first version to be read."""
    if file.sample_rate is not None:
        return file.sample_rate
    for path in (path for one in sources.passages for path in one.files.values()):
        try:
            found = info(path).sample_rate
        except UserError:
            continue  # told as a problem of its passage
        return found if found in (44100, 48000, 88200, 96000) else 44100
    return 44100


def _from_files(file: StudyFile) -> Sources:
    problems, passages = [], []
    names = list(dict.fromkeys(name for one in file.passages for name in one.stimuli))
    for entry in file.passages:
        files = {name: path.absolute() for name, path in entry.stimuli.items()}
        if entry.reference is not None:
            named = files.get(REFERENCE, entry.reference.absolute())
            if named != entry.reference.absolute():
                problems.append(
                    f"passage {entry.id!r}: two files are named as the reference, {named} under "
                    f"stimuli and {entry.reference.absolute()}; give one of them another name"
                )
            files[REFERENCE] = entry.reference.absolute()
        gone = [path for path in files.values() if not path.is_file()]
        problems += [f"passage {entry.id!r}: {path}: no such file" for path in gone]
        problems += [
            f"passage {entry.id!r}: has no version {name!r}; every passage needs every version"
            for name in names
            if name not in files and not file.sequence
        ]
        guide = files.get(REFERENCE) or next(iter(files.values()))
        passages.append(AudioSource(entry.id, files, guide, entry.start, entry.genre or ""))
    roles: dict[str, Role] = {
        name: "reference" if name == REFERENCE else "system" for name in names
    }
    return Sources(tuple(passages), roles, simulated=False, problems=tuple(problems))


def _from_benchmark(file: StudyFile, results: Path) -> Sources:
    asked = file.source
    if asked is None:
        raise ValueError("the study names no benchmark")
    with Store(results, create=False) as store:
        known = store.benchmarks()
        if asked.benchmark not in known:
            raise UserError(
                f"no benchmark {asked.benchmark!r} in {results}{nearest(asked.benchmark, known)}; "
                "run it first: earmark run BENCH.yaml"
            )
        rows = {
            row["name"]: row["role"]
            for row in store.rows(
                "SELECT name, role FROM system WHERE benchmark = ? ORDER BY position",
                (asked.benchmark,),
            )
        }
        told = store.rows(
            "SELECT id, mix_key, tags FROM song WHERE benchmark = ? ORDER BY position",
            (asked.benchmark,),
        )
        songs = {row["id"]: row["mix_key"] for row in told}
        genres = {row["id"]: str(json.loads(row["tags"]).get("genre", "")) for row in told}
        placed = {
            (row["song"], row["system"]): row["render"]
            for row in store.rows(
                "SELECT song, system, render FROM placement WHERE benchmark = ?",
                (asked.benchmark,),
            )
        }
        simulated = bool(
            store.rows("SELECT simulated FROM benchmark WHERE name = ?", (asked.benchmark,))[0][0]
        )
        systems = list(rows) if asked.systems == "all" else asked.systems
        chosen = list(songs) if asked.songs == "all" else asked.songs
        problems = [
            f"unknown system {n!r}{nearest(n, list(rows))}" for n in systems if n not in rows
        ]
        problems += [
            f"unknown song {n!r}{nearest(n, list(songs))}" for n in chosen if n not in songs
        ]
        wanted = [name for name in systems if name in rows]
        extra = [REFERENCE] if REFERENCE in rows and REFERENCE not in wanted else []
        passages = []
        for song in (name for name in chosen if name in songs):
            files = {}
            for name in (*wanted, *extra):
                path = store.render_path(placed.get((song, name), "none"))
                if path.is_file():
                    files[name] = path.absolute()
                elif name in wanted:
                    problems.append(
                        f"song {song!r} has no render by {name!r}; run the benchmark again"
                    )
            if files:
                mix = store.render_path(songs[song] or "none")
                guide = mix.absolute() if mix.is_file() else next(iter(files.values()))
                passages.append(AudioSource(song, files, guide, genre=genres[song]))
    if not passages:
        raise UserError(f"nothing of benchmark {asked.benchmark!r} can be heard: {problems[:3]}")
    roles = {name: rows[name] for name in wanted}
    return Sources(tuple(passages), roles, simulated, tuple(problems), rows)
