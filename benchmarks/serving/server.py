"""What a served study costs: a request, a session, ten thousand sessions, hundreds of listeners.

Everything runs on 127.0.0.1: the study's own server, a bare Flask route that commits the same rows
with plain SQL, and pymushra, each in a process of its own. Processor time is that of the server's
process:

    python benchmarks/serving/server.py  # all parts, a quarter of an hour
    python benchmarks/serving/server.py --part requests  # one part, within a minute
    python benchmarks/serving/server.py --part live --listeners 300
"""

import json
import math
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import click
from fill import fill
from load import crowd
from pymushra import beside_pymushra
from tables import at_page, command, cost, fresh, table
from world import MOVES, Listener, Server, make, process, served

from earmark.listening_test.study.study import StudyFolder, load_keys

PARTS = ("size", "requests", "pymushra", "growth", "export", "live")
HERE = Path(__file__).parent
ROUNDS = 7


def requests(world: StudyFolder, scratch: Path, repeats: int) -> None:
    """Processor time of each request, beside the bare route in the same run."""
    with fresh(world, scratch, "requests") as folder, served(folder) as server:
        listener, page = at_page(server, folder)
        (scratch / "state.json").write_text(json.dumps(listener.state()), encoding="utf-8")
        bare_command = [str(HERE / "bare.py"), str(scratch), str(scratch / "state.json")]
        with process(bare_command) as bare:
            peer = Listener(bare, folder)
            numbers = count()
            rated = [one["id"] for one in page["stimuli"] if one["role"] == "stimulus"]

            of_bare = rated

            def drag(who: Listener, moves: int) -> list[dict[str, Any]]:
                among = of_bare if who is peer else rated
                played = who.event("switch", page=1, stimulus=among[next(numbers) % len(among)])
                return [played, *who.drag(1, played["stimulus"], moves)]

            def bare_batch(moves: int) -> None:
                body = json.dumps({"client": peer.client, "events": drag(peer, moves)}).encode()
                kind = {"Content-Type": "application/json"}
                status, _ = peer.ask("POST", "/events", body, **kind)
                assert status == 200

            rows = []
            acts: list[tuple[str, float | None, Callable[[], object], Callable[[], object]]] = [
                (
                    f"a batch of {MOVES + 2} events (a drag)",
                    2.5,
                    lambda: listener.send(drag(listener, MOVES)),
                    lambda: bare_batch(MOVES),
                ),
                (
                    "a batch of 2 events (a click)",
                    2.5,
                    lambda: listener.send(drag(listener, 0)),
                    lambda: bare_batch(0),
                ),
                ("a state", 2.0, lambda: listener.state(), lambda: peer.ask("GET", "/state")),
            ]
            for name, target, ours, theirs in acts:
                both = []
                for _ in range(ROUNDS):
                    # Sessions as long as people's: a long one would have a long journal.
                    listener, page = at_page(server, folder)
                    rated = [one["id"] for one in page["stimuli"] if one["role"] == "stimulus"]
                    for act in (ours, theirs):
                        cost(server, act, 5)
                    both.append((cost(server, ours, repeats), cost(bare, theirs, repeats)))
                own = statistics.median(one for one, _ in both)
                peers = statistics.median(one for _, one in both)
                ratio = statistics.median(one / other for one, other in both)
                rows.append(
                    (name, f"{own:.2f}", f"{peers:.2f}", f"{ratio:.2f}", f"at most {target}")
                )
            begun = cost(server, lambda: Listener(server, folder).begin(), 20)
            rows.append(("begin (three requests)", f"{begun:.2f}", "–", "–", "–"))

            waiting = [consented(server, folder) for _ in range(30)]
            left = cost(server, lambda: waiting.pop().leave({"id": "before-1"}), 30)
            rows.append(("next", f"{left:.2f}", "–", "–", "–"))
        click.echo("Processor time of a request, ms; bare: a Flask route with plain SQL")
        table(("request", "Earmark", "bare", "ratio", "aim"), rows)


