"""Synthesises drums and percussion: decaying sines, filtered noise, metallic partials.

A drum is a function of ``(velocity, articulation, sample_rate, generator)`` that returns one hit,
mono float64; :func:`play_drum` places hits on the time line.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ..effects.equalizer import Band, BandKind, equalise
from .composition import Note

Signal: TypeAlias = NDArray[np.float64]
Drum: TypeAlias = Callable[[float, int, int, Generator], Signal]

_TAKES = 3  # recordings of each hit at each force; real drums never repeat exactly
_METAL = np.array([2.0, 3.0, 4.16, 5.43, 6.79, 8.21]) * 205.3


def play_drum(
    notes: list[Note], drum: Drum, samples: int, sample_rate: int, generator: Generator
) -> Signal:
    """All hits of a drum, mono ``(samples,)``, each one of a few takes at the hit's force."""
    out = np.zeros(samples)
    takes: dict[tuple[int, int, int], Signal] = {}
    for number, note in enumerate(notes):
        start = round(note.start * sample_rate)
        if start >= samples:
            continue
        force = 1 + int(note.velocity > 0.55) + int(note.velocity > 0.85)
        key = (int(note.pitch), force, number % _TAKES)
        if key not in takes:
            takes[key] = drum(force / 3, int(note.pitch), sample_rate, generator)
        hit = takes[key][: samples - start]
        out[start : start + len(hit)] += note.velocity**1.5 * hit
    return out


def kick(pitch: float, decay: float, click: float, drive: float) -> Drum:
    """A bass drum: a sine falling to ``pitch`` Hz, ``decay`` s to 1/e, with a beater ``click``."""

    def hit(velocity: float, _: int, rate: int, generator: Generator) -> Signal:
        t = _time(decay * 6, rate)
        sweep = pitch * 4.0 * 0.018 * (1 - np.exp(-t / 0.018))
        body = np.sin(2 * np.pi * (pitch * t + sweep)) * np.exp(-t / decay)
        beater = _noise(len(t), generator, 1500, 7000, rate) * np.exp(-t / 0.004)
        return _finished(np.tanh(drive * body) / np.tanh(drive) + click * velocity * beater, rate)

    return hit


def snare(pitch: float, decay: float, brightness: float) -> Drum:
    """A snare drum: two modes of the head and the rattle of the wires."""

    def hit(velocity: float, _: int, rate: int, generator: Generator) -> Signal:
        t = _time(decay * 7, rate)
        head = np.sin(2 * np.pi * pitch * (t + 0.012 * (1 - np.exp(-t / 0.02))))
        head = head + 0.5 * np.sin(2 * np.pi * pitch * 1.83 * t + 0.4)
        wires = _noise(len(t), generator, 900, 4000 + 9000 * brightness * velocity, rate)
        crack = _noise(len(t), generator, 2500, 12000, rate) * np.exp(-t / 0.006)
        sound = 0.7 * head * np.exp(-t / (decay * 0.6)) + 0.75 * wires * np.exp(-t / decay)
        return _finished(sound + 0.6 * velocity * crack, rate)

    return hit


def clap(decay: float) -> Drum:
    """Hand claps: four bursts of noise within 30 ms, the last one ringing."""

    def hit(velocity: float, _: int, rate: int, generator: Generator) -> Signal:
        t = _time(decay * 6, rate)
        shape = np.zeros_like(t)
        for burst in range(4):
            since = t - 0.009 * burst - 0.001 * generator.random()
            fade = decay if burst == 3 else 0.004
            shape += np.where(since >= 0, np.exp(-since.clip(0) / fade), 0.0)
        noise = _noise(len(t), generator, 800, 6000 + 4000 * velocity, rate)
        return _finished(noise * shape, rate)

    return hit


