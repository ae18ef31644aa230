"""How often something may happen: a table of times that all processes of a server share.

For each key one number is kept: when it would be at rest again if nothing more came (the "generic
cell rate algorithm"). A key has no entry of its own: its hashes say which two of 65,536 places it
uses, so the table never grows, whatever a client invents. What other keys have noted in one of the
two is no harm: the place with less counts. Each limit has a table of its own, since a place that
counts minutes would stop what may come many times a second. Two processes that write one place at
once lose one of the two counts, no more.
"""

import math
from collections.abc import Callable
from hashlib import blake2b
from time import monotonic

from .limits import Rate


class RateTable:
    """The times, in memory that may be shared; ``secret`` keeps clients from choosing a place."""

    def __init__(
        self, memory: memoryview, secret: bytes, clock: Callable[[], float] = monotonic
    ) -> None:
        # One clock for all processes: that of the machine since it was started.
        self._rests = memory.cast("d")
        self._secret, self._clock = secret[:64], clock

    def take(self, key: str, rate: Rate) -> float:
        """Note that it happens; 0, or for how many seconds it may not, and then it is not noted."""
        return self._wait(key, rate, noted=True)

    def wait(self, key: str, rate: Rate) -> float:
        """For how many seconds it may not happen; nothing is noted."""
        return self._wait(key, rate, noted=False)

    def _wait(self, key: str, rate: Rate, *, noted: bool) -> float:
        if math.isinf(rate.per_second):
            return 0.0
        now, each = self._clock(), 1 / rate.per_second
        places = self._places(key)
        rests = max(min(self._rests[place] for place in places), now)
        over = rests + each - (now + rate.at_once * each)
        if over > each * 1e-6:
            return over
        if noted:
            for place in places:
                self._rests[place] = max(self._rests[place], rests + each)
        return 0.0

    def _places(self, key: str) -> tuple[int, int]:
        digest = blake2b(key.encode(), digest_size=16, key=self._secret).digest()
        size = len(self._rests)
        return int.from_bytes(digest[:8], "big") % size, int.from_bytes(digest[8:], "big") % size
