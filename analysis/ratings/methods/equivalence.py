"""Two one-sided tests: whether two systems are as good as each other within a margin.

Schuirmann 1987. The margin is declared before the test, in points of the scale; without one there
is no equivalence, and p > α of a difference never shows it. The interval that lies inside the
margin when both tests reject is that of level 1 - 2α.
"""

from dataclasses import dataclass

from scipy import stats


@dataclass(frozen=True)
class Equivalence:
    """The larger of the two one-sided p-values and the interval of level 1 - 2α."""

    margin: float
    p: float
    low: float
    high: float

    def holds(self, alpha: float) -> bool:
        """Whether the difference is within the margin at ``alpha``."""
        return self.p < alpha


def tost(difference: float, error: float, df: float, margin: float, alpha: float) -> Equivalence:
    """Test that a difference with standard error and df lies within ± ``margin``.

    Raises:
        ValueError: for a margin that is not positive.
    """
    if margin <= 0:
        raise ValueError("an equivalence margin is positive")
    if error <= 0:
        inside = abs(difference) < margin
        return Equivalence(margin, 0.0 if inside else 1.0, difference, difference)
    above = float(stats.t.sf((difference + margin) / error, df))
    below = float(stats.t.cdf((difference - margin) / error, df))
    half = float(stats.t.isf(alpha, df)) * error
    return Equivalence(margin, max(above, below), difference - half, difference + half)


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
        return "equivalent"
    if rejected and difference:
        return f"{names[0] if difference > 0 else names[1]} better"
    return "inconclusive"
