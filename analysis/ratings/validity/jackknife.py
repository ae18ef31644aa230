"""How sure a correlation is: a jackknife that leaves out systems, passages and listeners whole.

Stimuli of one system, or of one passage, are not independent, nor are ratings of one listener. So
whole systems, whole passages and whole listeners are left out in turn, and the three variances are
added. What belongs to a single stimulus is in the first two of them; it is taken off once, by
leaving out single stimuli (Cameron, Gelbach & Miller 2011 combine clustered variances so). The sum
is never below the largest of the three. Of the systems' means, leaving out systems holds the chance
of passages and listeners already, so the largest of the three stands. For ranks of so few, what a
left-out system changes is no measure of chance; there the variance of systems is that of Bonett &
Wright 2000 for Spearman's ρ, (1 + ρ²/2) / (k − 3), and of Fieller, Hartley & Pearson 1957 for
Kendall's τ, .437 / (k − 4). A perfect order counts as half a step from it.

A bootstrap would draw listeners anew and so add their noise to means that have it already, which
lowers every correlation; leaving one out does not. Intervals are t on Fisher's z, with the degrees
of freedom of Satterthwaite. ``benchmarks/inference/validity.py`` measures their coverage.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import stats

from ...result.following import Coefficient, ValidityLevel
from ..mixed_models.ordering import Canonical, canonical
from ..reading.table import Floats, Ints
from .coefficients import at_level

MOST_GROUPS = 40  # of systems, passages or listeners that are left out together
MOST_CELLS = 700
_LEAST_RANKED = 5
_MOST_ALIKE = 50_000
MOST_KENDALL = 1_500
_MOST_Z_R = 0.9999


@dataclass(frozen=True)
class Sureness:
    """An estimate with its standard error and df; on Fisher's z where ``z`` is True.

    ``error`` is None where it cannot be estimated. ``most`` is the largest correlation that has a
    finite z.
    """

    value: float
    error: float | None
    df: float | None
    z: bool = True
    most: float = _MOST_Z_R

    def interval(self, alpha: float) -> tuple[float | None, float | None]:
        """The interval of level 1 − ``alpha``."""
        if self.error is None or self.df is None:
            return None, None
        half = float(stats.t.isf(alpha / 2, self.df)) * self.error
        if not self.z:
            return self.value - half, self.value + half
        centre = float(to_z(np.asarray(self.value), self.most))
        return float(np.tanh(centre - half)), float(np.tanh(centre + half))

    @property
    def p(self) -> float | None:
        """The two-sided p of no difference from zero."""
        if self.error is None or self.df is None:
            return None
        if self.error == 0:
            return 1.0 if self.value == 0 else None
        centre = float(to_z(np.asarray(self.value), self.most)) if self.z else self.value
        return float(2 * stats.t.sf(abs(centre) / self.error, self.df))


@dataclass(frozen=True, eq=False)
class Replicates:
    """Mean ratings ``(passages, systems)`` of all, and with systems, passages or so left out.

    ``cells`` is ``(listeners, passages, systems)``. Groups of more than one are made by what was
    rated, so that names decide nothing.
    """

    cells: Floats

    @cached_property
    def own(self) -> Canonical:
        """Listeners, passages and systems sorted by what was rated."""
        return canonical(self.cells, alike=self.cells.size <= _MOST_ALIKE)

    @cached_property
    def means(self) -> Floats:
        """The mean rating of each stimulus."""
        return self._means(self.cells)

    @cached_property
    def systems(self) -> Floats:
        """Means without each system (or group of systems): ``(groups, passages, systems)``."""
        groups = _places(self.own.systems, self.cells.shape[2])
        return np.stack(
            [np.where(groups == at, np.nan, self.means) for at in range(max(groups) + 1)]
        )

    @cached_property
    def passages(self) -> Floats:
        """Means without each passage or group of passages."""
        groups = _places(self.own.passages, self.cells.shape[1])[:, None]
        return np.stack(
            [np.where(groups == at, np.nan, self.means) for at in range(groups.max() + 1)]
        )

    @cached_property
    def listeners(self) -> Floats:
        """Means without each listener or group of listeners; none where there is one listener."""
        if len(self.cells) < 2:
            return np.empty((0, *self.means.shape))
        groups = _places(self.own.listeners, len(self.cells))
        return np.stack([self._means(self.cells[groups != at]) for at in range(max(groups) + 1)])

    @cached_property
    def stimuli(self) -> Floats:
        """Means without each stimulus; none where there are many."""
        at = np.argwhere(~np.isnan(self.means))
        if len(at) > MOST_CELLS:
            return np.empty((0, *self.means.shape))
        found = np.repeat(self.means[None], len(at), axis=0)
        found[np.arange(len(at)), at[:, 0], at[:, 1]] = np.nan
        return found

    @staticmethod
    def _means(cells: Floats) -> Floats:
        there = ~np.isnan(cells)
        with np.errstate(invalid="ignore", divide="ignore"):
            means: Floats = np.where(there, cells, 0.0).sum(axis=0) / there.sum(axis=0)
        return means


@dataclass(frozen=True, eq=False)
class Jackknifed:
    """A coefficient of all, and of each set of replicates."""

    level: ValidityLevel
    coefficient: Coefficient
    value: float
    count: int  # of systems that have both
    systems: Floats
    passages: Floats
    listeners: Floats
    stimuli: Floats

    def sureness(self) -> Sureness:
        """The coefficient with its error on Fisher's z."""
        parts = [to_z(part) for part in self._parts]
        if self.level is ValidityLevel.SYSTEMS and self.coefficient is not Coefficient.PEARSON:
            return self._of_few(parts)
        return self._sure(self.value, parts, z=True)

    def less(self, other: "Jackknifed") -> Sureness:
        """The coefficient less another one of the same tables, with the error of the difference."""
        parts = [a - b for a, b in zip(self._parts, other._parts, strict=True)]
        return self._sure(self.value - other.value, parts, z=False)

    def _of_few(self, parts: list[Floats]) -> Sureness:
        """The error of a rank coefficient of the systems' means."""
        k = self.count
        if k < _LEAST_RANKED or not np.isfinite(self.value):
            return Sureness(self.value, None, None)
        if self.coefficient is Coefficient.SPEARMAN:
            most, chance = 1 - 6 / (k * (k**2 - 1)), (1 + self.value**2 / 2) / (k - 3)
        else:
            most, chance = 1 - 2 / (k * (k - 1)), 0.437 / (k - 4)
        parts = [np.clip(part, -np.arctanh(most), np.arctanh(most)) for part in parts[1:3]]
        variance = max(chance, *(_variance(part) or 0.0 for part in parts))
        return Sureness(self.value, float(np.sqrt(variance)), k - 1, most=most)

    @property
    def _parts(self) -> tuple[Floats, ...]:
        return self.systems, self.passages, self.listeners, self.stimuli

    def _sure(self, value: float, parts: list[Floats], *, z: bool) -> Sureness:
        systems, passages, listeners, stimuli = parts
        if not np.isfinite(value) or len(systems) < 4:
            return Sureness(value, None, None, z)
        found = [_variance(part) for part in (systems, passages, listeners)]
        if found[0] is None or (found[1] is None and len(passages) > 1):
            return Sureness(value, None, None, z)
        variances = [one or 0.0 for one in found]
        most = max(variances)
        if self.level is ValidityLevel.SYSTEMS:
            return Sureness(value, float(np.sqrt(most)), len(systems) - 1, z)
        whole = sum(variances)
        once = max(most, whole - (_variance(stimuli) or 0.0))
        df = [max(1, len(part) - 1) for part in (systems, passages, listeners)]
        below = sum(v**2 / d for v, d in zip(variances, df, strict=True))
        return Sureness(value, float(np.sqrt(once)), whole**2 / below if below else df[0], z)


