"""Convolutional networks that learn to equalise, ``eqcnn2018``, and their successor ``cafx``.

Sources: M. A. Martínez Ramírez and J. D. Reiss, "End-to-end equalization with convolutional neural
networks" (DAFx 2018); the same, "Modeling nonlinear audio effects with end-to-end deep neural
networks" (ICASSP 2019), for CAFx.

    frame of W samples -> Conv1d, F filters of 64            = X1, kept as the residual R
    |X1| -> depthwise Conv1d, a filter of 128 each - softplus -> max-pool to 64 values   = Z
    Z -> dense 64 -> 64, one per filter - softplus -> dense 64 -> 64, shared - softplus
      -> repeated back to W -> times R [-> CAFx: dense over the filters, adaptive activations]
      -> transposed convolution with the filters of the first layer, whose bias alone is new

F = 128. At 16 kHz, mono, in frames of 4096 (or 1024). 561,473 parameters for ``eqcnn2018``. CAFx
adds dense layers of 128, 64, 64, 64 and 128 with smooth adaptive activations (SAAF, piecewise
quadratic with 25 numbers each). How many the paper has is not clear; one for each pair of filters
gives 604,481, which is the 604.5 thousand published, and is the default (``activations``).

Training is published in two steps: front and back end alone as an autoencoder
(:meth:`EQCNN.reconstruct`), then all of it; mean absolute error, Adam 1e-4.

Faults of the original, and what is done here. Its dense layers have W / 64 units, which fits
W = 4096 alone: here the pool is W / 64 long and Z has 64 values always. The kernels are even, so
half a sample of delay per layer builds up: here 31 samples are padded before and 32 after, and the
transposed convolution takes them back. Frames of half overlap are windowed twice by a Hann window,
whose squares add up to a ripple of 6 dB: here a pair of square-root windows adds up to one.
"""

import itertools
import math
from collections.abc import Callable
from typing import Annotated

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional as F

from ..configuration import Strict
from . import Architecture, Network
from .parts.geometry import Geometry

_CURVES = 24


class EQCNNHyperparameters(Strict):
    """The sizes of ``eqcnn2018``; the defaults are the published ones. ``frame`` is samples."""

    frame: Annotated[int, Field(ge=64, le=65536)] = 4096
    filters: Annotated[int, Field(ge=1, le=1024)] = 128
    kernel: Annotated[int, Field(ge=2, le=256)] = 64
    smoothing: Annotated[int, Field(ge=2, le=1024)] = 128
    pooled: Annotated[int, Field(ge=1, le=1024)] = 64

    @model_validator(mode="after")
    def _fits(self) -> "EQCNNHyperparameters":
        if self.frame % self.pooled or self.frame % 2:
            raise ValueError(
                f"frame must be even and a multiple of pooled ({self.pooled}), not {self.frame}"
            )
        if self.kernel % 2 or self.smoothing % 2:
            raise ValueError("kernel and smoothing must be even, as the paper's are")
        return self


class CAFxHyperparameters(EQCNNHyperparameters):
    """The sizes of ``cafx``: ``activations`` adaptive curves, each for as many filters as fit."""

    dense: Annotated[
        tuple[Annotated[int, Field(ge=1, le=4096)], ...], Field(min_length=1, max_length=16)
    ] = (64, 64, 64)
    activations: Annotated[int, Field(ge=1, le=1024)] = 64

    @model_validator(mode="after")
    def _shared(self) -> "CAFxHyperparameters":
        if self.filters % self.activations:
            raise ValueError(
                f"activations must divide filters ({self.filters}), not {self.activations}"
            )
        return self


