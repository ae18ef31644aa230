"""A folder of songs as it lies on disk: what is visible, in natural order, to any depth."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ...models.audio.files import SUFFIXES, readable
from ...models.errors import UserError
from .names import label_of, natural_key

# Audio that is not read; without a word the user would miss the song.
UNREAD = (
    *(".aac", ".ac3", ".alac", ".amr", ".ape", ".au", ".bwf", ".dff", ".dsf", ".m4b", ".mka"),
    *(".mp2", ".mp4", ".mpc", ".oga", ".rf64", ".sd2", ".snd", ".spx", ".tak", ".tta", ".voc"),
    *(".wave", ".webm", ".wma", ".wv"),
)
# Deeper folders are not entered; songs lie two or three deep.
MOST_DEPTH = 24


@dataclass(frozen=True)
class Folder:
    """A folder, its files and its folders; hidden ones, and folders of results, are left out."""

    path: Path
    files: tuple[Path, ...]
    folders: tuple["Folder", ...]

    @cached_property
    def audio(self) -> tuple[Path, ...]:
        """The files that can be read, without copies in another format."""
        return tuple(readable(self.files))

    @cached_property
    def by_name(self) -> dict[str, list[Path]]:
        """The same by their name without suffix; two spellings of one name come together."""
        found: dict[str, list[Path]] = {}
        for path in self.audio:
            found.setdefault(label_of(path).casefold(), []).append(path)
        return found

    @property
    def name(self) -> str:
        """For comparison with other names: in small letters."""
        return self.path.name.casefold()

    def inner(self, *names: str) -> "list[Folder]":
        """The folders in here with one of these names."""
        return [folder for folder in self.folders if folder.name in names]

    def below(self) -> "Iterator[Folder]":
        """This folder and all in it."""
        yield self
        for folder in self.folders:
            yield from folder.below()

    def all_audio(self) -> list[Path]:
        """Every audio file in here and below, also of formats that are not read."""
        known = (*SUFFIXES, *UNREAD)
        return [
            path for folder in self.below() for path in folder.files if path.suffix.lower() in known
        ]


def read_tree(folder: Path) -> Folder:
    """The folder with all that lies in it.

    Raises:
        UserError: if there is no such folder, or a part of it cannot be read.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder of songs")
    return _read(folder, ())


def audio_files(folder: Path) -> tuple[Path, ...]:
    """The audio files of a folder in natural order, without hidden ones; none if it is missing."""
    return tuple(readable(_visible(folder)[0])) if folder.is_dir() else ()


def _read(folder: Path, above: tuple[tuple[int, int], ...]) -> Folder:
    stat = folder.stat()
    here = (*above, (stat.st_dev, stat.st_ino))
    files, inside = _visible(folder)
    folders = []
    for inner in inside:
        # Links may lead in circles, and renders of these songs are no songs.
        if len(here) < MOST_DEPTH and not _above(inner, here) and not _results(inner):
            folders.append(_read(inner, here))
    return Folder(folder, files, tuple(folders))


def _visible(folder: Path) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """The files and the folders in a folder, without hidden ones, in natural order."""
    try:
        with os.scandir(folder) as entries:
            inside = [(entry.name, entry.is_dir()) for entry in entries]
    except OSError as error:
        raise UserError(f"{folder}: cannot be read ({error.strerror})") from None
    visible = [one for one in inside if not one[0].startswith(".")]
    visible.sort(key=lambda one: natural_key(one[0]))
    files = tuple(folder / name for name, is_folder in visible if not is_folder)
    return files, tuple(folder / name for name, is_folder in visible if is_folder)


def _above(folder: Path, above: tuple[tuple[int, int], ...]) -> bool:
    if not folder.is_symlink():
        return False
    stat = folder.stat()
    return (stat.st_dev, stat.st_ino) in above


def _results(folder: Path) -> bool:
    return (folder / "results.sqlite").is_file()
