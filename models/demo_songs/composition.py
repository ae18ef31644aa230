"""Composes the demo songs: key, tempo, sections, chords, and the notes of every part.

A song is a :class:`SongPlan` (when, in which key, over which chords), and each part is a list of
:class:`Note` written over that plan. Three writers cover all parts:

* :func:`hits` for drums and :func:`figure` for bass, chords and arpeggios read bars written as 16
  characters, one per sixteenth note;
* :func:`melody` invents a two-bar motif and repeats it with variations over the chords.

Times are humanised (swing, a few milliseconds of jitter) by the generator that is passed in.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

# Silence before the first note, in s: linear-phase filters of a master ring before it, too.
LEAD_IN = 0.1

SCALES: dict[str, tuple[int, ...]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
}
KEY_NAMES = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")

# Scale degrees (0 is the tonic), one chord to a bar, for the thirds that the scale starts with.
_PROGRESSIONS: dict[bool, tuple[tuple[int, ...], ...]] = {
    True: ((0, 4, 5, 3), (0, 5, 3, 4), (3, 0, 4, 5), (0, 3, 5, 4), (5, 3, 0, 4)),
    False: ((0, 5, 2, 6), (0, 3, 5, 6), (5, 6, 0, 2), (0, 6, 5, 6), (0, 2, 5, 3)),
}
_DRUM = {"X": (1.0, 0), "x": (0.8, 0), "o": (0.45, 0), "O": (0.9, 1)}
_MOTIFS: tuple[tuple[tuple[float, float], ...], ...] = (
    ((0, 1.5), (1.5, 0.5), (2, 1), (3, 1), (4, 2.5), (6.5, 0.5), (7, 1)),
    ((0.5, 0.5), (1, 1), (2, 0.5), (2.5, 1.5), (4.5, 0.5), (5, 1), (6, 2)),
    ((0, 2), (2, 1), (3, 0.5), (3.5, 1.5), (5, 1), (6, 2)),
    ((0, 0.75), (0.75, 0.75), (1.5, 0.5), (2, 2), (4, 0.75), (4.75, 0.75), (5.5, 0.5), (6, 2)),
)
_SLOW_MOTIFS: tuple[tuple[tuple[float, float], ...], ...] = (
    ((0, 3), (3, 1), (4, 4)),
    ((0, 2), (2, 2), (4, 3), (7, 1)),
    ((0, 1.5), (1.5, 2.5), (4, 1.5), (5.5, 2.5)),
)


@dataclass(frozen=True)
class Note:
    """One tone or hit: ``start`` and ``seconds`` in s, MIDI pitch (or articulation), 0 to 1."""

    start: float
    seconds: float
    pitch: float
    velocity: float


@dataclass(frozen=True)
class SongSection:
    """A part of the form; ``start`` and ``beats`` count quarter notes."""

    name: str
    start: int
    beats: int


@dataclass(frozen=True)
class Chord:
    """A chord over ``beats`` quarter notes: pitch class of its root and intervals above it."""

    start: int
    beats: int
    root: int
    intervals: tuple[int, ...]


@dataclass(frozen=True)
class SongPlan:
    """What all parts of one song agree on."""

    seconds: float
    tempo: float
    key: int
    mode: str
    swing: float
    sections: tuple[SongSection, ...]
    chords: tuple[Chord, ...]

    @property
    def key_name(self) -> str:
        """The key in words, such as ``F# minor``."""
        return f"{KEY_NAMES[self.key]} {self.mode}"

    def at(self, beat: float) -> float:
        """The time of a beat in seconds, straight."""
        return LEAD_IN + self.lasting(beat)

    def lasting(self, beats: float) -> float:
        """The length of so many beats in seconds."""
        return beats * 60 / self.tempo

    def swung(self, beat: float) -> float:
        """The time of a beat in seconds, every second sixteenth late by the swing."""
        late = round(beat * 4) % 2 == 1
        return self.at(beat + (self.swing / 4 if late else 0.0))

    def chord(self, beat: float) -> Chord:
        """The chord that sounds at a beat; the last one goes on for ever."""
        sounding = [chord for chord in self.chords if chord.start <= beat + 1e-6]
        return sounding[-1] if sounding else self.chords[0]


