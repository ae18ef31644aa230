"""Rank tests on listener means beside the primary one, with what each says of the pairs."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..methods.friedman import (
    conover_friedman,
    critical_difference,
    friedman,
    nemenyi,
    quade,
    quade_pairs,
)
from ..methods.permutation import permutation_pairs, permutation_test
from ..reading.table import Floats, Ratings, listener_means
from ..result.names import Adjust, Method
from ..result.note_words import sentence
from ..result.notes import ListenerMeans, Said, coded
from ..result.secondary import OtherTest
from ..result.tests import Comparison, Omnibus
from .options import RatingsOptions
from .pairs import pair_tests

_MOST_LISTENERS = 2000  # above, the permutation takes long and says what F says


def of_all_systems(test: Omnibus, unit: Said, **more: Any) -> OtherTest:
    """A test of all systems, with ``more`` of its fields."""
    return OtherTest(
        method=test.method, unit=sentence(unit), coded_unit=coded(unit), omnibus=test, **more
    )


def rank_tests(ratings: Ratings, options: RatingsOptions) -> list[OtherTest]:
    """Friedman, Quade, Nemenyi and the permutation on the means of listeners with every system."""
    whole, unit = _whole(ratings)
    names, adjust = ratings.systems, options.adjust

    def pairs(method: Method, tests: Sequence[Comparison], by: Adjust = adjust) -> dict[str, Any]:
        named = tuple(pair_tests(tests, names, by, options.alpha))
        return {"pair_method": method, "pairs": named, "adjust": by}

    ranks, weighted = friedman(whole), quade(whole, decimals=10)
    w = {"kendall_w": ranks.kendall_w}
    by_conover = pairs(Method.CONOVER_FRIEDMAN, conover_friedman(ranks))
    tests = [
        of_all_systems(ranks.chi2, unit, **w),
        of_all_systems(ranks.f, unit, **w, **by_conover),
        of_all_systems(weighted.omnibus, unit, **pairs(Method.QUADE, quade_pairs(weighted))),
    ]
    if len(whole) >= 2 and len(names) >= 2:
        # Nemenyi's own distribution adjusts for all pairs.
        tests.append(
            OtherTest(
                method=Method.NEMENYI,
                unit=sentence(unit),
                coded_unit=unit,
                critical_difference=critical_difference(len(whole), len(names), options.alpha),
                **pairs(Method.NEMENYI, nemenyi(ranks), Adjust.NONE),
                mean_ranks=dict(zip(names, ranks.mean_ranks.tolist(), strict=True)),
            )
        )
    if 2 <= len(whole) <= _MOST_LISTENERS:
        flips = pairs(Method.PERMUTED_PAIRS, permutation_pairs(whole, options.seed))
        tests.append(of_all_systems(permutation_test(whole, options.seed), unit, **flips))
    return tests


def _whole(ratings: Ratings) -> tuple[Floats, ListenerMeans]:
    """Means ``(listeners, systems)`` of the listeners with every system, and what they are of."""
    # Means over different passages would rank the passages too.
    known = ~np.isnan(ratings.cells)
    full = known.all(axis=2, keepdims=True)
    means = listener_means(np.where(full, ratings.cells, np.nan))
    whole = means[~np.isnan(means).any(axis=1)]
    return whole, ListenerMeans(
        listeners=len(whole),
        pages=bool((known & ~full).any()),
        left_out=len(means) - len(whole),
    )
