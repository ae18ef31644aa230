"""How a render lies against its reference before it is aligned: lag, gain, polarity, likeness.

These are what ``aligned`` values take away. They are scores of their own, so that a system that
lags, is louder or turns the polarity is seen to do so. The method is that of ``pairing``.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from .analysis import Analysis
from .pairing import UNRELATED, Alignment, alignment_of
from .registry import UndefinedError, metric


@metric(unit="samples", better="zero", default=True, variants=("raw",))
def delay_samples(analysis: Analysis, reference: Analysis) -> Tensor:
    """Lag behind the reference, by the cross-correlation of mid within 100 ms either way."""
    return _each(analysis, reference, _related(lambda found: found.delay_samples))


@metric(unit="dB", better="none", default=True, version=2, variants=("raw",))
def gain_db(analysis: Analysis, reference: Analysis) -> Tensor:
    """Gain that matches the integrated loudness of the reference."""
    return _each(analysis, reference, lambda found: found.gain_db)


@metric(better="none", default=True, variants=("raw",))
def polarity(analysis: Analysis, reference: Analysis) -> Tensor:
    """Polarity against the reference at that lag: 1 the same, -1 inverted."""
    return _each(analysis, reference, _related(lambda found: -1.0 if found.inverted else 1.0))


@metric(better="none", default=True, variants=("raw",))
def correlation(analysis: Analysis, reference: Analysis) -> Tensor:
    """Correlation of the mid channels with the reference's at that lag, without its sign."""
    return _each(analysis, reference, lambda found: found.correlation)


def _related(value: Callable[[Alignment], float]) -> Callable[[Alignment], float]:
    """``value`` where the two are alike enough for it to mean anything.

    Raises:
        UndefinedError: where they are not.
    """

    def checked(found: Alignment) -> float:
        if found.correlation < UNRELATED:
            raise UndefinedError("unrelated")
        return value(found)

    return checked


def _each(analysis: Analysis, reference: Analysis, value: Callable[[Alignment], float]) -> Tensor:
    if len(analysis.audio) == 1:
        return torch.tensor([_of(analysis, reference, value)], dtype=torch.float64)
    found = []
    for at in range(len(analysis.audio)):
        try:
            found.append(_of(analysis.item(at), reference.item(at), value))
        except UndefinedError:
            found.append(math.nan)
    return torch.tensor(found, dtype=torch.float64)


def _of(analysis: Analysis, reference: Analysis, value: Callable[[Alignment], float]) -> float:
    made, reason = alignment_of(analysis, reference)
    if made is None:
        raise UndefinedError(reason or "undefined")
    return value(made)
