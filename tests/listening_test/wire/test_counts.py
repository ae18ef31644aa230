"""What several processes count is their sum, and what one counted outlives it."""

import threading

from earmark.listening_test.wire.counts import Counts, totals
from earmark.listening_test.wire.shared import REGION_BYTES, SharedMemory, memory_file


def test_the_sum_is_that_of_all_processes_and_of_those_that_have_ended() -> None:
    with memory_file() as descriptor:
        memory = SharedMemory(descriptor)
        one, other = (Counts(SharedMemory(descriptor).region(number)) for number in (0, 3))
        one.add("a")
        one.add('b{x="y"}', 2.5)
        other.add("a", 4)
        assert totals(memory.regions()) == {"a": 5.0, 'b{x="y"}': 2.5}
        again = Counts(SharedMemory(descriptor).region(0))  # another process in its place
        again.add("a")
        again.put("c", 7)
        again.put("c", 3)
        assert totals(memory.regions()) == {"a": 6.0, 'b{x="y"}': 2.5, "c": 3.0}


def test_nothing_is_lost_between_threads() -> None:
    memory = SharedMemory()
    counts = Counts(memory.region(0))

    def work() -> None:
        for _ in range(2000):
            counts.add("a")

    threads = [threading.Thread(target=work) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert totals(memory.regions()) == {"a": 16_000.0}


def test_names_for_which_there_is_no_room_are_left_out_and_harm_no_other() -> None:
    memory = SharedMemory()
    counts = Counts(memory.region(0))
    counts.add("first")
    counts.add("x" * 300)
    for number in range(REGION_BYTES // 256 + 50):
        counts.add(f"name {number}")
    counts.add("first")
    found = totals(memory.regions())
    assert found["first"] == 2.0
    assert len(found) == REGION_BYTES // 256
    assert list(totals([memory.region(1)])) == []


def test_a_name_has_so_many_bytes_and_not_one_more() -> None:
    memory = SharedMemory()
    counts = Counts(memory.region(0))
    counts.add("ü" * 124, 2)  # of two bytes each
    counts.add("x" * 249)
    counts.put("x" * 249, 5)
    counts.add("next", 3)
    assert totals(memory.regions()) == {"ü" * 124: 2.0, "next": 3.0}


def test_a_region_that_is_full_takes_no_more_and_keeps_to_itself() -> None:
    memory = SharedMemory()
    counts, beside = Counts(memory.region(0)), Counts(memory.region(1))
    beside.add("beside")
    for number in range(REGION_BYTES // 256):
        counts.add(f"name {number}", number)
    counts.add("one too many")
    counts.put("another", 1)
    found = totals([memory.region(0)])
    assert found == {f"name {number}": float(number) for number in range(REGION_BYTES // 256)}
    assert totals([memory.region(1)]) == {"beside": 1.0}
