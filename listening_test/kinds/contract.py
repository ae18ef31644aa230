"""What a kind of test is: which pages it has, what they ask, when they are complete, what they say.

A kind is a plain class with methods that take values and return values; it knows neither the
web nor the database.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, TypeVar

from ...models.configuration import nearest
from ...models.errors import UserError
from ..study.study import REFERENCE, Study, in_language
from ..study.texts import text

Shown = Literal["stimulus", "reference"]
KindT = TypeVar("KindT", bound="type[Kind]")


@dataclass(frozen=True)
class Unit:
    """What one page is about: versions of one passage."""

    passage: str
    systems: tuple[str, ...]

    @property
    def key(self) -> str:
        """The unit as text, for counting how often it was used."""
        return "\x1f".join((self.passage, *self.systems))


@dataclass(frozen=True)
class Slot:
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
class Place:
    """A slot with what was done to it; ``id`` is the page's own token for it."""

    id: str
    slot: Slot
    position: int
    ratings: Mapping[str, float | None] = field(default_factory=dict)
    played: bool = False
    comment: str = ""


@dataclass(frozen=True)
class Answered:
    """A page as it stands: its unit, its places in the order shown, its own answers."""

    unit: Unit
    places: tuple[Place, ...]
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
    place: Place | None = None
    other: str = ""
    answer: str = ""
    role: str = ""


class Kind:
    """A page with all versions of a passage, each rated on a scale; other kinds say otherwise."""

    name: ClassVar[str]
    summary: ClassVar[str]
    default_rules: ClassVar[Rules] = Rules()
    default_order: ClassVar[str] = "williams"
    minutes_per_page: ClassVar[float] = 3.0
    adds_anchors: ClassVar[bool] = False
    needs_reference: ClassVar[bool] = False
    shows_reference: ClassVar[bool] = True

    def units(self, study: Study) -> tuple[Unit, ...]:
        """What pages can be made of, in the order of the study."""
        return tuple(Unit(passage.id, study.rated) for passage in study.passages)

    def slots(
        self, study: Study, unit: Unit, order: Sequence[str], draw: random.Random
    ) -> list[Slot]:
        """The places of a page; ``order`` are the unit's systems as this listener meets them."""
        reference = [Slot("R", REFERENCE, "reference", "open")] if opens(self, study) else []
        return reference + [Slot(letter(index), system) for index, system in enumerate(order)]

    def questions(self, study: Study, unit: Unit, language: str) -> tuple[Question, ...]:
        """What is asked, in the listener's language."""
        raise NotImplementedError

    def starts(
        self, questions: Sequence[Question], places: int, draw: random.Random
    ) -> list[dict[str, float | None]]:
        """Where each place's marker stands before it is moved, by question."""
        return [{one.id: None for one in questions if one.per == "stimulus"} for _ in range(places)]

    def title(self, study: Study, language: str) -> str:
        """The question that stands over a page."""
        return in_language(study.file.test.question, language, study.file.languages) or text(
            language, f"step.{self.name}.title"
        )

    def help(self, study: Study, language: str) -> str:
        """The instruction below it."""
        return in_language(study.file.test.instructions, language, study.file.languages) or text(
            language, f"step.{self.name}.help"
        )

    def rules(self, study: Study) -> Rules:
        """The kind's rules, as far as the study does not say otherwise."""
        said = {k: v for k, v in study.file.test.rules.model_dump().items() if v is not None}
        return Rules(**{**self.default_rules.__dict__, **said})

    def missing(
        self, page: Answered, questions: Sequence[Question], rules: Rules
    ) -> tuple[Missing, ...]:
        """What keeps the page from being complete."""
        found = [
            Missing(place.id, None, "unplayed")
            for place in page.places
            if rules.must_play and not place.played
        ]
        rated = [place for place in page.places if place.slot.shown == "stimulus"]
        for question in questions:
            if question.per == "page":
                if rules.must_rate and page.ratings.get(question.id) is None:
                    found.append(Missing(None, question.id, "unrated"))
                continue
            asked = [place for place in rated if question.id in place.ratings]
            values = [place.ratings[question.id] for place in asked]
            if rules.must_rate:
                found += [
                    Missing(place.id, question.id, "unrated")
                    for place, value in zip(asked, values, strict=True)
                    if value is None
                ]
            if rules.one_at_maximum and asked and question.maximum not in values:
                found.append(Missing(None, question.id, "none_at_maximum"))
        if rules.must_comment:
            found += [
                Missing(place.id, None, "uncommented")
                for place in rated
                if not place.comment.strip()
            ]
        return tuple(found)

    def rows(self, page: Answered, questions: Sequence[Question]) -> list[Row]:
        """The page's ratings, unrated ones among them."""
        return [
            Row(place.slot.system, question.id, place.ratings[question.id], place)
            for question in questions
            for place in page.places
            if question.per == "stimulus" and question.id in place.ratings
        ]


_KINDS: dict[str, Kind] = {}


def kind(cls: KindT) -> KindT:
    """Register a kind of test under its name."""
    _KINDS[cls.name] = cls()
    return cls


def kinds() -> Mapping[str, Kind]:
    """Every kind by name."""
    return _KINDS


def kind_of(study: Study) -> Kind:
    """The kind of a study's pages."""
    name = study.file.test.kind
    if name not in _KINDS:
        raise UserError(f"unknown kind of test {name!r}{nearest(name, list(_KINDS))}")
    return _KINDS[name]


def opens(one: Kind, study: Study) -> bool:
    """Whether pages show the reference as such."""
    if one.needs_reference:
        return True
    return one.shows_reference and study.has_reference and study.file.test.reference != "none"


def letter(index: int) -> str:
    """A, B, … Z, AA, …"""
    return chr(65 + index) if index < 26 else letter(index // 26 - 1) + letter(index % 26)


Preset = Callable[[str], str]


def bands(language: str, words: Sequence[str]) -> tuple[Mapping[str, Any], ...]:
    """Equal parts of the scale from its low end up, each with its words."""
    width = 100 / len(words)
    return tuple(
        {
            "from": round(index * width, 3),
            "to": round((index + 1) * width, 3),
            "text": text(language, key),
        }
        for index, key in enumerate(words)
    )
