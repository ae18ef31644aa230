"""The one loop of a run: who is told what, what is read how often, and what a kill leaves."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest
from fad_files import write_plugin
from runs import METRICS, Heard, Make, carry_out

from earmark.evaluation.benchmark.file import Benchmark, load
from earmark.evaluation.results.store import Store
from earmark.evaluation.run import run
from earmark.evaluation.run.ledger import Ledger
from earmark.evaluation.run.plan import Plan, plan
from earmark.evaluation.run.render import RenderTask, render_one
from earmark.evaluation.run.run import Done, RunSettings
from earmark.evaluation.run.stage import Stage
from earmark.evaluation.run.workers import Crew, Lost, Workers

SETS = METRICS.replace("[", "[{name: fad, embedding: bands}, ") + "plugins: [bands.py]\n"


@pytest.fixture
def sidecars_read(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts how often the sidecar of each render is read from disk, by its name."""
    found: Counter[str] = Counter()
    read_text = Path.read_text

    def counted(path: Path, encoding: str | None = None, errors: str | None = None) -> str:
        if path.suffix == ".json" and "renders" in path.parts:
            found[path.name] += 1
        return read_text(path, encoding, errors)

    monkeypatch.setattr(Path, "read_text", counted)
    return found


@pytest.mark.parametrize("metrics", [METRICS, SETS], ids=["scores", "sets too"])
def test_a_sidecar_is_read_once_and_twice_more_where_its_render_is_made(
    make_songs: Make,
    make_benchmark: Make,
    tmp_path: Path,
    sidecars_read: Counter[str],
    metrics: str,
) -> None:
    make_songs(2)
    write_plugin(tmp_path)
    bench = make_benchmark("unprocessed", "lowpass_3500", more=metrics)
    carry_out(bench, tmp_path / "r")
    # Looked for by the plan, read by the worker that wrote it, seen by the driver.
    assert len(sidecars_read) == 2 * 3
    assert set(sidecars_read.values()) == {3}
    sidecars_read.clear()
    summary, heard = carry_out(bench, tmp_path / "r")
    assert (summary.rendered, heard.stages["inspect"]) == (0, (6, 6))
    assert len(sidecars_read) == 2 * 3
    assert set(sidecars_read.values()) == {1}


def test_a_forced_run_reads_what_it_made_anew(
    make_songs: Make, make_benchmark: Make, tmp_path: Path, sidecars_read: Counter[str]
) -> None:
    make_songs(1)
    bench = make_benchmark("unprocessed", more=METRICS)
    carry_out(bench, tmp_path / "r")
    sidecars_read.clear()
    carry_out(bench, tmp_path / "r", RunSettings(device="cpu", force=True))
    assert set(sidecars_read.values()) == {4}  # and what is replaced


def test_a_plan_knows_every_name_of_a_render(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    make_songs(2)
    loud = "{{name: {}, kind: loudness, target: -14}}"
    bench = load(make_benchmark(loud.format("one"), loud.format("two"), "lowpass_3500"))
    found = plan(bench, tmp_path / "r", "cpu", bench.songs)
    for task in found.tasks:
        searched = [place for place, key in found.placements.items() if key == task.key]
        # The mix is rendered for every song and is no row of this benchmark.
        assert list(found.places(task)) == (searched or [(task.song.id, "unprocessed")])
    assert {len(found.places(task)) for task in found.tasks} == {1, 2}


def test_a_plan_remembers_what_it_saw_and_forgets_what_is_gone(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    make_songs(1)
    bench = load(make_benchmark("unprocessed"))
    found = plan(bench, tmp_path / "r", "cpu", bench.songs)
    task = found.tasks[0]
    assert (found.done, found.lacking) == ((), found.tasks)
    render_one(task)
    assert task in found.lacking
    assert found.look(task) == found.renders[task.key]
    assert found.done == (task,)
    task.path.unlink()
    assert found.look(task) is None
    assert not found.done


def test_what_a_worker_made_out_of_sight_is_a_failure(
    make_songs: Make, make_benchmark: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_songs(1)
    look = Plan.look
    seen: Counter[str] = Counter()

    def blind(self: Plan, task: RenderTask) -> object:
        seen[task.key] += 1
        # As on a cluster whose workers write to a disk of their own.
        if seen[task.key] == 2 and task.system.name == "lowpass_3500":
            task.path.unlink()
        return look(self, task)

    monkeypatch.setattr(Plan, "look", blind)
    bench = make_benchmark("unprocessed", "lowpass_3500", more=METRICS)
    summary, heard = carry_out(bench, tmp_path / "r")
    ((song, system, step, message),) = summary.failures
    assert (song, system, step) == ("song-0", "lowpass_3500", "render")
    assert "not seen from here" in message
    assert len(heard.failures) == 1
    assert summary.rendered == 2


@dataclass(frozen=True)
class Numbers(Stage[int, int]):
    """Three of five units lack work; 2 fails, and the run is interrupted at ``fatal``."""

    ledger: Ledger
    fatal: int = -1

    name: ClassVar[str] = "numbers"

    @property
    def function(self) -> Callable[[int], int]:
        return lambda number: number

    @property
    def refused(self) -> dict[str, str]:
        return {"four": "cannot even be tried"}

    def tasks(self) -> tuple[Sequence[int], int]:
        return [1, 2, 3], 5

    def label(self, task: int) -> str:
        return f"number {task}"

    def settle(self, task: int, result: int | Lost) -> str:
        self.ledger.fail(f"number {task}", "", "numbers", "", "settled")
        if task == self.fatal:
            raise KeyboardInterrupt
        return "is even" if result == 2 else ""

    def close(self) -> None:
        self.ledger.fail("all", "", "numbers", "", "closed")


class Diary(Heard):
    """A watch that also remembers the order, and what was on disk when it was told."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.store = store
        self.told: list[tuple[str, int]] = []

    def step(self, label: str, failure: str) -> None:
        super().step(label, failure)
        with Store(self.store.folder) as other:  # another connection sees only what is committed
            (row,) = other.rows("SELECT COUNT(*) AS n FROM failure")
        self.told.append((label, row["n"]))


@pytest.fixture
def bench(make_songs: Make, make_benchmark: Make) -> Benchmark:
    make_songs(1)
    return load(make_benchmark("unprocessed"))


def test_a_result_is_on_disk_when_it_is_told(bench: Benchmark, tmp_path: Path) -> None:
    with Store(tmp_path / "r") as store:
        watch = Diary(store)
        ledger = Ledger.open(store, bench, {})
        done = run.carry_out(Numbers(ledger), ledger, Crew(Workers()), watch)
        assert done == Done(tried=3, succeeded=2)
        assert watch.stages == {"numbers": (5, 1)}
        assert watch.told == [("four", 0), ("number 1", 1), ("number 2", 2), ("number 3", 3)]
        assert watch.failures == ["four: cannot even be tried", "number 2: is even"]
        assert [row[0] for row in ledger.failures()] == ["all", "number 1", "number 2", "number 3"]


def test_an_interrupted_result_is_not_written_and_those_before_it_are(
    bench: Benchmark, tmp_path: Path
) -> None:
    with Store(tmp_path / "r") as store:
        ledger = Ledger.open(store, bench, {})
        with pytest.raises(KeyboardInterrupt):
            run.carry_out(Numbers(ledger, fatal=2), ledger, Crew(Workers()), Heard())
        assert [row[0] for row in ledger.failures()] == ["number 1"]
