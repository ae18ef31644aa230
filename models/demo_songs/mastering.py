"""The simulated mastering engineer who makes the references of the demo songs.

Every master follows one house sound: rumble out, low end compressed on its own and centred,
low mids eased, presence and air lifted, dynamics held together, a little saturation, a wider
side, and a true-peak limiter into the style's loudness. How far each move goes depends on the
mix: the EQ takes back a share of its distance from a house spectrum, thresholds follow its
level. The rest is the engineer's mood, drawn from the passed generator. So a model can learn the
house from examples, hear the rest in the mix, and never get all of it.

Nothing delays: every filter has linear phase and its delay is taken back, the limiter looks
ahead. A sample of the master belongs to the same sample of the mix, in the same polarity.
"""

import itertools
import math
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import signal

from ..audio.loudness import integrated_loudness
from ..effects import (
    Band,
    Compressor,
    Limiter,
    compress,
    convolve,
    linear_phase_fir,
    low_pass_fir,
    measured,
    response_db,
    static_gain_db,
)

Signal: TypeAlias = NDArray[np.float64]

CEILING_DBTP = -1.0
# Octave bands in Hz and the house's balance of them: level in dB relative to all of them together.
_OCTAVES = (63, 125, 250, 500, 1000, 2000, 4000, 8000)
_HOUSE = (-7.0, -6.0, -9.0, -10.5, -12.0, -13.5, -15.5, -18.5)
# Frequency, Q, the house's habitual gain in dB, and the octaves whose balance it answers to.
_MOVES: tuple[tuple[str, float, float, float, tuple[int, ...]], ...] = (
    ("low_shelf", 75.0, 0.7, 1.0, (0, 1)),
    ("peak", 280.0, 0.9, -2.5, (2, 3)),
    ("peak", 1000.0, 0.8, -0.5, (3, 4)),
    ("peak", 3300.0, 0.8, 1.8, (5, 6)),
    ("high_shelf", 8500.0, 0.7, 3.5, (7,)),
)
_SHARE = 0.4  # of the distance from the house's balance that the EQ takes back
_LOW_CROSSOVER = 140.0
_TAPS = 8191  # of the linear-phase EQ: fine enough for a high-pass at 25 Hz


def master(
    mix: Signal, sample_rate: int, loudness: tuple[float, float], generator: Generator
) -> tuple[Signal, dict[str, Any]]:
    """The reference master of ``mix`` ``(2, samples)``, and the settings that made it.

    ``loudness`` is the range in LUFS, integrated, from which the target is drawn; the true peak
    stays under -1 dBTP. float64, same shape.
    """
    bands = _equaliser(mix, sample_rate, generator)
    grid = np.geomspace(5.0, 0.49 * sample_rate, 600)
    curve = response_db(bands, grid, sample_rate)
    sound = convolve(mix, linear_phase_fir(grid, curve, sample_rate, _TAPS))
    sound, low = _low_end(sound, sample_rate, generator)
    glue = _settled(
        sound,
        sample_rate,
        reduction_db=float(generator.uniform(2.0, 3.5)),
        ratio=float(generator.uniform(1.8, 2.6)),
        attack_ms=float(generator.uniform(10, 30)),
        release_ms=float(generator.uniform(120, 250)),
    )
    sound = compress(sound, sample_rate, glue)
    drive_db = float(generator.uniform(0.0, 4.0))
    sound = _saturated(sound, drive_db)
    width = float(generator.uniform(1.1, 1.35))
    sound = _widened(sound, sample_rate, width)
    target = round(float(generator.uniform(*loudness)), 1)
    release_ms = round(float(generator.uniform(60, 160)))
    sound, achieved, push_db = _loud(sound, sample_rate, target, release_ms)
    settings = {
        "equaliser": [
            {"kind": b.kind, "hz": b.frequency, "gain_db": b.gain_db, "q": b.q} for b in bands
        ],
        "low_end": low,
        "compressor": _described(glue),
        "saturation_drive_db": round(drive_db, 2),
        "width": round(width, 3),
        "limiter": {
            "drive_db": push_db,
            "release_ms": release_ms,
            "ceiling_dbtp": CEILING_DBTP,
        },
        "target_lufs": target,
        "integrated_lufs": achieved,
    }
    return sound, settings


def balance_db(audio: Signal, sample_rate: int) -> Signal:
    """Levels of the octaves from 63 Hz to 8 kHz, relative to their sum in dB: ``(8,)``."""
    frequencies, power = signal.welch(audio, sample_rate, nperseg=8192, axis=-1)
    power = power.sum(axis=0)
    edges = np.array([_OCTAVES[0] / math.sqrt(2)] + [f * math.sqrt(2) for f in _OCTAVES])
    energy = np.array(
        [power[(frequencies >= a) & (frequencies < b)].sum() for a, b in itertools.pairwise(edges)]
    )
    return np.asarray(10 * np.log10(energy / energy.sum() + 1e-9))


