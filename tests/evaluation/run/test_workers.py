"""Tasks run in this process, in a pool, and survive a worker that dies."""

import importlib
import os
import signal
import sys
import time
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from earmark.evaluation.run.workers import Crew, Lost, Workers
from earmark.models.errors import UserError
from earmark.models.processes import worker_context

# Worker processes import tasks by name, so these stand in a module of their own.
TASKS = """
import os
import random
import time
import numpy
from pathlib import Path

def square(number):
    return number * number

def process(number):
    return os.getpid()

def met(folder):
    Path(folder, str(os.getpid())).touch()
    for _ in range(6000):
        if len(os.listdir(folder)) == 2:
            return os.getpid()
        time.sleep(0.01)

def drawn(_):
    return random.random(), float(numpy.random.rand())

def variable(name):
    return os.environ.get(name)

def deadly(task):
    marker, number = task
    if number == 3 and not (marker and Path(marker).exists()):
        if marker:
            Path(marker).touch()
        os._exit(9)
    return number * number
"""


@pytest.fixture
def tasks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """``square``; the ``process`` that works; ``deadly``: it dies at 3, with a marker but once."""
    (tmp_path / "worker_tasks.py").write_text(TASKS)
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("worker_tasks")
    del sys.modules["worker_tasks"]


@pytest.mark.parametrize("count", [1, 2])
def test_every_task_is_done_once(tasks: Any, count: int) -> None:
    with Crew(Workers(count)) as crew:
        results = dict(crew.finish(tasks.square, range(7)))
    assert results == {number: number**2 for number in range(7)}


def test_no_task_is_no_work(tasks: Any) -> None:
    with Crew(Workers(2)) as crew:
        assert list(crew.finish(tasks.square, [])) == []


def test_a_task_that_kills_its_worker_is_lost_and_the_others_are_done(tasks: Any) -> None:
    with Crew(Workers(2)) as crew:
        results = dict(crew.finish(tasks.deadly, [("", number) for number in range(9)]))
    assert isinstance(results.pop(("", 3)), Lost)
    assert results == {("", n): n**2 for n in range(9) if n != 3}


def test_a_worker_that_was_killed_once_costs_nothing(tasks: Any, tmp_path: Path) -> None:
    marker = str(tmp_path / "marker")
    with Crew(Workers(2)) as crew:
        results = dict(crew.finish(tasks.deadly, [(marker, number) for number in range(9)]))
    assert results == {(marker, n): n**2 for n in range(9)}


def test_the_workers_of_a_stage_are_those_of_the_next(tasks: Any, tmp_path: Path) -> None:
    met = tmp_path / "met"
    met.mkdir()
    with Crew(Workers(2)) as crew:
        # Each waits for the other, so that no process does all of the first stage.
        first = {process for _, process in crew.finish(tasks.met, [str(met)] * 2)}
        assert len(first - {os.getpid(), None}) == 2
        assert {process for _, process in crew.finish(tasks.process, range(9))} <= first
    assert not any(Path(f"/proc/{process}").exists() for process in first)


def test_a_task_that_a_breaking_pool_forgets_is_done_all_the_same(
    tasks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Python 3.11 does in the moment in which a pool breaks, now and then."""
    monkeypatch.setattr("earmark.evaluation.run.workers._ASKED_SECONDS", 0.2)
    submit, forgotten = ProcessPoolExecutor.submit, list[Future[Any]]()

    def forgets(pool: Any, function: Any, *given: Any) -> Any:
        if function is tasks.square and given == (3,) and not forgotten:
            forgotten.append(Future())
            for process in pool._processes.values():
                process.kill()
            return forgotten[0]
        return submit(pool, function, *given)

    monkeypatch.setattr(ProcessPoolExecutor, "submit", forgets)
    with Crew(Workers(2)) as crew:
        results = dict(crew.finish(tasks.square, range(7)))
    assert results == {number: number**2 for number in range(7)}
    assert len(forgotten) == 1


def test_no_two_workers_draw_the_same_numbers(tasks: Any) -> None:
    found: set[Any] = set()
    for _ in range(2):
        with Crew(Workers(2)) as crew:
            drawn: list[Any] = [pair for _, pair in crew.finish(tasks.drawn, range(6))]
        found |= {number for pair in drawn for number in pair}
    assert len(found) == 24


def test_a_long_path_for_temporary_files_does_not_keep_workers_from_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert worker_context().get_start_method() == "forkserver"
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / ("long" * 24)))
    assert worker_context().get_start_method() == "spawn"


def test_workers_have_the_environment_of_now(tasks: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("EARMARK_NEW", "EARMARK_GONE")
    monkeypatch.setenv("EARMARK_GONE", "1")
    with Crew(Workers(2)) as crew:
        assert dict(crew.finish(tasks.variable, names)) == {
            "EARMARK_NEW": None,
            "EARMARK_GONE": "1",
        }
    monkeypatch.setenv("EARMARK_NEW", "2")
    monkeypatch.delenv("EARMARK_GONE")
    with Crew(Workers(2)) as crew:
        assert dict(crew.finish(tasks.variable, names)) == {
            "EARMARK_NEW": "2",
            "EARMARK_GONE": None,
        }


def test_workers_that_die_between_two_stages_cost_no_task(tasks: Any) -> None:
    with Crew(Workers(2)) as crew:
        found: set[Any] = {process for _, process in crew.finish(tasks.process, range(9))}
        for process in found:
            os.kill(process, signal.SIGKILL)
        while any(Path(f"/proc/{process}").exists() for process in found):
            time.sleep(0.01)
        results = dict(crew.finish(tasks.square, range(7)))
    assert results == {number: number**2 for number in range(7)}


def test_a_worker_that_dies_while_tasks_are_handed_out_loses_no_other(tasks: Any) -> None:
    many = [("", 3), *(("", number) for number in range(10, 3000))]
    with Crew(Workers(2)) as crew:
        results = dict(crew.finish(tasks.deadly, many))
    assert isinstance(results.pop(("", 3)), Lost)
    assert results == {("", n): n**2 for n in range(10, 3000)}


@pytest.mark.slow
def test_a_process_that_a_breaking_pool_began_too_late_is_ended(tasks: Any) -> None:
    with Crew(Workers(2)) as crew:
        some: set[Any] = {process for _, process in crew.finish(tasks.process, range(9))}
        context: Any = worker_context()
        late = context.Process(target=time.sleep, args=(600,))
        late.start()
        # As if it had begun after the pool terminated all that it knew of.
        late.terminate = lambda: None
        pool: Any = crew._begun()
        pool._processes[late.pid] = late
        os.kill(next(iter(some)), signal.SIGKILL)
        while not pool._broken:
            time.sleep(0.01)
        assert dict(crew.finish(tasks.square, range(7))) == {n: n**2 for n in range(7)}
    late.join(60)
    assert late.exitcode == -signal.SIGKILL


def test_the_number_of_workers_is_read() -> None:
    assert Workers.parse("3") == Workers(3)
    assert Workers.parse("auto").count >= 1
    assert Workers.parse("tcp://host:8786") == Workers(address="tcp://host:8786")


@pytest.mark.parametrize("text", ["0", "-1", "many", "1.5", ""])
def test_a_wrong_number_of_workers_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="--workers"):
        Workers.parse(text)


@pytest.mark.slow
def test_a_cluster_that_does_not_answer_is_named(tasks: Any) -> None:
    with pytest.raises(UserError, match=r"tcp://127\.0\.0\.1:9.*no Dask scheduler"):
        list(Crew(Workers(address="tcp://127.0.0.1:9")).finish(tasks.square, [1, 2]))
