"""Permutation within listeners: exact under the null that a listener's systems are exchangeable.

The unit is the listener's mean of each system over the passages, so that a listener who likes one
system on every passage counts once. The statistic is the spread of the system means; where all
arrangements are few they are all counted, else 9999 are drawn and p = (1 + exceeding)/(1 + drawn)
(Phipson & Smyth 2010). A pair flips the signs of the listeners' differences.
"""

import itertools
import math

import numpy as np

from ..reading.table import Floats
from ..result.names import Distribution, Method
from ..result.notes import CountCode, NoteCode, OfCount
from ..result.p_values import all_pairs, no_test, omnibus
from ..result.tests import Comparison, Omnibus

DRAWS = 9999
_EXACT = 20_000
_CHUNK = 2_000_000
_NAME = (Method.PERMUTATION, "SS")


def permutation_test(table: Floats, seed: int) -> Omnibus:
    """Test that the columns of complete ``table`` (listeners, systems) are alike."""
    n, k = table.shape
    if n < 2 or k < 2:
        return no_test(*_NAME, NoteCode.FEW_LISTENERS_OR_SYSTEMS)
    centred = table - table.mean(axis=1, keepdims=True)
    observed = _spread(centred.sum(axis=0)[None])[0] / n**2
    arrangements = math.factorial(k) ** (n - 1)
    # Two arrangements that differ by rounding alone count as equal.
    floor = observed * (1 - 1e-9)
    if arrangements <= _EXACT:
        exceeding = int((_all(centred) / n**2 >= floor).sum())
        p = exceeding / arrangements
        note = OfCount(code=CountCode.ALL_ARRANGEMENTS, count=arrangements)
    else:
        generator = np.random.default_rng([seed, n, k])
        exceeding, left = 0, DRAWS
        while left:
            size = min(left, max(1, _CHUNK // (n * k)))
            block = np.broadcast_to(centred, (size, n, k))
            sums = generator.permuted(block, axis=2).sum(axis=1)
            exceeding += int((_spread(sums) / n**2 >= floor).sum())
            left -= size
        p = (1 + exceeding) / (1 + DRAWS)
        note = OfCount(code=CountCode.RANDOM_ARRANGEMENTS, count=DRAWS)
    return omnibus(*_NAME, float(n * observed), Distribution.PERMUTATION, p, note=note)


def sign_flips(differences: Floats, seed: int) -> float | None:
    """Two-sided p that paired ``differences`` ``(n,)`` centre on zero; None below two."""
    known = differences[~np.isnan(differences)]
    n = len(known)
    if n < 2:
        return None
    floor = abs(float(known.sum())) * (1 - 1e-9)
    if 2**n <= _EXACT:
        signs = np.array(list(itertools.product((1.0, -1.0), repeat=n)))
        return float((np.abs(signs @ known) >= floor).mean())
    generator = np.random.default_rng([seed, n, 2])
    exceeding, left = 0, DRAWS
    while left:
        size = min(left, max(1, _CHUNK // n))
        flips = generator.integers(0, 2, size=(size, n)) * 2.0 - 1.0
        exceeding += int((np.abs(flips @ known) >= floor).sum())
        left -= size
    return (1 + exceeding) / (1 + DRAWS)


def within_pages(cells: Floats) -> tuple[Floats, Floats]:
    """Scores and information for :func:`flip_listeners` of ``cells`` ``(n, m, k)`` with holes.

    A score ``(n, k)`` is the sum of a listener's ratings of a system less the means of their pages,
    so that neither listeners nor passages count; a page is a listener × passage.
    """
    known = ~np.isnan(cells)
    present = known.astype(np.float64)
    size = np.maximum(present.sum(axis=2, keepdims=True), 1)
    filled = np.where(known, cells, 0.0)
    centred = np.where(known, filled - filled.sum(axis=2, keepdims=True) / size, 0.0)
    together = np.einsum("lpi,lpj->ij", present / size, present)
    information = np.diag(present.sum(axis=(0, 1))) - together
    return np.round(centred.sum(axis=1), 10), information


def flip_listeners(scores: Floats, seed: int, information: Floats | None = None) -> Omnibus:
    """Test that ``scores`` (listeners, systems) centre on zero: each listener's row may flip.

    Of preferences: listeners without any would have preferred the other systems as likely.

    Args:
        scores: a row per listener that sums to zero.
        seed: of the flips drawn where there are too many to count.
        information: ``(systems, systems)``, where systems did not meet equally often: the matrix
            of their meetings, by which the sums of the scores are weighted.
    """
    name = (Method.LISTENER_FLIPS, "SS")
    n = len(scores)
    if n < 2:
        return no_test(*name, NoteCode.FEW_LISTENERS)
    if information is not None:
        sizes, directions = np.linalg.eigh(information)
        known = sizes > 1e-9 * max(float(sizes.max()), 1e-300)
        if int(known.sum()) < scores.shape[1] - 1:
            return no_test(*name, NoteCode.GROUPS_APART)
        scores = scores @ (directions[:, known] / np.sqrt(sizes[known]))
    observed = float((scores.sum(axis=0) ** 2).sum())
    if 2**n <= _EXACT:
        signs = np.array(list(itertools.product((1.0, -1.0), repeat=n)))
    else:
        generator = np.random.default_rng([seed, n, 4])
        drawn = DRAWS if n <= 2000 else 999
        signs = generator.integers(0, 2, size=(drawn, n)) * 2.0 - 1.0
    exceeding = int((((signs @ scores) ** 2).sum(axis=1) >= observed * (1 - 1e-9)).sum())
    exact = 2**n <= _EXACT
    p = exceeding / len(signs) if exact else (1 + exceeding) / (1 + len(signs))
    code = CountCode.ALL_FLIPS if exact else CountCode.RANDOM_FLIPS
    note = OfCount(code=code, count=len(signs))
    return omnibus(*name, observed / n, Distribution.PERMUTATION, p, note=note)


def permutation_pairs(table: Floats, seed: int) -> list[Comparison]:
    """Every pair of columns of ``table`` by sign flips; p unadjusted."""
    pairs = []
    for i, j in all_pairs(table.shape[1]):
        difference = table[:, i] - table[:, j]
        p = sign_flips(difference, seed)
        mean = float(np.nanmean(difference)) if p is not None else None
        pairs.append(Comparison(i, j, mean, Distribution.PERMUTATION, None, p))
    return pairs


def _spread(sums: Floats) -> Floats:
    result: Floats = ((sums - sums.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
    return result


def _all(centred: Floats) -> Floats:
    """The spread of every arrangement; the first listener stays, as only relative order matters."""
    orders = np.array(list(itertools.permutations(range(centred.shape[1]))))
    sums = centred[:1]
    for row in centred[1:]:
        sums = (sums[:, None, :] + row[orders][None, :, :]).reshape(-1, centred.shape[1])
    return _spread(sums)
