"""Reads songs by patterns of their files' names, such as ``{song}_mix.*`` and ``{song}_master.*``.

What the names in the pattern of the mix stand for makes the song's id, in their order; all but
``song`` are tags too. Without a mix, the pattern of the stems decides.
"""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...models.audio.files import SUFFIXES, readable
from ...models.errors import UserError
from .folders import SongList, finished
from .name_pattern import NamePattern, name_pattern
from .names import song_id
from .song import Song, SongProblem
from .song_folder import several
from .tree import Folder, read_tree

# In a pattern of stems, this name tells the stems of one song apart.
STEM = "stem"
Key = tuple[str, ...]


@dataclass(frozen=True)
class SongPatterns:
    """Which files are the mix, the reference and the stems of a song; a mix, or stems, or both."""

    mix: NamePattern | None
    reference: NamePattern | None
    stems: NamePattern | None

    @property
    def main(self) -> NamePattern:
        """The pattern that says which songs there are."""
        main = self.mix or self.stems
        assert main is not None
        return main

    @property
    def names(self) -> tuple[str, ...]:
        """What makes the id of a song."""
        return tuple(name for name in self.main.names if self.mix or name != STEM)


def song_patterns(mix: str | None, reference: str | None, stems: str | None) -> SongPatterns:
    """The patterns as written.

    Raises:
        ValueError: for a mistake in one, or names that do not fit together.
    """
    made = [None if text is None else name_pattern(text) for text in (mix, reference, stems)]
    found = SongPatterns(*made)
    if found.mix is None and found.stems is None:
        raise ValueError('which files are the mixes? Write mix: "{song}_mix.*", or stems')
    if "song" not in found.names:
        raise ValueError(
            f"{found.main.text!r} does not say which part of a name is the song's: "
            "write {song}, as in {song}_mix.*"
        )
    if found.reference is not None:
        _require_shared(found.reference, found, found.reference.names)
    if found.stems is not None:
        _require_shared(found.stems, found, [n for n in found.stems.names if n != STEM])
    return found


def read_patterns(folder: Path, patterns: SongPatterns) -> SongList:
    """The songs of a folder by patterns; every other audio file is listed as not used.

    Raises:
        UserError: if there is no such folder, a pattern fits no audio file, or a file fits in two
            ways.
    """
    tree = read_tree(folder)
    mixes = _fitting(tree, patterns.mix)
    references = _fitting(tree, patterns.reference)
    for path in mixes.keys() & references.keys():
        assert patterns.mix is not None
        assert patterns.reference is not None
        raise UserError(
            f"{path}: fits {patterns.mix.text!r} and {patterns.reference.text!r}; is it a mix or "
            "a reference? Write more of the names into the patterns"
        )
    taken = mixes.keys() | references.keys()
    stems = {p: v for p, v in _fitting(tree, patterns.stems).items() if p not in taken}
    found = _Found(patterns, _Group(patterns.names, mixes), references, stems)
    return finished(tree, SongList(tuple(found.songs()), "patterns"))


class _Group:
    """Files by what some of the names stand for, in any case; of one name, the first formats."""

    def __init__(self, names: Sequence[str], files: Mapping[Path, Mapping[str, str]]) -> None:
        self.names = names
        self.said: dict[Key, Mapping[str, str]] = {}
        grouped: dict[Key, list[Path]] = {}
        for path, values in files.items():
            key = self.key(values)
            self.said.setdefault(key, values)
            grouped.setdefault(key, []).append(path)
        self.files = {key: readable(paths) for key, paths in grouped.items()}

    def key(self, values: Mapping[str, str]) -> Key:
        """What tells one group from another."""
        return tuple(values[name].casefold() for name in self.names)

    def of(self, values: Mapping[str, str]) -> list[Path]:
        """The files for what the names of a song stand for."""
        return self.files.get(self.key(values), [])


class _Found:
    """The files of all patterns, put together into songs."""

    def __init__(
        self,
        patterns: SongPatterns,
        mixes: _Group,
        references: Mapping[Path, Mapping[str, str]],
        stems: Mapping[Path, Mapping[str, str]],
    ) -> None:
        self.patterns = patterns
        self.mixes = mixes
        names = patterns.reference.names if patterns.reference else ()
        self.references = _Group(names, references)
        shared = patterns.stems.names if patterns.stems else ()
        self.stems = _Group([name for name in shared if name in patterns.names], stems)

    def songs(self) -> Iterator[Song]:
        """A song for each mix, or each group of stems; then those that have a master alone."""
        main = self.mixes if self.patterns.mix else self.stems
        met = set()
        for values in main.said.values():
            if self.patterns.reference:
                met.add(self.references.key(values))
            yield self._song(values)
        for key, values in self.references.said.items():
            if key not in met:
                yield self._lonely(self._label(values), self.references.files[key][0])

    def _song(self, values: Mapping[str, str]) -> Song:
        patterns, label = self.patterns, self._label(values)
        mixes = self.mixes.of(values) if patterns.mix else []
        references = self.references.of(values) if patterns.reference else []
        stems = self.stems.of(values) if patterns.stems else []
        faults = [*several(label, mixes), *several(label, references)]
        if patterns.reference and not references:
            message = f"no file is its reference (pattern {patterns.reference.text!r})"
            faults.append(SongProblem(label, (mixes or stems)[0], f"{message}; add it"))
        if patterns.stems and not stems:
            message = f"no file is a stem of it (pattern {patterns.stems.text!r})"
            faults.append(SongProblem(label, mixes[0], message, "warning"))
        return Song(
            label,
            mixes[0] if mixes else None,
            references[0] if references else None,
            tuple(stems),
            {name: values[name] for name in patterns.names if name != "song"},
            tuple(faults),
        )

    def _lonely(self, label: str, reference: Path) -> Song:
        message = f"no file is its mix (pattern {self.patterns.main.text!r}); add it or remove this"
        return Song(label, None, reference, faults=(SongProblem(label, reference, message),))

    def _label(self, values: Mapping[str, str]) -> str:
        return song_id(tuple(values[name] for name in self.patterns.names if name in values))


def _require_shared(one: NamePattern, patterns: SongPatterns, names: Sequence[str]) -> None:
    strange = [name for name in names if name not in patterns.names]
    if strange or not names:
        what = f"{{{strange[0]}}} is not a name in" if strange else "shares no name with"
        raise ValueError(
            f"{one.text!r}: {what} {patterns.main.text!r}; write those that are "
            f"({', '.join(f'{{{name}}}' for name in patterns.names)}), or * for any characters"
        )


def _fitting(tree: Folder, pattern: NamePattern | None) -> dict[Path, Mapping[str, str]]:
    if pattern is None:
        return {}
    paths = [path for path in tree.all_audio() if path.suffix.lower() in SUFFIXES]
    shown = [path.relative_to(tree.path).as_posix() for path in paths]
    found = {}
    for path, name in zip(paths, shown, strict=True):
        try:
            values = pattern.values(unicodedata.normalize("NFC", name))
        except UserError as error:
            raise UserError(f"{tree.path}: {error}") from None
        if values is not None:
            found[path] = values
    if not found:
        more = f" and {len(shown) - 3} more" if len(shown) > 3 else ""
        there = f"it holds {', '.join(shown[:3])}{more}" if shown else "it holds no audio files"
        raise UserError(f"{tree.path}: no audio file fits {pattern.text!r}; {there}")
    return found
