"""Memory that the processes of one server share: a file without a name, mapped by each of them."""

import contextlib
import mmap
import tempfile
from collections.abc import Iterator

RATES_BYTES = 64 * 1024 * 8
TABLES = 5
REGION_BYTES = 128 * 1024
# More than there are processes: while a server restarts, old and new ones run beside each other.
REGIONS = 130
SIZE = TABLES * RATES_BYTES + REGIONS * REGION_BYTES


class SharedMemory:
    """The rates and the counts of a server; without a file, of one process alone."""

    def __init__(self, descriptor: int = -1) -> None:
        self._memory = mmap.mmap(descriptor, SIZE)

    def rates(self, number: int) -> memoryview:
        """The part of one :class:`.rates.RateTable`."""
        start = number * RATES_BYTES
        return memoryview(self._memory)[start : start + RATES_BYTES]

    def region(self, number: int) -> memoryview:
        """The part that one process writes its counts to."""
        start = TABLES * RATES_BYTES + number * REGION_BYTES
        return memoryview(self._memory)[start : start + REGION_BYTES]

    def regions(self) -> Iterator[memoryview]:
        """The parts of all processes."""
        return map(self.region, range(REGIONS))


@contextlib.contextmanager
def memory_file() -> Iterator[int]:
    """A file for :class:`SharedMemory`, as a descriptor that may be handed to other processes."""
    with tempfile.TemporaryFile() as file:
        file.truncate(SIZE)  # of zeros, which take no room until they are written
        yield file.fileno()
