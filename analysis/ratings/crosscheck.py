"""Ratings by us and by others: the same tests by scipy, scikit-posthocs and statsmodels.

Of each question the pooled classical tests, and of listener means the tests of complete blocks:
listeners who lack a system are left out of those, by both alike. What no installed library has is
not listed: the mixed model as fast, quasi-F', intraclass correlation, Krippendorff's alpha,
Bradley-Terry. Durbin's test, which scikit-posthocs has, is not compared.
"""

import math
import warnings
from collections.abc import Iterator, Sequence

import numpy as np
from scipy import stats

from ...evaluation.second_opinion import Closeness, Library, Measured, Opinion, opinion
from ...models.errors import UserError
from .inference.options import RatingsOptions
from .methods.friedman import conover_friedman, friedman, nemenyi, quade, quade_pairs
from .methods.kruskal import conover_iman, kruskal_wallis
from .methods.libraries import (
    MOST_RATINGS,
    adjusted_p,
    block_pairs_p,
    conover_p,
    friedman_p,
    kruskal_p,
)
from .methods.multiplicity import adjusted
from .methods.paired import differences, paired
from .methods.signed_rank import MOST_EXACT, signed_rank_p, signed_ranks
from .reading.files import RatingsFile
from .reading.table import Floats, Ratings, listener_means
from .result.names import Adjust, Distribution
from .result.p_values import all_pairs, comparison_p
from .result.tests import Comparison

_P = Closeness(1e-6, logarithm=True)
_SIGNED = Closeness(
    1e-6,
    3.0,
    f"ours counts every sum of signed midranks up to {MOST_EXACT} differences; scipy does so only "
    "without ties or for few differences, and else takes a normal distribution",
    logarithm=True,
)
_NO_TEST = "neither program has a test: too few ratings, or all alike"
_NO_ERROR = "the library divides by an error of zero; ours tells equal (p 1) from not equal (p 0)"
_TOO_MANY = f"scikit-posthocs cannot count ties of more than {MOST_RATINGS:,} ratings exactly"
_TWO = "scipy tests three systems or more"
_LIMIT = Closeness(1e-6, math.inf, _NO_ERROR, logarithm=True)
_POSTHOCS = "scikit-posthocs"


def crosscheck_ratings(file: RatingsFile, options: RatingsOptions) -> list[Opinion]:
    """Every value of each question that a library has too; reference and anchors are left out.

    Raises:
        UserError: if options name a system or question that the ratings lack, or nothing is left.
    """
    ratings = file.ratings
    options.check_names(ratings.systems, ratings.questions)
    found: list[Opinion] = []
    for question in options.ordered(ratings.questions):
        tested = ratings.of_question(question).without_systems(options.aside)
        if len(tested.systems) < 2:
            raise UserError(
                f"{file.name}: question {question!r} has too few systems beside reference and "
                f"anchors ({len(tested.systems)}); two are the least to compare"
            )
        found += _pooled(tested, question, options)
        found += _blocks(tested, question)
        found += _own(tested, question)
    return found


def _pooled(ratings: Ratings, question: str, options: RatingsOptions) -> Iterator[Opinion]:
    """Kruskal-Wallis and Conover-Iman, as the classical block has them."""
    count = len(ratings.systems)
    test = kruskal_wallis(ratings.value, ratings.system, count)
    p = kruskal_p(ratings.value, ratings.system)
    value = Measured(question, "Kruskal-Wallis p")
    yield opinion(
        value,
        test.omnibus.p,
        p,
        Library("scipy", "stats.kruskal"),
        _P,
        test.omnibus.note or _NO_TEST,
    )
    own = conover_iman(test)
    theirs = conover_p(ratings.value, ratings.system, count)
    why = _TOO_MANY if len(ratings) > MOST_RATINGS else _NO_ERROR
    source = Library(_POSTHOCS, "posthoc_conover")
    yield from _pairs("Conover-Iman p", ratings.systems, question, own, theirs, source, why)
    yield from _adjustments(ratings.systems, question, own, options.adjust)


