"""Signs that ask for a look at a listener; none of them excludes anybody.

A result that depends on such a listener should be shown both ways.
"""

from collections.abc import Callable

import numpy as np
from scipy import stats

from ...estimation.agreement import intra_rater
from ...reading.table import Floats, Ratings
from ...result.names import RuleName
from .standard import LISTED
from .wish import Applied, Evidence, found_of

# Honest listeners of systems that are alike correlate below zero half of the time.
_ALONE = 0.01

TEXTS = {
    RuleName.CONSTANT: "the same value for at least 90 % of at least ten ratings",
    RuleName.FAST: "median time on a page below a third of the median listener's",
    RuleName.UNHEARD: "more than 5 % of the rated stimuli not listened to",
    RuleName.REPEATS: (
        "mean difference on repeats beyond 1.5 IQR above the upper quartile of listeners"
    ),
    RuleName.ALONE: (
        "correlation with the mean of the others below zero (one-sided p < .01) over at least "
        "eight stimuli"
    ),
}


def _constant(ratings: Ratings) -> Applied:
    if len(np.unique(ratings.value)) <= 2:
        # All right of ten ABX answers is skill, not sloth.
        reason = "answers are one of two values, which may well be the same each time"
        return Applied(RuleName.CONSTANT, TEXTS[RuleName.CONSTANT], (), reason)
    findings = []
    order = np.lexsort((ratings.value, ratings.listener))
    splits = np.flatnonzero(np.diff(ratings.listener[order])) + 1
    for part in np.split(order, splits):
        values, counts = np.unique(ratings.value[part], return_counts=True)
        share = float(counts.max() / len(part))
        if len(part) >= 10 and share >= 0.9:
            listener = ratings.listeners[int(ratings.listener[part[0]])]
            most: Evidence = [
                {"value": float(values[counts.argmax()]), "ratings": int(counts.max())}
            ]
            findings.append(found_of(listener, RuleName.CONSTANT, share, 0.9, most))
    return Applied(RuleName.CONSTANT, TEXTS[RuleName.CONSTANT], tuple(findings))


def _fast(ratings: Ratings) -> Applied:
    if ratings.seconds is None or np.isnan(ratings.seconds).all():
        return Applied(RuleName.FAST, TEXTS[RuleName.FAST], (), "the ratings hold no times")
    medians = _per_listener(ratings, ratings.seconds)
    threshold = float(np.nanmedian(medians)) / 3
    findings = [
        found_of(name, RuleName.FAST, float(medians[at]), threshold)
        for at, name in enumerate(ratings.listeners)
        if medians[at] < threshold
    ]
    return Applied(RuleName.FAST, TEXTS[RuleName.FAST], tuple(findings))


def _unheard(ratings: Ratings) -> Applied:
    if ratings.listened is None or np.isnan(ratings.listened).all():
        return Applied(
            RuleName.UNHEARD, TEXTS[RuleName.UNHEARD], (), "the ratings hold no listening times"
        )
    findings = []
    silent = ratings.listened <= 0
    for at, name in enumerate(ratings.listeners):
        mine = (ratings.listener == at) & ~np.isnan(ratings.listened)
        share = float(silent[mine].mean()) if mine.any() else 0.0
        if share > 0.05:
            evidence: Evidence = [
                {
                    "passage": ratings.passages[int(ratings.passage[row])],
                    "system": ratings.systems[int(ratings.system[row])],
                    "line": int(ratings.line[row]),
                }
                for row in np.flatnonzero(mine & silent)[:LISTED]
            ]
            findings.append(found_of(name, RuleName.UNHEARD, share, 0.05, evidence))
    return Applied(RuleName.UNHEARD, TEXTS[RuleName.UNHEARD], tuple(findings))


def _repeats(ratings: Ratings) -> Applied:
    repeats = intra_rater(ratings)
    if len(repeats) < 4:
        return Applied(
            RuleName.REPEATS,
            TEXTS[RuleName.REPEATS],
            (),
            "fewer than four listeners rated anything twice",
        )
    gaps = np.array([entry.mean_absolute_difference for entry in repeats])
    low, high = np.quantile(gaps, [0.25, 0.75])
    threshold = float(high + 1.5 * (high - low))
    findings = [
        found_of(
            entry.listener,
            RuleName.REPEATS,
            entry.mean_absolute_difference,
            threshold,
            [{"cells": entry.cells, "within_sd": entry.within_sd}],
        )
        for entry in repeats
        if entry.mean_absolute_difference > threshold
    ]
    return Applied(RuleName.REPEATS, TEXTS[RuleName.REPEATS], tuple(findings))


def _alone(ratings: Ratings) -> Applied:
    flat = ratings.cells.reshape(len(ratings.listeners), -1)
    if len(flat) < 3:
        return Applied(RuleName.ALONE, TEXTS[RuleName.ALONE], (), "fewer than three listeners")
    known = ~np.isnan(flat)
    filled = np.where(known, flat, 0.0)
    total, count = filled.sum(axis=0), known.sum(axis=0)
    findings = []
    for at, name in enumerate(ratings.listeners):
        both = known[at] & (count > 1)
        if both.sum() < 8:
            continue
        mine: Floats = flat[at, both]
        others = (total[both] - mine) / (count[both] - 1)
        if np.ptp(mine) == 0 or np.ptp(others) == 0:
            continue
        r = float(np.corrcoef(mine, others)[0, 1])
        if r < 0 and _below_zero(r, int(both.sum())) < _ALONE:
            findings.append(found_of(name, RuleName.ALONE, r, 0.0, [{"stimuli": int(both.sum())}]))
    return Applied(RuleName.ALONE, TEXTS[RuleName.ALONE], tuple(findings))


def _below_zero(r: float, count: int) -> float:
    """The one-sided p of a correlation over ``count`` stimuli, against one of zero."""
    if r <= -1:
        return 0.0
    return float(stats.t.cdf(r * np.sqrt((count - 2) / (1 - r * r)), count - 2))


def _per_listener(ratings: Ratings, values: Floats) -> Floats:
    medians = np.full(len(ratings.listeners), np.nan)
    for at in range(len(medians)):
        mine = values[(ratings.listener == at) & ~np.isnan(values)]
        if len(mine):
            medians[at] = float(np.median(mine))
    return medians


FLAGS: tuple[Callable[[Ratings], Applied], ...] = (_constant, _fast, _unheard, _repeats, _alone)
