"""Distances between all renders of a system and the reference masters: one value for a set.

They read what :mod:`earmark.evaluation.distances.compare` found for one channel; the parameters say
of which embedding. ``channels`` gives one value for each letter: left, right, mid, side.
"""

from typing import TYPE_CHECKING

from .registry import metric

if TYPE_CHECKING:
    from ..distances.result import ChannelDistance


@metric(better="lower", needs="set")
def fad(
    record: "ChannelDistance",
    embedding: str = "msd_vgg",
    channels: str = "lrms",
    checkpoint: str = "",
    seed: int = 0,
) -> float | None:
    """Fréchet distance of embeddings to those of the reference masters; biased by about 1/n."""
    return record.fad


@metric(better="lower", needs="set")
def fad_inf(
    record: "ChannelDistance",
    embedding: str = "msd_vgg",
    channels: str = "lrms",
    checkpoint: str = "",
    seed: int = 0,
) -> float | None:
    """Fréchet distance extrapolated to endless sets, without replacement, from a fixed seed."""
    return None if record.infinity is None else record.infinity.value


@metric(better="lower", needs="set")
def kad(
    record: "ChannelDistance",
    embedding: str = "msd_vgg",
    channels: str = "lrms",
    checkpoint: str = "",
    seed: int = 0,
) -> float | None:
    """Kernel distance: 100 × unbiased squared MMD, bandwidth from the reference masters."""
    return record.kad
