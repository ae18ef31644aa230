"""The Wave-U-Net of a Ukrainian master's thesis on automatic mastering: width doubles per level.

    x -> [Conv1d C 2^i, kernel 15 - ReLU - Dropout, kept, every second sample]  i = 0 .. L-1
      -> Conv1d C 2^L - ReLU - Dropout
      -> [linear interpolation x2 - ConvTranspose1d C 2^i - ReLU - Dropout + kept i]  i = L-1 .. 0
      -> concatenated with x -> Conv1d kernel 1

With C = 24 it has 2,939,478 parameters at L = 4, 11,787,990 at L = 5 and 754,982,358 at L = 8.

Faults of the original, and what is done here. It is trained with L = 8 and rendered with L = 12,
which would be 193,273,812,438 parameters, 773 GB: here the sizes live in the checkpoint, weights
are loaded strictly, and a size that cannot fit is refused with its parameters and bytes. Lengths
that are no multiple of 2^L fail: here silence is appended and cut off again. Pairs are normalised
to their peaks one by one and so lose how loud the master is to be, and the output is normalised
too: nothing here is. The rate of the dropout is not published; it is 0.1 here.
``dry`` adds the input to the output, which the original does not; such a network begins as the
identity.
"""

from typing import Annotated

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional as F

from ..configuration import Strict
from . import Architecture, Network
from .parts import receptive_field
from .parts.geometry import Geometry
from .parts.receptive_field import double


class SeedHyperparameters(Strict):
    """The sizes; the defaults are the smallest published ones, C = 24 and L = 4."""

    channels: Annotated[int, Field(ge=1, le=8)] = 2
    width: Annotated[int, Field(ge=1, le=4096)] = 24
    levels: Annotated[int, Field(ge=1, le=16)] = 4
    kernel: Annotated[int, Field(ge=1, le=255)] = 15
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    dry: bool = False

    @model_validator(mode="after")
    def _fits(self) -> "SeedHyperparameters":
        if self.kernel % 2 == 0:
            raise ValueError(f"kernel must be odd, to have a centre, not {self.kernel}")
        return self


class WaveUNetSeed(Network):
    """See the module."""

    def __init__(self, sizes: SeedHyperparameters) -> None:
        super().__init__()
        self.channels, self.controls, self.dry = sizes.channels, 0, sizes.dry
        kernel, pad = sizes.kernel, sizes.kernel // 2
        widths = [sizes.width * 2**level for level in range(sizes.levels + 1)]
        before = [sizes.channels, *widths]
        self.encoder = nn.ModuleList(
            nn.Sequential(
                nn.Conv1d(inputs, width, kernel, padding=pad), nn.ReLU(), nn.Dropout(sizes.dropout)
            )
            for inputs, width in zip(before, widths, strict=False)
        )
        self.decoder = nn.ModuleList(
            nn.Sequential(
                nn.ConvTranspose1d(widths[level + 1], widths[level], kernel, padding=pad),
                nn.ReLU(),
                nn.Dropout(sizes.dropout),
            )
            for level in reversed(range(sizes.levels))
        )
        self.output = nn.Conv1d(sizes.width + sizes.channels, sizes.channels, 1)
        if sizes.dry:
            nn.init.zeros_(self.output.weight)
            nn.init.zeros_(self.output.bias)  # type: ignore[arg-type]  # it has one
        self.stride = 2**sizes.levels
        left, right, self.receptive_field = receptive(sizes.levels, kernel, kernel)
        self.geometry = Geometry("strided", left, right, stride=self.stride)

    def forward(self, audio: Tensor, controls: Tensor | None = None) -> Tensor:
        """``(batch, channels, samples)`` in and out, of the same length."""
        samples = audio.shape[-1]
        padded = F.pad(audio, (0, -samples % self.stride))
        hidden, kept = padded, []
        *encoder, bottleneck = self.encoder
        for level in encoder:
            hidden = level(hidden)
            kept.append(hidden)
            hidden = hidden[..., ::2]
        hidden = bottleneck(hidden)
        for level in self.decoder:
            hidden = level(double(hidden)) + kept.pop()
        out: Tensor = self.output(torch.cat([hidden, padded], dim=1))[..., :samples]
        return audio + out if self.dry else out


def receptive(levels: int, down: int, up: int) -> tuple[int, int, int]:
    """Left and right context and receptive field of a Wave-U-Net with kernels ``down``, ``up``."""

    def encoded(level: int, out: receptive_field.Interval) -> receptive_field.Interval:
        before = receptive_field.convolution(out, down, left=down // 2)
        return encoded(level - 1, (2 * before[0], 2 * before[1])) if level else before

    def decoded(level: int, out: receptive_field.Interval) -> receptive_field.Interval:
        if level == levels:
            return encoded(level, out)
        below = receptive_field.doubled(receptive_field.convolution(out, up, left=up // 2))
        return receptive_field.joined(encoded(level, out), decoded(level + 1, below))

    return receptive_field.context(lambda t: decoded(0, (t, t)), 2**levels)


ARCHITECTURE = Architecture(
    "waveunet_seed",
    SeedHyperparameters,
    WaveUNetSeed,
    "Wave-U-Net whose width doubles per level, with added skips",
)
