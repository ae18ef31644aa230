"""Who makes room where there are too many connections, or too much of what is not whole."""

import errno
import logging
import socket
from collections import Counter
from typing import Any

import pytest
from turned_loop import ASKED, POSTED, TurnedLoop, is_open, turned_loop

from earmark.listening_test.wire import connections

LARGE = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1900\r\n\r\n"


def refused(loop: TurnedLoop) -> bool:
    """Whether one more connection is closed at once."""
    before = set(loop.front.active_channels.values())
    raw = loop.raw()
    loop.front._accept()
    if set(loop.front.active_channels.values()) - before:
        return False
    return raw.recv(10) == b""


def test_the_longest_silent_makes_room_then_the_longest_idle_and_then_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with turned_loop(monkeypatch, connections=5) as loop:
        idle = [loop.answered()[1] for _ in range(2)]
        _, busy = loop.open(ASKED)
        silent = [loop.open()[1], loop.open(b"GET / HT")[1]]
        assert loop.counted == []
        for number, gone in enumerate((*silent, *idle), 1):
            _, new = loop.open(ASKED)
            assert not is_open(gone)
            assert is_open(new)
            assert loop.counted == ["connections"] * number
        assert refused(loop)
        assert loop.counted == ["connections"] * 5
        assert is_open(busy)
        assert len(loop.front.active_channels) == 5


def test_whoever_was_answered_last_is_the_last_to_make_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with turned_loop(monkeypatch, connections=2) as loop:
        (raw, first), (_, second) = loop.answered(), loop.answered()
        loop.send(raw, ASKED)
        assert list(loop.front.idle) == [second]
        loop.work()
        loop.turn()
        assert list(loop.front.idle) == [second, first]
        loop.open()
        assert (is_open(first), is_open(second)) == (True, False)


def test_a_connection_is_in_one_list_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    with turned_loop(monkeypatch) as loop:
        front = loop.front

        def lists(one: connections.Connection) -> list[bool]:
            return [one in group for group in (front.silent, front.idle, front.busy)]

        raw, one = loop.open()
        assert lists(one) == [True, False, False]
        loop.send(raw, ASKED[:5])
        assert lists(one) == [True, False, False]
        loop.send(raw, ASKED[5:])
        assert lists(one) == [False, False, True]
        # What comes while it is answered waits, unread and unwatched.
        loop.send(raw, ASKED[:5])
        assert one.watched == 0
        loop.work()
        loop.turn()
        assert lists(one) == [False, True, False]
        assert one.watched == connections.READ
        loop.send(raw, ASKED[5:])
        assert lists(one) == [False, False, True]
        raw.close()
        loop.work()
        loop.turn()
        loop.turn()
        assert lists(one) == [False, False, False]
        assert front.active_channels == {}


def test_an_address_has_so_many_connections_and_gets_them_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    group = ["one"]
    monkeypatch.setattr(connections, "client_group", lambda _address: group[0])
    with turned_loop(monkeypatch, of_address=2) as loop:
        (first, one), _ = loop.open(), loop.open()
        assert refused(loop)
        assert loop.counted == ["connections of an address"]
        assert loop.front.of_group == {"one": 2}
        group[0] = "another"
        loop.open()
        assert loop.front.of_group == {"one": 2, "another": 1}
        group[0] = "one"
        first.close()
        loop.turn()
        assert not is_open(one)
        assert loop.front.of_group == {"one": 1, "another": 1}
        loop.front.closed(one)
        assert loop.front.of_group == {"one": 1, "another": 1}, "it was closed before"
        assert not refused(loop)
        loop.front.end()
        assert loop.front.of_group == Counter()


def test_others_who_wait_beside_one_who_is_refused_are_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "client_group", lambda _address: "one")
    with turned_loop(monkeypatch, of_address=1) as loop:
        loop.open()
        # Asked twice of who is taken: for the limit, and by the connection.
        groups = iter(["one", "another", "another"])
        monkeypatch.setattr(connections, "client_group", lambda _address: next(groups))
        loop.raw()
        loop.raw()
        loop.front._accept()
        assert loop.front.of_group == {"one": 1, "another": 1}
        assert loop.counted == ["connections of an address"]


def test_all_who_wait_are_told_where_nobody_can_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    with turned_loop(monkeypatch, connections=1) as loop:
        loop.open(ASKED)
        waiting = [loop.raw(), loop.raw()]
        loop.front._accept()
        assert [raw.recv(10) for raw in waiting] == [b"", b""]
        assert loop.counted == ["connections"] * 2


def test_this_machine_has_as_many_connections_as_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with turned_loop(monkeypatch, of_address=1) as loop:
        assert not refused(loop)
        assert not refused(loop)
        assert loop.front.of_group == {}
        assert loop.counted == []


