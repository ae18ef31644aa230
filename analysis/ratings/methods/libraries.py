"""The same tests by scipy, scikit-posthocs and statsmodels: p-values that are not our own.

The libraries are called with care, because of what they do:

- scikit-posthocs takes long tables and returns p alone; groups come back sorted by their code.
- It counts cubes of ties in 64-bit integers, which more than 2,097,151 ratings can overflow.
- It and statsmodels warn of logarithms of zero where p is 0 or 1; the values are right.
- Importing scikit-posthocs imports matplotlib, which takes two seconds: so it is imported late.
"""

import gc
import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from ..reading.table import Floats, Ints
from ..result.names import Adjust

MOST_RATINGS = 2_097_151
"""Up to so many ratings the library's sums of cubes are exact: the cube is less than 2**63."""


def kruskal_p(values: Floats, groups: Ints) -> float | None:
    """Kruskal-Wallis by ``scipy.stats.kruskal``; None where it has no p."""
    samples = [values[groups == code] for code in np.unique(groups)]
    if len(samples) < 2 or np.ptp(values) == 0:
        return None
    with _quietly():
        return _finite(stats.kruskal(*samples).pvalue)


def conover_p(values: Floats, groups: Ints, count: int) -> Floats:
    """Conover-Iman by ``scikit_posthocs.posthoc_conover``, two-sided and unadjusted.

    ``(count, count)``; NaN where a group is empty or the library has no p, and everywhere above
    :data:`MOST_RATINGS`.
    """
    if len(values) > MOST_RATINGS:
        return np.full((count, count), np.nan)
    long = pd.DataFrame({"value": values, "group": groups})
    return _pairs(
        "posthoc_conover", count, np.unique(groups), long, val_col="value", group_col="group"
    )


def friedman_p(table: Floats) -> tuple[float, float] | None:
    """Q and p by ``scipy.stats.friedmanchisquare`` of a complete table (blocks, systems >= 3)."""
    if table.shape[1] < 3 or len(table) < 2:
        return None
    with _quietly():
        found = stats.friedmanchisquare(*table.T)
    q, p = _finite(found.statistic), _finite(found.pvalue)
    return None if q is None or p is None else (q, p)


def block_pairs_p(name: str, table: Floats) -> Floats:
    """A post-hoc test of complete blocks by its name in scikit-posthocs; ``(k, k)`` unadjusted.

    ``table`` is (blocks, systems). Names: ``posthoc_conover_friedman``,
    ``posthoc_nemenyi_friedman``, ``posthoc_quade``.
    """
    codes = np.arange(table.shape[1])
    return _pairs(name, len(codes), codes, pd.DataFrame(table))


def adjusted_p(p: Sequence[float | None], method: Adjust) -> list[float | None]:
    """Adjusted p-values by ``statsmodels.stats.multitest.multipletests``, never below the raw ones.

    None stays None and counts in no family; the method ``none`` changes nothing.
    """
    known = np.array([one for one in p if one is not None], dtype=np.float64)
    if method is Adjust.NONE or not len(known):
        return list(p)
    from statsmodels.stats.multitest import multipletests

    with _quietly(), _garbage_kept():
        found = multipletests(known, method=method.value)[1]
    values = iter(np.clip(found, known, 1.0).tolist())
    return [None if one is None else next(values) for one in p]


def _pairs(name: str, count: int, codes: Ints, data: pd.DataFrame, **columns: Any) -> Floats:
    import scikit_posthocs

    test: Callable[..., pd.DataFrame] = getattr(scikit_posthocs, name)
    found = np.full((count, count), np.nan)
    if len(codes) > 1:
        with _quietly():
            found[np.ix_(codes, codes)] = test(data, **columns).to_numpy()
    return found


@contextmanager
def _quietly() -> Iterator[None]:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _garbage_kept() -> Iterator[None]:
    """For a library that searches the whole process for garbage each time: 0.1 s beside torch."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _finite(value: Any) -> float | None:
    number = float(value)
    return number if math.isfinite(number) else None
