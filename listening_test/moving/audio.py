"""Finds the audio that a configuration names, and refuses names that lead elsewhere."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from .contract import FoundFile, MovingNotes


@dataclass
class AudioFinder:
    """Looks for files in ``folders``, the likeliest first; says each that is missing once."""

    folders: Sequence[Path]
    notes: MovingNotes
    _found: dict[str, Path] = field(default_factory=dict)
    _names: dict[Path, str] = field(default_factory=dict)

    def path(self, file: FoundFile) -> Path | None:
        """Where the file lies, or would lie; None for a name that cannot be followed."""
        if file.path in self._found:
            return self._found[file.path]
        parts = self._parts(file)
        if parts is None:
            return None
        place = self._look(parts)
        if place is None:
            place = self.folders[0].joinpath(*parts)
            self.notes.missing(file.line, f"{file.path}: no such file in {self.folders[0]}")
        else:
            self._same(file, place)
        self._found[file.path] = place
        return place

    def _parts(self, file: FoundFile) -> tuple[str, ...] | None:
        said = file.path.replace("\\", "/")
        shown = file.path[:120]
        if not said.strip() or any(ord(sign) < 32 for sign in said):
            self.notes.fault(file.line, f"{shown!r}: is no name of a file")
        elif re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:", said) or said.startswith("//"):
            self.notes.fault(file.line, f"{shown}: is an address; put the file beside the others")
        elif ".." in PurePosixPath(said).parts:
            self.notes.fault(
                file.line, f"{shown}: leads out of its folder (..); name a path below the folder"
            )
        else:
            # A path from the root of a site is one from the folder of the audio.
            return tuple(part for part in PurePosixPath(said.lstrip("/")).parts if part != ".")
        return None

    def _look(self, parts: tuple[str, ...]) -> Path | None:
        """The file with as much of its path as there is."""
        for first in range(len(parts)):
            for folder in self.folders:
                place = folder.joinpath(*parts[first:])
                try:
                    if place.is_file():
                        return place
                except OSError:  # a name that is too long is no file
                    continue
        return None

    def _same(self, file: FoundFile, place: Path) -> None:
        real = Path(os.path.realpath(place))
        other = self._names.setdefault(real, file.path)
        if other != file.path:
            self.notes.fault(
                file.line,
                f"{file.path}: {place} is all that is there, and {other} would be the same file; "
                "give --audio a folder with the paths of the configuration",
            )
