"""The study of server.py, a server of it in a process of its own, and a listener.

All music is SIMULATED. What the listener sends is what the page sends: a press plays, a drag is
eight moves (ten a second) and a rating in one batch, because the page waits until a drag is over.
"""

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import soundfile

from earmark.listening_test.study.study import StudyFolder, load_keys

RATE = 44_100
PASSAGES, SYSTEMS, MOVES = 6, 5, 8
SECONDS = 2.0
NAME = "crowd"
_NUMBERS = count(1)
_STUDY = """
earmark: 1
study: {name}
title: Which version do you prefer?
seed: 7
passages:
{passages}
metrics: [lufs_integrated]
test: {{kind: ape, comments: per_stimulus}}
before:
  - consent
  - questionnaire:
      - {{id: age, type: number, label: Age, minimum: 18, maximum: 99}}
      - {{id: gear, type: choice, label: Gear, options: [headphones, loudspeakers]}}
"""


def make(results: Path) -> StudyFolder:
    """The study: six passages in five versions and a reference; made once in a folder."""
    from earmark.listening_test.create import make_study
    from earmark.listening_test.kinds.reading import read_study_file

    found = StudyFolder(results / "studies" / NAME)
    if found.study.is_file():
        return found
    results.mkdir(parents=True, exist_ok=True)
    draw, entries = np.random.default_rng(0), []
    for passage in range(PASSAGES):
        entries += [f"  - id: song {passage}", "    stimuli:"]
        for system in range(SYSTEMS):
            path = results / f"{passage}-{system}.wav"
            noise = draw.normal(0, 0.1, (round(SECONDS * RATE), 2))
            soundfile.write(path, noise, RATE, subtype="FLOAT")
            entries.append(f"      system {system}: {path}")
        entries.append(f"    reference: {results / f'{passage}-0.wav'}")
    file = results / "crowd.yaml"
    file.write_text(_STUDY.format(name=NAME, passages="\n".join(entries)), encoding="utf-8")
    return make_study(read_study_file(file), results)


@dataclass(frozen=True)
class Server:
    """A process that serves; ``cpu`` is what it has used, in seconds."""

    host: str
    port: int
    pid: int

    def cpu(self) -> float:
        """Processor time of all its threads, to the nanosecond where Linux counts it so."""
        threads = Path(f"/proc/{self.pid}/task").iterdir()
        return sum(int((one / "schedstat").read_text().split()[0]) for one in threads) / 1e9


