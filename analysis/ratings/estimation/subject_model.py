"""Listeners as instruments: the quality of each stimulus, each listener's bias and inconsistency.

The model of ITU-T P.913 (Li, Bampis, Krasula, Janowski & Katsavounidis 2020), with stimulus j,
listener i and standard normal X:

    rating = quality_j + bias_i + inconsistency_i · X,    Σ bias_i = 0

Qualities and biases are those of weighted least squares for given inconsistencies; these follow
from what is left, in turns. P.913 divides what is left by the number of ratings (maximum
likelihood). That takes qualities for known: inconsistencies come out too small, and where one
listener has more than about half of the weight, the turns end with that listener as the truth,
inconsistency 0, and a likelihood without bound. Restricted likelihood (Patterson & Thompson 1971)
divides by what the estimates leave free, the trace of I − H; it is the one to read, and the other
is what other programs print. With three listeners it is Grubbs' estimator (1948).

Either fit ends where its likelihood has no slope and is curved in every direction, or there is no
fit. Intervals hold for these listeners: what other listeners' biases would be is not in them.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from ..reading.table import Bools, Floats, Ints, Ratings
from ..result.note_words import NotFittedError
from ..result.notes import CountCode, NoteCode, OfCount

LEVEL = 1e-8  # of a slope, per rating of the listener
LEAST_CURVATURE = 1e-4
_TURNS = 30  # before Newton, so that the maximum found is the one that turns lead to
_MOST_ROUNDS = 400
_VANISHED = 1e-5  # of an inconsistency, as a share of the largest
_STEP = 1e-4
_MOST_WORK = 3e9


@dataclass(frozen=True)
class SubjectFit:
    """Qualities ``(j,)`` of stimuli, biases and inconsistencies ``(n,)`` of listeners.

    ``stimuli`` ``(j, 2)`` are the passage and system of each quality. ``errors`` and ``freedom``
    are those of qualities, ``bias_errors`` those of biases; ``free`` ``(n,)`` is how many of a
    listener's ratings the estimates leave free. ``slope`` is the steepest of −log-likelihood by
    the log of an inconsistency, per rating; ``curvature`` the least eigenvalue of its curvature, 1
    where qualities are known and 0 or less where there is no maximum.
    """

    stimuli: Ints
    quality: Floats
    errors: Floats
    freedom: Floats
    bias: Floats
    bias_errors: Floats
    inconsistency: Floats
    free: Floats
    log_likelihood: float
    slope: float
    curvature: float
    rounds: int

    def quality_interval(self, alpha: float) -> tuple[Floats, Floats]:
        """Low and high ``(j,)`` of the qualities, by t."""
        half = stats.t.isf(alpha / 2, self.freedom) * self.errors
        return self.quality - half, self.quality + half

    def bias_interval(self, alpha: float) -> tuple[Floats, Floats]:
        """Low and high ``(n,)`` of the biases, by t."""
        half = stats.t.isf(alpha / 2, self.free) * self.bias_errors
        return self.bias - half, self.bias + half

    def inconsistency_interval(self, alpha: float) -> tuple[Floats, Floats]:
        """Low and high ``(n,)`` of the inconsistencies, by χ²."""
        size = self.inconsistency * np.sqrt(self.free)
        low: Floats = size / np.sqrt(stats.chi2.isf(alpha / 2, self.free))
        high: Floats = size / np.sqrt(stats.chi2.ppf(alpha / 2, self.free))
        return low, high


@dataclass(frozen=True)
class _Table:
    """Counts and means of ratings ``(n, j)``, 0 where there are none; squares within cells."""

    counts: Floats
    means: Floats
    within: Floats
    restricted: bool

    @property
    def sizes(self) -> Floats:
        found: Floats = self.counts.sum(axis=1)
        return found


@dataclass(frozen=True)
class _Solved:
    """Weighted least squares for given ``logs`` of inconsistencies.

    The covariance of biases is ``biases`` ``(n, n)``, that of qualities
    ``diag(1/totals) + share @ biases @ share.T`` with ``share`` ``(j, n)``. ``squares`` ``(n,)``
    are left of each listener's ratings, ``free`` is what they are divided by, ``loss`` is
    −log-likelihood but for a constant.
    """

    logs: Floats
    quality: Floats
    bias: Floats
    totals: Floats
    share: Floats
    biases: Floats
    squares: Floats
    free: Floats
    loss: float

    @property
    def slopes(self) -> Floats:
        """Slopes ``(n,)`` of the loss by the logs."""
        found: Floats = self.free - self.squares * np.exp(-2 * self.logs)
        return found


def fit_subjects(ratings: Ratings, *, restricted: bool = True) -> SubjectFit:
    """Fit the model to the ratings of one question, by restricted or by maximum likelihood.

    Raises:
        NotFittedError: where there are too few or too many listeners, groups that share no
            stimulus, nothing left to estimate from, or no maximum.
    """
    table, stimuli = _table(ratings, restricted=restricted)
    _check(table)
    at = _solved(table, np.zeros(len(table.counts)))
    rounds = 0
    while np.abs(at.slopes / table.sizes).max() > LEVEL / 100 and rounds < _MOST_ROUNDS:
        if (at.squares <= _VANISHED**2 * at.squares.max()).any():
            raise NotFittedError(NoteCode.TAKEN_FOR_TRUTH)
        at = _next(table, at, newton=rounds >= _TURNS)
        rounds += 1
    slope = float(np.abs(at.slopes / table.sizes).max())
    curvature = float(np.linalg.eigvalsh(_curvature(table, at))[0])
    if slope > LEVEL or curvature <= LEAST_CURVATURE:
        raise NotFittedError(NoteCode.TAKEN_FOR_TRUTH)
    weight = at.share.T
    # Weights that are estimated add to the error and hide some of it (Meier 1953).
    more = 1 + 4 * (weight * (1 - weight) / at.free[:, None]).sum(axis=0)
    own = 1 / at.totals + ((at.share @ at.biases) * at.share).sum(axis=1)
    return SubjectFit(
        stimuli=stimuli,
        quality=at.quality,
        errors=np.sqrt(own * more),
        freedom=1 / (weight**2 / at.free[:, None]).sum(axis=0),
        bias=at.bias,
        bias_errors=np.sqrt(np.diagonal(at.biases)),
        inconsistency=np.exp(at.logs),
        free=at.free,
        log_likelihood=-at.loss,
        slope=slope,
        curvature=curvature,
        rounds=rounds,
    )


def _table(ratings: Ratings, *, restricted: bool) -> tuple[_Table, Ints]:
    """Ratings by listener and rated stimulus, and the passage and system of each stimulus."""
    n = len(ratings.listeners)
    counts = ratings.counts.reshape(n, -1)
    rated = np.flatnonzero(counts.sum(axis=0))
    stimuli = np.stack(np.unravel_index(rated, ratings.counts.shape[1:]), axis=1)
    means = np.nan_to_num(ratings.cells.reshape(n, -1)[:, rated])
    own = ratings.cells[ratings.listener, ratings.passage, ratings.system]
    within = np.bincount(ratings.listener, weights=(ratings.value - own) ** 2, minlength=n)
    known = counts[:, rated].astype(np.float64)
    return _Table(known, means, within.astype(np.float64), restricted), stimuli


def _check(table: _Table) -> None:
    n, stimuli = table.counts.shape
    if n < 3 or stimuli < 2:
        raise NotFittedError(NoteCode.FEW_FOR_SUBJECTS)
    if stimuli * float(n) ** 3 > _MOST_WORK:
        raise NotFittedError(OfCount(code=CountCode.MANY_FOR_SUBJECTS, count=n))
    met = table.counts > 0
    reach: Bools = np.zeros(n, dtype=bool)
    wider: Bools = np.arange(n) == 0
    while (wider != reach).any():
        reach = wider
        wider = np.asarray(met[:, met[reach].any(axis=0)].any(axis=1))
    if not reach.all():
        raise NotFittedError(NoteCode.LISTENERS_APART)
    # Whose ratings the estimates take up, or fit without any rest, cannot be inconsistent.
    equal = _solved(table, np.zeros(n))
    size = float(np.abs(table.means).max()) ** 2
    if (equal.free < 0.5).any() or (equal.squares <= 1e-18 * size * table.sizes).any():
        raise NotFittedError(NoteCode.NO_REST)


def _solved(table: _Table, logs: Floats) -> _Solved:
    # Weights about one: the least and the largest then differ by what listeners differ.
    scale = float(np.exp(-2 * logs.mean()))
    loads = np.exp(-2 * (logs - logs.mean()))[:, None] * table.counts
    totals = loads.sum(axis=0)
    share = (loads / totals).T
    system = np.diag(loads.sum(axis=1)) - loads @ share
    # Adding the sum of the biases, which is 0, leaves them alone and the matrix regular.
    typical = float(np.trace(system)) / len(logs) ** 2
    regular = system + typical
    biases = np.linalg.inv(regular) - 1 / (typical * len(logs) ** 2)
    centre = (loads * table.means).sum(axis=0) / totals
    bias = biases @ (loads * (table.means - centre)).sum(axis=1)
    quality = centre - share @ bias
    left = table.counts * (table.means - quality - bias[:, None]) ** 2
    squares = table.within + left.sum(axis=1)
    free = table.sizes
    loss = float((free * logs).sum() + (squares * np.exp(-2 * logs)).sum() / 2)
    loss += float(table.counts.sum()) / 2 * float(np.log(2 * np.pi))
    if table.restricted:
        crossed = share @ biases
        either = 1 / totals + (crossed * share).sum(axis=1)
        both = either[None, :] - 2 * crossed.T + np.diagonal(biases)[:, None]
        free = free - (loads * both).sum(axis=1)
        loss += float(np.log(totals).sum() + np.linalg.slogdet(regular)[1]) / 2
        loss -= float(np.log(typical * len(logs))) / 2
        rank = len(totals) + len(logs) - 1
        loss += rank * float(np.log(scale) - np.log(2 * np.pi)) / 2
    return _Solved(logs, quality, bias, totals * scale, share, biases / scale, squares, free, loss)


def _curvature(table: _Table, at: _Solved) -> Floats:
    """The curvature ``(n, n)`` of the loss by the logs, the unit matrix where qualities are known.

    By differences of its slopes, scaled by each listener's ratings.
    """
    steps = _STEP * np.eye(len(at.logs))
    rows = [
        (_solved(table, at.logs + step).slopes - _solved(table, at.logs - step).slopes)
        / (2 * _STEP)
        for step in steps
    ]
    scale = 2 * np.sqrt(np.outer(table.sizes, table.sizes))
    found: Floats = np.asarray(rows) / scale
    return (found + found.T) / 2


def _next(table: _Table, at: _Solved, *, newton: bool) -> _Solved:
    """The next place: Newton's where the loss is curved and falls, else that of turns."""
    if newton:
        curvature = _curvature(table, at)
        if np.linalg.eigvalsh(curvature)[0] > LEAST_CURVATURE:
            root = np.sqrt(table.sizes)
            step = np.linalg.solve(curvature, at.slopes / root) / root / 2
            tried = _solved(table, at.logs - np.clip(step, -0.5, 0.5))
            if tried.loss <= at.loss + 1e-9 * abs(at.loss):
                return tried
    return _solved(table, 0.5 * np.log(at.squares / at.free))
