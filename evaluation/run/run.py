"""Carries a benchmark out: renders and scores whatever the results folder still lacks."""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ...models.errors import UserError
from ...models.rendering.devices import resolve_device
from ..benchmark.file import Benchmark
from ..insights.networks import inspect_system, system_tasks
from ..insights.renders import insight_task, inspect_one, lacking
from ..metrics import Metric, select
from ..results.provenance import run_record
from ..results.store import Store
from ..songs.checks import check_songs
from ..songs.song import Song
from .ledger import Ledger
from .plan import Plan, plan
from .render import Failed, Render, RenderTask, read_render, render_one
from .score import (
    LOST,
    Scored,
    ScoreTask,
    cost_scores,
    entry_of,
    missing,
    save_scores,
    score_one,
    step_of,
)
from .set_scores import embed_one, embed_tasks, score_sets
from .workers import Lost, Workers, finish


class Watch(Protocol):
    """Who is told of progress."""

    def stage(self, name: str, total: int, done: int) -> None:
        """A stage begins: ``total`` units, of which ``done`` need no work."""

    def step(self, label: str, failure: str) -> None:
        """A unit is ready; ``failure`` is empty, or the reason why it could not be done."""


@dataclass(frozen=True)
class Settings:
    """How a run is carried out; but for the device's kind, none of it changes a number."""

    workers: Workers = field(default_factory=Workers)
    device: str = "auto"
    retry: bool = False
    force: bool = False
    steps: tuple[str, ...] = ("render", "score")


@dataclass(frozen=True)
class Summary:
    """What a run did; ``failures`` are (song, system, step, message) as they now stand."""

    rendered: int
    scored: int
    units: int
    failures: tuple[tuple[str, str, str, str], ...]
    seconds: float


def run_benchmark(benchmark: Benchmark, store: Store, settings: Settings, watch: Watch) -> Summary:
    """Do the ``settings.steps`` of what is missing, and nothing twice.

    Killed at any moment, the same call goes on where it was. A unit that failed before is left
    alone until it changes, or ``settings.retry`` asks for it.

    Raises:
        UserError: if the results folder cannot be written, or no song can be used.
    """
    begun = time.monotonic()
    device = str(resolve_device(settings.device))
    record = run_record(benchmark.path, benchmark.seed, device, str(settings.workers))
    store.sweep()
    run = _Run(Ledger.open(store, benchmark, record), settings, watch)
    songs = run.usable_songs()
    todo = plan(benchmark, store.folder, device, songs)
    with store.transaction():
        run.ledger.register(songs, todo)
        run.ledger.adopt(todo.done)
    rendered = run.render(todo) if "render" in settings.steps else 0
    with store.transaction():
        run.ledger.describe(todo)
    scored = run.score(todo) if "score" in settings.steps else 0
    if "score" in settings.steps:
        run.score_sets(todo, device)
        run.inspect(todo)
    run.ledger.close()
    return Summary(
        rendered,
        scored,
        len(todo.tasks),
        tuple(run.ledger.failures()),
        time.monotonic() - begun,
    )