class EQCNN(Network):
    """``eqcnn2018``; see the module."""

    channels = 1
    controls = 0

    def __init__(self, sizes: EQCNNHyperparameters) -> None:
        super().__init__()
        self.sizes = sizes
        filters, pooled = sizes.filters, sizes.pooled
        self.front = nn.Conv1d(1, filters, sizes.kernel)
        self.smooth = nn.Conv1d(filters, filters, sizes.smoothing, groups=filters)
        scale = 1 / math.sqrt(pooled)
        self.local_weight = nn.Parameter(scale * torch.randn(filters, pooled, pooled))
        self.local_bias = nn.Parameter(torch.zeros(filters, pooled))
        self.shared = nn.Linear(pooled, pooled)
        self.bias = nn.Parameter(torch.zeros(1))
        hop = sizes.frame // 2
        self.geometry = Geometry("strided", sizes.frame - 1, sizes.frame - 1, stride=hop)
        self.receptive_field = 3 * hop

    def forward(self, audio: Tensor, controls: Tensor | None = None) -> Tensor:
        """``(batch, 1, samples)`` in and out, of the same length."""
        return self._by_frames(audio, self._masked)

    def reconstruct(self, audio: Tensor) -> Tensor:
        """The autoencoder of the first step of training: front and back end alone."""
        return self._by_frames(audio, lambda residual: residual)

    def filters(self) -> Tensor:
        """The filters of the first layer, ``(filters, 1, taps)``, as an impulse passes them."""
        return self.front.weight.detach().flip(-1)

    def latent(self, frames: Tensor) -> Tensor:
        """Z: ``(n, 1, frame)`` to ``(n, filters, pooled)``."""
        return self._pooled(self._analysed(frames))

    def envelopes(self, audio: Tensor) -> Tensor:
        """Z of the loudest windowed frame of the mean of all channels."""
        frame = self.sizes.frame
        mono = audio.mean(dim=0)
        frames = F.pad(mono, (0, max(frame - len(mono), 0))).unfold(0, frame, frame // 2)
        loudest = frames[int(frames.square().sum(dim=-1).argmax())]
        window = torch.hann_window(frame, device=audio.device, dtype=audio.dtype).sqrt()
        with torch.no_grad():
            return self.latent((loudest * window)[None, None])[0]

    def _by_frames(self, audio: Tensor, change: Callable[[Tensor], Tensor]) -> Tensor:
        """Cut into windowed frames, changed between front and back end, added up again."""
        sizes = self.sizes
        hop = sizes.frame // 2
        batch, _, samples = audio.shape
        padded = F.pad(audio, (hop, hop + -samples % hop))
        window = torch.hann_window(sizes.frame, device=audio.device, dtype=audio.dtype).sqrt()
        frames = padded.unfold(-1, sizes.frame, hop) * window
        count = frames.shape[2]
        residual = self._analysed(frames.reshape(-1, 1, sizes.frame))
        out = self._synthesised(change(residual)).reshape(batch, count, sizes.frame) * window
        # Two halves of neighbours make one hop.
        added = out[:, :-1, hop:] + out[:, 1:, :hop]
        return added.reshape(batch, 1, -1)[..., :samples]

    def _analysed(self, frames: Tensor) -> Tensor:
        out: Tensor = self.front(_padded(frames, self.sizes.kernel))
        return out

    def _pooled(self, residual: Tensor) -> Tensor:
        smooth = F.softplus(self.smooth(_padded(residual.abs(), self.sizes.smoothing)))
        return F.max_pool1d(smooth, self.sizes.frame // self.sizes.pooled)

    def _masked(self, residual: Tensor) -> Tensor:
        pooled = self._pooled(residual)
        local = torch.einsum("nfp,fpq->nfq", pooled, self.local_weight) + self.local_bias
        mask = F.softplus(self.shared(F.softplus(local)))
        return residual * mask.repeat_interleave(self.sizes.frame // self.sizes.pooled, dim=-1)

    def _synthesised(self, filtered: Tensor) -> Tensor:
        """``(n, filters, frame)`` to ``(n, frame)`` by the mirrored filters of the front end."""
        before, after = _sides(self.sizes.kernel)
        full = F.conv_transpose1d(filtered, self.front.weight)
        return full[:, 0, before : full.shape[-1] - after] + self.bias


class CAFx(EQCNN):
    """``cafx``; see the module."""

    def __init__(self, sizes: CAFxHyperparameters) -> None:
        super().__init__(sizes)
        widths = (sizes.filters, sizes.filters, *sizes.dense, sizes.filters)
        self.dense = nn.ModuleList(
            nn.Linear(inputs, outputs) for inputs, outputs in itertools.pairwise(widths)
        )
        self.activation = SAAF(sizes.filters, sizes.activations)

    def _masked(self, residual: Tensor) -> Tensor:
        hidden = super()._masked(residual).transpose(1, 2)
        *first, last = self.dense
        for layer in first:
            hidden = torch.tanh(layer(hidden))
        out: Tensor = self.activation(last(hidden).transpose(1, 2))
        return out


class SAAF(nn.Module):
    """Smooth adaptive activation functions of order 2 (Hou et al., AISTATS 2017).

    Each curve is through the origin and has a slope there and a curvature in each of 24 equal
    segments between -1 and 1, beyond which it is straight; at first its slope is 1 everywhere.
    """

    def __init__(self, channels: int, curves: int) -> None:
        super().__init__()
        self.shared = channels // curves
        self.slope = nn.Parameter(torch.ones(curves))
        self.curvature = nn.Parameter(torch.zeros(curves, _CURVES))

    def forward(self, audio: Tensor) -> Tensor:
        """``(batch, channels, samples)`` in and out."""
        step = 2 / _CURVES
        segment = ((audio.detach() + 1) / step).floor().clamp(-1, _CURVES).long() + 1
        shared = torch.arange(audio.shape[1], device=audio.device) // self.shared
        rows = segment + (shared * (_CURVES + 2))[:, None]
        value, slope, curvature = F.embedding(rows, self._table(step).flatten(0, 1)).unbind(-1)
        beyond = audio + 1 - (segment - 1).clamp(0, _CURVES).to(audio.dtype) * step
        return value + beyond * (slope + 0.5 * curvature * beyond)

    def _table(self, step: float) -> Tensor:
        """Value, slope and curvature at the beginning of each segment, straight ones outside:
        ``(curves, segments + 2, 3)``.
        """
        curvature = self.curvature
        slope = F.pad(step * curvature.cumsum(dim=-1), (1, 0))
        slope = slope - slope[:, _CURVES // 2, None] + self.slope[:, None]
        rises = step * slope[:, :-1] + 0.5 * step**2 * curvature
        value = F.pad(rises.cumsum(dim=-1), (1, 0))
        value = value - value[:, _CURVES // 2, None]
        value, slope = (torch.cat([x[:, :1], x], dim=-1) for x in (value, slope))
        return torch.stack([value, slope, F.pad(curvature, (1, 1))], dim=-1)


def _sides(kernel: int) -> tuple[int, int]:
    """Padding before and after that keeps the length under an even kernel."""
    return kernel // 2 - 1, kernel // 2


def _padded(frames: Tensor, kernel: int) -> Tensor:
    return F.pad(frames, _sides(kernel))


ARCHITECTURES = {
    "eqcnn2018": Architecture(
        "eqcnn2018", EQCNNHyperparameters, EQCNN, "learned filter bank with a mask per filter"
    ),
    "cafx": Architecture(
        "cafx", CAFxHyperparameters, CAFx, "as eqcnn2018, with adaptive activations"
    ),
}
