"""The columns of a report: one per metric and parameters, with unit, direction and meaning."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ....evaluation.results.metric_facts import Better, MetricFacts

HEADLINE = (
    "mrstft_music",
    "logmel_db",
    "lufs_error",
    "lufs_integrated",
    "true_peak_dbtp",
    "plr",
    "lra",
    "stereo_width_db",
    "rtf",
)

# What the making of a render cost: it differs from machine to machine and from run to run.
COSTS = ("rtf", "peak_memory_mb")

_ARROWS: Mapping[Better, str] = {"lower": "↓", "higher": "↑", "zero": "→0", "none": ""}
_DIRECTIONS: Mapping[Better, str] = {
    "lower": "lower is better",
    "higher": "higher is better",
    "zero": "closest to zero is best",
    "none": "neither direction is better",
}


@dataclass(frozen=True)
class Column:
    """A metric with its parameters; ``id`` is safe in file names and unique in a report.

    ``parameters`` is the JSON text of the scores; ``label`` tells columns of one metric apart.
    """

    id: str
    metric: str
    label: str
    parameters: str
    unit: str
    better: Better
    version: int
    summary: str
    variants: tuple[str, ...]

    @property
    def arrow(self) -> str:
        """The direction as a sign; empty where there is none."""
        return _ARROWS[self.better]

    @property
    def direction(self) -> str:
        """The direction in words."""
        return _DIRECTIONS[self.better]

    @property
    def is_distance(self) -> bool:
        """Whether it compares a render with the reference and knows a better direction."""
        return "aligned" in self.variants and self.better != "none"

    @property
    def heading(self) -> str:
        """Label with its unit: a title of an axis."""
        return f"{self.label} ({self.unit})" if self.unit else self.label


def columns(scores: pd.DataFrame, facts: Mapping[str, MetricFacts]) -> tuple[Column, ...]:
    """The columns of tidy scores: the headline metrics first, then by rank, then by name.

    A metric without ``facts`` takes its unit from the scores and has no direction.
    """
    order = {name: position for position, name in enumerate(HEADLINE)}
    for name, known in facts.items():
        if known.rank is not None:
            order.setdefault(name, len(HEADLINE) + known.rank)
    last = max(order.values()) + 1
    kinds = scores.groupby(["metric", "parameters"], sort=False)
    groups = sorted(
        ((str(metric), str(parameters), group) for (metric, parameters), group in kinds),
        key=lambda item: (order.get(item[0], last), item[0], item[1]),
    )
    settings: dict[str, list[dict[str, Any]]] = {}
    for metric, parameters, _ in groups:
        settings.setdefault(metric, []).append(json.loads(parameters))
    found: list[Column] = []
    taken: set[str] = set()
    for metric, parameters, group in groups:
        label = metric + _difference(json.loads(parameters), settings[metric])
        name = _slug(label, taken)
        taken.add(name)
        known = facts.get(metric, MetricFacts())
        found_variants = set(group["variant"].unique().tolist())
        variants = [v for v in ("raw", "aligned") if v in found_variants]
        others = sorted(found_variants - {"raw", "aligned"})
        found.append(
            Column(
                id=name,
                metric=metric,
                label=label,
                parameters=parameters,
                unit=str(group["unit"].iloc[0]),
                better=known.better,
                version=int(group["version"].iloc[0]),
                summary=known.summary,
                variants=(*variants, *others),
            )
        )
    return tuple(found)


def headline(found: Sequence[Column]) -> tuple[Column, ...]:
    """The columns of the first table; where a benchmark has few of the usual ones, its first."""
    usual = tuple(column for column in found if column.metric in HEADLINE)
    if len(usual) >= 3:
        return usual
    return (*usual, *(column for column in found if column not in usual))[:8]


def _difference(parameters: dict[str, Any], siblings: list[dict[str, Any]]) -> str:
    """What tells these parameters from those of the same metric's other columns."""
    differing = [
        name
        for name, value in sorted(parameters.items())
        if any(other.get(name) != value for other in siblings)
    ]
    if not differing:
        return ""
    return " " + ", ".join(f"{name} {_plain(parameters[name])}" for name in differing)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _slug(label: str, taken: set[str]) -> str:
    name = base = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_") or "metric"
    count = 2
    while name in taken:
        name, count = f"{base}_{count}", count + 1
    return name