def plan(
    generator: Generator,
    seconds: float,
    tempo: tuple[float, float],
    modes: Sequence[str],
    swing: tuple[float, float],
) -> SongPlan:
    """Draw a song: tempo (quarter notes a minute), key, swing (0 to 1/3), form and chords."""
    bpm = round(float(generator.uniform(*tempo)), 1)
    mode = modes[int(generator.integers(len(modes)))]
    key = int(generator.integers(12))
    sections = _form((seconds - LEAD_IN) * bpm / 60)
    choices = _PROGRESSIONS[SCALES[mode][2] == 4]
    first, second = generator.permutation(len(choices))[:2]
    chords = []
    for section in sections:
        degrees = choices[second if section.name == "chorus" else first]
        for number, start in enumerate(range(0, section.beats, 4)):
            root, intervals = _triad(key, mode, degrees[number % len(degrees)])
            length = min(4, section.beats - start)
            chords.append(Chord(section.start + start, length, root, intervals))
    lateness = round(float(generator.uniform(*swing)), 3)
    return SongPlan(seconds, bpm, key, mode, lateness, sections, tuple(chords))


def hits(
    song: SongPlan,
    generator: Generator,
    patterns: Mapping[str, Sequence[str]],
    *,
    fill: bool = False,
    jitter: float = 0.004,
) -> list[Note]:
    """The hits of one drum; ``patterns`` gives each section its bars to choose from.

    ``X`` is an accent, ``x`` a hit, ``o`` a ghost note, ``O`` the open or second articulation,
    ``r`` a roll of three. A chosen bar stays for the whole song, so that it grooves. With ``fill``
    the last beat before a new section becomes a crescendo of sixteenths.
    """
    chosen = {name: bars[int(generator.integers(len(bars)))] for name, bars in patterns.items()}
    notes = []
    for section in song.sections:
        bar = chosen.get(section.name)
        if bar is None:
            continue
        for step in range(section.beats * 4):
            mark = bar[step % len(bar)]
            if fill and section.beats >= 8 and step >= section.beats * 4 - 4:
                mark = "ooxX"[step - section.beats * 4 + 4]
            beat = section.start + step / 4
            if mark == "r":
                notes += [
                    (song.swung(beat) + song.lasting(n / 12), 0.4 + 0.1 * n, 0) for n in range(3)
                ]
            elif mark in _DRUM:
                velocity, articulation = _DRUM[mark]
                notes.append((song.swung(beat), velocity, articulation))
    return _humanised(
        [Note(at, 0.1, articulation, velocity) for at, velocity, articulation in notes],
        generator,
        jitter,
    )


