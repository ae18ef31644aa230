"""Two versions at a time: preference (AB), all or a balanced part of all pairs, and ABX."""

import random
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import ClassVar

from ..study.orders import balanced_pairs
from ..study.study import REFERENCE, Study
from ..study.texts import text
from .contract import Kind, kind, opens, rated
from .for_analysis import ExportRow, ForAnalysis, Value, Values, given, place_of_pair
from .pages import Answered, PageItem, Question, Row, Rules, Unit
from .simulation import Felt, compared

QUESTION = "preference"
FIRST, NONE, SECOND = 0.0, 50.0, 100.0


def preferences(rows: Sequence[ExportRow]) -> Values:
    """A win, a loss or half each for the two systems of every page."""
    made, graded = [], 0
    for row in rows:
        said = given(row)
        mine, others = None, None
        if said is not None:
            graded += said not in (FIRST, NONE, SECOND)
            mine = 1.0 if said > NONE else 0.0 if said < NONE else 0.5
            others = 1.0 - mine
        first = place_of_pair(row)
        second = {"1": "2", "2": "1"}.get(first, "")
        made.append(Value(row, mine, position=first))
        # The export says only of the first how long it was heard.
        made.append(Value(row, others, row.other, position=second, heard=False))
    if not graded:
        return made, []
    return made, [f"{graded} answers say how strongly; the analysis uses which was preferred."]


def right_or_wrong(rows: Sequence[ExportRow]) -> Values:
    """1 for a right answer, 0 for a wrong one, about both systems of a page.

    The position is which of the two X was.
    """
    made = []
    for row in rows:
        said = given(row)
        both = f"{row.system} / {row.other}"
        made.append(Value(row, None if said is None else said / 100, both, position=_x(row, said)))
    return made, []


def _x(row: ExportRow, said: float | None) -> str:
    """Which of a page's two systems X was, 1 for the first named; '' where the row does not say."""
    if said is None or row.answer not in (row.system, row.other):
        return ""
    return "1" if (row.answer == row.system) == (said > NONE) else "2"


@kind
class Ab(Kind):
    """Which of two is better; forced, or with no preference, or how strongly."""

    name: ClassVar[str] = "ab"
    summary: ClassVar[str] = "preference between two versions, every pair of systems"
    default_order: ClassVar[str] = "latin"
    minutes_per_page: ClassVar[float] = 1.0
    for_analysis: ClassVar[ForAnalysis] = ForAnalysis(preferences, meets_others=True)
    view: ClassVar[str] = "pair"
    may_crossfade: ClassVar[bool] = True

    def units(self, study: Study) -> tuple[Unit, ...]:
        return tuple(
            Unit(passage.id, pair)
            for passage in study.passages
            for pair in self.pairs(study, rated(study))
        )

    def pairs(self, study: Study, systems: Sequence[str]) -> list[tuple[str, str]]:
        """The pairs that pages are made of."""
        said = study.test.pairs
        if not isinstance(said, str):
            return [(one, two) for one, two in said if {one, two} <= set(systems)]
        return list(combinations(systems, 2))

    def slots(
        self, study: Study, unit: Unit, order: Sequence[str], draw: random.Random
    ) -> list[PageItem]:
        reference = [PageItem("R", REFERENCE, "reference", "open")] if opens(self, study) else []
        return [*reference, PageItem("A", order[0]), PageItem("B", order[1])]

    def questions(self, study: Study, unit: Unit, language: str) -> tuple[Question, ...]:
        name = text(language, "scale.preference.label")
        if study.test.strength:
            left, right = text(language, "scale.ab.left"), text(language, "scale.ab.right")
            return (Question(QUESTION, name, "page", left=left, right=right),)
        none = () if study.test.forced else ((NONE, text(language, "scale.ab.none"), None),)
        options = ((FIRST, "A", "A"), *none, (SECOND, "B", "B"))
        return (Question(QUESTION, name, "page", "choice", options=options),)

    def simulated(
        self, page: Mapping[str, PageItem], question: Question, felt: Felt, draw: random.Random
    ) -> float:
        return compared(page, question, felt)

    def rows(self, page: Answered, questions: Sequence[Question]) -> list[Row]:
        """One row a page: how far the pair's first system is preferred to the second, 0 to 100."""
        value = page.ratings.get(QUESTION)
        first, second = page.unit.systems
        shown = {place.slot.label: place for place in page.places}
        place = shown["A"] if shown["A"].slot.system == first else shown["B"]
        if value is not None and place.slot.label == "A":
            value = 100.0 - value
        return [Row(first, QUESTION, value, place, other=second)]


@kind
class Pairwise(Ab):
    """Preference in pairs, of all systems or a balanced part of the pairs."""

    name: ClassVar[str] = "pairwise"
    summary: ClassVar[str] = "preference between pairs: all of them, or a balanced part"

    def pairs(self, study: Study, systems: Sequence[str]) -> list[tuple[str, str]]:
        if study.test.pairs == "balanced":
            return balanced_pairs(systems)
        return super().pairs(study, systems)


@kind
class Abx(Ab):
    """Is X the same as A or as B? X is drawn on the server and is a file of its own."""

    name: ClassVar[str] = "abx"
    summary: ClassVar[str] = "is X the same as A, or as B?"
    shows_reference: ClassVar[bool] = False
    may_crossfade: ClassVar[bool] = False
    for_analysis: ClassVar[ForAnalysis] = ForAnalysis(
        right_or_wrong, reference_is_baseline=False, right_or_wrong=True
    )
    draws_hidden_copy: ClassVar[bool] = True
    default_rules: ClassVar[Rules] = Rules()

    def slots(
        self, study: Study, unit: Unit, order: Sequence[str], draw: random.Random
    ) -> list[PageItem]:
        hidden = draw.choice(sorted(unit.systems))
        return [
            PageItem("A", order[0]),
            PageItem("B", order[1]),
            PageItem("X", hidden, copy="open"),
        ]

    def questions(self, study: Study, unit: Unit, language: str) -> tuple[Question, ...]:
        name = text(language, "scale.abx.label")
        options = ((FIRST, "X = A", "A"), (SECOND, "X = B", "B"))
        return (Question("same", name, "page", "choice", options=options),)

    def simulated(
        self, page: Mapping[str, PageItem], question: Question, felt: Felt, draw: random.Random
    ) -> float:
        """Right the more often, the further the two lie apart."""
        truth = FIRST if page["X"].system == page["A"].system else SECOND
        far = abs(felt.worth(page["A"].system) - felt.worth(page["B"].system))
        sure = min(0.5 + far / 60, 0.97)
        return truth if draw.random() < sure else SECOND - truth

    def rows(self, page: Answered, questions: Sequence[Question]) -> list[Row]:
        """One row a page: 100 for a right answer, 0 for a wrong one."""
        said = page.ratings.get("same")
        shown = {place.slot.label: place for place in page.places}
        first, second = page.unit.systems
        if said is None:
            return [Row(first, "same", None, shown["X"], other=second)]
        chosen = shown["A" if said == FIRST else "B"].slot.system
        value = 100.0 if chosen == shown["X"].slot.system else 0.0
        return [Row(first, "same", value, shown["X"], other=second, answer=chosen)]
