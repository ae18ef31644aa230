"""The score step: metrics over renders, on their own and against the reference's render."""

import functools
import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...models.audio.files import read
from ...models.content_key import content_key
from ...models.embeddings.registry import EMBEDDINGS
from ...models.errors import UserError
from ..batches import MOST, Piece, Place, Unread, measure_all
from ..metrics import METRICS, Analysis, Measurement, Metric, measure_render, select
from ..results.past import retire_scores
from ..results.store import Store

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Score:
    """One value of one metric for one render; ``value`` is None with a reason where undefined.

    ``source`` is the code of a plug-in that measured it, '' for Earmark's own.
    """

    subject: str
    reference: str
    metric: str
    variant: str
    parameters: Mapping[str, Any]
    version: int
    value: float | None
    reason: str
    unit: str
    source: str = ""


@dataclass(frozen=True)
class ScoreTask:
    """The metrics that one render still lacks; a worker needs nothing else.

    ``metrics`` are entries as a benchmark file has them (a name, or a mapping with parameters),
    because functions do not travel to other processes.
    """

    subject: str
    path: Path
    reference: str
    reference_path: Path | None
    metrics: tuple[str | Mapping[str, Any], ...]


@dataclass(frozen=True)
class ScoreBatch:
    """Renders that lack the same metrics against the same reference: measured together.

    ``batch`` is how many at once, 0 as many as fit.
    """

    tasks: tuple[ScoreTask, ...]
    device: str = "cpu"
    batch: int = 0


@dataclass(frozen=True)
class Scored:
    """What came of a task: scores, and why a metric could not be computed, by its step."""

    scores: tuple[Score, ...]
    failures: Mapping[str, str]


# As many systems as most benchmarks have; more would keep other workers from a part of the work.
_TOGETHER = 8


def batched(tasks: Iterable[ScoreTask], device: str, batch: int = 0) -> list[ScoreBatch]:
    """The tasks by reference and metrics, in their order, ``batch`` or a few at a time."""
    groups: dict[str, list[ScoreTask]] = {}
    for task in tasks:
        key = json.dumps([task.reference, task.metrics], sort_keys=True, default=dict)
        groups.setdefault(key, []).append(task)
    most = batch or (MOST if device.startswith("cuda") else _TOGETHER)
    return [
        ScoreBatch(tuple(group[first : first + most]), device, batch)
        for group in groups.values()
        for first in range(0, len(group), most)
    ]


def score_batch(batch: ScoreBatch) -> tuple[Scored, ...]:
    """Measure some renders, in the order of the tasks; every failure is a value."""
    first = batch.tasks[0]
    chosen = _chosen(first)
    place = _PLACES.setdefault((batch.device, batch.batch), Place(batch.device, batch.batch))

    def failed(error: UserError) -> Scored:
        return Scored((), {step: str(error) for step, _ in chosen})

    try:
        reference = None
        if first.reference_path is not None:
            reference = _reference(first.reference_path, batch.device)
    except UserError as error:
        return tuple(failed(error) for _ in batch.tasks)
    items = [Unread(task, functools.partial(read, task.path)) for task in batch.tasks]
    found: list[Scored] = []
    try:
        for one in measure_all(items, [metric for _, metric in chosen], reference, place):
            found.append(failed(one[1]) if isinstance(one, tuple) else _scored(one, chosen))
    except UserError as error:
        found += [failed(error)] * (len(batch.tasks) - len(found))
    return tuple(found)


def _scored(piece: Piece[ScoreTask], chosen: Sequence[tuple[str, Metric]]) -> Scored:
    task = piece.key
    scores = []
    for measurement in piece.found.measurements:
        compares = METRICS[measurement.metric].needs == "reference"
        scores.append(_score(task.subject, task.reference if compares else "", measurement))
    failures = {}
    for at, error in piece.found.failures.items():
        # A plug-in's metric may raise anything; the other metrics go on.
        step = chosen[at][0]
        _log.debug("%s of %s", step, task.path, exc_info=error)
        kind = "" if isinstance(error, UserError) else f"{type(error).__name__}: "
        failures[step] = kind + " ".join(str(error).split())
    return Scored(tuple(scores), failures)


def entry_of(metric: Metric) -> str | Mapping[str, Any]:
    """The benchmark file's way of naming a metric with its parameters."""
    default = METRICS[metric.name].parameters
    changed = {name: value for name, value in metric.parameters.items() if value != default[name]}
    return {"name": metric.name, **changed} if changed else metric.name


