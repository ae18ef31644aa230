"""Orders and draws: Latin and Williams squares, least-used pools, spaced repeats, start positions.

Every draw comes from a generator that is passed in; the same seed gives the same session.
"""

import random
from collections.abc import Hashable, Mapping, Sequence
from itertools import combinations
from typing import TypeVar

from ...models.content_key import content_key

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)


def generator(*parts: str | int) -> random.Random:
    """A generator that depends on ``parts`` alone."""
    return random.Random(int(content_key(list(parts))[:16], 16))


def latin_square(size: int) -> list[list[int]]:
    """Rows in which each item stands once at each place (cyclic)."""
    return [[(row + place) % size for place in range(size)] for row in range(size)]


def williams_square(size: int) -> list[list[int]]:
    """Rows in which each item also follows each other one equally often.

    ``size`` rows for an even size, twice as many for an odd one (Williams 1949).
    """
    first = [0]
    for step in range(1, size):
        first.append((step + 1) // 2 if step % 2 else size - step // 2)
    rows = [[(item + shift) % size for item in first] for shift in range(size)]
    return rows if size % 2 == 0 else rows + [row[::-1] for row in rows]


def ordered(items: Sequence[T], how: str, number: int, draw: random.Random) -> list[T]:
    """``items`` in the order of listener ``number`` (from 0): random, williams, latin or fixed."""
    if how == "fixed" or len(items) < 2:
        return list(items)
    if how == "random":
        return draw.sample(list(items), len(items))
    square = williams_square(len(items)) if how == "williams" else latin_square(len(items))
    return [items[place] for place in square[number % len(square)]]


def turn(how: str, size: int, uses: int, *parts: str | int) -> int:
    """Which row of its square something that was used ``uses`` times gets next.

    Rows come in blocks that hold each row once, in an order that ``parts`` decide: balanced over a
    block, and not tied to anything else that also goes round, such as the order of pages.
    """
    return free_turn(how, size, {-1: uses}, *parts)


def free_turn(how: str, size: int, uses: Mapping[int, int], *parts: str | int) -> int:
    """Which row of its square comes next, given how often each was used.

    Uses of row -1 are those of which the row is not known; they count as the first ones that
    :func:`turn` gives. A row that was given back is the next to be used.
    """
    rows = 2 * size if how == "williams" and size % 2 else size

    def block(number: int) -> list[int]:
        return generator("rows", *parts, number).sample(range(rows), rows)

    whole, part = divmod(uses.get(-1, 0), rows)
    first = block(whole)
    used = [whole + uses.get(row, 0) + (row in first[:part]) for row in range(rows)]
    least = min(used)
    return next(row for row in block(least) if used[row] == least)


def least_used(
    items: Sequence[K], uses: Mapping[K, int], count: int, draw: random.Random
) -> list[K]:
    """The ``count`` items that were used least, equals drawn by lot, in the order of ``items``."""
    shuffled = draw.sample(list(items), len(items))
    chosen = set(sorted(shuffled, key=lambda item: uses.get(item, 0))[:count])
    return [item for item in items if item in chosen]


def with_repeats(items: Sequence[T], count: int, draw: random.Random) -> list[tuple[T, int]]:
    """``items``, ``count`` of them a second time later, as (item, 0 or 1 for the second time).

    A repeat stands as far from its first time as the length allows: the first items come again,
    in another order, in the last part, and never right after themselves where there is a choice.
    """
    again = list(items[: min(count, len(items))])
    once = [(item, 0) for item in items]
    if not again:
        return once
    second = draw.sample(again, len(again))
    if len(items) > 1 and second[0] == items[-1]:
        second = [*second[1:], second[0]]
    return once + [(item, 1) for item in second]


def start_positions(count: int, draw: random.Random) -> list[float]:
    """Positions for ``count`` markers on 0 to 100, no two closer than half an even spacing."""
    gap = 50.0 / (count + 1)
    free = 100.0 - gap * (count + 1)
    places = sorted(draw.uniform(0.0, free) for _ in range(count))
    spread = [round(place + gap * (index + 1), 2) for index, place in enumerate(places)]
    return draw.sample(spread, count)


def balanced_pairs(items: Sequence[T]) -> list[tuple[T, T]]:
    """A part of all pairs in which every item stands equally often and all are connected.

    A ring with its next-but-one chords: each item is in four pairs; all pairs up to five items.
    """
    size = len(items)
    if size <= 5:
        return list(combinations(items, 2))
    steps = {tuple(sorted((i, (i + step) % size))) for i in range(size) for step in (1, 2)}
    return [(items[i], items[j]) for i, j in sorted(steps)]
