"""The Wave-U-Net of "Learning to mix with neural audio effects in the waveform domain" (Steinmetz,
2020), which is the Demucs of Défossez et al. (2019) without its LSTM, with FiLM conditioning.

    level: Conv1d k, stride 4 -> FiLM -> PReLU -> Conv1d 1x1 (C -> 2C) -> GLU, kept      6 times
    back:  (+ the centre of what was kept) -> Conv1d 3 (C -> 2C) -> GLU
           -> ConvTranspose1d k, stride 4 -> FiLM -> PReLU (none on the last)            6 times

C doubles per level. Nothing is padded inside: the ends are trimmed. FiLM scales and shifts by
linear adaptors of two embeddings, which an MLP (controls -> 128 -> 128 -> two of ``embedding``)
makes of the controls; without controls they are learned constants. Weights are divided by
``sqrt(std / 0.1)`` at first.

Published sizes: kernel 8, C = 16, two controls, embedding 32: 5,720,772 parameters; kernel 16:
8,514,500; 25 controls, embedding 128: kernel 16, C = 16 8,831,172 and kernel 8, C = 32 23,199,748.
An output sample depends on up to 25,940 (kernel 8) or 49,148 (kernel 16) samples, 588 and 1114 ms,
not on the 216.6 and 464.3 ms that were published.

Faults of the original, and what is done here. Chunks that do not begin at a multiple of 4^6 = 4096
sound different: the runner keeps to it. The deepest level is added to itself, which only doubles
it: here the skips begin above. Of the last level the original counts a PReLU that it does not
apply; here that one number per channel is the gain of the output. ``dry`` adds the input, which the
original does not; such a network begins as the identity.
"""

from collections.abc import Sequence
from typing import Annotated

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional as F

from ..configuration import Strict
from . import Architecture, Network
from .parts import receptive_field
from .parts.film import FiLM, centre, mlp
from .parts.geometry import Geometry

Size = Annotated[int, Field(ge=1, le=4096)]
_CONTEXT = 3
_WANTED_DEVIATION = 0.1


class Sizes(Strict):
    """What the mastering and the mixing network share."""

    width: Size = 16
    levels: Annotated[int, Field(ge=1, le=8)] = 6
    kernel: Annotated[int, Field(ge=2, le=255)] = 8
    stride: Annotated[int, Field(ge=2, le=16)] = 4
    growth: Annotated[int, Field(ge=1, le=4)] = 2
    dry: bool = False

    @model_validator(mode="after")
    def _fits(self) -> "Sizes":
        if self.kernel < self.stride:
            raise ValueError(f"kernel ({self.kernel}) must not be below stride ({self.stride})")
        if self.width * self.growth ** (self.levels - 1) > 2**20:
            raise ValueError("growth and levels make the deepest level too wide")
        return self


class DemucsHyperparameters(Sizes):
    """The sizes; the defaults are the published network of kernel 8, without controls."""

    channels: Annotated[int, Field(ge=1, le=8)] = 1
    controls: Annotated[int, Field(ge=0, le=256)] = 0
    hidden: tuple[Size, ...] = (128, 128)
    embedding: Size = 32


