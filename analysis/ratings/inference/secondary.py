"""The other tests that a reader may ask for: other methods, single passages, one baseline.

None of them decides; they show whether the primary result hangs on the choice of method.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..estimation.metric_agreement import metric_agreement
from ..estimation.opinions import opinion_scores
from ..estimation.order_effects import order_effect
from ..estimation.own_order import in_own_order
from ..estimation.subjects import subjects
from ..methods.bradley_terry import bradley_terry, circular_triads, preferences
from ..methods.crossed import mean_squares, quasi_f
from ..methods.friedman import friedman
from ..methods.incomplete import skillings_mack
from ..methods.multiplicity import adjusted
from ..mixed_models.linear import fit_mixed
from ..mixed_models.restricted_likelihood import work
from ..reading.heard import HeardScore
from ..reading.scales import Scale
from ..reading.table import Ratings
from ..result.design import Design
from ..result.names import DesignKind, Inference, Method, Order, Scope
from ..result.note_words import NotFittedError, noted
from ..result.notes import CountCode, NoteCode, OfCount
from ..result.secondary import (
    Ability,
    MetricAgreement,
    OtherTest,
    PerPassage,
    Preference,
    Secondary,
    Triads,
)
from ..result.tests import Omnibus, PassageTest
from .abx import abx_answers
from .against import against_zero, many_to_one
from .options import RatingsOptions
from .rank_tests import aligned_tests, grade_model, of_all_systems, rank_tests

_UNTESTED = (
    DesignKind.ONE_SYSTEM,
    DesignKind.NO_VARIATION,
    DesignKind.BETWEEN,
    DesignKind.ONE_LISTENER,
    DesignKind.PREFERENCES,
)
# Above these, a mixed model takes longer than a second opinion is worth.
_MOST_WORK = 3e7
_MOST_CELLS = 200_000


def secondary(
    ratings: Ratings,
    everything: Ratings,
    design: Design,
    scale: Scale,
    options: RatingsOptions,
    heard: Sequence[HeardScore],
) -> Secondary:
    """All secondary results of one question.

    Args:
        ratings: the systems under test.
        everything: also the hidden reference and anchors.
        design: the design of ``ratings``.
        scale: the question's scale.
        options: what the user asks.
        heard: metrics of the stimuli as they were heard.
    """
    controls = dict.fromkeys((options.reference, options.baseline))
    grades = grade_model(ratings, design, options) if scale.ordinal else None
    # Keys that are written only where there is something to say.
    optional: dict[str, Any] = {"grades": grades} if grades else {}
    if not options.abx and preferences(everything) is None:
        optional["subjects"] = subjects(everything, options.alpha)
        if opinions := opinion_scores(everything, scale, options.alpha):
            optional["opinions"] = opinions
        if ranked := aligned_tests(ratings, design, scale):
            optional["aligned_ranks"] = ranked
    return Secondary(
        tests=_other_tests(ratings, design, options),
        per_passage=_per_passage(ratings, options),
        many_to_one=tuple(
            many_to_one(everything, control, options) for control in controls if control is not None
        ),
        preference=_preference(ratings) if design.kind is DesignKind.PREFERENCES else None,
        abx=abx_answers(everything, options) if options.abx else None,
        against_zero=against_zero(ratings, options) if scale.signed else None,
        order_effects=tuple(
            order_effect(_placed(everything, options), order, options.alpha) for order in Order
        ),
        metrics=_metrics(everything, heard, options),
        **optional,
    )


def _placed(everything: Ratings, options: RatingsOptions) -> Ratings:
    """The ratings with positions on a page; of ABX they say which of the two X was."""
    return replace(everything, position=None) if options.abx else everything


def _other_tests(
    ratings: Ratings, design: Design, options: RatingsOptions
) -> tuple[OtherTest, ...]:
    if design.kind in _UNTESTED or options.abx:
        return ()
    return (
        *rank_tests(in_own_order(ratings), options),
        *_blocks_as_independent(ratings),
        *_crossed_tests(ratings, design),
    )


def _blocks_as_independent(ratings: Ratings) -> list[OtherTest]:
    blocks = ratings.cells.reshape(-1, len(ratings.systems))
    used = blocks[(~np.isnan(blocks)).sum(axis=1) >= 2]
    if len(ratings.passages) < 2 or not len(used):
        return []
    unit = OfCount(code=CountCode.BLOCKS_AS_INDEPENDENT, count=len(used))
    return [of_all_systems(skillings_mack(np.round(used, 10)).omnibus, unit)]


def _crossed_tests(ratings: Ratings, design: Design) -> list[OtherTest]:
    if not design.permits(Inference.MUSIC):
        return []
    unit = NoteCode.BOTH_RANDOM
    tests = []
    if design.balanced:
        tests.append(of_all_systems(quasi_f(mean_squares(ratings.cells)), unit))
    if ratings.cells.size > _MOST_CELLS or work(ratings.cells) > _MOST_WORK:
        return tests
    for scope, random in (
        (Scope.MUSIC, unit),
        (Scope.PASSAGES, NoteCode.PASSAGES_FIXED),
    ):
        found = _quietly(lambda scope=scope: fit_mixed(ratings.cells, scope).omnibus())  # type: ignore[misc]
        if found is not None:
            tests.append(of_all_systems(found, random))
    return tests


def _quietly(fit: Callable[[], Omnibus]) -> Omnibus | None:
    try:
        return fit()
    except (ValueError, np.linalg.LinAlgError):
        return None  # the primary analysis states why, where it needs the model


def _per_passage(ratings: Ratings, options: RatingsOptions) -> PerPassage:
    # Right and wrong answers are tested against guessing, not comparison against comparison.
    passages = () if options.abx else ratings.passages
    tables = [np.round(ratings.cells[:, at, :], 10) for at in range(len(passages))]
    whole = [table[~np.isnan(table).any(axis=1)] for table in tables]
    tests = [friedman(table).f for table in whole]
    p_adj = adjusted([test.p for test in tests], options.adjust)
    return PerPassage(
        method=Method.FRIEDMAN_PER_PASSAGE,
        adjust=options.adjust,
        passages=tuple(
            PassageTest(
                **test.given(),
                passage=name,
                listeners=len(table),
                p_adj=p,
                reject=None if p is None else p < options.alpha,
            )
            for name, table, test, p in zip(passages, whole, tests, p_adj, strict=True)
        ),
    )


def _preference(ratings: Ratings) -> Preference | None:
    wins = preferences(ratings)
    if wins is None:
        return None
    triads = [circular_triads(listener) for listener in wins]
    counted: dict[str, Any] = {
        "wins": wins.sum(axis=0).tolist(),
        "circular_triads": sum(circles for circles, _ in triads),
        "decided_triads": sum(decided for _, decided in triads),
        "listeners": tuple(
            Triads(listener=name, circular=circles, decided=decided)
            for name, (circles, decided) in zip(ratings.listeners, triads, strict=True)
        ),
    }
    try:
        fit = bradley_terry(wins.sum(axis=0))
    except NotFittedError as error:
        return Preference(**counted, abilities=None, **noted(error.note))
    return Preference(
        **counted,
        abilities=tuple(
            Ability(system=name, ability=ability, se=error)
            for name, ability, error in zip(
                ratings.systems, fit.abilities.tolist(), fit.errors.tolist(), strict=True
            )
        ),
        deviance=fit.deviance,
        df=fit.df,
        **noted(NoteCode.LOG_ODDS),
    )


def _metrics(
    everything: Ratings, heard: Sequence[HeardScore], options: RatingsOptions
) -> MetricAgreement | None:
    tested = everything.without_systems(options.aside)
    if options.abx or not heard or not len(tested):
        return None
    return metric_agreement(tested, heard, options.alpha, options.seed)