@contextlib.contextmanager
def process(arguments: Sequence[str], python: str = sys.executable) -> Iterator[Server]:
    """Run Python with these arguments; the first line it prints is its address as JSON."""
    running = subprocess.Popen(
        [python, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1"},
    )
    try:
        assert running.stdout is not None
        said = json.loads(running.stdout.readline() or "{}")
        host, _, port = str(said["url"]).removeprefix("http://").partition(":")
        yield Server(host, int(port), running.pid)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(running.pid, signal.SIGTERM)
        running.wait(30)
        if running.stdout is not None:
            running.stdout.close()


@contextlib.contextmanager
def served(folder: StudyFolder) -> Iterator[Server]:
    """The study's own server on 127.0.0.1."""
    with process(serving(folder, 0)) as found:
        yield found


def serving(folder: StudyFolder, port: int) -> list[str]:
    """The command that serves a study; listeners say where they come from, as a proxy would.

    Else all would be one client, of whom a server takes only so much.
    """
    command = ["-m", "earmark", "study", "serve", folder.path.name, "--port", str(port), "--json"]
    return [*command, "--results", str(folder.path.parent.parent), "--trust-proxy"]


class Listener:
    """One listener over one kept-alive connection, with what the server has confirmed."""

    def __init__(self, server: Server, folder: StudyFolder, mark: str = "study") -> None:
        self.connection = http.client.HTTPConnection(server.host, server.port, timeout=120)
        self.link = f"/s/{getattr(load_keys(folder), mark)}/"
        self.cookie = self.csrf = self.session = ""
        number = next(_NUMBERS)
        self.address = f"10.{number >> 8 & 255}.{number & 255}.1"  # a network each
        self.client = uuid.uuid4().hex
        self.seq, self.clock = 0, 0.0
        self.acknowledged: set[str] = set()

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
        """One request; cookies are kept."""
        known = {"X-Forwarded-For": self.address}
        known |= {"Cookie": self.cookie} if self.cookie else {}
        self.connection.request(method, path, body or None, headers={**known, **headers})
        answer = self.connection.getresponse()
        data = answer.read()
        cookie = answer.getheader("Set-Cookie")
        if cookie:
            self.cookie = cookie.partition(";")[0]
        self.location = answer.getheader("Location") or ""
        return answer.status, data

    def begin(self) -> None:
        """From the study's link to the first step."""
        csrf = _csrf(self.ask("GET", self.link)[1], "value")
        form = urlencode({"csrf": csrf, "language": "en", "fresh": "1"}).encode()
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        status, _ = self.ask("POST", f"{self.link}start", form, **kind)
        if status != 303:
            raise RuntimeError(f"begin: {status}")
        self.session = self.location.strip("/").split("/")[-1]
        self.csrf = _csrf(self.ask("GET", f"/l/{self.session}/")[1], "content")

    def post(self, what: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Send to the session's interface."""
        headers = {"Content-Type": "application/json", "X-Earmark-CSRF": self.csrf}
        status, data = self.ask(
            "POST", f"/api/l/{self.session}/{what}", json.dumps(body).encode(), **headers
        )
        if status != 200:
            raise RuntimeError(f"{what}: {status} {data[:200]!r}")
        found: dict[str, Any] = json.loads(data)
        return found

    def state(self) -> dict[str, Any]:
        """Where the session stands."""
        status, data = self.ask("GET", f"/api/l/{self.session}/state")
        if status != 200:
            raise RuntimeError(f"state: {status}")
        found: dict[str, Any] = json.loads(data)
        return found

    def event(self, kind: str, **more: Any) -> dict[str, Any]:
        """The next event."""
        self.seq += 1
        self.clock += 101.3
        return {
            "id": str(uuid.uuid4()),
            "seq": self.seq - 1,
            "at_ms": round(self.clock, 1),
            "type": kind,
            **more,
        }

    def send(self, events: Sequence[Mapping[str, Any]]) -> None:
        """Send events and note what was confirmed."""
        answer = self.post("events", {"client": self.client, "events": list(events)})
        self.acknowledged |= set(answer["acknowledged"])

    def drag(self, page: int, stimulus: str, moves: int = MOVES) -> list[dict[str, Any]]:
        """What a drag sends once the marker is let go."""
        about = {"page": page, "stimulus": stimulus, "question": "preference"}
        values = [round((17.37 * (self.seq + step)) % 100, 2) for step in range(moves + 1)]
        return [
            *(self.event("move", **about, value=value) for value in values[:-1]),
            self.event("rating", **about, value=values[-1]),
        ]

    def answer(self, step: Mapping[str, Any]) -> dict[str, Any]:
        """Leave a step that is no page; the step after it."""
        given = {"consent": {"agree": True}, "questionnaire": {"age": 30, "gear": "0"}}
        if step["type"] in given:
            self.post("answers", {"step": step["id"], "answers": given[step["type"]]})
        return self.leave(step)

    def leave(self, step: Mapping[str, Any]) -> dict[str, Any]:
        """Go on from a step; the step after it."""
        found: dict[str, Any] = self.post("next", {"step": step["id"]})["step"]
        return found

    def rate(self, page: Mapping[str, Any]) -> Iterator[list[dict[str, Any]]]:
        """The batches of a page: each version is played and dragged, some a second time."""
        number = page["number"]
        yield [self.event("preload", page=number, value=1.0)]
        rated = [one["id"] for one in page["stimuli"] if one["role"] == "stimulus"]
        kind = "play"
        for one in [*(one["id"] for one in page["stimuli"]), *rated[:1]]:
            yield [self.event(kind, page=number, stimulus=one)]
            kind = "switch"
            if one in rated:
                yield self.drag(number, one)
        comment = self.event("comment", page=number, stimulus=rated[0], value="a little harsh")
        yield [comment]
        yield [self.event("pause", page=number)]

    def whole(self) -> None:
        """A whole session, as fast as it goes."""
        self.begin()
        step = self.state()["step"]
        self.send([self.event("load", browser="Benchmark/1.0", width=1400, height=900)])
        while step["type"] != "thanks":
            if step["type"] == "page":
                for batch in self.rate(step):
                    self.send(batch)
                step = self.leave(step)
            else:
                step = self.answer(step)


def _csrf(page: bytes, attribute: str) -> str:
    found = re.search(rf'name="csrf"\s+{attribute}="([^"]+)"', page.decode())
    if found is None:
        raise RuntimeError(page.decode()[:500])
    return found[1]
