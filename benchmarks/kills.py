"""kill -9 of a study's server under load, again and again: what was confirmed is stored, once.

python benchmarks/kills.py --kills 50 --listeners 20
"""

import json
import os
import random
import signal
import socket
import tempfile
import threading
import time
from pathlib import Path

import click
from server_load import Seen, crowd
from server_measure import command, fresh
from server_world import Server, make, process, serving


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@click.command()
@click.option("--kills", default=50, show_default=True)
@click.option("--listeners", default=20, show_default=True)
@click.option("--database", default="", help="Keep ratings in this PostgreSQL database.")
def main(kills: int, listeners: int, database: str) -> None:
    """Kill, start again, and at the end compare what was confirmed with what is stored."""
    draw, seen = random.Random(0), list[Seen]()
    with tempfile.TemporaryDirectory(prefix="earmark-kills-") as place:
        scratch = Path(place)
        with fresh(make(scratch / "world"), scratch, "kills") as folder:
            port, name = free_port(), folder.path.name
            serve = [*serving(folder, port), *(("--database", database) if database else ())]
            done = threading.Event()
            load = threading.Thread(
                target=lambda: seen.append(
                    crowd(Server("127.0.0.1", port, 0), folder, listeners, 1e9, done)
                )
            )
            for number in range(kills + 1):
                with process(serve) as server:
                    if number == 0:
                        load.start()
                    if number == kills:
                        time.sleep(2)
                        done.set()
                        load.join(120)
                    else:
                        time.sleep(draw.uniform(0.5, 2.5))
                        os.kill(server.pid, signal.SIGKILL)
                click.echo(f"{number} kills", err=True)
            out = scratch / "everything.json"
            command(folder, "study", "export", name, "--json", str(out), "--unfinished")
            sessions = json.loads(out.read_text(encoding="utf-8"))["sessions"]
    stored = [event["id"] for one in sessions for event in one["events"]]
    confirmed = [name for names in seen[0].acknowledged.values() for name in names]
    lost = set(confirmed) - set(stored)
    click.echo(
        f"{kills} kills, {listeners} listeners: {len(sessions)} sessions, {len(confirmed)} events "
        f"confirmed, {len(stored)} stored, {len(lost)} lost, "
        f"{len(stored) - len(set(stored))} doubled"
    )
    if lost or len(stored) > len(set(stored)):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
