"""How often something may happen: so many at once, then one by one, whichever process asks."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.listening_test.wire.limits import Rate
from earmark.listening_test.wire.rates import RateTable
from earmark.listening_test.wire.shared import SharedMemory, memory_file


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def table(clock: Clock, memory: SharedMemory | None = None) -> RateTable:
    return RateTable((memory or SharedMemory()).rates(0), b"secret", clock)


def test_so_many_may_come_at_once_and_then_one_after_the_other() -> None:
    clock = Clock()
    found = table(clock)
    rate = Rate(5, 2.0)
    assert [found.take("one", rate) for _ in range(5)] == [0.0] * 5
    assert math.isclose(found.take("one", rate), 0.5)
    assert found.take("another", rate) == 0.0
    clock.now += 0.5
    assert found.take("one", rate) == 0.0
    assert found.take("one", rate) > 0
    clock.now += 1000
    assert [found.take("one", rate) for _ in range(6)][:5] == [0.0] * 5


@given(st.lists(st.floats(0, 3), max_size=60), st.integers(1, 8), st.floats(0.1, 20))
def test_in_no_time_more_is_let_in_than_the_rate_allows(
    pauses: list[float], at_once: int, per_second: float
) -> None:
    clock = Clock()
    found, rate, times = table(clock), Rate(at_once, per_second), []
    for pause in pauses:
        clock.now += pause
        wait = found.take("one", rate)
        if wait == 0:
            times.append(clock.now)
            continue
        # What was said to be the time to wait is: a moment later it is let in.
        assert found.wait("one", rate) == wait
        clock.now += wait + 1e-6
        assert found.take("one", rate) == 0
        times.append(clock.now)
    for begin in range(len(times)):
        for end in range(begin, len(times)):
            allowed = at_once + (times[end] - times[begin]) * per_second
            assert end - begin + 1 <= allowed + 1e-3


def test_to_ask_is_not_to_take() -> None:
    found = table(Clock())
    assert {found.wait("one", Rate(1, 1.0)) for _ in range(5)} == {0.0}


def test_processes_that_share_memory_share_a_rate() -> None:
    clock = Clock()
    with memory_file() as descriptor:
        one, other = (table(clock, SharedMemory(descriptor)) for _ in range(2))
        assert [one.take("x", Rate(3, 1.0)), other.take("x", Rate(3, 1.0))] == [0.0, 0.0]
        assert one.take("x", Rate(3, 1.0)) == 0.0
        assert other.take("x", Rate(3, 1.0)) > 0


def test_no_key_is_too_long_or_too_odd() -> None:
    found = table(Clock())
    for key in ("", "x" * 100_000, "שלום 🎧", "\x00"):
        assert found.take(key, Rate(1, 1.0)) == 0.0
        assert found.take(key, Rate(1, 1.0)) > 0


@pytest.mark.slow
def test_a_crowd_that_keeps_to_the_rate_stops_nobody() -> None:
    """Keys share places: thousands that are each at half their rate must all be let in."""
    clock = Clock()
    found, rate = table(clock), Rate(20, 20 / 3600)
    refused = sum(found.take(f"{one}", rate) > 0 for one in range(10_000) for _ in range(10))
    assert refused == 0


def test_limits_have_tables_of_their_own() -> None:
    """A limit that counts hours must not stop what may come many times a second."""
    memory, clock = SharedMemory(), Clock()
    slow, quick = (RateTable(memory.rates(number), b"secret", clock) for number in (3, 0))
    for number in range(20_000):
        slow.take(f"browser {number}", Rate(1, 1 / 3600))
    assert sum(quick.take(f"session {number}", Rate(200, 20.0)) > 0 for number in range(5000)) == 0


def test_what_has_no_limit_is_let_in_and_not_noted() -> None:
    memory = SharedMemory()
    found = table(Clock(), memory)
    assert [found.take("one", Rate(1, math.inf)) for _ in range(3)] == [0.0] * 3
    assert found.wait("one", Rate(1, math.inf)) == 0.0
    assert not any(memory.rates(0))


def test_what_is_refused_is_not_noted() -> None:
    clock = Clock()
    found = table(clock)
    assert found.take("one", Rate(1, 0.5)) == 0.0
    assert [found.take("one", Rate(1, 0.5)) for _ in range(3)] == [2.0] * 3
    clock.now += 2
    assert found.take("one", Rate(1, 0.5)) == 0.0


def test_a_key_keeps_its_places_in_every_version_and_a_long_secret_is_one() -> None:
    """While a server restarts, old and new processes share the tables."""
    found = RateTable(SharedMemory().rates(0), b"x" * 100)
    assert found._places("one") == (57445, 27615)
    assert table(Clock())._places("one") == (45065, 21623)
    assert table(Clock())._places("two") != (45065, 21623)


def test_a_key_that_shares_one_of_its_places_is_stopped_by_nobody() -> None:
    clock = Clock()
    memory = SharedMemory()
    found = table(clock, memory)
    rests = memory.rates(0).cast("d")
    first, second = found._places("one")
    rests[first] = clock.now + 1e6
    assert found.take("one", Rate(2, 1.0)) == 0.0
    assert rests[first] == clock.now + 1e6, "what another has noted stays"
    assert rests[second] == clock.now + 1.0
    assert found.take("one", Rate(2, 1.0)) == 0.0
    assert found.take("one", Rate(2, 1.0)) == 1.0
