"""The report's checklist of delivery: how many songs of each system keep to each profile."""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from .....evaluation.delivery.checklist import DeliveryVerdict, LimitCheck, MetricValue, checklist
from .....evaluation.delivery.profiles import Profile, shipped_profiles
from ....presentation.numbers import NONE, fixed
from ...result.document import Result
from ..registry import Context, Section, render, section

_COLUMNS = (
    *("system", "profile", "metric", "asked", "songs", "within", "outside"),
    *("not stated", "not measured", "largest excess", "source", "read on"),
)


@section(order=49)
def delivery(context: Context) -> Section | None:
    """What platforms and standards ask, held against every render."""
    result = context.result
    profiles = [one for one in shipped_profiles() if _measured_by(result, one)]
    rows = [row for profile in profiles for row in _rows(result, profile)]
    if not rows:
        return None
    shown = [
        {
            **row,
            "excess": NONE if row["largest excess"] is None else fixed(row["largest excess"], 2),
        }
        for row in rows
    ]
    html = render(
        "sections/delivery.html",
        rows=shown,
        looks=result.looks,
        sources=[(one.name, one.title, one.edition, one.source, one.read_on) for one in profiles],
    )
    table = pd.DataFrame([{name: row[name] for name in _COLUMNS} for row in rows])
    return Section("delivery", "Could it be delivered?", html, tables={"delivery": table})


def _measured_by(result: Result, profile: Profile) -> bool:
    measured = set(result.scores["metric"])
    return bool(profile.limits) and all(name in measured for name in profile.metrics)


def _rows(result: Result, profile: Profile) -> list[dict[str, Any]]:
    values = _values(result, profile)
    found: list[dict[str, Any]] = []
    for system in result.system_names:
        songs = [one for (name, _), one in values.items() if name == system]
        complete = [one for one in songs if len(one) == len(profile.metrics)]
        lists = [checklist(profile, one).checks for one in complete]
        for checks in zip(*lists, strict=True):
            found.append(_row(system, profile, checks))
    return found


def _row(system: str, profile: Profile, checks: tuple[LimitCheck, ...]) -> dict[str, Any]:
    count = {one: sum(check.judgement is one for check in checks) for one in DeliveryVerdict}
    excess = max(check.beyond for check in checks)
    return {
        "system": system,
        "profile": profile.name,
        "metric": checks[0].metric,
        "asked": checks[0].asked,
        "songs": len(checks),
        "within": count[DeliveryVerdict.WITHIN],
        "outside": count[DeliveryVerdict.OUTSIDE],
        "not stated": count[DeliveryVerdict.NOT_STATED],
        "not measured": count[DeliveryVerdict.NOT_MEASURED],
        "largest excess": excess or None,
        "source": profile.source,
        "read on": profile.read_on.isoformat(),
    }


def _values(result: Result, profile: Profile) -> Mapping[tuple[str, str], dict[str, MetricValue]]:
    """What was measured of each system and song, by the metrics' default parameters."""
    scores = result.scores
    wanted = scores[scores["metric"].isin(profile.metrics) & (scores["variant"] == "raw")]
    found: dict[tuple[str, str], dict[str, MetricValue]] = {}
    for row in wanted.itertuples():
        place = found.setdefault((str(row.system), str(row.song)), {})
        value = float(row.value)  # type: ignore[arg-type]
        # The first row of a metric is that with the parameters that stand first in the benchmark.
        place.setdefault(
            str(row.metric),
            MetricValue(None if math.isnan(value) else value, str(row.unit), str(row.reason)),
        )
    return found
