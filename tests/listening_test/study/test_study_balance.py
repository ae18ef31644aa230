"""What a study promises of balance, counted over many listeners and held against other sources."""

import random
from collections import Counter
from hashlib import sha256
from itertools import combinations, pairwise

import numpy as np
import pytest
from scipy import stats

from earmark.listening_test.study.orders import (
    balanced_pairs,
    generator,
    latin_square,
    least_used,
    ordered,
    start_positions,
    turn,
    williams_square,
    with_repeats,
)

SQUARES = [("latin", 1), ("latin", 4), ("latin", 5), ("williams", 4), ("williams", 5)]


def rows_of(how: str, size: int) -> int:
    """Only a Williams square of an odd number of items needs each row and its reverse."""
    return 2 * size if (how, size % 2) == ("williams", 1) else size


@pytest.mark.parametrize(("how", "size"), SQUARES)
def test_every_block_of_turns_holds_each_row_once(how: str, size: int) -> None:
    rows = rows_of(how, size)
    for block in range(4):
        uses = range(block * rows, (block + 1) * rows)
        found = [turn(how, size, number, 7, "song") for number in uses]
        assert sorted(found) == list(range(rows))


@pytest.mark.parametrize(("how", "size"), [square for square in SQUARES if square[1] > 1])
def test_the_listeners_of_a_block_meet_each_item_equally_often_at_each_place(
    how: str, size: int
) -> None:
    rows = rows_of(how, size)
    heard = [
        ordered(range(size), how, turn(how, size, uses, 1, "a"), generator(0))
        for uses in range(3 * rows)
    ]
    for column in zip(*heard, strict=True):
        assert set(Counter(column).values()) == {3 * rows // size}
    if how == "williams":
        followed = Counter(pair for order in heard for pair in pairwise(order))
        assert len(followed) == size * (size - 1)
        assert set(followed.values()) == {3 * rows * (size - 1) // (size * (size - 1))}


def test_blocks_and_songs_go_round_in_orders_of_their_own() -> None:
    def block(number: int, *parts: str | int) -> tuple[int, ...]:
        return tuple(turn("latin", 6, number * 6 + use, *parts) for use in range(6))

    assert len({block(number, 1, "a") for number in range(30)}) > 20
    assert len({block(0, 1, song) for song in map(str, range(30))}) > 20
    assert len({block(0, seed, "a") for seed in range(30)}) > 20
    assert block(3, 1, "a") == block(3, 1, "a")


def test_the_first_row_of_a_block_is_each_row_equally_often() -> None:
    first = Counter(turn("latin", 4, 0, seed) for seed in range(2000))
    assert stats.chisquare([first[row] for row in range(4)]).pvalue > 1e-4


def test_squares_are_those_of_the_textbook() -> None:
    assert latin_square(3) == [[0, 1, 2], [1, 2, 0], [2, 0, 1]]
    # Williams 1949: 0, 1, n-1, 2, n-2 and so on, then each item one further.
    assert williams_square(4) == [[0, 1, 3, 2], [1, 2, 0, 3], [2, 3, 1, 0], [3, 0, 2, 1]]
    three = [[0, 1, 2], [1, 2, 0], [2, 0, 1]]
    assert williams_square(3) == three + [row[::-1] for row in three]
    assert williams_square(1) == [[0], [0]]
    assert williams_square(6)[0] == [0, 1, 5, 2, 4, 3]


def test_a_seed_draws_the_same_in_every_version() -> None:
    # A study's sessions are drawn again from its seed, when it is checked or repeated elsewhere.
    digits = sha256(b'[["rows","song",3]]').hexdigest()[:16]
    expected = random.Random(int(digits, 16)).random()
    assert generator("rows", "song", 3).random() == expected
    assert generator("rows", "song", "3").random() != expected


def test_listeners_take_the_rows_of_a_square_in_turn() -> None:
    draw = generator(0)
    for how, square in (("latin", latin_square(4)), ("williams", williams_square(4))):
        for number in range(9):
            assert ordered("abcd", how, number, draw) == ["abcd"[at] for at in square[number % 4]]
    assert ordered("abcd", "fixed", 3, draw) == list("abcd")
    assert ordered("a", "latin", 3, draw) == ["a"]
    assert ordered("ab", "latin", 1, draw) == ["b", "a"], "two items have an order too"


def test_a_random_order_puts_each_item_at_each_place_equally_often() -> None:
    draw = random.Random(5)
    orders = Counter("".join(ordered("abc", "random", 0, draw)) for _ in range(3000))
    assert len(orders) == 6
    assert stats.chisquare(list(orders.values())).pvalue > 1e-4


def test_equally_used_items_are_drawn_by_lot_and_less_used_ones_come_first() -> None:
    draw = random.Random(1)
    drawn: Counter[str] = Counter()
    for _ in range(3000):
        chosen = least_used("abcd", {}, 2, draw)
        assert chosen == sorted(chosen), "in the order of the items"
        drawn.update(chosen)
    assert stats.chisquare([drawn[item] for item in "abcd"]).pvalue > 1e-4
    assert least_used("abcd", {"a": 2, "b": 1, "d": 1}, 1, draw) == ["c"], "never used is used 0"
    assert least_used("abcd", {"a": 2, "b": 1, "c": 3, "d": 1}, 2, draw) == ["b", "d"]
    assert least_used("ab", {"a": 5}, 9, draw) == ["a", "b"]


@pytest.mark.parametrize("size", range(1, 9))
@pytest.mark.parametrize("count", [0, 1, 2, 5, 9])
def test_the_first_items_come_again_in_the_last_part(size: int, count: int) -> None:
    items = list(range(size))
    for seed in range(20):
        pages = with_repeats(items, count, generator(seed))
        assert pages[:size] == [(item, 0) for item in items]
        assert sorted(pages[size:]) == [(item, 1) for item in items[:count]]
        if size > 1:
            assert all(one != other for (one, _), (other, _) in pairwise(pages))


def test_the_repeats_come_in_an_order_of_their_own() -> None:
    orders = Counter(
        tuple(item for item, again in with_repeats(range(4), 3, generator(seed)) if again)
        for seed in range(1200)
    )
    assert len(orders) == 6
    assert stats.chisquare(list(orders.values())).pvalue > 1e-4


def test_start_positions_spread_over_the_scale_and_betray_no_order() -> None:
    draw = random.Random(2)
    drawn = np.array([start_positions(3, draw) for _ in range(3000)])
    gap = 50 / 4
    assert drawn.min() >= gap - 0.01
    assert drawn.max() <= 100 - gap + 0.01
    assert drawn.min() < gap + 0.5, "the whole of the scale is used"
    assert drawn.max() > 100 - gap - 0.5
    apart = np.diff(np.sort(drawn, axis=1))
    assert gap - 0.02 <= apart.min() < gap + 0.5
    ordered_ = Counter(tuple(np.argsort(row)) for row in drawn)
    assert len(ordered_) == 6
    assert stats.chisquare(list(ordered_.values())).pvalue > 1e-4
    # Uniform order statistics between the gaps: their means stand evenly on the scale.
    means = np.sort(drawn, axis=1).mean(axis=0)
    assert means == pytest.approx([25, 50, 75], abs=1.0)
    assert all(round(place, 2) == place for place in drawn.ravel().tolist())


@pytest.mark.parametrize("size", range(2, 6))
def test_few_systems_meet_in_every_pair(size: int) -> None:
    assert balanced_pairs("abcde"[:size]) == list(combinations("abcde"[:size], 2))


@pytest.mark.parametrize("size", range(6, 14))
def test_many_systems_meet_four_others_each_and_no_pair_twice(size: int) -> None:
    pairs = balanced_pairs(range(size))
    assert len(set(map(frozenset, pairs))) == len(pairs) == 2 * size
    assert set(Counter(item for pair in pairs for item in pair).values()) == {4}
    assert all(len(set(pair)) == 2 for pair in pairs)
    near = {min((a - b) % size, (b - a) % size) for a, b in pairs}
    assert near == {1, 2}, "neighbours on the ring, and the next but one"