def consented(server: Server, folder: StudyFolder) -> Listener:
    """A listener who may leave the first step."""
    listener = Listener(server, folder)
    listener.begin()
    listener.post("answers", {"step": "before-1", "answers": {"agree": True}})
    return listener


def growth(world: StudyFolder, scratch: Path, sizes: Sequence[int]) -> None:
    """What a beginning, the progress page and the status cost as sessions gather."""
    rows = []
    with fresh(world, scratch, "growth") as folder:
        with served(folder) as server:
            template = Listener(server, folder)
            template.whole()
        for size in sizes:
            fill(folder.ratings, template.session, size)
            with served(folder) as server:
                begin = beginning(server, folder)
                begin()
                begun = cost(server, begin, 20)
                ask = progress(server, folder)
                ask()
                page = cost(server, ask, 3 if size > 2000 else 10)
            told = command(folder, "study", "status", folder.path.name)
            megabytes = folder.ratings.stat().st_size / 1e6
            rows.append((size, f"{begun:.1f}", f"{page:.1f}", f"{told[0]:.2f}", f"{megabytes:.1f}"))
            click.echo(f"{size}: {rows[-1]}", err=True)
    click.echo("Growth; processor time. The status is a command, most of it its start")
    table(("sessions", "begin, ms", "progress page, ms", "status, s", "database, MB"), rows)


def beginning(server: Server, folder: StudyFolder) -> Callable[[], object]:
    """Begins a session with every call."""
    return lambda: Listener(server, folder).begin()


def progress(server: Server, folder: StudyFolder) -> Callable[[], object]:
    """Asks for the experimenter's page."""
    asking, path = Listener(server, folder), f"/progress/{load_keys(folder).admin}/"
    return lambda: asking.ask("GET", path)


def export(world: StudyFolder, scratch: Path, sessions: int) -> None:
    """An export of many sessions: time and memory."""
    rows = []
    with fresh(world, scratch, "export") as folder:
        with served(folder) as server:
            template = Listener(server, folder)
            template.whole()
        for size in (1, sessions):
            fill(folder.ratings, template.session, size)
            for option in ("--ratings", "--json"):
                out = scratch / f"out{option}"
                name = folder.path.name
                cpu, wall, memory = command(folder, "study", "export", name, option, str(out))
                megabytes = out.stat().st_size / 1e6
                rows.append(
                    (size, option, f"{cpu:.1f}", f"{wall:.1f}", f"{memory:.0f}", f"{megabytes:.1f}")
                )
    click.echo("Export")
    table(("sessions", "what", "CPU, s", "wall, s", "memory, MB", "file, MB"), rows)


