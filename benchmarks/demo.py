"""Which stage of ``earmark demo`` costs what: processor time of this process and its workers.

Run with ``python benchmarks/demo.py [--workers 2] [--keep DIR]``. The demo is made in a folder of
its own, whole: every song, system and metric. Workers' time is counted where they are used, once
they have ended: their share stands in the last line.
"""

import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click
from metrics import processor
from rich.console import Console

from earmark.analysis.benchmark.report import write_report
from earmark.evaluation.benchmark.file import load
from earmark.evaluation.demo import SEED, SONG_SECONDS, SONGS, benchmark_text
from earmark.evaluation.results.store import Store
from earmark.evaluation.run.run import RunSettings, run_benchmark
from earmark.evaluation.run.workers import Workers
from earmark.listening_test.demo import make_demo_study
from earmark.models.demo_songs.songs import write_demo_songs


class Stages:
    """A watch that notes when each stage begins."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, int, float, float]] = []
        self._name, self._units = "", 0
        self._wall, self._spent = time.perf_counter(), spent()

    def stage(self, name: str, total: int, done: int) -> None:
        """The stage before has ended."""
        wall, now = time.perf_counter(), spent()
        if self._name:
            self.rows.append((self._name, self._units, wall - self._wall, now - self._spent))
        self._name, self._units, self._wall, self._spent = name, total - done, wall, now

    def step(self, label: str, failure: str) -> None:
        """Failures are told, for their stage has done less."""
        if failure:
            click.echo(f"failed: {label}: {failure}")

    def tell(self, line: str) -> None:
        """Notes are not of interest here."""


def spent() -> float:
    """Processor seconds of this process and of its children that have ended."""
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    used = [resource.getrusage(one) for one in who]
    return sum(one.ru_utime + one.ru_stime for one in used)


@click.command()
@click.option("--workers", default="1", show_default=True)
@click.option("--keep", type=click.Path(path_type=Path), help="A folder for the demo that stays.")
@click.option("--songs", default=SONGS, show_default=True, help="Fewer, for a first look.")
@click.option("--seconds", default=SONG_SECONDS, show_default=True, help="Length of a song.")
def main(workers: str, keep: Path | None, songs: int, seconds: float) -> None:
    """Make the demo and print its stages."""
    with tempfile.TemporaryDirectory() as name:
        folder = keep or Path(name)
        stages = Stages()
        began = time.perf_counter()

        def timed(title: str, work: Callable[[], object]) -> None:
            stages.stage(title, 1, 0)
            work()

        songs_folder = folder / "demo" / "songs"
        timed("songs", lambda: write_demo_songs(songs_folder, songs, SEED, seconds))
        # The songs that are there stay; the file has every system and metric.
        (folder / "demo" / "bench.yaml").write_text(benchmark_text(), encoding="utf-8")
        found = load(folder / "demo" / "bench.yaml")
        steps = ("render", "score")
        settings = RunSettings(Workers.parse(workers), "cpu", steps=steps)
        with Store(folder / "results") as store:
            run_benchmark(found, store, settings, stages)
            timed("report", lambda: write_report(store, found.name))
        timed("listening test", lambda: make_demo_study(folder / "demo", folder / "results"))
        stages.stage("", 0, 0)
        console = Console(width=100)
        console.print(f"{processor()}, --workers {workers}, {songs} songs of {seconds:g} s")
        console.print("| stage | units | wall, s | processor, s |\n|---|---|---|---|")
        for title, units, wall, used in stages.rows:
            console.print(f"| {title} | {units} | {wall:.1f} | {used:.1f} |")
        took = time.perf_counter() - began
        console.print(f"| all | | {took:.1f} | {spent():.1f} |")


if __name__ == "__main__":
    main()
