"""Faults under load, again and again: what was confirmed is stored, once.

    python benchmarks/serving/kills.py --times 50  # kill -9 of the server
    python benchmarks/serving/kills.py --times 50 --postgresql  # ratings in PostgreSQL
    python benchmarks/serving/kills.py --postgresql --processes 2  # of one of its processes
    python benchmarks/serving/kills.py --fault database --times 20      # PostgreSQL crashes
    python benchmarks/serving/kills.py --fault disk --times 20  # the disk is full, and freed again

A full disk is the kernel's limit on the size of a file, set for the running server and taken away
again: nothing can be written beyond its first 4 kB. PostgreSQL is a server of the script's own.
"""

import contextlib
import json
import os
import random
import resource
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click
from load import Seen, crowd
from tables import command, fresh
from world import Server, make, process, serving

from earmark.listening_test.study.study import StudyFolder

# PostgreSQL is started as the tests start it.
sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "fixtures" / "listening"))
from postgres_server import Server as PostgreSQL
from postgres_server import running

FAULTS = ("process", "database", "disk")
_FULL_BYTES = 4096


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextlib.contextmanager
def listening(port: int, folder: StudyFolder, listeners: int) -> Iterator[Callable[[], Seen]]:
    """A crowd in a thread; what is called ends it, and says what it saw."""
    seen, done = list[Seen](), threading.Event()
    server = Server("127.0.0.1", port, 0)
    load = threading.Thread(
        target=lambda: seen.append(crowd(server, folder, listeners, 1e9, done)), daemon=True
    )
    load.start()

    def ended() -> Seen:
        done.set()
        load.join(300)
        return seen[0]

    try:
        yield ended
    finally:
        done.set()


def kill(server: Server, draw: random.Random, *, processes: int) -> None:
    """kill -9 of the server, or of one of its processes, which it starts again."""
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    victim = int(draw.choice(children)) if processes > 1 else server.pid
    os.kill(victim, signal.SIGKILL)


def fill_disk(server: Server, draw: random.Random) -> None:
    """Nothing can be written for a while."""
    before = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (_FULL_BYTES, before[1]))
    time.sleep(draw.uniform(0.5, 2.5))
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, before)


def crash(postgresql: PostgreSQL, draw: random.Random) -> None:
    """PostgreSQL ends without a word, is away for a while, and recovers from its log."""
    postgresql.stop(signal.SIGQUIT)
    time.sleep(draw.uniform(0.0, 1.5))
    postgresql.start()


@click.command()
@click.option("--fault", type=click.Choice(FAULTS), default="process", show_default=True)
@click.option("--times", default=50, show_default=True)
@click.option("--listeners", default=20, show_default=True)
@click.option("--postgresql", is_flag=True, help="Keep ratings in PostgreSQL.")
@click.option("--processes", default=1, show_default=True, help="Of the server.")
def main(fault: str, times: int, listeners: int, postgresql: bool, processes: int) -> None:  # noqa: FBT001
    """Do it again and again, and compare what was confirmed with what is stored."""
    draw = random.Random(0)
    with contextlib.ExitStack() as held:
        scratch = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="earmark-kills-")))
        folder = held.enter_context(fresh(make(scratch / "world"), scratch, "kills"))
        other = held.enter_context(running()) if postgresql or fault == "database" else None
        port = free_port()
        serve = serving(folder, port)
        # With this option, even one process is a child of another, which answers nothing.
        serve += ["--processes", str(processes)] if processes > 1 else []
        serve += ["--database", other.url()] if other else []
        again = fault == "process" and processes == 1
        with contextlib.ExitStack() as over:
            server = over.enter_context(process(serve))
            ended = held.enter_context(listening(port, folder, listeners))
            for number in range(1, times + 1):
                time.sleep(draw.uniform(0.5, 2.5))
                if fault == "process":
                    kill(server, draw, processes=processes)
                elif fault == "disk":
                    fill_disk(server, draw)
                else:
                    assert other is not None
                    crash(other, draw)
                if again:
                    over.close()
                    server = over.enter_context(process(serve))
                click.echo(f"{number} of {times}", err=True)
            time.sleep(5)
            seen = ended()
        told(seen, stored(folder, scratch), f"{fault}, {times} times, {listeners} listeners")


def stored(folder: StudyFolder, scratch: Path) -> list[str]:
    """The ids of all events that the export holds."""
    out = scratch / "everything.json"
    name = folder.path.name
    command(folder, "study", "export", name, "--json", str(out), "--unfinished")
    sessions = json.loads(out.read_text(encoding="utf-8"))["sessions"]
    return [event["id"] for one in sessions for event in one["events"]]


def told(seen: Seen, there: list[str], what: str) -> None:
    """Say what became of what was confirmed.

    Raises:
        SystemExit: if anything is lost or doubled.
    """
    confirmed = {name for names in seen.acknowledged.values() for name in names}
    lost, doubled = confirmed - set(there), len(there) - len(set(there))
    refused = sum(": 503" in one for one in seen.errors)
    broken = sum(": 0 " in one for one in seen.errors)
    other = [one for one in seen.errors if ": 503" not in one and ": 0 " not in one]
    for one in sorted(set(other))[:5]:
        click.echo(one, err=True)
    click.echo(
        f"{what}: {len(seen.acknowledged)} sessions, {len(confirmed)} events confirmed, "
        f"{len(there)} stored, {len(lost)} lost, {doubled} doubled; {refused} requests refused "
        f"(503), {broken} without an answer, {len(other)} other errors"
    )
    if lost or doubled:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
