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
_LONGEST_SECONDS = 3600.0
PASSED, ENDLESS = "passed", "endless"


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


def judged(slips: Sequence[Slip], copies: Sequence[Copy]) -> list[str]:
    """How the tests ended with each slip in the code: ``passed``, ``failed`` or ``endless``.

    Raises:
        click.ClickException: if the tests fail on unchanged code.
    """
    free: queue.SimpleQueue[Copy] = queue.SimpleQueue()
    for copy in copies:
        free.put(copy)

    @contextmanager
    def taken() -> Iterator[Copy]:
        copy = free.get()
        try:
            yield copy
        finally:
            free.put(copy)

    def seconds(tests: tuple[str, ...]) -> float:
        with taken() as copy:
            return unchanged(copy, tests)

    def end(slip: Slip) -> str:
        with taken() as copy:
            return ended(copy, slip, usual[frozenset(slip.tests)])

    with ThreadPoolExecutor(len(copies)) as threads:
        suites = {frozenset(slip.tests): slip.tests for slip in slips}
        usual = dict(zip(suites, threads.map(seconds, suites.values()), strict=True))
        found = []
        for slip, how in zip(slips, threads.map(end, slips), strict=True):
            found.append(how)
            if how == PASSED:
                click.echo(f"survives: {slip.path}:{slip.line}: {slip.words}")
    return found


def unchanged(copy: Copy, tests: Sequence[str]) -> float:
    """The seconds that the tests take without a slip.

    Raises:
        click.ClickException: if they fail.
    """
    outcome, seconds = copy.outcome(tests, _LONGEST_SECONDS)
    if outcome != PASSED:
        raise click.ClickException(
            f"the tests fail without any slip:\n{copy.log.read_text()[-3000:]}"
        )
    return seconds


def ended(copy: Copy, slip: Slip, usual: float) -> str:
    """How the tests end with the slip, where they take ``usual`` seconds without it.

    Tests without an end have noticed the slip, but a machine that is busy only now may be slow, not
    the slip. So they are timed again without it, and run again with that long to end.
    """
    with copy.with_slip(slip):
        end, _ = copy.outcome(slip.tests, _limit(usual))
    if end == ENDLESS:
        slower = max(usual, unchanged(copy, slip.tests))
        with copy.with_slip(slip):
            end, _ = copy.outcome(slip.tests, _limit(slower))
    return end


def _limit(usual: float) -> float:
    return _AT_LEAST_SECONDS + _SLOWEST * usual


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
        ends = list(zip(slips, judged(slips, copies), strict=True))
    for area_name in dict.fromkeys(slip.area for slip in slips):
        mine = [(slip, end) for slip, end in ends if slip.area == area_name]
        for path in dict.fromkeys(slip.path for slip, _ in mine):
            _score(str(path), [end for slip, end in mine if slip.path == path])
        _score(f"{area_name}, whole", [end for _, end in mine])
    click.echo(f"{time.monotonic() - began:.0f} s")
    if any(slip.area == "known" and end == PASSED for slip, end in ends):
        raise click.ClickException("a slip that a test has noticed before survives now")


def _score(name: str, ends: Sequence[str]) -> None:
    noticed, endless = sum(end != PASSED for end in ends), ends.count(ENDLESS)
    without = f", {endless} of them by tests without an end" if endless else ""
    click.echo(f"{name}: {noticed} of {len(ends)} noticed ({noticed / len(ends):.0%}){without}")


if __name__ == "__main__":
    main()
