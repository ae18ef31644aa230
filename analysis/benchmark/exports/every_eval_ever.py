"""Records of the Every Eval Ever schema, version 0.3.0: one for each system, with uncertainty.

The schema is that of the EvalEval coalition (github.com/evaleval/every_eval_ever,
``schemas/eval.schema.json``), made for language models. What it asks and a benchmark of ours does
not know is ``unknown``; what it cannot say is left out:

- metrics without a better direction, because ``lower_is_better`` is required;
- values per song, because a sample must be a text with an answer that is right or wrong;
- what a render cost; the count of parameters is told of the model.
"""

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from ....evaluation.results.runs import Run
from ...presentation.report_folder import folder_name
from ..result.document import Result
from ..result.intervals import LEVEL
from ..result.tables import records as table_rows
from .measured import SystemMean, measured
from .run_facts import versions_of

SCHEMA_VERSION = "0.3.0"
_UNKNOWN = "unknown"
# Windows has no files of these names, and "data" is the schema's own.
_RESERVED = {"CON", "PRN", "AUX", "NUL", "DATA"}
_RESERVED |= {f"{port}{number}" for port in ("COM", "LPT") for number in range(1, 10)}


@dataclass(frozen=True)
class Source:
    """Who measured, who made the systems, and when the records are written; '' for unknown."""

    organization: str
    developer: str
    now: datetime

    @property
    def relationship(self) -> str:
        """What the one is to the other, by the schema's words."""
        if not self.organization or not self.developer:
            return "other"
        return "first_party" if self.organization == self.developer else "third_party"


@dataclass(frozen=True)
class EvaluationRecord:
    """One file: its path below the folder that is written, and what it holds."""

    path: PurePosixPath
    content: Mapping[str, Any]

    def text(self) -> str:
        """The file's JSON."""
        return json.dumps(self.content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def evaluation_records(
    result: Result, run: Run | None, systems: Sequence[str], source: Source
) -> list[EvaluationRecord]:
    """A record for each system that has a mean of a metric with a direction.

    A record of the same run and system always has the same path, so that it replaces itself.
    """
    rows = {str(row["system"]): row for row in table_rows(result.systems)}
    records = []
    for system in systems:
        means = [one for one in measured(result, [system]) if one.column.better != "none"]
        if means:
            records.append(_record(result, run, means, rows[system], source))
    return records


def _record(
    result: Result,
    run: Run | None,
    means: Sequence[SystemMean],
    row: Mapping[str, Any],
    source: Source,
) -> EvaluationRecord:
    collection = _portable(result.benchmark) + ("-SIMULATED" if result.simulated else "")
    developer, model = _portable(source.developer or _UNKNOWN), _portable(str(row["system"]))
    when = run.started if run is not None else ""
    stamp = str(_epoch(when)) if when else _UNKNOWN
    identity = f"{collection}/{developer}/{model}/{stamp}"
    if run is not None:
        identity += f"/{run.id}"
    content: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "evaluation_id": identity,
        **({"evaluation_timestamp": when} if when else {}),
        "retrieved_timestamp": str(int(source.now.timestamp())),
        "source_metadata": {
            "source_name": f"Earmark benchmark {result.benchmark}",
            "source_type": "evaluation_run",
            "source_organization_name": source.organization or _UNKNOWN,
            "evaluator_relationship": source.relationship,
        },
        "eval_library": _library(run),
        "model_info": {
            "name": str(row["system"]),
            "id": f"{developer}/{model}",
            "developer": source.developer or _UNKNOWN,
            "additional_details": _model_details(row),
        },
        "evaluation_results": [_result(result, one, collection) for one in means],
    }
    file = f"{_uuid4(identity)}.json"
    return EvaluationRecord(PurePosixPath("data", collection, developer, model, file), content)


def _library(run: Run | None) -> dict[str, Any]:
    versions = versions_of(run)
    library: dict[str, Any] = {"name": "earmark", "version": versions.pop("earmark", _UNKNOWN)}
    if versions:
        library["additional_details"] = versions
    return library


