"""What a kind of test is: which pages it has, what they ask, when they are complete, what they say.

A kind is a plain class with methods that take values and return values; it knows neither the
web nor the database. A user's plug-in adds one as the modules beside this one do, with ``@kind``.
"""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

from ...models.errors import UserError
from ...models.plugins import load_entry_points
from ...models.registry import Registry, Sort
from ..study.file import Test
from ..study.study import REFERENCE, Study, in_language
from ..study.texts import text
from .conformance import ConformanceItem
from .for_analysis import ForAnalysis
from .pages import Answered, Missing, PageItem, Question, Row, Rules, Unit, letter
from .simulation import Felt, graded, on_the_whole

KindT = TypeVar("KindT", bound="type[Kind]")
# The scripts in static/kinds that draw pages.
VIEWS = ("ape", "grades", "mushra", "pair")
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")


class Kind:
    """A page with all versions of a passage, each rated on a scale; other kinds say otherwise."""

    name: ClassVar[str]
    summary: ClassVar[str] = ""
    # What :meth:`conformance` reports on, as it is known.
    standard: ClassVar[str] = ""
    default_rules: ClassVar[Rules] = Rules()
    default_order: ClassVar[str] = "williams"
    minutes_per_page: ClassVar[float] = 3.0
    adds_anchors: ClassVar[bool] = False
    needs_reference: ClassVar[bool] = False
    shows_reference: ClassVar[bool] = True
    # Whether the reference is among the rated versions without being named there.
    hides_reference: ClassVar[bool] = False
    # How many axes a study file may give it; None is any number.
    most_axes: ClassVar[int | None] = 0
    may_crossfade: ClassVar[bool] = False
    # The fewest systems to be rated; 1 where a page may hold one alone.
    least_systems: ClassVar[int] = 2
    # Whether a place's version is drawn on the server and needs a file that no other place has.
    draws_hidden_copy: ClassVar[bool] = False
    # Whether anchors keep the reference's gain instead of being matched in loudness.
    natural_anchors: ClassVar[bool] = False
    # Texts beside those of study/languages, by language and key; English stands in for others.
    words: ClassVar[Mapping[str, Mapping[str, str]]] = {}
    # The script that draws a page: one of VIEWS, or a plug-in's own, such as ``my_kind.js``.
    view: ClassVar[str] = "grades"
    for_analysis: ClassVar[ForAnalysis] = ForAnalysis()
    # Fades at both ends of an excerpt, where the study file says nothing.
    fade_ms: ClassVar[float] = 50.0

    def problems(self, test: Test) -> Iterator[str]:
        """What a study file asks for and this kind cannot do, each with its mend."""
        if test.axes and self.most_axes == 0:
            yield f"kind {self.name} has no axes; leave them out"
        elif self.most_axes is not None and len(test.axes) > self.most_axes:
            yield f"kind {self.name} has at most {self.most_axes} of the axes; leave others out"
        if test.crossfade and not self.may_crossfade:
            *most, last = [one.name for one in KINDS.values() if one.may_crossfade]
            yield f"only {', '.join(most)} and {last} pages may cross-fade; leave it out"

    def conformance(self, study: Study) -> tuple[ConformanceItem, ...]:
        """What the kind's standard asks of a study, item by item; nothing where there is none.

        The study's passages are known, and it has pages.
        """
        return ()

    def units(self, study: Study) -> tuple[Unit, ...]:
        """What pages can be made of, in the order of the study."""
        return tuple(Unit(passage.id, rated(study)) for passage in study.passages)

    def slots(
        self, study: Study, unit: Unit, order: Sequence[str], draw: random.Random
    ) -> list[PageItem]:
        """The places of a page; ``order`` are the unit's systems as this listener meets them."""
        reference = [PageItem("R", REFERENCE, "reference", "open")] if opens(self, study) else []
        return reference + [PageItem(letter(index), system) for index, system in enumerate(order)]

    def questions(self, study: Study, unit: Unit, language: str) -> tuple[Question, ...]:
        """What is asked, in the listener's language."""
        raise NotImplementedError

    def starts(
        self, questions: Sequence[Question], places: int, draw: random.Random
    ) -> list[dict[str, float | None]]:
        """Where each place's marker stands before it is moved, by question."""
        return [{one.id: None for one in questions if one.per == "stimulus"} for _ in range(places)]

    def simulated(
        self, page: Mapping[str, PageItem], question: Question, felt: Felt, draw: random.Random
    ) -> float:
        """What a simulated listener answers to a question about the page, its slots by label."""
        return on_the_whole(page, question, felt)

    def simulated_grades(
        self, question: Question, felt: Sequence[float], rules: Rules
    ) -> list[float]:
        """What a simulated listener answers to a question about each version."""
        return graded(question, felt, one_at_maximum=rules.one_at_maximum)

    def text(self, language: str, key: str, *, missing: str | None = None) -> str:
        """A text of the pages: of the kind's own words, else of those that all pages share."""
        for own in (self.words.get(language, {}), self.words.get("en", {})):
            if key in own:
                return own[key]
        return text(language, key, missing=missing)

    def title(self, study: Study, language: str) -> str:
        """The question that stands over a page."""
        own = in_language(study.test.question, language, study.file.languages)
        summary = self.summary[:1].upper() + self.summary[1:]
        return own or self.text(language, f"step.{self.name}.title", missing=summary)

    def help(self, study: Study, language: str) -> str:
        """The instruction below it."""
        own = in_language(study.test.instructions, language, study.file.languages)
        return own or self.text(language, f"step.{self.name}.help", missing="")

    def rules(self, study: Study) -> Rules:
        """The kind's rules, as far as the study does not say otherwise."""
        said = {k: v for k, v in study.test.rules.model_dump().items() if v is not None}
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


KINDS: Registry[Kind] = Registry(
    Sort("kind of test", "kinds of test", lists=False),
    (".ape", ".attributes", ".mushra", ".pairs", ".single"),
    __package__,
)


def kind(cls: KindT) -> KindT:
    """Register a kind of test under its name.

    Raises:
        UserError: if the name is taken or cannot be one, or the kind asks nothing.
    """
    name = getattr(cls, "name", "")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise UserError(
            f"kind of test {cls.__name__}: {name!r} cannot be its name; write 1 to 40 lower-case "
            "letters, digits, '-' or '_', a letter first"
        )
    if cls.questions is Kind.questions:
        raise UserError(f"kind of test {name!r} asks nothing; give it questions(...)")
    KINDS.add(name, cls(), cls.__module__)
    return cls


def kinds() -> Mapping[str, Kind]:
    """Every kind by name."""
    return KINDS


def named(name: str) -> Kind:
    """The kind of this name; one of an installed package is found too.

    Raises:
        UserError: if there is none.
    """
    if name not in KINDS:
        load_entry_points()
    return KINDS.named(name)


def kind_of(study: Study) -> Kind:
    """The kind of a study's pages.

    Raises:
        UserError: if there is none of its name.
    """
    return named(study.test.kind)


def rated(study: Study) -> tuple[str, ...]:
    """The systems that listeners rate, anchors and a hidden reference among them."""
    hidden = kind_of(study).hides_reference or study.names_reference
    return tuple(name for name, role in study.systems.items() if role != "reference" or hidden)


def opens(one: Kind, study: Study) -> bool:
    """Whether pages show the reference as such."""
    if one.needs_reference:
        return True
    return one.shows_reference and study.has_reference and study.test.reference != "none"


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
