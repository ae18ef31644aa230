"""Paired comparisons of systems over songs, whose intervals hold for all of them at once.

The song is the unit: each comparison is of the differences that the songs gave. An interval is
``mean ± c · sd / √n`` with one c for the whole family, the larger of two:

- Bonferroni's t over the family (Dunn 1961), which holds simultaneously for normal differences
  whatever the true ones are;
- the .95 quantile of the largest t of the family where whole songs change sign (Westfall & Young
  1993; Romano & Wolf 2005): equal systems give each sign the same chance, so that a false
  difference anywhere in the family has at most the chance .05, whatever the distribution of values.

A difference is claimed where its interval leaves zero out. With five songs or fewer even a
difference of one sign in every song has a chance of 1 in 16 among equal systems: nothing can be
claimed at .05, and there are no intervals.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import stats

LEAST_SONGS = 6
ALPHA = 0.05
# Sign changes that are tried: all of them up to 13 songs, else as many by chance.
FLIPS = 4096
# What rounding of float32 audio leaves of equal values, relative to them, and of zeros.
_ROUNDING = 1e-6
_NOTHING = 1e-9

Floats = npt.NDArray[np.float64]
Pair = tuple[int, int]


@dataclass(frozen=True)
class Difference:
    """The first of two less the second over the songs that have both.

    ``low`` and ``high`` bound the mean, simultaneously for the family; ``p`` is adjusted for it.
    All three are None where the songs allow no claim. ``below`` and ``above`` count the songs
    in which the first has the smaller and the larger value.
    """

    songs: int
    mean: float | None = None
    sd: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    below: int = 0
    above: int = 0

    @property
    def sign(self) -> int:
        """-1 where the first is told to lie below the second, 1 above, 0 not told apart."""
        if self.low is None or self.high is None:
            return 0
        return -1 if self.high < 0 else 1 if self.low > 0 else 0

    def turned(self) -> "Difference":
        """The second less the first."""
        return Difference(
            self.songs,
            _minus(self.mean),
            self.sd,
            _minus(self.high),
            _minus(self.low),
            self.p,
            self.above,
            self.below,
        )


@dataclass(frozen=True)
class Family:
    """Comparisons that were made together, in the order of their pairs.

    ``critical`` is c of the first pair and all with its songs; None where no claim is possible.
    """

    critical: float | None
    differences: tuple[Difference, ...]


def compare(values: Floats, pairs: Sequence[Pair], seed: int) -> Family:
    """Every pair of columns of ``values`` ``(songs, systems)``, NaN where there is none.

    Pairs that have the same songs are tested together, at their share of the error: the songs that
    one lacks change nothing for the others.
    """
    if not pairs:
        return Family(None, ())
    first, second = np.array(pairs).T
    d = rounded_differences(values[:, first], values[:, second])
    found: list[Difference | None] = [None] * len(pairs)
    critical = None
    for at, group in enumerate(_groups(np.isfinite(d))):
        part = d[:, group]
        part = part[np.isfinite(part[:, 0])]
        tests = _tests(part, len(group), len(pairs), seed)
        critical = tests.critical if at == 0 else critical
        for place, one in zip(group, _differences(part, tests), strict=True):
            found[place] = one
    return Family(critical, tuple(one for one in found if one is not None))


def _groups(known: npt.NDArray[np.bool_]) -> list[list[int]]:
    """Pairs by the songs they have ``(songs, pairs)``, beginning with those of the first."""
    alike: dict[bytes, list[int]] = {}
    for at in range(known.shape[1]):
        alike.setdefault(known[:, at].tobytes(), []).append(at)
    return list(alike.values())


def rounded_differences(first: Floats, second: Floats) -> Floats:
    """``first - second``; zero where no more than rounding tells the two apart."""
    d: Floats = first - second
    size = np.maximum(np.abs(first), np.abs(second))
    with np.errstate(invalid="ignore"):
        same = np.abs(d) <= np.maximum(_NOTHING, _ROUNDING * size)
    return np.where(same, 0.0, d)


def own_order(values: Floats) -> npt.NDArray[np.intp]:
    """Songs, the rows of ``values``, sorted by what they are like, whatever songs or columns are
    called: so no draw of songs depends on a name."""
    rows = np.sort(np.abs(values), axis=1)
    return np.lexsort((values.sum(axis=1), *rows.T))


@dataclass(frozen=True)
class _Tests:
    """Statistics of a group of pairs with the same songs; ``p`` and ``t`` are ``(pairs,)``."""

    t: Floats
    p: Floats | None
    critical: float | None


def _tests(d: Floats, group: int, family: int, seed: int) -> _Tests:
    n = len(d)
    squares = (d**2).sum(axis=0)
    unit = np.divide(d, np.sqrt(n * squares), out=np.zeros_like(d), where=squares > 0)
    if n < LEAST_SONGS:
        return _Tests(np.zeros(d.shape[1]), None, None)
    # The square of t rises with that of the sum over songs, as signs leave the squares alone.
    observed = unit.sum(axis=0) ** 2
    largest = np.sort(((_signs(n, seed) @ unit[own_order(unit)]) ** 2).max(axis=1))
    allowed = math.floor(ALPHA * group / family * len(largest) + 1e-9)
    reached = largest[len(largest) - 1 - allowed]
    by_signs = (len(largest) - np.searchsorted(largest, observed - 1e-9)) / len(largest)
    t = _t(observed, n)
    by_t = 2 * stats.t.sf(t, n - 1) * family
    p = np.minimum(1.0, np.maximum(by_signs * family / group, by_t))
    critical = max(float(_t(np.array([reached]), n)[0]), bonferroni_t(n, family))
    return _Tests(t, np.where(squares > 0, p, 1.0), critical)


def bonferroni_t(songs: int, family: int) -> float:
    """The t that ``family`` comparisons over ``songs`` exceed with a chance of at most .05."""
    return float(stats.t.isf(ALPHA / (2 * family), songs - 1))


def _t(ratio: Floats, n: int) -> Floats:
    """|t| of the share of the squares that the mean takes up; infinite at a share of 1."""
    with np.errstate(divide="ignore"):
        found: Floats = np.sqrt((n - 1) * ratio / np.where(ratio > 1 - 1e-12, 0.0, 1 - ratio))
    return found


def _differences(d: Floats, tests: _Tests) -> list[Difference]:
    n, count = d.shape
    if not n:
        return [Difference(0)] * count
    means = d.mean(axis=0).tolist()
    sds = d.std(axis=0, ddof=1).tolist() if n > 1 else [None] * count
    below, above = (d < 0).sum(axis=0).tolist(), (d > 0).sum(axis=0).tolist()
    critical, p = tests.critical, tests.p
    if critical is None or p is None or not math.isfinite(critical):
        rows = zip(means, sds, below, above, strict=True)
        return [Difference(n, mean, sd, below=b, above=a) for mean, sd, b, a in rows]
    # Of differences that are all alike nothing but rounding is left of the error.
    half = critical * np.where(np.isinf(tests.t), 0.0, d.std(axis=0, ddof=1)) / math.sqrt(n)
    told = p <= ALPHA
    # Where t and c are one number, rounding must not decide on which side of zero an end lies.
    lows = np.where(told, means - half, np.minimum(means - half, 0.0))
    highs = np.where(told, means + half, np.maximum(means + half, 0.0))
    columns = (means, sds, lows.tolist(), highs.tolist(), p.tolist(), below, above)
    return [Difference(n, *row) for row in zip(*columns, strict=True)]


def _minus(value: float | None) -> float | None:
    return None if value is None else 0.0 - value


@lru_cache(maxsize=4)
def _signs(n: int, seed: int) -> Floats:
    """Signs of songs ``(flips, n)``: first all plus; of each and its opposite only one."""
    if 2 ** (n - 1) <= FLIPS:
        numbers = np.arange(2 ** (n - 1))
        minus = (numbers[:, None] >> np.arange(n)) & 1
    else:
        minus = np.random.default_rng([seed, n]).integers(0, 2, size=(FLIPS, n))
        minus[0] = 0
    signs: Floats = (1 - 2 * minus).astype(np.float64)
    signs.setflags(write=False)
    return signs
