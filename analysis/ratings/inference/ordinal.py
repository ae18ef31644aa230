"""Grades as an order: the cumulative-link mixed model beside the primary analysis."""

from ..mixed_models.ordinal import OrdinalFit, fit_ordinal
from ..reading.table import Ratings
from ..result.design import Design
from ..result.names import DesignKind, Inference, Scope
from ..result.note_words import NotFittedError, noted
from ..result.secondary import GradeModel, GradePair, GradeTerm
from .options import RatingsOptions
from .pairs import pair_tests

_GRADED = (DesignKind.COMPLETE, DesignKind.COMPLETE_BLOCKS, DesignKind.BALANCED_INCOMPLETE,
           DesignKind.INCOMPLETE)  # fmt: skip


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
        note="",
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
