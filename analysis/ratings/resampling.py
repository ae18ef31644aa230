"""Bootstrap over listeners, or over listeners and passages at once: never over rows.

Listeners are drawn with replacement and keep all their ratings, so that what one listener's
ratings share moves together (Field & Welsh 2007). For scope *music like these*, passages are drawn
too (Owen 2007, pigeonhole bootstrap), which is somewhat conservative. Intervals are percentiles.
"""

import numpy as np

from .table import Floats

RESAMPLES = 2000


def draws(count: int, seed: int, tag: int, resamples: int = RESAMPLES) -> Floats:
    """How often each of ``count`` units is drawn: ``(resamples, count)``; rows sum to count."""
    generator = np.random.default_rng([seed, tag, count])
    chances = np.full(count, 1 / count)
    weights: Floats = generator.multinomial(count, chances, size=resamples).astype(np.float64)
    return weights


def interval(values: Floats, alpha: float) -> tuple[float | None, float | None]:
    """The percentile interval of resampled values; None where fewer than half are defined."""
    known = values[np.isfinite(values)]
    if len(known) < len(values) / 2 or not len(known):
        return None, None
    low, high = np.quantile(known, [alpha / 2, 1 - alpha / 2])
    return float(low), float(high)


def resampled_means(cells: Floats, seed: int, *, passages: bool) -> Floats:
    """Bootstrap means of ``cells`` ``(n, m)`` with NaN for missing: ``(resamples,)``.

    Listeners (rows) are drawn; passages (columns) too where ``passages`` is true.
    """
    n, m = cells.shape
    known = (~np.isnan(cells)).astype(np.float64)
    filled = np.where(np.isnan(cells), 0.0, cells)
    rows = draws(n, seed, 1)
    columns = draws(m, seed, 2) if passages else np.ones((len(rows), m))
    with np.errstate(invalid="ignore", divide="ignore"):
        sums = ((rows @ filled) * columns).sum(axis=1)
        means: Floats = sums / ((rows @ known) * columns).sum(axis=1)
    return means
