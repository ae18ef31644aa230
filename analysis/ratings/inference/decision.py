"""The primary block of a result: the test that fits the design, and a verdict per pair."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..estimation.effect_sizes import matched_rank_biserial, paired_superiority, unpaired_dominance
from ..methods.bradley_terry import preferences
from ..methods.equivalence import Grounds, claims, verdict
from ..methods.multiplicity import adjusted, letters
from ..methods.paired import PairDifference, differences
from ..reading.scales import Scale
from ..reading.table import Bools, Ratings, listener_means
from ..result.blocks import Classical, Primary
from ..result.design import Design
from ..result.names import DesignKind, Method, Scope
from ..result.note_words import reasoned, sentence
from ..result.notes import NoteCode, Said, SignedRanksCannot, coded
from ..result.ranks import ranked
from ..result.tests import (
    ClassicalPair,
    Compared,
    Comparison,
    Effect,
    Equivalence,
    Omnibus,
    Pair,
    PairTest,
)
from .assay import with_pairs
from .options import RatingsOptions
from .pairs import pair_tests
from .primary import ChosenTest, Outcome, run


@dataclass(frozen=True)
class Case:
    """What is to be decided: a design, the method chosen for it, its scale and the options.

    ``grounds`` is what a claim of equivalence needs.
    """

    design: Design
    choice: ChosenTest
    scale: Scale
    options: RatingsOptions
    notes: tuple[Said, ...] = ()
    grounds: Grounds = field(default_factory=Grounds)


def decide(tested: Ratings, case: Case, standard: Classical) -> Primary:
    """Run the primary analysis and compare each pair with the ``standard`` (classical) one."""
    options, outcome = case.options, _outcome(tested, case)
    case = replace(
        case,
        choice=_as_run(case.choice, outcome),
        grounds=_with_pairs(tested, case, outcome),
    )
    choice, assay = case.choice, case.grounds.assay
    pairs = _pairs(tested, case, outcome, standard)
    notes = (*case.notes, *_notes(tested, case, outcome), *outcome.notes)
    # Keys that are written only where there is something to say.
    optional: dict[str, Any] = {"proof": outcome.proof} if outcome.proof else {}
    if assay and _has_error(outcome):
        optional["assay"] = assay
    return Primary(
        method=outcome.omnibus.method,
        choice=choice.method,
        pair_method=outcome.pair_method,
        scope=choice.scope,
        scope_asked=options.resolved_scope(),
        **reasoned(choice.reason),
        omnibus=Omnibus(**outcome.omnibus.given(), kendall_w=outcome.kendall_w),
        adjust=options.adjust,
        alpha=options.alpha,
        margin=options.margin if _has_error(outcome) else None,
        interval=f"{100 * (1 - options.alpha):g} % {outcome.interval}, pointwise",
        pairs=pairs,
        letters=_letters(tested, outcome.pairs, pairs),
        ranks=ranked(tested.systems, pairs, options.adjust),
        notes=tuple(map(sentence, notes)),
        coded_notes=tuple(map(coded, notes)),
        preferences=not options.abx and preferences(tested) is not None,
        **optional,
    )


def _outcome(tested: Ratings, case: Case) -> Outcome:
    found = run(case.choice, tested, case.options.alpha, case.options.seed)
    # Differences of points mean nothing between right and wrong.
    return replace(found, pairs=[]) if case.options.abx else found


def _as_run(choice: ChosenTest, outcome: Outcome) -> ChosenTest:
    """The choice with the scope and the reason of what was run in its place."""
    return replace(
        choice, scope=outcome.scope or choice.scope, reason=outcome.reason or choice.reason
    )


def _with_pairs(tested: Ratings, case: Case, outcome: Outcome) -> Grounds:
    """The grounds with what the pairs under test themselves show."""
    found = case.grounds
    if found.assay is None:
        return found
    shown = with_pairs(found.assay, tested.systems, outcome.estimates, case.options)
    return replace(found, assay=shown)


def _has_error(outcome: Outcome) -> bool:
    """Whether any pair has an error in points, which a test of equivalence needs."""
    return any(one.error is not None for one in outcome.estimates.values())


def _notes(tested: Ratings, case: Case, outcome: Outcome) -> list[Said]:
    """What a reader should know before reading the numbers."""
    found: list[Said] = []
    if case.scale.ordinal and case.choice.scope is Scope.MUSIC:
        found.append(NoteCode.FEW_STEPS)
    found += _too_few(tested, case, outcome)
    if case.options.margin is not None and outcome.pairs and not _has_error(outcome):
        found.append(NoteCode.EQUIVALENCE_UNTESTED)
    return found


def _pairs(tested: Ratings, case: Case, outcome: Outcome, standard: Classical) -> tuple[Pair, ...]:
    tests = pair_tests(outcome.pairs, tested.systems, case.options.adjust, case.options.alpha)
    by_name = {(pair.group1, pair.group2): pair for pair in standard.pairs}
    estimates = [outcome.estimates.get((at.first, at.second)) for at in outcome.pairs]
    within = claims(
        tests,
        estimates,
        case.grounds,
        margin=case.options.margin,
        adjust=case.options.adjust,
        alpha=case.options.alpha,
    )
    return tuple(
        _pair(test, by_name[test.group1, test.group2], _compared(tested, case, at, outcome, claim))
        for test, at, claim in zip(tests, outcome.pairs, within, strict=True)
    )


def _pair(test: PairTest, other: ClassicalPair, compared: Compared) -> Pair:
    """A pair with its details, what the classical test of it says, and the verdict."""
    within = compared.equivalence
    decided = None not in (test.reject, other.reject)
    return Pair(
        **test.given() | compared.given(),
        classical_p_adj=other.p_adj,
        classical_reject=other.reject,
        agrees=test.reject == other.reject if decided else None,
        verdict=verdict(
            compared.mean_diff,
            rejected=test.reject,
            equivalent=bool(within and within.equivalent),
            names=(test.group1, test.group2),
        ),
    )


def _letters(tested: Ratings, tests: list[Comparison], pairs: tuple[Pair, ...]) -> dict[str, str]:
    different: Bools = np.zeros((len(tested.systems),) * 2, dtype=bool)
    for test, pair in zip(tests, pairs, strict=True):
        different[test.first, test.second] = different[test.second, test.first] = bool(pair.reject)
    return dict(zip(tested.systems, letters(different), strict=True))


def _too_few(tested: Ratings, case: Case, outcome: Outcome) -> list[SignedRanksCannot]:
    """Said where signed ranks of so few listeners cannot reject, whatever they answer."""
    units = len(tested.passages if case.choice.scope is Scope.LISTENER else tested.listeners)
    if outcome.pair_method is not Method.WILCOXON or not outcome.pairs:
        return []
    least = adjusted([min(1.0, 2.0 ** (1 - units))] * len(outcome.pairs), case.options.adjust)[0]
    if least is None or least < case.options.alpha:
        return []
    return [SignedRanksCannot(differences=units, least=least, pairs=len(outcome.pairs))]


def _compared(
    tested: Ratings,
    case: Case,
    test: Comparison,
    outcome: Outcome,
    equivalence: Equivalence | None,
) -> Compared:
    pair = (test.first, test.second)
    estimate = outcome.estimates.get(pair, PairDifference(None))
    median, (first, *more) = _effects(tested, case, pair, outcome)
    return Compared(
        group1=tested.systems[test.first],
        group2=tested.systems[test.second],
        n=estimate.units,
        mean_diff=estimate.difference,
        median_diff=median,
        low=estimate.low,
        high=estimate.high,
        effect=first,
        effects=tuple(more),
        equivalence=equivalence,
    )


def _effects(
    tested: Ratings, case: Case, pair: tuple[int, int], outcome: Outcome
) -> tuple[float | None, list[Effect]]:
    """The median difference, and the effect sizes that fit the design."""
    (i, j), options = pair, case.options
    if case.design.kind is DesignKind.BETWEEN:
        means = listener_means(tested.cells)
        columns = [means[~np.isnan(means[:, system]), system] for system in pair]
        apart = unpaired_dominance(*columns, alpha=options.alpha, seed=options.seed)
        return float(np.median(columns[0]) - np.median(columns[1])), [apart]
    # The units of one listener are the passages.
    alone = case.design.kind is DesignKind.ONE_LISTENER
    d = differences(tested.cells[0] if alone else tested.cells, i, j)
    known = d[~np.isnan(d)]
    own = [outcome.effects[pair]] if pair in outcome.effects else []
    superiority = paired_superiority(
        tested.cells[:, :, i],
        tested.cells[:, :, j],
        alpha=options.alpha,
        seed=options.seed,
        passages=case.choice.scope is Scope.MUSIC,
    )
    ranks = matched_rank_biserial(d, alpha=options.alpha, seed=options.seed)
    return float(np.median(known)) if len(known) else None, [*own, superiority, ranks]
