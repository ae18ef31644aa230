"""Looks for evidence that the listeners of a test can hear a difference at all.

Either a control was told apart: versions that are known to differ, in the same ratings and scope,
by more than the margin. Or two systems under test were. Or mean ratings are reliable within pages.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

import numpy as np
from scipy import stats

from ..methods.paired import PairDifference, paired
from ..reading.scales import Scale
from ..reading.table import Ratings, listener_means
from ..result.assay import Assay, AssayControl, Reliability
from ..result.names import Chosen
from .design import detect
from .options import RatingsOptions
from .primary import choose, run

# Half of what mean ratings vary is then more than chance, at the lower end of the interval.
RELIABLE = 0.5
_MOST_AT_AN_END = 0.5


def assay(rated: Ratings, options: RatingsOptions) -> Assay | None:
    """What the ratings of all versions, reference and anchors too, show; None without a margin."""
    if options.margin is None or options.abx:
        return None
    pairs = list(_controls(rated, options))
    controls = tuple(_control(rated, pair, options, len(pairs)) for pair in pairs)
    found = reliability(rated, options.alpha)
    told = any(control.told for control in controls)
    reliable = found is not None and found.low >= RELIABLE
    return Assay(
        controls=controls,
        pairs=(),
        reliability=found,
        floor=RELIABLE,
        sensitive=told or reliable,
    )


def with_pairs(
    found: Assay,
    systems: Sequence[str],
    estimates: Mapping[tuple[int, int], PairDifference],
    options: RatingsOptions,
) -> Assay:
    """The same with the pairs of ``systems`` under test that differ by more than the margin.

    Their intervals have the level 1 - α divided by the number of pairs.
    """
    margin, alpha = options.margin or 0.0, options.alpha / max(1, len(estimates))
    told = []
    for (i, j), one in estimates.items():
        if one.difference is None or one.error is None or one.df is None:
            continue
        if abs(one.difference) - float(stats.t.isf(alpha / 2, one.df)) * one.error > margin:
            first, second = (i, j) if one.difference > 0 else (j, i)
            told.append((systems[first], systems[second]))
    sensitive = found.sensitive or bool(told)
    return found.model_copy(update={"pairs": tuple(told), "sensitive": sensitive})


def at_an_end(rated: Ratings, scale: Scale) -> frozenset[str]:
    """The systems of whose ratings more than half stand at one end of the scale."""
    found = set()
    for code, name in enumerate(rated.systems):
        values = rated.value[rated.system == code]
        ends = (values <= scale.low, values >= scale.high)
        if len(values) and max(float(end.mean()) for end in ends) > _MOST_AT_AN_END:
            found.add(name)
    return frozenset(found)


def reliability(rated: Ratings, alpha: float) -> Reliability | None:
    """The reliability of mean ratings within pages, over those who rated everything.

    None where fewer than two did, or nothing varies.
    """
    cells = rated.cells
    whole = cells[~np.isnan(cells).any(axis=(1, 2))]
    listeners, passages, systems = whole.shape
    if listeners < 2 or systems < 2:
        return None
    within = whole - whole.mean(axis=2, keepdims=True)
    means = within.mean(axis=0)
    df = passages * (systems - 1)
    df_rest = df * (listeners - 1)
    between = listeners * float((means**2).sum()) / df
    rest = float(((within - means) ** 2).sum()) / df_rest
    if between <= 0 or rest <= 1e-12 * between:
        return None
    f = between / rest
    low = f / float(stats.f.isf(alpha / 2, df, df_rest))
    high = f * float(stats.f.isf(alpha / 2, df_rest, df))
    return Reliability(
        value=1 - 1 / f,
        low=1 - 1 / low,
        high=1 - 1 / high,
        listeners=listeners,
        stimuli=passages * systems,
    )


def _controls(rated: Ratings, options: RatingsOptions) -> Iterator[tuple[str, str]]:
    """Pairs that are known to differ, the better first; against those under test as a last resort.

    The reference is better than any anchor. Without one of them, the systems under test stand in
    its place: somebody who tells a system from the reference or from an anchor hears a difference.
    """
    present = set(rated.systems)
    reference = [options.reference] if options.reference in present else []
    anchors = [name for name in options.anchors if name in present]
    tested = [name for name in rated.systems if name not in options.aside]
    better = [name for name in reference if name is not None] or tested
    worse = anchors or (tested if reference else [])
    yield from product(better, worse)


def _control(
    rated: Ratings, pair: tuple[str, str], options: RatingsOptions, count: int
) -> AssayControl:
    better, worse = pair
    two = rated.without_systems(tuple(name for name in rated.systems if name not in pair))
    found = _difference(two, options, options.alpha / count)
    sign = 1 if two.systems[0] == better else -1
    ends = [None if end is None else sign * end for end in (found.low, found.high)]
    low, high = ends if sign > 0 else reversed(ends)
    return AssayControl(
        better=better,
        worse=worse,
        n=found.units,
        mean_diff=None if found.difference is None else sign * found.difference,
        low=low,
        high=high,
        told=low is not None and low > (options.margin or 0.0),
    )


def _difference(two: Ratings, options: RatingsOptions, alpha: float) -> PairDifference:
    """Of the first less the second, by the method that fits these two in the scope asked for."""
    choice = choose(detect(two), options.resolved_scope())
    if choice.method is Chosen.PERMUTATION:
        # Only the estimate is wanted; the flips of all listeners would be for nothing.
        return paired(listener_means(two.cells), alpha)[0, 1]
    outcome = run(choice, two, alpha, options.seed)
    return outcome.estimates.get((0, 1), PairDifference(None))
