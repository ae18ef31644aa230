"""What a tracker of experiments keeps of a benchmark run: means, curves over steps, and ranks."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from ....evaluation.results.runs import Run
from ...presentation.report_folder import folder_name
from ..result.document import Result
from ..result.tables import sweep_families
from .headline_table import HeadlineTable, headline_table
from .measured import SystemMean, measured
from .run_facts import versions_of

# MLflow's limit of a metric's name, the narrowest of the three.
_LONGEST = 250
# What MLflow allows in names on every system; slashes are ours alone.
_ODD = re.compile(r"[^\w .-]", re.ASCII)


@dataclass(frozen=True)
class TrackedMean:
    """The mean of a system in a metric; ``key`` is ``systems/SYSTEM/METRIC`` and unique."""

    key: str
    system: str
    metric: str
    value: float
    step: int | None


@dataclass(frozen=True)
class StepCurve:
    """A metric against the training step; ``key`` is ``curves/FAMILY/METRIC`` and unique."""

    key: str
    family: str
    metric: str
    points: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class TrackedRun:
    """A benchmark run as trackers keep it.

    ``id`` is the run's own, by which an export that is made twice is found. ``project`` and
    ``title`` name it; ``folder`` is a title for the disk. ``means`` are of every system,
    ``settings`` what a tracker lists beside them.
    """

    id: str
    project: str
    title: str
    folder: str
    settings: Mapping[str, str]
    means: tuple[TrackedMean, ...]
    curves: tuple[StepCurve, ...]
    table: HeadlineTable


def tracked_run(result: Result, run: Run | None) -> TrackedRun:
    """Take from a result what trackers keep; what a render cost belongs to a machine."""
    steps = {
        str(name): None if step is None else int(step)
        for name, step in zip(result.systems["system"], result.systems["step"], strict=True)
    }
    found = measured(result, result.system_names)
    names = _Names()
    means = tuple(
        TrackedMean(
            names.key("systems", one.system, one.label),
            one.system,
            one.label,
            _value(one),
            steps[one.system],
        )
        for one in found
    )
    of = {(one.system, one.label): _value(one) for one in found}
    labels = dict.fromkeys(one.label for one in found)
    curves = []
    for family, points in sweep_families(result.systems).items():
        for label in labels:
            known = [(step, of[name, label]) for step, name in points if (name, label) in of]
            if len(known) > 1:
                key = names.key("curves", family, label)
                curves.append(StepCurve(key, family, label, tuple(known)))
    simulated = " SIMULATED" if result.simulated else ""
    title = run.title if run is not None else "run"
    number = f"run {run.number}" if run is not None else "run"
    unknown = hashlib.sha256(f"{result.benchmark}/{title}".encode()).hexdigest()[:12]
    return TrackedRun(
        id=run.id if run is not None else unknown,
        project=folder_name(result.benchmark),
        title=title + simulated,
        folder=number + simulated,
        settings=_settings(result, run),
        means=means,
        curves=tuple(curves),
        table=headline_table(result, run),
    )


def _value(one: SystemMean) -> float:
    # Those without one were left out.
    return float("nan") if one.mean.centre is None else one.mean.centre


def _settings(result: Result, run: Run | None) -> dict[str, str]:
    found = {
        "benchmark": result.benchmark,
        "simulated": json.dumps(result.simulated),
        "seed": str(result.seed),
        "songs": str(len(result.song_names)),
        "systems": str(len(result.system_names)),
        "failures": str(len(result.failures)),
        "baselines": ", ".join(result.baselines) or "none",
        "finding": result.finding,
    }
    if run is not None:
        found |= {"run": str(run.number), "run_name": run.name, "started": run.started}
    versions = versions_of(run)
    return found | {
        f"version_{name}": versions[name]
        for name in ("earmark", "python", "torch")
        if name in versions
    }


class _Names:
    """Keys that every tracker takes, each given once."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def key(self, *parts: str) -> str:
        plain = "/".join(_ODD.sub("_", part).strip(" .") or "_" for part in parts)
        if len(plain) > _LONGEST or plain.casefold() in self._taken:
            digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:6]
            plain = f"{plain[: _LONGEST - 7]}-{digest}"
        self._taken.add(plain.casefold())
        return plain
