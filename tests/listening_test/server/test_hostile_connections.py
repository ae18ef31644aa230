"""Clients that mean harm, over raw sockets: none of them keeps others from being served."""

import contextlib
import json
import re
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest
from flask import Flask
from study_fixtures import make_study
from waitress import buffers

from earmark.listening_test.server import serve
from earmark.listening_test.server.app import create_app
from earmark.listening_test.server.serve import in_background
from earmark.listening_test.server.settings import Settings
from earmark.listening_test.simulate import Browser
from earmark.listening_test.study.study import StudyFolder, load_keys
from earmark.listening_test.wire import connections
from earmark.listening_test.wire.limits import BODY_BYTES, HEAD_BYTES, THREADS, Patience

FOREVER = 3600.0
PATIENT = Patience(silent=FOREVER, head=FOREVER, body=FOREVER, idle=FOREVER, stall=FOREVER)
POST = b"POST /api/l/x/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
HALVES = {
    "silent": b"",
    "half a head": b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ",
    "half a body": POST + b'Content-Length: 20000\r\n\r\n{"half',
    "kept alive": b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    return make_study(tmp_path_factory.mktemp("hostile"), "ape", seconds=0.6)


@contextlib.contextmanager
def serving(folder: StudyFolder, patience: Patience) -> Iterator["Place"]:
    with in_background(folder, Settings(patience=patience)) as address:
        yield Place(address, load_keys(folder).pilot)


class Place:
    """A server, and sockets that speak to it byte for byte."""

    def __init__(self, address: str, token: str) -> None:
        parts = urlsplit(address)
        self.where = (parts.hostname or "", parts.port or 80)
        self.welcome = f"{address}/s/{token}/"

    def open(self, sent: bytes = b"") -> socket.socket:
        raw = socket.create_connection(self.where, timeout=30)
        raw.sendall(sent)
        return raw

    def page(self) -> None:
        """A page comes; a server that is held up would let this time out."""
        with urlopen(self.welcome, timeout=30) as answer:
            assert answer.status == 200


def closes(raw: socket.socket) -> bool:
    """Whether the server ends the connection; waits for it."""
    try:
        while raw.recv(65536):
            pass
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False
    return True


def answer(raw: socket.socket) -> bytes:
    """What the server says until it ends the connection."""
    found = b""
    with contextlib.suppress(ConnectionResetError):
        while data := raw.recv(65536):
            found += data
    return found


@pytest.mark.parametrize("sent", HALVES.values(), ids=HALVES)
def test_more_connections_that_do_nothing_than_there_may_be_keep_no_page_back(
    folder: StudyFolder, sent: bytes
) -> None:
    few = Patience(**PATIENT.__dict__ | {"connections": 100})
    with serving(folder, few) as place, contextlib.ExitStack() as held:
        for _ in range(150):
            with contextlib.suppress(OSError):
                held.enter_context(place.open(sent))
        for _ in range(3):
            place.page()


def test_a_thousand_silent_connections_keep_no_page_back(folder: StudyFolder) -> None:
    with serving(folder, PATIENT) as place, contextlib.ExitStack() as held:
        for number in range(1000):
            try:
                held.enter_context(place.open())
            except OSError:  # this process may have no more files
                assert number > 400
                held.pop_all().close()
        place.page()


@pytest.mark.parametrize("name", ["silent", "half a head", "half a body", "kept alive"])
def test_a_connection_that_takes_too_long_is_closed(folder: StudyFolder, name: str) -> None:
    brief = Patience(silent=0.2, head=0.2, body=0.2, idle=0.2)
    with serving(folder, brief) as place, place.open(HALVES[name]) as raw:
        assert closes(raw)


@pytest.mark.parametrize(
    ("limit", "head"),
    [("head", b"GET / HTTP/1.1\r\nX: "), ("body", POST + b"Content-Length: 900000\r\n\r\n")],
)
def test_a_request_that_drips_is_closed_however_often_a_byte_comes(
    folder: StudyFolder, limit: str, head: bytes
) -> None:
    brief = Patience(**PATIENT.__dict__ | {limit: 0.5})
    with serving(folder, brief) as place, place.open(head) as raw:
        raw.settimeout(0.05)
        for _ in range(400):
            try:
                raw.sendall(b"x")
                assert raw.recv(10) == b""
                break
            except TimeoutError:
                continue
            except (ConnectionResetError, BrokenPipeError):
                break
        else:
            pytest.fail("still open")


def test_a_body_that_is_too_large_is_refused_before_it_is_sent(folder: StudyFolder) -> None:
    with serving(folder, PATIENT) as place:
        for size in (BODY_BYTES + 1, 300 * 2**20, 10**30):
            with place.open(POST + f"Content-Length: {size}\r\n\r\n".encode()) as raw:
                raw.shutdown(socket.SHUT_WR)
                assert answer(raw).startswith(b"HTTP/1.1 413 ")


def test_whoever_sends_a_large_body_all_the_same_reads_that_it_was_refused(
    folder: StudyFolder,
) -> None:
    with serving(folder, PATIENT) as place, place.open() as raw:
        raw.sendall(POST + b"Content-Length: 20000000\r\n\r\n" + b"x" * 8_000_000)
        raw.shutdown(socket.SHUT_WR)
        assert answer(raw).startswith(b"HTTP/1.1 413 ")


def test_a_chunked_body_is_limited_too(folder: StudyFolder) -> None:
    with serving(folder, PATIENT) as place, place.open() as raw:
        raw.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n")
        for _ in range(BODY_BYTES // 65536 + 2):
            raw.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        raw.shutdown(socket.SHUT_WR)
        assert b"HTTP/1.1 413 " in answer(raw)


def test_a_head_that_is_too_large_is_refused(folder: StudyFolder) -> None:
    with serving(folder, PATIENT) as place, place.open() as raw:
        raw.sendall(b"GET / HTTP/1.1\r\nX: " + b"y" * HEAD_BYTES)
        assert b" 431 " in answer(raw).partition(b"\r\n")[0]


def test_no_body_of_a_stranger_reaches_a_file(
    folder: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[object] = []
    plain = buffers.TempfileBasedBuffer.__init__

    def noted(self: object, *how: object) -> None:
        made.append(self)
        plain(self, *how)

    monkeypatch.setattr(buffers.TempfileBasedBuffer, "__init__", noted)
    with serving(folder, PATIENT) as place:
        size = BODY_BYTES - 10
        with place.open(POST + f"Content-Length: {size}\r\n\r\n".encode()) as raw:
            raw.sendall(b"x" * size)
            assert raw.recv(100).startswith(b"HTTP/1.1 403 ")
    assert made == []


def test_bodies_that_are_not_whole_share_a_limit_and_the_oldest_makes_room(
    folder: StudyFolder,
) -> None:
    little = Patience(**PATIENT.__dict__ | {"bodies_bytes": 500_000})
    half = POST + b"Content-Length: 300000\r\n\r\n" + b"x" * 290_000
    with serving(folder, little) as place, place.open(half) as first, place.open(half) as second:
        assert closes(first)
        second.sendall(b"x" * 10_000)
        assert second.recv(100).startswith(b"HTTP/1.1 403 ")


@pytest.mark.slow
def test_a_client_that_reads_nothing_is_closed_and_holds_no_thread(
    folder: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = 12_000_000  # more than the buffers of the operating system take

    def with_a_large_answer(*how: Any) -> Flask:
        app = create_app(*how)
        app.add_url_rule("/large", "large", lambda: "x" * size)
        return app

    monkeypatch.setattr(serve, "create_app", with_a_large_answer)
    brief = Patience(**PATIENT.__dict__ | {"stall": 0.5})
    with serving(folder, brief) as place, contextlib.ExitStack() as held:
        asked = b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n"
        readers = [held.enter_context(place.open(asked)) for _ in range(THREADS + 2)]
        place.page()
        for raw in readers:
            assert raw.recv(100).startswith(b"HTTP/1.1 200")
        time.sleep(2.5)  # they read nothing more
        for raw in readers:
            assert len(answer(raw)) < size


def test_one_address_cannot_take_all_connections(
    folder: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "client_group", lambda address: "a stranger")
    few = Patience(**PATIENT.__dict__ | {"of_address": 5})
    with serving(folder, few) as place, contextlib.ExitStack() as held:
        for _ in range(5):
            raw = held.enter_context(place.open(HALVES["kept alive"]))
            assert raw.recv(100).startswith(b"HTTP/1.1 200")
        with place.open() as sixth:
            assert closes(sixth)
        held.close()
        for _ in range(100):  # until the server has seen that they are gone
            with contextlib.suppress(OSError):
                place.page()
                break
            time.sleep(0.05)
        else:
            pytest.fail("no connection is given back")


def test_a_request_that_is_under_way_is_answered_though_the_server_is_told_to_stop(
    folder: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    fronts: list[connections.Front] = []
    plain: Callable[[connections.Front], None] = connections.Front.run

    def noted(self: connections.Front) -> None:
        fronts.append(self)
        plain(self)

    monkeypatch.setattr(connections.Front, "run", noted)
    body = json.dumps({"x": "y" * 1000}).encode()
    with (
        serving(folder, PATIENT) as place,
        place.open(HALVES["kept alive"]) as idle,
        place.open(POST + f"Content-Length: {len(body)}\r\n\r\n".encode() + body[:500]) as raw,
    ):
        assert idle.recv(100).startswith(b"HTTP/1.1 200")
        fronts[0].stop()
        assert closes(idle)
        raw.sendall(body[500:])
        assert raw.recv(100).startswith(b"HTTP/1.1 403 ")
        assert closes(raw)


def test_what_was_refused_is_counted(folder: StudyFolder) -> None:
    few = Patience(**PATIENT.__dict__ | {"connections": 3})
    with serving(folder, few) as place, contextlib.ExitStack() as held:
        for _ in range(6):
            held.enter_context(place.open())
        large, broken = b"Content-Length: 9999999\r\n\r\n", b"GET / HTTP/1.1\r\nno header\r\n\r\n"
        for sent in (POST + large, broken):
            with place.open(sent) as raw:
                raw.shutdown(socket.SHUT_WR)
                answer(raw)
        admin = load_keys(folder).admin
        address = f"http://{place.where[0]}:{place.where[1]}/progress/{admin}/metrics"
        with urlopen(address, timeout=30) as shown:
            words = shown.read().decode()
    found = re.findall(r'earmark_refused_total\{limit="([^"]+)"\} (\d+)', words)
    counts = {limit: int(number) for limit, number in found}
    assert counts["connections"] >= 4
    assert counts["size of a body"] == 1
    assert counts["broken request"] == 1


def test_an_answer_that_is_ready_while_the_loop_looks_away_leaves_no_connection_behind(
    folder: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain: Callable[[Any, Any, int], None] = connections.Front._watch

    def slowly(self: Any, one: Any, events: int) -> None:
        plain(self, one, events)
        if events == 0 and one._fileno is not None:
            time.sleep(0.03)  # a thread is through in the meantime

    monkeypatch.setattr(connections.Front, "_watch", slowly)
    with serving(folder, PATIENT) as place, place.open() as raw:
        for _ in range(10):
            raw.sendall(HALVES["kept alive"])
            found = b""
            while not found.endswith(b'{"ok":true}\n'):
                found += raw.recv(4096)


def test_a_part_of_a_sound_is_read_as_fast_as_its_listener_reads(
    folder: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int | None] = []
    plain = buffers.ReadOnlyFileBasedBuffer.prepare

    def noted(self: Any, size: int | None = None) -> int:
        sent.append(size)
        return int(plain(self, size))

    monkeypatch.setattr(buffers.ReadOnlyFileBasedBuffer, "prepare", noted)
    with in_background(folder) as address:
        browser = Browser(f"{address}/s/{load_keys(folder).pilot}/")
        browser.begin()
        url = f"{address}{browser.state()['step']['stimuli'][0]['url']}"
        with urlopen(url, timeout=30) as answer:
            whole = answer.read()
        for said, part in (
            ("bytes=0-9", whole[:10]),
            ("bytes=1000-40000", whole[1000:40001]),
            (f"bytes={len(whole) - 5}-", whole[-5:]),
            ("bytes=-7", whole[-7:]),
        ):
            with urlopen(Request(url, headers={"Range": said}), timeout=30) as answer:
                assert answer.status == 206
                assert answer.read() == part
            assert sent[-1] == len(part)
