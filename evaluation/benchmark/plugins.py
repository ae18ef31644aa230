"""Loads what users add: Python files named in a benchmark file, and installed entry points."""

import functools
import importlib.util
import re
import sys
import traceback
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType

from ...models.content_key import path_sha256
from ...models.errors import UserError
from ...models.systems.contract import PLUGIN_MODULE

ENTRY_POINTS = "earmark.plugins"


def load_plugin(path: Path) -> ModuleType:
    """Run a Python file that adds system kinds or metrics with their decorators; once a process.

    The module is named after the file's bytes, so that two plug-ins of one file name never meet
    and what it defines travels between processes that have loaded it.

    Raises:
        UserError: if the file is missing, or fails; with the line in it that failed.
    """
    try:
        name = f"{PLUGIN_MODULE}{re.sub(r'[^0-9a-zA-Z]', '_', path.stem)}_{path_sha256(path)[:12]}"
    except OSError as error:
        raise UserError(f"{path}: the plug-in cannot be read ({error.strerror})") from None
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if path.suffix != ".py" or spec is None or spec.loader is None:
        raise UserError(f"{path}: a plug-in is a Python file, ending in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        line = _failed_line(error, path)
        raise UserError(f"{path}:{line}: the plug-in fails: {_in_words(error)}") from None
    return module


@functools.cache
def load_entry_points() -> tuple[str, ...]:
    """Load the plug-ins of installed packages (entry points ``earmark.plugins``); their names.

    Raises:
        UserError: if one cannot be imported.
    """
    found = sorted(entry_points(group=ENTRY_POINTS), key=lambda point: point.name)
    return tuple(_loaded(point) for point in found)


def _loaded(point: EntryPoint) -> str:
    try:
        point.load()
    except (Exception, SystemExit) as error:
        package = point.dist.name if point.dist is not None else point.value
        raise UserError(
            f"the installed plug-in {point.name!r} of {package} fails: {_in_words(error)}; "
            f"mend or uninstall {package}"
        ) from None
    return point.name


def _failed_line(error: BaseException, path: Path) -> int:
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno or 1
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame.lineno for frame in frames if frame.filename == str(path)]
    return (own[-1] if own else None) or 1


def _in_words(error: BaseException) -> str:
    if isinstance(error, UserError):
        return str(error)
    message = " ".join(str(error).split())
    return f"{type(error).__name__}: {message}" if message else type(error).__name__
