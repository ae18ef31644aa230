"""What the controls of a system do: a fixed SIMULATED probe, rendered as each control moves.

The probe is one second of seeded noise whose power falls by 3 dB an octave, mono sent to both
channels with a little of its own in each, in four steps of level from -30 to -12 dBFS RMS, with a
click at the start of each: soft and loud, dark and bright, steady and transient. One control moves
over its range, the others stay at their defaults. What comes out is described by

* its level, the RMS in dB relative to the probe's;
* its crest factor, the peak over the RMS, in dB relative to the probe's: less where peaks are held;
* its brightness, the level above 2 kHz over that below, in dB relative to the probe's;
* its distance from what comes out with all controls at their defaults, MR-STFT.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..audio.losses import mrstft_distance
from ..rendering.runner import run
from ..systems.contract import Control, Material, System

SECONDS = 1.0
SPLIT_HZ = 2000.0
MEASURES = ("level_db", "crest_db", "brightness_db", "distance")

# Renders in all, so that a network of many controls is swept in fewer places.
_MOST_RENDERS = 60
_PLACES = (9, 7, 5, 3)
_STEPS_DBFS = (-30.0, -24.0, -18.0, -12.0)
_SILENCE = 1e-12


@dataclass(frozen=True)
class Sweep:
    """One control's values, rising, in its own unit, and each measure at each of them.

    A measure is None where the output is silent.
    """

    control: str
    default: float
    values: tuple[float, ...]
    measures: Mapping[str, tuple[float | None, ...]]


def sweep_controls(system: System) -> list[Sweep]:
    """Move each control of ``system`` over its range; empty where it has none.

    Raises:
        UserError: if the system cannot render the probe.
    """
    controls = system.spec.controls
    if not controls:
        return []
    rate = system.spec.sample_rate or 44_100
    # A mono network would be run on each channel by itself.
    given = probe(rate)[: system.spec.channels or 2]
    usual = _rendered(system, given, rate, {})
    places = next((n for n in _PLACES if n * len(controls) <= _MOST_RENDERS), _PLACES[-1])
    found = []
    for name, control in controls.items():
        values = _values(control, places)
        rows = [
            _measured(_rendered(system, given, rate, {name: value}), given, usual, rate)
            for value in values
        ]
        measures = {one: tuple(row[one] for row in rows) for one in MEASURES}
        found.append(Sweep(name, control.default, values, measures))
    return found


@functools.cache
def probe(sample_rate: int) -> Tensor:
    """The SIMULATED probe, ``(2, samples)`` float32; the same wherever it is made."""
    samples = round(SECONDS * sample_rate)
    draw = np.random.default_rng(2018).standard_normal((3, samples))
    spectrum = np.fft.rfft(draw)
    tilt = np.sqrt(20.0 / np.maximum(np.fft.rfftfreq(samples, 1 / sample_rate), 20.0))
    pink = np.fft.irfft(spectrum * tilt, samples)
    stereo = pink[:1] + 0.3 * pink[1:]
    starts = np.linspace(0, samples, len(_STEPS_DBFS) + 1).astype(int)
    for start, end, level in zip(starts, starts[1:], _STEPS_DBFS, strict=False):
        part = stereo[:, start:end]
        part *= 10 ** (level / 20) / np.sqrt(np.mean(part**2))
        stereo[:, start] += 10 ** ((level + 10) / 20)
    return torch.from_numpy(stereo.astype(np.float32))


def _values(control: Control, places: int) -> tuple[float, ...]:
    spread = np.linspace(control.minimum, control.maximum, places)
    # The ends as they were given: a sum of steps may pass the last by rounding.
    inner = [round(float(value), 6) for value in spread[1:-1]]
    return (control.minimum, *inner, control.maximum)


def _rendered(system: System, given: Tensor, rate: int, controls: Mapping[str, float]) -> Tensor:
    return run(system, Material(given, rate, label="probe"), controls).audio


def _measured(out: Tensor, given: Tensor, usual: Tensor, rate: int) -> dict[str, float | None]:
    level, crest, brightness = _described(out, rate)
    if level is None or crest is None or brightness is None:
        return dict.fromkeys(MEASURES)
    before = _described(given, rate)
    changes = [
        round(now - (was or 0.0), 3) + 0.0
        for now, was in zip((level, crest, brightness), before, strict=True)
    ]
    distance = round(float(mrstft_distance(out[None], usual[None]).mean()), 4)
    return dict(zip(MEASURES, [*changes, distance], strict=True))


def _described(audio: Tensor, rate: int) -> tuple[float | None, float | None, float | None]:
    """RMS level, crest factor and brightness in dB; None for silence."""
    x = audio.double().numpy()
    power = float(np.mean(x**2))
    if power < _SILENCE:
        return None, None, None
    spectrum = (np.abs(np.fft.rfft(x)) ** 2).sum(axis=0)
    split = round(SPLIT_HZ * x.shape[-1] / rate)
    low, high = float(spectrum[1:split].sum()), float(spectrum[split:].sum())
    peak = float(np.abs(x).max())
    level = 10 * np.log10(power)
    ratio = max(high, 1e-30) / max(low, 1e-30)
    return float(level), float(20 * np.log10(peak) - level), float(10 * np.log10(ratio))
