"""A cumulative-link mixed model of grades: the ordinal alternative to the linear model.

    logit P(grade ≤ j) = τ_j - η
    scope *music*:     η = system + (1|l) + (1|p) + (1|l:p) + (1|l:s) + (1|p:s)
    scope *passages*:  η = system + passage + (1|l) + (1|l:p) + (1|l:s)

It takes the grades as an order and not as numbers, so that it holds where steps are unlike and
where many grades lie at an end of the scale. Differences are log odds of a higher grade. Pairs are
tested by Wald's z, all systems by the likelihood ratio; both are of large samples, and with few
listeners they reject too often. Agresti 2010; Christensen 2019 (``ordinal::clmm``).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special, stats
from threadpoolctl import ThreadpoolController

from ..reading.table import Floats, Ratings
from ..result.names import Distribution, Method, Scope, Term
from ..result.note_words import NotFittedError
from ..result.notes import CountCode, NoteCode, OfCount
from ..result.p_values import all_pairs, chi2_test
from ..result.proof import Proof
from ..result.tests import Comparison, Omnibus
from .crossed_covariance import layout_of
from .cumulative_link import CumulativeLink, Grades, Parameters
from .ordering import canonical
from .restricted_likelihood import MUSIC, PASSAGES

_STARTS = (0.1, 1.0)
_MOST_WORK = 1e8  # listeners × (passages × systems)³: half a minute
_MOST_RATINGS = 20_000
_MOST_EFFECT = 25.0  # log odds: no grade is ever given against such a difference
_STEP = 1e-4
_MOST_MOVES = 30
_ENOUGH = 1e-15  # of the log-likelihood, that a step promises
_THREADS = ThreadpoolController()


@dataclass(frozen=True)
class OrdinalPair:
    """A pair's difference in log odds of a higher grade, with its error and interval."""

    comparison: Comparison
    log_odds: float
    error: float
    low: float
    high: float


@dataclass(frozen=True)
class OrdinalFit:
    """A fitted model: ``effects`` of the systems ``(k,)`` against the first, and their covariance.

    ``grades`` are the grades that were given, ``thresholds`` lie between them; ``omnibus`` is the
    likelihood ratio of a model without systems.
    """

    scope: Scope
    grades: tuple[float, ...]
    thresholds: Floats
    effects: Floats
    covariance: Floats
    variances: dict[Term, float]
    log_likelihood: float
    omnibus: Omnibus
    proof: Proof

    def pairs(self, alpha: float) -> list[OrdinalPair]:
        """Every pair of systems by Wald's z."""
        found = []
        half = float(stats.norm.isf(alpha / 2))
        for i, j in all_pairs(len(self.effects)):
            difference = float(self.effects[i] - self.effects[j])
            spread = self.covariance[i, i] + self.covariance[j, j] - 2 * self.covariance[i, j]
            error = float(np.sqrt(spread))
            z = difference / error
            p = float(2 * stats.norm.sf(abs(z)))
            test = Comparison(i, j, z, Distribution.NORMAL, None, p)
            low, high = difference - half * error, difference + half * error
            found.append(OrdinalPair(test, difference, error, low, high))
        return found


@dataclass(frozen=True)
class _Best:
    """The best parameters of one model, -log likelihood there, its curvature and the proof."""

    parameters: Parameters
    value: float
    curvature: Floats
    free: tuple[int, ...]
    proof: Proof


def fit_ordinal(ratings: Ratings, scope: Scope) -> OrdinalFit:
    """Fit the model to ratings of one question.

    Raises:
        NotFittedError: with the reason, if it cannot be fitted or its optimum is not proved.
    """
    with _THREADS.limit(limits=1, user_api="blas"):
        try:
            return _fitted(ratings, scope)
        except np.linalg.LinAlgError:
            raise NotFittedError(NoteCode.NOT_PROVED) from None


