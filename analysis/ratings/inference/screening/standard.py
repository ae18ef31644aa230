"""Rules that exclude: the two of BS.1534-3, and those that a study declared itself.

BS.1534-3 excludes an assessor who rates the hidden reference below 90 on more than 15 % of that
assessor's own items, or the mid anchor above 90 on more than 15 %; an item whose mid anchor more
than 25 % of the assessors rate above 90 does not count for the second rule. Both look at the
assessor's own items, not at all items of the test. A rule is applied only where its version is
known: which anchor is the mid one is never guessed from its place.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .....listening_test.study.exclusion import Exclusion, Looked
from ...reading.scales import Scale
from ...reading.table import Bools, Floats, Ratings
from ...result.blocks import Finding
from ...result.names import RuleName
from .wish import Applied, ScreeningWish, found_of

SHARE = 0.15
IGNORED_SHARE = 0.25
LEVEL = 0.9  # of the scale: 90 on 0 to 100
LISTED = 50
# As 'mid', 'midAnchor', 'anchor70', '7 kHz', 'lowpass_7000'; not 'pyramid', 'mid_side', '170',
# '3.7 kHz', '7 kbps' or '70 dB'.
_MID = re.compile(
    r"""(?:(?<![a-z])|(?<=anchor))mid(?=$|[\W_\d]|anchor)(?![\W_]*side)
    |(?<![\d.,])(?:7000|70|7(?:[.,]0)?[\s_]?k)(?:[\s_]?hz)?(?![\da-z])""",
    re.IGNORECASE | re.VERBOSE,
)


def mid_anchor(anchors: Sequence[str], named: str | None = None) -> str | None:
    """The anchor that the second rule is about: the one ``named``, else one called mid or 7 kHz.

    None where none or several are called so: an anchor alone may well be the low one.
    """
    if named is not None:
        return named
    called = [name for name in anchors if _MID.search(name)]
    return called[0] if len(called) == 1 else None


def standard_rules(ratings: Ratings, scale: Scale, wish: ScreeningWish) -> list[Applied]:
    """Both rules of the standard, with whom they name."""
    level = scale.low + LEVEL * (scale.high - scale.low)
    mid = mid_anchor(wish.anchors, wish.mid_anchor)
    found = [
        _extremes(ratings, wish.reference, level, RuleName.REFERENCE, above=False),
        _extremes(ratings, mid, level, RuleName.MID_ANCHOR, above=True, wish=wish),
    ]
    if not (scale.ordinal or scale.signed):
        return found
    # Nine tenths of five grades lie between two of them: every "good" would count as a lapse.
    what = "of few steps" if scale.ordinal else "of differences about zero"
    other = f"the scale is one {what}; the rule is for ratings from 0 to 100"
    return [replace(one, found=(), reason=one.reason or other) for one in found]


def own_rules(ratings: Ratings, wish: ScreeningWish) -> list[Applied]:
    """The rules that the study declared itself, with whom they name."""
    return [_own(ratings, rule, wish) for rule in wish.own]


def _extremes(
    ratings: Ratings,
    system: str | None,
    level: float,
    rule: RuleName,
    *,
    above: bool,
    wish: ScreeningWish | None = None,
) -> Applied:
    what = f"mid anchor above {level:g}" if above else f"hidden reference below {level:g}"
    text = f"BS.1534-3: {what} on more than 15 % of the assessor's own items"
    if system is None or system not in ratings.systems:
        reason = "no such system is declared or rated"
        if wish is not None and system is None and wish.anchors:
            reason = (
                f"which of the anchors ({', '.join(wish.anchors)}) is the mid one is not said; "
                "name it with --mid-anchor"
            )
        return Applied(rule, text, (), reason)
    values = ratings.cells[:, :, ratings.systems.index(system)]
    known = ~np.isnan(values)
    broken: Bools = known & ((values > level) if above else (values < level))
    counted = known
    if above:
        shares = broken.sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        counted = known & (shares <= IGNORED_SHARE)[None, :]
    found = _shares(ratings, values, counted, broken, rule, SHARE, system)
    return Applied(rule, text, tuple(one for one in found if one.value > SHARE))


def _own(ratings: Ratings, rule: Exclusion, wish: ScreeningWish) -> Applied:
    text = f"declared: {rule.text}"
    values, system, reason = _looked_at(ratings, rule.what, wish)
    if values is None:
        return Applied(RuleName.OWN, text, (), reason)
    known = ~np.isnan(values)
    broken: Bools = np.zeros(values.shape, dtype=bool)
    broken[known] = [rule.broken(value) for value in values[known].tolist()]
    found = _shares(ratings, values, known, broken, RuleName.OWN, rule.share, system)
    return Applied(
        RuleName.OWN, text, tuple(one for one in found if rule.excludes(float(one.value)))
    )


def _looked_at(ratings: Ratings, what: str, wish: ScreeningWish) -> tuple[Floats | None, str, str]:
    """Values ``(listeners, passages)``, the name for the evidence, and why there are none."""
    if what == Looked.RANGE:
        known = ~np.isnan(ratings.cells)
        some = known.sum(axis=2) > 1
        high = np.where(known, ratings.cells, -np.inf).max(axis=2)
        low = np.where(known, ratings.cells, np.inf).min(axis=2)
        return np.where(some, high - low, np.nan), "highest less lowest", ""
    name: str | None = what
    if what == Looked.REFERENCE:
        name = wish.reference
    elif what == Looked.MID_ANCHOR:
        name = mid_anchor(wish.anchors, wish.mid_anchor)
    elif what == Looked.ANCHOR:
        if len(wish.anchors) > 1:
            return None, "", f"there are several anchors ({', '.join(wish.anchors)}); name one"
        name = wish.anchors[0] if wish.anchors else None
    if name is None or name not in ratings.systems:
        return None, "", "no such system is declared or rated"
    return ratings.cells[:, :, ratings.systems.index(name)], name, ""


def _shares(
    ratings: Ratings,
    values: Floats,
    counted: Bools,
    broken: Bools,
    rule: RuleName,
    threshold: float,
    system: str,
) -> list[Finding]:
    """For each listener the share of counted pages that break a rule, with those pages."""
    findings = []
    for at, name in enumerate(ratings.listeners):
        items, bad = int(counted[at].sum()), counted[at] & broken[at]
        if not items:
            continue
        evidence = [
            {"passage": ratings.passages[p], "system": system, "value": float(values[at, p])}
            for p in np.flatnonzero(bad)[:LISTED]
        ]
        share = float(bad.sum() / items)
        findings.append(found_of(name, rule, share, threshold, evidence, excludes=True))
    return findings
