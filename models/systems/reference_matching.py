"""Baselines that follow a reference by rule: EQ match, and EQ match with a compressor.

EQ match. The average power spectra of mix and reference (Welch, Hann, 0.19 s) are smoothed over
1/6 octave; their ratio in dB is the curve. What is matched is the shape: the mean of the curve
over log frequency from 40 Hz to 16 kHz is taken off, then it is held within 12 dB, made a
linear-phase FIR filter of 4095 taps whose delay is taken back, and the level is set to the
reference's integrated loudness by gain alone.

EQ and compressor. After the EQ match the threshold is lowered from the mix's peak by half a dB at
a time (ratio 3, attack 1 ms, release 50 ms, knee 6 dB), with make-up to the sample peak of the
reference, until the loudness is within 0.5 LU of the reference: its density is matched at its own
peak. The steps are searched, not walked. A threshold so low that every transient overshoots the
attack makes the peak higher and the loudness lower again; where no step reaches the reference,
the one that comes nearest is taken. The level is then set to the reference's loudness by gain
alone, overs kept.
"""

import math
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Annotated, Any

import numpy as np
import scipy.signal
from pydantic import Field

from ..effects import Compressor, compress, convolve, linear_phase_fir
from ..effects.compressor import gain as compressor_gain
from ..effects.compressor import linked_level_db
from ..effects.curves import interpolated_db
from .contract import Material, NoOptions, Options, System, kind
from .loudness_baselines import UNDEFINED, Array, Baseline, GainPlan, level, lufs, samples, scaled

TAPS = 4095
MOST_GAIN_DB = 12.0
STEP_DB = 0.5
MOST_STEPS = 80
WITHIN_LU = 0.5

_WINDOW_SECONDS = 0.19
_LEVEL_BAND_HZ = (40.0, 16000.0)
_DYNAMIC_RANGE_DB = 90.0
_OCTAVES_HZ = (63, 125, 250, 500, 1000, 2000, 4000, 8000, 16000)


@dataclass(frozen=True)
class Curve:
    """Gains in dB over rising frequencies in Hz."""

    frequencies: Array
    gains_db: Array

    def at(self, hertz: float) -> float:
        """The gain at a frequency, linear in dB over log frequency."""
        return float(np.interp(math.log(hertz), np.log(self.frequencies), self.gains_db))

    @property
    def notes(self) -> dict[str, Any]:
        """The gain at each octave that the curve covers, and the curve for a report to draw."""
        top = self.frequencies[-1]
        octaves = {f"eq_db_{hertz}_hz": self.at(hertz) for hertz in _OCTAVES_HZ if hertz <= top}
        return {
            **octaves,
            "eq_curve_db": interpolated_db(list(self.frequencies), list(self.gains_db)),
        }


# ---- kinds


class EqMatchOptions(Options):
    """``strength``: the part of the curve, in dB, that is applied; 1 is the whole match."""

    strength: Annotated[float, Field(ge=0.0, le=1.0)] = 1.0


@kind("eq_match", EqMatchOptions, uses_reference=True, role="baseline")
def eq_match(options: EqMatchOptions) -> System:
    """The mix with the reference's average spectrum and loudness, by a static EQ."""
    return Baseline("eq_match", options, _plan_eq_match)


@kind("eq_comp", NoOptions, uses_reference=True, role="baseline")
def eq_comp(options: NoOptions) -> System:
    """EQ match, then a compressor by rule until the reference's density is reached."""
    return Baseline("eq_comp", options, _plan_eq_comp)


# ---- EQ match


def average_spectrum(audio: Array, sample_rate: int) -> tuple[Array, Array]:
    """Frequencies ``(points,)`` and smoothed power density of ``(channels, samples)``.

    Points are 1/24 octave apart from 20 Hz to 20 kHz, or to the end of the spectrum; each is the
    mean over the 1/6 octave around it. Channels are added.
    """
    size = 2 ** round(math.log2(_WINDOW_SECONDS * sample_rate))
    f, density = scipy.signal.welch(
        audio,
        sample_rate,
        window="hann",
        nperseg=min(size, audio.shape[-1]),
        nfft=size,
        detrend=False,
    )
    # The integral of a spectrum that is constant around each bin; its differences are means.
    edges = np.append(f - f[1] / 2, f[-1] + f[1] / 2)
    integral = np.concatenate([[0.0], np.cumsum(density.sum(axis=0))]) * f[1]
    top = min(20000.0, sample_rate / 2 * 2 ** (-1 / 12))
    points = 20.0 * 2.0 ** (np.arange(0, math.floor(24 * math.log2(top / 20.0)) + 1) / 24)
    low, high = points * 2 ** (-1 / 12), points * 2 ** (1 / 12)
    power = (np.interp(high, edges, integral) - np.interp(low, edges, integral)) / (high - low)
    return points, power


def match_curve(audio: Array, reference: Array, sample_rate: int) -> Curve | None:
    """The EQ that gives ``audio`` the spectral shape of ``reference``; None if one is silent."""
    points, have = average_spectrum(audio, sample_rate)
    _, want = average_spectrum(reference, sample_rate)
    if not (have.max() > 0.0 and want.max() > 0.0):
        return None
    gains = _decibels(want) - _decibels(have)
    low, high = _LEVEL_BAND_HZ
    gains = gains - gains[(points >= low) & (points <= high)].mean()
    return Curve(points, np.clip(gains, -MOST_GAIN_DB, MOST_GAIN_DB))


