"""The plug-ins of a study: copied into its folder with their scripts, and loaded from there alone.

Each file lies in a folder named after its bytes, so that a study that is replaced never finds the
plug-in of another version in its place.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from ...evaluation.results.store import written
from ...models.configuration import Places
from ...models.errors import UserError
from ...models.plugins import load_listed, load_plugin

_DIGITS = 12
SCRIPT = ".js"


@dataclass(frozen=True)
class PluginFile:
    """A file of a plug-in: Python that adds to the study, or the script of its pages."""

    name: str
    sha256: str

    @property
    def place(self) -> str:
        """Where it lies in the folder of plug-ins, and under what address it is served."""
        return f"{self.sha256[:_DIGITS]}/{self.name}"

    @property
    def is_script(self) -> bool:
        """Whether it is for the browser; nothing else of a plug-in is served."""
        return self.name.endswith(SCRIPT)


def load_named(data: Any, lines: Places) -> None:
    """Load the plug-ins that a study file names under ``plugins``, before it is judged.

    What is no list of paths is left to the reading of the file.

    Raises:
        UserError: one line for each that cannot be loaded, with its line in the file.
    """
    said = data.get("plugins") if isinstance(data, dict) else None
    if isinstance(said, list) and all(isinstance(one, str) for one in said):
        folder = lines.path.parent.absolute()
        load_listed([folder / Path(one).expanduser() for one in said], lines)


def plugin_files(paths: Sequence[Path]) -> tuple[PluginFile, ...]:
    """The files at ``paths``, each followed by the script of the same name beside it.

    Raises:
        UserError: if one cannot be read.
    """
    return tuple(PluginFile(path.name, _sha256(path)) for path in _with_scripts(paths))


def copy_plugins(paths: Sequence[Path], files: Sequence[PluginFile], home: Path) -> None:
    """Put the files at ``paths``, and their scripts, into the folder ``home``; they are ``files``.

    Raises:
        UserError: if one is no longer what it was when the study was begun.
    """
    for path, one in zip(_with_scripts(paths), files, strict=True):
        data = _bytes(path)
        if sha256(data).hexdigest() != one.sha256:
            raise UserError(f"{path}: was changed while the study was made; make it again")
        with written(home / one.place) as scratch:
            scratch.write_bytes(data)


def drop_others(files: Sequence[PluginFile], home: Path) -> None:
    """Remove from ``home`` what no file of the study is."""
    kept = {one.place.partition("/")[0] for one in files}
    for folder in home.iterdir() if home.is_dir() else ():
        if folder.name not in kept:
            shutil.rmtree(folder, ignore_errors=True)
    if home.is_dir() and not files:
        home.rmdir()


def wrong_plugins(files: Sequence[PluginFile], home: Path) -> list[str]:
    """Files that are gone from ``home`` or are not what the study says, as lines of text."""
    found = []
    for one in files:
        path = home / one.place
        if not path.is_file():
            found.append(f"{path}: is gone; restore it from a backup")
        elif _sha256(path) != one.sha256:
            found.append(f"{path}: was changed after the study was made; restore it from a backup")
    return found


def load_copies(files: Sequence[PluginFile], home: Path) -> None:
    """Load a study's own plug-ins.

    Raises:
        UserError: if one is gone, was changed, or cannot be loaded.
    """
    wrong = wrong_plugins(files, home)
    if wrong:
        raise UserError("\n".join(wrong))
    for one in files:
        if not one.is_script:
            load_plugin(home / one.place)


def _with_scripts(paths: Sequence[Path]) -> list[Path]:
    scripts = {path: path.with_suffix(SCRIPT) for path in paths}
    return [one for path in paths for one in (path, scripts[path]) if one == path or one.is_file()]


def _sha256(path: Path) -> str:
    return sha256(_bytes(path)).hexdigest()


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: the plug-in cannot be read ({error.strerror})") from None
