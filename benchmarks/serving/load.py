"""Many live listeners of server.py at once: latencies, errors, and what was stored.

Each listens four to nine seconds to a version, drags its marker, and goes on to the next, page by
page; stimuli are fetched before a page begins, as the page does. A batch without an answer counts
as an error and is sent again. A listener who has finished is followed by a new one.
"""

import asyncio
import json
import random
import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from world import Listener, Server, _csrf

from earmark.listening_test.study.study import StudyFolder


@dataclass
class Seen:
    """What the listeners saw: seconds by sort of request, errors, confirmed events by session."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: list[str] = field(default_factory=list)
    acknowledged: dict[str, set[str]] = field(default_factory=dict)
    bytes: int = 0


class Live(Listener):
    """A listener who takes the time that people take."""

    def __init__(
        self, server: Server, folder: StudyFolder, seen: Seen, draw: random.Random
    ) -> None:
        super().__init__(server, folder)
        self.server, self.seen, self.draw = server, seen, draw
        self.wires: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def request(
        self, sort: str, method: str, path: str, body: bytes = b"", kind: str = ""
    ) -> tuple[int, bytes]:
        """One request over the listener's connection; sent again until there is an answer."""
        for tries in range(20):
            began = time.perf_counter()
            try:
                status, data = await asyncio.wait_for(self.exchange(method, path, body, kind), 60)
            except (OSError, EOFError, TimeoutError, asyncio.IncompleteReadError) as error:
                status, data = 0, repr(error).encode()
                self.wires = None
            self.seen.seconds[sort].append(time.perf_counter() - began)
            if status in (200, 303):
                return status, data
            self.seen.errors.append(f"{sort}: {status} {data[:80]!r}")
            await asyncio.sleep(0.5 * (1 + min(tries, 5)))
        raise RuntimeError(f"{sort}: no answer")

    async def exchange(self, method: str, path: str, body: bytes, kind: str) -> tuple[int, bytes]:
        """One request and its whole answer."""
        if self.wires is None:
            self.wires = await asyncio.open_connection(self.server.host, self.server.port)
        reader, writer = self.wires
        lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
        lines += [f"X-Forwarded-For: {self.address}"]
        lines += [f"Cookie: {self.cookie}"] if self.cookie else []
        lines += [f"Content-Type: {kind}", f"X-Earmark-CSRF: {self.csrf}"] if kind else []
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode() + body)
        await writer.drain()
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        known = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head[1:] if line)
        }
        data = await reader.readexactly(int(known.get("content-length", "0")))
        if "set-cookie" in known:
            self.cookie = known["set-cookie"].partition(";")[0]
        self.location = known.get("location", "")
        if known.get("connection", "").lower() == "close":
            writer.close()
            self.wires = None
        self.seen.bytes += len(data)
        return int(head[0].split()[1]), data

    async def api(self, what: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Send to the session's interface."""
        path = f"/api/l/{self.session}/{what}"
        _, data = await self.request(
            what, "POST", path, json.dumps(body).encode(), "application/json"
        )
        found: dict[str, Any] = json.loads(data)
        return found

    async def enter(self) -> dict[str, Any]:
        """From the study's link to the first step."""
        _, page = await self.request("page", "GET", self.link)
        form = urlencode({"csrf": _csrf(page, "value"), "language": "en", "fresh": "1"})
        await self.request(
            "begin", "POST", f"{self.link}start", form.encode(), "application/x-www-form-urlencoded"
        )
        self.session = self.location.strip("/").split("/")[-1]
        _, page = await self.request("page", "GET", f"/l/{self.session}/")
        self.csrf = _csrf(page, "content")
        self.seen.acknowledged[self.session] = self.acknowledged
        _, data = await self.request("state", "GET", f"/api/l/{self.session}/state")
        step: dict[str, Any] = json.loads(data)["step"]
        return step

    async def take(self, until: float, done: threading.Event) -> None:
        """A session from its beginning to its end, or until the time is over."""
        step = await self.enter()
        given = {"consent": {"agree": True}, "questionnaire": {"age": 30, "gear": "0"}}
        while step["type"] != "thanks" and time.monotonic() < until and not done.is_set():
            if step["type"] in given:
                await asyncio.sleep(self.draw.uniform(0.5, 2))
                await self.api("answers", {"step": step["id"], "answers": given[step["type"]]})
            elif step["type"] == "page":
                for one in step["stimuli"]:
                    await self.request("audio", "GET", one["url"])
                for batch in self.rate(step):
                    if time.monotonic() > until or done.is_set():
                        return
                    answer = await self.api("events", {"client": self.client, "events": batch})
                    self.acknowledged |= set(answer["acknowledged"])
                    wait = (4, 9) if batch[0]["type"] in ("play", "switch") else (0.5, 2)
                    await asyncio.sleep(self.draw.uniform(*wait))
            step = (await self.api("next", {"step": step["id"]}))["step"]


async def _crowd(
    server: Server, folder: StudyFolder, count: int, seconds: float, done: threading.Event
) -> Seen:
    seen = Seen()
    until = time.monotonic() + seconds

    async def one(number: int) -> None:
        draw = random.Random(number)
        # People do not come at once; the first quarter of the time brings them all.
        await asyncio.sleep(min(seconds / 4, 20) * number / count)
        while time.monotonic() < until and not done.is_set():
            live = Live(server, folder, seen, draw)
            await live.take(until, done)
            if live.wires:
                live.wires[1].close()

    ends = await asyncio.gather(*(one(number) for number in range(count)), return_exceptions=True)
    seen.errors += [repr(error) for error in ends if isinstance(error, BaseException)]
    return seen


def crowd(
    server: Server,
    folder: StudyFolder,
    count: int,
    seconds: float,
    done: threading.Event | None = None,
) -> Seen:
    """``count`` listeners for so many seconds, or until it is done."""
    return asyncio.run(_crowd(server, folder, count, seconds, done or threading.Event()))
