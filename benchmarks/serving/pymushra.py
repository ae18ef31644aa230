"""What it costs to store a page's answers, beside pymushra 0.5, which keeps them in one JSON file.

pymushra (https://github.com/nils-werner/pymushra, MIT) is installed from PyPI into an environment
of its own in a temporary folder, and served by the same web server, waitress. Both are sent the
same page in one request: a value and a comment for each of five versions. Each is asked with an
empty store, and with so many pages in it.

    python benchmarks/serving/pymushra.py --pages 1000
    python benchmarks/serving/pymushra.py --python ENVIRONMENT/bin/python    # it is there already
"""

import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import click
from fill import fill
from tables import at_page, fresh, table
from world import PASSAGES, SYSTEMS, Listener, Server, make, process, served

from earmark.listening_test.study.study import StudyFolder

PACKAGES = ("pymushra==0.5", "waitress==3.0.2")
WORDS = "a little harsh in the high strings, and the bass is thin"
ROUNDS = 7
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
# It prints what it stored; that goes nowhere.
_SERVES = """
import json, os, sys
import waitress
from tinydb import TinyDB
from pymushra.service import app
app.config["db"] = TinyDB(sys.argv[1], create_dirs=True)
server = waitress.create_server(app, host="127.0.0.1", port=0, threads=8)
print(json.dumps({"url": f"http://127.0.0.1:{server.effective_port}"}), flush=True)
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
server.run()
"""


@dataclass(frozen=True)
class Side:
    """One of the two: its server's process, and what sends it a page."""

    server: Server
    send: Callable[[], object]


@dataclass(frozen=True)
class Cost:
    """Medians of one request: processor time of the server, and the client's wait; both in ms."""

    cpu: float
    wait: float


def measured(sides: Sequence[Side], repeats: int) -> list[Cost]:
    """The cost of each side; they take turns, so that what else the machine does meets both."""
    cpu: list[list[float]] = [[] for _ in sides]
    wait: list[list[float]] = [[] for _ in sides]
    each = max(1, repeats // ROUNDS)
    for _ in range(ROUNDS):
        for number, side in enumerate(sides):
            before = side.server.cpu()
            for _ in range(each):
                began = time.perf_counter()
                side.send()
                wait[number].append(time.perf_counter() - began)
            cpu[number].append((side.server.cpu() - before) / each)
    return [
        Cost(statistics.median(one) * 1000, statistics.median(other) * 1000)
        for one, other in zip(cpu, wait, strict=True)
    ]


def installed(scratch: Path) -> Path:
    """Python of a fresh environment that has pymushra.

    Raises:
        click.ClickException: if it cannot be installed.
    """
    place = scratch / "pymushra"
    python = place / "bin" / "python"
    click.echo(f"installing {' '.join(PACKAGES)}", err=True)
    for words in (["venv", str(place)], ["pip", "install", "--quiet", *PACKAGES]):
        run = [sys.executable if words[0] == "venv" else str(python), "-m", *words]
        if subprocess.run(run, check=False).returncode:
            raise click.ClickException(f"{' '.join(run)}: failed; is there a network?")
    return python


@contextlib.contextmanager
def theirs(python: Path, world: StudyFolder, scratch: Path) -> Iterator[Side]:
    """pymushra with an empty store."""
    code, store = scratch / "serve_pymushra.py", scratch / "pymushra.json"
    code.write_text(_SERVES, encoding="utf-8")
    store.unlink(missing_ok=True)
    with process([str(code), str(store)], str(python)) as server:
        sender = Listener(server, world)

        def send() -> None:
            status, data = sender.ask("POST", "/collect", _page_of_theirs(), **_FORM)
            if status != 200 or json.loads(data)["error"]:
                raise click.ClickException(f"pymushra: {status} {data[:200]!r}")

        send()  # what is loaded with the first request
        yield Side(server, send)


def _page_of_theirs() -> bytes:
    """A page as webMUSHRA sends it at the end of a session: one trial."""
    responses = [
        {"stimulus": f"C{number}", "score": 10 + 17 * number, "time": 31_000, "comment": WORDS}
        for number in range(SYSTEMS)
    ]
    session = {
        "testId": "crowd",
        "config": "configs/crowd.yaml",
        "participant": {"name": ["age", "gear"], "response": ["30", "headphones"]},
        "trials": [{"type": "mushra", "id": "song 0", "responses": responses}],
    }
    return urlencode({"sessionJSON": json.dumps(session)}).encode()


@contextlib.contextmanager
def ours(folder: StudyFolder) -> Iterator[Side]:
    """Our server; listeners take turns, so that no session is longer than a person's."""
    with served(folder) as server:
        waiting = deque(at_page(server, folder) for _ in range(ROUNDS))

        def send() -> None:
            listener, page = waiting[0]
            waiting.rotate()
            listener.send(_page_of_ours(listener, page))

        send()
        yield Side(server, send)


def _page_of_ours(listener: Listener, page: dict[str, object]) -> list[dict[str, object]]:
    stimuli: list[dict[str, str]] = page["stimuli"]  # type: ignore[assignment]
    rated = [one["id"] for one in stimuli if one["role"] == "stimulus"]
    return [
        event
        for number, one in enumerate(rated)
        for event in (
            listener.event(
                "rating", page=1, stimulus=one, question="preference", value=10 + 17 * number
            ),
            listener.event("comment", page=1, stimulus=one, value=WORDS),
        )
    ]


def beside_pymushra(
    world: StudyFolder, scratch: Path, *, pages: int, repeats: int, python: Path | None = None
) -> None:
    """Print both costs, and how many times ours theirs is."""
    rows = []
    python = python or installed(scratch)
    with theirs(python, world, scratch) as other, fresh(world, scratch, "beside") as folder:
        with ours(folder) as one:
            rows.append(_row(0, repeats, *measured((one, other), repeats)))
            whole = Listener(one.server, folder)
            whole.whole()
        fill(folder.ratings, whole.session, pages // PASSAGES + 2 * ROUNDS)
        for _ in range(pages - repeats):
            other.send()
        with ours(folder) as one:
            rows.append(_row(pages, repeats, *measured((one, other), repeats)))
    click.echo(f"A page's answers in one request, ms; beside {PACKAGES[0]}")
    head = ("pages there", "Earmark, CPU", "pymushra, CPU", "pymushra / Earmark",
            "Earmark, wait", "pymushra, wait", "pymushra / Earmark")  # fmt: skip
    table(head, rows)


def _row(there: int, repeats: int, one: Cost, other: Cost) -> tuple[str, ...]:
    cpu, wait = other.cpu / one.cpu, other.wait / one.wait
    costs = (one.cpu, other.cpu, cpu, one.wait, other.wait, wait)
    return f"{there} to {there + repeats}", *(f"{cost:.2f}" for cost in costs)


@click.command()
@click.option("--pages", default=1_000, show_default=True, help="Pages in the store.")
@click.option("--repeats", default=70, show_default=True, help="Requests that are measured.")
@click.option("--python", type=Path, help="Python of an environment that has pymushra 0.5.")
def main(pages: int, repeats: int, python: Path | None) -> None:
    """Compare, and print the table."""
    with tempfile.TemporaryDirectory(prefix="earmark-pymushra-") as place:
        scratch = Path(place)
        world = make(scratch / "world")
        beside_pymushra(world, scratch, pages=pages, repeats=repeats, python=python)


if __name__ == "__main__":
    main()
