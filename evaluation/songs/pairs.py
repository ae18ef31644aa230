"""Reads pairs of mix and reference: from two folders, or by the last word of their names."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ...models.errors import UserError
from .names import (
    FOLDER_PAIRS,
    MARKS,
    MIX_FOLDERS,
    REFERENCE_FOLDERS,
    Part,
    folder_label,
    label_of,
    marked,
    said_parts,
    song_id,
)
from .song import Song, SongProblem
from .song_folder import is_first_song, several
from .tree import Folder

Parts = tuple[str, ...]


def first_folder_pair(folder: Folder) -> tuple[Folder, Folder] | None:
    """The folders of the mixes and of the references by the names that have always been read.

    Raises:
        UserError: if there is more than one pair of such names.
    """
    names = {inner.name: inner for inner in folder.folders}
    first = [pair for pair in FOLDER_PAIRS if all(name in names for name in pair)]
    if len(first) > 1:
        shown = " and ".join(f"{mix}/ + {reference}/" for mix, reference in first)
        raise UserError(f"{folder.path}: holds {shown}; keep one pair of folders")
    return (names[first[0][0]], names[first[0][1]]) if first else None


def folder_pair(folder: Folder) -> tuple[Folder, Folder] | None:
    """The folders of the mixes and of the references by any of their names.

    Beside audio, which could be mixes, they must hold at least one whole pair.

    Raises:
        UserError: if more than one pair of folders could be meant.
    """
    if (found := first_folder_pair(folder)) is not None:
        return found
    holding = [one for one in folder.folders if one.all_audio() and not is_first_song(one)]
    mixes = [one for one in holding if one.name in MIX_FOLDERS]
    references = [one for one in holding if one.name in REFERENCE_FOLDERS]
    if not mixes or not references:
        return None
    if len(mixes) > 1 or len(references) > 1:
        both, what = (mixes, "mixes") if len(mixes) > 1 else (references, "references")
        shown = " and ".join(f"{one.path.name}/" for one in both)
        raise UserError(
            f"{folder.path}: {shown} could each hold the {what}; keep one, or say which in the "
            f'benchmark file: songs: {{folder: …, mix: "{mixes[0].path.name}/{{song}}.*", '
            f'reference: "{references[0].path.name}/{{song}}.*"}}'
        )
    pair = mixes[0], references[0]
    whole = any(song.mix and song.reference for song in read_folder_pair(*pair))
    return pair if whole or not folder.audio else None


def read_folder_pair(mixes: Folder, references: Folder, parts: Parts = ()) -> list[Song]:
    """A song for each name; those in folders of one name on both sides too.

    Files that lie deeper and have no partner are left alone where others lie higher up.
    """
    flat = bool(mixes.audio or references.audio)
    songs = _flat_pairs(mixes, references, parts)
    others = {inner.name: inner for inner in references.folders}
    for inner in mixes.folders:
        partner = others.pop(inner.name, None)
        if partner is None and not flat:
            partner = Folder(references.path / inner.path.name, (), ())
        if partner is not None:
            songs += _whole(read_folder_pair(inner, partner, _below(parts, inner)), flat=flat)
    if not flat:
        for inner in others.values():
            missing = Folder(mixes.path / inner.path.name, (), ())
            songs += read_folder_pair(missing, inner, _below(parts, inner))
    return songs


def marked_songs(folder: Folder, parts: Parts = ()) -> list[Song]:
    """Songs of files named ``00_mix.wav`` and ``00_master.wav``; none if no two are a pair.

    ``song.wav`` beside ``song_master.wav`` is a mix. Files without a mark are left alone.
    """
    return [song for form in MARKS for song in _of_form(folder, form, parts)]


def says_master(path: Path) -> bool:
    """Whether a file's name holds a word for a master, wherever: ``00_master_v2``."""
    return Part.REFERENCE in said_parts(label_of(path))


def _whole(songs: Iterable[Song], *, flat: bool) -> list[Song]:
    return [song for song in songs if not flat or (song.mix and song.reference)]


def _below(parts: Parts, folder: Folder) -> Parts:
    return (*parts, folder_label(folder.path))