class StridedUNet(nn.Module):
    """``(batch, inputs, samples)`` to ``(batch, outputs, samples)``; block starts matter."""

    def __init__(self, sizes: Sizes, inputs: int, outputs: int, embedding: int) -> None:
        super().__init__()
        self.sizes = sizes
        encoder, decoder = [], []
        before = inputs
        for level in range(sizes.levels):
            width = sizes.width * sizes.growth**level
            encoder.append(_Down(sizes, before, width, embedding))
            after = before if level else outputs
            decoder.append(_Up(sizes, width, after, embedding, last=level == 0))
            before = width
        self.encoder = nn.ModuleList(encoder)
        self.decoder = nn.ModuleList(reversed(decoder))
        self.gain = nn.Parameter(torch.ones(outputs))
        for part in self.modules():
            if isinstance(part, nn.Conv1d | nn.ConvTranspose1d):
                _rescale(part)

    def forward(self, audio: Tensor, scaling: Tensor | None, shifting: Tensor | None) -> Tensor:
        """The embeddings are ``(batch, embedding)``, or None where there are no controls."""
        samples = audio.shape[-1]
        left = self.trimmed
        right = self._valid(samples) - samples - left
        hidden, kept = F.pad(audio, (left, right)), []
        for down in self.encoder:
            hidden = down(hidden, scaling, shifting)
            kept.append(hidden)
        kept.pop()
        for index, up in enumerate(self.decoder):
            if index:
                hidden = hidden + centre(kept.pop(), hidden.shape[-1])
            hidden = up(hidden, scaling, shifting)
        out: Tensor = hidden[..., :samples] * self.gain[:, None]
        return out

    @property
    def trimmed(self) -> int:
        """Input samples before the one that the first output sample belongs to."""
        lost = 0
        for _ in range(self.sizes.levels):
            lost = (lost + _CONTEXT // 2) * self.sizes.stride
        return lost

    @property
    def geometry(self) -> tuple[Geometry, int]:
        """What the runner must know, and the receptive field in samples."""
        sizes, trimmed = self.sizes, self.trimmed

        def depends(t: int) -> receptive_field.Interval:
            out = (t, t)
            for _ in range(sizes.levels):
                out = receptive_field.transposed(out, sizes.kernel, sizes.stride)
                out = receptive_field.convolution(out, _CONTEXT)
            for _ in range(sizes.levels):
                out = receptive_field.convolution(out, sizes.kernel, sizes.stride)
            return out[0] - trimmed, out[1] - trimmed

        stride = sizes.stride**sizes.levels
        left, right, field = receptive_field.context(depends, stride)
        return Geometry("strided", left, right, stride=stride), field

    def _valid(self, samples: int) -> int:
        """The least length that fits every level and gives ``samples``."""
        kernel, stride = self.sizes.kernel, self.sizes.stride
        for _ in range(self.sizes.levels):
            samples = max(-(-(samples - kernel) // stride) + 1, 1) + _CONTEXT - 1
        for _ in range(self.sizes.levels):
            samples = (samples - 1) * stride + kernel
        return samples


class WaveUNetDemucs(Network):
    """See the module."""

    def __init__(self, sizes: DemucsHyperparameters) -> None:
        super().__init__()
        self.channels, self.controls, self.dry = sizes.channels, sizes.controls, sizes.dry
        embedding = sizes.embedding if sizes.controls else 0
        self.conditioning = mlp((sizes.controls, *sizes.hidden, 2 * sizes.embedding))
        self.net = StridedUNet(sizes, sizes.channels, sizes.channels, embedding)
        self.geometry, self.receptive_field = self.net.geometry
        if sizes.dry:
            nn.init.zeros_(self.net.gain)

    def forward(self, audio: Tensor, controls: Tensor | None = None) -> Tensor:
        """``(batch, channels, samples)`` in and out, of the same length."""
        parts: Sequence[Tensor | None] = (None, None)
        if self.controls:
            parts = self.conditioning(controls).chunk(2, dim=-1)
        out: Tensor = self.net(audio, *parts)
        return audio + out if self.dry else out


class _Down(nn.Module):
    def __init__(self, sizes: Sizes, inputs: int, width: int, embedding: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(inputs, width, sizes.kernel, sizes.stride)
        self.film = FiLM(width, embedding)
        self.activation = nn.PReLU(width)
        self.mix = nn.Conv1d(width, 2 * width, 1)

    def forward(self, audio: Tensor, scaling: Tensor | None, shifting: Tensor | None) -> Tensor:
        hidden = self.activation(self.film(self.conv(audio), scaling, shifting))
        return F.glu(self.mix(hidden), dim=1)


class _Up(nn.Module):
    def __init__(
        self, sizes: Sizes, width: int, outputs: int, embedding: int, *, last: bool
    ) -> None:
        super().__init__()
        self.mix = nn.Conv1d(width, 2 * width, _CONTEXT)
        self.conv = nn.ConvTranspose1d(width, outputs, sizes.kernel, sizes.stride)
        self.film = FiLM(outputs, embedding)
        self.activation: nn.Module = nn.Identity() if last else nn.PReLU(outputs)

    def forward(self, audio: Tensor, scaling: Tensor | None, shifting: Tensor | None) -> Tensor:
        hidden = self.conv(F.glu(self.mix(audio), dim=1))
        out: Tensor = self.activation(self.film(hidden, scaling, shifting))
        return out


def _rescale(conv: nn.Conv1d | nn.ConvTranspose1d) -> None:
    with torch.no_grad():
        scale = (conv.weight.std() / _WANTED_DEVIATION).sqrt()
        conv.weight /= scale
        if conv.bias is not None:
            conv.bias /= scale


ARCHITECTURE = Architecture(
    "waveunet_demucs",
    DemucsHyperparameters,
    WaveUNetDemucs,
    "strided Wave-U-Net with gated convolutions and FiLM conditioning",
)
