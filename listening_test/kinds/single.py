"""One version at a time: absolute, degradation and comparison categories (P.800), and BS.1116."""

import random
from collections.abc import Sequence
from itertools import combinations
from typing import ClassVar

from ..study.study import REFERENCE, Study
from ..study.texts import text
from .contract import Kind, kind, rated
from .pages import Answered, Missing, Question, Row, Rules, Slot, Unit

_GRADES = ("bad", "poor", "fair", "good", "excellent")
_COMPARED = ("much_worse", "worse", "slightly_worse", "same", "slightly_better", "better",
             "much_better")  # fmt: skip


@kind
class Acr(Kind):
    """Absolute category rating: one version, bad (1) to excellent (5)."""

    name: ClassVar[str] = "acr"
    summary: ClassVar[str] = "one version at a time, bad to excellent, 1 to 5 (P.800)"
    default_order: ClassVar[str] = "latin"
    minutes_per_page: ClassVar[float] = 0.6
    shows_reference: ClassVar[bool] = False
    scale: ClassVar[str] = "quality"
    grades: ClassVar[tuple[str, ...]] = _GRADES

    def units(self, study: Study) -> tuple[Unit, ...]:
        return tuple(
            Unit(passage.id, (system,)) for passage in study.passages for system in rated(study)
        )

    def questions(self, study: Study, unit: Unit, language: str) -> tuple[Question, ...]:
        options = tuple(
            (float(index + 1), text(language, f"scale.{self.scale}.{name}"), None)
            for index, name in enumerate(self.grades)
        )
        return (
            Question(
                self.scale,
                text(language, f"scale.{self.scale}.label"),
                input="choice",
                minimum=1.0,
                maximum=float(len(options)),
                step=1.0,
                options=options,
            ),
        )


@kind
class Dcr(Acr):
    """Degradation category rating: a version after its reference, 1 to 5."""

    name: ClassVar[str] = "dcr"
    summary: ClassVar[str] = "a version against its reference, very annoying to inaudible, 1 to 5"
    needs_reference: ClassVar[bool] = True
    scale: ClassVar[str] = "degradation"
    grades: ClassVar[tuple[str, ...]] = (
        "very_annoying",
        "annoying",
        "slightly_annoying",
        "not_annoying",
        "inaudible",
    )


@kind
class Ccr(Kind):
    """Comparison category rating: the second against the first, −3 to +3, order balanced."""

    name: ClassVar[str] = "ccr"
    summary: ClassVar[str] = "the second against the first, −3 to +3, order balanced (P.800)"
    default_order: ClassVar[str] = "latin"
    minutes_per_page: ClassVar[float] = 0.8
    shows_reference: ClassVar[bool] = False
    hides_reference: ClassVar[bool] = True

    def units(self, study: Study) -> tuple[Unit, ...]:
        others = [name for name in rated(study) if name != REFERENCE]
        pairs = (
            [(REFERENCE, name) for name in others]
            if study.has_reference
            else list(combinations(rated(study), 2))
        )
        return tuple(Unit(passage.id, pair) for passage in study.passages for pair in pairs)

    def slots(
        self, study: Study, unit: Unit, order: Sequence[str], draw: random.Random
    ) -> list[Slot]:
        return [Slot("A", order[0]), Slot("B", order[1])]

    def questions(self, study: Study, unit: Unit, language: str) -> tuple[Question, ...]:
        options = tuple(
            (float(index - 3), text(language, f"scale.comparison.{name}"), None)
            for index, name in enumerate(_COMPARED)
        )
        name = text(language, "scale.comparison.label")
        return (Question("comparison", name, "page", "choice", options=options),)

    def rows(self, page: Answered, questions: Sequence[Question]) -> list[Row]:
        """One row a page: the unit's second system against its first, the sign restored."""
        first, second = page.unit.systems
        value = page.ratings.get("comparison")
        shown = {place.slot.label: place for place in page.places}
        place = shown["B"] if shown["B"].slot.system == second else shown["A"]
        if value is not None and place.slot.label == "A":
            value = -value
        return [Row(second, "comparison", value, place, other=first)]


@kind
class Bs1116(Kind):
    """Known reference, blind B and C, of which one is the reference: grades 1.0 to 5.0."""

    name: ClassVar[str] = "bs1116"
    summary: ClassVar[str] = "known reference, blind B and C, one of them the reference (BS.1116-3)"
    default_rules: ClassVar[Rules] = Rules(one_at_maximum=True)
    default_order: ClassVar[str] = "latin"
    minutes_per_page: ClassVar[float] = 1.5
    needs_reference: ClassVar[bool] = True
    hides_reference: ClassVar[bool] = True

    def units(self, study: Study) -> tuple[Unit, ...]:
        return tuple(
            Unit(passage.id, (REFERENCE, name))
            for passage in study.passages
            for name in rated(study)
            if name != REFERENCE
        )

    def slots(
        self, study: Study, unit: Unit, order: Sequence[str], draw: random.Random
    ) -> list[Slot]:
        known = Slot("A", REFERENCE, "reference", "open")
        return [known, Slot("B", order[0]), Slot("C", order[1])]

    def questions(self, study: Study, unit: Unit, language: str) -> tuple[Question, ...]:
        names = ("very_annoying", "annoying", "slightly_annoying", "not_annoying", "inaudible")
        labels = tuple(
            {"value": index + 1, "text": text(language, f"scale.degradation.{name}")}
            for index, name in enumerate(names)
        )
        name = text(language, "scale.degradation.label")
        question = Question("grade", name, minimum=1.0, maximum=5.0, step=0.1, labels=labels)
        return (question,)


@kind
class Rank(Kind):
    """Versions put in order, 1 the best; ranks may not be shared."""

    name: ClassVar[str] = "rank"
    summary: ClassVar[str] = "all versions put in order, 1 the best"

    def questions(self, study: Study, unit: Unit, language: str) -> tuple[Question, ...]:
        count = float(len(unit.systems))
        name = text(language, "scale.rank.label")
        return (Question("rank", name, input="rank", minimum=1.0, maximum=count, step=1.0),)

    def missing(
        self, page: Answered, questions: Sequence[Question], rules: Rules
    ) -> tuple[Missing, ...]:
        found = super().missing(page, questions, rules)
        ranks = [place.ratings.get("rank") for place in page.places]
        given = [rank for rank in ranks if rank is not None]
        if len(set(given)) < len(given):
            return (*found, Missing(None, "rank", "equal_ranks"))
        return found
