"""The scores of a study's stimuli as metrics to judge, with the directions of Earmark's metrics."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ....evaluation.metrics import METRICS
from ..reading.heard import HeardScore
from .follow import MetricValues


@dataclass(frozen=True)
class HeardMetric:
    """A metric of what was heard; ``parameters`` are all of them, not only the unusual ones."""

    metric: MetricValues
    parameters: Mapping[str, Any]


def heard_metrics(heard: Sequence[HeardScore]) -> tuple[HeardMetric, ...]:
    """The metrics of scores, by name, variant and parameters."""
    values: dict[tuple[str, str, str], dict[tuple[str | None, str], float]] = {}
    first: dict[tuple[str, str, str], HeardScore] = {}
    for row in heard:
        if row.value is None:
            continue
        key = row.metric, row.variant, json.dumps(row.parameters, sort_keys=True)
        first.setdefault(key, row)
        if np.isfinite(row.value):
            values.setdefault(key, {})[row.passage, row.system] = row.value
    return tuple(
        HeardMetric(_made(first[key], values.get(key, {})), dict(first[key].parameters))
        for key in sorted(first)
    )


def _made(row: HeardScore, values: Mapping[tuple[str | None, str], float]) -> MetricValues:
    known = METRICS.get(row.metric)
    usual = json.loads(json.dumps(dict(known.parameters))) if known else {}
    unusual = {
        name: value
        for name, value in row.parameters.items()
        if name not in usual or usual[name] != value
    }
    better = known.better if known else "none"
    return MetricValues(row.metric, values, better, row.unit, row.variant, unusual)
