"""What simulated listeners answer is allowed by the question, and follows the systems' worth."""

from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.listening_test.kinds import PageItem, Question, kinds
from earmark.listening_test.kinds.simulation import compared, graded, on_the_whole
from earmark.listening_test.study.orders import generator

POINTS = st.floats(0, 100)
QUESTIONS = (
    Question("q", "on a scale"),
    Question("q", "in steps", minimum=1.0, maximum=5.0, step=0.1),
    Question("q", "in words", input="choice", minimum=1.0, maximum=5.0, step=1.0,
             options=tuple((float(one), str(one), None) for one in range(1, 6))),
    Question("q", "of pairs", per="page", input="choice",
             options=((0.0, "A", "A"), (50.0, "none", None), (100.0, "B", "B"))),
    Question("q", "of seven", per="page", input="choice",
             options=tuple((float(one), str(one), None) for one in range(-3, 4))),
)  # fmt: skip


@dataclass(frozen=True)
class Certain:
    """Feels of a system what it is worth."""

    worths: Mapping[str, float]

    def __call__(self, system: str) -> float:
        return self.worths[system]

    def worth(self, system: str) -> float:
        return self.worths[system]


def page(first: float, second: float) -> tuple[dict[str, PageItem], Certain]:
    slots = {"A": PageItem("A", "one"), "B": PageItem("B", "other")}
    return slots, Certain({"one": first, "other": second})


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda one: one.name)
@given(first=POINTS, second=POINTS)
def test_an_answer_is_one_that_the_question_allows(
    question: Question, first: float, second: float
) -> None:
    slots, felt = page(first, second)
    assert question.allows(on_the_whole(slots, question, felt))
    if question.per == "page":
        assert question.allows(compared(slots, question, felt))
    if question.input == "scale":
        values = graded(question, [first, second], one_at_maximum=False)
        assert all(question.allows(one) for one in values)


@given(worths=st.lists(POINTS, min_size=1, max_size=8, unique=True))
def test_grades_follow_what_is_felt_and_ranks_are_each_given_once(worths: list[float]) -> None:
    best_first = sorted(range(len(worths)), key=lambda at: -worths[at])
    grades = graded(Question("q", "q"), worths, one_at_maximum=False)
    assert [grades[at] for at in best_first] == sorted(grades, reverse=True)
    ranks = graded(Question("r", "r", input="rank"), worths, one_at_maximum=False)
    assert [ranks[at] for at in best_first] == [1.0 + at for at in range(len(worths))]


@given(worths=st.lists(POINTS, min_size=1, max_size=8))
def test_one_is_at_the_maximum_where_the_rule_asks_for_it(worths: list[float]) -> None:
    question = Question("q", "q", minimum=1.0, maximum=5.0, step=0.1)
    grades = graded(question, worths, one_at_maximum=True)
    assert 5.0 in grades
    assert worths[grades.index(5.0)] == pytest.approx(max(worths), abs=2.5)


@given(first=POINTS, second=POINTS)
def test_the_better_one_is_preferred(first: float, second: float) -> None:
    slots, felt = page(first, second)
    for question in (Question("q", "q", "page"), *QUESTIONS[3:]):
        middle = 50.0 if question.maximum in {one[0] for one in question.options} else 0.0
        middle = middle if question.options else 50.0
        turned = {"A": slots["B"], "B": slots["A"]}
        if second > first + 10:
            assert compared(slots, question, felt) > middle > compared(turned, question, felt)


def test_abx_is_right_the_more_often_the_further_the_systems_lie_apart() -> None:
    one, draw = kinds()["abx"], generator("abx")
    question = Question("same", "q", "page", "choice")

    def right(far: float) -> int:
        slots, felt = page(40.0, 40.0 + far)
        slots["X"] = PageItem("X", "other", copy="open")
        return sum(one.simulated(slots, question, felt, draw) == 100.0 for _ in range(400))

    near, middle, wide = (right(far) for far in (0.0, 15.0, 60.0))
    assert 150 < near < 250
    assert near < middle < wide < 400
