"""The bytes that a user's code is made of: a Python file, what it imports, and the files it names.

The rule, the same for a plug-in and for the script of a command:

1. The file itself counts.
2. What it imports counts if it is the user's: found in the folder of the file or on the search
   path, but neither in the standard library nor among installed packages; and what that imports.
   Imports are read from the source, so that one inside a function counts too.
3. A text in any of them that is the path of a file counts by that file's bytes; the path begins in
   the folder of the source or in the working folder. Of scripts that are not Python, every word is
   such a text. Folders and ``*.log`` do not count, nor a file that the source is seen to write and
   not to read.

What a file imports or opens by a name that it makes up while it runs is not seen. Names and times
do not count: a moved or touched file is the same file.
"""

import ast
import inspect
import re
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.machinery import EXTENSION_SUFFIXES, SOURCE_SUFFIXES
from pathlib import Path
from types import CodeType
from typing import Any

from .content_key import content_key, path_sha256

_LONGEST_TEXT = 255
_LARGEST_SCRIPT = 1 << 20
_INSTALLED = frozenset({"site-packages", "dist-packages"})
_SCRIPTS = frozenset({".sh", ".bash", ".zsh", ".fish", ".pl", ".rb", ".lua", ".jl", ".r", ".m"})
_ENDINGS = (*EXTENSION_SUFFIXES, *SOURCE_SUFFIXES)
_WRITERS = frozenset({"write_text", "write_bytes", "touch", "unlink"})
# These write to a name among their own words: np.save("x.npy", …), torch.save(net, "x.pt").
_SAVERS = frozenset(
    (
        *("save", "savez", "savez_compressed", "savetxt", "savefig", "tofile"),
        *("to_csv", "to_json", "to_parquet", "to_pickle"),
    )
)
_MODE = re.compile(r"[rbt]*[wax][wax+bt]*|r[bt]*\+[bt]*")
_REDIRECTED = re.compile(rb">>?\s*(?:\"[^\"\n]*\"|'[^'\n]*'|[^\s;|&<>()]+)")
_OWN = Path(__file__).parent.parent


@dataclass(frozen=True)
class SourceCode:
    """The files that count, by what the code calls them (a module, a path), with their sha256."""

    files: Mapping[str, tuple[Path, str]]

    @cached_property
    def sha256(self) -> str:
        """64 hex digits over names and bytes; where the files lie does not count."""
        return content_key({name: sha256 for name, (_, sha256) in self.files.items()})

    def paths(self) -> Mapping[Path, str]:
        """Each file with its sha256."""
        return dict(self.files.values())

    def changed(self, before: Mapping[str, str]) -> list[str]:
        """The names that ``before`` had with other bytes, had beside these, or lacked."""
        now = {name: sha256 for name, (_, sha256) in self.files.items()}
        names = sorted({*before, *now})
        return [name for name in names if before.get(name) != now.get(name)]


def script_code(path: Path, search: Sequence[Path], working: Path) -> SourceCode:
    """The code of a script that another process runs, in the folder ``working``.

    Modules are looked for beside the script, as Python does, and then in ``search``.

    Raises:
        OSError: if a file cannot be read.
    """
    return SourceCode(_Walk((path.parent, *search), working).walked(path))


def module_code(name: str, search: Sequence[Path], working: Path) -> SourceCode:
    """The code of ``python -m name``; no files where it is not the user's, or not there."""
    for full in (f"{name}.__main__", name):
        file = found_module(full, search)
        if file is not None and is_users(file):
            found = SourceCode(_Walk(search, working, full.rpartition(".")[0]).walked(file))
            return SourceCode({key or full: value for key, value in found.files.items()})
    return SourceCode({})


def text_code(text: str, search: Sequence[Path], working: Path, *, python: bool) -> SourceCode:
    """The code behind a few lines on a command line, run in the folder ``working``."""
    walk = _Walk(search, working)
    return SourceCode(walk.walked_from(walk.reached(text.encode(), working, "", python=python)))


def loaded_code(path: Path, package: str = "") -> SourceCode:
    """The code of a module that this process has loaded: its imports as they were found here.

    ``package`` is what its relative imports begin at; modules of the same package count even where
    it is installed.

    Raises:
        OSError: if a file cannot be read.
    """
    search = [Path(entry or ".").absolute() for entry in sys.path]
    found = _Walk([one for one in search if one.is_dir()], Path.cwd(), package, loaded=True)
    return SourceCode(found.walked(path))


def function_sha256(function: Callable[..., Any]) -> str:
    """What a function without a file is made of: its source, or what Python has made of it."""
    try:
        return content_key(inspect.getsource(function))
    except Exception:  # what stands in the place of the source may be anything
        return content_key("compiled", _compiled(getattr(function, "__code__", None)))


def _compiled(code: Any) -> Any:
    if not isinstance(code, CodeType):
        return repr(code) if isinstance(code, str | bytes | int | float | complex) else str(code)
    parts = [_compiled(one) for one in code.co_consts]
    return [code.co_code.hex(), parts, list(code.co_names), list(code.co_varnames)]


def is_users(path: Path) -> bool:
    """Whether a file is neither Earmark's, nor Python's, nor of an installed package."""
    if _INSTALLED & set(path.parts) or path.is_relative_to(_OWN):
        return False
    return not any(path.is_relative_to(folder) for folder in _python_folders())


