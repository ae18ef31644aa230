"""What the names of files and folders say: an order, a label, and mix or master."""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Part(StrEnum):
    """What a file is to its song."""

    MIX = "mix"
    REFERENCE = "reference"


# Names of a song's own files; the first of each are those that have always been read.
MIX_FILES = ("mix", "mixture", "premaster", "pre-master", "pre_master", "unmastered", "input")
REFERENCE_FILES = ("reference", "master", "mastered", "ref", "target")
# Pairs of folders that have always been read, and the names that any two folders may have.
FOLDER_PAIRS = (("mix", "reference"), ("unmastered", "mastered"), ("bad_tracks", "good_tracks"))
MIX_FOLDERS = (
    *("mix", "mixes", "mixtures", "premaster", "premasters", "pre-master", "pre-masters"),
    *("unmastered", "input", "inputs"),
)
REFERENCE_FOLDERS = (
    *("reference", "references", "master", "masters", "mastered", "target", "targets"),
)
# Stems that lie beside a mixture.wav, as in MUSDB18 and the sets that followed it.
SOURCES = ("bass", "drums", "guitar", "other", "piano", "vocals")

# The longer words first: "a_pre-master" is no master of "a_pre".
_MIX = r"pre[-_ ]?master(?:ed)?|unmastered|mixture|mix(?:down)?|input"
_REFERENCE = r"mastered|master|reference|ref|target"
_WORD = rf"(?:(?P<mix>{_MIX})|(?P<reference>{_REFERENCE}))"
_AT_END = re.compile(rf"(?P<base>.+?)[\s._-]*[\s._(\[-]{_WORD}[)\]]?", re.IGNORECASE)
_AT_START = re.compile(rf"[(\[]?{_WORD}[)\]\s._-]+(?P<base>.+)", re.IGNORECASE)
MARKS = (_AT_END, _AT_START)
_ANYWHERE = re.compile(rf"(?<![^\W_]){_WORD}(?![^\W_])", re.IGNORECASE)


@dataclass(frozen=True)
class Marked:
    """A name that says which part of which song it is: ``00_master``."""

    base: str
    part: Part


def marked(name: str, form: "re.Pattern[str]" = _AT_END) -> Marked | None:
    """What a name without suffix says by its last word, or by its first with the other form."""
    found = form.fullmatch(name)
    if found is None:
        return None
    base = found["base"]
    return Marked(base.strip(" ._-") or base, Part.MIX if found["mix"] else Part.REFERENCE)


def said_parts(name: str) -> set[Part]:
    """The parts that the words of a name say, wherever they stand; ``pre-master`` is a mix."""
    return {Part.MIX if one["mix"] else Part.REFERENCE for one in _ANYWHERE.finditer(name)}


def natural_key(name: str) -> tuple[list[tuple[int, int, str]], str]:
    """Sorts ``take 2`` before ``take 10``, in any case; a total order, the same everywhere."""
    parts = re.split(r"(\d+)", unicodedata.normalize("NFC", name).casefold())
    ordered = [
        (1, int(part), "") if index % 2 and part.isdecimal() else (0, 0, part)
        for index, part in enumerate(parts)
    ]
    return ordered, name


def label_of(path: Path) -> str:
    """A file's name without its suffix, in Unicode's composed form."""
    return unicodedata.normalize("NFC", path.stem)


def folder_label(path: Path) -> str:
    """A folder's name, in Unicode's composed form."""
    named = path.resolve() if path.name in ("", "..") else path
    return unicodedata.normalize("NFC", named.name)


def song_id(parts: tuple[str, ...]) -> str:
    """The id of a song in nested folders: their names and its own, equal neighbours once."""
    kept = [
        part
        for index, part in enumerate(parts)
        if index == 0 or part.casefold() != parts[index - 1].casefold()
    ]
    return " - ".join(kept)
