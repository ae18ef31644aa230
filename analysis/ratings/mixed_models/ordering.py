"""One order of a table of ratings that does not depend on names or on rows.

Sums round by their order, and a search that stops a digit earlier may end elsewhere. So a model
first sorts listeners, passages and systems by what was rated, and never by what they are called.
Each index gets a colour: the rank of its ratings, then of its ratings with the colours of the two
other sides, until no more colours appear (refinement of Weisfeiler and Leman). Indices of one
colour are interchangeable, but for tables made by hand to defeat this: one of them comes first,
and the others are told apart by what they share with it.
"""

from dataclasses import dataclass

import numpy as np

from ..reading.table import Floats, Ints

_MOST_ROUNDS = 300


@dataclass(frozen=True)
class Canonical:
    """``cells`` in their own order, and the index that each position had before, per side."""

    cells: Floats
    listeners: Ints
    passages: Ints
    systems: Ints


def canonical(cells: Floats, *, alike: bool = True) -> Canonical:
    """Sort ``cells`` ``(n, m, k)``, NaN where missing, by what was rated.

    ``alike`` puts indices of one colour in order too, by what they share with one of them.
    """
    codes = np.unique(cells, return_inverse=True)[1].reshape(cells.shape)
    colours = [np.zeros(size, dtype=np.int64) for size in cells.shape]
    for _ in range(_MOST_ROUNDS):
        before = [int(colour.max()) for colour in colours]
        for axis in range(3):
            colours[axis] = _refined(codes, colours, axis)
        after = [int(colour.max()) for colour in colours]
        if after == [size - 1 for size in cells.shape]:
            break
        if after == before and not alike:
            break
        if after == before:
            _put_one_first(codes, colours)
    orders = [np.argsort(colour, kind="stable") for colour in colours]
    return Canonical(np.ascontiguousarray(cells[np.ix_(*orders)]), *orders)


def _put_one_first(codes: Ints, colours: list[Ints]) -> None:
    """Give one of the first indices that share a colour a colour of its own, before the others.

    Indices with the very same ratings get a colour each at once, in any order.
    """
    for axis, colour in enumerate(colours):
        shared = np.flatnonzero(np.bincount(colour) > 1)
        if len(shared):
            group = np.flatnonzero(colour == shared[0])
            part = np.moveaxis(codes, axis, 0)[group]
            first = group if (part == part[0]).all() else group[:1]
            more = len(first) - (len(first) == len(group))
            colours[axis] = colour + more * (colour >= shared[0])
            colours[axis][first] = shared[0] + np.arange(len(first))
            return


def _refined(codes: Ints, colours: list[Ints], axis: int) -> Ints:
    """New colours of one side: the old ones, told apart by ratings and colours of the others."""
    one, other = (colours[side] for side in range(3) if side != axis)
    table = np.moveaxis(codes, axis, 0)
    known = table.astype(np.int64) * (int(one.max()) + 1) + one[None, :, None]
    known = known * (int(other.max()) + 1) + other[None, None, :]
    rows = np.sort(known.reshape(len(table), -1), axis=1)
    keyed = np.concatenate([colours[axis][:, None], rows], axis=1)
    found: Ints = np.unique(keyed, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)
    return found
