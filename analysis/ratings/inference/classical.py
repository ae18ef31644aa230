"""Kruskal-Wallis and Conover-Iman on the pooled ratings, as the literature prints them.

Statistics, df and mean ranks are our own. The p of all systems is scipy's, those of pairs are
scikit-posthocs', adjusted by statsmodels; :mod:`.self_checks` holds each against ours. Where the
libraries have none (more ratings than they count, an error of zero), ours stands.
"""

from dataclasses import replace

import numpy as np

from ..methods.kruskal import KruskalWallis, conover_iman, kruskal_wallis
from ..methods.libraries import adjusted_p, conover_p, kruskal_p
from ..reading.table import Ratings
from ..result.blocks import Classical
from ..result.tests import ClassicalPair, Comparison, Omnibus
from .options import RatingsOptions
from .pairs import pair_tests

LABEL = "Classical: Kruskal-Wallis and Conover-Iman, for comparison with the literature"


def classical(ratings: Ratings, options: RatingsOptions) -> Classical:
    """The pooled tests with a banner where they take one listener's ratings for many's."""
    count = len(ratings.systems)
    test = kruskal_wallis(ratings.value, ratings.system, count)
    groups = [ratings.value[ratings.system == system] for system in range(count)]
    means = [float(values.mean()) for values in groups]
    medians = [float(np.median(values)) for values in groups]
    compared = _pairs(ratings, test)
    pairs = pair_tests(compared, ratings.systems, options.adjust, options.alpha)
    p_adj = adjusted_p([one.p for one in compared], options.adjust)
    sizes = {"epsilon2": test.epsilon2, "eta2": test.eta2, "h": test.omnibus.statistic}
    return Classical(
        label=LABEL,
        banner=banner(ratings),
        n=len(ratings),
        kruskal=Omnibus(**_omnibus(ratings, test).given() | sizes),
        mean_ranks=dict(zip(ratings.systems, test.mean_ranks.tolist(), strict=True)),
        adjust=options.adjust,
        pairs=tuple(
            ClassicalPair(
                **pair.given() | {"p_adj": p, "reject": None if p is None else p < options.alpha},
                mean_diff=means[at.first] - means[at.second],
                median_diff=medians[at.first] - medians[at.second],
                t=pair.statistic,
            )
            for pair, at, p in zip(pairs, compared, p_adj, strict=True)
        ),
    )


def _omnibus(ratings: Ratings, test: KruskalWallis) -> Omnibus:
    """Ours with scipy's p."""
    if test.omnibus.p is None:
        return test.omnibus
    p = kruskal_p(ratings.value, ratings.system)
    return test.omnibus if p is None else test.omnibus.model_copy(update={"p": p})


def _pairs(ratings: Ratings, test: KruskalWallis) -> list[Comparison]:
    """Ours with the p of scikit-posthocs; without a statistic there is only "equal" or "not"."""
    own = conover_iman(test)
    if all(one.statistic is None for one in own):
        return own
    p = conover_p(ratings.value, ratings.system, len(ratings.systems))
    return [
        one
        if one.statistic is None or np.isnan(p[one.first, one.second])
        else replace(one, p=float(p[one.first, one.second]))
        for one in own
    ]


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
