"""Loads what users add: Python files named in a benchmark or study file, installed entry points."""

import functools
import importlib.util
import re
import sys
import traceback
from collections.abc import Callable, Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from .configuration import Places
from .content_key import path_sha256
from .errors import UserError
from .registry import PLUGIN_MODULE, take_back
from .source_code import (
    SourceCode,
    found_module,
    function_sha256,
    is_users,
    loaded_code,
    module_file,
)

ENTRY_POINTS = "earmark.plugins"
# The code of each plug-in as it was when it was loaded, by the name of its module.
_CODE: dict[str, SourceCode] = {}


def load_plugin(path: Path) -> ModuleType:
    """Run a Python file that adds kinds, metrics or embeddings by decorators; once a process.

    The module is named after the file's bytes, so that two plug-ins of one file name never meet
    and what it defines travels between processes that have loaded it. It may import what lies
    beside it. A file that fails adds nothing.

    Raises:
        UserError: if the file is missing, fails, needs a package that is not installed, or
            registers a name that is taken; with the line in it at fault. Also if what it imports
            has changed since it was loaded, or is what another plug-in's folder has by that name.
    """
    try:
        name = f"{PLUGIN_MODULE}{re.sub(r'[^0-9a-zA-Z]', '_', path.stem)}_{path_sha256(path)[:12]}"
    except OSError as error:
        raise UserError(f"{path}: the plug-in cannot be read ({error.strerror})") from None
    if name in sys.modules:
        _require_unchanged(path, name)
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if path.suffix != ".py" or spec is None or spec.loader is None:
        raise UserError(f"{path}: a plug-in is a Python file, ending in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    # Last, so that nothing there hides a package; and kept for what is imported later.
    if (folder := str(path.absolute().parent)) not in sys.path:
        sys.path.append(folder)
    try:
        spec.loader.exec_module(module)
        _CODE[name] = loaded_code(path)
        _require_own_neighbours(path, _CODE[name])
    except (Exception, SystemExit) as error:
        take_back(name)
        del sys.modules[name]
        raise UserError(f"{path}:{_failed_line(error, path)}: {_fault(error)}") from None
    return module


def source_of(function: Callable[..., Any]) -> str:
    """The code that an entry of a registry is made of, as hex digits; '' for Earmark's own.

    The bytes of the file that defines it and of what that imports from the user's folders
    (:mod:`.source_code`), as they were when it was loaded. In a notebook, which has no file, what
    the function itself does; not what it calls.
    """
    module = function.__module__ or ""
    if module.partition(".")[0] == "earmark":
        return ""
    if (found := plugin_code(module)) is not None:
        return found.sha256
    return function_sha256(function)


def plugin_code(module: str) -> SourceCode | None:
    """The files that a module of this process is made of; None for Earmark's own, or no file."""
    if module.partition(".")[0] == "earmark":
        return None
    if module not in _CODE:
        file = module_file(module)
        if file is None:
            return None
        package = getattr(sys.modules[module], "__package__", None) or ""
        _CODE[module] = loaded_code(file, package)
    return _CODE[module]


def loaded_plugins() -> dict[str, SourceCode]:
    """Every plug-in file that is loaded, by the name of its module."""
    loaded = {name for name in sys.modules if name.startswith(PLUGIN_MODULE)}
    return {name: code for name, code in _CODE.items() if name in loaded}


def load_listed(paths: Sequence[Path], lines: Places) -> None:
    """Load the plug-ins that a YAML file lists under ``plugins``.

    Raises:
        UserError: one line for each that cannot be used, with the file's line and its own. What
            they would have added is unknown, so nothing further in the file can be judged.
    """
    mistakes = []
    for index, path in enumerate(paths):
        try:
            load_plugin(path)
        except UserError as error:
            mistakes.append(f"{lines.where('plugins', index)}: {error}")
    if mistakes:
        raise UserError("\n".join(mistakes))


@functools.cache
def load_entry_points() -> tuple[str, ...]:
    """Load the plug-ins of installed packages (entry points ``earmark.plugins``); their names.

    Raises:
        UserError: if one cannot be imported.
    """
    found = sorted(entry_points(group=ENTRY_POINTS), key=lambda point: point.name)
    return tuple(_loaded(point) for point in found)


def _require_unchanged(path: Path, name: str) -> None:
    """Python keeps a module that it has loaded, whatever becomes of its file.

    A page's script is served, not run here. A copy of the plug-in, such as a study's own, need not
    have what lies beside the original.
    """
    before = {one: sha256 for one, (_, sha256) in _CODE[name].files.items()}
    now = loaded_code(path)
    copied = Path(str(sys.modules[name].__file__)).resolve() != path.resolve()
    changed = [
        one
        for one in now.changed(before)
        if not one.endswith(".js") and (one in now.files or not copied)
    ]
    if changed:
        files = {**_CODE[name].files, **now.files}
        file = files[changed[0]][0]
        raise UserError(
            f"{path}: {file.name} has changed since this plug-in was loaded; start Python again, "
            "so that no result is told by code that is gone"
        )


def _require_own_neighbours(path: Path, code: SourceCode) -> None:
    """Of two modules of one name Python loads the first alone."""
    for name, (file, _) in code.files.items():
        own = found_module(name, [path.absolute().parent]) if name.isidentifier() else None
        if own is not None and own != file and module_file(name) == file and is_users(file):
            raise UserError(
                f"the plug-in imports {name!r}, and another one of that name is loaded already "
                f"({file}); rename one of the two files"
            )


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


def failure_in(error: BaseException, path: Path, what: str) -> str:
    """``file:line: what fails: …`` for an error that code of the plug-in at ``path`` raised."""
    return f"{path}:{_failed_line(error, path)}: {what} fails: {_in_words(error)}"


def _failed_line(error: BaseException, path: Path) -> int:
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno or 1
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame.lineno for frame in frames if frame.filename == str(path)]
    return (own[-1] if own else None) or 1


def _fault(error: BaseException) -> str:
    """Why a plug-in cannot be used, and the mend where there is one."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        package = error.name.partition(".")[0]
        if package == "earmark":
            return f"the plug-in fails: {_in_words(error)}; this Earmark has no such module"
        return (
            f"the plug-in needs the package {package!r}, which is not installed here; install it "
            "beside Earmark"
        )
    return f"the plug-in fails: {_in_words(error)}"


def _in_words(error: BaseException) -> str:
    if isinstance(error, UserError):
        return str(error)
    message = " ".join(str(error).split())
    return f"{type(error).__name__}: {message}" if message else type(error).__name__
