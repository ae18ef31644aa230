"""Carries out a benchmark from a program: a file, or one that was built there."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ...models.errors import UserError
from ...models.systems.objects import KIND
from ..benchmark.file import Benchmark, load
from ..results.store import Store
from .run import RunSettings, run_benchmark
from .workers import Workers


@dataclass(frozen=True)
class RunSummary:
    """What a run did; ``failures`` are (song, system, step, message) as they now stand.

    ``run`` is its number in the results folder. ``gone`` says of each song of the run before whose
    file is there no more which file that is. ``findings`` are what the checks of the renders show.
    """

    benchmark: str
    results: Path
    rendered: int
    scored: int
    units: int
    failures: tuple[tuple[str, str, str, str], ...]
    seconds: float
    run: int = 0
    gone: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [
            f"{self.benchmark}, run {self.run}: {self.rendered} rendered and "
            f"{self.scored} scored of {self.units} renders in {self.seconds:.0f} s"
        ]
        lines += [f"gone: {one}" for one in self.gone]
        lines += [f"found: {one}" for one in self.findings]
        lines += [
            f"failed: {' · '.join(filter(None, (system, song, step)))}: {message}"
            for song, system, step, message in self.failures
        ]
        return "\n".join(lines)

    __repr__ = __str__


def run(
    benchmark: Benchmark | Path | str,
    results: Path | str = "results",
    *,
    workers: int | str = 1,
    device: str = "auto",
    retry: bool = False,
    force: bool = False,
    name: str = "",
    doctor: bool = True,
    progress: Callable[[str], None] | None = None,
) -> RunSummary:
    """Render and score whatever the results folder still lacks; nothing is done twice.

    Args:
        benchmark: the path of a benchmark file, or what :func:`benchmark` built.
        results: the folder of all results; made where it is missing.
        workers: processes, ``"auto"``, or the address of a Dask scheduler. Model objects and
            functions run in this process alone.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        retry: whether to try again what failed before.
        force: whether to make again what is there.
        name: what to call this run; it keeps what it used, as ``earmark runs`` lists.
        doctor: whether to probe networks, programs and plug-ins first that are new to the folder.
        progress: is told one line for each unit, for example ``print``.

    Raises:
        UserError: if the benchmark or the folder cannot be used. What fails for one song or
            system is in the summary's ``failures`` instead.
    """
    found = benchmark if isinstance(benchmark, Benchmark) else load(Path(benchmark))
    where = Workers.parse(str(workers))
    objects = [one.name for one in found.systems if one.kind == KIND]
    if objects and (where.count > 1 or where.address):
        raise UserError(
            f"system {objects[0]!r} is an object of this program, which other processes cannot "
            f"run; leave workers out (it is {workers!r})"
        )
    steps = ("doctor", "render", "score") if doctor else ("render", "score")
    settings = RunSettings(where, device, retry, force, steps, name)
    with Store(Path(results)) as store:
        done = run_benchmark(found, store, settings, _Told(progress or (lambda _: None)))
        return RunSummary(
            found.name,
            store.folder,
            done.rendered,
            done.scored,
            done.units,
            done.failures,
            done.seconds,
            done.run,
            tuple(str(problem) for problem in done.gone),
            tuple(str(one) for one in done.findings),
        )


class _Told:
    """A watch that says one line for each unit."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._stage, self._done, self._total = "", 0, 0

    def stage(self, name: str, total: int, done: int) -> None:
        self._stage, self._done, self._total = name, done, total

    def step(self, label: str, failure: str) -> None:
        self._done += 1
        said = f": failed: {failure}" if failure else ""
        self._tell(f"{self._stage} {self._done}/{self._total}: {label}{said}")

    def tell(self, line: str) -> None:
        self._tell(line)
