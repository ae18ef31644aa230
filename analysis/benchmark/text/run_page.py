"""What a run used and found, in a page of text: for ``earmark runs show``."""

import shlex
from dataclasses import dataclass
from typing import Any

from ....evaluation.results.runs import Run, looking_at, why_empty
from ....evaluation.results.store import Store
from ..result.code_record import code_facts, network_facts, unknown_facts
from ..result.document import Result, load
from .standings_text import counts_text, standings_lines

_MOST_FAILURES = 10


@dataclass(frozen=True)
class RunPage:
    """A run and its results; None where it left nothing."""

    run: Run
    result: Result | None

    def as_json(self) -> dict[str, Any]:
        """What is beside the run itself."""
        if self.result is None:
            return {"songs": [], "systems": [], "summary": [], "failures": []}
        document = self.result.document().as_json()
        return {name: document[name] for name in ("songs", "systems", "summary", "failures")}

    def lines(self) -> list[str]:
        """For a terminal."""
        run = self.run
        ended = f"ended {_time(run.finished)}" if run.finished else "not ended, or killed"
        lines = [
            f"{run.title} of {run.benchmark!r}, id {run.id}",
            f"Started {_time(run.started)}, {ended}",
            f"Command: {shlex.join(run.command) or 'not known'}",
            *_record(run),
        ]
        if self.result is None:
            return [*lines, f"It {why_empty(run)}: what it used is not known."]
        if run.earlier:
            lines.append(
                "From before runs were kept: the state that it left, which may hold scores of "
                "earlier runs."
            )
        lines += [f"Not known: {line}" for line in network_facts(self.result.renders)]
        return [*lines, *_results(self.result)]


def run_page(store: Store, run: Run) -> RunPage:
    """Read what a run left."""
    if not run.kept:
        return RunPage(run, None)
    with looking_at(store, run):
        return RunPage(run, load(store, run.benchmark))


def _record(run: Run) -> list[str]:
    record = run.record
    versions = record.get("versions") or {}
    lines = []
    if versions:
        with_ = [f"{name} {versions[name]}" for name in ("earmark", "torch") if name in versions]
        lines.append(f"With {', '.join(with_)}, on {record.get('device') or 'an unknown device'}")
    lines += [f"{name}: {files}" for name, files in code_facts(record)]
    return [*lines, *(f"Not known: {line}" for line in unknown_facts(record))]


def _results(result: Result) -> list[str]:
    failures = [row for _, row in result.failures.iterrows()]
    lines = [counts_text(result), *standings_lines(result)]
    for row in failures[:_MOST_FAILURES]:
        where = " · ".join(filter(None, (row["system"], row["song"], row["step"])))
        lines.append(f"failed: {where}: {row['message']}")
    if len(failures) > _MOST_FAILURES:
        lines.append(f"and {len(failures) - _MOST_FAILURES} more failures")
    return lines


def _time(text: str) -> str:
    return text[:16].replace("T", " ") + " UTC"
