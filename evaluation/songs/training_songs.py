"""Which songs were in the training of which system, by what its checkpoint's card says.

A song counts as used if any of its files (mix, reference, stems) holds audio that the card names.
What is compared is the decoded audio: a cut, resampled or lossily coded copy is not found.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

from ...models.audio.files import info
from ...models.audio.identity import AudioIdentity, file_identity, parse_identity, shape_of
from ...models.checkpoints.folders import CheckpointOptions, TrainingCard, card_of
from ...models.errors import UserError
from ...models.systems.contract import SystemSpec
from .song import Song, SongProblem
from .unused import files_of

SongIds = tuple[str, ...]


class Use(StrEnum):
    """How a training used a song."""

    TRAINED = "trained on"
    VALIDATED = "validated on"


@dataclass(frozen=True)
class SongsInTraining:
    """The songs that each system was trained or validated on, by the system's name.

    ``unknown`` are checkpoints whose card does not say; other kinds of system are in none.
    """

    trained: Mapping[str, SongIds] = field(default_factory=dict)
    validated: Mapping[str, SongIds] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()

    @property
    def problems(self) -> tuple[SongProblem, ...]:
        """A warning for each set of songs, and one for the systems that do not say."""
        said = [
            *_said(Use.TRAINED, self.trained, "its scores there do not tell how it does on others"),
            *_said(Use.VALIDATED, self.validated, "its checkpoint may have been chosen by them"),
        ]
        if self.unknown:
            said.append(
                f"training songs unknown: {_listed(self.unknown)} "
                f"{'does' if len(self.unknown) == 1 else 'do'} not say which songs were used"
            )
        return tuple(SongProblem("", None, message, "warning") for message in said)

    def as_json(self) -> dict[str, Any]:
        """For the record of a run."""
        return {
            str(Use.TRAINED): {system: list(songs) for system, songs in self.trained.items()},
            str(Use.VALIDATED): {system: list(songs) for system, songs in self.validated.items()},
            "unknown": list(self.unknown),
        }


def training_songs(systems: Iterable[SystemSpec], songs: Sequence[Song]) -> SongsInTraining:
    """Compare the songs with the cards of the systems.

    Audio is decoded only where a card names audio of the same length, channels and rate. Files and
    cards that cannot be read are passed over: the checks tell of them.
    """
    cards: dict[str, TrainingCard | None] = {}
    for system in systems:
        if isinstance(system.options, CheckpointOptions):
            try:
                card = card_of(system.options)
            except UserError:
                continue
            cards[system.name] = None if card is None else card.training
    used = {
        name: (_identities(card.training_audio), _identities(card.validation_audio))
        for name, card in cards.items()
        if card is not None and card.training_audio
    }
    known = {one for parts in used.values() for part in parts for one in part}
    heard = _heard(songs, known)
    both = [
        {
            name: ids
            for name, parts in used.items()
            if (ids := tuple(song for song, audio in heard.items() if audio & parts[index]))
        }
        for index in (0, 1)
    ]
    return SongsInTraining(both[0], both[1], tuple(name for name in cards if name not in used))


def _identities(texts: Iterable[str]) -> frozenset[AudioIdentity]:
    found = set()
    for text in texts:
        try:
            found.add(parse_identity(text))
        except ValueError:  # of a newer Earmark: no audio of ours equals it
            continue
    return frozenset(found)


def _heard(songs: Sequence[Song], known: Iterable[AudioIdentity]) -> dict[str, set[AudioIdentity]]:
    """The audio of each song that may be among the known, by the song's id."""
    shapes = {one.shape for one in known}
    if not shapes:
        return {}
    return {
        song.id: {found for path in files_of(song) if (found := _of(path, shapes)) is not None}
        for song in songs
    }


def _of(path: Path, shapes: set[tuple[int, int, int]]) -> AudioIdentity | None:
    try:
        if shape_of(info(path)) not in shapes:
            return None
        stat = path.stat()
        return _identity(path, stat.st_mtime_ns, stat.st_size)
    except (UserError, OSError):
        return None


@lru_cache(maxsize=1 << 16)
def _identity(path: Path, _mtime_ns: int, _size: int) -> AudioIdentity:
    return file_identity(path)


def _said(use: Use, found: Mapping[str, SongIds], why: str) -> Iterable[str]:
    by_songs: dict[SongIds, list[str]] = {}
    for system, songs in found.items():
        by_songs.setdefault(songs, []).append(system)
    for songs, systems in by_songs.items():
        was = "was" if len(systems) == 1 else "were"
        what = "1 song" if len(songs) == 1 else f"{len(songs)} songs"
        yield f"{_listed(systems)} {was} {use} {what} of this benchmark ({_listed(songs)}); {why}"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