def _decibels(power: Array) -> Array:
    """Held within a range of its peak, below which a ratio is one of noise floors."""
    floor = power.max() * 10.0 ** (-_DYNAMIC_RANGE_DB / 10.0)
    decibels: Array = 10.0 * np.log10(np.maximum(power, floor))
    return decibels


@dataclass(frozen=True)
class _Matched:
    """A song after its EQ match, before any level is set."""

    curve: Curve
    fir: Array
    audio: Array


def _matched(material: Material, strength: float = 1.0) -> _Matched | None:
    audio, reference = samples(material.audio), _reference(material)
    curve = match_curve(audio, reference, material.sample_rate)
    if curve is None:
        return None
    curve = replace(curve, gains_db=strength * curve.gains_db)
    fir = linear_phase_fir(curve.frequencies, curve.gains_db, material.sample_rate, TAPS)
    return _Matched(curve, fir, convolve(audio, fir))


def _reference(material: Material) -> Array:
    if material.reference is None:
        raise ValueError("a plan that needs a reference was made without one")
    return samples(material.reference)


def _same(audio: Array) -> Array:
    return audio


_SILENT = GainPlan(_same, {"note": "the mix or the reference is silent: unchanged"})


def _plan_eq_match(material: Material, options: EqMatchOptions) -> GainPlan:
    matched = _matched(material, options.strength)
    if matched is None:
        return _SILENT
    gain_db, found = level(
        matched.audio, material.sample_rate, lufs(_reference(material), material.sample_rate)
    )
    notes = {**matched.curve.notes, **(found or {"note": UNDEFINED})}
    return GainPlan(partial(_filtered, fir=matched.fir, gain_db=gain_db), notes)


def _filtered(audio: Array, fir: Array, gain_db: float) -> Array:
    return scaled(convolve(audio, fir), gain_db)


# ---- EQ and compressor


class ThresholdSearch:
    """Loudness of a song ``(channels, samples)``, compressed and brought to a sample peak.

    Step 0 is without compressor; step k has its threshold ``k / 2`` dB under the song's peak.
    """

    def __init__(self, audio: Array, sample_rate: int, peak: float) -> None:
        self._audio = audio
        self._sample_rate = sample_rate
        self._peak = peak
        self._level_db = linked_level_db(audio)
        self._loudness: dict[int, float] = {}

    def settings(self, step: int) -> Compressor:
        """The compressor of a step, without make-up."""
        threshold_db = float(self._level_db.max()) - STEP_DB * step
        return Compressor(threshold_db, ratio=3.0, attack_ms=1.0, release_ms=50.0, knee_db=6.0)

    def compressed(self, step: int) -> Array:
        """The song at a step, without make-up."""
        if step == 0:
            return self._audio
        return self._audio * compressor_gain(self._level_db, self._sample_rate, self.settings(step))

    def loudness(self, step: int) -> float:
        """LUFS at a step, at the wanted peak; minus infinity where undefined."""
        if step not in self._loudness:
            out = self.compressed(step)
            found = lufs(out, self._sample_rate)
            makeup_db = 20.0 * math.log10(self._peak / float(np.abs(out).max()))
            self._loudness[step] = -math.inf if found is None else found + makeup_db
        return self._loudness[step]

    def first_step(self, enough: float) -> int:
        """The first step that is loud enough, or the loudest if none is.

        Tries every eighth step until one is enough or the loudness has fallen by 2 LU, climbs
        from the loudest of them, and bisects below it. Equal to walking every step as long as
        loudness rises up to its maximum.
        """
        best = 0
        for step in range(0, MOST_STEPS + 1, 8):
            if self.loudness(step) > self.loudness(best):
                best = step
            if self.loudness(best) >= enough or self.loudness(step) < self.loudness(best) - 2.0:
                break
        for stride in (4, 2, 1):
            if self.loudness(best) < enough:
                around = [k for k in (best - stride, best + stride) if 0 <= k <= MOST_STEPS]
                best = max([best, *around], key=self.loudness)
        if self.loudness(best) < enough or best == 0:
            return best
        low = max(k for k, found in self._loudness.items() if k < best and found < enough)
        while best - low > 1:
            middle = (low + best) // 2
            if self.loudness(middle) < enough:
                low = middle
            else:
                best = middle
        return best


def _plan_eq_comp(material: Material, options: NoOptions) -> GainPlan:
    matched = _matched(material)
    if matched is None:
        return _SILENT
    reference, rate = _reference(material), material.sample_rate
    target = lufs(reference, rate)
    if target is None or lufs(matched.audio, rate) is None:
        notes = {**matched.curve.notes, "note": UNDEFINED}
        return GainPlan(partial(_filtered, fir=matched.fir, gain_db=0.0), notes)
    search = ThresholdSearch(matched.audio, rate, float(np.abs(reference).max()))
    step = search.first_step(target - WITHIN_LU)
    gain_db, found = level(search.compressed(step), rate, target)
    notes = {**matched.curve.notes, **found, "lufs_at_reference_peak": search.loudness(step)}
    if step == 0:
        return GainPlan(partial(_filtered, fir=matched.fir, gain_db=gain_db), notes)
    settings = replace(search.settings(step), makeup_db=gain_db)
    notes["threshold_dbfs"] = settings.threshold_db
    notes["compressor"] = asdict(settings)
    process = partial(_compressed, sample_rate=rate, fir=matched.fir, settings=settings)
    return GainPlan(process, notes)


def _compressed(audio: Array, sample_rate: int, fir: Array, settings: Compressor) -> Array:
    return compress(convolve(audio, fir), sample_rate, settings)
