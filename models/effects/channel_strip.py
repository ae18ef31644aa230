"""The channel strip as one effect with named controls: what effect models are trained to imitate.

    equalizer (low shelf, three peaks, high shelf) - compressor - reverb - limiter, in any order

Each control has a range, a default at which it does nothing, and a scale on which it is drawn:
frequencies, Qs and times evenly in their logarithm. The ranges are those of C. J. Steinmetz,
"Learning to mix with neural audio effects in the waveform domain" (2020).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..configuration import nearest
from ..errors import UserError
from .compressor import Compressor, compress
from .equalizer import BUTTERWORTH_Q, Band, equalise
from .limiter import Limiter, limit
from .reverb import LONGEST_SECONDS, reverberate

Array = NDArray[np.float64]

_LONGEST_MEMORY = 10.0
EFFECTS = ("equalizer", "compressor", "reverb", "limiter")


@dataclass(frozen=True)
class Knob:
    """A control of the strip: its effect, range and default, and whether it is drawn in octaves."""

    effect: str
    minimum: float
    maximum: float
    default: float
    unit: str = ""
    logarithmic: bool = False

    def drawn(self, position: float, low: float | None = None, high: float | None = None) -> float:
        """The value at ``position`` (0 to 1) of the range, or of ``low`` to ``high`` within it."""
        low = self.minimum if low is None else low
        high = self.maximum if high is None else high
        if self.logarithmic:
            return float(low * (high / low) ** position)
        return low + (high - low) * position


def _knobs() -> dict[str, Knob]:
    knobs = {
        "low_shelf_db": Knob("equalizer", -24, 24, 0, "dB"),
        "low_shelf_hz": Knob("equalizer", 20, 1000, 100, "Hz", logarithmic=True),
    }
    for number, (low, high, middle) in enumerate(
        ((200, 5000, 500), (500, 6000, 1500), (2000, 10_000, 4000)), start=1
    ):
        knobs[f"peak_{number}_db"] = Knob("equalizer", -24, 24, 0, "dB")
        knobs[f"peak_{number}_hz"] = Knob("equalizer", low, high, middle, "Hz", logarithmic=True)
        knobs[f"peak_{number}_q"] = Knob("equalizer", 0.1, 10, BUTTERWORTH_Q, logarithmic=True)
    return knobs | {
        "high_shelf_db": Knob("equalizer", -24, 24, 0, "dB"),
        "high_shelf_hz": Knob("equalizer", 8000, 20_000, 10_000, "Hz", logarithmic=True),
        "threshold_db": Knob("compressor", -60, 0, 0, "dBFS"),
        "ratio": Knob("compressor", 1, 10, 1),
        "attack_ms": Knob("compressor", 0.03, 30, 5, "ms", logarithmic=True),
        "release_ms": Knob("compressor", 50, 3000, 200, "ms", logarithmic=True),
        "makeup_db": Knob("compressor", -12, 12, 0, "dB"),
        "room": Knob("reverb", 0, 1, 0),
        "decay_s": Knob("reverb", 0.1, LONGEST_SECONDS, 0.5, "s", logarithmic=True),
        "dry": Knob("reverb", 0, 1, 1),
        "wet": Knob("reverb", 0, 1, 0),
        "drive_db": Knob("limiter", -12, 24, 0, "dB"),
        "ceiling_dbtp": Knob("limiter", -24, 0, -1, "dBTP"),
        "limit_release_ms": Knob("limiter", 10, 1000, 100, "ms", logarithmic=True),
    }


KNOBS: Mapping[str, Knob] = _knobs()
"""Every control by name."""


def knobs_of(effects: Sequence[str]) -> dict[str, Knob]:
    """The controls of some effects, in the order of the effects."""
    return {name: knob for one in effects for name, knob in KNOBS.items() if knob.effect == one}


def check_effects(effects: Sequence[str]) -> None:
    """Refuse effects that the strip does not have, has twice, or none.

    Raises:
        UserError: naming the effect.
    """
    for name in effects:
        if name not in EFFECTS:
            raise UserError(f"unknown effect {name!r}{nearest(name, EFFECTS)}")
        if list(effects).count(name) > 1:
            raise UserError(f"effect {name!r} appears twice in the strip; name each once")
    if not effects:
        raise UserError(f"a strip needs at least one effect of {', '.join(EFFECTS)}")


def check_settings(settings: Mapping[str, float], effects: Sequence[str]) -> None:
    """Refuse unknown controls, those of effects that are not there, and values out of range.

    Raises:
        UserError: naming the control, its value and its range.
    """
    known = knobs_of(effects)
    for name, value in settings.items():
        if name not in known:
            said = f"effect {KNOBS[name].effect!r} is not in the strip" if name in KNOBS else ""
            reason = f": {said}" if said else nearest(name, list(known))
            raise UserError(f"unknown control {name!r}{reason}")
        knob = known[name]
        if not knob.minimum <= value <= knob.maximum:
            unit = f" {knob.unit}" if knob.unit else ""
            raise UserError(
                f"control {name!r}: {value:g} is outside {knob.minimum:g} to {knob.maximum:g}{unit}"
            )


def through_strip(
    audio: ArrayLike, sample_rate: int, settings: Mapping[str, float], effects: Sequence[str]
) -> Array:
    """``(channels, samples)`` through ``effects`` in their order; float64 of the same shape.

    Controls that are not among ``settings`` stand at their defaults.

    Raises:
        UserError: for an unknown effect or control, or a value out of its range.
    """
    check_effects(effects)
    check_settings(settings, effects)
    values = {name: knob.default for name, knob in KNOBS.items()} | dict(settings)
    x = np.asarray(audio, dtype=np.float64)
    for name in effects:
        x = _STAGES[name](x, sample_rate, values)
    return x


def memory_seconds(effects: Sequence[str], slowest: Mapping[str, float]) -> float:
    """How much audio before a crop decides what comes out of it, but for about -60 dB.

    ``slowest`` has the largest values of ``release_ms``, ``decay_s`` and ``limit_release_ms``; what
    is not in it stands at its default.
    """
    values = {name: knob.default for name, knob in KNOBS.items()} | dict(slowest)
    times = {
        "equalizer": 0.5,
        # 60 dB are seven time constants.
        "compressor": 7 * values["release_ms"] / 1000,
        "reverb": values["decay_s"],
        "limiter": 7 * values["limit_release_ms"] / 1000,
    }
    return min(sum(times[one] for one in effects) + 0.1, _LONGEST_MEMORY)


def _equalizer(x: Array, sample_rate: int, values: Mapping[str, float]) -> Array:
    highest = 0.49 * sample_rate
    bands = [
        Band("low_shelf", values["low_shelf_hz"], values["low_shelf_db"]),
        *(
            Band("peak", values[f"peak_{n}_hz"], values[f"peak_{n}_db"], values[f"peak_{n}_q"])
            for n in (1, 2, 3)
        ),
        Band("high_shelf", values["high_shelf_hz"], values["high_shelf_db"]),
    ]
    # At a low rate the high shelf lies above what there is, and does nothing.
    return equalise(x, sample_rate, [b for b in bands if b.gain_db and b.frequency < highest])


def _compressor(x: Array, sample_rate: int, values: Mapping[str, float]) -> Array:
    names = ("threshold_db", "ratio", "attack_ms", "release_ms", "makeup_db")
    return compress(x, sample_rate, Compressor(**{name: values[name] for name in names}))


def _reverb(x: Array, sample_rate: int, values: Mapping[str, float]) -> Array:
    if not values["wet"]:
        return values["dry"] * x
    wet = reverberate(x.mean(axis=0), sample_rate, values["room"], values["decay_s"])
    if len(x) != len(wet):
        # One channel hears one side; more than two hear left and right in turn.
        wet = wet[np.arange(len(x)) % len(wet)]
    out: Array = values["dry"] * x + values["wet"] * wet
    return out


def _limiter(x: Array, sample_rate: int, values: Mapping[str, float]) -> Array:
    settings = Limiter(ceiling_dbtp=values["ceiling_dbtp"], release_ms=values["limit_release_ms"])
    return limit(x, sample_rate, settings, values["drive_db"])


_STAGES = {
    "equalizer": _equalizer,
    "compressor": _compressor,
    "reverb": _reverb,
    "limiter": _limiter,
}


def position_of(name: str, value: float) -> float:
    """Where a value lies on the scale of its control, 0 to 1: the inverse of ``Knob.drawn``."""
    knob = KNOBS[name]
    if knob.logarithmic:
        return math.log(value / knob.minimum) / math.log(knob.maximum / knob.minimum)
    return (value - knob.minimum) / (knob.maximum - knob.minimum)
