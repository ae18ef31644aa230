"""Compares what the program writes with what it wrote before: the goldens below tests/data.

A golden is the whole text of a file. All of it must be equal to the byte, order, spaces and line
ends included, but for numbers with a fraction or an exponent: they may differ by a part in 1e9, or
by 1e-12 where they are nothing but rounding, because sums of another processor or another BLAS
round otherwise. A whole number stays whole, and what was null stays null. ``pytest
--renew-goldens`` writes them; without it, one that is absent fails.

What cannot be equal from run to run is replaced by a word first, here and nowhere else:
:func:`without_paths`, :func:`without_versions`, :func:`without_times` and :func:`without_costs` for
folders, versions of libraries, times, and what rendering cost; :func:`without_chance` for the
random ids of listening sessions.
"""

import itertools
import json
import math
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

GOLDENS = Path(__file__).parent / "data" / "goldens"
RELATIVE, ABSOLUTE = 1e-9, 1e-12

_TOKEN = re.compile(
    r'"(?:[^"\\\n]|\\.)*"'  # a text of JSON, a quoted cell of CSV
    r"|(?<![\w.])-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w.])"
    r"|[^\W\d]+|.",
    re.DOTALL,
)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?\+00:00")
_SHA256 = re.compile(r"\b[0-9a-f]{64}\b")
_AGENT = re.compile(r"Python-urllib/[\d.]+")


@dataclass(frozen=True)
class Goldens:
    """The goldens of one folder below :data:`GOLDENS`; ``renew`` writes what differs."""

    folder: Path
    renew: bool = False

    def check(self, name: str, text: str) -> None:
        """Fail where ``text`` is not what it was; say the first line that differs."""
        path = self.folder / name
        kept = path.read_bytes().decode() if path.is_file() else None
        wrong = "is absent" if kept is None else difference(kept, text)
        if wrong and self.renew:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        elif wrong:
            raise AssertionError(f"{path}: {wrong}; meant so? pytest --renew-goldens")

    def names(self) -> set[str]:
        """The goldens that are there."""
        found = (path for path in self.folder.rglob("*") if path.is_file())
        return {path.relative_to(self.folder).as_posix() for path in found}


def difference(kept: str, now: str) -> str:
    """Where and how ``now`` differs from ``kept``; empty where it does not."""
    line = 1
    for one, other in itertools.zip_longest(_tokens(kept), _tokens(now)):
        if one is None or other is None or not _equal(one, other):
            was, became = (_line(text, line) for text in (kept, now))
            return f"line {line} differs at {one!r}, now {other!r}\n  was {was}\n  now {became}\n"
        line += one.count("\n")
    return ""


def _tokens(text: str) -> Iterator[str]:
    return (found[0] for found in _TOKEN.finditer(text))


def _line(text: str, number: int) -> str:
    lines = text.split("\n")
    return repr(lines[number - 1][:300]) if number <= len(lines) else "nothing"


def _equal(one: str, other: str) -> bool:
    if one == other:
        return True
    if not (_NUMBER.fullmatch(one) and _NUMBER.fullmatch(other)):
        return False
    # A whole number is exact, and never becomes one with a fraction.
    if one.lstrip("-").isdigit() or other.lstrip("-").isdigit():
        return False
    return math.isclose(float(one), float(other), rel_tol=RELATIVE, abs_tol=ABSOLUTE)


def tables_of(database: Path) -> str:
    """How the tables of a SQLite file were declared, for those who read it with other programs."""
    with closing(sqlite3.connect(database)) as connection:
        found = connection.execute("SELECT sql FROM sqlite_master WHERE sql NOT NULL ORDER BY name")
        return "".join(f"{row[0]};\n" for row in found)


def without_paths(text: str, *folders: Path) -> str:
    """The text with each folder's path as ``FOLDER``."""
    for folder in sorted(map(str, folders), key=len, reverse=True):
        text = text.replace(folder, "FOLDER")
    return text


def without_times(text: str) -> str:
    """The text with each time in UTC as ``TIME``."""
    return _TIME.sub("TIME", text)


def without_versions(text: str, versions: Mapping[str, str]) -> str:
    """The text with the version after a library's name as ``VERSION``."""
    for name, version in versions.items():
        text = re.sub(rf"\b({re.escape(name)}\W{{1,3}}){re.escape(version)}\b", r"\1VERSION", text,
                      flags=re.IGNORECASE)  # fmt: skip
    return text


def without_costs(table: str) -> str:
    """A table of CSV without the rows that say what rendering cost."""
    rows = table.splitlines(keepends=True)
    return "".join(row for row in rows if not {"rtf", "peak_memory_mb"} & set(row.split(",")))


def without_chance(export: str, *texts: str) -> list[str]:
    """A study's JSON export and texts beside it, their random ids named in order of appearance.

    Ids stay the same wherever they come again, so that a reference to the wrong one is seen.
    Hashes of files are named alike: the audio is made anew and may round otherwise.
    """
    names: dict[str, str] = {}
    for key, value in _random(json.loads(export)):
        names.setdefault(value, f"{key}-{len(names) + 1}")
    for found in _SHA256.findall(export):
        names.setdefault(found, f"sha256-{len(names) + 1}")
    pattern = re.compile("|".join(map(re.escape, sorted(names, key=len, reverse=True))) or "(?!)")
    named = (pattern.sub(lambda found: names[found[0]], text) for text in (export, *texts))
    return [_AGENT.sub("AGENT", without_times(text)) for text in named]


def _random(export: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    study = export["study"]
    for one in (*study["stimuli"], *study["sounds"]):
        yield "file", one["token"]
    # A trial of the set-up pages is known by the beginning of its file's token.
    yield from (("trial", one["token"][:12]) for one in study["sounds"])
    for session in export["sessions"]:
        yield "session", session["id"]
        yield "code", session["completion_code"]
        for page in session["pages"]:
            yield from (("shown", one["token"]) for one in page["presentations"])
        for event in session["events"]:
            yield "client", event["client"]
            yield "event", event["id"]
