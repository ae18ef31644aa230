"""Which pairs are said to be equivalent: adjusted over all pairs, and with evidence beside."""

from collections.abc import Sequence
from dataclasses import dataclass

from ...methods.equivalence import tost
from ...methods.multiplicity import adjusted
from ...methods.paired import PairDifference
from ...result.assay import Assay, Withheld
from ...result.blocks import Primary
from ...result.tests import Equivalence, PairTest, Tost
from ..options import RatingsOptions


@dataclass(frozen=True)
class Evidence:
    """What a claim of equivalence needs beside its own test.

    ``assay`` tells whether the listeners could hear a difference. ``everyone`` is the analysis with
    the excluded listeners, None where nobody is excluded.
    """

    assay: Assay | None = None
    everyone: Primary | None = None


def claims(
    tests: Sequence[PairTest],
    estimates: Sequence[PairDifference | None],
    options: RatingsOptions,
    evidence: Evidence,
) -> list[Equivalence | None]:
    """The test of equivalence of each pair with its ``estimates``; None where there is no test.

    The pairs are a family of their own beside that of their differences: with K systems, up to
    K²/4 pairs can lie at the margin.
    """
    found = [_tost(one, options) for one in estimates]
    p_adj = adjusted([None if one is None else one.p for one in found], options.adjust)
    return [
        None if one is None or p is None else _claim(test, one, p, options.alpha, evidence)
        for test, one, p in zip(tests, found, p_adj, strict=True)
    ]


def _claim(
    test: PairTest, found: Tost, p_adj: float, alpha: float, evidence: Evidence
) -> Equivalence:
    within = p_adj < alpha
    # A pair that is decided to differ has shown itself that the difference was heard.
    heard = bool(test.reject) or (evidence.assay is not None and evidence.assay.sensitive)
    withheld = None
    if within and not heard:
        withheld = Withheld.NOT_SENSITIVE
    elif within and not _with_everyone(test, evidence.everyone):
        withheld = Withheld.NOT_WITH_EVERYONE
    return Equivalence(
        **found.given(),
        p_adj=p_adj,
        within=within,
        withheld=withheld,
        equivalent=within and withheld is None,
    )


def _tost(estimate: PairDifference | None, options: RatingsOptions) -> Tost | None:
    if options.margin is None or estimate is None or estimate.error is None or estimate.df is None:
        return None
    difference = estimate.difference or 0.0
    return tost(difference, estimate.error, estimate.df, options.margin, options.alpha)


def _with_everyone(test: PairTest, everyone: Primary | None) -> bool:
    if everyone is None:
        return True
    names = (test.group1, test.group2)
    return any(
        bool(pair.equivalence and pair.equivalence.within)
        for pair in everyone.pairs
        if (pair.group1, pair.group2) == names
    )
