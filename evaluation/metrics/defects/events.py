"""Where defects are: places in samples, merged over channels, counted, held against a reference."""

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import torch
from torch import Tensor

from ..analysis import Analysis
from ..pairing import UNRELATED, aligned_pair
from ..registry import Requires

Places = tuple[int, ...]

DEFECT = Requires(sound=False)
"""Silence has no defect: a count of 0."""

_SAME_SECONDS = 0.01


def merged(places: Iterable[int], within: int) -> Places:
    """Places in order; one at most ``within`` samples after the last that was kept is the same."""
    kept: list[int] = []
    for place in sorted(places):
        if not kept or place - kept[-1] > within:
            kept.append(place)
    return tuple(kept)


def counted(places: Sequence[Places]) -> Tensor:
    """How many there are of each item, ``(batch,)`` in float64."""
    return torch.tensor([len(one) for one in places], dtype=torch.float64)


def new(
    analysis: Analysis,
    reference: Analysis,
    find: Callable[[Analysis], list[Places]],
    then: Callable[[Places, Analysis], Places] | None = None,
) -> Tensor:
    """How many of each item are at no place of the reference, ``(batch,)`` in float64.

    ``then`` chooses among those that are new.
    """
    within = _SAME_SECONDS * analysis.sample_rate
    left = []
    pairs = zip(find(analysis), find(reference), strict=True)
    for at, (places, known) in enumerate(pairs):
        kept = _without(places, known, _lag(analysis, reference, at), within) if known else places
        left.append(kept if then is None else then(kept, analysis))
    return counted(left)


def _without(places: Places, known: Places, lag: float, within: float) -> Places:
    there = np.array(known) + lag
    return tuple(one for one in places if np.abs(there - one).min() > within)


def _lag(analysis: Analysis, reference: Analysis, at: int) -> float:
    """Samples by which the item is late against its reference; 0 where that has no meaning."""
    if len(analysis.audio) > 1:
        analysis, reference = (Analysis(x.audio[at], x.sample_rate) for x in (analysis, reference))
    found = aligned_pair(analysis, reference).alignment
    usable = found is not None and found.correlation >= UNRELATED
    return found.delay_samples if found is not None and usable and _finite(found) else 0.0


def _finite(found: object) -> bool:
    return math.isfinite(getattr(found, "delay_samples", math.nan))
