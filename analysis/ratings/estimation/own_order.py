"""Ratings in an order of their own, for whatever draws listeners or passages at random.

A draw takes the first listener so often, the second so often. Where names decide who is first, a
renaming changes every interval that is drawn. So listeners and passages are first sorted by what
was rated (:func:`...mixed_models.ordering.canonical`); those whose ratings cannot tell them apart
are interchangeable.
"""

from dataclasses import replace

import numpy as np

from ..methods.bradley_terry import preferences
from ..mixed_models.ordering import Canonical, canonical
from ..reading.table import Floats, Ints, Ratings

# Above, so few are alike that those who are need not be told apart one by one.
_MOST_CELLS = 50_000


def own_order(cells: Floats) -> Canonical:
    """``cells`` ``(n, m, k)`` sorted by what was rated."""
    return canonical(cells, alike=cells.size <= _MOST_CELLS)


def in_own_order(ratings: Ratings) -> Ratings:
    """The same ratings, listeners and passages numbered by what was rated; systems stay."""
    order = own_order(ratings.cells)
    wins = preferences(ratings)
    # Means over pages do not say who met whom.
    listeners = order.listeners if wins is None else own_order(wins).listeners
    return replace(
        ratings,
        listeners=tuple(ratings.listeners[at] for at in listeners),
        passages=tuple(ratings.passages[at] for at in order.passages),
        listener=_places(listeners)[ratings.listener],
        passage=_places(order.passages)[ratings.passage],
    )


def row_order(ratings: Ratings) -> Ints:
    """The place ``(rows,)`` of each row when rows are sorted by what was rated, not by names."""
    order = own_order(ratings.cells)
    sides = (
        _places(order.systems)[ratings.system],
        _places(order.passages)[ratings.passage],
        _places(order.listeners)[ratings.listener],
    )
    return _places(np.lexsort((ratings.value, *sides)))


def _places(order: Ints) -> Ints:
    places = np.empty(len(order), dtype=np.int64)
    places[order] = np.arange(len(order))
    return places
