"""Paired preferences by Bradley-Terry: abilities, P(i beats j), and circular triads.

log odds(i beats j) = a_i - a_j (Bradley & Terry 1952), a tie half a win for each, fitted by
Newton's method. Standard errors of the fit take every answer as independent; the interval to
report resamples listeners. Circular triads (i > j > k > i) count what no scale can explain
(Kendall & Babington Smith 1940).
"""

import itertools
from dataclasses import dataclass

import numpy as np
from scipy import special

from ..reading.table import Bools, Floats, Ints, Ratings
from ..result.note_words import NotFittedError
from ..result.notes import NoteCode
from .resampling import draws


@dataclass(frozen=True)
class BradleyTerry:
    """Abilities ``(k,)`` against the reference system, their errors, and the fit's deviance."""

    abilities: Floats
    errors: Floats
    deviance: float
    df: int

    def beats(self) -> Floats:
        """P(row beats column) ``(k, k)``."""
        result: Floats = special.expit(self.abilities[:, None] - self.abilities[None, :])
        return result


def bradley_terry(wins: Floats, reference: int = 0) -> BradleyTerry:
    """Fit to ``wins`` ``(k, k)``: how often the row won against the column.

    Raises:
        NotFittedError: if some systems never lose to the others (their ability has no bound).
    """
    wins = wins - np.diag(np.diag(wins))
    k = len(wins)
    if not _connected(wins > 0):
        raise NotFittedError(NoteCode.NO_BOUND)
    games = wins + wins.T
    free = [index for index in range(k) if index != reference]
    abilities = np.zeros(k)
    information = np.eye(k - 1)
    for _ in range(100):
        chance = special.expit(abilities[:, None] - abilities[None, :])
        slope = (wins - games * chance).sum(axis=1)
        weight = games * chance * (1 - chance)
        information = (np.diag(weight.sum(axis=1)) - weight)[np.ix_(free, free)]
        step = np.linalg.solve(information, slope[free])
        abilities[free] += np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-12:
            break
    errors = np.zeros(k)
    errors[free] = np.sqrt(np.diag(np.linalg.inv(information)))
    expected = games * special.expit(abilities[:, None] - abilities[None, :])
    played = wins > 0
    deviance = 2 * float((wins[played] * np.log(wins[played] / expected[played])).sum())
    df = int((np.triu(games) > 0).sum()) - (k - 1)
    return BradleyTerry(abilities, errors, deviance, df)


def preferences(ratings: Ratings) -> Floats | None:
    """Wins ``(listeners, k, k)`` of ratings that are preferences; None if they are not.

    They are where every page holds two systems whose ratings are 1 and 0, or one half each. A page
    is a row of the file, a page number, or else one repeat of a listener on a passage.
    """
    found = _two_on_every_page(ratings)
    if found is None:
        return None
    first, second = found
    one, other = ratings.value[first], ratings.value[second]
    k = len(ratings.systems)
    wins = np.zeros((len(ratings.listeners), k, k))
    np.add.at(wins, (ratings.listener[first], ratings.system[first], ratings.system[second]), one)
    np.add.at(wins, (ratings.listener[first], ratings.system[second], ratings.system[first]), other)
    return wins


def direct_wins(ratings: Ratings, system: int, against: int) -> Floats | None:
    """The share of their own comparisons that ``system`` won ``(listeners, passages)``.

    NaN where a listener did not compare the two on a passage; None if these are no preferences.
    """
    found = _two_on_every_page(ratings)
    if found is None:
        return None
    shape = len(ratings.listeners), len(ratings.passages)
    won, met = np.zeros(shape), np.zeros(shape)
    for one, other in (found, found[::-1]):
        mine = (ratings.system[one] == system) & (ratings.system[other] == against)
        place = ratings.listener[one][mine], ratings.passage[one][mine]
        np.add.at(won, place, ratings.value[one][mine])
        np.add.at(met, place, 1.0)
    return np.where(met > 0, won / np.maximum(met, 1.0), np.nan)


def _two_on_every_page(ratings: Ratings) -> tuple[Ints, Ints] | None:
    """The rows of both systems of each page; None where pages are no preferences."""
    if not set(np.unique(ratings.value).tolist()) <= {0.0, 0.5, 1.0}:
        return None
    page: Ints = ratings.repeat if ratings.page is None else ratings.page.astype(np.int64)
    page = page if ratings.pairing is None else ratings.pairing
    order = np.lexsort((ratings.system, page, ratings.passage, ratings.listener))
    if len(order) % 2:
        return None
    first, second = order[::2], order[1::2]
    for column in (ratings.listener, ratings.passage, page):
        if not (column[first] == column[second]).all():
            return None
    one, other = ratings.value[first], ratings.value[second]
    if not (one + other == 1).all() or (ratings.system[first] == ratings.system[second]).any():
        return None
    return first, second


def bootstrap_beats(wins: Floats, alpha: float, seed: int) -> tuple[Floats, Floats, int]:
    """Interval of P(row beats column) with listeners resampled: low, high, resamples that fitted.

    ``wins`` is ``(listeners, k, k)``.
    """
    n, k, _ = wins.shape
    found = []
    for weights in draws(n, seed, 3, 1000):
        sample = np.einsum("l,lij->ij", weights, wins)
        if _connected(sample > 0):
            found.append(bradley_terry(sample).beats())
    if len(found) < 100:
        nothing = np.full((k, k), np.nan)
        return nothing, nothing, len(found)
    low, high = np.quantile(np.stack(found), [alpha / 2, 1 - alpha / 2], axis=0)
    return low, high, len(found)


def circular_triads(wins: Floats) -> tuple[int, int]:
    """How many triads of ``wins`` ``(k, k)`` go round in a circle, of how many decided ones."""
    above = wins > wins.T
    circles = decided = 0
    for triad in itertools.combinations(range(len(wins)), 3):
        part = above[np.ix_(triad, triad)]
        if int(part.sum()) == 3:
            decided += 1
            circles += bool((part.sum(axis=1) == 1).all())
    return circles, decided


def _connected(beats: Bools) -> bool:
    """Whether every system has beaten every other directly or through others (Ford 1957)."""
    reach = beats | np.eye(len(beats), dtype=bool)
    for _ in range(len(beats).bit_length()):
        reach = (reach.astype(np.int64) @ reach) > 0
    return bool(reach.all())
