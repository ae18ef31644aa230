"""What the latest run recorded of the songs: audio that was not used, songs of a training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ....evaluation.songs.training_songs import Use
from .document import Result

SongsBySystem = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class SongFacts:
    """``unused`` is None where the latest run does not say, being of an older Earmark.

    ``used`` are the songs that each system's training used, by how it used them; ``unknown`` are
    the checkpoints that do not say.
    """

    unused: int | None = None
    used: Mapping[Use, SongsBySystem] = field(default_factory=dict)
    unknown: Sequence[str] = ()

    @property
    def in_words(self) -> list[str]:
        """For the line under the headline; empty where there is nothing to say."""
        said = []
        if self.unused:
            files = "1 audio file" if self.unused == 1 else f"{self.unused} audio files"
            said.append(f"{files} not used")
        for use, systems in self.used.items():
            songs = {song for names in systems.values() for song in names}
            if songs:
                what = "1 song" if len(songs) == 1 else f"{len(songs)} songs"
                said.append(f"{what} that {_listed(list(systems))} {_was(systems)} {use}")
        if self.unknown:
            said.append(f"training songs of {_listed(self.unknown)} unknown")
        return said

    def marks_of_song(self, song: str) -> list[str]:
        """Words beside a song that a training used."""
        marks = []
        for use, systems in self.used.items():
            names = [system for system, songs in systems.items() if song in songs]
            if names:
                marks.append(f"{_listed(names)} {use} it")
        return marks

    def used_by(self, system: str) -> list[str]:
        """Words beside a system whose training used songs of the benchmark."""
        return [
            f"{use} {len(songs)} of the songs"
            for use, systems in self.used.items()
            if (songs := systems.get(system))
        ]

    def marks_of_system(self, system: str) -> list[str]:
        """:meth:`used_by`, and a word where nothing tells whether it used any."""
        return [
            *self.used_by(system),
            *(["training songs unknown"] if system in self.unknown else []),
        ]


def song_facts(result: Result) -> SongFacts:
    """The facts in the record of the latest run that has them, of systems that still exist."""
    for record in result.runs["record"]:
        if "training songs" in record:
            return _read(record, result.system_names)
    return SongFacts()


def _read(record: Mapping[str, Any], systems: Sequence[str]) -> SongFacts:
    training = record["training songs"]
    return SongFacts(
        int(record["songs"]["audio files not used"]),
        {
            use: {name: songs for name, songs in training[use].items() if name in systems}
            for use in Use
        },
        [name for name in training["unknown"] if name in systems],
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _was(names: SongsBySystem) -> str:
    return "was" if len(names) == 1 else "were"
