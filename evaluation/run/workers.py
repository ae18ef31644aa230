"""Runs independent tasks: in this process, in a local pool, or on a Dask cluster.

Everything is a ``concurrent.futures.Executor``, so that nothing else knows where work is done. A
task that kills its worker is tried once more alone and then becomes a :class:`Lost`.
"""

import functools
import importlib
import logging
import multiprocessing
import os
import random
import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

from ...models.errors import UserError
from ...models.plugins import load_entry_points, load_plugin
from ...models.processes import take_environment, worker_context

TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")

_log = logging.getLogger(__name__)
_ASKED_SECONDS = 5.0


@dataclass(frozen=True)
class Lost:
    """What is left of a task whose worker process died."""

    message: str


@dataclass(frozen=True)
class Workers:
    """Where tasks run: ``count`` processes here (1: this very process), or a cluster's address."""

    count: int = 1
    address: str = ""

    @classmethod
    def parse(cls, text: str) -> "Workers":
        """``N``, ``auto`` or ``tcp://host:port``.

        Raises:
            UserError: for anything else.
        """
        if "://" in text:
            return cls(address=text)
        if text == "auto":
            return cls(len(os.sched_getaffinity(0)))
        if not text.isdigit() or int(text) < 1:
            raise UserError(
                f"--workers {text!r}: give a number of processes from 1, 'auto', or the address "
                "of a Dask scheduler such as tcp://host:8786"
            )
        return cls(int(text))

    def __str__(self) -> str:
        return self.address or f"{self.count} process{'es' if self.count > 1 else ''}"


class Crew:
    """The workers of one run: begun when they are first needed, and kept from stage to stage.

    A process or a connection takes seconds to begin. Leave it as a context, so that no worker
    outlives the run; on an interrupt too.
    """

    def __init__(self, workers: Workers, plugins: Sequence[Path] = ()) -> None:
        self.workers = workers
        self.plugins = tuple(plugins)
        self._stack = ExitStack()
        self._executor: Executor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._dismiss()

    def finish(
        self, function: Callable[[TaskT], ResultT], tasks: Sequence[TaskT]
    ) -> Generator[tuple[TaskT, ResultT | Lost]]:
        """Yield each task with its result as it gets ready, in no promised order.

        ``function`` must be importable by name and return its expected failures as values. Close
        the iterator early, as an interrupt does, and nothing new is begun; what is under way keeps
        its worker until it ends. What a task changes in its process is there for the next.
        """
        if self.workers.address:
            yield from _gather(self._begun(), function, tasks)
        elif self.workers.count == 1 or len(tasks) < 2:
            for task in tasks:
                yield task, function(task)
        else:
            yield from self._local(function, tasks)

    def _begun(self) -> Executor:
        if self._executor is None:
            kept = (
                _cluster(self.workers.address, self.plugins)
                if self.workers.address
                else _pool(self.workers.count, self.plugins)
            )
            self._executor = self._stack.enter_context(kept)
        return self._executor

    def _dismiss(self) -> None:
        self._executor = None
        self._stack.close()

    def _local(
        self, function: Callable[[TaskT], ResultT], tasks: Sequence[TaskT]
    ) -> Iterator[tuple[TaskT, ResultT | Lost]]:
        left = list(range(len(tasks)))
        while left:
            executor = self._begun()
            futures = _submitted(executor, function, tasks, left)
            for future in _as_ready(futures, functools.partial(_is_broken, executor)):
                try:
                    done = future.result()
                except BrokenProcessPool:
                    continue
                left.remove(futures[future])
                yield tasks[futures[future]], done
            if not left:
                return
            self._dismiss()
            if not futures:
                continue  # it died with nothing to do, between two stages: no task is to blame
            _log.warning("a worker process died; its tasks are tried again one by one")
            # At most two tasks per process can have been in flight; the rest go on in a new pool.
            in_flight = 2 * self.workers.count
            suspects, left = left[:in_flight], left[in_flight:]
            for index, result in _one_by_one(function, tasks, suspects, self.plugins):
                yield tasks[index], result


def _submitted(
    executor: Executor,
    function: Callable[[TaskT], ResultT],
    tasks: Sequence[TaskT],
    left: Sequence[int],
) -> dict[Future[ResultT], int]:
    """Those of the tasks that a pool took before it broke, if it did."""
    futures: dict[Future[ResultT], int] = {}
    for index in left:
        try:
            futures[executor.submit(function, tasks[index])] = index
        except BrokenProcessPool:
            break
    return futures


def _is_broken(executor: Executor) -> bool:
    """Whether a pool takes nothing any more."""
    try:
        executor.submit(os.getpid)
    except BrokenProcessPool:
        return True
    return False