def _fitted(ratings: Ratings, scope: Scope) -> OrdinalFit:
    given, grade = np.unique(ratings.value, return_inverse=True)
    n, m, k = ratings.counts.shape
    if n < 2 or k < 2 or len(given) < 2 or (scope is Scope.MUSIC and m < 2):
        raise NotFittedError(NoteCode.MODEL_TOO_SMALL)
    if float(n) * float(m * k) ** 3 > _MOST_WORK or len(ratings) > _MOST_RATINGS:
        raise NotFittedError(OfCount(code=CountCode.MANY_GRADES, count=len(ratings)))
    order = canonical(ratings.cells)
    place = [np.argsort(side) for side in (order.listeners, order.passages, order.systems)]
    layout = layout_of(m, k)
    listener = place[0][ratings.listener]
    passage, system = place[1][ratings.passage], place[2][ratings.system]
    inside = system * m + passage if layout.turned else passage * k + system
    cell = listener * (m * k) + inside
    rows = np.lexsort((grade, cell))
    grades = Grades(layout, n, cell[rows], grade[rows].astype(np.int64), len(given))
    others = layout.passage_of[:, 1:] if scope is Scope.PASSAGES else np.zeros((m * k, 0))
    terms = MUSIC if scope is Scope.MUSIC else PASSAGES if m > 1 else PASSAGES[:1]
    best = _best(CumulativeLink(grades, np.hstack([layout.system_of[:, 1:], others]), terms))
    without = _best(CumulativeLink(grades, others, terms))
    if not (best.proof.holds and without.proof.holds):
        raise NotFittedError(NoteCode.NOT_PROVED)
    if len(best.parameters.effects) and np.abs(best.parameters.effects).max() > _MOST_EFFECT:
        raise NotFittedError(NoteCode.GRADES_APART)
    at = len(given) - 1
    covariance = np.zeros((k, k))
    covariance[1:, 1:] = np.linalg.inv(best.curvature)[at : at + k - 1, at : at + k - 1]
    effects = np.append(0.0, best.parameters.effects[: k - 1])[place[2]]
    # Thresholds are those of the first system and, where passages are fixed, of the first of them.
    of_passages = np.zeros(m)
    of_passages[1:] += best.parameters.effects[k - 1 :] if scope is Scope.PASSAGES else 0.0
    ratio = max(2 * (without.value - best.value), 0.0)
    return OrdinalFit(
        scope=scope,
        grades=tuple(given.tolist()),
        thresholds=best.parameters.thresholds - effects[0] - of_passages[place[1][0]],
        effects=effects - effects[0],
        covariance=covariance[np.ix_(place[2], place[2])],
        variances=dict(zip(terms, best.parameters.variances.tolist(), strict=True)),
        log_likelihood=-best.value,
        omnibus=chi2_test(Method.CUMULATIVE_LINK, "LR", ratio, k - 1),
        proof=best.proof,
    )


def _best(model: CumulativeLink) -> _Best:
    """The most likely parameters, from several starts."""
    steps, count = model.grades.steps, model.fixed.shape[1]
    shares = np.cumsum(np.bincount(model.grades.grade, minlength=steps))[:-1]
    thresholds = special.logit(shares / len(model.grades.grade))
    wide = np.full(steps - 1, np.inf)
    most = np.concatenate([wide, np.full(count, 2 * _MOST_EFFECT), np.full(len(model.terms), 1e3)])
    bounds = optimize.Bounds(
        np.concatenate([-most[: steps - 1 + count], most[steps - 1 + count :] * 0]), most
    )
    ends = []
    for start in _STARTS:
        at = np.concatenate(
            [
                thresholds[:1],
                np.log(np.diff(thresholds)),
                np.zeros(count),
                np.full(len(model.terms), start),
            ]
        )
        found = optimize.minimize(
            _by_gaps, at, args=(model,), jac=True, bounds=bounds, method="L-BFGS-B",
            options={"ftol": 1e-13, "gtol": 1e-7, "maxiter": 500, "maxcor": 20},
        )  # fmt: skip
        ends.append(_split(model, _from_gaps(model, found.x)))
    return _polished(model, ends)


