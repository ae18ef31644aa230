"""What a stage of a run is, and what every stage knows.

A stage reads in :meth:`Stage.tasks` and writes in :meth:`Stage.settle` and :meth:`Stage.close`,
into the transaction that is open then. Who asks, tells of progress and hands tasks to workers is
:func:`earmark.evaluation.run.run.carry_out`, the same for all.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, ClassVar, Generic, TypeVar

from .ledger import Ledger
from .plan import Plan
from .render import RenderTask
from .workers import Lost

TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")


class Stage(ABC, Generic[TaskT, ResultT]):
    """One kind of work; ``name`` heads its line of progress.

    ``at_home`` work is done by the driver's own process, whatever the workers are.
    """

    name: ClassVar[str]
    at_home: ClassVar[bool] = False

    @property
    @abstractmethod
    def function(self) -> Callable[[TaskT], ResultT]:
        """What does a task; workers must be able to import it by its name."""

    @abstractmethod
    def tasks(self) -> tuple[Sequence[TaskT], int]:
        """What is still to be done, of how many units; nothing is written."""

    @abstractmethod
    def label(self, task: TaskT) -> str:
        """A task in words."""

    @abstractmethod
    def settle(self, task: TaskT, result: ResultT | Lost) -> str:
        """Write what came of a task; the reason where it failed, else ''."""

    def units(self, task: TaskT) -> Sequence[Any]:
        """What :meth:`label` and :meth:`settle` take: the task, or the units that it holds."""
        return (task,)

    def results(self, result: ResultT | Lost) -> Iterator[Any]:
        """The result of each unit of a task, in their order; of a lost task that of them all."""
        return repeat(result)

    @property
    def refused(self) -> Mapping[str, str]:
        """Units that cannot even be tried: why, by their label."""
        return {}

    def close(self) -> None:
        """All tasks are settled: write what does not belong to one of them."""


@dataclass(frozen=True)
class Planned:
    """What every stage after the plan knows; ``again``: also what failed, ``force``: everything.

    ``batch`` is how many renders are scored at once, 0 as many as fit.
    """

    ledger: Ledger
    plan: Plan
    device: str
    batch: int = 0
    again: bool = False
    force: bool = False

    def failed(self) -> Mapping[tuple[str, str], str]:
        """(step, key) of the units to leave alone because they failed before, and why."""
        return {} if self.again or self.force else self.ledger.failed()

    def fail(self, task: RenderTask, step: str, message: str) -> None:
        """Write a failure under every name of a render."""
        for song, system in self.plan.places(task):
            self.ledger.fail(song, system, step, task.key, message)

    def clear_failure(self, task: RenderTask, step: str) -> None:
        """Take it back under every name."""
        for song, system in self.plan.places(task):
            self.ledger.clear_failure(song, system, step)
