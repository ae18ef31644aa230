"""Reads folders of songs in every layout, and lists the audio in them that is not used."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from ...models.audio.files import FORMATS
from ...models.errors import UserError
from ...models.training_data.controls_in_names import named_pairs
from .artists import artist_songs
from .names import FOLDER_PAIRS, folder_label, label_of, natural_key, song_id
from .pairs import first_folder_pair, folder_pair, marked_songs, read_folder_pair, says_master
from .song import Song, SongProblem
from .song_folder import is_first_song, is_song, is_whole_song, read_song, several
from .tags import with_table
from .tree import Folder, read_tree
from .unused import Unused, unused_audio

Layout = Literal[
    "pairs",
    "song folders",
    "one song",
    "mixes",
    "list",
    "controls in names",
    "pairs by name",
    "nested folders",
    "artist folders",
    "patterns",
]
LAYOUTS = (
    "SONG/mix.wav and SONG/reference.wav, also in folders of albums and artists; "
    "SONG/mixture.wav with drums.wav, vocals.wav …; mix/ and reference/ (or mixes/ and masters/) "
    "with the same file names; SONG_mix.wav and SONG_master.wav; ARTIST/SONG.wav; mixes alone. "
    'For other names, write songs: {folder: …, mix: "{song}_mix.*"} in the benchmark file'
)


@dataclass(frozen=True)
class SongList:
    """The songs of a benchmark in their order, how they lie, and problems that are no song's.

    ``unused`` is the audio in their folder that is a part of no song.
    """

    songs: tuple[Song, ...]
    layout: Layout
    problems: tuple[SongProblem, ...] = ()
    unused: tuple[Unused, ...] = ()


def read_folder(folder: Path) -> SongList:
    """The songs in ``folder``, whichever layout it has; sorted by name, ``2`` before ``10``.

    Hidden files are passed over, and suffixes may be in capitals. What is wrong with one song
    becomes a fault of that song.

    Raises:
        UserError: if there is no such folder, no song in it, two ways to read it, or two songs
            of one id.
    """
    tree = read_tree(folder)
    layout, songs, problems = _read(tree)
    if not songs:
        raise UserError(_no_songs(tree))
    return finished(tree, SongList(tuple(songs), layout, tuple(problems)))


def read_named_pairs(folder: Path, names: Sequence[str]) -> SongList:
    """Inputs and targets whose controls stand in the names of the targets, as ``names`` in order.

    Each target is a song of its own, tagged with the device (``effect``) and the values.

    Raises:
        UserError: if there is no such folder or no pair, or a name does not fit.
    """
    songs = []
    for pair in named_pairs(folder, names):
        controls = dict(zip(names, pair.controls, strict=True))
        tags = {"effect": pair.device or "effect"}
        tags |= {name: f"{value:g}" for name, value in controls.items()}
        songs.append(Song(label_of(pair.target), pair.input, pair.target, (), tags, (), controls))
    songs.sort(key=lambda song: natural_key(song.id))
    found = SongList(tuple(songs), "controls in names")
    return replace(found, unused=unused_audio(read_tree(folder), found.songs, found.layout))


def finished(tree: Folder, found: SongList) -> SongList:
    """The songs in order, with the tags of ``tags.csv``, and what is not used beside them.

    Raises:
        UserError: if two songs have one id.
    """
    songs, of_tags = with_table(tree.path / "tags.csv", list(found.songs))
    songs.sort(key=lambda song: natural_key(song.id))
    _refuse_equal_ids(tree.path, songs)
    unused = unused_audio(tree, songs, found.layout)
    return SongList(tuple(songs), found.layout, (*found.problems, *of_tags), unused)


def _read(tree: Folder) -> tuple[Layout, list[Song], list[SongProblem]]:
    # First as it has always been read, in this order.
    pair = first_folder_pair(tree)
    if pair is not None:
        return "pairs", read_folder_pair(*pair), []
    if is_first_song(tree):
        return "one song", [read_song(tree, folder_label(tree.path))], []
    if any(is_first_song(folder) for folder in tree.folders):
        return "song folders", _of_folders(tree, ()), []
    pair = folder_pair(tree)
    if pair is not None:
        return "pairs", read_folder_pair(*pair), []
    if is_whole_song(tree):
        return "one song", [read_song(tree, folder_label(tree.path))], []
    if songs := marked_songs(tree):
        return "pairs by name", [*songs, *_of_folders(tree, ())], []
    if tree.audio:
        songs = _read_mixes(tree)
        return "mixes", songs, _doubts(tree, songs)
    if songs := _of_folders(tree, ()):
        return "nested folders", songs, []
    songs = artist_songs(tree)
    return "artist folders", songs, _doubts(tree, songs)


def _of_folders(tree: Folder, parts: tuple[str, ...]) -> list[Song]:
    """The songs in the folders of a folder that can be told by names, however deep they lie."""
    songs: list[Song] = []
    for folder in tree.folders:
        here = (*parts, folder_label(folder.path))
        if is_first_song(folder):
            songs.append(read_song(folder, song_id(here)))
        elif (pair := folder_pair(folder)) is not None:
            songs += read_folder_pair(*pair, here)
        elif is_song(folder):
            songs.append(read_song(folder, song_id(here)))
        else:
            songs += marked_songs(folder, here)
            songs += _of_folders(folder, here)
    return songs


def _read_mixes(tree: Folder) -> list[Song]:
    return [
        Song(label_of(paths[0]), paths[0], faults=tuple(several(label_of(paths[0]), paths)))
        for paths in tree.by_name.values()
    ]


def _doubts(tree: Folder, songs: Sequence[Song]) -> list[SongProblem]:
    """A warning where files that are read as mixes are called masters."""
    said = [song.mix for song in songs if song.mix is not None and says_master(song.mix)]
    if not said:
        return []
    shown = ", ".join(path.name for path in said[:3]) + (" …" if len(said) > 3 else "")
    message = (
        f"{shown} can be mixes or masters, and no mix has the same name; all are read as mixes. "
        'To pair them, name both in the benchmark file: songs: {folder: …, mix: "{song}_mix.*", '
        'reference: "{song}_master.*"}'
    )
    return [SongProblem("", tree.path, message, "warning")]


def _refuse_equal_ids(folder: Path, songs: Sequence[Song]) -> None:
    counts = Counter(song.id for song in songs)
    for song_name, count in counts.items():
        if count > 1:
            files = [_shown(folder, song) for song in songs if song.id == song_name]
            raise UserError(
                f"{folder}: {count} songs would have the id {song_name!r} ({', '.join(files)}); "
                "rename one, or list the songs in the benchmark file"
            )


def _shown(folder: Path, song: Song) -> str:
    path = next(path for path in (song.mix, song.reference, *song.stems, folder) if path)
    return str(path.relative_to(folder))


def _no_songs(tree: Folder) -> str:
    folders: Mapping[str, Folder] = {folder.name: folder for folder in tree.folders}
    for pair in (*FOLDER_PAIRS, ("mixes", "masters"), ("premasters", "masters")):
        for here, missing in (pair, pair[::-1]):
            if here in folders and folders[here].all_audio():
                return (
                    f"{tree.path}: has {here}/ but no {missing}/; add it, or give the folder "
                    f"{folders[here].path} for mixes without references. Looked for: {LAYOUTS}"
                )
    unread = tree.all_audio()
    if unread and not any(folder.audio for folder in tree.below()):
        suffix = unread[0].suffix[1:].upper()
        return (
            f"{tree.path}: holds no songs that can be read; {unread[0]}: {suffix} is not read; "
            f"convert it to one of {FORMATS}"
        )
    return f"{tree.path}: holds no songs ({FORMATS}). Looked for: {LAYOUTS}"