def figure(
    song: SongPlan,
    generator: Generator,
    patterns: Mapping[str, Sequence[str]],
    *,
    register: int,
    voicing: str = "close",
    strum: float = 0.0,
    jitter: float = 0.006,
) -> list[Note]:
    """Bass lines, chords and arpeggios: pitched patterns over the song's chords.

    A digit plays that tone of the voicing (0 the lowest), ``C`` all of them, ``-`` holds, ``.``
    rests. ``voicing`` is ``bass`` (root, fifth, octave), ``power`` (the same, together a guitar
    chord), ``close`` (within an octave around MIDI pitch ``register``) or ``wide`` (two octaves).
    ``strum`` spreads a chord over that many seconds per string.
    """
    chosen = {name: bars[int(generator.integers(len(bars)))] for name, bars in patterns.items()}
    notes = []
    for section in song.sections:
        bar = chosen.get(section.name)
        if bar is None:
            continue
        steps = [bar[step % len(bar)] for step in range(section.beats * 4)]
        for step, mark in enumerate(steps):
            if mark in ".-":
                continue
            held = 1
            while step + held < len(steps) and steps[step + held] == "-":
                held += 1
            beat = section.start + step / 4
            tones = voiced(song.chord(beat), register, voicing)
            if mark != "C":
                tones = (tones[int(mark) % len(tones)] + 12 * (int(mark) // len(tones)),)
            accent = 0.85 if step % 8 == 0 else 0.75 if step % 4 == 0 else 0.65
            length = song.lasting(held / 4) * 0.97
            down = step % 4 != 2  # the hand comes back up on the off-beat eighths
            for place, tone in enumerate(tones if down else tones[::-1]):
                at = song.swung(beat) + strum * place
                notes.append(Note(at, length, tone, accent))
    return _humanised(notes, generator, jitter)


def melody(
    song: SongPlan,
    generator: Generator,
    sections: Sequence[str],
    *,
    register: int,
    slow: bool = False,
    jitter: float = 0.008,
) -> list[Note]:
    """A lead line around MIDI pitch ``register``: a motif, repeated with variations.

    Long notes and those on strong beats are tones of the chord, the others steps of the scale.
    """
    motifs = _SLOW_MOTIFS if slow else _MOTIFS
    notes: list[Note] = []
    scale = np.array(
        [12 * octave + song.key + s for octave in range(11) for s in SCALES[song.mode]]
    )
    rhythms = {name: motifs[int(generator.integers(len(motifs)))] for name in sections}
    moves = {name: generator.integers(-2, 3, size=len(rhythms[name])) for name in sections}
    for section in song.sections:
        if section.name not in rhythms:
            continue
        lift = 3 if section.name == "chorus" else 0
        centre = int(np.abs(scale - (register + lift)).argmin())
        for phrase, base in enumerate(range(0, section.beats, 8)):
            degree = centre
            varied = moves[section.name].copy()
            if phrase % 2 == 1:
                varied[-2:] = generator.integers(-2, 3, size=2)
            for (beat, length), move in zip(rhythms[section.name], varied, strict=True):
                if base + beat >= section.beats:
                    break
                degree = int(np.clip(degree + move, centre - 5, centre + 6))
                pitch = int(scale[degree])
                when = section.start + base + beat
                if beat % 2 == 0 or length >= 1.5:
                    pitch = _nearest_tone(song.chord(when), pitch)
                length = min(length, section.beats - base - beat)
                velocity = 0.8 + 0.1 * (beat % 4 == 0)
                notes.append(Note(song.swung(when), song.lasting(length) * 0.96, pitch, velocity))
    return _humanised(notes, generator, jitter)


def voiced(chord: Chord, register: int, voicing: str) -> tuple[int, ...]:
    """The MIDI pitches of a chord, lowest first, near ``register``; see :func:`figure`."""
    if voicing in ("bass", "power"):
        root = register + (chord.root - register) % 12
        return (root, root + 7, root + 12)
    low = register - 6
    tones = sorted(low + (chord.root + interval - low) % 12 for interval in chord.intervals)
    if voicing == "wide":
        tones = [*tones, *(tone + 12 for tone in tones)]
    return tuple(tones)


def _form(beats: float) -> tuple[SongSection, ...]:
    """Intro, verse, chorus (and again in a longer song, then an outro), covering ``beats``."""
    bars = int(np.ceil(beats / 4))
    unit = 4
    if bars < 4:  # too short for whole bars: the same form in beats
        bars, unit = max(3, int(np.ceil(beats))), 1
    outro = 2 if unit == 4 and bars >= 20 else 0
    intro = max(1, min(4, round(bars / 6)))
    body = bars - intro - outro
    rounds = max(1, round(body / 16))
    edges = [round(body * n / (2 * rounds)) for n in range(2 * rounds + 1)]
    lengths = [("intro", intro)]
    for number, (start, end) in enumerate(itertools.pairwise(edges)):
        lengths.append(("verse" if number % 2 == 0 else "chorus", end - start))
    if outro:
        lengths.append(("outro", outro))
    sections, start = [], 0
    for name, units in lengths:
        sections.append(SongSection(name, start, units * unit))
        start += units * unit
    return tuple(sections)


def _triad(key: int, mode: str, degree: int) -> tuple[int, tuple[int, ...]]:
    """Pitch class of the root and the intervals of the triad (with its seventh off the tonic)."""
    scale = SCALES[mode]
    steps = [scale[(degree + n) % 7] + 12 * ((degree + n) // 7) for n in (0, 2, 4, 6)]
    kept = steps[: 4 if degree in (3, 5) else 3]
    return (key + steps[0]) % 12, tuple(step - steps[0] for step in kept)


def _nearest_tone(chord: Chord, pitch: int) -> int:
    tones = [pitch + (chord.root + i - pitch + 6) % 12 - 6 for i in chord.intervals]
    return min(tones, key=lambda tone: abs(tone - pitch))


def _humanised(notes: list[Note], generator: Generator, jitter: float) -> list[Note]:
    """Each note a little early or late (normal, ``jitter`` s), and a little louder or softer."""
    late = generator.normal(0.0, jitter, len(notes)).clip(-2 * jitter, 2 * jitter)
    force = generator.normal(1.0, 0.08, len(notes)).clip(0.8, 1.2)
    return [
        Note(max(0.0, note.start + dt), note.seconds, note.pitch, min(1.0, note.velocity * gain))
        for note, dt, gain in zip(notes, late.tolist(), force.tolist(), strict=True)
    ]