def _flat_pairs(mixes: Folder, references: Folder, parts: Parts) -> list[Song]:
    songs: list[Song] = []
    masters = dict(references.by_name)
    lonely: list[tuple[str, list[Path]]] = []
    for name, paths in mixes.by_name.items():
        partners = masters.pop(name, [])
        if not partners:
            lonely.append((name, paths))
            continue
        label = song_id((*parts, label_of(paths[0])))
        faults = (*several(label, paths), *several(label, partners))
        songs.append(Song(label, paths[0], partners[0], faults=faults))
    by_base = {base: names for base, names in _by_base(masters).items() if len(names) == 1}
    for _, paths in lonely:
        base = _base(paths[0])
        # Of A_mix.wav and a_premaster.wav, neither is more the mix of a_master.wav than the other.
        alike = sum(_base(p[0]).casefold() == base.casefold() for _, p in lonely)
        if base.casefold() in by_base and alike == 1:
            (partner,) = by_base[base.casefold()]
            found = masters.pop(partner)
            label = song_id((*parts, base))
            faults = (*several(label, paths), *several(label, found))
            songs.append(Song(label, paths[0], found[0], faults=faults))
            continue
        label = song_id((*parts, label_of(paths[0])))
        message = f"has no partner of that name in {references.path.name}/; add it or remove this"
        faults = (*several(label, paths), SongProblem(label, paths[0], message))
        songs.append(Song(label, paths[0], None, faults=faults))
    for paths in masters.values():
        label = song_id((*parts, label_of(paths[0])))
        message = f"has no partner of that name in {mixes.path.name}/; add it or remove this"
        songs.append(Song(label, None, paths[0], faults=(SongProblem(label, paths[0], message),)))
    return songs


def _by_base(files: Mapping[str, Sequence[Path]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, paths in files.items():
        found.setdefault(_base(paths[0]).casefold(), []).append(name)
    return found


def _base(path: Path) -> str:
    said = marked(label_of(path))
    return label_of(path) if said is None else said.base


@dataclass
class _Candidates:
    """The files that could be the parts of one song; ``plain`` is one without a mark."""

    base: str
    mix: list[Path]
    reference: list[Path]
    plain: list[Path]


def _of_form(folder: Folder, form: "re.Pattern[str]", parts: Parts) -> list[Song]:
    found: dict[str, _Candidates] = {}
    for paths in folder.by_name.values():
        said = marked(label_of(paths[0]), form)
        if said is not None:
            empty = _Candidates(said.base, [], [], [])
            one = found.setdefault(said.base.casefold(), empty)
            (one.mix if said.part is Part.MIX else one.reference).extend(paths)
    for base, one in found.items():
        one.plain.extend(folder.by_name.get(base, []))
    # Of a_mix.wav and a_mix_master.wav, the first is the mix of the second and of nothing else.
    taken = {path for one in found.values() if one.reference and not one.mix for path in one.plain}
    for one in found.values():
        one.mix = [path for path in one.mix if path not in taken]
    found = {base: one for base, one in found.items() if one.mix or one.reference}
    if not any(one.reference and (one.mix or one.plain) for one in found.values()):
        return []
    return [_of(one, parts) for one in found.values()]


def _of(found: _Candidates, parts: Parts) -> Song:
    label = song_id((*parts, found.base))
    mixes = [*found.mix, *found.plain]
    mix = mixes[0] if mixes else None
    reference = found.reference[0] if found.reference else None
    song = Song(label, mix, reference)
    faults = []
    for paths, part in ((mixes, Part.MIX), (found.reference, Part.REFERENCE)):
        if len(paths) > 1:
            shown = " and ".join(path.name for path in paths)
            message = f"{shown} could each be the {part} of {found.base}; keep one"
            faults.append(SongProblem(label, paths[0].parent, message))
    if mix is None and reference is not None:
        message = f"no file beside it is the mix of {found.base}; add it or remove this"
        faults.append(SongProblem(label, reference, message))
    if reference is None and mix is not None:
        message = f"no file beside it is the master of {found.base}; add it or remove this"
        faults.append(SongProblem(label, mix, message))
    return replace(song, faults=tuple(faults))
