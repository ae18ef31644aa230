"""The loop looks round once a second, and ends when it is told to, after what is under way."""

import contextlib
import threading
from collections.abc import Callable, Iterator

import pytest
from turned_loop import ASKED, POSTED, TurnedLoop, is_open, turned_loop

from earmark.listening_test.wire import connections
from earmark.listening_test.wire.limits import STOP_SECONDS

LONG = 30.0  # seconds in which a thread surely ends


@contextlib.contextmanager
def running(loop: TurnedLoop) -> Iterator[threading.Thread]:
    """The loop turns in a thread, which is told to stop at the end."""
    thread = threading.Thread(target=loop.front.run)
    thread.start()
    try:
        yield thread
    finally:
        loop.now += 10 * STOP_SECONDS
        loop.front.stop()
        thread.join(LONG)
        assert not thread.is_alive()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop wakes up more often than once a second; the clock is a test's own."""
    monkeypatch.setattr(connections, "_SWEEP_SECONDS", 0.02)


def turns(loop: TurnedLoop, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Waits for so many turns of the loop."""
    done = threading.Semaphore(0)
    plain = loop.front.selector.select

    def counted(timeout: float | None = None) -> object:
        done.release()
        return plain(timeout)

    monkeypatch.setattr(loop.front.selector, "select", counted)

    def wait(count: int) -> None:
        while done.acquire(blocking=False):
            pass
        for _ in range(count + 1):
            assert done.acquire(timeout=LONG)

    return wait


def test_once_a_second_it_says_so_and_looks_for_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    with turned_loop(monkeypatch, silent=5.0) as loop:
        ticks: list[float] = []
        loop.front.tick = lambda: ticks.append(loop.now)
        wait = turns(loop, monkeypatch)
        raw, one = loop.open()
        with running(loop):
            wait(5)
            assert ticks == [], "the clock stands still"
            loop.now += 0.02
            wait(5)
            assert ticks == [100.02]
            loop.now += 3
            wait(5)
            assert ticks == [100.02, 103.02]
            assert is_open(one)
            loop.now += 3
            assert raw.recv(10) == b""
            assert loop.counted == ["silence"]


def test_a_stopped_server_takes_nobody_closes_the_idle_and_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with turned_loop(monkeypatch) as loop:
        (idle_raw, idle), (silent_raw, silent) = loop.answered(), loop.open()
        late = loop.raw()  # is not taken any more
        loop.front.stop()
        thread = threading.Thread(target=loop.front.run)
        thread.start()
        thread.join(LONG)
        assert not thread.is_alive()
        assert (is_open(idle), is_open(silent)) == (False, False)
        assert idle_raw.recv(10) == silent_raw.recv(10) == b""
        assert not loop.front.accepting
        late.close()


@pytest.mark.parametrize("sent", [ASKED, POSTED + b"half"], ids=["whole", "half"])
def test_what_is_under_way_has_some_seconds_and_no_more(
    monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    with turned_loop(monkeypatch) as loop:
        raw, one = loop.open(sent)
        wait = turns(loop, monkeypatch)
        with running(loop) as thread:
            loop.front.stop()
            wait(5)
            loop.now += STOP_SECONDS - 0.01
            wait(5)
            assert is_open(one)
            loop.now += 0.01
            thread.join(LONG)
            assert not thread.is_alive()
        raw.close()


def test_what_is_answered_in_time_ends_it_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with turned_loop(monkeypatch) as loop:
        raw, one = loop.open(ASKED)
        wait = turns(loop, monkeypatch)
        with running(loop) as thread:
            loop.front.stop()
            wait(3)
            assert is_open(one)
            loop.work()
            thread.join(LONG)
            assert not thread.is_alive()
        assert raw.recv(1000).endswith(b"hello")
        assert raw.recv(10) == b""


def test_who_only_reads_a_refusal_keeps_no_server_running(monkeypatch: pytest.MonkeyPatch) -> None:
    with turned_loop(monkeypatch) as loop:
        raw, one = loop.open(b"GET / HTTP/1.1\r\nbroken\r\n\r\n")
        loop.work()
        loop.turn()
        loop.turn()
        assert one.lingers
        with running(loop) as thread:
            loop.front.stop()
            thread.join(LONG)
            assert not thread.is_alive()
        assert raw.recv(1000)


def test_a_loop_that_has_ended_holds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with turned_loop(monkeypatch) as loop:
        opened = [loop.open()[1], loop.answered()[1], loop.open(ASKED)[1]]
        opened[2].refused = True
        loop.front.end()
        assert [is_open(one) for one in opened] == [False] * 3
        assert loop.waiting == []
        assert loop.front.socket is None
        with pytest.raises((RuntimeError, KeyError, ValueError)):
            loop.front.selector.register(0, connections.READ)
        monkeypatch.setattr(loop.front, "end", lambda: None)


def test_what_is_under_way_beside_one_who_reads_a_refusal_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with turned_loop(monkeypatch) as loop:
        _, refused = loop.open(b"GET / HTTP/1.1\r\nbroken\r\n\r\n")
        loop.work()
        loop.turn()
        loop.turn()
        assert not loop.front._under_way()
        _, half = loop.open(POSTED)
        assert loop.front._under_way()
        half.handle_close()
        assert refused.lingers
        assert not loop.front._under_way()


def test_a_connection_is_read_and_written_only_when_it_is_ready_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with turned_loop(monkeypatch) as loop:
        _, one = loop.open()
        done: list[str] = []
        monkeypatch.setattr(one, "handle_read_event", lambda: done.append("read"))
        monkeypatch.setattr(one, "handle_write_event", lambda: done.append("write"))
        for events, expected in (
            (connections.READ, ["read"]),
            (connections.WRITE, ["write"]),
            (connections.READ | connections.WRITE, ["read", "write"]),
            (0, []),
        ):
            done.clear()
            loop.front._serve(one, events)
            assert done == expected
        monkeypatch.setattr(one, "handle_read_event", one.handle_close)
        done.clear()
        loop.front._serve(one, connections.READ | connections.WRITE)
        assert done == [], "it was closed"
        assert not is_open(one)


def test_an_answer_that_is_quicker_than_the_loop_counts_as_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with turned_loop(monkeypatch) as loop:
        raw, one = loop.open()
        settle = loop.front._settle
        monkeypatch.setattr(loop.front, "_settle", lambda _one: None)
        loop.send(raw, ASKED)
        loop.work()
        loop.now += 7
        settle(one)
        assert one.served
        assert one.since == loop.now
        assert (one in loop.front.silent, one in loop.front.idle) == (False, True)


def test_whoever_is_at_work_is_looked_at_each_turn_and_is_served_only_by_a_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with turned_loop(monkeypatch) as loop:
        _, one = loop.open()
        monkeypatch.setattr(one, "at_work", lambda: True)
        loop.front._settle(one)
        assert one in loop.front.busy
        assert one in loop.front.silent
        assert not one.served
