"""What a standard asks of a listening test, item by item, and whether a study meets it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["met", "not met", "needs people"]


@dataclass(frozen=True)
class ConformanceItem:
    """One requirement, whether it is met, and why."""

    id: str
    requirement: str
    verdict: Verdict
    note: str


def conformant(items: Sequence[ConformanceItem]) -> bool:
    """Whether every item that software can meet is met."""
    return all(item.verdict != "not met" for item in items)