def _polished(model: CumulativeLink, ends: Sequence[Floats]) -> _Best:
    """Newton steps from the best of ``ends``, and the proof of where they lead."""
    values = [model.at(_joined(model, end))[0] for end in ends]
    at = ends[int(np.argmin(values))]
    first = len(at) - len(model.terms)
    free: tuple[int, ...] = ()
    curvature = np.zeros((0, 0))
    for _ in range(_MOST_MOVES):
        slope = _slope(model, at)
        moving = _free(model, at, slope)
        if moving != free:
            # So near the end the curvature hardly changes: once is enough.
            free, curvature = moving, _curvature(model, at, moving)
        move = np.linalg.solve(curvature, slope[list(free)])
        if float(np.abs(slope[list(free)] * move).max()) < _ENOUGH:
            break
        aim = at.copy()
        aim[list(free)] -= move
        # A variance does not cross zero: it goes half of the way, then stays there.
        below = np.flatnonzero(aim[first:] < 0) + first
        aim[below] = np.where(at[below] < 1e-6, 0.0, at[below] / 2)
        at = aim
    parameters = _joined(model, at)
    value, _ = model.at(parameters)
    slope = _slope(model, at)
    free = _free(model, at, slope)
    curvature = _curvature(model, at, free)
    scale = 1 / np.sqrt(np.maximum(np.diag(curvature), 1e-300))
    curved = np.linalg.eigvalsh(curvature * np.outer(scale, scale))
    zeros = [index for index in range(first, len(at)) if index not in free]
    agreed = sum(one <= value + 1e-4 for one in values)
    proof = Proof(
        deviance=2 * value,
        slope=float(np.abs(2 * slope[list(free)] * scale).max()),
        zeros={model.terms[index - first]: float(2 * slope[index]) for index in zeros},
        curvature=float(curved[0] / curved[-1]),
        starts=len(values),
        agreed=agreed,
        closed_form=None,
    )
    return _Best(parameters, value, curvature, free, proof)


def _free(model: CumulativeLink, at: Floats, slope: Floats) -> tuple[int, ...]:
    """The parameters that move: all but variances at zero that the ``slope`` keeps there."""
    first = len(at) - len(model.terms)
    return tuple(
        index for index in range(len(at)) if index < first or at[index] > 0 or slope[index] < 0
    )


def _joined(model: CumulativeLink, at: Floats) -> Parameters:
    steps, count = model.grades.steps, model.fixed.shape[1]
    return Parameters(at[: steps - 1], at[steps - 1 : steps - 1 + count], at[steps - 1 + count :])


def _split(model: CumulativeLink, parameters: Parameters) -> Floats:
    return np.concatenate([parameters.thresholds, parameters.effects, parameters.variances])


def _slope(model: CumulativeLink, at: Floats) -> Floats:
    return _split(model, model.at(_joined(model, at))[1])


def _from_gaps(model: CumulativeLink, x: Floats) -> Parameters:
    """Parameters of a first threshold and the logs of the gaps after it."""
    raw = _joined(model, x)
    gaps = np.exp(raw.thresholds[1:])
    thresholds = raw.thresholds[0] + np.concatenate([[0.0], np.cumsum(gaps)])
    return Parameters(thresholds, raw.effects, raw.variances)


def _by_gaps(x: Floats, model: CumulativeLink) -> tuple[float, Floats]:
    """-log likelihood and its slope by the first threshold and the logs of the gaps."""
    value, slope = model.at(_from_gaps(model, x))
    from_here = np.cumsum(slope.thresholds[::-1])[::-1]
    gaps = np.exp(_joined(model, x).thresholds[1:])
    thresholds = np.concatenate([from_here[:1], from_here[1:] * gaps])
    return value, np.concatenate([thresholds, slope.effects, slope.variances])


def _curvature(model: CumulativeLink, at: Floats, free: Sequence[int]) -> Floats:
    """Second derivatives of -log likelihood by the ``free`` parameters."""
    rows = []
    for index in free:
        step = np.zeros(len(at))
        # A variance near zero is raised only.
        step[index] = _STEP if at[index] > _STEP or index < len(at) - len(model.terms) else 0.0
        up, down = at + step, at - step
        if not step.any():
            up = at.copy()
            up[index] += _STEP
            rows.append((_slope(model, up) - _slope(model, at))[list(free)] / _STEP)
            continue
        rows.append((_slope(model, up) - _slope(model, down))[list(free)] / (2 * _STEP))
    found = np.array(rows)
    both: Floats = (found + found.T) / 2
    return both
