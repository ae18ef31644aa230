"""Whether ratings drift with the position of a stimulus on its page or with the page's number.

A rating less the mean of its system on its passage (over listeners) and less its listener's mean
is what neither explains. Each listener's slope of that on the order is one value; their mean is
tested by t over listeners, so that many ratings of one listener count once.
"""

import numpy as np
from scipy import stats

from ..methods.bradley_terry import preferences
from ..reading.table import Floats, Ratings
from ..result.names import Order
from ..result.note_words import noted
from ..result.notes import NoteCode
from ..result.secondary import OrderEffect

_ROUNDING = 1e-12  # of the largest rating: slopes that differ by less do not differ


def order_effect(ratings: Ratings, order: Order, alpha: float) -> OrderEffect:
    """The effect of ``order`` (``position`` or ``page``); a note says why there is none."""
    steps = ratings.position if order is Order.POSITION else ratings.page
    if steps is None or np.isnan(steps).all():
        return _none(order, NoteCode.ORDER_UNKNOWN)
    if order is Order.PAGE and preferences(ratings) is not None:
        return _none(order, NoteCode.PAGES_SUM_TO_ONE)
    _, passages, systems = ratings.counts.shape
    cell = ratings.passage * systems + ratings.system
    known = ~np.isnan(steps)
    left = ratings.value - _group_mean(ratings.value, cell, passages * systems)
    left = (left - _group_mean(left, ratings.listener, len(ratings.listeners)))[known]
    who, step = ratings.listener[known], steps[known]
    count = len(ratings.listeners)
    step_centred = step - _group_mean(step, who, count)
    spread = np.bincount(who, weights=step_centred**2, minlength=count)
    together = np.bincount(who, weights=step_centred * left, minlength=count)
    slopes = together[spread > 0] / spread[spread > 0]
    means = tuple(
        (float(at), float(left[step == at].mean()), int((step == at).sum()))
        for at in np.unique(step)[:200]
    )
    n = len(slopes)
    if n < 2:
        return _none(order, NoteCode.FEW_HEARD_STEPS, means)
    least = (
        _ROUNDING * float(np.abs(ratings.value).max()) / float(np.sqrt(spread[spread > 0].min()))
    )
    if float(slopes.std()) <= least:
        return _none(order, NoteCode.SLOPES_EQUAL, means)
    mean, error = float(slopes.mean()), float(slopes.std(ddof=1) / np.sqrt(n))
    t = mean / error
    half = float(stats.t.isf(alpha / 2, n - 1)) * error
    p = float(2 * stats.t.sf(abs(t), n - 1))
    return OrderEffect(
        order=order,
        slope=mean,
        low=mean - half,
        high=mean + half,
        t=t,
        df=n - 1,
        p=p,
        listeners=n,
        steps=means,
        **noted(None),
    )


def _none(
    order: Order, note: NoteCode, steps: tuple[tuple[float, float, int], ...] = ()
) -> OrderEffect:
    return OrderEffect(
        order=order,
        slope=None,
        low=None,
        high=None,
        t=None,
        df=None,
        p=None,
        listeners=0,
        steps=steps,
        **noted(note),
    )


def _group_mean(values: Floats, groups: np.ndarray, count: int) -> Floats:
    """The mean of each value's group, at each value."""
    size = np.bincount(groups, minlength=count)
    sums = np.bincount(groups, weights=values, minlength=count)
    means: Floats = (sums / np.maximum(size, 1))[groups]
    return means
