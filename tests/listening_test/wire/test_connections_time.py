"""How long a connection may take for what it does: to the limit, and not a moment longer."""

from types import SimpleNamespace
from typing import Any

import pytest
from turned_loop import ASKED, BODY_BYTES, HEAD_BYTES, POSTED, is_open, turned_loop

from earmark.listening_test.wire.connections import Connection
from earmark.listening_test.wire.limits import SLOWEST_BYTES_PER_SECOND

LIMITS: dict[str, Any] = {"silent": 10.0, "head": 7.0, "body": 20.0, "idle": 30.0}
HALF_HEAD, HALF_BODY = b"GET / HTTP/1.1\r\n", POSTED + b"half"


@pytest.mark.parametrize(
    ("sent", "seconds", "name"),
    [
        (b"", 10.0, "silence"),
        (HALF_HEAD, 7.0, "slow request"),
        (HALF_BODY, 20.0, "slow request"),
    ],
)
def test_each_part_of_a_request_has_its_time(
    monkeypatch: pytest.MonkeyPatch, sent: bytes, seconds: float, name: str
) -> None:
    with turned_loop(monkeypatch, **LIMITS) as loop:
        raw, one = loop.open()
        loop.now += 3  # what is before the first byte counts for nothing, once it has come
        if sent:
            loop.send(raw, sent)
        loop.sweep(seconds - (0 if sent else 3))
        assert is_open(one)
        assert loop.counted == []
        loop.sweep(0.01)
        assert not is_open(one)
        assert loop.counted == [name]
        assert raw.recv(10) == b""


def test_a_byte_now_and_then_gains_no_time_and_the_next_request_has_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with turned_loop(monkeypatch, **LIMITS) as loop:
        raw, one = loop.answered()
        loop.now += 25
        loop.send(raw, HALF_HEAD)
        for _ in range(6):
            loop.sweep(1)
            loop.send(raw, b"X")
        assert is_open(one)
        loop.sweep(1.01)
        assert not is_open(one)
        assert loop.counted == ["slow request"]


def test_a_browser_that_comes_back_later_finds_its_connection_closed_and_nothing_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with turned_loop(monkeypatch, **LIMITS) as loop:
        raw, one = loop.open()
        loop.now += 9
        loop.send(raw, ASKED)
        loop.sweep(50)  # it waits for us
        loop.work()
        loop.turn()
        loop.sweep(30)
        assert is_open(one)
        loop.sweep(0.01)
        assert not is_open(one)
        assert loop.counted == []


def test_nobody_is_closed_for_the_time_that_we_take(monkeypatch: pytest.MonkeyPatch) -> None:
    with turned_loop(monkeypatch, **LIMITS) as loop:
        _, one = loop.open(ASKED)
        loop.sweep(1000)
        assert is_open(one)
        assert loop.waiting == [one]


def test_a_refused_client_has_a_moment_to_read_why(monkeypatch: pytest.MonkeyPatch) -> None:
    with turned_loop(monkeypatch, **LIMITS, linger=2.0) as loop:
        raw, one = loop.open(b"GET / HTTP/1.1\r\nbroken\r\n\r\n")
        loop.work()
        loop.turn()
        loop.turn()
        assert one.lingers
        assert raw.recv(1000).startswith(b"HTTP/1.0 400 ")
        loop.send(raw, b"what it still has to say" * 100)
        loop.sweep(2.0)
        assert is_open(one)
        loop.sweep(0.01)
        assert not is_open(one)
        assert loop.counted == ["broken request"]


def test_a_refused_client_who_has_said_all_is_closed_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with turned_loop(monkeypatch, linger=2.0) as loop:
        raw, one = loop.open(b"GET / HTTP/1.1\r\nbroken\r\n\r\n")
        loop.work()
        loop.turn()
        loop.turn()
        raw.close()
        loop.turn()
        loop.turn()
        assert not is_open(one)


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        (b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (BODY_BYTES + 1), "size of a body"),
        (b"GET / HTTP/1.1\r\nX: " + b"y" * HEAD_BYTES, "size of a head"),
        (b"GET / HTTP/1.1\r\nbroken\r\n\r\n", "broken request"),
    ],
)
def test_a_refusal_is_counted_by_its_reason(
    monkeypatch: pytest.MonkeyPatch, sent: bytes, name: str
) -> None:
    with turned_loop(monkeypatch) as loop:
        _, one = loop.open(sent)
        assert loop.counted == [name]
        assert one.refused
        _, other = loop.open(ASKED)
        assert loop.counted == [name]
        assert not other.refused


def reader(**more: Any) -> Any:
    return SimpleNamespace(**{"pace": None, "sent": 0} | more)


def test_an_answer_may_go_out_as_slowly_as_is_said_and_no_slower() -> None:
    stalled = Connection._stalled
    one, least = reader(sent=1000), SLOWEST_BYTES_PER_SECOND * 30
    assert stalled(one, 50.0, 30.0) is None
    assert one.pace == (50.0, 1000)
    one.sent = 1001
    assert stalled(one, 79.9, 30.0) is None
    assert one.pace == (50.0, 1000), "counted from the beginning"
    one.sent = 1000 + least
    assert stalled(one, 80.0, 30.0) is None
    assert one.pace == (80.0, 1000 + least), "and then anew"
    one.sent += least - 1
    assert stalled(one, 110.0, 30.0) == "slow reader"


def test_a_client_who_reads_nothing_is_closed_and_one_who_reads_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    size = 20_000_000

    def large(_environ: Any, start: Any) -> list[bytes]:
        start("200 OK", [("Content-Length", str(size))])
        return [b"x" * size]

    with turned_loop(monkeypatch, large, stall=30.0) as loop:
        loop.front.adj.outbuf_high_watermark = 2 * size
        raw, one = loop.open(ASKED)
        loop.work()
        loop.turn()
        assert one.total_outbufs_len > 0
        loop.sweep(1000)
        assert is_open(one), "this is when it begins to be watched"
        sent = one.sent
        while one.sent < sent + 1_000_000:
            raw.recv(100_000)
            loop.turn()
        loop.sweep(30)
        assert is_open(one)
        while one.total_outbufs_len and one.sent:  # what the system takes without a reader
            before = one.sent
            loop.turn()
            if one.sent == before:
                break
        loop.sweep(30)
        loop.sweep(30)
        assert not is_open(one)
        assert loop.counted == ["slow reader"]