@dataclass(frozen=True)
class _Run:
    ledger: Ledger
    settings: Settings
    watch: Watch

    def usable_songs(self) -> tuple[Song, ...]:
        """The songs without errors; each other one becomes a failure row and is left out."""
        benchmark = self.ledger.benchmark
        problems = check_songs(benchmark.songs, benchmark.excerpt)
        errors = {p.song: str(p) for p in reversed(problems) if p.severity == "error"}
        self.watch.stage("check songs", len(benchmark.songs), 0)
        with self.ledger.store.transaction():
            for song in benchmark.songs:
                self.ledger.forget(song.id, "", "song")
                if song.id in errors:
                    self.ledger.fail(song.id, "", "song", "", errors[song.id])
        for song in benchmark.songs:
            self.watch.step(song.id, errors.get(song.id, ""))
        usable = tuple(song for song in benchmark.songs if song.id not in errors)
        if not usable:
            first = next(iter(errors.values()), "there is none")
            raise UserError(f"{benchmark.path}: no song can be used: {first}")
        return usable

    def render(self, todo: Plan) -> int:
        waiting = todo.tasks if self.settings.force else todo.todo
        failed = {} if self._again else self.ledger.failed()
        left_alone = [task for task in waiting if ("render", task.key) in failed]
        waiting = tuple(task for task in waiting if ("render", task.key) not in failed)
        unknown = len(todo.failures)
        done = len(todo.tasks) - len(waiting)
        self.watch.stage("render", len(todo.tasks) + unknown, done)
        with self.ledger.store.transaction():
            for task in left_alone:
                # Another benchmark, or another name in this one, may have found it out.
                for song, system in _labels(todo, task):
                    self.ledger.fail(song, system, "render", task.key, failed["render", task.key])
        for (song, system), message in todo.failures.items():
            self.watch.step(f"{system} · {song}", message)
        count = 0
        for task, result in self._finish(render_one, waiting):
            failure = result.message if isinstance(result, Failed | Lost) else ""
            if not failure and read_render(task) is None:
                failure = (
                    f"{task.path}: rendered, but not seen from here; the results folder must lie "
                    "where all workers and this machine share it under one path"
                )
            with self.ledger.store.transaction():
                for song, system in _labels(todo, task):
                    self.ledger.forget(song, system, "render")
                    if failure:
                        self.ledger.fail(song, system, "render", task.key, failure)
                if isinstance(result, Render) and not failure:
                    self.ledger.replace(result)
                    count += 1
            self.watch.step(f"{task.system.name} · {task.song.id}", failure)
        return count

    def score(self, todo: Plan) -> int:
        placed = set(todo.placements.values())
        # Song by song, so that a worker analyses each reference once.
        subjects = sorted(
            (task for task in todo.done if task.key in placed), key=lambda task: task.song.id
        )
        failed = {} if self._again else self.ledger.failed()
        with self.ledger.store.transaction():
            lacking = [self._lacking(task, todo, failed) for task in subjects]
            for task in subjects:
                self._add_costs(task)
        tasks = [found for found in lacking if found is not None]
        units = {task.key: task for task in subjects}
        self.watch.stage("score", len(subjects), len(subjects) - len(tasks))
        for wanted, result in self._finish(score_one, tasks):
            task = units[wanted.subject]
            done = Scored((), {LOST: result.message}) if isinstance(result, Lost) else result
            tried = [LOST, *(step_of(metric) for metric in select(wanted.metrics))]
            with self.ledger.store.transaction():
                for song, system in _labels(todo, task):
                    for step in tried:
                        self.ledger.forget(song, system, step)
                    for step, message in done.failures.items():
                        self.ledger.fail(song, system, step, task.key, message)
                save_scores(self.ledger.store, done.scores, self.ledger.run)
            failure = "; ".join(f"{step}: {why}" for step, why in done.failures.items())
            self.watch.step(f"{task.system.name} · {task.song.id}", failure)
        return len(tasks)

    def score_sets(self, todo: Plan, device: str) -> None:
        """The metrics of whole sets: workers embed the renders, the distances are made here."""
        ledger = self.ledger
        if not any(metric.needs == "set" for metric in ledger.benchmark.metrics):
            return
        tasks = embed_tasks(ledger.store, ledger.benchmark, todo, device)
        self.watch.stage("embed", len(tasks), 0)
        for task, result in self._finish(embed_one, tasks):
            failure = result.message if isinstance(result, Lost) else result
            self.watch.step(f"{task.system} · {task.clip.label}", failure)
        with ledger.store.transaction():
            for system in ledger.benchmark.systems:
                for metric in ledger.benchmark.metrics:
                    if metric.needs == "set":
                        ledger.forget("", system.name, f"score:{metric.name}")
        again = self.settings.force
        for done in score_sets(ledger.store, ledger.benchmark, todo, device, again=again):
            with ledger.store.transaction():
                for name, message in done.failures.items():
                    ledger.fail("", done.system, f"score:{name}", "", message)
                save_scores(ledger.store, done.scores, ledger.run)

    def inspect(self, todo: Plan) -> None:
        """Describe renders and networks for the report; nothing here is a score."""
        results = self.ledger.store.folder
        renders = [read_render(task) for task in todo.done]
        described = [insight_task(results, one.path, one.record) for one in renders if one]
        waiting = lacking(described)
        known = system_tasks(results, self.ledger.benchmark.systems)
        networks = [one for one in known if not one.path.is_file()]
        total = len(described) + len(known)
        self.watch.stage("inspect", total, total - len(waiting) - len(networks))
        for task, failure in self._finish(inspect_one, waiting):
            self.watch.step(task.label, failure.message if isinstance(failure, Lost) else failure)
        for network, failure in self._finish(inspect_system, networks):
            said = failure.message if isinstance(failure, Lost) else failure
            self.watch.step(network.system.name, said)

    @property
    def _again(self) -> bool:
        return self.settings.retry or self.settings.force

    def _lacking(
        self, task: RenderTask, todo: Plan, failed: Mapping[tuple[str, str], str]
    ) -> ScoreTask | None:
        store = self.ledger.store
        reference = todo.references.get(task.song.id, "")
        path = store.render_path(reference) if reference else None
        if path is None or not path.is_file():
            reference, path = "", None
        wanted: Sequence[Metric] = [
            metric
            for metric in self.ledger.benchmark.metrics
            if metric.needs == "audio" or (metric.needs == "reference" and path is not None)
        ]
        if not self.settings.force:
            wanted = missing(store, task.key, reference, wanted)
        left = []
        for metric in wanted:
            steps = [step for step in (step_of(metric), LOST) if (step, task.key) in failed]
            for step in steps:
                for song, system in _labels(todo, task):
                    self.ledger.fail(song, system, step, task.key, failed[step, task.key])
            if not steps:
                left.append(entry_of(metric))
        return ScoreTask(task.key, task.path, reference, path, tuple(left)) if left else None

    def _add_costs(self, task: RenderTask) -> None:
        costs = [metric for metric in self.ledger.benchmark.metrics if metric.needs == "render"]
        lacking = missing(self.ledger.store, task.key, "", costs)
        render = read_render(task) if lacking else None
        if render is not None:
            scores = cost_scores(task.key, lacking, render.record)
            save_scores(self.ledger.store, scores, self.ledger.run)

    def _finish(
        self, function: Callable[[Any], Any], tasks: Sequence[Any]
    ) -> Iterator[tuple[Any, Any]]:
        results = finish(self.settings.workers, function, tasks, self.ledger.benchmark.plugins)
        # Closed at once when the run is interrupted, so that no worker is left behind.
        with contextlib.closing(results):
            yield from results


def _labels(todo: Plan, task: RenderTask) -> list[tuple[str, str]]:
    """The (song, system) names that a render stands for; the task's own where it is no row."""
    named = [place for place, key in todo.placements.items() if key == task.key]
    return named or [(task.song.id, task.system.name)]
