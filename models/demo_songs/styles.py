"""What a style of the demo songs is, and the words that its stems are written in.

A :class:`Style` is data (:mod:`.styles_driven`, :mod:`.styles_gentle`). Each of its stems has a
writer (:func:`beat`, :func:`riff`, :func:`tune`), a player (:func:`struck`, :func:`keyed`,
:func:`through_amp`, :func:`sung`) and a place in the mix. The bars of a section are written as
:mod:`.arrangement` says: bars to choose from with a space between them, bars in sequence joined
by ``|``. A stem rests in a section that it has no bars for; so an intro is thinner than a chorus.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np
from numpy.random import Generator

from .composition import Note, SongPlan, figure, hits, melody
from .drums import Drum, play_drum
from .instruments import Signal, Voice, amplified, play_notes, sing

Writer: TypeAlias = Callable[[SongPlan, Generator], list[Note]]
Player: TypeAlias = Callable[[list[Note], int, int, Generator], Signal]


HELD = "C---------------"  # a chord for the whole bar
ONCE = "X...............|................|................|................"  # every 4th bar


@dataclass(frozen=True)
class Stem:
    """One track: ``level`` in LU relative to the others, ``pan`` from -1 (left) to 1.

    ``send`` is the level of its reverberation (linear), ``echo`` that of a dotted eighth echo,
    ``duck`` how far the kick pushes it down (0 to 1). A ``doubled`` stem is played twice, once for
    each side.
    """

    name: str
    write: Writer
    play: Player
    level: float
    pan: float = 0.0
    send: float = 0.0
    echo: float = 0.0
    duck: float = 0.0
    doubled: bool = False


@dataclass(frozen=True)
class Style:
    """A genre: ranges that a song draws from, its room, its stems.

    ``loudness`` is the range of the reference master in LUFS, ``reverb`` seconds to -60 dB.
    """

    name: str
    tempo: tuple[float, float]
    modes: tuple[str, ...]
    swing: tuple[float, float]
    reverb: float
    loudness: tuple[float, float]
    stems: tuple[Stem, ...]


def beat(*, fill: bool = False, **bars: str) -> Writer:
    """Writes for drums; ``fill`` leads into the next section."""
    return partial(hits, patterns=_choices(bars), fill=fill)


def riff(register: int, voicing: str = "close", strum: float = 0.0, **bars: str) -> Writer:
    """Writes bass lines, chords and arpeggios around a MIDI pitch."""
    return partial(figure, patterns=_choices(bars), register=register, voicing=voicing, strum=strum)


def tune(register: int, *sections: str, slow: bool = False) -> Writer:
    """Writes a lead around a MIDI pitch, in the named sections."""
    return partial(melody, sections=sections, register=register, slow=slow)


def struck(drum: Drum) -> Player:
    """Plays a drum."""
    return lambda notes, samples, rate, generator: play_drum(notes, drum, samples, rate, generator)


def keyed(instrument: Voice) -> Player:
    """Plays an instrument note by note."""
    return lambda notes, samples, rate, g: play_notes(notes, instrument, samples, rate, g)


def through_amp(instrument: Voice, drive_db: float) -> Player:
    """Plays an instrument through a driven guitar amplifier."""
    return lambda notes, samples, rate, g: amplified(
        play_notes(notes, instrument, samples, rate, g), drive_db, rate
    )


def sung(notes: list[Note], samples: int, rate: int, generator: Generator) -> Signal:
    """Sings; itself a player."""
    return sing(notes, samples, rate, generator)


def played(stem: Stem, notes: list[Note], samples: int, rate: int, generator: Generator) -> Signal:
    """The dry sound of a stem in stereo, ``(2, samples)``, panned by the sine-cosine law."""
    angle = (stem.pan + 1) * np.pi / 4
    gains = np.array([np.cos(angle), np.sin(angle)]) * np.sqrt(2)
    if not stem.doubled:
        return np.asarray(gains[:, None] * stem.play(notes, samples, rate, generator))
    sides = np.stack([stem.play(notes, samples, rate, generator) for _ in range(2)])
    # Both takes on both sides, so that the middle does not fall apart and mono still has all.
    return np.asarray(gains[:, None] * (0.9 * sides + 0.35 * sides[::-1]))


def _choices(bars: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(text.replace("|", "").split()) for name, text in bars.items()}
