"""What a cross-check prints: our value, a library's, their difference, and why they differ.

Three verdicts are harmless: the two are equal to rounding, they differ for a reason that is known,
or one of the two has no value and says why. ``unexplained`` is the fourth, and worth a report.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import lru_cache
from importlib.metadata import version
from typing import Any

SCHEMA = 1


class Judgement(StrEnum):
    """What two values say of each other."""

    EQUAL = "equal"
    KNOWN = "known difference"
    UNDEFINED = "undefined"
    UNEXPLAINED = "unexplained"


@dataclass(frozen=True)
class Opinion:
    """One value by two programs; ``subject`` is the file or the question that it belongs to.

    ``difference`` is ours less theirs, None where one of them is None. ``reason`` says why they
    differ, or why there is none. ``library`` is the package with its version, ``call`` what of it
    was called.
    """

    subject: str
    value: str
    unit: str
    ours: float | None
    theirs: float | None
    difference: float | None
    library: str
    call: str
    verdict: Judgement
    reason: str


@dataclass(frozen=True)
class Closeness:
    """How near two values of one kind are: equal below ``rounding``, explained below ``known``.

    Of p-values the logarithms are compared, else the values; ``relative`` to the larger of the two,
    or in their unit. ``why`` is the known reason; without one nothing but rounding is explained.
    Where the definitions differ by a ``factor``, ours is held against so many times theirs.
    """

    rounding: float
    known: float = 0.0
    why: str = ""
    relative: bool = False
    logarithm: bool = False
    factor: float = 1.0

    def judge(self, ours: float, theirs: float) -> tuple[Judgement, str]:
        """The verdict on two finite values and, unless they are equal, the reason."""
        gap = self._gap(ours, self.factor * theirs)
        if gap <= self.rounding and (self.factor == 1 or ours == theirs):
            return Judgement.EQUAL, ""
        if self.why and gap <= self.known:
            return Judgement.KNOWN, self.why
        return Judgement.UNEXPLAINED, self.why and f"more than this explains: {self.why}"

    def _gap(self, ours: float, theirs: float) -> float:
        if self.logarithm:
            if min(ours, theirs) <= 0:
                return 0.0 if ours == theirs else math.inf
            ours, theirs = math.log(ours), math.log(theirs)
        size = max(abs(ours), abs(theirs), 1.0 if self.logarithm else 0.0)
        apart = abs(ours - theirs)
        return apart / size if (self.relative or self.logarithm) and size else apart


@dataclass(frozen=True)
class Library:
    """The function of a library that gives a value."""

    package: str
    call: str

    @property
    def library(self) -> str:
        """The package with its version."""
        return f"{self.package} {_version(self.package)}"


@dataclass(frozen=True)
class Measured:
    """What is compared, of what, in which unit."""

    subject: str
    name: str
    unit: str = ""


def opinion(
    value: Measured,
    ours: float | None,
    theirs: float | None,
    source: Library,
    closeness: Closeness,
    why_none: str = "",
) -> Opinion:
    """Compare; ``why_none`` says why a value is missing. What is not finite counts as missing."""
    mine, other = (None if one is None or not math.isfinite(one) else one for one in (ours, theirs))
    if mine is None or other is None:
        difference, verdict, reason = None, Judgement.UNDEFINED, why_none or "no value"
    else:
        difference = mine - other
        verdict, reason = closeness.judge(mine, other)
    return Opinion(
        value.subject,
        value.name,
        value.unit,
        mine,
        other,
        difference,
        source.library,
        source.call,
        verdict,
        reason,
    )


def as_json(opinions: Iterable[Opinion]) -> dict[str, Any]:
    """JSON objects: schema 1; what is undefined is null with a reason."""
    return {"schema": SCHEMA, "values": [asdict(one) for one in opinions]}


def reasons(opinions: Sequence[Opinion]) -> Mapping[str, int]:
    """The reasons that occur, numbered from 1 in the order in which they do."""
    found = dict.fromkeys(one.reason for one in opinions if one.reason)
    return {reason: number for number, reason in enumerate(found, start=1)}


def shown(one: Opinion, numbered: Mapping[str, int]) -> tuple[str, ...]:
    """A row of a table: value, ours, theirs, difference, verdict with its reason's number, call."""
    verdict = str(one.verdict)
    if one.reason:
        verdict += f" [{numbered[one.reason]}]"
    name = f"{one.value}, {one.unit}" if one.unit else one.value
    numbers = (_digits(number) for number in (one.ours, one.theirs, one.difference))
    return (name, *numbers, verdict, f"{one.library} {one.call}")


def _digits(number: float | None) -> str:
    return "–" if number is None else f"{number:.6g}"


def unexplained(opinions: Iterable[Opinion]) -> list[Opinion]:
    """Those that differ for no reason that is known."""
    return [one for one in opinions if one.verdict is Judgement.UNEXPLAINED]


@lru_cache
def _version(package: str) -> str:
    return version(package)
