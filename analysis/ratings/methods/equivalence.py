"""Two one-sided tests: whether two systems are as good as each other within a margin.

Schuirmann 1987. The margin is declared before the test, in points of the scale; without one there
is no equivalence, and p > α of a difference never shows it. The interval that lies inside the
margin when both tests reject is that of level 1 - 2α.
"""

from scipy import stats

from ..result.names import Verdict
from ..result.tests import Tost


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