def step_of(metric: Metric) -> str:
    """How a failure row names the work of one metric: two parameter sets are two steps."""
    entry = entry_of(metric)
    if isinstance(entry, str):
        return f"score:{entry}"
    return f"score:{metric.name} {as_json({k: v for k, v in entry.items() if k != 'name'})}"


# The step of all metrics at once, when the worker itself was lost.
LOST = "score:*"


def missing(
    store: Store, subject: str, reference: str, metrics: Iterable[Metric]
) -> tuple[Metric, ...]:
    """Those of ``metrics`` that have no score of their present version and code for this render."""
    rows = store.rows(
        "SELECT metric, version, parameters, source FROM score"
        " WHERE subject = ? AND reference IN ('', ?)",
        (subject, reference),
    )
    have = {tuple(row) for row in rows}
    return tuple(
        metric
        for metric in metrics
        if (metric.name, metric.version, as_json(metric.parameters), code_of(metric)) not in have
    )


def cost_scores(
    subject: str, metrics: Sequence[Metric], record: Mapping[str, Any]
) -> tuple[Score, ...]:
    """The metrics that the making of a render has measured already: speed, memory, size."""
    system = record["system"]
    finished = system["kind"] in ("reference", "imported")
    costs = {
        "rtf": record["rtf"],
        "peak_memory_mb": record["peak_memory_mb"],
        "parameters": system["parameters"],
    }
    measured = measure_render(metrics, {} if finished else costs)
    return tuple(
        _score(subject, "", replace(one, reason="not_applicable") if finished else one)
        for one in measured
    )


def of_this_code(done: Scored, metrics: Iterable[Metric]) -> Scored:
    """What was measured by the code that this process knows; of other code it is a failure.

    A worker loads a plug-in when it begins: it may meet a file that changed since the run began.
    """
    codes = {(one.name, as_json(one.parameters)): (one, code_of(one)) for one in metrics}
    kept, failures = [], dict(done.failures)
    for score in done.scores:
        metric, code = codes[score.metric, as_json(score.parameters)]
        if score.source == code:
            kept.append(score)
        else:
            where = METRICS.made_by(metric.name)
            failures[step_of(metric)] = (
                f"{where}: changed while the run was at work; run again, then with --retry"
            )
    return Scored(tuple(kept), failures)


def code_of(metric: Metric) -> str:
    """The code that a score of this metric is of: '' for Earmark's own, which has versions.

    For a plug-in, the bytes of its file and of what that imports; for a metric of sets, those of
    its embedding too.
    """
    if metric.needs != "set":
        return metric.source
    embedding = EMBEDDINGS.get(str(metric.parameters["embedding"]))
    parts = (metric.source, "" if embedding is None else embedding.source)
    return content_key(*parts) if any(parts) else ""


def save_scores(store: Store, scores: Iterable[Score], run: str, number: int) -> None:
    """Add the scores of a run to the open transaction; what they replace stays for runs before."""
    for score in scores:
        key = {
            "subject": score.subject,
            "reference": score.reference,
            "metric": score.metric,
            "variant": score.variant,
            "parameters": as_json(score.parameters),
            "version": score.version,
            "source": score.source,
        }
        values = {"value": score.value, "reason": score.reason, "unit": score.unit}
        same = " AND ".join(f"{name} = ?" for name in key)
        retire_scores(store, same, tuple(key.values()), number)
        store.put("score", [{**key, **values, "run": run, "since": number}])


def as_json(parameters: Mapping[str, Any]) -> str:
    """Parameters as the database holds them: equal parameters, equal text."""
    return json.dumps(dict(parameters), sort_keys=True, ensure_ascii=False, allow_nan=False)


_REFERENCES: dict[tuple[Path, str], Analysis] = {}
# A device that ran out of memory once is asked for less from then on.
_PLACES: dict[tuple[str, int], Place] = {}


def _reference(path: Path, device: str) -> Analysis:
    # Tasks come song by song: the reference's spectra are computed once for all systems.
    key = (path, device)
    if key not in _REFERENCES:
        _REFERENCES.clear()
        audio, rate = read(path)
        _REFERENCES[key] = Analysis(audio.to(device), rate)
    return _REFERENCES[key]


def _score(subject: str, reference: str, measurement: Measurement) -> Score:
    return Score(
        subject,
        reference,
        measurement.metric,
        measurement.variant,
        measurement.parameters,
        measurement.version,
        measurement.value,
        measurement.reason,
        measurement.unit,
        measurement.source,
    )


def _chosen(task: ScoreTask) -> list[tuple[str, Metric]]:
    return [(step_of(metric), metric) for entry in task.metrics for metric in select([entry])]
