"""The stages of a run, in their order: songs, renders, scores, distances of sets, insights."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import repeat
from typing import Any, ClassVar

from ...models.errors import UserError
from ..doctor.contract import Diagnosis
from ..doctor.new_systems import ExaminationTask, examination_tasks, examine_one
from ..insights.networks import SystemInsightTask, inspect_system, system_tasks
from ..insights.records import InsightTask, insight_task
from ..insights.renders import inspect_one, lacking
from ..metrics import Metric, select
from ..songs.checks import check_songs
from ..songs.song import Song
from .ledger import Ledger
from .render import Failed, Render, RenderTask, render_one
from .score import (
    LOST,
    ScoreBatch,
    Scored,
    ScoreTask,
    batched,
    cost_scores,
    entry_of,
    missing,
    of_this_code,
    save_scores,
    score_batch,
    step_of,
)
from .set_scores import (
    EmbedTask,
    SetScored,
    SetScorer,
    SetTask,
    embed_one,
    embed_tasks,
    set_step,
    set_tasks,
)
from .stage import Planned, Stage
from .workers import Lost


@dataclass(frozen=True)
class CheckSongs(Stage[Song, str]):
    """Each song with errors becomes a failure row and is left out."""

    ledger: Ledger

    name: ClassVar[str] = "check songs"
    at_home: ClassVar[bool] = True

    @property
    def function(self) -> Callable[[Song], str]:
        return lambda song: self.errors.get(song.id, "")

    @cached_property
    def errors(self) -> Mapping[str, str]:
        """The first error of each song that has one; all songs are read at once, in threads."""
        benchmark = self.ledger.benchmark
        problems = check_songs(benchmark.songs, benchmark.excerpt)
        return {p.song: str(p) for p in reversed(problems) if p.severity == "error"}

    @property
    def usable(self) -> tuple[Song, ...]:
        """The songs without errors.

        Raises:
            UserError: if there is none.
        """
        benchmark = self.ledger.benchmark
        usable = tuple(song for song in benchmark.songs if song.id not in self.errors)
        if not usable:
            first = next(iter(self.errors.values()), "there is none")
            raise UserError(f"{benchmark.path}: no song can be used: {first}")
        return usable

    def tasks(self) -> tuple[Sequence[Song], int]:
        songs = self.ledger.benchmark.songs
        return songs, len(songs)

    def label(self, task: Song) -> str:
        return task.id

    def settle(self, task: Song, result: str | Lost) -> str:
        failure = _reason(result)
        self.ledger.clear_failure(task.id, "", "song")
        if failure:
            self.ledger.fail(task.id, "", "song", "", failure)
        return failure


@dataclass(frozen=True)
class Examine(Stage[ExaminationTask, Diagnosis]):
    """Probes the systems that are new to the results folder; what they show stops nothing."""

    run: Planned
    found: list[Diagnosis] = field(default_factory=list)

    name: ClassVar[str] = "examine"

    @property
    def function(self) -> Callable[[ExaminationTask], Diagnosis]:
        return examine_one

    def tasks(self) -> tuple[Sequence[ExaminationTask], int]:
        lacking = {task.system.name for task in self.run.plan.lacking}
        store, benchmark = self.run.ledger.store, self.run.ledger.benchmark
        # What is rendered already is checked render by render.
        systems = [one for one in benchmark.systems if one.name in lacking]
        tasks = examination_tasks(store.folder, systems, self.run.device)
        return tasks, len(tasks)

    def label(self, task: ExaminationTask) -> str:
        return task.system.name

    def settle(self, task: ExaminationTask, result: Diagnosis | Lost) -> str:
        if isinstance(result, Diagnosis):
            self.found.append(result)
        return ""  # its renders fail for the same reason, and are rows


@dataclass(frozen=True)
class RenderSongs(Stage[RenderTask, Render | Failed]):
    """Every system over every song, as far as the files are not there."""

    run: Planned
    # What another benchmark, or another name in this one, has found out already.
    left_alone: list[tuple[RenderTask, str]] = field(default_factory=list)

    name: ClassVar[str] = "render"

    @property
    def function(self) -> Callable[[RenderTask], Render | Failed]:
        return render_one

    @property
    def refused(self) -> Mapping[str, str]:
        failures = self.run.plan.failures
        return {f"{system} · {song}": why for (song, system), why in failures.items()}

    def tasks(self) -> tuple[Sequence[RenderTask], int]:
        plan, failed = self.run.plan, self.run.failed()
        wanted = plan.tasks if self.run.force else plan.lacking
        waiting = []
        for task in wanted:
            if (why := failed.get(("render", task.key))) is None:
                waiting.append(task)
            else:
                self.left_alone.append((task, why))
        return waiting, len(plan.tasks) + len(plan.failures)

    def label(self, task: RenderTask) -> str:
        return _label(task)

    def settle(self, task: RenderTask, result: Render | Failed | Lost) -> str:
        failure = result.message if isinstance(result, Failed | Lost) else ""
        if not failure and self.run.plan.look(task) is None:
            failure = (
                f"{task.path}: rendered, but not seen from here; the results folder must lie "
                "where all workers and this machine share it under one path"
            )
        self.run.clear_failure(task, "render")
        if failure:
            self.run.fail(task, "render", failure)
        elif isinstance(result, Render):
            self.run.ledger.replace(result)
        return failure

    def close(self) -> None:
        for task, why in self.left_alone:
            self.run.fail(task, "render", why)
        self.run.ledger.describe(self.run.plan)


@dataclass(frozen=True)
class ScoreRenders(Stage[ScoreBatch, tuple[Scored, ...]]):
    """The metrics of single renders that are not in the store; those of a song together."""

    run: Planned
    left_alone: list[tuple[RenderTask, str, str]] = field(default_factory=list)

    name: ClassVar[str] = "score"

    @property
    def function(self) -> Callable[[ScoreBatch], tuple[Scored, ...]]:
        return score_batch

    @cached_property
    def renders(self) -> Mapping[str, RenderTask]:
        """The renders that stand for a row, by key; not before all are made."""
        plan = self.run.plan
        placed = set(plan.placements.values())
        # Song by song, so that a worker analyses each reference once.
        rows = sorted((t for t in plan.done if t.key in placed), key=lambda task: task.song.id)
        return {task.key: task for task in rows}

    def tasks(self) -> tuple[Sequence[ScoreBatch], int]:
        failed = self.run.failed()
        found = [self._lacking(task, failed) for task in self.renders.values()]
        waiting = [task for task in found if task is not None]
        return batched(waiting, self.run.device, self.run.batch), len(found)

    def units(self, task: ScoreBatch) -> Sequence[ScoreTask]:
        return task.tasks

    def results(self, result: tuple[Scored, ...] | Lost) -> Iterator[Scored | Lost]:
        return repeat(result) if isinstance(result, Lost) else iter(result)

    def label(self, task: Any) -> str:
        return _label(self.renders[task.subject])

    def settle(self, task: Any, result: Any) -> str:
        render = self.renders[task.subject]
        done = Scored((), {LOST: result.message}) if isinstance(result, Lost) else result
        done = of_this_code(done, select(task.metrics))
        for step in (LOST, *map(step_of, select(task.metrics))):
            self.run.clear_failure(render, step)
        for step, message in done.failures.items():
            self.run.fail(render, step, message)
        ledger = self.run.ledger
        save_scores(ledger.store, done.scores, ledger.run, ledger.number)
        return _told(done.failures)

    def close(self) -> None:
        for task, step, why in self.left_alone:
            self.run.fail(task, step, why)
        ledger = self.run.ledger
        costs = [metric for metric in ledger.benchmark.metrics if metric.needs == "render"]
        for key in self.renders:
            unscored = missing(ledger.store, key, "", costs)
            scores = cost_scores(key, unscored, self.run.plan.renders[key].record)
            save_scores(ledger.store, scores, ledger.run, ledger.number)

    def _lacking(self, task: RenderTask, failed: Mapping[tuple[str, str], str]) -> ScoreTask | None:
        store = self.run.ledger.store
        reference = self.run.plan.references.get(task.song.id, "")
        path = store.render_path(reference) if reference else None
        if path is None or not path.is_file():
            reference, path = "", None
        wanted: Sequence[Metric] = [
            metric
            for metric in self.run.ledger.benchmark.metrics
            if metric.needs == "audio" or (metric.needs == "reference" and path is not None)
        ]
        if not self.run.force:
            wanted = missing(store, task.key, reference, wanted)
        left = []
        for metric in wanted:
            steps = [step for step in (step_of(metric), LOST) if (step, task.key) in failed]
            self.left_alone.extend((task, step, failed[step, task.key]) for step in steps)
            if not steps:
                left.append(entry_of(metric))
        return ScoreTask(task.key, task.path, reference, path, tuple(left)) if left else None


@dataclass(frozen=True)
class EmbedRenders(Stage[EmbedTask, str]):
    """The embeddings that the metrics of whole sets need."""

    run: Planned

    name: ClassVar[str] = "embed"

    @property
    def function(self) -> Callable[[EmbedTask], str]:
        return embed_one

    def tasks(self) -> tuple[Sequence[EmbedTask], int]:
        ledger = self.run.ledger
        tasks = embed_tasks(ledger.store, ledger.benchmark, self.run.plan, self.run.device)
        return tasks, len(tasks)

    def label(self, task: EmbedTask) -> str:
        return f"{task.system} · {task.clip.label}"

    def settle(self, task: EmbedTask, result: str | Lost) -> str:
        return _reason(result)  # the distances fail for want of it, and say so in their rows


@dataclass(frozen=True)
class ScoreSets(Stage[SetTask, SetScored]):
    """The metrics of whole sets, from the embeddings that are on disk by now."""

    run: Planned
    scorer: SetScorer = field(default_factory=SetScorer)
    failed: set[tuple[str, str]] = field(default_factory=set)

    name: ClassVar[str] = "distances"
    at_home: ClassVar[bool] = True

    @property
    def function(self) -> Callable[[SetTask], SetScored]:
        return self.scorer.score

    def tasks(self) -> tuple[Sequence[SetTask], int]:
        ledger = self.run.ledger
        return set_tasks(
            ledger.store, ledger.benchmark, self.run.plan, self.run.device, again=self.run.force
        )

    def label(self, task: SetTask) -> str:
        return task.label

    def settle(self, task: SetTask, result: SetScored | Lost) -> str:
        failures = (
            dict.fromkeys(task.steps, result.message)
            if isinstance(result, Lost)
            else result.failures
        )
        for step, message in failures.items():
            self.run.ledger.fail("", task.system, step, "", message)
            self.failed.add((task.system, step))
        if isinstance(result, SetScored):
            ledger = self.run.ledger
            save_scores(ledger.store, result.scores, ledger.run, ledger.number)
        return _told(failures)

    def close(self) -> None:
        # What did not fail now has no failure, however it was mended.
        benchmark = self.run.ledger.benchmark
        steps = {set_step(metric) for metric in benchmark.metrics if metric.needs == "set"}
        for system in benchmark.systems:
            for step in steps:
                if (system.name, step) not in self.failed:
                    self.run.ledger.clear_failure("", system.name, step)


@dataclass(frozen=True)
class Inspect(Stage[InsightTask | SystemInsightTask, str]):
    """Describes renders and networks for the report; nothing here is a score, nor a failure."""

    run: Planned

    name: ClassVar[str] = "inspect"

    @property
    def function(self) -> Callable[[InsightTask | SystemInsightTask], str]:
        return inspect_any

    def tasks(self) -> tuple[Sequence[InsightTask | SystemInsightTask], int]:
        ledger = self.run.ledger
        results = ledger.store.folder
        found = self.run.plan.renders.values()
        renders = [insight_task(results, one.path, one.record) for one in found]
        networks = system_tasks(results, ledger.benchmark.systems)
        waiting: list[InsightTask | SystemInsightTask] = [*lacking(renders)]
        waiting += [one for one in networks if not one.path.is_file()]
        return waiting, len(renders) + len(networks)

    def label(self, task: InsightTask | SystemInsightTask) -> str:
        return task.label if isinstance(task, InsightTask) else task.system.name

    def settle(self, task: InsightTask | SystemInsightTask, result: str | Lost) -> str:
        return _reason(result)


def inspect_any(task: InsightTask | SystemInsightTask) -> str:
    """Describe a render or a network; the reason where that fails, else ''."""
    return inspect_one(task) if isinstance(task, InsightTask) else inspect_system(task)


def stages_of(run: Planned, steps: Sequence[str]) -> list[Stage[Any, Any]]:
    """The stages of the ``steps`` that are asked for, in their order."""
    stages: list[Stage[Any, Any]] = []
    if "doctor" in steps:
        stages.append(Examine(run))
    if "render" in steps:
        stages.append(RenderSongs(run))
    if "score" in steps:
        stages.append(ScoreRenders(run))
        if any(metric.needs == "set" for metric in run.ledger.benchmark.metrics):
            stages += [EmbedRenders(run), ScoreSets(run)]
        stages.append(Inspect(run))
    return stages


def _label(task: RenderTask) -> str:
    return f"{task.system.name} · {task.song.id}"


def _reason(result: str | Lost) -> str:
    return result.message if isinstance(result, Lost) else result


def _told(failures: Mapping[str, str]) -> str:
    return "; ".join(f"{step}: {why}" for step, why in failures.items())
