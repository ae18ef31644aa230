"""What it costs to store a page's answers, beside pymushra 0.5, which keeps them in one JSON file.

pymushra (https://github.com/nils-werner/pymushra, MIT) is installed from PyPI into an environment
of its own in a temporary folder, and served by the same web server, waitress. Both are sent the
same page in one request: a value and a comment for each of five versions. Each is asked with an
empty store, and with so many pages in it.

    python benchmarks/server_pymushra.py --pages 1000
    python benchmarks/server_pymushra.py --python ENVIRONMENT/bin/python    # it is there already
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import click
from server_fill import fill
from server_measure import at_page, fresh, table
from server_world import PASSAGES, SYSTEMS, Listener, Server, make, process, served

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
class Cost:
    """Medians of one request: processor time of the server, and the client's wait; both in ms."""

    cpu: float
    wait: float


def measured(server: Server, act: Callable[[], object], repeats: int) -> Cost:
    """The cost of an act, the median of rounds."""
    cpu, wait = [], []
    for _ in range(ROUNDS):
        before = server.cpu()
        for _ in range(repeats):
            began = time.perf_counter()
            act()
            wait.append(time.perf_counter() - began)
        cpu.append((server.cpu() - before) / repeats)
    return Cost(statistics.median(cpu) * 1000, statistics.median(wait) * 1000)


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


def theirs(
    python: Path, world: StudyFolder, scratch: Path, *, pages: int, repeats: int
) -> tuple[Cost, Cost]:
    """pymushra's cost with an empty store, and with ``pages`` in it."""
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
        stored = 1
        empty = measured(server, send, max(1, repeats // ROUNDS))
        stored += ROUNDS * max(1, repeats // ROUNDS)
        while stored < pages:
            send()
            stored += 1
        return empty, measured(server, send, max(1, repeats // ROUNDS))


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


def ours(world: StudyFolder, scratch: Path, *, pages: int, repeats: int) -> tuple[Cost, Cost]:
    """Our cost with an empty store, and with ``pages`` in it."""
    with fresh(world, scratch, "beside") as folder:
        with served(folder) as server:
            empty = _cost_of_ours(server, folder, repeats)
            whole = Listener(server, folder)
            whole.whole()
        fill(folder.ratings, whole.session, pages // PASSAGES + 2 * ROUNDS)
        with served(folder) as server:
            return empty, _cost_of_ours(server, folder, repeats)


def _cost_of_ours(server: Server, folder: StudyFolder, repeats: int) -> Cost:
    """Some listeners send their page some times, so that no session is longer than a person's."""
    waiting = deque(at_page(server, folder) for _ in range(ROUNDS))

    def send() -> None:
        listener, page = waiting[0]
        waiting.rotate()
        listener.send(_page_of_ours(listener, page))

    send()
    return measured(server, send, max(1, repeats // ROUNDS))


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
    python = python or installed(scratch)
    their = theirs(python, world, scratch, pages=pages, repeats=repeats)
    our = ours(world, scratch, pages=pages, repeats=repeats)
    rows = []
    for there, one, other in zip((0, pages), our, their, strict=True):
        cpu, wait = other.cpu / one.cpu, other.wait / one.wait
        rows.append(
            (
                *(
                    f"{there} to {there + repeats}",
                    f"{one.cpu:.2f}",
                    f"{other.cpu:.2f}",
                    f"{cpu:.2f}",
                ),
                *(f"{one.wait:.2f}", f"{other.wait:.2f}", f"{wait:.2f}"),
            )
        )
    click.echo(f"A page's answers in one request, ms; beside {PACKAGES[0]}")
    head = ("pages there", "Earmark, CPU", "pymushra, CPU", "pymushra / Earmark",
            "Earmark, wait", "pymushra, wait", "pymushra / Earmark")  # fmt: skip
    table(head, rows)


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
