"""Reads ``ARTIST/SONG.wav``: folders of mixes, unless they could as well be folders of stems."""

import contextlib
import re
from collections.abc import Iterable
from pathlib import Path

from ...models.audio.files import info
from ...models.errors import UserError
from .names import (
    FOLDER_PAIRS,
    MIX_FOLDERS,
    REFERENCE_FOLDERS,
    SOURCES,
    folder_label,
    label_of,
    song_id,
)
from .song import Song
from .song_folder import several
from .tree import Folder

# Stems of one song are as long as one another; songs of one artist are not.
_SAME_LENGTH_SECONDS = 0.05
_NEVER = frozenset((*MIX_FOLDERS, *REFERENCE_FOLDERS, *(name for p in FOLDER_PAIRS for name in p)))


def artist_songs(tree: Folder) -> list[Song]:
    """A mix for each file in the folders below; none where a folder is named after mixes.

    Raises:
        UserError: if the files of a folder could be the stems of one song, or two folders hold
            files of one name, which could be mix and master.
    """
    holding = [folder for folder in tree.below() if folder.audio and folder is not tree]
    if any(_is_named_after_a_part(folder) for folder in tree.below() if folder is not tree):
        return []
    seen: dict[str, Folder] = {}
    for folder in holding:
        for name in folder.by_name:
            if name in seen:
                raise UserError(_two_folders(tree, seen[name], folder, name))
            seen[name] = folder
    for folder in holding:
        if any(name in SOURCES for name in folder.by_name) or _equally_long(folder.audio):
            raise UserError(_stems_or_songs(tree, folder))
    return [song for folder in holding for song in _mixes(tree, folder)]


def _mixes(tree: Folder, folder: Folder) -> Iterable[Song]:
    parts: tuple[str, ...] = (folder_label(folder.path),)
    here = folder.path.parent
    while here != tree.path:
        parts, here = (folder_label(here), *parts), here.parent
    for paths in folder.by_name.values():
        label = song_id((*parts, label_of(paths[0])))
        yield Song(label, paths[0], faults=tuple(several(label, paths)))


def _is_named_after_a_part(folder: Folder) -> bool:
    """Whether a word of the folder's name says mixes or masters: ``final masters``."""
    return not _NEVER.isdisjoint((folder.name, *re.split(r"[\W_]+", folder.name)))


def _equally_long(files: tuple[Path, ...]) -> bool:
    lengths: list[float] = []
    for path in files:
        with contextlib.suppress(UserError):  # the checks tell of a broken file
            lengths.append(info(path).seconds)
        if lengths and max(lengths) - min(lengths) > _SAME_LENGTH_SECONDS:
            return False
    return len(lengths) > 1


def _two_folders(tree: Folder, one: Folder, other: Folder, name: str) -> str:
    first, second = (folder.path.relative_to(tree.path) for folder in (one, other))
    shown = label_of(one.by_name[name][0])
    return (
        f"{tree.path}: {first}/ and {second}/ both hold {shown!r}: two songs, or mix and master of "
        f'one? Say so in the benchmark file: songs: {{folder: …, mix: "{{artist}}/{{song}}.*"}} or '
        f'{{folder: …, mix: "{first}/{{song}}.*", reference: "{second}/{{song}}.*"}}'
    )


def _stems_or_songs(tree: Folder, folder: Folder) -> str:
    name = folder.path.relative_to(tree.path)
    return (
        f"{tree.path}: the audio files in {name}/ could be songs of one artist, or stems of one "
        "song. Say so in the benchmark file: songs: "
        '{folder: …, mix: "{artist}/{song}.*"} or {folder: …, stems: "{song}/*"}'
    )
