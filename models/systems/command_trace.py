"""Watches which of the user's files a command reads, where the system has ``strace``.

What a command opens under a name that it makes up cannot be told from its source. It is kept beside
the render, and a later run renders again if one of these files has changed. What the system, Python
and installed packages bring does not count, nor a file that the command itself writes.
"""

import functools
import importlib.util
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..content_key import path_sha256
from ..source_code import is_users

# Short lines are filled up with spaces before the result.
_OPENED = re.compile(rb"^(?:openat2?|open|creat)\((.*)\) += \d+<(/[^\n]*)>$")
_STARTED = re.compile(rb'^execve\("((?:[^"\\]|\\.)*)".*\) += 0$')
_CONNECTED = re.compile(rb"^connect\(.*sa_family=AF_INET6?,.*(?:inet_addr|inet_pton)")
_LOOPBACK = re.compile(rb'"(?:127\.|::1)')
# A file that takes another one's place was written by the command too.
_RENAMED = re.compile(
    rb"^rename(?:at2?)?\(.*[ (](?:(?:AT_FDCWD|\d+)<(/.*)>, )?"
    rb'"((?:[^"\\]|\\.)*)"(?:, [A-Z_|0]+)?\) += 0$'
)
_WRITES = re.compile(rb"\bO_(?:WRONLY|RDWR|CREAT|TRUNC|APPEND)\b")
_OCTAL = re.compile(rb"\\([0-7]{1,3}|.)")
_SYSTEM = (
    *("bin", "boot", "dev", "etc", "lib", "lib32", "lib64", "nix", "proc", "run", "sbin", "snap"),
    *("sys", "usr", "var"),
)
_PYTHON = re.compile(r"/lib(?:64)?/python\d")
# Those with a question mark are not known to every machine.
_CALLS = "?open,openat,?openat2,?creat,execve,connect,?rename,?renameat,?renameat2"
_NAMED = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"v": b"\v", b"f": b"\f"}


@dataclass(frozen=True)
class Seen:
    """The sha256 of the files that a command read, by path, and whether it used the network.

    A path is relative to the folder in which the command runs, where it lies below it.
    """

    files: Mapping[str, str]
    network: bool


@functools.cache
def tracer() -> tuple[str, ...]:
    """The command that watches another one; empty where there is none, or it may not."""
    program = shutil.which("strace")
    if program is None:
        return ()
    words = (program, "-ff", "-qq", "-y", "-e", f"trace={_CALLS}", "-e", "signal=none")
    # Only the calls that are watched are slowed down, where strace and the kernel know how.
    for asked in ((*words, "--seccomp-bpf"), words):
        try:
            subprocess.run(
                [*asked, "-o", "/dev/null", "true"], check=True, capture_output=True, timeout=20
            )
        except (OSError, subprocess.SubprocessError):
            continue
        return asked
    return ()


def watched(arguments: Sequence[str], log: Path) -> list[str]:
    """The command with its watcher, which writes files that begin like ``log``."""
    return [*tracer(), "-o", str(log), "--", *arguments]


def seen(log: Path, cwd: Path, scratch: Path) -> Seen:
    """What the watcher wrote of a command that ran in ``cwd``; nothing below ``scratch`` counts."""
    read: set[Path] = set()
    wrote: set[Path] = set()
    network = False
    for path in sorted(log.parent.glob(f"{log.name}.*")):
        for line in path.read_bytes().splitlines():
            if found := _OPENED.match(line):
                file = Path(_text(found[2]))
                (wrote if _WRITES.search(found[1]) else read).add(file)
            elif found := _STARTED.match(line):
                read.add(cwd / _text(found[1]))
            elif found := _RENAMED.match(line):
                wrote.add(_renamed(cwd, found[1], found[2]))
            elif _CONNECTED.match(line) and not _LOOPBACK.search(line):
                network = True
    here = cwd.absolute()
    # The watcher gives the places behind links; the folder for temporary files may be one.
    scratch = scratch.resolve()
    files = {}
    for path in sorted({_source(path) for path in read - wrote} - wrote):
        if _counts(path, scratch):
            name = str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
            files[name] = path_sha256(path)
    return Seen(files, network)


def files_now(files: Mapping[str, str], cwd: Path) -> dict[str, str | None]:
    """The sha256 of these files as they are now; None for one that is gone."""
    found: dict[str, str | None] = {}
    for name in files:
        path = cwd / name
        found[name] = path_sha256(path) if path.is_file() else None
    return found


def _counts(path: Path, scratch: Path) -> bool:
    if not path.is_file() or path.is_relative_to(scratch) or path.suffix == ".log":
        return False
    if path.parts[1] in _SYSTEM or _PYTHON.search(str(path)):
        return False
    return is_users(path) and path.name != "pyvenv.cfg" and "__pycache__" not in path.parts


def _source(path: Path) -> Path:
    """The source that a compiled module was made of."""
    try:
        return Path(importlib.util.source_from_cache(str(path)))
    except ValueError:
        return path


def _renamed(cwd: Path, folder: bytes | None, name: bytes) -> Path:
    path = (cwd if folder is None else Path(_text(folder))) / _text(name)
    return path.parent.resolve() / path.name


def _text(quoted: bytes) -> str:
    def plain(found: re.Match[bytes]) -> bytes:
        part = found[1]
        return bytes([int(part, 8)]) if part.isdigit() else _NAMED.get(part, part)

    return _OCTAL.sub(plain, quoted).decode(errors="surrogateescape")