def _one_by_one(
    function: Callable[[TaskT], ResultT],
    tasks: Sequence[TaskT],
    indices: Sequence[int],
    plugins: Sequence[Path],
) -> Iterator[tuple[int, ResultT | Lost]]:
    """Whatever kills its worker now is the culprit itself."""
    left = list(indices)
    while left:
        with _pool(1, plugins) as executor:
            while left:
                index = left.pop(0)
                futures = _submitted(executor, function, tasks, [index])
                if not futures:  # it died after the task before: this one has not been tried
                    left.insert(0, index)
                    break
                try:
                    for future in _as_ready(futures, functools.partial(_is_broken, executor)):
                        yield index, future.result()
                        break
                    else:
                        raise BrokenProcessPool
                except BrokenProcessPool:
                    yield (
                        index,
                        Lost(
                            "the worker process died (killed, or out of memory); run again with "
                            "--retry and fewer --workers"
                        ),
                    )
                    break


def _gather(
    executor: Executor, function: Callable[[TaskT], ResultT], tasks: Sequence[TaskT]
) -> Iterator[tuple[TaskT, ResultT | Lost]]:
    futures = {executor.submit(function, task): task for task in tasks}
    for future in _as_ready(futures):
        try:
            result: ResultT | Lost = future.result()
        except UserError:
            raise
        except Exception as error:
            # Expected failures come as values; this is a cluster that gave a task up.
            result = Lost(f"the cluster gave the task up ({type(error).__name__}: {error})")
        yield futures[future], result


def _as_ready(
    futures: dict[Future[ResultT], Any], is_broken: Callable[[], bool] = lambda: False
) -> Iterator[Future[ResultT]]:
    """Each as it gets ready; ends before where the pool is broken.

    Python 3.11 forgets a task that a pool takes in the moment in which it breaks: its future would
    be waited for without end. So it is asked from time to time.
    """
    waiting = set(futures)
    try:
        while waiting:
            ready, waiting = wait(waiting, _ASKED_SECONDS, return_when=FIRST_COMPLETED)
            yield from ready
            if not ready and is_broken():
                return
    finally:
        for future in waiting:
            future.cancel()


@contextmanager
def _pool(count: int, plugins: Sequence[Path]) -> Iterator[Executor]:
    context = worker_context(f"{__package__}.stages")
    devices = context.SimpleQueue()
    for number in range(count):
        devices.put(number)
    threads = max(1, len(os.sched_getaffinity(0)) // count)
    executor = ProcessPoolExecutor(
        count,
        context,
        initializer=_start,
        initargs=(devices, threads, tuple(plugins), dict(os.environ)),
    )
    try:
        yield executor
    finally:
        _ended(executor)


def _ended(executor: ProcessPoolExecutor) -> None:
    """Wait until all processes of a pool have ended; of a broken one, end them.

    A pool that breaks terminates the processes that it knows of and then waits for all; one that
    a submission began in between waits for a task that never comes, and the pool for it.
    """
    # The thread that waits for them; the types of the library call it what wakes it.
    manager: Any = executor._executor_manager_thread
    begun = executor._processes or {}
    executor.shutdown(wait=False, cancel_futures=True)
    while manager is not None and manager.is_alive():
        manager.join(_ASKED_SECONDS)
        if executor._broken:
            for process in list(begun.values()):
                process.kill()


def _start(
    devices: Any, threads: int, plugins: tuple[Path, ...], environment: Mapping[str, str]
) -> None:
    import signal

    import numpy as np
    import torch

    # Ctrl-C reaches the whole process group; the driver alone answers it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A pool's processes do not notice by themselves that their driver was killed.
    threading.Thread(target=_end_with_driver, daemon=True).start()
    take_environment(environment)
    torch.set_num_threads(threads)
    # Forked from one process, all would draw the same: a plug-in may use the global generators.
    random.seed()
    np.random.seed()
    number = devices.get()
    if torch.cuda.is_available():
        torch.cuda.set_device(number % torch.cuda.device_count())
    load_plugins(plugins)


def _end_with_driver() -> None:
    driver = multiprocessing.parent_process()
    if driver is not None:
        driver.join()
        os._exit(1)


def load_plugins(plugins: Sequence[Path]) -> None:
    """Load installed plug-ins and the user's plug-in files, each once per process."""
    load_entry_points()
    for path in plugins:
        load_plugin(path)


@contextmanager
def _cluster(address: str, plugins: Sequence[Path]) -> Iterator[Executor]:
    try:
        distributed = importlib.import_module("distributed")
    except ImportError:
        raise UserError(
            f"--workers {address}: needs the extra 'cluster'; pip install 'earmark[cluster]'"
        ) from None
    try:
        client = distributed.Client(address, timeout="10s", set_as_default=False)
    except (OSError, ValueError) as error:
        raise UserError(f"--workers {address}: no Dask scheduler answers ({error})") from None
    try:
        # For workers that join later too.
        client.register_worker_callbacks(functools.partial(load_plugins, tuple(plugins)))
        yield client.get_executor(pure=False)
    finally:
        client.close()
