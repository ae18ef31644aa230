"""Reads one song from its folder: ``mix.wav``, ``reference.wav``, ``stems/``, or MUSDB's files."""

from pathlib import Path

from ...models.audio.files import FORMATS
from .names import MIX_FILES, REFERENCE_FILES, SOURCES
from .song import Song, SongProblem
from .tags import read_card
from .tree import Folder


def is_first_song(folder: Folder) -> bool:
    """Whether the folder is a song by the names that have always been read."""
    return bool(folder.inner("stems")) or any(one in folder.by_name for one in ("mix", "reference"))


def is_song(folder: Folder) -> bool:
    """Whether one file in the folder is called a mix or a master, or it has stems."""
    named = (*MIX_FILES, *REFERENCE_FILES)
    return is_first_song(folder) or any(name in folder.by_name for name in named)


def is_whole_song(folder: Folder) -> bool:
    """Whether it holds both a mix and a master, or a mixture and its sources.

    Asked of a folder whose files could also be songs of their own.
    """
    names = set(folder.by_name)
    both = names & set(MIX_FILES) and names & set(REFERENCE_FILES)
    return bool(both) or ("mixture" in names and bool(names & set(SOURCES)))


def read_song(folder: Folder, label: str) -> Song:
    """The song; what is wrong with it becomes a fault."""
    faults: list[SongProblem] = []
    mix = _one_of(folder, MIX_FILES, label, faults)
    reference = _one_of(folder, REFERENCE_FILES, label, faults)
    stems = _stems(folder, mix, label, faults)
    card = read_card(label, folder.path / "song.json")
    faults += card.problems
    return Song(label, mix, reference, stems, card.tags, tuple(faults), card.controls)


def several(song: str, paths: list[Path]) -> list[SongProblem]:
    """The fault of a song that has more than one file for one part; none if it has not."""
    names = ", ".join(path.name for path in paths[1:])
    return [SongProblem(song, paths[0], f"stands here also as {names}; keep one")] if names else []


def _one_of(
    folder: Folder, names: tuple[str, ...], label: str, faults: list[SongProblem]
) -> Path | None:
    """The file of one of these names; the first name has precedence, others must be alone."""
    first, *others = names
    here = [first] if first in folder.by_name else [n for n in others if n in folder.by_name]
    if not here:
        return None
    paths = folder.by_name[here[0]]
    if len(here) > 1:
        shown = " and ".join(folder.by_name[name][0].name for name in here)
        message = f"{shown} could each be the {first}; call the right one {first}{paths[0].suffix}"
        faults.append(SongProblem(label, folder.path, message))
    faults += several(label, paths)
    return paths[0]


def _stems(
    folder: Folder, mix: Path | None, label: str, faults: list[SongProblem]
) -> tuple[Path, ...]:
    for stems in folder.inner("stems")[:1]:
        if not stems.audio:
            message = f"holds no audio files ({FORMATS})"
            faults.append(SongProblem(label, stems.path, message, "warning"))
        return stems.audio
    if mix is None or mix.stem.casefold() != "mixture":
        return ()
    sources = [paths for name, paths in folder.by_name.items() if name in SOURCES]
    for paths in sources:
        faults += several(label, paths)
    return tuple(paths[0] for paths in sources)
