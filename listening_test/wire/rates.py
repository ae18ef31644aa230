"""How often something may happen: a table of times that all processes of a server share.

For each key one number is kept: when it would be at rest again if nothing more came (the "generic
cell rate algorithm"). A key has no entry of its own: its hash says which of 65,536 places it uses,
so the table never grows, whatever a client invents. Two processes that write one place at once
lose one of the two counts, no more.
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
        place = self._place(key)
        rests = max(self._rests[place], now)
        over = rests + each - (now + rate.at_once * each)
        if over > each * 1e-6:
            return over
        if noted:
            self._rests[place] = rests + each
        return 0.0

    def _place(self, key: str) -> int:
        digest = blake2b(key.encode(), digest_size=8, key=self._secret).digest()
        return int.from_bytes(digest, "big") % len(self._rests)
