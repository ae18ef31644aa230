"""Power by simulation: how often the planned test would find a difference that one states.

Ratings are drawn with the variances of a pilot or of one's own assumption, one system lies
``effect`` points from all others, which are alike, and the very tests of the analysis are run on
them: for music like these the quasi-F′ with crossed pairs, for these passages Friedman's F on
listener means with a paired t test of each pair (with two systems the permutation of listeners'
signs). What a listener or a passage does to all systems alike cancels in these tests and is not
drawn. Ratings are not bounded by a scale, and nothing is missing.

A simulated share has an error of its own: sqrt(p(1 − p)/runs), given as Wilson's interval (1927).
The variances are taken as known; a small pilot's are not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from ....models.errors import UserError
from ..methods.crossed import crossed_pairs, mean_squares, quasi_f
from ..methods.friedman import friedman
from ..methods.multiplicity import adjusted
from ..methods.paired import own_pairs
from ..methods.permutation import permutation_pairs, permutation_test
from ..reading.table import Floats, listener_means
from ..result.design import SCOPES
from ..result.names import Adjust, Scope, Term
from ..result.tests import Comparison, Omnibus

# Standard deviations on 0 to 100 that are typical of published MUSHRA data.
USUAL_SDS: Mapping[str, float] = {
    Term.LISTENER_SYSTEM.value: 6.5,
    Term.PASSAGE_SYSTEM.value: 9.0,
    Term.RESIDUAL.value: 14.0,
}
_LEAST_RUNS = 100


@dataclass(frozen=True)
class StudySize:
    """A test to be planned: ``effect`` in points, ``sds`` by the names of :data:`USUAL_SDS`."""

    listeners: int
    passages: int
    systems: int
    effect: float
    sds: Mapping[str, float]
    scope: Scope = Scope.MUSIC
    alpha: float = 0.05
    adjust: Adjust = Adjust.HOLM

    def __post_init__(self) -> None:
        least = 2 if self.scope is Scope.MUSIC else 1
        for name, value, low in (
            ("listeners", self.listeners, 2),
            ("passages", self.passages, least),
            ("systems", self.systems, 2),
        ):
            if value < low:
                raise UserError(f"{value} {name} are too few; scope {self.scope} needs {low}")
        if not 0 < self.alpha < 0.5:
            raise UserError(f"alpha {self.alpha:g} must lie between 0 and 0.5; 0.05 is usual")
        wrong = [name for name, sd in self.sds.items() if name not in USUAL_SDS or sd < 0]
        if wrong or not any(self.sds.values()):
            raise UserError(
                f"standard deviation {wrong[0] if wrong else 'of everything'!r} cannot be; give "
                f"{', '.join(USUAL_SDS)} as numbers of points, not all zero"
            )


@dataclass(frozen=True)
class Share:
    """A simulated share with its Monte-Carlo interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Power:
    """What a plan finds.

    ``omnibus``: that systems differ at all. ``pair``: that a given one of the others differs from
    the odd system, after adjustment for all pairs. ``every``: that all of them do.
    """

    plan: StudySize
    runs: int
    omnibus: Share
    pair: Share
    every: Share


def planned_scope(name: str) -> Scope:
    """The scope of this name that can be planned for.

    Raises:
        UserError: for a name that none has.
    """
    if name not in SCOPES:
        raise UserError(f"unknown scope {name!r}; choose from {', '.join(SCOPES)}")
    return Scope(name)


def simulated_power(plan: StudySize, runs: int = 1000, seed: int = 0) -> Power:
    """Simulate ``plan``; equal arguments give equal results.

    Raises:
        UserError: if there are too few runs to say anything.
    """
    if runs < _LEAST_RUNS:
        raise UserError(f"{runs} runs are too few; {_LEAST_RUNS} is the least, 1000 is usual")
    generator = np.random.default_rng([seed, plan.listeners, plan.passages, plan.systems])
    found = np.zeros(runs, dtype=bool)
    shares = np.zeros(runs)
    for run in range(runs):
        omnibus, pairs = planned_tests(plan, drawn(plan, generator), run)
        found[run] = omnibus.p is not None and omnibus.p < plan.alpha
        p_adj = adjusted([pair.p for pair in pairs], plan.adjust)
        odd = [p is not None and p < plan.alpha for pair, p in zip(pairs, p_adj, strict=True)
               if pair.first == 0]  # fmt: skip
        shares[run] = np.mean(odd)
    return Power(plan, runs, wilson(found), _mean(shares), wilson(shares == 1))


def drawn(plan: StudySize, generator: np.random.Generator) -> Floats:
    """Ratings ``(listeners, passages, systems)`` of one test, but for what cancels."""
    n, m, k = plan.listeners, plan.passages, plan.systems
    by_passage = generator.normal(0, plan.sds.get(Term.PASSAGE_SYSTEM, 0.0), (1, m, k))
    if plan.scope is Scope.PASSAGES:
        # The effect is the mean over these very passages.
        by_passage = by_passage - by_passage.mean(axis=1, keepdims=True)
    cells: Floats = (
        generator.normal(0, plan.sds.get(Term.LISTENER_SYSTEM, 0.0), (n, 1, k))
        + by_passage
        + generator.normal(0, plan.sds.get(Term.RESIDUAL, 0.0), (n, m, k))
    )
    cells[:, :, 0] += plan.effect
    return cells


def planned_tests(plan: StudySize, cells: Floats, run: int) -> tuple[Omnibus, Sequence[Comparison]]:
    """The tests of the analysis for this plan, of all systems and of each pair; p unadjusted."""
    if plan.scope is Scope.MUSIC:
        pairs = [pair.comparison for pair in crossed_pairs(cells, plan.alpha)]
        return quasi_f(mean_squares(cells)), pairs
    means = listener_means(cells)
    if plan.systems == 2:
        return permutation_test(means, run), permutation_pairs(means, run)
    return friedman(means).f, own_pairs(means, (), plan.alpha, ordinal=False)


def wilson(hits: np.ndarray, confidence: float = 0.95) -> Share:
    """The share of ``hits`` ``(runs,)`` with Wilson's interval."""
    n, p = len(hits), float(np.mean(hits))
    z = float(stats.norm.isf((1 - confidence) / 2))
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    return Share(p, max(0.0, float(centre - half)), min(1.0, float(centre + half)))


def _mean(values: Floats) -> Share:
    """The mean of shares, one per run, with its normal interval; Wilson's where all are alike."""
    if float(np.ptp(values)) == 0:
        return wilson(values > 0)
    p = float(values.mean())
    half = float(stats.norm.isf(0.025) * values.std(ddof=1) / np.sqrt(len(values)))
    return Share(p, max(0.0, p - half), min(1.0, p + half))
