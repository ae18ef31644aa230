"""Assessor screening with evidence: rules that exclude, and signs that ask for a look."""

import numpy as np

from ...reading.scales import Scale
from ...reading.table import Ratings
from ...result.blocks import Excluded, Finding, Flow, Rule, Screening
from .flags import FLAGS
from .honest import honest_share
from .standard import own_rules, standard_rules
from .wish import Applied, ScreeningWish


def screen(ratings: Ratings, scale: Scale, wish: ScreeningWish, seed: int = 0) -> Screening:
    """Apply every rule that the ratings of one question allow.

    Beside each rule stands how many honest listeners it would name, by simulation with ``seed``.
    """
    applied = _apply(ratings, scale, wish)
    excluding = [wish.standard, wish.standard, *[True] * len(wish.own), *[False] * len(FLAGS)]
    by_chance = honest_share(ratings, scale, lambda honest: _apply(honest, scale, wish), seed)
    rules, found = [], []
    for one, excludes, share in zip(applied, excluding, by_chance, strict=True):
        rules.append(
            Rule(
                name=one.name,
                text=one.text,
                excludes=excludes,
                applied=not one.reason,
                reason=one.reason,
                false_positives=None if one.reason else share,
            )
        )
        found += [finding.model_copy(update={"excludes": excludes}) for finding in one.found]
    out = tuple(one for one in found if one.excludes)
    return Screening(
        rules=tuple(rules),
        excluded=out,
        flagged=tuple(one for one in found if not one.excludes),
        flow=_flow(ratings, tuple(dict.fromkeys(finding.listener for finding in out))),
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


def _apply(ratings: Ratings, scale: Scale, wish: ScreeningWish) -> list[Applied]:
    return [
        *standard_rules(ratings, scale, wish),
        *own_rules(ratings, wish),
        *(flag(ratings) for flag in FLAGS),
    ]


def _flow(ratings: Ratings, left_out: tuple[str, ...]) -> Flow:
    counts = np.bincount(ratings.listener, minlength=len(ratings.listeners))
    rated = dict(zip(ratings.listeners, counts.tolist(), strict=True))
    return Flow(
        listeners=len(ratings.listeners),
        excluded=tuple(Excluded(listener=name, ratings=rated[name]) for name in left_out),
        analysed=len(ratings.listeners) - len(left_out),
    )
