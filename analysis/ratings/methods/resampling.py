"""Bootstrap over listeners, or over listeners and passages at once: never over rows.

Listeners are drawn with replacement and keep all their ratings, so that what one listener's
ratings share moves together (Field & Welsh 2007). For scope *music like these*, passages are drawn
too (Owen 2007, pigeonhole bootstrap), which is somewhat conservative. Intervals are percentiles.
"""

from functools import lru_cache

import numpy as np

from ..reading.table import Floats

RESAMPLES = 2000
_MOST_DRAWN = 8_000_000  # numbers at once; with thousands of listeners fewer resamples do


@lru_cache(maxsize=4)
def draws(count: int, seed: int, tag: int, resamples: int = RESAMPLES) -> Floats:
    """How often each of ``count`` units is drawn: ``(resamples, count)``; rows sum to count."""
    resamples = max(200, min(resamples, _MOST_DRAWN // count))
    generator = np.random.default_rng([seed, tag, count])
    chances = np.full(count, 1 / count)
    weights: Floats = generator.multinomial(count, chances, size=resamples).astype(np.float64)
    weights.setflags(write=False)
    return weights


def interval(values: Floats, alpha: float) -> tuple[float | None, float | None]:
    """The percentile interval of resampled values; None where fewer than half are defined."""
    known = values[np.isfinite(values)]
    if len(known) < len(values) / 2 or not len(known):
        return None, None
    low, high = np.quantile(known, [alpha / 2, 1 - alpha / 2])
    return float(low), float(high)
