"""What a configuration of another tool says, before it is a study file; and what is told of it.

Every reader makes a :class:`FoundTest`. Nothing of a configuration goes without a word: a line is
carried over, or there is a :class:`ToldLine` for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class ToldSort(StrEnum):
    """What is told: a fault stops, an open choice stops, the others are for reading."""

    FAULT = "fault"
    CHOICE = "choice"
    LOST = "lost"
    MISSING = "missing"
    SAID = "said"


@dataclass(frozen=True)
class ToldLine:
    """One thing to say of the configuration; ``line`` is 0 where it is about no line."""

    line: int
    sort: ToldSort
    words: str


class MovingNotes:
    """Gathers what is to be told while a configuration is read, and knows the user's choices."""

    def __init__(self, choices: Mapping[str, str] | None = None) -> None:
        self.choices = dict(choices or {})
        self.used: set[str] = set()
        self.told: list[ToldLine] = []

    def fault(self, line: int, words: str) -> None:
        """Say what keeps the test from being moved in."""
        self._add(line, ToldSort.FAULT, words)

    def lost(self, line: int, words: str) -> None:
        """Say what is not carried over."""
        self._add(line, ToldSort.LOST, words)

    def missing(self, line: int, words: str) -> None:
        """Say which file is not there."""
        self._add(line, ToldSort.MISSING, words)

    def say(self, line: int, words: str) -> None:
        """Say what was decided, or what is another way here."""
        self._add(line, ToldSort.SAID, words)

    def choose(self, line: int, name: str, words: str, answers: Mapping[str, str]) -> str:
        """The user's answer where two are possible; '' where none was given, which stops.

        ``answers`` are what may be chosen, and what each means.
        """
        said = self.choices.get(name, "")
        self.used.add(name)
        if said in answers:
            self._add(line, ToldSort.SAID, f"{words}; chosen: {name}={said} ({answers[said]})")
            return said
        offered = ", or ".join(f"--choose {name}={one} ({why})" for one, why in answers.items())
        wrong = f"{name}={said} is no answer; " if said else ""
        self._add(line, ToldSort.CHOICE, f"{words}; {wrong}{offered}")
        return ""

    def _add(self, line: int, sort: ToldSort, words: str) -> None:
        one = ToldLine(line, sort, words)
        if one not in self.told:
            self.told.append(one)


@dataclass(frozen=True)
class FoundPage:
    """A page that is rated: which versions of which passage, asked how.

    ``versions`` are files by system, as the configuration names them, each with its line;
    ``test`` holds keys as the study file has them, ``lines`` where some of them stand.
    """

    line: int
    id: str
    passage: str
    versions: Mapping[str, "FoundFile"]
    reference: "FoundFile | None"
    test: Mapping[str, Any]
    training: bool = False
    shuffled: bool = True
    start: float | None = None
    lines: Mapping[str, int] = field(default_factory=dict)

    def line_of(self, key: str) -> int:
        """The line of a key of the test, or of the page."""
        return self.lines.get(key, self.line)


@dataclass(frozen=True)
class FoundFile:
    """An audio file as the configuration names it."""

    line: int
    path: str


@dataclass(frozen=True)
class FoundStep:
    """A step between pages, as the study file writes it."""

    line: int
    step: Any


@dataclass(frozen=True)
class FoundGroup:
    """Pages and steps in an order of their own; ``draw`` of its pages for each listener."""

    line: int
    inside: tuple["FoundPage | FoundStep | FoundGroup", ...]
    shuffled: bool = False
    draw: int | None = None


@dataclass(frozen=True)
class FoundTest:
    """A whole test as its configuration describes it; ``head`` are keys of the study file."""

    tool: str
    head: Mapping[str, Any]
    before: tuple[Any, ...]
    group: FoundGroup
    after: tuple[Any, ...]
    folders: tuple[str, ...] = field(default=(".",))