def test_one_turn_takes_a_few_so_that_others_get_some(monkeypatch: pytest.MonkeyPatch) -> None:
    with turned_loop(monkeypatch) as loop:
        for _ in range(10):
            loop.raw()
        loop.front._accept()
        assert len(loop.front.active_channels) == 8
        loop.front._accept()
        assert len(loop.front.active_channels) == 10
        loop.front._accept()
        assert len(loop.front.active_channels) == 10


class Full:
    """A listening socket on which a process without files accepts; ``plain`` has it again."""

    def __init__(self, plain: socket.socket, *errors: OSError) -> None:
        self.plain, self.errors = plain, list(errors)

    def accept(self) -> Any:
        if self.errors:
            raise self.errors.pop(0)
        return self.plain.accept()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.plain, name)


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
def test_without_a_file_for_one_more_the_longest_silent_makes_room(
    monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    with turned_loop(monkeypatch) as loop:
        _, silent = loop.open()
        loop.front.socket = Full(loop.front.socket, OSError(number, "too many open files"))
        _, new = loop.open(ASKED)
        assert not is_open(silent)
        assert is_open(new)
        loop.front.socket.errors = [OSError(number, "too many open files")] * 3
        loop.raw()
        loop.front._accept()
        assert len(loop.front.socket.errors) == 2, "nobody can make room"
        assert loop.counted == ["connections"] * 2


@pytest.mark.parametrize(
    "error", [BlockingIOError(), InterruptedError(), OSError(errno.ECONNABORTED, "gone")]
)
def test_another_error_of_the_socket_costs_nobody_the_connection(
    monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    with turned_loop(monkeypatch) as loop:
        _, one = loop.open()
        loop.front.socket = Full(loop.front.socket, error)
        loop.raw()
        loop.front._accept()
        assert is_open(one)
        assert loop.counted == []
        assert list(loop.front.active_channels.values()) == [one]


def test_a_client_who_is_gone_when_it_is_taken_is_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with turned_loop(monkeypatch) as loop:
        taken = iter([OSError(errno.EINVAL, "gone")])

        def options(_sock: socket.socket) -> None:
            error = next(taken, None)
            if error is not None:
                raise error

        monkeypatch.setattr(loop.front, "set_socket_options", options)
        first = loop.raw()
        loop.raw()
        loop.front._accept()
        assert len(loop.front.active_channels) == 1
        assert first.recv(10) == b""


def test_what_is_not_whole_has_room_to_the_last_byte_and_then_the_oldest_makes_some(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first_bytes, second_bytes = LARGE + b"x" * 500, LARGE + b"x" * 300
    most = len(first_bytes) + len(second_bytes)
    with turned_loop(monkeypatch, bodies_bytes=most) as loop:
        _, first = loop.open(first_bytes)
        raw, second = loop.open(second_bytes)
        assert loop.front.arriving_bytes == most
        assert list(loop.front.arriving) == [first, second]
        assert loop.counted == []
        loop.send(raw, b"y")
        assert loop.counted == ["bodies"]
        loop.turn()
        assert not is_open(first)
        assert is_open(second)
        assert loop.front.arriving_bytes == len(second_bytes) + 1
        loop.send(raw, b"y" * (1900 - 301))
        assert loop.waiting == [second]
        assert loop.front.arriving_bytes == 0
        assert loop.front.arriving == {}


def test_what_came_of_one_who_goes_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    with turned_loop(monkeypatch) as loop:
        raw, one = loop.open(POSTED + b"half")
        assert (loop.front.arriving_bytes, one.held) == (len(POSTED) + 4, len(POSTED) + 4)
        raw.close()
        loop.turn()
        assert (loop.front.arriving_bytes, one.held) == (0, 0)


def test_a_connection_that_fails_is_closed_and_a_slip_of_ours_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with turned_loop(monkeypatch) as loop:
        for error, logged in ((OSError(errno.ECONNRESET, "reset"), 0), (ValueError("a slip"), 1)):
            raw, one = loop.open()

            def broken(error: Exception = error) -> None:
                raise error

            monkeypatch.setattr(one, "handle_read_event", broken)
            with caplog.at_level(logging.ERROR):
                loop.send(raw, b"x")
            assert not is_open(one)
            assert (
                len([said for said in caplog.messages if "a connection failed" in said]) == logged
            )
        _, well = loop.answered()
        assert is_open(well)


def test_a_connection_counts_what_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    with turned_loop(monkeypatch) as loop:
        raw, one = loop.open(ASKED)
        loop.work()
        loop.turn()
        loop.turn()
        assert one.sent == len(raw.recv(10_000)) > 50
