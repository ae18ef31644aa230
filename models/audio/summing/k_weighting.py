"""The K-weighting filters as a recursion over samples in float64, as machine code.

Their output is not kept: the energies of 10 ms are all that a loudness needs. The state between
two parts is, so that a long file can come in parts. Each section of second order is written in
the form whose next state needs one product of the present one, which a processor can do while it
still waits for the last sample; the output is that of the usual form.
"""

from itertools import count
from typing import Any

import numpy as np

from ...compiled import compiled

Array = np.ndarray[Any, Any]
Biquad = tuple[tuple[float, float, float], tuple[float, float, float]]
_NOTHING = 1e-30  # a state below this would become numbers that processors are slow with


class EnergyMeter:
    """Weighted energies of every 10 ms of audio that comes in parts, channel by channel."""

    def __init__(self, filters: tuple[Biquad, Biquad], sample_rate: int, channels: int) -> None:
        self.sample_rate = sample_rate
        self._sections = np.array(
            [(b[0], b[1] - a[1] * b[0], b[2] - a[2] * b[0], a[1], a[2]) for b, a in filters]
        )
        self._state = np.zeros((channels, 4))
        self._samples = 0
        self._parts: list[Array] = []
        self._open = np.zeros((channels, 1))  # of the 10 ms that have not ended yet

    def add(self, audio: Array) -> None:
        """The next part, ``(channels, samples)``."""
        begun, samples = self._samples, audio.shape[1]
        first = self._segments(begun)
        edges = [0]
        for number in count(first + 1):
            edge = self._edge(number) - begun
            if edge > samples:
                break
            edges.append(edge)
        bounds = np.array(edges, dtype=np.int64)
        sums = np.zeros((len(audio), len(edges)))
        for channel, state, found in zip(audio, self._state, sums, strict=True):
            add_energies(channel, self._sections, state, bounds, found)
        sums[:, :1] += self._open
        self._parts.append(sums[:, :-1])
        self._open = sums[:, -1:]
        self._samples += samples

    def energies(self) -> Array:
        """Mean squares of whole 10 ms, ``(channels, n)``; NaN for a channel that is not finite."""
        whole = self._samples * 100 // self.sample_rate
        sums = np.concatenate([*self._parts, self._open], axis=1)[:, :whole]
        widths = np.diff([self._edge(number) for number in range(whole + 1)])
        # A state that met a NaN or an infinite sample is one for ever.
        good = np.isfinite(self._state).all(axis=1, keepdims=True)
        return np.where(good, sums / widths, np.nan)

    def _edge(self, number: int) -> int:
        return round(number * self.sample_rate / 100)

    def _segments(self, samples: int) -> int:
        """How many 10 ms have ended within so many samples."""
        number = samples * 100 // self.sample_rate
        while self._edge(number + 1) <= samples:
            number += 1
        while self._edge(number) > samples:
            number -= 1
        return number


@compiled
def add_energies(audio: Array, sections: Array, state: Array, edges: Array, sums: Array) -> None:
    """Run one channel through both sections; add the squares between edges to ``sums``.

    ``sections`` is ``(2, 5)``: b0, b1 - a1 b0, b2 - a2 b0, a1, a2. ``state`` is ``(4,)`` and
    changes. The last edge begins a stretch that ends with the audio.
    """
    b0, b1, b2, a1, a2 = sections[0]
    d0, d1, d2, c1, c2 = sections[1]
    s1, s2, t1, t2 = state
    for part in range(len(edges)):
        last = edges[part + 1] if part + 1 < len(edges) else len(audio)
        total = 0.0
        for i in range(edges[part], last):
            x = np.float64(audio[i])
            y = b0 * x + s1
            s1, s2 = (b1 * x + s2) - a1 * s1, b2 * x - a2 * s1
            z = d0 * y + t1
            t1, t2 = (d1 * y + t2) - c1 * t1, d2 * y - c2 * t1
            total += z * z
        sums[part] += total
        if abs(s1) < _NOTHING and abs(s2) < _NOTHING:
            s1, s2 = 0.0, 0.0
        if abs(t1) < _NOTHING and abs(t2) < _NOTHING:
            t1, t2 = 0.0, 0.0
    state[0], state[1], state[2], state[3] = s1, s2, t1, t2
