"""What the numbers of a metric mean, as the last run of a benchmark knew it.

Results tell it themselves: a report needs no registry of metrics, and a plug-in's metric keeps its
direction where the plug-in is not loaded.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from .store import Store

Better = Literal["higher", "lower", "zero", "none"]


@dataclass(frozen=True)
class MetricFacts:
    """Unit, direction and meaning; ``rank`` is the place among all metrics, None for unknown."""

    unit: str = ""
    better: Better = "none"
    summary: str = ""
    rank: int | None = None


def read_facts(store: Store, benchmark: str) -> Mapping[str, MetricFacts]:
    """The facts of each metric that a benchmark asks for, by its name."""
    rows = store.rows(
        "SELECT DISTINCT metric, unit, better, summary, rank FROM selection WHERE benchmark = ?",
        (benchmark,),
    )
    return {
        row["metric"]: MetricFacts(
            row["unit"], _direction(row["better"]), row["summary"], row["rank"]
        )
        for row in rows
    }


def _direction(text: str) -> Better:
    return next((known for known in get_args(Better) if known == text), "none")
