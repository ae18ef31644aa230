"""Says which code has changed since the run before, before anything of that run is used again."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ...models.registry import added_by
from ..benchmark.file import Benchmark
from ..results.provenance import plugins_loaded
from ..results.runs import Run, latest_run
from ..results.store import Store
from .plan import Plan

_MOST_NAMED = 5


def code_record(benchmark: Benchmark) -> dict[str, Any]:
    """What a run records of the code that is not Earmark's: plug-ins, and files of commands."""
    systems = {}
    for system in benchmark.systems:
        files, unknown = system.files, system.unknown
        if files or unknown:
            systems[system.name] = {"files": dict(files), "unknown": unknown}
    plugins = [
        {"path": str(path), "sha256": code.sha256, "files": _files(code.files, path)}
        for path, (_, code) in plugins_loaded(benchmark.plugins).items()
    ]
    return {"plugins": plugins, "systems": systems}


def code_changes(store: Store, benchmark: Benchmark, plan: Plan) -> list[str]:
    """A line for each plug-in and each system whose files are others than in the last run."""
    run = latest_run(store, benchmark.name)
    if run is None:
        return []
    return [*_plugins(run, benchmark), *_systems(run, benchmark, plan)]


def unknown_identities(benchmark: Benchmark) -> list[str]:
    """A line for each system of which something cannot be known."""
    return [f"system {one.name!r}: {one.unknown}" for one in benchmark.systems if one.unknown]


def _plugins(run: Run, benchmark: Benchmark) -> Iterable[str]:
    record = run.record.get("code") or {}
    before = {one["path"]: one["files"] for one in record.get("plugins", [])}
    for path, (module, code) in plugins_loaded(benchmark.plugins).items():
        again = _again(module)
        if str(path) not in before:
            # A plug-in of this path is new, or nothing was recorded of it.
            if not record and run.kept:
                yield f"plug-in {path.name}: {run.title} did not record its code{again}"
            continue
        changed = _differing(before[str(path)], _files(code.files, path))
        if changed:
            yield f"plug-in {path.name}: {_named(changed)} changed since {run.title}{again}"


def _again(module: str) -> str:
    """What a plug-in's change means, by what it has registered."""
    verbs = {
        "metrics": "measured again",
        "embeddings": "made again",
        "system kinds": "rendered again",
    }
    found = [
        f"{_named(names)} will be {verbs[sort]}"
        for sort, names in added_by(module).items()
        if sort in verbs
    ]
    return f": {'; '.join(found)}" if found else ""


def _systems(run: Run, benchmark: Benchmark, plan: Plan) -> Iterable[str]:
    before = (run.record.get("code") or {}).get("systems", {})
    for system in benchmark.systems:
        changed = set(plan.reread.get(system.name, ()))
        if system.name in before:
            changed |= set(_differing(before[system.name]["files"], system.files))
        waiting = sum(task.system.name == system.name for task in plan.lacking)
        if changed and waiting:
            renders = "render" if waiting == 1 else "renders"
            yield (
                f"system {system.name!r}: {_named(sorted(changed))} changed since {run.title}: "
                f"{waiting} {renders} will be made again"
            )


def _files(files: Mapping[str, tuple[Path, str]], path: Path) -> dict[str, str]:
    return {name or path.name: sha256 for name, (_, sha256) in files.items()}


def _differing(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    return [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]


def _named(names: Iterable[str]) -> str:
    every = list(names)
    rest = len(every) - _MOST_NAMED
    return ", ".join(every[:_MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")
