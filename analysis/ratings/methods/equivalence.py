"""Two one-sided tests: whether two systems are as good as each other within a margin.

Schuirmann 1987. The margin is declared before the test, in points of the scale; without one there
is no equivalence, and p > α of a difference never shows it. The interval that lies inside the
margin when both tests reject is that of level 1 - 2α.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from scipy import stats

from ..result.assay import Assay, Withheld
from ..result.names import Adjust, Verdict
from ..result.tests import Equivalence, PairTest, Tost
from .multiplicity import adjusted
from .paired import PairDifference


def tost(difference: float, error: float, df: float, margin: float, alpha: float) -> Tost:
    """Test that a difference with standard error and df lies within ± ``margin``.

    The p is of one pair: over several pairs it is to be adjusted, as that of differences is.
    ``alpha`` sets the level of the interval.

    Raises:
        ValueError: for a margin that is not positive.
    """
    if margin <= 0:
        raise ValueError("an equivalence margin is positive")
    if error <= 0:
        p, low, high = 0.0 if abs(difference) < margin else 1.0, difference, difference
        return Tost(margin=margin, p=p, low=low, high=high)
    above = float(stats.t.sf((difference + margin) / error, df))
    below = float(stats.t.cdf((difference - margin) / error, df))
    half = float(stats.t.isf(alpha, df)) * error
    return Tost(
        margin=margin,
        p=max(above, below),
        low=difference - half,
        high=difference + half,
    )


def verdict(
    difference: float | None,
    *,
    rejected: bool | None,
    equivalent: bool | None,
    names: tuple[str, str],
) -> str:
    """What a pair shows, in one word: the better system's name, ``equivalent``, ``inconclusive``.

    A difference that is both significant and within the margin is ``equivalent``: the margin
    says which differences matter.
    """
    if equivalent:
        return Verdict.EQUIVALENT
    if rejected and difference:
        return f"{names[0] if difference > 0 else names[1]} {Verdict.BETTER}"
    return Verdict.INCONCLUSIVE


class JudgedPair(Protocol):
    """What a claim asks of a pair in the analysis with everyone."""

    @property
    def group1(self) -> str: ...

    @property
    def group2(self) -> str: ...

    @property
    def reject(self) -> bool | None: ...

    @property
    def equivalence(self) -> Equivalence | None: ...


class JudgedByEveryone(Protocol):
    """The analysis with the excluded listeners too: its pairs, and what they could hear."""

    @property
    def assay(self) -> Assay | None: ...

    @property
    def pairs(self) -> Sequence[JudgedPair]: ...


@dataclass(frozen=True)
class Grounds:
    """What a claim of equivalence needs beside its own test.

    ``assay`` tells whether the listeners could hear a difference. ``everyone`` is the analysis with
    the excluded listeners, None where nobody is excluded: a rule that keeps those who told versions
    apart makes listeners look sharp who hear nothing. ``at_an_end`` are systems whose ratings
    mostly stand at an end of the scale, beyond which nothing can be told.
    """

    assay: Assay | None = None
    everyone: JudgedByEveryone | None = None
    at_an_end: frozenset[str] = frozenset()


def claims(
    tests: Sequence[PairTest],
    estimates: Sequence[PairDifference | None],
    grounds: Grounds | Sequence[Grounds],
    *,
    margin: float | None,
    adjust: Adjust,
    alpha: float,
) -> list[Equivalence | None]:
    """The test of equivalence of each pair with its ``estimates``; None where there is no test.

    The pairs are a family of their own beside that of their differences: with K systems, up to
    K²/4 pairs can lie at the margin. ``grounds`` are those of all pairs, or of each.
    """
    each = [grounds] * len(tests) if isinstance(grounds, Grounds) else grounds
    found = [_of_estimate(one, margin, alpha) for one in estimates]
    p_adj = adjusted([None if one is None else one.p for one in found], adjust)
    return [
        None if one is None or p is None else _claim(test, one, p, alpha, ground)
        for test, one, p, ground in zip(tests, found, p_adj, each, strict=True)
    ]


def _claim(
    test: PairTest, found: Tost, p_adj: float, alpha: float, grounds: Grounds
) -> Equivalence:
    within = p_adj < alpha
    why = _withheld(test, found, grounds) if within else None
    return Equivalence(
        **found.given(),
        p_adj=p_adj,
        within=within,
        withheld=why,
        equivalent=within and why is None,
    )


def _withheld(test: PairTest, found: Tost, grounds: Grounds) -> Withheld | None:
    if {test.group1, test.group2} & grounds.at_an_end:
        return Withheld.AT_AN_END
    if found.low == found.high:
        return Withheld.NO_SPREAD
    # A pair that is decided to differ has shown itself that the difference was heard.
    if not (test.reject or (grounds.assay is not None and grounds.assay.sensitive)):
        return Withheld.NOT_SENSITIVE
    return None if _with_everyone(test, grounds.everyone) else Withheld.NOT_WITH_EVERYONE


def _of_estimate(
    estimate: PairDifference | None, margin: float | None, alpha: float
) -> Tost | None:
    if margin is None or estimate is None or estimate.error is None or estimate.df is None:
        return None
    return tost(estimate.difference or 0.0, estimate.error, estimate.df, margin, alpha)


def _with_everyone(test: PairTest, everyone: JudgedByEveryone | None) -> bool:
    if everyone is None:
        return True
    sharp = everyone.assay is not None and everyone.assay.sensitive
    names = (test.group1, test.group2)
    return any(
        bool(pair.equivalence and pair.equivalence.within) and (sharp or bool(pair.reject))
        for pair in everyone.pairs
        if (pair.group1, pair.group2) == names
    )
