"""Counts what a server does, in memory that its processes share: the sum is that of all of them.

Each process writes a region of its own, so that no count is lost, and any of them adds up all. A
region is a list of places, each a name and a number. A process that ends leaves its counts there,
and one that takes the region over goes on with them.
"""

import struct
import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping

_PLACE = struct.Struct("<d248s")
_NUMBER = struct.Struct("<d")


class Counts:
    """The numbers of one region, by name."""

    def __init__(self, region: memoryview) -> None:
        self._region = region
        self._lock = threading.Lock()
        self._numbers = dict(_places(region))
        self._at = {name: place for place, name in enumerate(self._numbers)}

    def add(self, name: str, amount: float = 1.0) -> None:
        """Count; a name that has no place any more, or is too long for one, is left out."""
        with self._lock:
            self._write(name, self._numbers.get(name, 0.0) + amount)

    def put(self, name: str, number: float) -> None:
        """Say how many there are now."""
        with self._lock:
            self._write(name, number)

    def _write(self, name: str, number: float) -> None:
        at = self._at.get(name)
        if at is not None:
            _NUMBER.pack_into(self._region, at * _PLACE.size, number)
        else:
            at, encoded = len(self._at), name.encode()
            if (at + 1) * _PLACE.size > len(self._region) or len(encoded) > _PLACE.size - 8:
                return
            self._at[name] = at
            _PLACE.pack_into(self._region, at * _PLACE.size, number, encoded)
        self._numbers[name] = number


def _places(region: memoryview) -> Iterable[tuple[str, float]]:
    for number, name in _PLACE.iter_unpack(region):
        if not name[0]:
            return
        yield name.rstrip(b"\0").decode(errors="replace"), number


def totals(regions: Iterable[memoryview]) -> Mapping[str, float]:
    """The sums over all processes, by name."""
    found: defaultdict[str, float] = defaultdict(float)
    for region in regions:
        if region[8]:
            for name, number in _places(region):
                found[name] += number
    return found
