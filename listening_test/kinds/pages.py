"""What a page of a test is made of: its unit, places, questions, rules, and what was answered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Shown = Literal["stimulus", "reference"]
_SEPARATOR = "\x1f"
_AFTER_BLOCK = "\x1e"


@dataclass(frozen=True)
class Unit:
    """What one page is about: versions of one passage; ``block`` where a sequence has several."""

    passage: str
    systems: tuple[str, ...]
    block: str = ""

    @property
    def key(self) -> str:
        """The unit as text, for counting how often it was used."""
        own = _SEPARATOR.join((self.passage, *self.systems))
        return f"{self.block}{_AFTER_BLOCK}{own}" if self.block else own

    @classmethod
    def parse(cls, key: str) -> "Unit":
        """The unit whose :attr:`key` this is."""
        block, _, own = key.rpartition(_AFTER_BLOCK)
        passage, *systems = own.split(_SEPARATOR)
        return cls(passage, tuple(systems), block)


@dataclass(frozen=True)
class PageItem:
    """One place on a page. ``shown`` is what the listener knows of it, ``system`` what it is."""

    label: str
    system: str
    shown: Shown = "stimulus"
    copy: str = "main"


@dataclass(frozen=True)
class Question:
    """One question of a page, per stimulus or for the whole page."""

    id: str
    name: str
    per: Literal["stimulus", "page"] = "stimulus"
    input: Literal["scale", "choice", "rank"] = "scale"
    left: str = ""
    right: str = ""
    minimum: float = 0.0
    maximum: float = 100.0
    step: float | None = None
    labels: tuple[Mapping[str, Any], ...] = ()
    options: tuple[tuple[float, str, str | None], ...] = ()  # value, words, label of a slot

    def allows(self, value: float) -> bool:
        """Whether ``value`` can be an answer."""
        if self.options:
            return any(value == option[0] for option in self.options)
        if not self.minimum <= value <= self.maximum:
            return False
        steps = (value - self.minimum) / self.step if self.step else 0.0
        return abs(steps - round(steps)) < 1e-6


@dataclass(frozen=True)
class Rules:
    """What must be done before a page can be left; the browser and the server check the same.

    ``only_playing_enabled`` is the browser's alone: the order of a press and of the sound that it
    starts is known there and nowhere else.
    """

    must_play: bool = True
    must_rate: bool = True
    must_comment: bool = False
    only_playing_enabled: bool = False
    one_at_maximum: bool = False
    start_hollow: bool = False


@dataclass(frozen=True)
class ItemState:
    """A slot with what was done to it; ``id`` is the page's own token for it."""

    id: str
    slot: PageItem
    position: int
    ratings: Mapping[str, float | None] = field(default_factory=dict)
    played: bool = False
    comment: str = ""


@dataclass(frozen=True)
class Answered:
    """A page as it stands: its unit, its places in the order shown, its own answers."""

    unit: Unit
    places: tuple[ItemState, ...]
    ratings: Mapping[str, float | None] = field(default_factory=dict)
    comment: str = ""


@dataclass(frozen=True)
class Missing:
    """Why a page cannot be left yet."""

    stimulus: str | None
    question: str | None
    why: Literal["unplayed", "unrated", "uncommented", "none_at_maximum", "equal_ranks"]


@dataclass(frozen=True)
class Row:
    """A rating as the analysis reads it; ``other`` is what a pair's system was compared with."""

    system: str
    question: str
    value: float | None
    place: ItemState | None = None
    other: str = ""
    answer: str = ""
    role: str = ""


def letter(index: int) -> str:
    """A, B, … Z, AA, …"""
    return chr(65 + index) if index < 26 else letter(index // 26 - 1) + letter(index % 26)