def _model_details(row: Mapping[str, Any]) -> dict[str, str]:
    # An imported folder holds masters that somebody made somewhere.
    made_here = row["kind"] != "imported"
    details = {
        "deployment_type": "self_deployed" if made_here else _UNKNOWN,
        "model_availability": _UNKNOWN,
        "kind": str(row["kind"]),
        "role": str(row["role"]),
        "sees_reference": json.dumps(bool(row["uses_reference"])),
        "content_key": str(row["key"]),
    }
    for name in ("step", "parameters", "licence"):
        if row[name] not in (None, ""):
            details[name] = str(row[name])
    return details


def _result(result: Result, one: SystemMean, collection: str) -> dict[str, Any]:
    column = one.column
    config: dict[str, Any] = {
        "evaluation_description": column.summary or f"{column.metric} by Earmark",
        "metric_id": f"earmark.{column.metric}",
        "metric_name": one.label,
        "metric_kind": column.metric,
        **({"metric_unit": column.unit} if column.unit else {}),
        "metric_parameters": _parameters(one),
        "lower_is_better": column.better != "higher",
        "score_type": "continuous",
        # A size is never below zero; no other bound is known for every metric.
        "min_score": 0.0 if one.sized else "-Infinity",
        "max_score": "Infinity",
        "additional_details": {
            "metric_version": str(column.version),
            "aggregation": "mean over songs" + (" of absolute values" if one.sized else ""),
        },
    }
    return {
        "evaluation_result_id": f"{column.id}/{one.variant}",
        "evaluation_name": f"earmark.{collection}",
        "source_data": _songs(result, collection),
        "metric_config": config,
        "score_details": {
            "score": one.mean.centre,
            "details": _details(one),
            "uncertainty": _uncertainty(one),
        },
    }


def _songs(result: Result, collection: str) -> dict[str, Any]:
    known = sorted(str(one) for one in result.songs["sha256"])
    return {
        "dataset_name": collection,
        "source_type": "other",
        "additional_details": {
            "benchmark": result.benchmark,
            "simulated": json.dumps(result.simulated),
            "samples_number": str(len(result.song_names)),
            "songs": json.dumps(list(result.song_names), ensure_ascii=False),
            "songs_sha256": hashlib.sha256("\n".join(known).encode()).hexdigest(),
        },
    }


def _parameters(one: SystemMean) -> dict[str, Any]:
    found: dict[str, Any] = {"variant": one.variant}
    for name, value in json.loads(one.column.parameters).items():
        plain = value is None or isinstance(value, str | int | float | bool)
        found[name] = value if plain else json.dumps(value, sort_keys=True)
    return found


def _details(one: SystemMean) -> dict[str, str]:
    median = one.median
    found = {"median": repr(median.centre)}
    if median.low is not None and median.high is not None:
        found |= {"median_low": repr(median.low), "median_high": repr(median.high)}
    if one.rank is not None:
        found |= {
            "rank_low": str(one.rank.low),
            "rank_high": str(one.rank.high),
            "ranked_systems": str(one.ranked),
            "tied_first": json.dumps(one.rank.first),
            "chance_best": repr(one.rank.chance_best),
        }
    for reason, count in one.missing.items():
        found[f"songs_without_value_{reason}"] = str(count)
    return found


def _uncertainty(one: SystemMean) -> dict[str, Any]:
    found: dict[str, Any] = {"num_samples": one.mean.n}
    if one.sd is not None:
        found["standard_error"] = {"value": one.standard_error, "method": "analytic"}
        found["standard_deviation"] = one.sd
    if one.mean.low is not None and one.mean.high is not None:
        found["confidence_interval"] = {
            "lower": one.mean.low,
            "upper": one.mean.high,
            "confidence_level": LEVEL,
            "method": "Student's t over songs",
        }
    return found


def _portable(name: str) -> str:
    plain = folder_name(name)
    return f"{plain}-1" if plain.split(".")[0].upper() in _RESERVED else plain


def _uuid4(text: str) -> str:
    """A UUID of version 4 in form, always the same for a text."""
    return str(uuid.UUID(bytes=hashlib.sha256(text.encode()).digest()[:16], version=4))


def _epoch(iso: str) -> int:
    when = datetime.fromisoformat(iso)
    return int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp())
