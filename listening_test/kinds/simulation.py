"""How simulated listeners answer: grades of single versions, and comparisons of two."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from .pages import PageItem, Question


class Felt(Protocol):
    """What a simulated listener thinks of systems, in points of 100."""

    def __call__(self, system: str) -> float:
        """This time: taste, bias and noise are drawn anew at every call."""
        ...

    def worth(self, system: str) -> float:
        """What everybody hears in it."""
        ...


def graded(question: Question, felt: Sequence[float], *, one_at_maximum: bool) -> list[float]:
    """An answer for each version, from what was felt of it; ranks put the most liked first."""
    low, high, step = question.minimum, question.maximum, question.step
    if question.input == "rank":
        order = sorted(range(len(felt)), key=lambda index: -felt[index])
        return [float(order.index(index) + 1) for index in range(len(felt))]
    values = [low + (high - low) * one / 100 for one in felt]
    values = [round(low + round((v - low) / step) * step, 6) if step else v for v in values]
    if one_at_maximum and high not in values:
        values[values.index(max(values))] = high
    return [round(value, 2) for value in values]


def on_the_whole(page: Mapping[str, PageItem], question: Question, felt: Felt) -> float:
    """An answer about a page from what is felt of its versions together."""
    own = [felt(slot.system) for slot in page.values() if slot.shown == "stimulus"]
    wanted = question.minimum + (question.maximum - question.minimum) * sum(own) / len(own) / 100
    if question.options:
        return min((option[0] for option in question.options), key=lambda one: abs(one - wanted))
    step = question.step
    value = question.minimum + round((wanted - question.minimum) / step) * step if step else wanted
    return round(value, 6 if step else 2)


def compared(page: Mapping[str, PageItem], question: Question, felt: Felt) -> float:
    """How far the place B is liked better than the place A, on the question's scale."""
    more = felt(page["B"].system) - felt(page["A"].system)
    options = [option[0] for option in question.options]
    if not options:
        return round(min(max(50 + more, 0.0), 100.0), 2)
    reach = (max(options) - min(options)) / 2
    middle = (max(options) + min(options)) / 2
    wanted = middle + (more / 25 if len(options) > 3 else more * 10) * min(reach / 2, 5)
    return float(min(options, key=lambda value: abs(value - wanted)))
