"""Checks the tests by mutation: how many small slips in our own code do they notice?

Each slip is made in a copy of the tree, and the tests that look after its module run against it.
Tests that fail, or never end, have noticed it; a slip that survives shows a test that is missing:

    python tests/mutation/check.py --sample 40 --area methods
    python tests/mutation/check.py --known

``--known`` makes the hand-made slips of ``known.py``; each of them must be noticed.
"""

import json
import os
import queue
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
from areas import AREAS, Area
from changes import changes
from known import ALIKE, KNOWN

ROOT = Path(__file__).resolve().parents[2]
_SLOWEST = 4.0  # times what the tests take on unchanged code, and the seconds below besides
_AT_LEAST_SECONDS = 20.0


@dataclass(frozen=True)
class Slip:
    """A file as it would be with a slip in it, and what the slip is."""

    area: str
    path: Path
    line: int
    words: str
    source: bytes
    tests: tuple[str, ...]


class Copy:
    """A copy of the tree with a process that runs tests in it."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "earmark"
        names = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT, capture_output=True, check=True, text=True,
        ).stdout  # fmt: skip
        for name in filter(None, names.split("\0")):
            if (ROOT / name).exists():
                (self.root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.root / name, follow_symlinks=False)
        self.log = folder / "log"
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        # Bytecode is told from its source by size and second: too coarse for quick slips.
        self._process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("worker.py"), self.root, self.log],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=os.environ | threads
            | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip

    def outcome(self, tests: Sequence[str], seconds: float) -> tuple[str, float]:
        """How the tests ended, and the seconds they took."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"tests": list(tests), "seconds": seconds}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise click.ClickException(f"the worker ended: {self.log.read_text()[-2000:]}")
        answer = json.loads(line)
        return answer["outcome"], answer["seconds"]

    @contextmanager
    def with_slip(self, slip: Slip) -> Iterator[None]:
        """The copy with the slip in it, mended at the end."""
        path = self.root / slip.path
        whole = path.read_bytes()
        try:
            path.write_bytes(slip.source)
            yield
        finally:
            path.write_bytes(whole)

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()


def drawn(area: Area, count: int, seed: int) -> list[Slip]:
    """``count`` slips of an area, each equally likely; all where ``count`` is 0."""
    found = []
    for path in area.files(ROOT):
        source, tests = (ROOT / path).read_bytes(), tuple(area.tests_of(ROOT, path))
        alike = {line for name, line in ALIKE if name == str(path)}
        for one in changes(source):
            made = one.applied(source)
            if made.decode().splitlines()[one.line - 1].strip() not in alike:
                found.append(Slip(area.name, path, one.line, one.words, made, tests))
    if count and count < len(found):
        chosen = random.Random(f"{seed} {area.name}").sample(range(len(found)), count)
        found = [found[at] for at in sorted(chosen)]
    return found


def kept() -> list[Slip]:
    """The hand-made slips.

    Raises:
        click.ClickException: if the text of one does not stand once in its file any more.
    """
    found = []
    for one in KNOWN:
        text = (ROOT / one.path).read_text(encoding="utf-8")
        if text.count(one.before) != 1:
            raise click.ClickException(
                f"{one.path}: {one.before!r} stands {text.count(one.before)} times in it; "
                "renew tests/mutation/known.py"
            )
        line = text[: text.index(one.before)].count("\n") + 1
        made = text.replace(one.before, one.after).encode()
        words = f"{' '.join(one.before.split())}  ->  {' '.join(one.after.split())}"
        found.append(Slip("known", Path(one.path), line, words, made, one.tests))
    return found


def survivors(slips: Sequence[Slip], copies: Sequence[Copy]) -> list[Slip]:
    """The slips that no test notices.

    Raises:
        click.ClickException: if the tests fail on unchanged code.
    """
    free: queue.SimpleQueue[Copy] = queue.SimpleQueue()
    for copy in copies:
        free.put(copy)

    def unchanged(tests: tuple[str, ...]) -> float:
        copy = free.get()
        try:
            outcome, seconds = copy.outcome(tests, 3600)
            if outcome != "passed":
                raise click.ClickException(
                    f"the tests fail without any slip:\n{copy.log.read_text()[-3000:]}"
                )
            return seconds
        finally:
            free.put(copy)

    def noticed(slip: Slip) -> bool:
        copy = free.get()
        try:
            with copy.with_slip(slip):
                limit = _AT_LEAST_SECONDS + _SLOWEST * limits[frozenset(slip.tests)]
                return copy.outcome(slip.tests, limit)[0] != "passed"
        finally:
            free.put(copy)

    with ThreadPoolExecutor(len(copies)) as threads:
        suites = {frozenset(slip.tests): slip.tests for slip in slips}
        limits = dict(zip(suites, threads.map(unchanged, suites.values()), strict=True))
        seen = []
        for slip, dead in zip(slips, threads.map(noticed, slips), strict=True):
            seen.append(dead)
            if not dead:
                click.echo(f"survives: {slip.path}:{slip.line}: {slip.words}")
    return [slip for slip, dead in zip(slips, seen, strict=True) if not dead]


@click.command()
@click.option("--area", "names", multiple=True, help="Only these areas.",
              type=click.Choice([area.name for area in AREAS]))  # fmt: skip
@click.option("--sample", default=40, show_default=True, help="Slips of each area; 0 for all.")
@click.option("--seed", default=0, show_default=True, help="Of the draw of the sample.")
@click.option("--known", is_flag=True, help="The hand-made slips; fails where one survives.")
@click.option("--jobs", default=2, show_default=True, help="Copies that run tests at a time.")
def main(names: tuple[str, ...], sample: int, seed: int, known: bool, jobs: int) -> None:  # noqa: FBT001
    """Print each slip that survives, and the share of each module that is noticed."""
    slips = kept() if known else []
    if names or not known:
        for area in AREAS:
            if not names or area.name in names:
                slips += drawn(area, sample, seed)
    began = time.monotonic()
    with ExitStack() as opened:
        copies = []
        for _ in range(jobs):
            folder = opened.enter_context(tempfile.TemporaryDirectory(prefix="earmark-mutation-"))
            copies.append(Copy(Path(folder)))
            opened.callback(copies[-1].close)
        alive = survivors(slips, copies)
    for area_name in dict.fromkeys(slip.area for slip in slips):
        for path in dict.fromkeys(slip.path for slip in slips if slip.area == area_name):
            _score(str(path), [s for s in slips if (s.area, s.path) == (area_name, path)], alive)
        _score(f"{area_name}, whole", [s for s in slips if s.area == area_name], alive)
    click.echo(f"{time.monotonic() - began:.0f} s")
    if any(slip.area == "known" for slip in alive):
        raise click.ClickException("a slip that a test has noticed before survives now")


def _score(name: str, slips: Sequence[Slip], alive: Sequence[Slip]) -> None:
    dead = sum(slip not in alive for slip in slips)
    click.echo(f"{name}: {dead} of {len(slips)} noticed ({dead / len(slips):.0%})")


if __name__ == "__main__":
    main()
