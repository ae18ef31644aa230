"""The set metrics of a benchmark: each system's renders together, against the reference masters.

:mod:`~earmark.evaluation.results.set_records` says how the values are kept.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...models.embeddings import Opened, named
from ...models.errors import UserError
from ..benchmark.file import Benchmark
from ..distances.compare import ReferenceSet, as_json, compare
from ..distances.embedding_cache import Clip, EmbeddingCache
from ..distances.result import ChannelDistance, Distances, Wanted
from ..distances.song_sets import ClipSet, check_bandwidth, chosen_channels, embed_set
from ..metrics import Metric
from ..results.set_records import renders_key, set_record_path
from ..results.store import Store, written
from .plan import Plan
from .score import Score, code_of
from .score import as_json as as_text


@dataclass(frozen=True)
class EmbedTask:
    """One render by one embedding; a worker needs nothing else."""

    clip: Clip
    channels: str
    embedding: str
    checkpoint: Path | None
    device: str
    results: Path
    system: str


@dataclass(frozen=True)
class SetScored:
    """The scores of one system by the metrics of one embedding, or why there are none."""

    system: str
    scores: tuple[Score, ...]
    failures: Mapping[str, str]


@dataclass(frozen=True)
class _Group:
    """Metrics that share an embedding, channels and seed."""

    metrics: tuple[Metric, ...]
    embedding: str
    channels: str
    checkpoint: Path | None
    seed: int

    @property
    def names(self) -> list[str]:
        return [metric.name for metric in self.metrics]

    @property
    def letters(self) -> str:
        return chosen_channels(self.channels)

    @property
    def wanted(self) -> Wanted:
        return Wanted(
            channels=self.letters,
            per_song=True,
            infinity="fad_inf" in self.names,
            kad="kad" in self.names,
            seed=self.seed,
        )

    def opened(self, device: str) -> Opened:
        """The embedding; every parameter is checked."""
        chosen_channels(self.channels)
        if self.seed < 0:
            raise UserError(f"seed {self.seed}: give a whole number, 0 or more")
        return named(self.embedding).open(self.checkpoint, device)


@dataclass(frozen=True)
class SetTask:
    """One system's renders by the metrics of one embedding; None: there are no reference masters.

    Done in the driver's own process: the embeddings that it needs are on disk by then.
    """

    group: _Group
    system: str
    renders: ClipSet
    masters: ClipSet | None
    device: str
    results: Path

    @property
    def label(self) -> str:
        """The system and what is computed of it."""
        return f"{self.system} · {', '.join(self.group.names)}"

    @property
    def steps(self) -> tuple[str, ...]:
        """How failure rows name its metrics."""
        return tuple(map(set_step, self.group.metrics))


def set_step(metric: Metric) -> str:
    """How a failure row names a set metric."""
    return f"score:{metric.name}"


def embed_tasks(store: Store, benchmark: Benchmark, plan: Plan, device: str) -> list[EmbedTask]:
    """The embeddings that the set metrics still need, for workers to make in parallel.

    An embedding that cannot be opened has none; :class:`SetScorer` says why.
    """
    tasks = {}
    for group in _groups(benchmark):
        try:
            cache = EmbeddingCache(store.folder, group.opened(device))
        except UserError:
            continue
        for one in _sets(plan).values():
            for clip in one.clips:
                if not cache.has(clip, group.letters):
                    task = EmbedTask(
                        clip,
                        group.letters,
                        group.embedding,
                        group.checkpoint,
                        device,
                        store.folder,
                        one.label,
                    )
                    tasks[clip.identity, cache.folder, group.letters] = task
    return list(tasks.values())


def embed_one(task: EmbedTask) -> str:
    """Embed one render into the cache; the reason where that fails, else ''."""
    try:
        opened = named(task.embedding).open(task.checkpoint, task.device)
        EmbeddingCache(task.results, opened).rows(task.clip, task.channels)
    except UserError as error:
        return str(error)
    return ""


def set_tasks(
    store: Store, benchmark: Benchmark, plan: Plan, device: str, *, again: bool = False
) -> tuple[list[SetTask], int]:
    """The systems whose set scores are not in the store, of how many; all with ``again``.

    What cannot be computed is a task too, so that its failure is told.
    """
    sets = _sets(plan)
    masters = sets.pop("", None)
    tasks = [
        SetTask(group, system, one, masters, device, store.folder)
        for group in _groups(benchmark)
        for system, one in sets.items()
    ]
    return [task for task in tasks if again or not _complete(store, task)], len(tasks)


class SetScorer:
    """Scores sets one after another.

    Tasks come embedding by embedding: the statistics of the reference masters are computed once
    for all the systems that are compared with them.
    """

    def __init__(self) -> None:
        self._masters: dict[tuple[Path, str, str, str], ReferenceSet] = {}

    def score(self, task: SetTask) -> SetScored:
        """Compare one system's renders with the reference masters.

        What is not embedded yet is embedded here. A failure is a value: a missing checkpoint
        stops neither the other metrics nor the other systems.
        """
        if task.masters is None:
            return _failed(task, "there is no reference master to compare with")
        group = task.group
        try:
            opened = group.opened(task.device)
            cache = EmbeddingCache(task.results, opened)
            reference = self._reference(cache, task.masters, group.letters)
            check_bandwidth([task.masters, task.renders], opened.embedding)
            evaluated = embed_set(cache, task.renders, group.letters)
            found = compare(reference, evaluated, group.wanted)
        except UserError as error:
            return _failed(task, str(error))
        scores = [
            _score(metric, channel, opened, set_key(task.renders), set_key(task.masters))
            for metric in group.metrics
            for channel in found.channels
        ]
        _write_records(task.results, found, scores)
        return SetScored(task.system, tuple(scores), {})

    def _reference(self, cache: EmbeddingCache, masters: ClipSet, letters: str) -> ReferenceSet:
        key = (cache.folder, cache.model.device, letters, set_key(masters))
        if key not in self._masters:
            self._masters = {key: ReferenceSet(cache, embed_set(cache, masters, letters))}
        return self._masters[key]


def set_key(one: ClipSet) -> str:
    """The key of a set of renders, whatever their order."""
    return renders_key(clip.identity for clip in one.clips)


def _score(
    metric: Metric, found: ChannelDistance, opened: Opened, subject: str, reference: str
) -> Score:
    value = metric.function(record=found)
    reason = "" if value is not None else found.reason or "too_few"
    return Score(
        subject,
        reference,
        metric.name,
        "raw",
        _row_parameters(metric, opened, found.channel),
        metric.version,
        value,
        reason,
        metric.unit,
        code_of(metric),
    )


def _row_parameters(metric: Metric, opened: Opened, channel: str) -> Mapping[str, Any]:
    """What tells a value from others of the same metric and sets."""
    return {
        "channel": channel,
        "embedding": opened.embedding.name,
        "front_end": opened.embedding.version,
        "seed": metric.parameters["seed"],
        "weights": opened.sha256,
    }


def _write_records(results: Path, found: Distances, scores: Sequence[Score]) -> None:
    by_channel = {channel.channel: channel for channel in found.channels}
    for score in scores:
        record = as_json(replace(found, channels=(by_channel[score.parameters["channel"]],)))
        sets = (score.subject, score.reference)
        path = set_record_path(results, sets, score.metric, score.parameters, score.source)
        with written(path) as scratch:
            scratch.write_text(
                json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False), encoding="utf-8"
            )


def _complete(store: Store, task: SetTask) -> bool:
    """Whether every score of the task is in the store, and what lies beside it is there."""
    if task.masters is None:
        return False
    try:
        opened = task.group.opened(task.device)
    except UserError:
        return False
    subject, reference = set_key(task.renders), set_key(task.masters)
    rows = store.rows(
        "SELECT metric, version, parameters, source FROM score WHERE subject = ? AND reference = ?",
        (subject, reference),
    )
    have = {tuple(row) for row in rows}
    for metric in task.group.metrics:
        for channel in task.group.letters:
            parameters = _row_parameters(metric, opened, channel)
            code = code_of(metric)
            if (metric.name, metric.version, as_text(parameters), code) not in have:
                return False
            sets = (subject, reference)
            path = set_record_path(store.folder, sets, metric.name, parameters, code)
            if not path.is_file():
                return False
    return True


def _groups(benchmark: Benchmark) -> list[_Group]:
    """The set metrics of the benchmark, those of equal parameters together."""
    found: dict[str, list[Metric]] = {}
    for metric in benchmark.metrics:
        if metric.needs == "set":
            found.setdefault(as_text(metric.parameters), []).append(metric)
    return [_group(metrics, benchmark.path.parent) for metrics in found.values()]


def _group(metrics: Sequence[Metric], folder: Path) -> _Group:
    parameters = metrics[0].parameters
    checkpoint = str(parameters["checkpoint"])
    return _Group(
        tuple(metrics),
        str(parameters["embedding"]),
        str(parameters["channels"]),
        folder / Path(checkpoint).expanduser() if checkpoint else None,
        int(parameters["seed"]),
    )


def _sets(plan: Plan) -> dict[str, ClipSet]:
    """The renders that are there by system, and under '' the reference masters."""
    # By their audio, not by their key: a render that is made again may differ.
    there = {key: (one.path, one.record["audio_sha256"]) for key, one in plan.renders.items()}
    clips: dict[str, list[Clip]] = {}
    for (song, system), key in plan.placements.items():
        if key in there and key != plan.references.get(song):
            clips.setdefault(system, []).append(Clip(song, *there[key]))
    clips[""] = [Clip(song, *there[key]) for song, key in plan.references.items() if key in there]
    return {
        system: ClipSet(system or "reference", tuple(songs))
        for system, songs in clips.items()
        if songs
    }


def _failed(task: SetTask, message: str) -> SetScored:
    return SetScored(task.system, (), dict.fromkeys(task.steps, message))
