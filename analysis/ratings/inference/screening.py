"""Assessor screening with evidence: the two rules of BS.1534-3, and signs that ask for a look.

BS.1534-3 excludes an assessor who rates the hidden reference below 90 on more than 15 % of that
assessor's own items, or the mid anchor above 90 on more than 15 %; an item whose mid anchor more
than 25 % of the assessors rate above 90 does not count for the second rule. Both look at the
assessor's own items, not at all items of the test. The other rules flag and exclude nobody: a
result that depends on them should be shown both ways.
"""

import re
from collections.abc import Sequence

import numpy as np

from ..estimation.agreement import intra_rater
from ..reading.scales import Scale
from ..reading.table import Bools, Floats, Ratings
from ..result.blocks import Excluded, Finding, Flow, Rule, Screening
from ..result.names import RuleName

SHARE = 0.15
IGNORED_SHARE = 0.25
LEVEL = 0.9  # of the scale: 90 on 0 to 100
_MID = re.compile(r"mid|70|7\s*k", re.IGNORECASE)
_LISTED = 50


def mid_anchor(anchors: Sequence[str]) -> str | None:
    """The anchor that the second rule is about: one named mid, 70 or 7 kHz, else the last."""
    named = [name for name in anchors if _MID.search(name)] or list(anchors)
    return named[-1] if named else None


def screen(
    ratings: Ratings, scale: Scale, reference: str | None, anchors: Sequence[str]
) -> Screening:
    """Apply every rule that the ratings of one question allow."""
    rules: list[Rule] = []
    excluded: list[Finding] = []
    level = scale.low + LEVEL * (scale.high - scale.low)
    for name, text, system, above in (
        (RuleName.REFERENCE, f"hidden reference below {level:g}", reference, False),
        (RuleName.MID_ANCHOR, f"mid anchor above {level:g}", mid_anchor(anchors), True),
    ):
        known = system in ratings.systems
        reason = "" if known else "no such system is declared or rated"
        text = f"BS.1534-3: {text} on more than 15 % of the assessor's own items"
        rules.append(Rule(name=name, text=text, excludes=True, applied=known, reason=reason))
        if known:
            excluded += _extremes(ratings, str(system), level, name, above=above)
    flagged: list[Finding] = []
    for flag in (_constant, _fast, _unheard, _repeats, _alone):
        rule, found, reason = flag(ratings)
        text = _TEXTS[rule]
        rules.append(Rule(name=rule, text=text, excludes=False, applied=not reason, reason=reason))
        flagged += found
    return Screening(
        rules=tuple(rules),
        excluded=tuple(excluded),
        flagged=tuple(flagged),
        flow=_flow(ratings, tuple(dict.fromkeys(finding.listener for finding in excluded))),
    )


def without_exclusions(screening: Screening, ratings: Ratings) -> Screening:
    """The same findings where they exclude nobody."""
    turned = [Finding(**one.given() | {"excludes": False}) for one in screening.excluded]
    return Screening(
        rules=screening.rules,
        excluded=(),
        flagged=(*turned, *screening.flagged),
        flow=_flow(ratings, ()),
    )


def _flow(ratings: Ratings, left_out: tuple[str, ...]) -> Flow:
    counts = np.bincount(ratings.listener, minlength=len(ratings.listeners))
    rated = dict(zip(ratings.listeners, counts.tolist(), strict=True))
    return Flow(
        listeners=len(ratings.listeners),
        excluded=tuple(Excluded(listener=name, ratings=rated[name]) for name in left_out),
        analysed=len(ratings.listeners) - len(left_out),
    )


_TEXTS = {
    RuleName.CONSTANT: "the same value for at least 90 % of at least ten ratings",
    RuleName.FAST: "median time on a page below a third of the median listener's",
    RuleName.UNHEARD: "more than 5 % of the rated stimuli not listened to",
    RuleName.REPEATS: (
        "mean difference on repeats beyond 1.5 IQR above the upper quartile of listeners"
    ),
    RuleName.ALONE: (
        "correlation with the mean of the others below zero over at least eight stimuli"
    ),
}
_Found = tuple[RuleName, list[Finding], str]
_Evidence = Sequence[dict[str, str | float]]


def _finding(
    listener: str,
    rule: RuleName,
    value: float,
    threshold: float,
    evidence: _Evidence = (),
    *,
    excludes: bool = False,
) -> Finding:
    return Finding(
        listener=listener,
        rule=rule,
        value=value,
        threshold=threshold,
        evidence=tuple(evidence),
        excludes=excludes,
    )


