"""Reads folders of songs: pairs by file name, song folders, or mixes alone; and their tags."""

import csv
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from ...models.audio.files import FORMATS, readable
from ...models.errors import UserError
from ...models.training_data.controls_in_names import named_pairs
from .song import Song, SongProblem

Layout = Literal["pairs", "song folders", "one song", "mixes", "list", "controls in names"]

PAIRS = (("mix", "reference"), ("unmastered", "mastered"), ("bad_tracks", "good_tracks"))
# Audio that is not read; without a word the user would miss the song.
_UNREAD = (".aac", ".ac3", ".ape", ".mp4", ".wma", ".wv")


@dataclass(frozen=True)
class SongList:
    """The songs of a benchmark in their order, how they lie, and problems that are no song's."""

    songs: tuple[Song, ...]
    layout: Layout
    problems: tuple[SongProblem, ...] = ()


def read_folder(folder: Path) -> SongList:
    """The songs in ``folder``, whichever layout it has; sorted by name, ``2`` before ``10``.

    Hidden files are passed over, and suffixes may be in capitals. What is wrong with one song
    becomes a fault of that song.

    Raises:
        UserError: if there is no such folder, or no song in it.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder of songs")
    inside = _visible(folder)
    inner = [path for path in inside if path.is_dir()]
    folders = {_name(path): path for path in inner}
    pairs = [pair for pair in PAIRS if all(name in folders for name in pair)]
    if len(pairs) > 1:
        names = " and ".join(f"{mix}/ + {reference}/" for mix, reference in pairs)
        raise UserError(f"{folder}: holds {names}; keep one pair of folders")
    problems = [_unread(path) for path in inside if path.suffix.lower() in _UNREAD]
    layout: Layout
    if pairs:
        layout = "pairs"
        mixes, references = (folders[name] for name in pairs[0])
        songs = _read_pairs(mixes, references)
        for side in (mixes, references):
            problems += [_unread(p) for p in _visible(side) if p.suffix.lower() in _UNREAD]
    elif _is_song(folder):
        layout, songs = "one song", [_read_song(folder)]
    elif any(_is_song(path) for path in inner):
        layout = "song folders"
        songs = [_read_song(path) for path in inner if _is_song(path)]
        for path in _audio(folder):
            message = "lies beside the song folders and is left out; give it a folder of its own"
            problems.append(SongProblem("", path, message, "warning"))
    else:
        layout, songs = "mixes", _read_mixes(folder)
    if not songs:
        raise UserError(_no_songs(folder, folders, problems))
    songs, of_tags = _with_table(folder / "tags.csv", songs)
    songs.sort(key=lambda song: natural_key(song.id))
    return SongList(tuple(songs), layout, (*problems, *of_tags))


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
        songs.append(Song(_label(pair.target), pair.input, pair.target, (), tags, (), controls))
    songs.sort(key=lambda song: natural_key(song.id))
    return SongList(tuple(songs), "controls in names")


def audio_files(folder: Path) -> tuple[Path, ...]:
    """The audio files of a folder in natural order, without hidden ones; none if it is missing."""
    return tuple(_audio(folder)) if folder.is_dir() else ()


def natural_key(name: str) -> tuple[list[tuple[int, int, str]], str]:
    """Sorts ``take 2`` before ``take 10``, in any case; a total order, the same everywhere."""
    parts = re.split(r"(\d+)", unicodedata.normalize("NFC", name).casefold())
    ordered = [
        (1, int(part), "") if index % 2 and part.isdecimal() else (0, 0, part)
        for index, part in enumerate(parts)
    ]
    return ordered, name


def _read_pairs(mixes: Path, references: Path) -> list[Song]:
    songs: list[Song] = []
    masters = _by_name(references)
    for name, paths in _by_name(mixes).items():
        partners = masters.pop(name, [])
        song = Song(_label(paths[0]), paths[0], partners[0] if partners else None)
        faults = [*_several(song.id, paths), *_several(song.id, partners)]
        if not partners:
            message = f"has no partner of that name in {references.name}/; add it or remove this"
            faults.append(SongProblem(song.id, paths[0], message))
        songs.append(replace(song, faults=tuple(faults)))
    for paths in masters.values():
        label = _label(paths[0])
        message = f"has no partner of that name in {mixes.name}/; add it or remove this"
        fault = SongProblem(label, paths[0], message)
        songs.append(Song(label, None, paths[0], faults=(fault,)))
    return songs


def _read_song(folder: Path) -> Song:
    label = _label(folder.resolve() if folder.name in ("", "..") else folder, suffix=False)
    by_name = _by_name(folder)
    mixes, references = by_name.get("mix", []), by_name.get("reference", [])
    stems = next((p for p in _visible(folder) if p.is_dir() and _name(p) == "stems"), None)
    faults = [*_several(label, mixes), *_several(label, references)]
    if stems is not None and not _audio(stems):
        faults.append(SongProblem(label, stems, f"holds no audio files ({FORMATS})", "warning"))
    tags, controls, fault = _read_card(label, folder / "song.json")
    return Song(
        label,
        mixes[0] if mixes else None,
        references[0] if references else None,
        tuple(_audio(stems)) if stems is not None else (),
        tags,
        (*faults, *fault),
        controls,
    )


def _read_mixes(folder: Path) -> list[Song]:
    return [
        Song(_label(paths[0]), paths[0], faults=tuple(_several(_label(paths[0]), paths)))
        for paths in _by_name(folder).values()
    ]


def _is_song(folder: Path) -> bool:
    names = {_name(path): path for path in _visible(folder)}
    if "stems" in names and names["stems"].is_dir():
        return True
    return any(name in ("mix", "reference") for name in _by_name(folder))


def _read_card(
    song: str, path: Path
) -> tuple[dict[str, str], dict[str, float], tuple[SongProblem, ...]]:
    """The tags and controls of ``song.json``; what is wrong with it is a warning."""
    if not path.is_file():
        return {}, {}, ()
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
        tags = card.get("tags", {}).items()
        controls = {str(key): float(value) for key, value in card.get("controls", {}).items()}
        return {str(key): str(value) for key, value in tags if value is not None}, controls, ()
    except (OSError, ValueError, AttributeError, TypeError) as error:
        reason = str(error) if isinstance(error, ValueError) else "an object is needed"
        message = f'its tags cannot be read ({reason}); write {{"tags": {{"genre": "rock"}}}}'
        return {}, {}, (SongProblem(song, path, message, "warning"),)


def _with_table(path: Path, songs: list[Song]) -> tuple[list[Song], list[SongProblem]]:
    """The songs with the tags of ``tags.csv``; a song's own ``song.json`` has the last word."""
    if not path.is_file():
        return songs, []
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, ValueError, csv.Error) as error:
        return songs, [SongProblem("", path, f"cannot be read ({error})", "warning")]
    if not rows or "id" not in rows[0]:
        message = "no tags read: the first line must name the columns, the first of them 'id'"
        return songs, [SongProblem("", path, message, "warning")]
    tags: dict[str, Mapping[str, str]] = {}
    for row in rows:
        label = unicodedata.normalize("NFC", (row["id"] or "").strip())
        # DictReader files surplus cells under None and gives None for the missing ones.
        tags[label] = {key: value for key, value in row.items() if key and key != "id" and value}
    known = {song.id for song in songs}
    problems = [
        SongProblem("", path, f"song {label!r} is not among the songs", "warning")
        for label in tags
        if label not in known
    ]
    return [replace(s, tags={**tags.get(s.id, {}), **s.tags}) for s in songs], problems


