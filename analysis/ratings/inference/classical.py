"""Kruskal-Wallis and Conover-Iman on the pooled ratings, as the literature prints them."""

from typing import Any

import numpy as np

from ..methods.kruskal import conover_iman, kruskal_wallis
from ..reading.table import Ratings
from ..result.tests import all_pairs
from .options import Options
from .pairs import omnibus_form, pair_forms

LABEL = "Classical: Kruskal-Wallis and Conover-Iman, for comparison with the literature"


def classical(ratings: Ratings, options: Options) -> dict[str, Any]:
    """The pooled tests with a banner where they take one listener's ratings for many's."""
    count = len(ratings.systems)
    test = kruskal_wallis(ratings.value, ratings.system, count)
    groups = [ratings.value[ratings.system == system] for system in range(count)]
    means = [float(values.mean()) for values in groups]
    medians = [float(np.median(values)) for values in groups]
    differences = {
        (i, j): {"mean_diff": means[i] - means[j], "median_diff": medians[i] - medians[j]}
        for i, j in all_pairs(count)
    }
    pairs = pair_forms(
        conover_iman(test), ratings.systems, differences, options.adjust, options.alpha
    )
    for pair in pairs:
        pair["t"] = pair["statistic"]
    kruskal = omnibus_form(test.omnibus, epsilon2=test.epsilon2, eta2=test.eta2)
    return {
        "label": LABEL,
        "banner": banner(ratings),
        "n": len(ratings),
        "kruskal": kruskal | {"h": test.omnibus.statistic},
        "mean_ranks": dict(zip(ratings.systems, test.mean_ranks.tolist(), strict=True)),
        "adjust": options.adjust,
        "pairs": pairs,
    }


def banner(ratings: Ratings) -> str | None:
    """The warning that ratings of one listener are not independent; None where each has one."""
    if len(ratings) <= len(ratings.listeners):
        return None
    n, listeners = len(ratings), len(ratings.listeners)
    people = "listener" if listeners == 1 else "listeners"
    return (
        f"These {n} ratings come from {listeners} {people} and are not independent: the test below "
        "takes them as if each came from another person. Its p-values can be far too small or too "
        "large; the primary analysis above is the one that fits the design."
    )