def module_file(name: str) -> Path | None:
    """The file that a module of this process was loaded from; None where there is none."""
    file = getattr(sys.modules.get(name), "__file__", None)
    return Path(file).absolute() if file and Path(file).is_file() else None


def found_module(name: str, search: Sequence[Path]) -> Path | None:
    """The file of a module as Python would find it; None where there is none."""
    parts = Path(*name.split("."))
    for folder in search:
        at = folder / parts
        for file in (at / "__init__.py", *(at.with_name(at.name + end) for end in _ENDINGS)):
            if file.is_file():
                return file
    return None


def is_source(file: Path) -> bool:
    """Whether a file is Python, or a script that is read as words."""
    try:
        if file.suffix == ".py":
            return True
        if file.stat().st_size > _LARGEST_SCRIPT:
            return False
        with file.open("rb") as stream:
            return file.suffix.lower() in _SCRIPTS or stream.read(2) == b"#!"
    except OSError:
        return False


@cache
def _python_folders() -> tuple[Path, ...]:
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    return tuple({Path(sysconfig.get_path(name)) for name in names})


class _Walk:
    """One walk over imports and named files, each once."""

    def __init__(
        self, search: Sequence[Path], working: Path, package: str = "", *, loaded: bool = False
    ) -> None:
        self.search = tuple(dict.fromkeys(one.absolute() for one in search))
        self.working = working
        self.package = package
        self.loaded = loaded
        self.files: dict[str, tuple[Path, str]] = {}
        self.seen: set[Path] = set()

    def walked(self, path: Path) -> Mapping[str, tuple[Path, str]]:
        return self.walked_from([("", path.absolute(), self.package)])

    def walked_from(self, first: Iterable[tuple[str, Path, str]]) -> Mapping[str, tuple[Path, str]]:
        waiting = list(first)
        while waiting:
            name, file, package = waiting.pop()
            if file.resolve() in self.seen:
                continue
            self.seen.add(file.resolve())
            self.files[name] = (file, path_sha256(file))
            if is_source(file):
                text = file.read_bytes()
                python = file.suffix == ".py" or b"python" in text.partition(b"\n")[0]
                waiting += self.reached(text, file.parent, package, python=python)
        return self.files

    def reached(
        self, text: bytes, folder: Path, package: str, *, python: bool
    ) -> Iterator[tuple[str, Path, str]]:
        """What a source in ``folder`` imports or names: its name, file and package."""
        if not python:
            yield from self._named(folder, _words(text))
            return
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError):
            return
        for name in _imported(tree, package):
            yield from self._module(name, folder)
        written = {id(node) for call in ast.walk(tree) for node in _written(call)}
        texts = (node for node in ast.walk(tree) if id(node) not in written)
        yield from self._named(folder, (name for node in texts if (name := _text(node))))

    def _module(self, name: str, beside: Path) -> Iterator[tuple[str, Path, str]]:
        top = name.partition(".")[0]
        if top in sys.stdlib_module_names or top == "earmark":
            return
        # A script that another one starts looks beside itself first.
        search = self.search if self.loaded else (beside, *self.search)
        file = (module_file(name) if self.loaded else None) or found_module(name, search)
        own = top == self.package.partition(".")[0]
        if file is not None and (own or is_users(file)):
            yield name, file, name if file.stem == "__init__" else name.rpartition(".")[0]

    def _named(self, beside: Path, texts: Iterable[str]) -> Iterator[tuple[str, Path, str]]:
        for text in texts:
            if not 0 < len(text) <= _LONGEST_TEXT or "\n" in text or "\0" in text:
                continue
            for folder in (beside, self.working):
                file = _file(folder, text)
                if file is not None and is_users(file):
                    yield text, file, ""
                    break


def _file(folder: Path, text: str) -> Path | None:
    path = folder / text
    try:
        return path.absolute() if path.is_file() and path.suffix != ".log" else None
    except OSError:  # a name that no file can have
        return None


def _imported(tree: ast.AST, package: str) -> Iterator[str]:
    """The full names of the modules that a source may import, those above them first."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _steps(alias.name)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*filter(None, above), *([base] if base else [])])
            yield from _steps(base)
            for alias in node.names:
                yield f"{base}.{alias.name}" if base else alias.name


def _steps(name: str) -> Iterator[str]:
    parts = name.split(".")
    for count in range(1, len(parts) + 1):
        if name:
            yield ".".join(parts[:count])


def _text(node: ast.AST) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _written(node: ast.AST) -> Iterator[ast.AST]:
    """The texts in a call that writes a file: ``open("x", "a")``, ``Path("x").write_text(…)``."""
    if not isinstance(node, ast.Call):
        return
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    name = node.func.id if isinstance(node.func, ast.Name) else name
    if name in _WRITERS:
        yield from ast.walk(node.func)
    elif name in _SAVERS:
        yield from node.args
    elif name == "open":
        modes = [*node.args, *(one.value for one in node.keywords if one.arg == "mode")]
        if any(_MODE.fullmatch(_text(mode)) for mode in modes):
            yield from ast.walk(node)


def _words(text: bytes) -> list[str]:
    """What may be the name of a file in a script that is not Python, but for what it writes to."""
    text = _REDIRECTED.sub(b" ", text)
    return re.findall(r"[^\s'\"`;|&<>()=$]+", text.decode(errors="replace"))
