"""Adjusted p-values for many comparisons, and the letters that stand for them.

Formulas: Holm 1979; Šidák 1967; Hochberg 1988; Hommel 1988 in Wright's form (1992); Benjamini &
Hochberg 1995; Benjamini & Yekutieli 2001. The two-stage procedures of Benjamini, Krieger &
Yekutieli are left out: their adjusted p can lie below the raw one.
"""

from collections.abc import Callable, Sequence

import numpy as np

from ..reading.table import Bools, Floats
from ..result.names import Adjust


def adjusted(p: Sequence[float | None], method: Adjust) -> list[float | None]:
    """Adjusted p-values in the order given; None stays None and counts in no family."""
    known = np.array([value for value in p if value is not None], dtype=np.float64)
    if not len(known):
        return list(p)
    values = iter(np.clip(METHODS[method](known), known, 1.0).tolist())
    return [None if value is None else next(values) for value in p]


def _none(p: Floats) -> Floats:
    return p


def _bonferroni(p: Floats) -> Floats:
    return p * len(p)


def _sidak(p: Floats) -> Floats:
    result: Floats = -np.expm1(len(p) * np.log1p(-np.minimum(p, 1 - 1e-16)))
    return result


def _step_down(p: Floats, scaled: Callable[[Floats, Floats], Floats]) -> Floats:
    order = np.argsort(p, kind="stable")
    left = np.arange(len(p), 0, -1, dtype=np.float64)
    result = np.empty_like(p)
    result[order] = np.maximum.accumulate(scaled(p[order], left))
    return result


def _step_up(p: Floats, factors: Floats) -> Floats:
    order = np.argsort(-p, kind="stable")
    result = np.empty_like(p)
    result[order] = np.minimum.accumulate(np.minimum(p[order] * factors, 1.0))
    return result


def _holm(p: Floats) -> Floats:
    return _step_down(p, lambda ordered, left: ordered * left)


def _holm_sidak(p: Floats) -> Floats:
    return _step_down(
        p, lambda ordered, left: -np.expm1(left * np.log1p(-np.minimum(ordered, 1 - 1e-16)))
    )


def _hochberg(p: Floats) -> Floats:
    return _step_up(p, np.arange(1, len(p) + 1, dtype=np.float64))


def _hommel(p: Floats) -> Floats:
    n = len(p)
    order = np.argsort(p, kind="stable")
    ordered = p[order]
    rank = np.arange(1, n + 1)
    q = pa = np.full(n, np.min(n * ordered / rank))
    for size in range(n - 1, 1, -1):
        low, high = np.arange(n - size + 1), np.arange(n - size + 1, n)
        least = np.min(size * ordered[high] / np.arange(2, size + 1))
        q = np.empty(n)
        q[low] = np.minimum(size * ordered[low], least)
        q[high] = q[n - size]
        pa = np.maximum(pa, q)
    result = np.empty(n)
    result[order] = np.maximum(pa, ordered)
    return result


def _fdr_bh(p: Floats) -> Floats:
    return _step_up(p, len(p) / np.arange(len(p), 0, -1, dtype=np.float64))


def _fdr_by(p: Floats) -> Floats:
    n = len(p)
    return _step_up(p, np.sum(1 / np.arange(1, n + 1)) * n / np.arange(n, 0, -1, dtype=np.float64))


METHODS: dict[Adjust, Callable[[Floats], Floats]] = {
    Adjust.NONE: _none,
    Adjust.BONFERRONI: _bonferroni,
    Adjust.SIDAK: _sidak,
    Adjust.HOLM: _holm,
    Adjust.HOLM_SIDAK: _holm_sidak,
    Adjust.HOCHBERG: _hochberg,
    Adjust.HOMMEL: _hommel,
    Adjust.FDR_BH: _fdr_bh,
    Adjust.FDR_BY: _fdr_by,
}


def letters(different: Bools) -> list[str]:
    """A compact letter display (Piepho 2004): systems that share a letter do not differ.

    Args:
        different: symmetric ``(k, k)``; True where a pair differs significantly.
    """
    columns: list[frozenset[int]] = [frozenset(range(len(different)))]
    for first, second in zip(*np.nonzero(np.triu(different)), strict=True):
        pair = {int(first), int(second)}
        split = [column for column in columns if pair <= column]
        columns = [column for column in columns if not pair <= column]
        columns += [column - {one} for column in split for one in pair]
        columns = [c for c in dict.fromkeys(columns) if not any(c < other for other in columns)]
    columns.sort(key=sorted)
    names = [_letter(index) for index in range(len(columns))]
    return [
        "".join(name for name, column in zip(names, columns, strict=True) if system in column)
        for system in range(len(different))
    ]


def _letter(index: int) -> str:
    alphabet = "abcdefghijklmnopqrstuvwxyz"
    return alphabet[index] if index < 26 else f"{alphabet[index % 26]}{index // 26}"
