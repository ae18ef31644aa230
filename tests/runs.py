"""Carrying out small benchmarks, and reading what came of them; for the tests of runs."""

import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path

from earmark.evaluation.benchmark.file import load
from earmark.evaluation.results.store import Store
from earmark.evaluation.run.run import Settings, Summary, run_benchmark

Make = Callable[..., Path]
METRICS = "metrics: [lufs_integrated, crest_factor_db, esr, mrstft_music, rtf, parameters]\n"
COSTS = ("rtf", "peak_memory_mb")


class Heard:
    """A watch that remembers."""

    def __init__(self) -> None:
        self.stages: dict[str, tuple[int, int]] = {}
        self.failures: list[str] = []

    def stage(self, name: str, total: int, done: int) -> None:
        self.stages[name] = (total, done)

    def step(self, label: str, failure: str) -> None:
        if failure:
            self.failures.append(f"{label}: {failure}")


def carry_out(
    bench: Path, results: Path, settings: Settings | None = None
) -> tuple[Summary, Heard]:
    heard = Heard()
    with Store(results) as store:
        return run_benchmark(load(bench), store, settings or Settings(device="cpu"), heard), heard


def scores(results: Path) -> Mapping[tuple[str, ...], float | None]:
    """Every score but the measured costs, by render, reference, metric and variant."""
    connection = sqlite3.connect(results / "results.sqlite")
    try:
        found = connection.execute(
            "SELECT subject, reference, metric, variant, value FROM score"
            f" WHERE metric NOT IN {COSTS}"
        ).fetchall()
    finally:
        connection.close()
    return {tuple(row[:4]): row[4] for row in found}


def count(results: Path, table: str) -> int:
    if not (results / "results.sqlite").is_file():
        return 0
    connection = sqlite3.connect(f"file:{results / 'results.sqlite'}?mode=ro", uri=True)
    try:
        return int(connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0])
    except sqlite3.OperationalError:
        return 0
    finally:
        connection.close()
