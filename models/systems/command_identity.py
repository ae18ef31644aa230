"""What a command is, as far as it can be told: the files that it names, and the code behind them.

Beside the bytes of the program and of every file that the command line names, those count that its
scripts import or name (:mod:`earmark.models.source_code`), and the ``files`` that the user lists. A
``version`` that the user declares stands for all of this but ``files``. What a command was seen to
read while it ran counts too; see :mod:`.command_trace`.
"""

import os
import shlex
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from ..content_key import path_sha256
from ..source_code import SourceCode, is_source, is_users, module_code, script_code, text_code

_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "fish", "ksh"})


class Command(Protocol):
    """What of the options of a command decides what it is."""

    @property
    def run(self) -> str:
        """The command line."""
        ...

    @property
    def version(self) -> str:
        """What the user calls the present program; '' for nothing."""
        ...

    @property
    def environment(self) -> dict[str, str]:
        """Variables beside those of this process."""
        ...

    @property
    def files(self) -> tuple[Path, ...]:
        """Files and folders that the user says it reads."""
        ...

    @property
    def cwd(self) -> Path:
        """Where it runs."""
        ...


def named_files(command: Command) -> list[Path]:
    """The program, and every file that a word of the command line is the path of."""
    words = shlex.split(command.run)
    program = shutil.which(words[0], path=command.environment.get("PATH")) or words[0]
    found = [Path(program), *map(Path, words[1:])]
    paths = [path if path.is_absolute() else command.cwd / path for path in found]
    return [path for path in paths if path.is_file()]


def code_behind(command: Command) -> dict[str, str]:
    """The sha256 of what counts beside the files that the command line names, by its name."""
    if command.version:
        return _declared(command)
    named = set(named_files(command))
    found = {
        name: sha256
        for name, (path, sha256) in _code(command).items()
        if name and path not in named
    }
    return found | _within_words(command) | _declared(command)


def _within_words(command: Command) -> dict[str, str]:
    """Files behind a ``=``, as in ``--weights=net.pt``, and those that a variable names."""
    words = [word.partition("=")[2] for word in shlex.split(command.run)[1:]]
    paths = (command.cwd / word for word in [*words, *command.environment.values()] if word)
    return {_shown(path, command): path_sha256(path) for path in paths if path.is_file()}


def command_files(command: Command) -> dict[str, str]:
    """The sha256 of every user's file that counts, by its name; for records and messages."""
    if command.version:
        return {"version": command.version, **_declared(command)}
    own = {_shown(path, command): path_sha256(path) for path in named_files(command)}
    return own | code_behind(command)


def unknown_identity(command: Command) -> str:
    """What is not known of a command, in a few words; '' where the user has declared it."""
    if command.version or command.files:
        return ""
    if any(map(is_source, _sources(command))) or any(one.files for one in _inline(command)):
        return ""
    program = shlex.split(command.run)[0]
    return (
        f"its identity is unknown beyond the command line and the bytes of {program!r}; "
        "declare 'version:', or list the 'files:' that it reads"
    )


def _code(command: Command) -> Mapping[str, tuple[Path, str]]:
    found: dict[str, tuple[Path, str]] = {}
    cwd = command.cwd.absolute()
    for path in _sources(command):
        found |= script_code(path.absolute(), _search(command), cwd).files
    for one in _inline(command):
        found |= one.files
    return found


def _sources(command: Command) -> list[Path]:
    """The named files that may be the user's sources; a program of the search path is none."""
    program = shlex.split(command.run)[0]
    named = named_files(command)
    on_path = os.sep not in program and not (command.cwd / program).is_file()
    return [path for path in (named[1:] if on_path else named) if is_users(path)]


def _inline(command: Command) -> Iterator[SourceCode]:
    """The code behind ``python -m``, ``python -c`` and the lines of a shell."""
    cwd = command.cwd.absolute()
    search = _search(command)
    words = shlex.split(command.run)
    for index, word in enumerate(words[1:], 1):
        before = words[index - 1]
        if before == "-m" and _is_python(words[:index]):
            yield module_code(word, [cwd, *search], cwd)
        elif before == "-c" and _is_python(words[:index]):
            yield text_code(word, [cwd, *search], cwd, python=True)
        elif " " in word and Path(words[0]).name in _SHELLS:
            yield text_code(word, search, cwd, python=False)


def _is_python(words: Sequence[str]) -> bool:
    return any(Path(word).name.startswith("python") for word in words)


def _search(command: Command) -> list[Path]:
    """Where Python looks for modules beside the folder of a script."""
    text = {**os.environ, **command.environment}.get("PYTHONPATH", "")
    return [command.cwd.absolute() / entry for entry in text.split(os.pathsep) if entry]


def _declared(command: Command) -> dict[str, str]:
    return {f"files: {_shown(path, command)}": path_sha256(path) for path in command.files}


def _shown(path: Path, command: Command) -> str:
    cwd = command.cwd.absolute()
    full = path.absolute()
    return str(full.relative_to(cwd)) if full.is_relative_to(cwd) else str(full)