def jackknifed(
    level: ValidityLevel, coefficient: Coefficient, values: Floats, ratings: Replicates
) -> Jackknifed:
    """A coefficient of ``values`` ``(passages, systems)`` with the ratings, and its replicates.

    Kendall's τ over many stimuli is compared pair by pair, so it has no replicates of stimuli, and
    of more than 1,500 stimuli none at all.
    """
    none = np.empty(0)
    both = ~np.isnan(values) & ~np.isnan(ratings.means)
    slow = coefficient is Coefficient.KENDALL and level is ValidityLevel.STIMULI
    if slow and values.size > MOST_KENDALL:
        tau = stats.kendalltau(np.round(values[both], 10), np.round(ratings.means[both], 10))
        return Jackknifed(level, coefficient, float(tau.statistic), 0, none, none, none, none)

    def of(tables: Floats) -> Floats:
        return at_level(level, coefficient, values[None], tables) if len(tables) else none

    return Jackknifed(
        level,
        coefficient,
        float(of(ratings.means[None])[0]),
        int(both.any(axis=0).sum()),
        of(ratings.systems),
        of(ratings.passages) if len(ratings.passages) > 1 else none,
        of(ratings.listeners),
        none if slow or level is ValidityLevel.SYSTEMS else of(ratings.stimuli),
    )


def grouped(count: int) -> Ints:
    """The group of each of ``count`` units: each its own, or forty groups of the same size."""
    groups: Ints = np.arange(count, dtype=np.int64) % min(count, MOST_GROUPS)
    return groups


def _places(order: Ints, count: int) -> Ints:
    """The group of each unit; in their order where each is its own."""
    if count <= MOST_GROUPS:
        return grouped(count)
    places = np.empty(count, dtype=np.int64)
    places[order] = grouped(count)
    return places


def to_z(r: Floats, most: float = _MOST_Z_R) -> Floats:
    """Fisher's z of correlations; of larger ones that of ``most``."""
    found: Floats = np.arctanh(np.clip(r, -most, most))
    return found


def _variance(parts: Floats) -> float | None:
    """The jackknife's variance of what was left out in turn; None where most are undefined."""
    known = parts[np.isfinite(parts)]
    count = len(known)
    if count < 2 or count < len(parts) - 1:
        return None
    return float((count - 1) / count * ((known - known.mean()) ** 2).sum())
