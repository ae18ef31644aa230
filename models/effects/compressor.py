"""A feed-forward compressor: soft knee, linked channels, per-sample attack and release.

Design. The level is the largest magnitude of all channels, so a stereo image does not move. The
gain computer works in dB: no change below the knee, a parabola inside it, ``1 / ratio`` above.
The wanted reduction then passes a smooth decoupled peak detector: it follows a rise at once and
falls with the release, and a one-pole low-pass with the attack follows. After a step of level the
reduction grows as 1 - exp(-t / attack), and it falls as exp(-t / release) once attack is short
against release. On a steady tone the static curve is met at the tone's peak, save for what the
release lets go within half a period.

Source: D. Giannoulis, M. Massberg, J. D. Reiss, "Digital dynamic range compressor design: a
tutorial and analysis", JAES 60(6), 2012, equations 4, 17.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..compiled import compiled

Array = NDArray[np.float64]

# The level of digital silence; finite, so that sums and differences stay so.
FLOOR_DB = -200.0


@dataclass(frozen=True)
class Compressor:
    """Settings of a compressor; threshold and knee in dBFS and dB, times in milliseconds.

    ``knee_db`` is the whole width of the knee. A time of 0 acts at once.

    Raises:
        ValueError: for a ratio below 1, or a negative knee or time.
    """

    threshold_db: float
    ratio: float = 2.0
    attack_ms: float = 10.0
    release_ms: float = 100.0
    knee_db: float = 6.0
    makeup_db: float = 0.0

    def __post_init__(self) -> None:
        if self.ratio < 1.0:
            raise ValueError(f"a compressor's ratio is at least 1, not {self.ratio:g}")
        if min(self.knee_db, self.attack_ms, self.release_ms) < 0.0:
            raise ValueError("a compressor's knee, attack and release are not negative")


def compress(audio: ArrayLike, sample_rate: int, settings: Compressor) -> Array:
    """``(channels, samples)`` compressed; numpy float64 of the same shape, without delay."""
    return RunningCompressor(sample_rate, settings)(audio)


class RunningCompressor:
    """``compress`` for audio that comes in blocks: it goes on where the block before ended."""

    def __init__(self, sample_rate: int, settings: Compressor) -> None:
        self._sample_rate, self._settings = sample_rate, settings
        self._state = np.zeros(2)

    def __call__(self, block: ArrayLike) -> Array:
        """The next ``(channels, samples)``; the blocks together are what one call would give."""
        x = np.asarray(block, dtype=np.float64)
        return x * gain(linked_level_db(x), self._sample_rate, self._settings, self._state)


def linked_level_db(audio: ArrayLike) -> Array:
    """The level that drives the gain, ``(channels, samples)`` -> ``(samples,)`` in dBFS."""
    peak = np.abs(np.asarray(audio, dtype=np.float64)).max(axis=0, initial=0.0)
    level: Array = 20.0 * np.log10(np.maximum(peak, 10.0 ** (FLOOR_DB / 20.0)))
    return level


def gain(
    level_db: Array, sample_rate: int, settings: Compressor, state: Array | None = None
) -> Array:
    """The linear gain of every sample, make-up included, from its level: both ``(samples,)``.

    ``state`` ``(2,)``, zeros before the first sample, is what the gain goes on from; it is changed.
    """
    return _gain(
        np.zeros(2) if state is None else state,
        level_db,
        settings.threshold_db,
        settings.ratio,
        settings.knee_db,
        smoothing(settings.attack_ms, sample_rate),
        smoothing(settings.release_ms, sample_rate),
        settings.makeup_db,
    )


def static_gain_db(level_db: ArrayLike, settings: Compressor) -> Array:
    """The gain in dB that a steady level gets, make-up included; same shape."""
    level = np.asarray(level_db, dtype=np.float64)
    reduction = _static(level.ravel(), settings.threshold_db, settings.ratio, settings.knee_db)
    return settings.makeup_db - reduction.reshape(level.shape)


def smoothing(milliseconds: float, sample_rate: int) -> float:
    """The coefficient of a one-pole low-pass with this time constant; 0 where it acts at once."""
    if milliseconds == 0.0:
        return 0.0
    return math.exp(-1000.0 / (milliseconds * sample_rate))


@compiled
def _reduction_db(level: float, threshold: float, ratio: float, knee: float) -> float:
    over = level - threshold
    if 2.0 * over <= -knee:
        return 0.0
    slope = 1.0 - 1.0 / ratio
    if 2.0 * over < knee:
        return slope * (over + knee / 2.0) ** 2 / (2.0 * knee)
    return slope * over


@compiled
def _static(level: Array, threshold: float, ratio: float, knee: float) -> Array:
    out = np.empty_like(level)
    for n in range(len(level)):
        out[n] = _reduction_db(level[n], threshold, ratio, knee)
    return out


@compiled
def _gain(
    state: Array,
    level: Array,
    threshold: float,
    ratio: float,
    knee: float,
    attack: float,
    release: float,
    makeup: float,
) -> Array:
    out = np.empty_like(level)
    held = state[0]
    smooth = state[1]
    for n in range(len(level)):
        wanted = _reduction_db(level[n], threshold, ratio, knee)
        held = max(wanted, release * held + (1.0 - release) * wanted)
        smooth = attack * smooth + (1.0 - attack) * held
        out[n] = 10.0 ** ((makeup - smooth) / 20.0)
    state[0], state[1] = held, smooth
    return out
