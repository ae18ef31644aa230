"""Every system against one: the reference or a baseline, or zero on a signed scale."""

import numpy as np

from ..methods.friedman import friedman
from ..methods.paired import PairDifference, paired, wilcoxon
from ..reading.table import Floats, Ratings, listener_means
from ..result.names import Distribution, Method
from ..result.note_words import noted
from ..result.notes import OfSystem, SystemCode
from ..result.p_values import comparison_p
from ..result.secondary import AgainstZero, ManyToOne
from ..result.tests import Comparison, EstimatedPair, PairTest
from .options import RatingsOptions
from .pairs import pair_tests

ZERO = "zero (no difference)"


def many_to_one(ratings: Ratings, control: str, options: RatingsOptions) -> ManyToOne:
    """Every system under test against ``control``: Wilcoxon on listener means, Demšar's z.

    A ``note`` says why where nothing can be compared with it.
    """
    under = ratings.without_systems(tuple(name for name in options.aside if name != control))
    note = None
    if control not in ratings.systems:
        note = OfSystem(code=SystemCode.NOTHING_TO_COMPARE, system=control)
    elif under.systems == (control,):
        note = OfSystem(code=SystemCode.NONE_TO_COMPARE, system=control)
    pairs: tuple[list[EstimatedPair], list[PairTest]] = ([], [])
    if not note:
        pairs = _compared(under, under.systems.index(control), options)
    wilcoxon_pairs, demsar_pairs = pairs
    return ManyToOne(
        control=control,
        adjust=options.adjust,
        wilcoxon=tuple(wilcoxon_pairs),
        demsar=tuple(demsar_pairs),
        **noted(note),
    )


def _compared(
    under: Ratings, at: int, options: RatingsOptions
) -> tuple[list[EstimatedPair], list[PairTest]]:
    """The others against the system at ``at``."""
    means = listener_means(under.cells)
    others = [other for other in range(means.shape[1]) if other != at]
    estimates = paired(means, options.alpha)
    signed = [_signed(means[:, other] - means[:, at], other, at) for other in others]
    found = [
        estimates[other, at] if other < at else _turned(estimates[at, other]) for other in others
    ]
    demsar = _demsar(means, at, others)
    return (
        _estimated(signed, found, under.systems, options),
        pair_tests(demsar, under.systems, options.adjust, options.alpha),
    )


def _signed(d: Floats, first: int, second: int) -> Comparison:
    return wilcoxon(d[~np.isnan(d)], first, second)


def _turned(estimate: PairDifference) -> PairDifference:
    """The same difference the other way round; only what a result stores of it."""
    difference, low, high = (
        None if value is None else -1.0 * value
        for value in (estimate.difference, estimate.high, estimate.low)
    )
    return PairDifference(difference, low=low, high=high, units=estimate.units)


def _demsar(means: Floats, at: int, others: list[int]) -> list[Comparison]:
    """Demšar's z of mean ranks over the listeners with every system."""
    k = means.shape[1]
    whole = means[~np.isnan(means).any(axis=1)]
    if len(whole) < 2:
        return [Comparison(one, at, None, Distribution.NORMAL, None, None) for one in others]
    ranks = friedman(whole).mean_ranks
    found = []
    for other in others:
        z = float((ranks[other] - ranks[at]) / np.sqrt(k * (k + 1) / (6 * len(whole))))
        p = comparison_p(Distribution.NORMAL, z, None)
        found.append(Comparison(other, at, z, Distribution.NORMAL, None, p))
    return found


def _estimated(
    tests: list[Comparison],
    estimates: list[PairDifference],
    names: tuple[str, ...],
    options: RatingsOptions,
) -> list[EstimatedPair]:
    pairs = pair_tests(tests, names, options.adjust, options.alpha)
    return [
        EstimatedPair(
            **pair.given(),
            n=estimate.units,
            mean_diff=estimate.difference,
            low=estimate.low,
            high=estimate.high,
        )
        for pair, estimate in zip(pairs, estimates, strict=True)
    ]


def against_zero(ratings: Ratings, options: RatingsOptions) -> AgainstZero:
    """Listener means of each system against zero, "no difference" on a signed scale (CCR)."""
    means = listener_means(ratings.cells)
    table = np.concatenate([means, np.zeros((len(means), 1))], axis=1)
    zero = means.shape[1]
    tests = [_signed(means[:, system], system, zero) for system in range(zero)]
    estimates = [paired(table[:, [system, zero]], options.alpha)[0, 1] for system in range(zero)]
    names = (*ratings.systems, ZERO)
    return AgainstZero(
        method=Method.WILCOXON,
        adjust=options.adjust,
        systems=tuple(_estimated(tests, estimates, names, options)),
    )