def _extremes(
    ratings: Ratings, system: str, level: float, rule: RuleName, *, above: bool
) -> list[Finding]:
    values = ratings.cells[:, :, ratings.systems.index(system)]
    known = ~np.isnan(values)
    broken: Bools = known & ((values > level) if above else (values < level))
    if above:
        shares = broken.sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        counted = known & (shares <= IGNORED_SHARE)[None, :]
    else:
        counted = known
    findings = []
    for at, name in enumerate(ratings.listeners):
        items, bad = int(counted[at].sum()), counted[at] & broken[at]
        if items and bad.sum() / items > SHARE:
            evidence: _Evidence = [
                {"passage": ratings.passages[p], "system": system, "value": float(values[at, p])}
                for p in np.flatnonzero(bad)[:_LISTED]
            ]
            share = float(bad.sum() / items)
            findings.append(_finding(name, rule, share, SHARE, evidence, excludes=True))
    return findings


def _constant(ratings: Ratings) -> _Found:
    findings = []
    order = np.lexsort((ratings.value, ratings.listener))
    splits = np.flatnonzero(np.diff(ratings.listener[order])) + 1
    for part in np.split(order, splits):
        values, counts = np.unique(ratings.value[part], return_counts=True)
        share = float(counts.max() / len(part))
        if len(part) >= 10 and share >= 0.9:
            listener = ratings.listeners[int(ratings.listener[part[0]])]
            most: _Evidence = [
                {"value": float(values[counts.argmax()]), "ratings": int(counts.max())}
            ]
            findings.append(_finding(listener, RuleName.CONSTANT, share, 0.9, most))
    return RuleName.CONSTANT, findings, ""


def _fast(ratings: Ratings) -> _Found:
    if ratings.seconds is None or np.isnan(ratings.seconds).all():
        return RuleName.FAST, [], "the ratings hold no times"
    medians = _per_listener(ratings, ratings.seconds)
    threshold = float(np.nanmedian(medians)) / 3
    findings = [
        _finding(name, RuleName.FAST, float(medians[at]), threshold)
        for at, name in enumerate(ratings.listeners)
        if medians[at] < threshold
    ]
    return RuleName.FAST, findings, ""


def _unheard(ratings: Ratings) -> _Found:
    if ratings.listened is None or np.isnan(ratings.listened).all():
        return RuleName.UNHEARD, [], "the ratings hold no listening times"
    findings = []
    silent = ratings.listened <= 0
    for at, name in enumerate(ratings.listeners):
        mine = (ratings.listener == at) & ~np.isnan(ratings.listened)
        share = float(silent[mine].mean()) if mine.any() else 0.0
        if share > 0.05:
            evidence: _Evidence = [
                {
                    "passage": ratings.passages[int(ratings.passage[row])],
                    "system": ratings.systems[int(ratings.system[row])],
                    "line": int(ratings.line[row]),
                }
                for row in np.flatnonzero(mine & silent)[:_LISTED]
            ]
            findings.append(_finding(name, RuleName.UNHEARD, share, 0.05, evidence))
    return RuleName.UNHEARD, findings, ""


def _repeats(ratings: Ratings) -> _Found:
    repeats = intra_rater(ratings)
    if len(repeats) < 4:
        return RuleName.REPEATS, [], "fewer than four listeners rated anything twice"
    gaps = np.array([entry.mean_absolute_difference for entry in repeats])
    low, high = np.quantile(gaps, [0.25, 0.75])
    threshold = float(high + 1.5 * (high - low))
    findings = [
        _finding(
            entry.listener,
            RuleName.REPEATS,
            entry.mean_absolute_difference,
            threshold,
            [{"cells": entry.cells, "within_sd": entry.within_sd}],
        )
        for entry in repeats
        if entry.mean_absolute_difference > threshold
    ]
    return RuleName.REPEATS, findings, ""


def _alone(ratings: Ratings) -> _Found:
    flat = ratings.cells.reshape(len(ratings.listeners), -1)
    if len(flat) < 3:
        return RuleName.ALONE, [], "fewer than three listeners"
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
        if r < 0:
            findings.append(_finding(name, RuleName.ALONE, r, 0.0, [{"stimuli": int(both.sum())}]))
    return RuleName.ALONE, findings, ""


def _per_listener(ratings: Ratings, values: Floats) -> Floats:
    medians = np.full(len(ratings.listeners), np.nan)
    for at in range(len(medians)):
        mine = values[(ratings.listener == at) & ~np.isnan(values)]
        if len(mine):
            medians[at] = float(np.median(mine))
    return medians
