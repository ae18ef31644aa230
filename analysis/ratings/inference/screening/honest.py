"""How many honest listeners a screening rule would name, by simulation in the place of the real.

An honest listener hears what all others hear: gives each version the median of the listeners there,
drawn towards the middle of all by what chance alone makes medians differ, and noise with the robust
standard deviation of that version's ratings about it. SIMULATED: nobody gave these ratings, and
no test uses them.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from ...estimation.own_order import row_order
from ...reading.scales import Scale
from ...reading.table import Floats, Ints, Ratings
from ...result.names import RuleName
from .wish import Applied

# Listeners that are simulated at least, in whole sets.
_LISTENERS = 200
# The variance of a median of n normal values, by that of one value: π/2 over n.
_MEDIAN = np.pi / 2
_MAD = 1.4826  # to a normal standard deviation
# These look at times, which nobody simulates.
_OF_TIMES = (RuleName.FAST, RuleName.UNHEARD)


def honest_share(
    ratings: Ratings,
    scale: Scale,
    rules: Callable[[Ratings], Sequence[Applied]],
    seed: int,
) -> list[float | None]:
    """The share of SIMULATED honest listeners that each rule names, in the order of ``rules``.

    None for rules about times, and where nothing is known of what is honest.
    """
    size = len(ratings.listeners)
    centre, noise = _honest(ratings)
    random = np.random.default_rng(seed)
    runs = max(1, -(-_LISTENERS // size))
    whole = bool((ratings.value == np.round(ratings.value)).all())
    named: list[int] = []
    asked: list[RuleName] = []
    places = row_order(ratings)
    for _ in range(runs):
        value = centre + noise * random.standard_normal(len(ratings))[places]
        value = np.clip(value, scale.low, scale.high)
        value = np.round(value) if whole else value
        applied = rules(replace(ratings, value=value))
        asked = [one.name for one in applied]
        counts = [len({finding.listener for finding in one.found}) for one in applied]
        named = [a + b for a, b in zip(named, counts, strict=True)] if named else counts
    return [
        None if name in _OF_TIMES else count / (runs * size)
        for name, count in zip(asked, named, strict=True)
    ]


def _honest(ratings: Ratings) -> tuple[Floats, Floats]:
    """What an honest listener gives on average in each row, and the noise of it."""
    cell = ratings.passage * len(ratings.systems) + ratings.system
    medians, counts = _medians(ratings.value, cell)
    own = medians[cell]
    spreads, _ = _medians(np.abs(ratings.value - own), ratings.system)
    noise = _MAD * spreads
    middle = float(np.median(ratings.value))
    rated = counts > 0
    expected = _MEDIAN * noise[np.arange(len(medians)) % len(ratings.systems)] ** 2
    chance = float((expected[rated] / counts[rated]).mean())
    varies = float(np.var(medians[rated]))
    drawn = max(0.0, 1 - chance / varies) if varies > 0 else 0.0
    return middle + drawn * (own - middle), noise[ratings.system]


def _medians(values: Floats, group: Ints) -> tuple[Floats, Floats]:
    """The median of each group, 0 for an empty one, and the sizes; groups are codes from 0."""
    every = range(int(group.max()) + 1)
    found = pd.Series(values).groupby(group)
    medians: Floats = np.asarray(found.median().reindex(every, fill_value=0.0), dtype=np.float64)
    sizes: Floats = np.asarray(found.size().reindex(every, fill_value=0), dtype=np.float64)
    return medians, sizes
