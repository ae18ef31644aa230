"""The set metrics of a benchmark: each system's renders together, against the reference masters.

A set's key is made of the keys of its renders, so a new render is a new set. The row of a value
holds the channel, the embedding with the version of its front end, and the sha256 of its weights;
what else a reader must know (n, noise floor, warnings, fit) lies beside it in
``results/sets/<key>.json``.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...models.content_key import content_key
from ...models.embeddings import Opened, named
from ...models.errors import UserError
from ..benchmark.file import Benchmark
from ..distances.compare import ReferenceSet, as_json, compare
from ..distances.embedding_cache import Clip, EmbeddingCache
from ..distances.result import ChannelDistance, Distances, Wanted
from ..distances.song_sets import ClipSet, check_bandwidth, chosen_channels, embed_set
from ..metrics import Metric
from ..results.store import Store, written
from .plan import Plan
from .render import read_render
from .score import Score
from .score import as_json as as_text

SCHEMA = 1


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
class SetValue:
    """One set score with the record that lies beside it, as :func:`~.fad.as_json` writes it.

    ``record`` is empty where its file is lost; its ``channels`` has the one channel of the score.
    """

    system: str
    metric: str
    parameters: Mapping[str, Any]
    value: float | None
    reason: str
    record: Mapping[str, Any]


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

    def opened(self, device: str) -> Opened:
        """The embedding; every parameter is checked."""
        chosen_channels(self.channels)
        if self.seed < 0:
            raise UserError(f"seed {self.seed}: give a whole number, 0 or more")
        return named(self.embedding).open(self.checkpoint, device)


def embed_tasks(store: Store, benchmark: Benchmark, todo: Plan, device: str) -> list[EmbedTask]:
    """The embeddings that the set metrics still need, for workers to make in parallel.

    An embedding that cannot be opened has none; :func:`score_sets` says why.
    """
    tasks = {}
    for group in _groups(benchmark):
        try:
            cache = EmbeddingCache(store.folder, group.opened(device))
        except UserError:
            continue
        for one in _sets(todo).values():
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


def score_sets(
    store: Store, benchmark: Benchmark, todo: Plan, device: str, *, again: bool = False
) -> Iterator[SetScored]:
    """The scores of every system and set metric that are not in the store; all with ``again``.

    What is not embedded yet is embedded here. A failure is a value: a missing checkpoint stops
    neither the other metrics nor the other systems.
    """
    sets = _sets(todo)
    real = sets.pop("", None)
    for group in _groups(benchmark):
        if real is None:
            reason = "there is no reference master to compare with"
            yield from (_failed(group, label, reason) for label in sets)
            continue
        try:
            opened = group.opened(device)
        except UserError as error:
            yield from (_failed(group, label, str(error)) for label in sets)
            continue
        waiting = {
            label: one
            for label, one in sets.items()
            if again or not _complete(store, group, opened, set_key(one), set_key(real))
        }
        if waiting:
            yield from _score_group(store, group, opened, real, waiting)


def set_key(one: ClipSet) -> str:
    """The key of a set of renders, whatever their order."""
    return _key([clip.identity for clip in one.clips])


def read_sets(store: Store, benchmark: str) -> list[SetValue]:
    """The set scores of a benchmark as it now is, in the order of its systems."""
    renders: dict[str, list[str]] = {}
    for row in store.rows(
        "SELECT p.system, coalesce(json_extract(r.sidecar, '$.audio_sha256'), p.render) AS render,"
        " m.role"
        " FROM placement AS p"
        " JOIN system AS m ON m.benchmark = p.benchmark AND m.name = p.system"
        " JOIN render AS r ON r.key = p.render WHERE p.benchmark = ? ORDER BY m.position",
        (benchmark,),
    ):
        renders.setdefault("" if row["role"] == "reference" else row["system"], []).append(
            row["render"]
        )
    masters = renders.pop("", None)
    found = []
    for system, keys in renders.items():
        rows = store.rows(
            "SELECT * FROM score WHERE subject = ? ORDER BY metric, parameters, rowid",
            (_key(keys),),
        )
        for row in rows:
            if masters is not None and row["reference"] != _key(masters):
                continue
            parameters = json.loads(row["parameters"])
            path = _record_path(
                store.folder, _key(keys), row["reference"], row["metric"], parameters
            )
            found.append(
                SetValue(
                    system, row["metric"], parameters, row["value"], row["reason"], _read(path)
                )
            )
    return found


def _score_group(
    store: Store,
    group: _Group,
    opened: Opened,
    real: ClipSet,
    waiting: Mapping[str, ClipSet],
) -> Iterator[SetScored]:
    cache = EmbeddingCache(store.folder, opened)
    wanted = Wanted(
        channels=group.letters,
        per_song=True,
        infinity="fad_inf" in group.names,
        kad="kad" in group.names,
        seed=group.seed,
    )
    try:
        reference = ReferenceSet(cache, embed_set(cache, real, group.letters))
    except UserError as error:
        yield from (_failed(group, label, str(error)) for label in waiting)
        return
    for label, one in waiting.items():
        try:
            check_bandwidth([real, one], opened.embedding)
            found = compare(reference, embed_set(cache, one, group.letters), wanted)
        except UserError as error:
            yield _failed(group, label, str(error))
            continue
        scores = [
            _score(metric, channel, opened, set_key(one), set_key(real))
            for metric in group.metrics
            for channel in found.channels
        ]
        _write_records(store.folder, found, scores)
        yield SetScored(label, tuple(scores), {})


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


def _key(renders: Sequence[str]) -> str:
    return content_key("set", sorted(renders))


def _record_path(
    results: Path, subject: str, reference: str, metric: str, parameters: Mapping[str, Any]
) -> Path:
    key = content_key(SCHEMA, subject, reference, metric, dict(parameters))
    return results / "sets" / key[:2] / f"{key}.json"


def _read(path: Path) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def _write_records(results: Path, found: Distances, scores: Sequence[Score]) -> None:
    by_channel = {channel.channel: channel for channel in found.channels}
    for score in scores:
        record = as_json(replace(found, channels=(by_channel[score.parameters["channel"]],)))
        path = _record_path(results, score.subject, score.reference, score.metric, score.parameters)
        with written(path) as scratch:
            scratch.write_text(
                json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False), encoding="utf-8"
            )


def _complete(store: Store, group: _Group, opened: Opened, subject: str, reference: str) -> bool:
    """Whether every score of the group is in the store, and what lies beside it is there."""
    rows = store.rows(
        "SELECT metric, version, parameters FROM score WHERE subject = ? AND reference = ?",
        (subject, reference),
    )
    have = {(row["metric"], row["version"], row["parameters"]) for row in rows}
    for metric in group.metrics:
        for channel in group.letters:
            parameters = _row_parameters(metric, opened, channel)
            if (metric.name, metric.version, as_text(parameters)) not in have:
                return False
            path = _record_path(store.folder, subject, reference, metric.name, parameters)
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


def _sets(todo: Plan) -> dict[str, ClipSet]:
    """The renders that are there by system, and under '' the reference masters."""
    # By their audio, not by their key: a render that is made again may differ.
    found = {task.key: read_render(task) for task in todo.tasks}
    there = {key: (one.path, one.record["audio_sha256"]) for key, one in found.items() if one}
    clips: dict[str, list[Clip]] = {}
    for (song, system), key in todo.placements.items():
        if key in there and key != todo.references.get(song):
            clips.setdefault(system, []).append(Clip(song, *there[key]))
    clips[""] = [Clip(song, *there[key]) for song, key in todo.references.items() if key in there]
    return {
        system: ClipSet(system or "reference", tuple(songs))
        for system, songs in clips.items()
        if songs
    }


def _failed(group: _Group, system: str, message: str) -> SetScored:
    return SetScored(system, (), dict.fromkeys(group.names, message))
