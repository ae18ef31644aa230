"""Carries a benchmark out: renders and scores whatever the results folder still lacks."""

import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ...models.rendering.devices import resolve_device
from ..benchmark.file import Benchmark
from ..doctor.contract import Diagnosis
from ..doctor.summary import SystemFinding, findings
from ..results.provenance import run_record
from ..results.store import Store
from ..songs.song import SongProblem
from .changes import code_changes, code_record
from .ledger import Ledger
from .plan import Plan, plan
from .sole_run import sole_run
from .song_record import gone_songs, song_record
from .stage import Planned, Stage
from .stages import CheckSongs, Examine, RenderSongs, ScoreRenders, stages_of
from .workers import Crew, Workers


class Watch(Protocol):
    """Who is told of progress."""

    def stage(self, name: str, total: int, done: int) -> None:
        """A stage begins: ``total`` units, of which ``done`` need no work."""

    def step(self, label: str, failure: str) -> None:
        """A unit is ready; ``failure`` is empty, or the reason why it could not be done."""

    def tell(self, line: str) -> None:
        """What is worth knowing before a stage begins, such as code that has changed."""


@dataclass(frozen=True)
class RunSettings:
    """How a run is carried out; but for the device's kind, none of it changes a number.

    ``steps`` are of ``doctor`` (probe systems that are new here), ``render`` and ``score``.
    ``batch`` is how many renders are scored at once, 0 as many as fit.
    """

    workers: Workers = field(default_factory=Workers)
    device: str = "auto"
    retry: bool = False
    force: bool = False
    steps: tuple[str, ...] = ("render", "score")
    name: str = ""
    batch: int = 0


@dataclass(frozen=True)
class Summary:
    """What a run did; ``failures`` are (song, system, step, message) as they now stand.

    ``run`` is its number in the results folder. ``gone`` are songs of the run before whose files
    are there no more. ``examined`` are the systems that were new here, ``findings`` what the checks
    of the renders show.
    """

    rendered: int
    scored: int
    units: int
    failures: tuple[tuple[str, str, str, str], ...]
    seconds: float
    run: int = 0
    gone: tuple[SongProblem, ...] = ()
    examined: tuple[Diagnosis, ...] = ()
    findings: tuple[SystemFinding, ...] = ()


def run_benchmark(
    benchmark: Benchmark, store: Store, settings: RunSettings, watch: Watch
) -> Summary:
    """Do the ``settings.steps`` of what is missing, and nothing twice.

    Killed at any moment, the same call goes on where it was. A unit that failed before is left
    alone until it changes, or ``settings.retry`` asks for it.

    Raises:
        UserError: if the results folder cannot be written, another run is at work in it, another
            run has the name, or no song can be used.
    """
    begun = time.monotonic()
    device = str(resolve_device(settings.device))
    made = run_record(benchmark.path, benchmark.seed, device, str(settings.workers))
    with sole_run(store.folder):
        store.sweep()
        gone = gone_songs(store, benchmark)
        record = {
            **made,
            "code": code_record(benchmark),
            **song_record(benchmark, gone),
        }
        ledger = Ledger.open(store, benchmark, record, settings.name)
        with Crew(settings.workers, benchmark.plugins) as crew:
            staged = _staged(ledger, device, settings, crew, watch)
        ledger.close()
    return Summary(
        rendered=staged.done.get(RenderSongs.name, Done()).succeeded,
        scored=staged.done.get(ScoreRenders.name, Done()).tried,
        units=len(staged.plan.tasks),
        failures=tuple(ledger.failures()),
        seconds=time.monotonic() - begun,
        run=ledger.number,
        gone=gone,
        examined=staged.examined,
        findings=findings(staged.records()),
    )


@dataclass(frozen=True)
class _Staged:
    """What the stages of a run have done."""

    plan: Plan
    done: Mapping[str, "Done"]
    examined: tuple[Diagnosis, ...]

    def records(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """(system, record) of every render that stands for a row of the benchmark."""
        for (_, system), key in self.plan.placements.items():
            if key in self.plan.renders:
                yield system, self.plan.renders[key].record


def _staged(
    ledger: Ledger, device: str, settings: RunSettings, crew: Crew, watch: Watch
) -> _Staged:
    """Carry out every stage."""
    songs = CheckSongs(ledger)
    carry_out(songs, ledger, crew, watch)
    planned = plan(ledger.benchmark, ledger.store.folder, device, songs.usable)
    for line in code_changes(ledger.store, ledger.benchmark, planned):
        watch.tell(line)
    with ledger.store.transaction():
        ledger.register(songs.usable, planned)
    run = Planned(
        ledger,
        planned,
        device,
        batch=settings.batch,
        again=settings.retry,
        force=settings.force,
    )
    stages = stages_of(run, settings.steps)
    done = {stage.name: carry_out(stage, ledger, crew, watch) for stage in stages}
    examined = (one for stage in stages if isinstance(stage, Examine) for one in stage.found)
    return _Staged(planned, done, tuple(examined))


@dataclass(frozen=True)
class Done:
    """How many tasks of a stage were tried, and how many of them succeeded."""

    tried: int = 0
    succeeded: int = 0


def carry_out(stage: Stage[Any, Any], ledger: Ledger, crew: Crew, watch: Watch) -> Done:
    """Do what a stage lacks; each result is written at once, so that a kill loses none.

    Raises:
        UserError: if the results folder cannot be written.
    """
    tasks, units = stage.tasks()
    refused = stage.refused
    tried = sum(len(stage.units(task)) for task in tasks)
    watch.stage(stage.name, units, units - tried - len(refused))
    for label, why in refused.items():
        watch.step(label, why)
    results = (Crew(Workers()) if stage.at_home else crew).finish(stage.function, tasks)
    succeeded = 0
    # Closed at once when the run is interrupted, so that no worker is left behind.
    with contextlib.closing(results):
        for task, result in results:
            settled = []
            with ledger.store.transaction():
                for unit, one in zip(stage.units(task), stage.results(result), strict=False):
                    settled.append((stage.label(unit), stage.settle(unit, one)))
            for label, failure in settled:
                succeeded += not failure
                watch.step(label, failure)
    with ledger.store.transaction():
        stage.close()
    return Done(tried, succeeded)
