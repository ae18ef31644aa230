"""The loop of a server rests while threads work: it turns when something happens, and not else."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

from earmark.listening_test.server.serve import bind, server
from earmark.listening_test.wire import connections
from earmark.listening_test.wire.counts import Counts
from earmark.listening_test.wire.shared import REGION_BYTES

GET = b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n"
# A loop that asks for what it cannot have turns many thousand times a second.
TURNS_PER_SECOND = 400


class Held:
    """Where a thread waits until it may go on."""

    def __init__(self) -> None:
        self.there, self.go = threading.Event(), threading.Event()

    def wait(self) -> None:
        self.there.set()
        assert self.go.wait(60)


class Loop:
    """A server whose turns are counted."""

    def __init__(self, held: Held | None) -> None:
        app = Flask(__name__)
        counts = Counts(memoryview(bytearray(REGION_BYTES)))
        app.extensions["earmark"] = SimpleNamespace(counts=counts)

        @app.get("/<number>")
        def answer(number: str) -> str:
            if held is not None and number == "1":
                held.wait()
            return f"answer {number}"

        self.place = bind("127.0.0.1", 0)
        self.front = server(app, self.place)
        self.turns = 0
        plain = self.front.selector.select

        def counted(timeout: float | None = None) -> Any:
            self.turns += 1
            return plain(timeout)

        self.front.selector.select = counted  # type: ignore[method-assign]

    def open(self) -> socket.socket:
        return socket.create_connection(self.place.getsockname(), timeout=60)

    def rests(self) -> bool:
        """Whether it turns no more often than it has to, for a while."""
        began, before = time.monotonic(), self.turns
        time.sleep(0.5)
        turns = self.turns - before
        return turns <= 20 + (time.monotonic() - began) * TURNS_PER_SECOND


@contextlib.contextmanager
def loop(held: Held | None = None) -> Iterator[Loop]:
    found = Loop(held)
    thread = threading.Thread(target=found.front.run)
    thread.start()
    try:
        yield found
    finally:
        if held is not None:
            held.go.set()
        found.front.stop()
        thread.join(60)
        found.front.end()
        found.place.close()


def read_until(raw: socket.socket, end: bytes) -> bytes:
    found = b""
    while not found.endswith(end):
        found += raw.recv(4096)
    return found


@pytest.fixture
def sends(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What was given to the system to send."""
    found: list[bytes] = []
    plain: Callable[..., int] = connections.Connection.send

    def noted(self: Any, data: bytes, do_close: bool = True) -> int:  # noqa: FBT001, FBT002
        found.append(bytes(data))
        return plain(self, data, do_close=do_close)

    monkeypatch.setattr(connections.Connection, "send", noted)
    return found


def test_the_loop_rests_while_a_thread_writes_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    held = Held()
    plain: Callable[..., int] = connections.Connection.send

    def slowly(self: Any, data: bytes, do_close: bool = True) -> int:  # noqa: FBT001, FBT002
        if not held.go.is_set():
            held.wait()
        return plain(self, data, do_close=do_close)

    monkeypatch.setattr(connections.Connection, "send", slowly)
    with loop(held) as running, running.open() as raw:
        raw.sendall(GET % 2)
        assert held.there.wait(60)
        running.front.pull_trigger()  # it looks at that connection, of which an answer waits
        assert running.rests()
        held.go.set()
        assert read_until(raw, b"answer 2").startswith(b"HTTP/1.1 200")


def test_the_loop_rests_while_a_client_sends_more_than_is_read() -> None:
    held = Held()
    with loop(held) as running, running.open() as raw:
        raw.sendall(GET % 1)
        assert held.there.wait(60)
        raw.sendall(GET % 2)
        assert running.rests()
        held.go.set()
        found = read_until(raw, b"answer 2")
        assert found.index(b"answer 1") < found.index(b"answer 2")


def test_the_system_is_not_told_of_each_request(monkeypatch: pytest.MonkeyPatch) -> None:
    watched: list[int] = []
    plain: Callable[..., None] = connections.Front._watch

    def noted(self: Any, one: Any, events: int) -> None:
        watched.append(events)
        plain(self, one, events)

    monkeypatch.setattr(connections.Front, "_watch", noted)
    held = Held()
    with loop(held) as running, running.open() as raw:
        raw.sendall(GET % 1)
        assert held.there.wait(60)
        assert running.rests()
        assert set(watched) == {connections.READ}


def test_an_answer_goes_out_in_one_piece(sends: list[bytes]) -> None:
    with loop() as running, running.open() as raw:
        raw.sendall(GET % 2)
        read_until(raw, b"answer 2")
        raw.sendall(b"HEAD /2 HTTP/1.1\r\nHost: x\r\n\r\n")
        read_until(raw, b"\r\n\r\n")
    first, second = sends
    assert first.startswith(b"HTTP/1.1 200")
    assert first.endswith(b"\r\n\r\nanswer 2")
    assert second.endswith(b"\r\n\r\n")
