"""What processors do, as curves to be drawn: gain over frequency, output level over input level.

Both are closed forms of the settings, sampled at fixed points: :data:`CURVE_HZ`, twelve to the
octave with 1 kHz among them, and :data:`LEVELS_DBFS`, one a decibel.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .compressor import Compressor, static_gain_db
from .equalizer import Band, response_db

CURVE_HZ = tuple(round(1000.0 * 2.0 ** (n / 12), 3) for n in range(-67, 52))  # 20.9 Hz to 19 kHz
LEVELS_DBFS = tuple(float(level) for level in range(-60, 1))

# The level that a saturation keeps, as in earmark.models.effects.mastering_chain.
SATURATION_LEVEL = 0.25


@dataclass(frozen=True)
class Dynamics:
    """What happens to the level of a steady tone, stage by stage; parts left out do nothing.

    ``drive_db`` is a gain before all others. ``saturation`` is (drive, share of the saturated
    sound). ``ceiling_db`` is the limiter's.
    """

    drive_db: float = 0.0
    compressor: Compressor | None = None
    saturation: tuple[float, float] = (1.0, 0.0)
    ceiling_db: float | None = None


def equaliser_curve_db(bands: Sequence[Band], sample_rate: int) -> list[float | None]:
    """The gain of ``bands`` at :data:`CURVE_HZ`; None from half the rate on."""
    inside = [hertz for hertz in CURVE_HZ if hertz < sample_rate / 2]
    gains = [round(float(gain), 3) + 0.0 for gain in response_db(bands, inside, sample_rate)]
    return [*gains, *[None] * (len(CURVE_HZ) - len(inside))]


def static_curve_dbfs(dynamics: Dynamics) -> list[float]:
    """The peak level that comes out for a steady tone of each of :data:`LEVELS_DBFS`, in dBFS."""
    return [round(_through(level, dynamics), 3) + 0.0 for level in LEVELS_DBFS]


def _through(level_dbfs: float, dynamics: Dynamics) -> float:
    level = level_dbfs + dynamics.drive_db
    if dynamics.compressor is not None:
        level += float(static_gain_db(level, dynamics.compressor))
    drive, wet = dynamics.saturation
    if wet > 0.0:
        peak = 10.0 ** (level / 20.0)
        bent = SATURATION_LEVEL * math.tanh(drive * peak) / math.tanh(drive * SATURATION_LEVEL)
        level = 20.0 * math.log10(peak + wet * (bent - peak))
    return level if dynamics.ceiling_db is None else min(level, dynamics.ceiling_db)


def interpolated_db(frequencies: Sequence[float], gains_db: Sequence[float]) -> list[float | None]:
    """A curve between its own rising points, linear in dB over log frequency, at
    :data:`CURVE_HZ`; None beyond its last point, constant below its first.
    """
    found = np.interp(np.log(CURVE_HZ), np.log(frequencies), gains_db)
    top = frequencies[-1]
    return [
        round(float(gain), 3) + 0.0 if hertz <= top else None
        for hertz, gain in zip(CURVE_HZ, found, strict=True)
    ]