def _adjustments(
    systems: Sequence[str], question: str, own: Sequence[Comparison], adjust: Adjust
) -> Iterator[Opinion]:
    if adjust is Adjust.NONE:
        return
    raw = [one.p for one in own]
    source = Library("statsmodels", f'multipletests(method="{adjust}")')
    both = zip(own, adjusted(raw, adjust), adjusted_p(raw, adjust), strict=True)
    for one, ours, theirs in both:
        name = f"Conover-Iman p, {adjust}, {_named(systems, one)}"
        yield opinion(Measured(question, name), ours, theirs, source, _P, _NO_TEST)


def _blocks(ratings: Ratings, question: str) -> Iterator[Opinion]:
    """Friedman and the tests after it, of the listeners who rated every system."""
    table = listener_means(ratings.cells)
    everyone = len(table)
    table = table[~np.isnan(table).any(axis=1)]
    if len(table) < 2:
        return
    some = f", {len(table)} of {everyone} listeners" if len(table) < everyone else ""
    test = friedman(table)
    found = friedman_p(table)
    q, p = found if found else (None, None)
    why = _TWO if table.shape[1] < 3 else test.chi2.note or _NO_TEST
    source = Library("scipy", "stats.friedmanchisquare")
    exact = Closeness(1e-9, relative=True)
    yield opinion(
        Measured(question, f"Friedman Q{some}"), test.chi2.statistic, q, source, exact, why
    )
    yield opinion(Measured(question, f"Friedman p{some}"), test.chi2.p, p, source, _P, why)
    for name, own, call in (
        ("Conover-Friedman p", conover_friedman(test), "posthoc_conover_friedman"),
        ("Nemenyi p", nemenyi(test), "posthoc_nemenyi_friedman"),
        ("Quade p", quade_pairs(quade(table)), "posthoc_quade"),
    ):
        theirs = block_pairs_p(call, table)
        source = Library(_POSTHOCS, call)
        yield from _pairs(name, ratings.systems, question, own, theirs, source, _NO_ERROR)


def _own(ratings: Ratings, question: str) -> Iterator[Opinion]:
    """Pairs by the listeners' own differences: paired t, and Wilcoxon's signed ranks."""
    cells = ratings.cells
    estimates = paired(cells, 0.05)
    for i, j in all_pairs(len(ratings.systems)):
        d = differences(cells, i, j)
        d = d[~np.isnan(d)]
        named = f"{ratings.systems[i]} – {ratings.systems[j]}"
        found = estimates[i, j]
        ours: float | None = None
        if found.error and found.df and found.difference is not None:
            ours = comparison_p(Distribution.T, found.difference / found.error, found.df)
        theirs = _ttest(d) if ours is not None else None
        value = Measured(question, f"paired t p, {named}")
        why = "fewer than two listeners rated both, or all by the same difference"
        yield opinion(value, ours, theirs, Library("scipy", "stats.ttest_1samp"), _P, why)
        w, ties = signed_ranks(d)
        signed = signed_rank_p(w, ties) if ties else None
        value = Measured(question, f"Wilcoxon signed rank p, {named}")
        why = "no listener rated both, or all alike"
        source = Library("scipy", "stats.wilcoxon")
        yield opinion(value, signed, _wilcoxon(d), source, _SIGNED, why)


def _pairs(
    name: str,
    systems: Sequence[str],
    question: str,
    own: Sequence[Comparison],
    theirs: Floats,
    source: Library,
    why: str,
) -> Iterator[Opinion]:
    for one in own:
        value = Measured(question, f"{name}, {_named(systems, one)}")
        p = float(theirs[one.first, one.second])
        closeness = _P if one.statistic is not None else _LIMIT
        yield opinion(value, one.p, p, source, closeness, _NO_TEST if one.p is None else why)


def _named(systems: Sequence[str], one: Comparison) -> str:
    return f"{systems[one.first]} – {systems[one.second]}"


def _ttest(d: Floats) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(stats.ttest_1samp(d, 0.0).pvalue)


def _wilcoxon(d: Floats) -> float | None:
    moved = d[d != 0]
    if not len(moved):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(stats.wilcoxon(moved).pvalue)
