"""The ratios of variances at which a restricted likelihood is highest.

The search goes over ratios, not their roots: by roots the slope at zero is zero whatever the data
say, and a search that touches zero stays there. Each step minimises a quadratic over ratios of at
least zero, so a ratio becomes exactly zero and leaves it again where the slope says so. It begins
at several places; the best end counts.

An end is proved (:class:`..result.proof.Proof`) where

- the slope along the log of every ratio above zero is nothing,
- the deviance does not fall when a ratio at zero is raised, and
- it bends downwards in no direction of the ratios above zero.
"""

from dataclasses import dataclass

import numpy as np
from scipy import optimize

from ..reading.table import Floats
from .restricted_likelihood import AtRatios, RestrictedLikelihood

_STARTS = (0.003, 0.1, 1.0, 10.0)
_MOST_STEPS = 200
_MOST_RATIO = 1e6  # far above it there is no residual to speak of
_ENOUGH = 1e-18  # of the deviance, that a step promises
_ALIKE = 1e-6  # of the deviance, between ends of a search


@dataclass(frozen=True)
class Optimum:
    """The best ratios ``(terms,)``, the likelihood there and how the searches ended."""

    ratios: Floats
    point: AtRatios
    starts: int
    agreed: int


def best_ratios(likelihood: RestrictedLikelihood, closed: Floats | None = None) -> Optimum:
    """Search from several places, from the ``closed`` form too where there is one."""
    count = len(likelihood.terms)
    starts = [np.full(count, start) for start in _STARTS]
    if closed is not None:
        starts.append(closed)
    ends = [_descended(likelihood, start) for start in starts]
    lowest = min(point.deviance for _, point in ends)
    alike = [end for end in ends if end[1].deviance <= lowest + _ALIKE]
    # Their deviances differ by rounding: the end counts that is nearest to the bottom.
    ratios, point = min(alike, key=lambda end: _step(end[0], end[1], 0.0)[1])
    return Optimum(ratios, point, len(starts), len(alike))


def _descended(likelihood: RestrictedLikelihood, start: Floats) -> tuple[Floats, AtRatios]:
    """Steps downhill from ``start`` until none promises anything."""
    ratios = start
    point = likelihood.at(ratios)
    damping = 0.0
    for _ in range(_MOST_STEPS):
        if ratios.max() > _MOST_RATIO / 2:
            break
        aim, promised = _step(ratios, point, damping)
        if promised <= _ENOUGH:
            break
        other = _tried(likelihood, aim)
        won = point.deviance - other.deviance if other else -np.inf
        # What is won near the end is below what a deviance can tell.
        rounding = 1e-12 * abs(point.deviance) if promised < 1e-7 else 0.0
        if other and won > 1e-3 * promised - rounding:
            ratios, point = aim, other
            damping = damping / 8 if damping > 1e-4 else 0.0
        elif damping > 1e12:
            break
        else:
            damping = max(8 * damping, 1e-2)
    return ratios, point


def _tried(likelihood: RestrictedLikelihood, ratios: Floats) -> AtRatios | None:
    """The likelihood at ``ratios``; None where they are too large to be solved."""
    try:
        return likelihood.at(ratios)
    except np.linalg.LinAlgError:
        return None


def _step(ratios: Floats, point: AtRatios, damping: float) -> tuple[Floats, float]:
    """Where the quadratic at ``ratios`` is least among ratios of at least zero, and its promise."""
    information = point.information
    bends = np.diag(information)
    scale = np.sqrt(np.maximum(bends, max(1e-12 * float(bends.max()), 1e-30)))
    slope = point.slope / scale
    # In units in which each ratio alone bends alike.
    curvature = information / np.outer(scale, scale)
    values, vectors = np.linalg.eigh(curvature)
    values = np.maximum(values, 1e-10) + damping
    curvature = (vectors * values) @ vectors.T
    root = np.linalg.cholesky(curvature).T
    at = ratios * scale
    aim = optimize.nnls(root, root @ at - np.linalg.solve(root.T, slope))[0]
    move = aim - at
    promised = -float(slope @ move + move @ curvature @ move / 2)
    return np.minimum(aim / scale, _MOST_RATIO), promised
