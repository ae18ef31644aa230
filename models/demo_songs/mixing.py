"""The mixing desk of the demo songs: levels, colour, echo, reverberation, ducking, fader rides.

Everything that happens to the whole mix (colour, rides, level, the limiter's gain) is the same
linear operation on every stem, so the mix stays the sum of its stems.
"""

import math
from collections.abc import Sequence

import numpy as np
import scipy.fft
import torch
from numpy.random import Generator
from numpy.typing import NDArray

from ..audio.loudness import k_weighted
from ..effects import Band, Limiter, equalise, measured
from .composition import Note, SongPlan
from .mastering import Signal, measured_lufs
from .styles import Style, played

# How far below the chorus the mix engineer sets the other sections, in dB: a range to draw from.
_BELOW_CHORUS = {
    "intro": (6.0, 8.5),
    "verse": (2.5, 4.0),
    "chorus": (0.0, 0.0),
    "outro": (5.0, 8.0),
}
_MIX_PEAK = Limiter(-1.5, 2.0, 80.0)


def mixed(
    style: Style, song: SongPlan, rate: int, mixer: Generator, players: Sequence[Generator]
) -> list[NDArray[np.float32]]:
    """The stems as they stand in the mix, float32 ``(2, samples)``, in the style's order."""
    samples = round(song.seconds * rate)
    room = _room(style.reverb * float(mixer.uniform(0.8, 1.2)), rate, mixer)
    colour = [
        Band("high_pass", 25.0),
        Band("peak", float(mixer.uniform(200, 420)), float(mixer.uniform(0.0, 3.0)), 0.8),
        Band("high_shelf", min(7000.0, 0.4 * rate), float(mixer.uniform(-4.0, 0.5))),
    ]
    kicks: list[Note] = []
    stems = []
    for stem, player in zip(style.stems, players, strict=True):
        notes = [n for n in stem.write(song, player) if n.start < song.seconds - 0.25]
        if stem.name == "kick":
            kicks = notes
        level = stem.level + float(mixer.normal(0.0, 1.2))
        if not notes:  # a song too short for this stem's sections
            stems.append(np.zeros((2, samples)))
            continue
        sound = played(stem, notes, samples, rate, player)
        sound = equalise(sound, rate, colour)
        if stem.echo:
            sound = _echoed(sound, round(song.lasting(0.75) * rate), stem.echo)
        if stem.send:
            sound = _reverberant(sound, room, stem.send)
        if stem.duck:
            sound = sound * _ducking(kicks, stem.duck, samples, rate)
        stems.append(sound * 10 ** ((level - measured_lufs(sound, rate)) / 20))
    ride = _ride(song, np.sum(stems, axis=0), rate, mixer)
    stems = [ride * stem for stem in stems]
    mix = np.sum(stems, axis=0)
    wanted = float(mixer.uniform(-19.4, -16.6))
    fader_db = wanted - measured_lufs(mix, rate)
    # The limiter's gain goes to every stem alike, so that they still add up to the mix.
    gain = measured(mix, rate, _MIX_PEAK).gain(fader_db)
    return [(gain * stem).astype(np.float32) for stem in stems]


def _ride(song: SongPlan, mix: Signal, rate: int, generator: Generator) -> Signal:
    """The mix engineer's fader over the sections, with the fade at the end: ``(samples,)``."""
    samples = mix.shape[-1]
    power = k_weighted(torch.from_numpy(mix), rate).square().sum(dim=0).numpy()
    spans, levels = [], []
    for section in song.sections:
        start, end = song.at(section.start), song.at(section.start + section.beats)
        heard = power[round(start * rate) : round(end * rate)]
        if len(heard):
            spans.append((section.name, start, end))
            levels.append(round(10 * math.log10(float(heard.mean()) + 1e-9), 2))
    loudest = [level for (name, _, _), level in zip(spans, levels, strict=True) if name == "chorus"]
    aim = max(loudest or levels)
    below = {name: float(generator.uniform(*span)) for name, span in _BELOW_CHORUS.items()}
    times, faders = [], []
    for (name, start, end), level in zip(spans, levels, strict=True):
        times += [start + 0.02, end - 0.02]
        faders += [float(np.clip(aim - below[name] - level, -9.0, 9.0))] * 2
    at = np.arange(samples) / rate
    gain = 10 ** (np.interp(at, times, faders) / 20)
    left = np.clip((song.seconds - 1 / rate - at) / min(1.0, song.seconds / 10), 0.0, 1.0)
    return np.asarray(gain * np.sin(np.pi / 2 * left))


def _room(reverb: float, rate: int, generator: Generator) -> Signal:
    """A stereo impulse response ``(2, samples)`` of unit energy: decaying noise, bass longest."""
    t = np.arange(round(1.1 * reverb * rate)) / rate
    noise = generator.standard_normal((2, len(t)))
    decay = 6.91 / reverb
    low = equalise(noise, rate, [Band("low_pass", 1500.0)]) * np.exp(-decay * t)
    high = equalise(noise, rate, [Band("high_pass", 1500.0)]) * np.exp(-1.8 * decay * t)
    tail = equalise(low + high, rate, [Band("high_pass", 160.0)]) * (1 - np.exp(-t / 0.01))
    tail = np.pad(tail, [(0, 0), (round(float(generator.uniform(0.012, 0.03)) * rate), 0)])
    return np.asarray(tail / np.sqrt(np.mean(np.sum(tail**2, axis=-1))))


def _reverberant(sound: Signal, room: Signal, send: float) -> Signal:
    """``sound`` with the room's answer to its middle, cut at its own length."""
    samples = sound.shape[-1]
    size = scipy.fft.next_fast_len(samples + room.shape[-1], real=True)
    spectrum = scipy.fft.rfft(sound.mean(axis=0), size)
    answer = scipy.fft.irfft(spectrum * scipy.fft.rfft(room, size, axis=-1), size, axis=-1)
    return np.asarray(sound + 2 * send * answer[:, :samples])


def _echoed(sound: Signal, delay: int, level: float) -> Signal:
    """Three echoes from side to side, each softer."""
    out = sound.copy()
    for number in range(1, 4):
        if number * delay < sound.shape[-1]:
            source = sound[:, : sound.shape[-1] - number * delay]
            sided = np.array([[1.0], [0.3]]) if number % 2 else np.array([[0.3], [1.0]])
            out[:, number * delay :] += level**number * sided * source
    return out


def _ducking(kicks: list[Note], depth: float, samples: int, rate: int) -> Signal:
    """The gain of a compressor keyed by the kick: down in 5 ms, back in about 200 ms."""
    t = np.arange(round(0.4 * rate)) / rate
    shape = (1 - np.exp(-t / 0.005)) * np.exp(-((t / 0.16) ** 2))
    pressed = np.zeros(samples)
    for note in kicks:
        start = round(note.start * rate)
        part = shape[: max(0, samples - start)]
        np.maximum(pressed[start : start + len(part)], part, out=pressed[start : start + len(part)])
    return 1 - depth * pressed
