"""Tests of preferences where listeners did not meet every pair of systems equally often.

Net wins over all opponents compare two systems only where both met the same opponents as often: a
system that met a weak one more often wins more without being better. Otherwise a pair is tested by
the scores of the Bradley-Terry model under "both are alike", each listener's share of the slope of
the likelihood in the direction of the pair, with the abilities of the others accounted for. Whole
listeners' shares are flipped (Hemerik, Goeman & Finos 2020), so that p, the fitted difference and
its interval speak of one thing. Where all pairs are met equally often the shares are the net wins.
"""

import numpy as np
from scipy import special

from ..reading.table import Bools, Floats
from ..result.names import Distribution
from ..result.p_values import all_pairs
from ..result.tests import Comparison
from .bradley_terry import bradley_terry
from .permutation import sign_flips

_GUARD = 0.1  # of an answer each way, so that a system that always lost has a finite ability


def met_equally(wins: Floats) -> bool:
    """Whether every listener of ``wins`` ``(listeners, k, k)`` met every pair equally often."""
    games = wins + wins.transpose(0, 2, 1)
    met = games[:, ~np.eye(wins.shape[1], dtype=bool)]
    return bool((met == met[:, :1]).all())


def meetings(games: Floats) -> Floats:
    """The information ``(k, k)`` on equal systems that so many ``games`` ``(k, k)`` hold."""
    found: Floats = np.diag(games.sum(axis=1)) - games
    return found


def score_pairs(wins: Floats, seed: int) -> list[Comparison]:
    """Every pair of ``wins`` ``(listeners, k, k)`` by flipped scores; p unadjusted.

    The statistic is the mean of the listeners' scores. A pair that no answers link has no test.
    """
    pairs = []
    for i, j in all_pairs(wins.shape[1]):
        scores = _scores(wins, i, j)
        p = None if scores is None else sign_flips(scores, seed)
        mean = None if scores is None or p is None else float(scores.mean())
        pairs.append(Comparison(i, j, mean, Distribution.PERMUTATION, None, p))
    return pairs


def _scores(wins: Floats, i: int, j: int) -> Floats | None:
    """Each listener's effective score ``(listeners,)`` for the difference of two abilities."""
    total = wins.sum(axis=0)
    linked = _linked(total + total.T > 0, i)
    if not linked[j]:
        return None
    kept = [i, j, *(at for at in np.flatnonzero(linked).tolist() if at not in (i, j))]
    mine = wins[np.ix_(range(len(wins)), kept, kept)]
    sums = mine.sum(axis=0)
    games = sums + sums.T
    # Under the null the first two are one system, whose meetings with itself say nothing.
    joined = np.insert(np.eye(len(kept) - 1), 0, np.eye(len(kept) - 1)[0], axis=0)
    merged = joined.T @ sums @ joined
    np.fill_diagonal(merged, 0.0)
    abilities = np.zeros(len(kept))
    if len(merged) > 1:
        abilities = joined @ bradley_terry(merged + _GUARD * (merged + merged.T > 0)).abilities
    chance = special.expit(abilities[:, None] - abilities[None, :])
    met = mine + mine.transpose(0, 2, 1)
    slopes = (mine - met * chance).sum(axis=2)
    direction = np.linalg.pinv(meetings(games * chance * (1 - chance)))[:, :2] @ (1.0, -1.0)
    spread = direction[0] - direction[1]
    # Scaled to net wins, of which a score of wins is half.
    scores: Floats = 4 / spread * (slopes @ direction)
    return np.round(scores, 10)


def _linked(met: Bools, start: int) -> Bools:
    """Which systems ``(k,)`` the one at ``start`` met directly or through others."""
    reach = met | np.eye(len(met), dtype=bool)
    for _ in range(len(met).bit_length()):
        reach = (reach.astype(np.int64) @ reach) > 0
    linked: Bools = np.asarray(reach[start])
    return linked
