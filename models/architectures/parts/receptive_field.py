"""How far a strided network hears: intervals followed from its output back to its input.

An interval ``(first, last)`` are the samples of a layer's output that one output sample of the
network depends on; each function gives those of the layer's input. A network whose stride is S
treats every S-th sample alike, so the widest of S neighbours is its receptive field.
"""

from collections.abc import Callable

from torch import Tensor
from torch.nn import functional as F

Interval = tuple[int, int]


def convolution(out: Interval, kernel: int, stride: int = 1, left: int = 0) -> Interval:
    """Through a convolution that pads ``left`` samples before the first."""
    return out[0] * stride - left, out[1] * stride - left + kernel - 1


def transposed(out: Interval, kernel: int, stride: int = 1, left: int = 0) -> Interval:
    """Through a transposed convolution that crops ``left`` samples before the first."""
    return -(-(out[0] + left - kernel + 1) // stride), (out[1] + left) // stride


def doubled(out: Interval) -> Interval:
    """Through linear interpolation by two with ``align_corners=False``."""
    return (out[0] - 1) // 2, (out[1] + 1) // 2


def joined(*parts: Interval) -> Interval:
    """What depends on several: from the first to the last of all."""
    return min(part[0] for part in parts), max(part[1] for part in parts)


def context(depends: Callable[[int], Interval], stride: int) -> tuple[int, int, int]:
    """Left context, right context and the receptive field of one sample, over all phases."""
    reached = [(t, *depends(t)) for t in range(stride)]
    left = max(t - first for t, first, _ in reached)
    right = max(last - t for t, _, last in reached)
    return max(left, 0), max(right, 0), max(last - first + 1 for _, first, last in reached)


def double(audio: Tensor) -> Tensor:
    """Twice as many samples, by linear interpolation between their middles."""
    return F.interpolate(audio, scale_factor=2.0, mode="linear", align_corners=False)