def _by_name(folder: Path) -> dict[str, list[Path]]:
    """Audio files by their name without suffix; two spellings of one name come together."""
    found: dict[str, list[Path]] = {}
    for path in _audio(folder):
        found.setdefault(_label(path).casefold(), []).append(path)
    return found


def _several(song: str, paths: list[Path]) -> list[SongProblem]:
    names = ", ".join(path.name for path in paths[1:])
    return [SongProblem(song, paths[0], f"stands here also as {names}; keep one")] if names else []


def _audio(folder: Path) -> list[Path]:
    return readable(path for path in _visible(folder) if not path.is_dir())


def _visible(folder: Path) -> list[Path]:
    try:
        inside: Iterable[Path] = list(folder.iterdir())
    except OSError as error:
        raise UserError(f"{folder}: cannot be read ({error.strerror})") from None
    return sorted(
        (path for path in inside if not path.name.startswith(".")),
        key=lambda path: natural_key(path.name),
    )


def _label(path: Path, *, suffix: bool = True) -> str:
    return unicodedata.normalize("NFC", path.stem if suffix else path.name)


def _name(path: Path) -> str:
    return path.name.casefold()


def _unread(path: Path) -> SongProblem:
    message = f"{path.suffix[1:].upper()} is not read; convert it to one of {FORMATS}"
    return SongProblem("", path, message, "warning")


def _no_songs(folder: Path, folders: Mapping[str, Path], problems: list[SongProblem]) -> str:
    for pair in PAIRS:
        for here, missing in (pair, pair[::-1]):
            if here in folders:
                return (
                    f"{folder}: has {here}/ but no {missing}/; add it, or give the folder "
                    f"{folders[here]} for mixes without references"
                )
    if problems:
        return f"{folder}: holds no songs that can be read; {problems[0]}"
    return (
        f"{folder}: holds no songs; put in SONG/mix.wav and SONG/reference.wav, or mix/ and "
        f"reference/ with the same file names, or just mixes ({FORMATS})"
    )
