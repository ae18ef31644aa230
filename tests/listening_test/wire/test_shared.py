"""The memory of a server is parted: every table and every region is its own, and large enough."""

from dataclasses import fields

from earmark.listening_test.wire.limits import Rates
from earmark.listening_test.wire.shared import (
    RATES_BYTES,
    REGION_BYTES,
    REGIONS,
    SIZE,
    TABLES,
    SharedMemory,
    memory_file,
)


def test_no_part_reaches_into_another_and_nothing_is_left_over() -> None:
    memory = SharedMemory()
    parts = [memory.rates(number) for number in range(TABLES)] + list(memory.regions())
    assert [len(part) for part in parts] == [RATES_BYTES] * TABLES + [REGION_BYTES] * REGIONS
    for number, part in enumerate(parts):
        part[:] = bytes([number]) * len(part)
    assert all(set(part.tobytes()) == {number} for number, part in enumerate(parts))
    assert sum(map(len, parts)) == SIZE
    assert bytes(memory.region(3)) == bytes(parts[TABLES + 3])


def test_each_limit_has_a_table_of_the_places_that_are_promised() -> None:
    assert len(fields(Rates)) == TABLES
    assert len(SharedMemory().rates(0).cast("d")) == 65_536


def test_each_process_has_room_for_the_names_of_its_counts_beside_the_one_it_follows() -> None:
    assert REGION_BYTES // 256 == 512
    assert REGIONS == 2 * 64 + 2


def test_a_file_is_shared_and_memory_without_one_is_not() -> None:
    with memory_file() as descriptor:
        one, other = SharedMemory(descriptor), SharedMemory(descriptor)
        one.region(129)[5] = 7
        assert other.region(129)[5] == 7
    one, other = SharedMemory(), SharedMemory()
    one.region(0)[5] = 7
    assert other.region(0)[5] == 0
