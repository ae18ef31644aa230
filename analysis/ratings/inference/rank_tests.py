"""Tests that take ratings as an order, beside the primary one, with what each says of pairs.

Rank tests of listener means, and on scales of few steps the cumulative-link mixed model of grades.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..estimation.own_order import own_order
from ..methods.aligned_ranks import aligned_ranks
from ..methods.friedman import (
    conover_friedman,
    critical_difference,
    friedman,
    nemenyi,
    quade,
    quade_pairs,
)
from ..methods.permutation import permutation_pairs, permutation_test
from ..mixed_models.ordinal import OrdinalFit, fit_ordinal
from ..reading.scales import Scale
from ..reading.table import Floats, Ratings, listener_means
from ..result.design import Design
from ..result.names import Adjust, DesignKind, Inference, Method, Scope, Term
from ..result.note_words import NotFittedError, noted, sentence
from ..result.notes import ListenerMeans, NoteCode, Said, coded
from ..result.p_values import no_test
from ..result.secondary import AlignedTest, GradeModel, GradePair, GradeTerm, OtherTest
from ..result.tests import Comparison, Omnibus, SystemsTest
from .options import RatingsOptions
from .pairs import pair_tests

_GRADED = (
    *(DesignKind.COMPLETE, DesignKind.COMPLETE_BLOCKS),
    *(DesignKind.BALANCED_INCOMPLETE, DesignKind.INCOMPLETE),
)
_MOST_AT_ENDS = 0.05
_TESTED = tuple(SystemsTest.model_fields)
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
        turned = own_order(whole[:, None, :]).cells[:, 0]
        tests.append(of_all_systems(permutation_test(turned, options.seed), unit, **flips))
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


def aligned_tests(ratings: Ratings, design: Design, scale: Scale) -> tuple[AlignedTest, ...]:
    """Aligned ranks of systems, passages and both; none where not every cell was rated once.

    Few steps make an interaction of what is none, so it has no test there. Where many ratings stand
    at an end of the scale, no effect keeps its level, and none has a test.
    """
    if design.kind is not DesignKind.COMPLETE or not design.balanced:
        return ()
    ends = float(np.mean((ratings.value <= scale.low) | (ratings.value >= scale.high)))
    found = aligned_ranks(ratings.cells)
    unsafe = [Term.PASSAGE_SYSTEM] if scale.ordinal else []
    for term in list(found) if ends > _MOST_AT_ENDS else unsafe:
        if term in found:
            found[term] = no_test(Method.ALIGNED_RANKS, "F", NoteCode.ENDS_OR_STEPS)
    return tuple(
        AlignedTest(
            term=term, **{name: test.given()[name] for name in _TESTED if name in test.given()}
        )
        for term, test in found.items()
    )


def grade_model(ratings: Ratings, design: Design, options: RatingsOptions) -> GradeModel | None:
    """The model of grades of the systems under test; None where listeners did not grade several."""
    if design.kind not in _GRADED or options.abx:
        return None
    music = options.resolved_scope() is Scope.MUSIC and design.permits(Inference.MUSIC)
    scope = Scope.MUSIC if music else Scope.PASSAGES
    try:
        return _given(fit_ordinal(ratings, scope), ratings, options)
    except NotFittedError as error:
        return GradeModel(scope=scope, adjust=options.adjust, **noted(error.note))


def _given(fit: OrdinalFit, ratings: Ratings, options: RatingsOptions) -> GradeModel:
    found = fit.pairs(options.alpha)
    tests = pair_tests(
        [pair.comparison for pair in found], ratings.systems, options.adjust, options.alpha
    )
    return GradeModel(
        scope=fit.scope,
        adjust=options.adjust,
        **noted(None),
        omnibus=fit.omnibus,
        pairs=tuple(
            GradePair(**test.given(), log_odds=pair.log_odds, low=pair.low, high=pair.high)
            for test, pair in zip(tests, found, strict=True)
        ),
        grades=fit.grades,
        thresholds=tuple(fit.thresholds.tolist()),
        terms=tuple(
            GradeTerm(term=term, variance=variance) for term, variance in fit.variances.items()
        ),
        log_likelihood=fit.log_likelihood,
        proof=fit.proof,
    )
