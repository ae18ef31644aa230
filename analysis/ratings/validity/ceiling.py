"""How far listeners agree with themselves: no metric can be expected to follow them further.

Listeners are split into two halves many times. The correlation r of the halves' means, stepped up
by Spearman and Brown to 2r / (1 + r), is the reliability of the mean ratings of all. A metric that
knew the true means would correlate with the measured ones by its root: that is the ceiling. Beside
it stands how far one listener follows the mean of the others, on average.
"""

from dataclasses import dataclass

import numpy as np

from ..reading.table import Floats
from ..result.validity import Coefficient, ValidityLevel
from .coefficients import at_level

SPLITS = 200
LEAST_LISTENERS_SPLIT = 4


@dataclass(frozen=True)
class NoiseCeiling:
    """Reliability of the mean ratings, its root, and what one listener reaches; None if unknown."""

    reliability: float | None
    ceiling: float | None
    one_listener: float | None


def noise_ceiling(
    cells: Floats, level: ValidityLevel, coefficient: Coefficient, seed: int
) -> NoiseCeiling:
    """The ceiling of a coefficient at a level, of ``cells`` ``(listeners, passages, systems)``."""
    n = len(cells)
    if n < LEAST_LISTENERS_SPLIT:
        return NoiseCeiling(None, None, None)
    generator = np.random.default_rng([seed, 4, n])
    halves = np.argsort(generator.random((SPLITS, n)), axis=1) < n // 2
    first = weighted_means(cells, halves.astype(np.float64))
    second = weighted_means(cells, (~halves).astype(np.float64))
    reliability = stepped_up(at_level(level, coefficient, first, second))
    others = weighted_means(cells, 1.0 - np.eye(n))
    alone = at_level(level, coefficient, cells, others)
    alone = alone[np.isfinite(alone)]
    return NoiseCeiling(
        reliability,
        None if reliability is None else float(np.sqrt(reliability)),
        float(alone.mean()) if len(alone) else None,
    )


def stepped_up(r: Floats) -> float | None:
    """The reliability of all, from the correlations of halves; halves that disagree have none."""
    known = r[np.isfinite(r)]
    if not len(known):
        return None
    mean = float(known.mean())
    return 2 * mean / (1 + mean) if mean > 0 else 0.0


def weighted_means(cells: Floats, weights: Floats) -> Floats:
    """Mean ratings ``(b, passages, systems)`` with listeners weighted by ``weights`` ``(b, n)``."""
    known = (~np.isnan(cells)).astype(np.float64)
    flat = np.where(np.isnan(cells), 0.0, cells).reshape(len(cells), -1)
    with np.errstate(invalid="ignore", divide="ignore"):
        means: Floats = (weights @ flat) / (weights @ known.reshape(len(cells), -1))
    return means.reshape(len(weights), *cells.shape[1:])
