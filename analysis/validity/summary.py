"""``validity.json``: what a set of ratings says of each metric, small enough to keep and to share.

A benchmark reads such files (``validity`` in the benchmark file) and says above each column how far
the metric follows listeners. Of several sets, ρ within passages is combined by a random-effects
model (DerSimonian & Laird 1986) on Fisher's z: each set weighs 1 / (its squared error + τ²), where
τ² is what the sets differ by beyond their errors. The quantile is that of t with the degrees of
freedom of all sets. A metric of another version or with other parameters is another metric. Sets
with too few systems, passages or listeners for a claim are counted, not combined.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field, StrictBool, StrictInt, ValidationError
from scipy import stats

from ...models.errors import UserError
from ..ratings.result.validity import Sure, ValidityLevel
from ..result.parts import Free, Maybe, ResultPart
from .document import ValidityDocument


class MetricSummary(ResultPart):
    """A metric in a set: Spearman's ρ at each level."""

    metric: str
    variant: str
    parameters: dict[str, Free]
    version: StrictInt | None
    stimuli: StrictInt
    systems: StrictInt
    within: Sure | None
    stimuli_level: Sure | None
    systems_level: Sure | None
    ceiling: Maybe


class ValiditySummary(ResultPart):
    """What one set says; ``earmark schema validity-file`` describes it."""

    schema_number: Literal[1] = Field(alias="schema")
    kind: Literal["validity"]
    name: str
    simulated: StrictBool
    ratings_sha256: str
    question: str
    systems: StrictInt
    passages: StrictInt
    listeners: StrictInt
    claims: StrictBool
    why_not: tuple[str, ...]
    metrics: tuple[MetricSummary, ...]

    def json_text(self) -> str:
        """The text of ``validity.json``."""
        return json.dumps(self.as_json(), ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def json_schema() -> dict[str, Any]:
    """The JSON schema of a ``validity.json``."""
    return ValiditySummary.model_json_schema(by_alias=True)


def summary_of(document: ValidityDocument) -> ValiditySummary:
    """The small form of a result."""
    found = document.following
    within = next(
        (one.ceiling for one in found.ceilings if one.level is ValidityLevel.WITHIN), None
    )

    def at(one: Any, level: ValidityLevel) -> Sure | None:
        part = one.at(level)
        return part.spearman if part and part.spearman.value is not None else None

    return ValiditySummary(
        schema=1,
        kind="validity",
        name=document.name,
        simulated=document.simulated,
        ratings_sha256=document.input.sha256,
        question=document.input.question,
        systems=found.systems,
        passages=found.passages,
        listeners=found.listeners,
        claims=found.claims,
        why_not=found.why_not,
        metrics=tuple(
            MetricSummary(
                metric=one.metric,
                variant=one.variant,
                parameters=one.parameters,
                version=one.version,
                stimuli=one.stimuli,
                systems=one.systems,
                within=at(one, ValidityLevel.WITHIN),
                stimuli_level=at(one, ValidityLevel.STIMULI),
                systems_level=at(one, ValidityLevel.SYSTEMS),
                ceiling=within,
            )
            for one in found.metrics
        ),
    )


def read_summary(path: Path) -> ValiditySummary:
    """The set in a ``validity.json``.

    Raises:
        UserError: one line with the file, if it is none.
    """
    try:
        return ValiditySummary.model_validate_json(path.read_bytes())
    except OSError as error:
        why = error.strerror or type(error).__name__
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        why = ": ".join(filter(None, (".".join(map(str, first["loc"])), first["msg"])))
    raise UserError(f"{path}: is not a validity.json of 'earmark validate' ({why})")


@dataclass(frozen=True)
class PooledValidity:
    """ρ within passages over sets of ratings; ``tau`` is by how much the sets differ, in z."""

    value: float
    low: float
    high: float
    tau: float
    sets: tuple[str, ...]
    stimuli: int
    listeners: int
    simulated: bool


def pooled(
    sets: Sequence[ValiditySummary],
    metric: str,
    variant: str,
    version: int | None,
    parameters: Mapping[str, Any],
    alpha: float = 0.05,
) -> PooledValidity | str:
    """What the sets say of a metric together; where they say nothing, why."""
    mine = [
        (one, row)
        for one in sets
        for row in one.metrics
        if row.metric == metric and row.variant == variant
    ]
    if not mine:
        return "not validated on listeners"
    same = [(one, row) for one, row in mine if row.parameters == dict(parameters)]
    if not same:
        return "not validated on listeners with these parameters"
    known = [(one, row) for one, row in same if row.version in (None, version)]
    if not known:
        return "not validated on listeners in this version"
    enough = [(one, row) for one, row in known if one.claims]
    if not enough:
        return f"not validated on listeners: {'; '.join(known[0][0].why_not)}"
    used = []
    for one, row in enough:
        if row.within and row.within.value is not None and row.within.z_error:
            z = math.atanh(max(-0.9999, min(0.9999, row.within.value)))
            used.append((one, row, z, row.within.z_error, row.within.df or 1.0))
    if not used:
        return "not validated on listeners: no correlation could be computed"
    value, error, df, tau = combined(
        np.array([one[2] for one in used]),
        np.array([one[3] for one in used]),
        np.array([one[4] for one in used]),
    )
    half = float(stats.t.isf(alpha / 2, df)) * error
    return PooledValidity(
        value=math.tanh(value),
        low=math.tanh(value - half),
        high=math.tanh(value + half),
        tau=tau,
        sets=tuple(one[0].name for one in used),
        stimuli=sum(one[1].stimuli for one in used),
        listeners=sum(one[0].listeners for one in used),
        simulated=any(one[0].simulated for one in used),
    )


def combined(z: Any, error: Any, df: Any) -> tuple[float, float, float, float]:
    """Mean, error, df and τ of values ``z`` ``(n,)`` with these errors and df."""
    weights = 1 / error**2
    mean = float((weights * z).sum() / weights.sum())
    q = float((weights * (z - mean) ** 2).sum())
    scale = float(weights.sum() - (weights**2).sum() / weights.sum())
    tau2 = max(0.0, (q - (len(z) - 1)) / scale) if len(z) > 1 else 0.0
    weights = 1 / (error**2 + tau2)
    mean = float((weights * z).sum() / weights.sum())
    return mean, float(1 / np.sqrt(weights.sum())), float(df.sum()), float(np.sqrt(tau2))