def size(world: StudyFolder, scratch: Path, sessions: int) -> None:
    """Bytes of the database that a whole session takes, several of them side by side."""
    with fresh(world, scratch, "size") as folder, served(folder) as server:
        Listener(server, folder).whole()
        before = bytes_of(folder)
        events = 0
        for _ in range(sessions):
            one = Listener(server, folder)
            one.whole()
            events += len(one.acknowledged)
        after = bytes_of(folder)
    each = (after - before) / sessions
    click.echo("Size of a session on disk")
    table(
        ("sessions", "events of each", "kB of each", "aim"),
        [(sessions, events // sessions, f"{each / 1000:.1f}", "at most 40")],
    )


def bytes_of(folder: StudyFolder) -> int:
    """The database's bytes, its log written back."""
    with sqlite3.connect(folder.ratings) as database:
        database.execute("PRAGMA wal_checkpoint(PASSIVE)")
        pages, size = (database.execute(f"PRAGMA {what}").fetchone()[0] for what in
                       ("page_count", "page_size"))  # fmt: skip
        (free,) = database.execute("PRAGMA freelist_count").fetchone()
    database.close()
    return int((pages - free) * size)


def live(world: StudyFolder, scratch: Path, listeners: Sequence[int], seconds: float) -> None:
    """Live listeners: latencies, errors, and whether what was confirmed is stored."""
    rows = []
    for number in listeners:
        with fresh(world, scratch, f"live{number}") as folder:
            with served(folder) as server:
                before, began = server.cpu(), time.perf_counter()
                seen = crowd(server, folder, number, seconds)
                cpu, wall = server.cpu() - before, time.perf_counter() - began
            stored = stored_events(folder, scratch)
            confirmed = {(s, e) for s, names in seen.acknowledged.items() for e in names}
            asked = sum(len(found) for found in seen.seconds.values())
            rows.append(
                (
                    number,
                    asked,
                    f"{cpu / wall * 100:.0f}",
                    f"{cpu / max(asked, 1) * 1000:.2f}",
                    *(quantiles(seen.seconds[sort]) for sort in ("events", "next", "begin")),
                    quantiles(seen.seconds["audio"]),
                    len(seen.errors),
                    len(confirmed),
                    "yes" if len(confirmed) == stored else f"no: {stored}",
                )
            )
            for error in seen.errors[:5]:
                click.echo(error, err=True)
            click.echo(str(rows[-1]), err=True)
    click.echo(f"Live listeners for {seconds:.0f} s; p50 / p99 in ms as the listener sees it")
    head = ("listeners", "requests", "CPU, %", "CPU of one, ms", "events", "next", "begin", "audio",
            "errors", "confirmed", "all stored")  # fmt: skip
    table(head, rows)


def quantiles(seconds: Sequence[float]) -> str:
    """The median and the 99th percentile, in ms."""
    if not seconds:
        return "–"
    found = sorted(seconds)
    last = found[min(len(found) - 1, math.ceil(0.99 * len(found)) - 1)]
    return f"{statistics.median(found) * 1000:.0f} / {last * 1000:.0f}"


def stored_events(folder: StudyFolder, scratch: Path) -> int:
    """How many different events the export of everything holds."""
    out = scratch / "everything.json"
    name = folder.path.name
    command(folder, "study", "export", name, "--json", str(out), "--unfinished", "--withdrawn")
    sessions = json.loads(out.read_text(encoding="utf-8"))["sessions"]
    found = [(one["id"], event["id"]) for one in sessions for event in one["events"]]
    if len(set(found)) < len(found):
        raise click.ClickException("an event is stored twice")
    return len(found)


@click.command()
@click.option("--part", "parts", multiple=True, type=click.Choice(PARTS), help="Only this part.")
@click.option("--repeats", default=40, show_default=True, help="Requests of a round.")
@click.option("--sizes", default="10,100,1000,10000", show_default=True, help="For growth.")
@click.option("--sessions", default=10_000, show_default=True, help="For the export.")
@click.option("--whole", default=20, show_default=True, help="Sessions whose size is taken.")
@click.option("--listeners", default="30,100,300,600", show_default=True, help="For live.")
@click.option("--seconds", default=60.0, show_default=True, help="For live, each.")
def main(
    parts: tuple[str, ...],
    repeats: int,
    sizes: str,
    sessions: int,
    whole: int,
    listeners: str,
    seconds: float,
) -> None:
    """Run the parts and print their tables."""
    wanted = parts or PARTS
    with tempfile.TemporaryDirectory(prefix="earmark-server-") as place:
        scratch = Path(place)
        world = make(scratch / "world")
        if "size" in wanted:
            size(world, scratch, whole)
        if "requests" in wanted:
            requests(world, scratch, repeats)
        if "pymushra" in wanted:
            beside_pymushra(world, scratch, pages=1_000, repeats=repeats)
        if "growth" in wanted:
            growth(world, scratch, [int(one) for one in sizes.split(",")])
        if "export" in wanted:
            export(world, scratch, sessions)
        if "live" in wanted:
            live(world, scratch, [int(one) for one in listeners.split(",")], seconds)


if __name__ == "__main__":
    main()
