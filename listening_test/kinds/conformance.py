"""What a standard asks of a listening test, item by item, and whether a study meets it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["met", "not met", "needs people", "not applicable"]


@dataclass(frozen=True)
class ConformanceItem:
    """One requirement, whether it is met, and what was measured.

    What was not measured ``needs people``; it is never called met.
    """

    id: str
    requirement: str
    verdict: Verdict
    note: str


def closing(standard: str, items: Sequence[ConformanceItem]) -> str:
    """The line at the end of a report; it names what fails, or what people have to see to."""
    name = standard or "The standard"
    failing = [item.id for item in items if item.verdict == "not met"]
    people = [item.id for item in items if item.verdict == "needs people"]
    left = f" These need people: {', '.join(people)}." if people else ""
    if failing:
        return f"{name} is not met: {', '.join(failing)}.{left}"
    return f"{name}: everything that was measured is met.{left}"


def conformant(items: Sequence[ConformanceItem]) -> bool:
    """Whether no item is known to be unmet; those that need people are left to them."""
    return all(item.verdict != "not met" for item in items)
