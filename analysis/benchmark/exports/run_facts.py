"""Which run an export is of, and what is recorded of it."""

from ....evaluation.results.runs import Run, all_runs
from ....evaluation.results.store import Store


def run_of(store: Store, benchmark: str) -> Run | None:
    """The run whose results are read; None for results from before runs were kept."""
    row = store.rows("SELECT run FROM benchmark WHERE name = ?", (benchmark,))[0]
    return next((run for run in all_runs(store, benchmark) if run.number == row["run"]), None)


def versions_of(run: Run | None) -> dict[str, str]:
    """The versions of Earmark, Python and libraries that made the results, as far as recorded."""
    found = (run.record.get("versions") if run is not None else None) or {}
    return {str(name): str(version) for name, version in found.items()}