def hat(decay: float, tone: float) -> Drum:
    """A hi-hat: clustered square waves and noise; articulation 1 is open."""

    def hit(velocity: float, articulation: int, rate: int, generator: Generator) -> Signal:
        ring = decay * (6.0 if articulation == 1 else 1.0)
        t = _time(ring * 7, rate)
        metal = np.sign(np.sin(2 * np.pi * t[:, None] * _METAL * tone + generator.random(6) * 6.28))
        noise = generator.standard_normal(len(t))
        sound = _dense(0.3 * metal.sum(axis=1) + noise)
        for _ in range(2):
            sound = _filtered(sound, "high_pass", 5500.0, rate)
        sound = _filtered(sound, "low_pass", 9000 + 7000 * velocity, rate)
        return _finished(0.7 * sound * np.exp(-t / ring), rate)

    return hit


def crash(decay: float) -> Drum:
    """A crash or swelling cymbal: dense noise that darkens while it decays."""

    def hit(_: float, articulation: int, rate: int, generator: Generator) -> Signal:
        t = _time(decay * 5, rate)
        bright = _noise(len(t), generator, 3500, 15000, rate) * np.exp(-t / (decay * 0.5))
        dark = _noise(len(t), generator, 1200, 7000, rate) * np.exp(-t / decay)
        swell = 1 - np.exp(-t / (0.5 if articulation == 1 else 0.001))
        return _finished(0.5 * (bright + 0.6 * dark) * swell, rate)

    return hit


def shaker(decay: float) -> Drum:
    """A shaker: band-limited noise with a soft attack."""

    def hit(velocity: float, _: int, rate: int, generator: Generator) -> Signal:
        t = _time(decay * 7, rate)
        noise = _dense(_noise(len(t), generator, 4500, 9000 + 4000 * velocity, rate))
        noise = _filtered(noise, "high_pass", 4500, rate)
        return _finished(noise * (1 - np.exp(-t / 0.008)) * np.exp(-t / decay), rate)

    return hit


def skin(pitch: float, decay: float, slap: float) -> Drum:
    """A hand drum, tom or timpano: inharmonic modes of a membrane; articulation 1 is higher."""

    def hit(velocity: float, articulation: int, rate: int, generator: Generator) -> Signal:
        t = _time(decay * 6, rate)
        base = pitch * (1.5 if articulation == 1 else 1.0)
        sound = np.zeros_like(t)
        for ratio, level in ((1.0, 1.0), (1.5, 0.5), (1.99, 0.35), (2.44, 0.2), (3.2, 0.1)):
            bend = t + 0.004 * (1 - np.exp(-t / 0.03))
            sound += level * np.sin(2 * np.pi * base * ratio * bend) * np.exp(-t * ratio / decay)
        hand = _noise(len(t), generator, 1200, 8000, rate) * np.exp(-t / 0.008)
        return _finished(0.7 * sound + slap * velocity * hand, rate)

    return hit


def _time(seconds: float, rate: int) -> Signal:
    return np.arange(round(seconds * rate)) / rate


def _noise(samples: int, generator: Generator, low: float, high: float, rate: int) -> Signal:
    """Noise between two frequencies in Hz, of unit RMS."""
    noise = generator.standard_normal(samples)
    noise = _filtered(_filtered(noise, "high_pass", low, rate), "low_pass", high, rate)
    return np.asarray(noise / (np.sqrt(np.mean(noise**2)) + 1e-12))


def _dense(noise: Signal) -> Signal:
    """Noise without the lone peaks that would stick out of a mix long before they are heard."""
    return np.asarray(np.tanh(noise / (np.sqrt(np.mean(noise**2)) + 1e-12)))


def _filtered(sound: Signal, kind: BandKind, frequency: float, rate: int) -> Signal:
    return equalise(sound, rate, [Band(kind, min(frequency, 0.47 * rate))])


def _finished(sound: Signal, rate: int) -> Signal:
    """The hit with an attack of 0.3 ms and a fade at its end: it may start and stop anywhere."""
    rise, fall = max(2, round(0.0003 * rate)), max(2, len(sound) // 6)
    shaped = sound.copy()
    shaped[:rise] *= np.linspace(0, 1, rise)
    shaped[-fall:] *= np.cos(np.linspace(0, np.pi / 2, fall)) ** 2
    return shaped
