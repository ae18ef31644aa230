"""The analysis that fits the design: chosen by rules that are stated, run once, with intervals.

Scope *passages* takes the passages as given and generalises over listeners; scope *music* takes
both as samples. Either way the listener is the unit, never the row.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from ..estimation.effect_sizes import effect
from ..methods.bradley_terry import bootstrap_beats, bradley_terry, preferences
from ..methods.bradley_terry_pairs import meetings, met_equally, score_pairs
from ..methods.crossed import PairEstimate, crossed_pairs, mean_squares, quasi_f
from ..methods.friedman import conover_friedman, friedman
from ..methods.incomplete import durbin, durbin_pairs, skillings_mack, skillings_mack_pairs
from ..methods.kruskal import conover_iman, kruskal_wallis
from ..methods.paired import PairDifference, own_method, own_pairs, paired, t_estimate
from ..methods.permutation import flip_listeners, permutation_pairs, permutation_test, within_pages
from ..mixed_models.linear import fit_mixed
from ..reading.table import Bools, Floats, Ratings, listener_means
from ..result.design import Design
from ..result.names import Chosen, DesignKind, Distribution, Inference, Method, Scope
from ..result.note_words import NotFittedError, unsolved
from ..result.notes import (
    Because,
    BecauseCode,
    NoteCode,
    NotForMusic,
    ResamplesWithoutFit,
    Said,
    coded,
)
from ..result.p_values import all_pairs, no_test
from ..result.proof import Proof
from ..result.tests import Comparison, Effect, Omnibus


@dataclass(frozen=True)
class ChosenTest:
    """Which method, for which scope, and why; ``ordinal`` on a scale of few steps."""

    method: Chosen
    scope: Scope
    reason: Said
    ordinal: bool = False


@dataclass(frozen=True)
class Outcome:
    """What a method says: of all systems, of each pair, and by how much each pair differs.

    ``pair_method`` names the test of the pairs, as the notes of the report do. ``scope`` and
    ``reason`` are set where they are not those of the choice, ``proof`` where a model was fitted.
    """

    omnibus: Omnibus
    pairs: list[Comparison]
    estimates: dict[tuple[int, int], PairDifference]
    interval: str
    pair_method: Method
    kendall_w: float | None = None
    notes: tuple[Said, ...] = ()
    effects: Mapping[tuple[int, int], Effect] = field(default_factory=dict)
    scope: Scope | None = None
    reason: Said | None = None
    proof: Proof | None = None


def choose(design: Design, scope: Scope) -> ChosenTest:
    """The primary method for a design and the scope asked for."""
    if design.kind in (DesignKind.ONE_SYSTEM, DesignKind.NO_VARIATION):
        return ChosenTest(Chosen.NONE, scope, design.why(Inference.PASSAGES))
    if design.kind is DesignKind.ONE_LISTENER:
        why = design.why(Inference.LISTENER)
        if design.permits(Inference.LISTENER):
            return ChosenTest(Chosen.OVER_PASSAGES, Scope.LISTENER, why)
        return ChosenTest(Chosen.NONE, scope, why)
    if scope is Scope.MUSIC and design.permits(Inference.MUSIC):
        if design.balanced:
            return ChosenTest(Chosen.QUASI_F, scope, NoteCode.BALANCED)
        return ChosenTest(Chosen.MIXED_MODEL, scope, NoteCode.NOT_BALANCED)
    method, reason = _over_listeners(design)
    if scope is Scope.MUSIC:
        why = design.why(Inference.MUSIC)
        return ChosenTest(method, Scope.PASSAGES, NotForMusic(because=why, instead=coded(reason)))
    return ChosenTest(method, scope, reason)


def _over_listeners(design: Design) -> tuple[Chosen, NoteCode]:
    """The method for results over listeners, on passages that are taken as given."""
    if design.kind is DesignKind.PREFERENCES:
        return Chosen.BRADLEY_TERRY, NoteCode.TWO_ON_EVERY_PAGE
    if design.kind is DesignKind.BETWEEN:
        return Chosen.KRUSKAL_WALLIS, NoteCode.DIFFERENT_LISTENERS
    if design.kind in (DesignKind.COMPLETE, DesignKind.COMPLETE_BLOCKS):
        if design.systems == 2:
            return Chosen.PERMUTATION, NoteCode.TWO_SYSTEMS
        return Chosen.FRIEDMAN_F, NoteCode.EVERY_SYSTEM
    if design.kind is DesignKind.BALANCED_INCOMPLETE:
        return Chosen.DURBIN, NoteCode.BALANCED_PARTS
    if design.passages > 1:
        return Chosen.MIXED_MODEL, NoteCode.CELLS_MISSING
    return Chosen.SKILLINGS_MACK, NoteCode.CELLS_MISSING_ON_ONE


def run(choice: ChosenTest, ratings: Ratings, alpha: float, seed: int) -> Outcome:
    """Run the chosen method on the ratings of the systems under test."""
    if choice.method is Chosen.NONE:
        pairs = [
            Comparison(i, j, None, Distribution.NONE, None, None)
            for i, j in all_pairs(len(ratings.systems))
        ]
        return Outcome(no_test(Method.NONE, "", choice.reason), pairs, {}, "none", Method.NONE)
    return _METHODS[choice.method](ratings, choice, alpha, seed)


def _friedman(ratings: Ratings, choice: ChosenTest, alpha: float, _seed: int) -> Outcome:
    means = listener_means(ratings.cells)
    test = friedman(means)
    return Outcome(
        test.f,
        own_pairs(means, conover_friedman(test), alpha, ordinal=choice.ordinal),
        paired(means, alpha),
        "t intervals over listeners",
        own_method(ordinal=choice.ordinal),
        test.kendall_w,
    )


def _over_passages(ratings: Ratings, choice: ChosenTest, alpha: float, _seed: int) -> Outcome:
    table = np.round(ratings.cells[0], 10)
    table = table[~np.isnan(table).any(axis=1)]
    test = friedman(table)
    return Outcome(
        test.f,
        own_pairs(table, conover_friedman(test), alpha, ordinal=choice.ordinal),
        paired(table, alpha),
        "t intervals over passages",
        own_method(ordinal=choice.ordinal),
        test.kendall_w,
    )


def _permutation(ratings: Ratings, _choice: ChosenTest, alpha: float, seed: int) -> Outcome:
    means = listener_means(ratings.cells)
    return Outcome(
        permutation_test(means, seed),
        permutation_pairs(means, seed),
        paired(means, alpha),
        "t intervals over listeners",
        Method.PERMUTED_PAIRS,
        friedman(means).kendall_w,
    )


def _kruskal(ratings: Ratings, _choice: ChosenTest, alpha: float, _seed: int) -> Outcome:
    means = listener_means(ratings.cells)
    listener, system = np.nonzero(~np.isnan(means))
    test = kruskal_wallis(means[listener, system], system.astype(np.int64), means.shape[1])
    return Outcome(
        test.omnibus,
        conover_iman(test),
        _welch(means, alpha),
        "Welch t intervals of listener means",
        Method.CONOVER_IMAN,
    )


def _quasi_f(ratings: Ratings, _choice: ChosenTest, alpha: float, _seed: int) -> Outcome:
    cells = ratings.cells
    found = crossed_pairs(cells, alpha)
    w = friedman(listener_means(cells)).kendall_w
    test = quasi_f(mean_squares(cells))
    interval = "t intervals, listeners and passages random"
    return Outcome(test, *_from(found, cells), interval, Method.CROSSED_T, w)


def _mixed(ratings: Ratings, choice: ChosenTest, alpha: float, seed: int) -> Outcome:
    try:
        fit = fit_mixed(ratings.cells, choice.scope)
        test = fit.omnibus()
        found = fit.pairs(alpha)
    except (ValueError, np.linalg.LinAlgError) as error:
        why, here = unsolved(error), choice.scope is Scope.MUSIC
        code = BecauseCode.FLIPS_INSTEAD_HERE if here else BecauseCode.FLIPS_INSTEAD
        note = Because(code=code, because=why)
        outcome = _shared_cells(ratings, choice, alpha, seed)
        reason = Because(code=BecauseCode.CELLS_MISSING_NO_MODEL, because=why)
        # Flips of listeners say nothing of other music.
        notes = (note, *outcome.notes)
        return replace(outcome, notes=notes, scope=Scope.PASSAGES, reason=reason)
    interval = "t intervals of the mixed model (Satterthwaite)"
    return Outcome(test, *_from(found, ratings.cells), interval, Method.MIXED_T, proof=fit.proof)


def _shared_cells(ratings: Ratings, choice: ChosenTest, alpha: float, seed: int) -> Outcome:
    """Where systems were not rated on the same passages: only what stands on one page compares."""
    cells = ratings.cells
    scores, information = within_pages(cells)
    return Outcome(
        flip_listeners(scores, seed, information),
        own_pairs(cells, [], alpha, ordinal=choice.ordinal),
        paired(cells, alpha),
        "t intervals over listeners, on passages that they rated both on",
        own_method(ordinal=choice.ordinal),
    )


def _durbin(ratings: Ratings, choice: ChosenTest, alpha: float, _seed: int) -> Outcome:
    means = listener_means(ratings.cells)
    test = durbin(means)
    best = test.f if test.f.p is not None else test.chi2
    return Outcome(
        best,
        own_pairs(means, durbin_pairs(test), alpha, ordinal=choice.ordinal),
        paired(means, alpha),
        "t intervals over listeners with both",
        own_method(ordinal=choice.ordinal),
    )


def _skillings_mack(ratings: Ratings, choice: ChosenTest, alpha: float, _seed: int) -> Outcome:
    means = listener_means(ratings.cells)
    test = skillings_mack(means)
    return Outcome(
        test.omnibus,
        own_pairs(means, skillings_mack_pairs(test), alpha, ordinal=choice.ordinal),
        paired(means, alpha),
        "t intervals over listeners with both",
        own_method(ordinal=choice.ordinal),
    )


def _bradley_terry(ratings: Ratings, _choice: ChosenTest, alpha: float, seed: int) -> Outcome:
    wins = preferences(ratings)
    if wins is None:
        raise ValueError("these ratings are not preferences")
    scores = wins.sum(axis=2) - wins.sum(axis=1)
    if met_equally(wins):
        test, name = flip_listeners(scores, seed), Method.FLIPPED_LISTENERS
        pairs = permutation_pairs(scores, seed)
    else:
        total = wins.sum(axis=0)
        test = flip_listeners(scores, seed, meetings(total + total.T))
        name = Method.FLIPPED_SCORES
        pairs = score_pairs(wins, seed)
    interval = "intervals of 1000 bootstraps of listeners for P(i beats j) − P(j beats i)"
    try:
        beats = bradley_terry(wins.sum(axis=0)).beats()
    except NotFittedError as error:
        note = Because(code=BecauseCode.TESTS_WITHOUT_FIT, because=error.note)
        return Outcome(test, pairs, {}, interval, name, notes=(note,))
    low, high, fitted = bootstrap_beats(wins, alpha, seed)
    estimates, effects = {}, {}
    for i, j in all_pairs(len(ratings.systems)):
        p = float(beats[i, j])
        known = bool(np.isfinite(low[i, j]))
        bounds = (float(low[i, j]), float(high[i, j])) if known else (None, None)
        at_low, at_high = (None if b is None else 2 * b - 1 for b in bounds)
        estimates[i, j] = PairDifference(2 * p - 1, low=at_low, high=at_high, units=len(wins))
        effects[i, j] = effect(Method.BEATS, p, *bounds)
    without = ResamplesWithoutFit(without=1000 - fitted, resamples=1000)
    notes = () if fitted == 1000 else (without,)
    return Outcome(test, pairs, estimates, interval, name, notes=notes, effects=effects)


_METHODS: dict[Chosen, Callable[[Ratings, ChosenTest, float, int], Outcome]] = {
    Chosen.FRIEDMAN_F: _friedman,
    Chosen.OVER_PASSAGES: _over_passages,
    Chosen.PERMUTATION: _permutation,
    Chosen.KRUSKAL_WALLIS: _kruskal,
    Chosen.QUASI_F: _quasi_f,
    Chosen.MIXED_MODEL: _mixed,
    Chosen.DURBIN: _durbin,
    Chosen.BRADLEY_TERRY: _bradley_terry,
    Chosen.SKILLINGS_MACK: _skillings_mack,
}


def _welch(means: Floats, alpha: float) -> dict[tuple[int, int], PairDifference]:
    found = {}
    columns = [means[~np.isnan(means[:, system]), system] for system in range(means.shape[1])]
    for i, j in all_pairs(len(columns)):
        x, y = columns[i], columns[j]
        difference = float(x.mean() - y.mean())
        units = len(x) + len(y)
        if min(len(x), len(y)) < 2:
            found[i, j] = PairDifference(difference, units=units)
            continue
        a, b = float(x.var(ddof=1) / len(x)), float(y.var(ddof=1) / len(y))
        df = (a + b) ** 2 / (a**2 / (len(x) - 1) + b**2 / (len(y) - 1)) if a + b else units - 2
        found[i, j] = t_estimate(difference, float(np.sqrt(a + b)), df, alpha, units)
    return found


def _from(
    found: list[PairEstimate], cells: Floats
) -> tuple[list[Comparison], dict[tuple[int, int], PairDifference]]:
    rated: Bools = ~np.asarray(np.isnan(cells).all(axis=1))
    estimates = {}
    for pair in found:
        i, j = pair.comparison.first, pair.comparison.second
        units = int((rated[:, i] & rated[:, j]).sum())
        estimates[i, j] = PairDifference(
            pair.difference, pair.error, pair.df, pair.low, pair.high, units
        )
    return [pair.comparison for pair in found], estimates
