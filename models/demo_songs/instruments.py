"""Synthesises the pitched instruments of the demo songs: strings, keys, synths, a sung vowel.

A voice is a function of ``(pitch_hz, seconds, velocity, sample_rate, generator)`` that returns
one note with its release, mono float64; :func:`play_notes` places notes on the time line.
:func:`sing` and :func:`amplified` work on a whole line, because glides, vowels and a driven
amplifier go on from note to note. Plucked strings follow Karplus and Strong, "Digital synthesis of
plucked-string and drum timbres", 1983, period by period in the frequency domain; the formants are
those of Peterson and Barney, "Control methods used in a study of the vowels", 1952, with two
higher ones.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import signal

from ..effects.equalizer import Band, equalise
from .composition import Note

Signal: TypeAlias = NDArray[np.float64]
Voice: TypeAlias = Callable[[float, float, float, int, Generator], Signal]

# Frequencies in Hz, and levels in dB, of five formants per vowel.
_VOWELS = (
    ((850, 1220, 2810, 3700, 4950), (0, -4, -16, -20, -28)),
    ((610, 1900, 2500, 3500, 4950), (0, -10, -13, -18, -28)),
    ((310, 2350, 3000, 3700, 4950), (0, -14, -15, -20, -28)),
    ((590, 920, 2710, 3500, 4950), (0, -6, -20, -24, -30)),
    ((400, 950, 2600, 3400, 4950), (0, -10, -22, -26, -32)),
)


def hertz(pitch: float) -> float:
    """The frequency of a MIDI pitch, A4 (69) at 440 Hz."""
    return float(440.0 * 2 ** ((pitch - 69) / 12))


def play_notes(
    notes: list[Note], voice: Voice, samples: int, sample_rate: int, generator: Generator
) -> Signal:
    """All notes of a voice, mono ``(samples,)``; equal notes of equal force share one rendering."""
    out = np.zeros(samples)
    rendered: dict[tuple[float, int, int], Signal] = {}
    for note in notes:
        start = round(note.start * sample_rate)
        if start >= samples:
            continue
        force = 1 + int(note.velocity > 0.6) + int(note.velocity > 0.8)
        key = (note.pitch, round(note.seconds * 50), force)
        if key not in rendered:
            rendered[key] = voice(
                hertz(note.pitch), key[1] / 50 + 0.005, force / 3, sample_rate, generator
            )
        tone = rendered[key][: samples - start]
        out[start : start + len(tone)] += note.velocity * tone
    return out


def envelope(
    attack: float, decay: float, sustain: float, release: float, held: float, rate: int
) -> Signal:
    """Attack, decay to ``sustain``, and release after ``held`` seconds; smooth, ends at zero."""
    t = np.arange(round((held + 4 * release) * rate) + 2) / rate
    body = (1 - np.exp(-3 * t / attack)) * (sustain + (1 - sustain) * np.exp(-t / decay))
    shape = body * np.where(t > held, np.exp(-(t - held).clip(0) / release), 1.0)
    fade = min(len(shape), round(release * rate) + 2)
    shape[-fade:] *= np.linspace(1, 0, fade)
    return shape


def saw(frequency: float | Signal, samples: int, phase: float, rate: int) -> Signal:
    """A sawtooth of ``frequency`` Hz (or one value per sample), band-limited by polyBLEP."""
    step = np.asarray(frequency) / rate
    where = phase + (np.cumsum(step) if step.ndim else step * np.arange(samples))
    where -= np.floor(where)
    out = 2 * where - 1
    # Only the two samples around each jump are mended.
    after = np.flatnonzero(where < step)
    before = np.flatnonzero(where > 1 - step)
    first = where[after] / (step[after] if step.ndim else step)
    second = (where[before] - 1) / (step[before] if step.ndim else step)
    out[after] -= 2 * first - first**2 - 1
    out[before] -= second**2 + 2 * second + 1
    return out


def plucked(brightness: float, decay: float, position: float = 0.2) -> Voice:
    """A plucked string: ``decay`` s to 1/e at 220 Hz, plucked at ``position`` of its length."""

    def note(pitch: float, seconds: float, velocity: float, rate: int, g: Generator) -> Signal:
        length = max(8, round(rate / pitch))
        ring = min(seconds + 0.15, 5 * decay)
        periods = int(ring * pitch) + 3
        harmonic = np.arange(length // 2 + 1)
        burst = np.fft.rfft(g.uniform(-1, 1, length))
        burst[0] = 0
        corner = length / 2 * (0.05 + 0.5 * brightness * velocity)
        # The pluck: softer fingers are duller, and the harmonics with a node there are missing.
        burst *= np.exp(-harmonic / corner) * np.abs(np.sin(np.pi * position * harmonic))
        damping = np.cos(np.pi * harmonic / length).clip(1e-9) ** (1.5 - brightness)
        keep = damping * np.exp(-np.sqrt(220 / pitch) / (decay * pitch))
        # Row p holds the string after p round trips; one slides into the next.
        rows = np.fft.irfft(burst * keep ** np.arange(periods)[:, None], length, axis=1)
        slide = np.arange(length) / length
        sound = (rows[:-1] * (1 - slide) + rows[1:] * slide).ravel()
        wanted = np.arange(int(len(sound) * rate / pitch / length) - 2) * (pitch * length / rate)
        tuned = np.interp(wanted, np.arange(len(sound)), sound)
        shape = envelope(0.002, 1.0, 1.0, 0.05, seconds, rate)[: len(tuned)]
        tuned = tuned[: len(shape)] * shape
        return _faded(tuned / (np.abs(tuned).max() + 1e-9), rate)

    return note


def piano() -> Voice:
    """A piano: stretched partials, the high ones shorter, and the knock of the hammer."""

    def note(pitch: float, seconds: float, velocity: float, rate: int, g: Generator) -> Signal:
        shape = envelope(0.002, 1.0, 1.0, 0.12, seconds, rate)
        t = np.arange(len(shape)) / rate
        out = np.zeros_like(t)
        for n in range(1, 15):
            partial = pitch * n * np.sqrt(1 + 0.0004 * n * n)
            if partial > 0.42 * rate:
                break
            level = n ** (-1.1 - 0.9 * (1 - velocity)) * (0.4 + abs(np.sin(np.pi * n / 8)))
            fade = np.exp(-t * (0.5 + 0.35 * n) * (pitch / 260) ** 0.4)
            out += level * fade * np.sin(2 * np.pi * partial * t + 6.28 * g.random())
        knock = g.standard_normal(len(t)) * np.exp(-t / 0.006) * 0.08 * velocity
        return _faded((0.4 * out + knock) * shape, rate)

    return note


def electric_piano() -> Voice:
    """An electric piano by frequency modulation: a bell in the attack, a sine that stays."""

    def note(pitch: float, seconds: float, velocity: float, rate: int, _: Generator) -> Signal:
        shape = envelope(0.004, 1.2, 0.25, 0.12, seconds, rate)
        t = np.arange(len(shape)) / rate
        index = 0.3 + 1.6 * velocity * np.exp(-t / 0.4)
        tine = np.sin(2 * np.pi * pitch * 14 * t) * np.exp(-t / 0.05) * 0.12 * velocity
        body = np.sin(2 * np.pi * pitch * t + index * np.sin(2 * np.pi * pitch * t))
        return _faded((0.6 * body + tine * (pitch * 14 < 0.45 * rate)) * shape, rate)

    return note


def bell(ratio: float, decay: float) -> Voice:
    """A mallet or a bell-like synth: two modulated sines with a short metallic attack."""

    def note(pitch: float, seconds: float, velocity: float, rate: int, _: Generator) -> Signal:
        shape = envelope(0.002, decay, 0.0, 0.15, max(seconds, decay), rate)
        t = np.arange(len(shape)) / rate
        index = 2.2 * velocity * np.exp(-t / (0.3 * decay))
        modulator = np.sin(2 * np.pi * pitch * ratio * t) * (pitch * ratio < 0.3 * rate)
        return _faded(0.7 * np.sin(2 * np.pi * pitch * t + index * modulator) * shape, rate)

    return note


def synth_bass(cutoff: float, grit: float) -> Voice:
    """A bass of saw and sub sine; the filter opens to ``cutoff`` Hz and falls back."""

    def note(pitch: float, seconds: float, velocity: float, rate: int, g: Generator) -> Signal:
        shape = envelope(0.006, 0.5, 0.75, 0.04, seconds, rate)
        t = np.arange(len(shape)) / rate
        tone = saw(pitch, len(t), float(g.random()), rate)
        bright = lowpassed(tone, cutoff * (0.6 + 0.8 * velocity), rate)
        dark = lowpassed(tone, 0.25 * cutoff + pitch, rate)
        opening = np.exp(-t / 0.15)
        sound = bright * opening + dark * (1 - opening) + 0.7 * np.sin(2 * np.pi * pitch * t)
        return _faded(np.tanh((1 + grit) * sound) * shape * 0.6, rate)

    return note


def sub_bass() -> Voice:
    """A long tuned bass drum of the 808 kind: a falling sine, driven until its harmonics speak."""

    def note(pitch: float, seconds: float, velocity: float, rate: int, _: Generator) -> Signal:
        shape = envelope(0.003, 0.9, 0.3, 0.06, seconds, rate)
        t = np.arange(len(shape)) / rate
        fall = pitch * t + pitch * 0.03 * (1 - np.exp(-t / 0.03))
        return _faded(np.tanh((1.2 + 1.3 * velocity) * np.sin(2 * np.pi * fall)) * shape, rate)

    return note


def sawtooth(attack: float, release: float, cutoff: float, detune: float, voices: int = 2) -> Voice:
    """A detuned sawtooth through a low-pass: pads, strings, brass and leads, by its settings.

    ``detune`` is the spread in semitones; a lively low-frequency drift keeps it from standing.
    """

    def note(pitch: float, seconds: float, velocity: float, rate: int, g: Generator) -> Signal:
        shape = envelope(attack, 1.5, 0.8, release, seconds, rate)
        out = np.zeros(len(shape))
        for _ in range(voices):
            offset = float(g.uniform(-detune, detune))
            out += saw(pitch * 2 ** (offset / 12), len(out), float(g.random()), rate)
        bright = lowpassed(out, cutoff * (0.5 + 0.7 * velocity), rate)
        dark = lowpassed(bright, cutoff * 0.4, rate)
        blend = shape / (shape.max() + 1e-9)
        return _faded((bright * blend + dark * (1 - blend)) * shape * 0.5 / np.sqrt(voices), rate)

    return note


def organ() -> Voice:
    """Drawbars: sines at 16', 8', 5 1/3', 4', 2 2/3' and 2' with a click of the key."""

    def note(pitch: float, seconds: float, velocity: float, rate: int, g: Generator) -> Signal:
        shape = envelope(0.01, 1.0, 1.0, 0.03, seconds, rate)
        t = np.arange(len(shape)) / rate
        out = np.zeros_like(t)
        bars = ((0.5, 0.6), (1.0, 1.0), (1.5, 0.5), (2.0, 0.6), (3.0, 0.35), (4.0, 0.3), (6.0, 0.2))
        for ratio, level in bars:
            out += level * np.sin(2 * np.pi * pitch * ratio * t + 6.28 * g.random())
        out += 0.4 * velocity * g.standard_normal(len(t)) * np.exp(-t / 0.003)
        return _faded(0.25 * out * shape, rate)

    return note


def sing(notes: list[Note], samples: int, sample_rate: int, generator: Generator) -> Signal:
    """A voice-like lead, mono ``(samples,)``: glottal pulses and breath through moving formants.

    The pitch glides from note to note and takes up vibrato while a note lasts; each note has a
    vowel, and vowels melt into each other.
    """
    pitch, loud = np.zeros(samples), np.zeros(samples)
    vowels = np.zeros((len(_VOWELS), samples))
    time = np.arange(samples) / sample_rate
    since = np.zeros(samples)
    starts = [min(samples, round(note.start * sample_rate)) for note in notes]
    for number, (note, start) in enumerate(zip(notes, starts, strict=True)):
        end = samples if number + 1 == len(notes) else max(start, starts[number + 1])
        pitch[start:end] = note.pitch
        since[start:end] = np.arange(end - start) / sample_rate
        vowels[int(generator.integers(len(_VOWELS))), start:end] = 1.0
        sung = min(end, start + round(note.seconds * sample_rate))
        loud[start:sung] = note.velocity
    if not notes:
        return loud
    pitch[: starts[0]] = notes[0].pitch
    vibrato = 0.3 * np.clip((since - 0.25) / 0.4, 0, 1) * np.sin(2 * np.pi * 5.4 * time)
    glide = _smooth(pitch - pitch[0], 0.035, sample_rate) + pitch[0] + vibrato
    frequency = 440.0 * 2 ** ((glide - 69) / 12)
    loud = _smooth(_smooth(loud, 0.03, sample_rate), 0.03, sample_rate)
    glottis = lowpassed(saw(frequency, samples, 0.0, sample_rate), 2200, sample_rate)
    glottis += 0.4 * saw(frequency, samples, 0.0, sample_rate)
    source = (glottis + 0.12 * generator.standard_normal(samples)) * loud
    out = np.zeros(samples)
    for weights, (formants, levels) in zip(vowels, _VOWELS, strict=True):
        if not weights.any():
            continue
        part = _smooth(weights, 0.05, sample_rate) * source
        for number, (formant, level) in enumerate(zip(formants, levels, strict=True)):
            if formant < 0.45 * sample_rate:
                b, a = signal.iirpeak(formant, 8 + 3 * number, fs=sample_rate)
                out += 10 ** (level / 20) * signal.lfilter(b, a, part)
    # A harmonic on a formant leaps out; the singer and the vocal compressor hold it back.
    strength = _smooth(np.abs(out), 0.08, sample_rate)
    return np.asarray(out / np.sqrt(strength + 0.1 * strength.max() + 1e-9))


def choir(pitch: float, seconds: float, velocity: float, rate: int, g: Generator) -> Signal:
    """A :data:`Voice`: several singers on "ah" or "oo", slow in and out."""
    tone = sawtooth(0.5, 0.5, 6000, 0.18, 3)(pitch, seconds, velocity, rate, g)
    formants, levels = _VOWELS[0 if velocity > 0.7 else 4]
    out = np.zeros_like(tone)
    for formant, level in zip(formants, levels, strict=True):
        if formant < 0.45 * rate:
            b, a = signal.iirpeak(formant, 5, fs=rate)
            out += 10 ** (level / 20) * signal.lfilter(b, a, tone)
    return _faded(2 * out + 0.1 * tone, rate)


def amplified(line: Signal, drive_db: float, sample_rate: int) -> Signal:
    """A guitar amplifier and its cabinet, for the mono line of a whole part."""
    tight = equalise(line, sample_rate, [Band("high_pass", 110)])
    level = np.sqrt(np.mean(tight**2)) + 1e-9
    driven = np.tanh(tight / level * 10 ** (drive_db / 20))
    # The even harmonics of a valve; their DC goes with the speaker's own high-pass.
    driven = equalise(
        driven + 0.15 * np.tanh(2 * driven) ** 2, sample_rate, [Band("high_pass", 80)]
    )
    speaker = lowpassed(driven, 4800, sample_rate)
    b, a = signal.iirpeak(min(2600, 0.4 * sample_rate), 1.2, fs=sample_rate)
    return speaker + 0.8 * np.asarray(signal.lfilter(b, a, speaker))


def lowpassed(sound: Signal, cutoff: float, rate: int) -> Signal:
    """A second-order Butterworth low-pass at ``cutoff`` Hz, kept below the Nyquist frequency."""
    return equalise(sound, rate, [Band("low_pass", min(cutoff, 0.45 * rate))])


def _smooth(curve: Signal, seconds: float, rate: int) -> Signal:
    """One-pole smoothing with the given time constant."""
    keep = np.exp(-1 / (seconds * rate))
    return np.asarray(signal.lfilter([1 - keep], [1, -keep], curve), dtype=np.float64)


def _faded(sound: Signal, rate: int) -> Signal:
    """The note with 1 ms of attack and 4 ms of fade, so that it may start and stop anywhere."""
    rise, fall = min(len(sound), rate // 1000), min(len(sound), rate // 250)
    sound[:rise] *= np.linspace(0, 1, rise)
    sound[len(sound) - fall :] *= np.linspace(1, 0, fall)
    return sound
