"""Orders and draws: every promise of balance holds, for any size and any seed."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.listening_test.study.orders import (
    balanced_pairs,
    generator,
    latin_square,
    least_used,
    ordered,
    start_positions,
    williams_square,
    with_repeats,
)

SIZES = range(2, 13)


@pytest.mark.parametrize("size", SIZES)
def test_each_item_stands_once_at_each_place_of_a_latin_square(size: int) -> None:
    rows = latin_square(size)
    assert all(sorted(row) == list(range(size)) for row in rows)
    assert all(sorted(column) == list(range(size)) for column in zip(*rows, strict=True))


@pytest.mark.parametrize("size", SIZES)
def test_each_item_follows_each_other_equally_often_in_a_williams_square(size: int) -> None:
    rows = williams_square(size)
    followed = Counter(pair for row in rows for pair in pairwise(row))
    assert len(rows) == (size if size % 2 == 0 else 2 * size)
    assert len(followed) == size * (size - 1)
    assert len(set(followed.values())) == 1
    for column in zip(*rows, strict=True):
        assert len(set(Counter(column).values())) == 1


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 99))
def test_a_least_used_pool_never_lets_two_uses_differ_by_more_than_one(
    size: int, count: int, seed: int
) -> None:
    items, uses = list(range(size)), Counter[int]()
    for listener in range(25):
        chosen = least_used(items, uses, count, generator(seed, listener))
        assert len(chosen) == len(set(chosen)) == min(size, count)
        uses.update(chosen)
        assert max(uses.values()) - min(uses[item] for item in items) <= 1


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 12), st.integers(0, 99))
def test_start_positions_lie_on_the_scale_and_apart(count: int, seed: int) -> None:
    places = start_positions(count, generator(seed))
    assert all(0 <= place <= 100 for place in places)
    ranked = sorted(places)
    assert all(b - a >= 50 / (count + 1) - 0.02 for a, b in pairwise(ranked))


@settings(deadline=None, max_examples=40)
@given(st.integers(2, 12), st.integers(0, 12), st.integers(0, 99))
def test_a_repeat_comes_later_and_never_right_after_itself(
    size: int, count: int, seed: int
) -> None:
    pages = with_repeats(list(range(size)), count, generator(seed))
    assert [item for item, again in pages if not again] != []
    assert len(pages) == size + min(count, size)
    places: dict[int, list[int]] = {}
    for place, (item, again) in enumerate(pages):
        assert again == len(places.get(item, []))
        places.setdefault(item, []).append(place)
    if size > 2:
        assert all(found[1] - found[0] > 1 for found in places.values() if len(found) == 2)


@pytest.mark.parametrize("size", SIZES)
def test_a_balanced_part_of_the_pairs_uses_each_item_equally_and_connects_all(size: int) -> None:
    pairs = balanced_pairs(list(range(size)))
    assert len(set(Counter(item for pair in pairs for item in pair).values())) == 1
    reached, grown = {0}, True
    while grown:
        found = {b for a, b in pairs if a in reached} | {a for a, b in pairs if b in reached}
        grown = not found <= reached
        reached |= found
    assert reached == set(range(size))


def test_a_draw_depends_on_its_parts_alone() -> None:
    first = [ordered("abcdef", "random", 0, generator(1, "a", n)) for n in range(5)]
    again = [ordered("abcdef", "random", 0, generator(1, "a", n)) for n in range(5)]
    other = [ordered("abcdef", "random", 0, generator(2, "a", n)) for n in range(5)]
    assert first == again != other
