"""What the parts of server.py share: tables, processor time, fresh studies, commands."""

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from world import Listener, Server

from earmark.listening_test.study.study import StudyFolder


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table that Markdown shows as one."""
    lines = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[place]) for row in lines) for place in range(len(head))]
    lines.insert(1, ["-" * width for width in widths])
    for row in lines:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo(f"| {' | '.join(cells)} |")
    click.echo()


def cost(server: Server, act: Callable[[], object], times: int) -> float:
    """Milliseconds of the server's processor time for one ``act``."""
    before = server.cpu()
    for _ in range(times):
        act()
    return (server.cpu() - before) / times * 1000


@contextmanager
def fresh(world: StudyFolder, scratch: Path, name: str) -> Iterator[StudyFolder]:
    """A copy of the study without sessions."""
    folder = StudyFolder(scratch / name / "studies" / world.path.name)
    shutil.copytree(world.path, folder.path, ignore=shutil.ignore_patterns("ratings*", "database*"))
    yield folder
    shutil.rmtree(scratch / name)


def at_page(server: Server, folder: StudyFolder) -> tuple[Listener, dict[str, Any]]:
    """A listener who stands at the first page."""
    listener = Listener(server, folder)
    listener.begin()
    step = listener.state()["step"]
    while step["type"] != "page":
        step = listener.answer(step)
    return listener, step


def command(folder: StudyFolder, *arguments: str) -> tuple[float, float, float]:
    """Processor and wall seconds of a command, and its largest memory in MB."""
    began = time.perf_counter()
    results = str(folder.path.parent.parent)
    running = subprocess.Popen(
        [sys.executable, "-m", "earmark", *arguments, "--results", results],
        stdout=subprocess.DEVNULL,
    )
    # The kernel's own account of memory begins with what this process had at the fork.
    memory, cpu = 0.0, 0.0
    while running.poll() is None:
        with contextlib.suppress(OSError, StopIteration):
            status = Path(f"/proc/{running.pid}/status").read_text()
            memory = next(int(x.split()[1]) for x in status.splitlines() if "VmHWM" in x) / 1000
            parts = Path(f"/proc/{running.pid}/stat").read_text().rpartition(")")[2].split()
            cpu = (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")
        time.sleep(0.05)
    if running.returncode:
        raise click.ClickException(f"{arguments}: ended with {running.returncode}")
    return cpu, time.perf_counter() - began, memory
