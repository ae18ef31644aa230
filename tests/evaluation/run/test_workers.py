"""Tasks run in this process, in a pool, and survive a worker that dies."""

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

from earmark.evaluation.run.workers import Lost, Workers, finish
from earmark.models.errors import UserError

# Worker processes import tasks by name, so these stand in a module of their own.
TASKS = """
import os
from pathlib import Path

def square(number):
    return number * number

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
    """``square`` a number; ``deadly`` kills its process at 3, once only where a marker is named."""
    (tmp_path / "worker_tasks.py").write_text(TASKS)
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("worker_tasks")
    del sys.modules["worker_tasks"]


@pytest.mark.parametrize("count", [1, 2])
def test_every_task_is_done_once(tasks: Any, count: int) -> None:
    results = dict(finish(Workers(count), tasks.square, range(7)))
    assert results == {number: number**2 for number in range(7)}


def test_no_task_is_no_work(tasks: Any) -> None:
    assert list(finish(Workers(2), tasks.square, [])) == []


def test_a_task_that_kills_its_worker_is_lost_and_the_others_are_done(tasks: Any) -> None:
    results = dict(finish(Workers(2), tasks.deadly, [("", number) for number in range(9)]))
    assert isinstance(results.pop(("", 3)), Lost)
    assert results == {("", n): n**2 for n in range(9) if n != 3}


def test_a_worker_that_was_killed_once_costs_nothing(tasks: Any, tmp_path: Path) -> None:
    marker = str(tmp_path / "marker")
    results = dict(finish(Workers(2), tasks.deadly, [(marker, number) for number in range(9)]))
    assert results == {(marker, n): n**2 for n in range(9)}


def test_the_number_of_workers_is_read() -> None:
    assert Workers.parse("3") == Workers(3)
    assert Workers.parse("auto").count >= 1
    assert Workers.parse("tcp://host:8786") == Workers(address="tcp://host:8786")


@pytest.mark.parametrize("text", ["0", "-1", "many", "1.5", ""])
def test_a_wrong_number_of_workers_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="--workers"):
        Workers.parse(text)


def test_a_cluster_that_does_not_answer_is_named(tasks: Any) -> None:
    with pytest.raises(UserError, match=r"tcp://127\.0\.0\.1:9.*no Dask scheduler"):
        list(finish(Workers(address="tcp://127.0.0.1:9"), tasks.square, [1, 2]))