def measured_lufs(audio: Signal, sample_rate: int) -> float:
    """Integrated loudness, rounded to 0.01 LU: what gains depend on is equal on any threads."""
    return round(float(integrated_loudness(torch.from_numpy(audio), sample_rate)), 2)


def _equaliser(mix: Signal, sample_rate: int, generator: Generator) -> list[Band]:
    """The tonal and corrective EQ: habit, a share of what the mix lacks, and mood."""
    lacks = np.array(_HOUSE) - balance_db(mix, sample_rate)
    bands = [Band("high_pass", round(float(generator.uniform(22, 30)), 1))]
    for kind, frequency, q, habit, octaves in _MOVES:
        correction = float(np.clip(_SHARE * lacks[list(octaves)].mean(), -2.5, 2.5))
        mood = float(generator.normal(0, 0.5))
        centre = min(frequency * float(generator.uniform(0.9, 1.1)), 0.4 * sample_rate)
        gain = round(float(np.clip(habit + correction + mood, -5.0, 6.0)), 2)
        bands.append(Band(kind, round(centre, 1), gain, q))  # type: ignore[arg-type]
    return bands


def _low_end(
    sound: Signal, sample_rate: int, generator: Generator
) -> tuple[Signal, dict[str, float]]:
    """The band below 140 Hz, split off without phase shift, compressed and drawn to the middle."""
    fir = low_pass_fir(0.5 * _LOW_CROSSOVER, 2 * _LOW_CROSSOVER, sample_rate, 60.0)
    low = convolve(sound, fir)
    rest = sound - low
    settings = _settled(
        low,
        sample_rate,
        reduction_db=float(generator.uniform(2.5, 4.0)),
        ratio=float(generator.uniform(2.5, 3.5)),
        attack_ms=float(generator.uniform(15, 30)),
        release_ms=float(generator.uniform(100, 180)),
    )
    low = compress(low, sample_rate, settings)
    low = 0.75 * low + 0.25 * low[::-1]
    return rest + low, _described(settings)


def _settled(
    sound: Signal,
    sample_rate: int,
    *,
    reduction_db: float,
    ratio: float,
    attack_ms: float,
    release_ms: float,
) -> Compressor:
    """A compressor whose threshold takes ``reduction_db`` off the loud half of the song.

    Its make-up gives that back.
    """
    block = max(1, sample_rate // 50)
    peaks = np.abs(sound).max(axis=0)
    peaks = peaks[: len(peaks) // block * block].reshape(-1, block).max(axis=1)
    levels = 20 * np.log10(np.maximum(peaks, 1e-6))
    loud = levels[levels >= np.median(levels)]
    low, high = -80.0, 0.0
    for _ in range(30):
        threshold = 0.5 * (low + high)
        tried = Compressor(threshold, ratio, knee_db=6.0)
        if -float(static_gain_db(loud, tried).mean()) > reduction_db:
            low = threshold
        else:
            high = threshold
    return Compressor(
        round(low, 1),
        round(ratio, 2),
        round(attack_ms, 1),
        round(release_ms),
        knee_db=6.0,
        makeup_db=round(reduction_db, 2),
    )


def _saturated(sound: Signal, drive_db: float) -> Signal:
    """A soft curve, symmetric and so without DC, at unit gain for small signals.

    It is set by the level of the song, so that it colours a quiet mix like a loud one.
    """
    knee = 8.0 * float(np.sqrt(np.mean(sound**2))) * 10 ** (-drive_db / 20)
    return knee * np.tanh(sound / knee)


def _widened(sound: Signal, sample_rate: int, width: float) -> Signal:
    """The side raised by ``width`` above 200 Hz."""
    middle, side = 0.5 * (sound[0] + sound[1]), 0.5 * (sound[0] - sound[1])
    fir = low_pass_fir(120.0, 400.0, sample_rate, 50.0)
    low = convolve(side, fir)
    side = low + width * (side - low)
    return np.stack([middle + side, middle - side])


def _loud(
    sound: Signal, sample_rate: int, target: float, release_ms: float
) -> tuple[Signal, float, float]:
    """Driven into the limiter until the loudness is within 0.1 LU of the target."""
    # A little lower, so that float32 and another interpolator stay under the ceiling, too.
    peaks = measured(sound, sample_rate, Limiter(CEILING_DBTP - 0.05, 3.0, release_ms))
    drive = target - measured_lufs(sound, sample_rate)
    for _ in range(8):
        out = peaks.limited(drive)
        achieved = measured_lufs(out, sample_rate)
        if abs(achieved - target) <= 0.1:
            break
        drive = round(drive + 1.2 * (target - achieved), 2)
    return out, achieved, round(drive, 2)


def _described(settings: Compressor) -> dict[str, float]:
    return {
        "threshold_db": settings.threshold_db,
        "ratio": settings.ratio,
        "attack_ms": settings.attack_ms,
        "release_ms": settings.release_ms,
        "makeup_db": settings.makeup_db,
    }
