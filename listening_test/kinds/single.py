"""One version at a time: absolute, degradation and comparison categories (P.800), and BS.1116."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations, groupby
from typing import ClassVar

from ..study.study import REFERENCE, Study
from ..study.texts import text
from .contract import Kind, kind, rated
from .for_analysis import ExportRow, ForAnalysis, Range, Value, Values, given, place_of_pair
from .pages import Answered, Missing, PageItem, Question, Row, Rules, Unit
from .simulation import Felt, compared

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
    least_systems: ClassVar[int] = 1
    for_analysis: ClassVar[ForAnalysis] = ForAnalysis(scale=(1.0, 5.0, "ACR"))
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
    for_analysis: ClassVar[ForAnalysis] = replace(
        Acr.for_analysis, scale=(1.0, 5.0, "DCR"), held_against=True
    )
    scale: ClassVar[str] = "degradation"
    grades: ClassVar[tuple[str, ...]] = (
        "very_annoying",
        "annoying",
        "slightly_annoying",
        "not_annoying",
        "inaudible",
    )


def comparisons(rows: Sequence[ExportRow]) -> Values:
    """The value against the reference as it is; among systems, each one's mean over the others."""
    if len({row.other for row in rows}) == 1:
        against = rows[0]["other"]
        made = [Value(row, row.value or None, position=place_of_pair(row)) for row in rows]
        return made, [f"Values compare each system with {against!r}; 0 is no difference."]
    values: dict[tuple[str, ...], list[float]] = {}
    first: dict[tuple[str, ...], tuple[str, ExportRow]] = {}
    for row in rows:
        for system, sign in ((row.system, 1), (row.other, -1)):
            cell = (row.session, row.passage, system, row.question, row.repeat)
            first.setdefault(cell, (system, row))
            said = given(row)
            if said is not None:
                values.setdefault(cell, []).append(sign * said)
    made = []
    for key, (system, row) in first.items():
        mine = values.get(key, [])
        mean = sum(mine) / len(mine) if mine else None
        made.append(Value(row, mean, system, position="", heard=False))
    return made, ["Values are each system's mean comparison with the others of its passage."]


@kind
class Ccr(Kind):
    """Comparison category rating: the second against the first, −3 to +3, order balanced."""

    name: ClassVar[str] = "ccr"
    summary: ClassVar[str] = "the second against the first, −3 to +3, order balanced (P.800)"
    default_order: ClassVar[str] = "latin"
    minutes_per_page: ClassVar[float] = 0.8
    for_analysis: ClassVar[ForAnalysis] = ForAnalysis(comparisons, (-3.0, 3.0, "CCR"))
    view: ClassVar[str] = "pair"
    least_systems: ClassVar[int] = 1
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
    ) -> list[PageItem]:
        return [PageItem("A", order[0]), PageItem("B", order[1])]

    def questions(self, study: Study, unit: Unit, language: str) -> tuple[Question, ...]:
        options = tuple(
            (float(index - 3), text(language, f"scale.comparison.{name}"), None)
            for index, name in enumerate(_COMPARED)
        )
        name = text(language, "scale.comparison.label")
        return (Question("comparison", name, "page", "choice", options=options),)

    def simulated(
        self, page: Mapping[str, PageItem], question: Question, felt: Felt, draw: random.Random
    ) -> float:
        return compared(page, question, felt)

    def rows(self, page: Answered, questions: Sequence[Question]) -> list[Row]:
        """One row a page: the unit's second system against its first, the sign restored."""
        first, second = page.unit.systems
        value = page.ratings.get("comparison")
        shown = {place.slot.label: place for place in page.places}
        place = shown["B"] if shown["B"].slot.system == second else shown["A"]
        if value is not None and place.slot.label == "A":
            value = -value
        return [Row(second, "comparison", value, place, other=first)]


def difference_grades(rows: Sequence[ExportRow]) -> Values:
    """The grade of the system less that of the hidden reference on the same page (BS.1116-3)."""
    made = []
    for _, page in groupby(rows, key=lambda row: (row.session, row.page)):
        both = {row.role == "reference": row for row in page}
        if len(both) < 2:
            continue
        hidden, mine = given(both[True]), given(both[False])
        grade = None if hidden is None or mine is None else round(mine - hidden, 6)
        made.append(Value(both[False], grade))
    return made, ["Values are difference grades: the system's less the hidden reference's."]


@kind
class Bs1116(Kind):
    """Known reference, blind B and C, of which one is the reference: grades 1.0 to 5.0."""

    name: ClassVar[str] = "bs1116"
    summary: ClassVar[str] = "known reference, blind B and C, one of them the reference (BS.1116-3)"
    default_rules: ClassVar[Rules] = Rules(one_at_maximum=True)
    default_order: ClassVar[str] = "latin"
    minutes_per_page: ClassVar[float] = 1.5
    for_analysis: ClassVar[ForAnalysis] = ForAnalysis(
        difference_grades,
        (-4.0, 4.0, "BS.1116 difference grade"),
        reference_is_baseline=False,
    )
    least_systems: ClassVar[int] = 1
    fade_ms: ClassVar[float] = 5.0
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
    ) -> list[PageItem]:
        known = PageItem("A", REFERENCE, "reference", "open")
        return [known, PageItem("B", order[0]), PageItem("C", order[1])]

    def questions(self, study: Study, unit: Unit, language: str) -> tuple[Question, ...]:
        names = ("very_annoying", "annoying", "slightly_annoying", "not_annoying", "inaudible")
        labels = tuple(
            {"value": index + 1, "text": text(language, f"scale.degradation.{name}")}
            for index, name in enumerate(names)
        )
        name = text(language, "scale.degradation.label")
        question = Question("grade", name, minimum=1.0, maximum=5.0, step=0.1, labels=labels)
        return (question,)


def turned_ranks(rows: Sequence[ExportRow]) -> Values:
    """Ranks turned round: 1 is worst."""
    top = _most_on_a_page(rows) + 1
    made = []
    for row in rows:
        rank = given(row)
        made.append(Value(row, None if rank is None else top - rank))
    return made, [f"Ranks are turned round, so that {top - 1} is best and 1 is worst."]


def rank_range(rows: Sequence[ExportRow]) -> Range:
    """As many ranks as the largest page has versions."""
    most = _most_on_a_page(rows)
    return 1.0, float(max(most, 2)), f"ranks turned round, {most} is best"


def _most_on_a_page(rows: Sequence[ExportRow]) -> int:
    return max(Counter((row.session, row.page) for row in rows).values())


@kind
class Rank(Kind):
    """Versions put in order, 1 the best; ranks may not be shared."""

    name: ClassVar[str] = "rank"
    summary: ClassVar[str] = "all versions put in order, 1 the best"
    for_analysis: ClassVar[ForAnalysis] = ForAnalysis(turned_ranks, rank_range)

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
