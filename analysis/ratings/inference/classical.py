"""Kruskal-Wallis and Conover-Iman on the pooled ratings, as the literature prints them."""

import numpy as np

from ..methods.kruskal import conover_iman, kruskal_wallis
from ..reading.table import Ratings
from ..result.blocks import Classical
from ..result.tests import ClassicalPair, Omnibus
from .options import Options
from .pairs import pair_tests

LABEL = "Classical: Kruskal-Wallis and Conover-Iman, for comparison with the literature"


def classical(ratings: Ratings, options: Options) -> Classical:
    """The pooled tests with a banner where they take one listener's ratings for many's."""
    count = len(ratings.systems)
    test = kruskal_wallis(ratings.value, ratings.system, count)
    groups = [ratings.value[ratings.system == system] for system in range(count)]
    means = [float(values.mean()) for values in groups]
    medians = [float(np.median(values)) for values in groups]
    compared = conover_iman(test)
    pairs = pair_tests(compared, ratings.systems, options.adjust, options.alpha)
    sizes = {"epsilon2": test.epsilon2, "eta2": test.eta2, "h": test.omnibus.statistic}
    return Classical(
        label=LABEL,
        banner=banner(ratings),
        n=len(ratings),
        kruskal=Omnibus(**test.omnibus.given() | sizes),
        mean_ranks=dict(zip(ratings.systems, test.mean_ranks.tolist(), strict=True)),
        adjust=options.adjust,
        pairs=tuple(
            ClassicalPair(
                **pair.given(),
                mean_diff=means[at.first] - means[at.second],
                median_diff=medians[at.first] - medians[at.second],
                t=pair.statistic,
            )
            for pair, at in zip(pairs, compared, strict=True)
        ),
    )


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
