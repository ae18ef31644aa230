"""Says what a run of a benchmark would do, what stands in its way, and what it would cost."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...models.errors import UserError
from ...models.systems.contract import SystemSpec, build, kinds
from ..benchmark.file import Benchmark
from ..results.store import Store
from ..songs.checks import check_songs, usable
from ..songs.song import Song, SongProblem, span
from ..songs.training_songs import training_songs
from .changes import code_changes, unknown_identities
from .plan import Plan, plan
from .song_record import gone_songs

# Processing time over the length of the audio where nothing was measured: a rough guess for a
# small network or a chain of effects on one CPU core.
DEFAULT_RTF = 0.2
# The same for scoring a render with the default metrics.
SCORING_RTF = 0.06
_BYTES_PER_SAMPLE = 2 * 4  # stereo float32
_BYTES_BESIDE = 4096  # header and sidecar


@dataclass(frozen=True)
class PreviewRow:
    """One system of the benchmark: what it is, and how many of its renders are there."""

    system: SystemSpec
    role: str
    takes: str
    uses_reference: bool
    done: int
    todo: int
    error: str = ""


@dataclass(frozen=True)
class Preview:
    """What a run would do.

    ``problems`` are those of the songs, of systems that cannot do what is asked of them, and of
    checkpoints that were trained on these songs.
    ``audio_seconds`` is what one system renders. ``work_seconds`` is a guess for one worker:
    measured speeds of the same kinds in the results folder, ``DEFAULT_RTF`` for ``guessed`` kinds.
    ``notes`` say which code has changed since the last run, and what of a system is not known.
    """

    songs: tuple[Song, ...]
    problems: tuple[SongProblem, ...]
    rows: tuple[PreviewRow, ...]
    audio_seconds: float
    done: int
    todo: int
    work_seconds: float
    disk_bytes: int
    guessed: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def failing(self) -> bool:
        """Whether anything would fail."""
        songs = any(problem.severity == "error" for problem in self.problems)
        return songs or any(row.error for row in self.rows)


def preview(benchmark: Benchmark, results: Path, device: str) -> Preview:
    """Check the songs, build each system once and look up which renders are there.

    ``device`` is resolved: ``cpu`` or ``cuda``. Nothing is rendered or scored.

    Raises:
        UserError: if there is a results folder that cannot be read.
    """
    found = check_songs(benchmark.songs, benchmark.excerpt)
    songs = usable(benchmark.songs, found)
    spans = {s.id: span(s, benchmark.excerpt, benchmark.sample_rate).samples for s in songs}
    planned = plan(benchmark, results, device, songs)
    rows = tuple(_row(system, songs, planned) for system in benchmark.systems)
    lacking = [problem for row in rows for problem in _lacking(row, songs)]
    trained = training_songs(benchmark.systems, songs)
    measured = _measured(results, device)
    waiting = planned.lacking
    rendering = sum(
        spans[task.song.id] * measured.get(task.system.kind, DEFAULT_RTF) for task in waiting
    )
    samples = sum(spans[task.song.id] for task in waiting)
    return Preview(
        songs=songs,
        problems=(
            *benchmark.problems,
            *found,
            *_gone(benchmark, results),
            *lacking,
            *trained.problems,
        ),
        rows=rows,
        audio_seconds=sum(spans.values()) / benchmark.sample_rate,
        done=len(planned.done),
        todo=len(waiting),
        work_seconds=(rendering + samples * SCORING_RTF) / benchmark.sample_rate,
        disk_bytes=samples * _BYTES_PER_SAMPLE + len(waiting) * _BYTES_BESIDE,
        guessed=tuple(sorted({task.system.kind for task in waiting} - measured.keys())),
        notes=(*_changes(benchmark, results, planned), *unknown_identities(benchmark)),
    )


def _gone(benchmark: Benchmark, results: Path) -> Iterable[SongProblem]:
    if not (results / "results.sqlite").is_file():
        return ()
    with Store(results, create=False) as store:
        return gone_songs(store, benchmark)


def _changes(benchmark: Benchmark, results: Path, planned: Plan) -> Sequence[str]:
    if not (results / "results.sqlite").is_file():
        return ()
    with Store(results, create=False) as store:
        return code_changes(store, benchmark, planned)


def _row(system: SystemSpec, songs: Sequence[Song], planned: Plan) -> PreviewRow:
    kind = kinds()[system.kind]
    takes, error = str(kind.input), ""
    try:
        takes = build(system).spec.input
    except UserError as caught:
        error = str(caught)
    except Exception as caught:  # a plug-in's builder may raise anything
        error = f"{type(caught).__name__}: {' '.join(str(caught).split())}"
    placed = [planned.placements.get((song.id, system.name)) for song in songs]
    count = sum(key in planned.renders for key in placed)
    uses = system.uses_reference
    return PreviewRow(system, kind.role, takes, uses, count, len(placed) - count, error)


def _lacking(row: PreviewRow, songs: Sequence[Song]) -> Iterable[SongProblem]:
    """Songs that a system cannot render because they lack what it needs."""
    if row.takes == "stems":
        yield from _without(row, "stems", [song.id for song in songs if not song.stems])
    if row.uses_reference:
        without = [song.id for song in songs if song.reference is None]
        yield from _without(row, "a reference", without)


def _without(row: PreviewRow, what: str, songs: Sequence[str]) -> Iterable[SongProblem]:
    if not songs:
        return
    shown = ", ".join(songs[:3]) + (f" and {len(songs) - 3} more" if len(songs) > 3 else "")
    message = f"system {row.system.name!r} needs {what}, which is missing in {shown}"
    yield SongProblem("", None, message, "warning")


def _measured(results: Path, device: str) -> Mapping[str, float]:
    """The median real-time factor of each kind among the renders in ``results`` on this device."""
    if not (results / "results.sqlite").is_file():
        return {}
    with Store(results, create=False) as store:
        found = store.rows(
            "SELECT json_extract(sidecar, '$.system.kind') AS kind, rtf FROM render"
            " WHERE device LIKE ? AND rtf > 0",
            (f"{device}%",),
        )
    by_kind: dict[str, list[float]] = {}
    for row in found:
        by_kind.setdefault(row["kind"], []).append(row["rtf"])
    return {kind: statistics.median(values) for kind, values in by_kind.items()}
