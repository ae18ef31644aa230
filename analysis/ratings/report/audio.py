"""Finds what was heard for each passage and system, so that a report can play it."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from ....evaluation.results.store import written
from ....models.errors import UserError
from ..reading.table import Ratings
from .export import slug

_ENDINGS = (".flac", ".wav", ".mp3", ".ogg", ".opus", ".m4a")
Audio = Mapping[tuple[str, str], str]


def placed_audio(
    out: Path,
    ratings: Ratings,
    own: Mapping[tuple[str, str], Path],
    folder: Path | None = None,
    *,
    beside: bool = False,
) -> Audio:
    """Addresses of the audio by passage and system, relative to the report in ``out``.

    Args:
        out: where the report is written.
        ratings: whose passages and systems are looked for.
        own: the study's stimuli; those that are gone are left out.
        folder: more audio, as PASSAGE/SYSTEM, SYSTEM/PASSAGE, PASSAGE-SYSTEM or PASSAGE_SYSTEM
            with the ending of an audio file, or the study's stimuli in another place.
        beside: copy the files into ``out/audio``, so that the folder can be moved.

    Raises:
        UserError: if ``folder`` holds nothing that was rated, or cannot be copied from.
    """
    found = audio_files(ratings, own, folder)
    if beside:
        found = {key: _copied(path, out, key) for key, path in found.items()}
    return addresses(out, found)


def addresses(out: Path, found: Mapping[tuple[str, str], Path]) -> Audio:
    """Addresses of files relative to a report in ``out``."""
    here = out.absolute()
    return {
        key: quote(Path(os.path.relpath(path.absolute(), here)).as_posix())
        for key, path in found.items()
    }


def audio_files(
    ratings: Ratings, own: Mapping[tuple[str, str], Path], folder: Path | None = None
) -> dict[tuple[str, str], Path]:
    """The files that were heard, by passage and system; arguments as of :func:`placed_audio`.

    Raises:
        UserError: if ``folder`` holds nothing that was rated.
    """
    found = {}
    for passage in ratings.passages:
        for system in _heard(ratings):
            path = own.get((passage, system))
            if folder is not None:
                path = _in_folder(folder, passage, system, path)
            if path is not None and path.is_file():
                found[passage, system] = path
    if folder is not None and not found:
        raise UserError(
            f"{folder}: holds no audio of these ratings; files are looked for as "
            f"{ratings.passages[0]}/{_heard(ratings)[0]}.flac (or .wav, .mp3, …), "
            "SYSTEM/PASSAGE, PASSAGE-SYSTEM or PASSAGE_SYSTEM"
        )
    return found


def _heard(ratings: Ratings) -> list[str]:
    """The versions behind the systems: of ABX both of a pair."""
    return list(dict.fromkeys(part for name in ratings.systems for part in (name, *_parts(name))))


def _parts(name: str) -> tuple[str, ...]:
    first, divider, second = name.partition(" / ")
    return (first, second) if divider else ()


def _in_folder(folder: Path, passage: str, system: str, own: Path | None) -> Path | None:
    if own is not None and (folder / own.name).is_file():
        return folder / own.name
    if any(part in ("", ".", "..") or "/" in part for part in (passage, system)):
        return own
    stems = (
        folder / passage / system,
        folder / system / passage,
        folder / f"{passage}-{system}",
        folder / f"{passage}_{system}",
    )
    for stem in stems:
        for ending in _ENDINGS:
            path = stem.with_name(stem.name + ending)
            if path.is_file():
                return path
    return own


def _copied(path: Path, out: Path, key: tuple[str, str]) -> Path:
    passage, system = key
    name = f"{slug(passage)}-{slug(system)}-{path.stem[:8]}{path.suffix}"
    target = out / "audio" / name
    try:
        same = target.is_file() and target.stat().st_size == path.stat().st_size
        if not same:
            with written(target) as scratch:
                shutil.copyfile(path, scratch)
    except OSError as error:
        raise UserError(f"{path}: cannot be copied ({error.strerror or error})") from None
    return target
