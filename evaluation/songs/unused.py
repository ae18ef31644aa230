"""Lists the audio in a folder of songs that is a part of no song, and why."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...models.audio.files import FORMATS, SUFFIXES
from .names import label_of
from .song import Song
from .tree import Folder


@dataclass(frozen=True)
class Unused:
    """An audio file that is a part of no song, and why it is not."""

    path: Path
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


def unused_audio(tree: Folder, songs: Iterable[Song], layout: str) -> tuple[Unused, ...]:
    """Every audio file in the folder and below that no song uses, in the order of the folders."""
    songs = list(songs)
    used = {path for song in songs for path in files_of(song)}
    owners = _owners(tree, songs)
    found = []
    for folder in tree.below():
        audio = set(folder.audio)
        for path in Folder(folder.path, folder.files, ()).all_audio():
            if path not in used:
                reason = _reason(path, audio, folder, owners, layout)
                found.append(Unused(path, reason))
    return tuple(found)


def files_of(song: Song) -> Sequence[Path]:
    """The files of a song: mix, reference and stems, as far as it has them."""
    return [path for path in (song.mix, song.reference, *song.stems) if path is not None]


def summary(unused: Sequence[Unused]) -> str:
    """How many files are not used, and the first few of them, in one line."""
    names = ", ".join(f"{one.path.parent.name}/{one.path.name}" for one in unused[:3])
    more = f" and {len(unused) - 3} more" if len(unused) > 3 else ""
    files = "1 audio file is" if len(unused) == 1 else f"{len(unused)} audio files are"
    return f"{files} not used: {names}{more}"


def _owners(tree: Folder, songs: Sequence[Song]) -> Mapping[Path, Song]:
    """The one song whose files lie in a folder, by that folder; not of folders that many share."""
    found: dict[Path, set[str]] = {}
    by_id = {song.id: song for song in songs}
    for song in songs:
        for path in (song.mix, song.reference):
            if path is not None and path.parent != tree.path:
                found.setdefault(path.parent, set()).add(song.id)
        for path in song.stems:
            home = path.parent.parent if path.parent.name.casefold() == "stems" else path.parent
            found.setdefault(home, set()).add(song.id)
    return {folder: by_id[next(iter(ids))] for folder, ids in found.items() if len(ids) == 1}


def _reason(
    path: Path, audio: set[Path], folder: Folder, owners: Mapping[Path, Song], layout: str
) -> str:
    if path.suffix.lower() not in SUFFIXES:
        return f"{path.suffix[1:].upper()} is not read; convert it to one of {FORMATS}"
    if path not in audio:
        (first, *_) = folder.by_name[label_of(path).casefold()]
        return f"{first.name} is read in its place"
    for above in path.parents:
        if above in owners:
            song = owners[above]
            parts = [one.name for one in (song.mix, song.reference) if one is not None]
            count = len(song.stems)
            parts += [f"{count} stem{'' if count == 1 else 's'}"] if count else []
            return f"is not a part of song {song.id!r}, which has {', '.join(parts)}"
    return f"belongs to no song (layout: {layout})"
