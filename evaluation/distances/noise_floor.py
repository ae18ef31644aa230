"""The distance between two halves of the reference: what a perfect system would still score.

A Fréchet distance has no unit that a reader knows, and its bias depends on n. So the reference is
split at random into two halves, song by song, because patches of one song resemble each other; the
distance between the halves is what two sets of real masters have. Beside it stands the distance
between one half of the reference and as many embeddings of the evaluated set, of *other* songs
where songs are shared: only these two are at equal n and may be compared.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Embeddings = NDArray[Any]
Distance = Callable[[Embeddings, Embeddings], float]

_SPLITS = 10


@dataclass(frozen=True)
class NoiseFloor:
    """Means over ``splits``; ``low`` and ``high`` are the least and the largest real-vs-real.

    ``n`` is the mean size of a half. ``at_equal_n`` is the evaluated set against a half of the
    reference, at the same n; None where the evaluated set has too few embeddings. ``by_song``
    says whether songs were kept whole.
    """

    value: float
    low: float
    high: float
    n: int
    at_equal_n: float | None
    splits: int
    by_song: bool


def noise_floor(
    reference: Sequence[Embeddings],
    evaluated: Sequence[Embeddings],
    seed: int,
    distance: Distance,
) -> NoiseFloor | None:
    """The floor of a distance; each set is a sequence of songs ``(n, d)``, which may be empty.

    Sets of the same length are taken to be the same songs in the same order. None where the
    reference has fewer than four embeddings.
    """
    paired = len(reference) == len(evaluated)
    heard = [index for index, rows in enumerate(reference) if len(rows)]
    by_song = len(heard) >= 4
    songs = [reference[index] for index in heard]
    if songs and not by_song:
        rows = np.concatenate(songs)
        songs = [rows[index : index + 1] for index in range(len(rows))]
    if len(songs) < 4:
        return None
    others = [evaluated[index] for index in heard] if by_song and paired else [_joined(evaluated)]
    generator = np.random.default_rng([seed, 2])
    floors, equals, sizes = [], [], []
    for _ in range(_SPLITS):
        order = generator.permutation(len(songs))
        first, second = np.sort(order[: len(songs) // 2]), np.sort(order[len(songs) // 2 :])
        one, other = (np.concatenate([songs[i] for i in half]) for half in (first, second))
        n = min(len(one), len(other))
        if n < 2:
            continue
        one, other = _drawn(one, n, generator), _drawn(other, n, generator)
        floors.append(distance(one, other))
        sizes.append(n)
        pool = others[0] if len(others) == 1 else _joined([others[i] for i in second])
        if len(pool) >= n:
            equals.append(distance(one, _drawn(pool, n, generator)))
    if not floors:
        return None
    return NoiseFloor(
        value=float(np.mean(floors)),
        low=min(floors),
        high=max(floors),
        n=round(float(np.mean(sizes))),
        at_equal_n=float(np.mean(equals)) if len(equals) == len(floors) else None,
        splits=len(floors),
        by_song=by_song,
    )


def _joined(parts: Sequence[Embeddings]) -> Embeddings:
    """The rows of all parts that have any."""
    filled = [part for part in parts if len(part)]
    return np.concatenate(filled) if filled else np.empty((0, 0))


def _drawn(values: Embeddings, n: int, generator: np.random.Generator) -> Embeddings:
    """``n`` of the embeddings, without replacement."""
    if len(values) == n:
        return values
    return values[np.sort(generator.permutation(len(values))[:n])]
