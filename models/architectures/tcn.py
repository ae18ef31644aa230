"""The temporal convolutional network of "Learning to mix with neural audio effects in the
waveform domain" (Steinmetz, 2020), with every size a parameter.

Block n: valid ``Conv1d`` without bias, dilation ``growth ** (n mod cycle)`` -> ``BatchNorm1d``
without affine -> FiLM -> PReLU per channel -> plus ``g`` times the centre of the block's input,
with ``g`` a scalar, 1 at first and held in [0, 1]. The first block's input has fewer channels; it
is repeated to the block's. The centres of all blocks' outputs are summed, and a 1x1 convolution
makes the output of the sum. FiLM scales and shifts each channel by two ``Linear`` adaptors per
block of the embedding that an MLP makes of the controls; without controls the scale and the
shift are learned constants.

Receptive field: ``1 + (kernel - 1) * sum of dilations`` samples, half of the context on each side.
The published sizes, kernel 15 and 32 channels, have 3571, 14323, 28645 and 42967 samples with 8,
10, 20 and 30 blocks, and 166,825 to 551,935 parameters with the two controls of a compressor.

``dry`` adds the input to the output, ``y = x + f(x)``, which the paper's network does not: trained
by a magnitude loss alone it may invert the polarity. Such a network begins as the identity.

A clamp in the way of the gradient stops a gain that a step took beyond an end from ever being
trained again; here the gradient passes and the trainer puts the gains back.
"""

from typing import Annotated

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from ..configuration import Strict
from . import Architecture, Network
from .parts.film import FiLM, centre, mlp
from .parts.geometry import Geometry

Size = Annotated[int, Field(ge=1, le=4096)]
_GAIN = 0.0, 1.0


class TCNHyperparameters(Strict):
    """The sizes of a TCN; the defaults are the published TCN-10."""

    channels: Annotated[int, Field(ge=1, le=8)] = 1
    width: Size = 32
    blocks: Annotated[int, Field(ge=1, le=64)] = 10
    kernel: Annotated[int, Field(ge=1, le=255)] = 15
    growth: Annotated[int, Field(ge=1, le=16)] = 2
    cycle: Annotated[int, Field(ge=1, le=16)] = 10
    controls: Annotated[int, Field(ge=0, le=256)] = 0
    hidden: tuple[Size, ...] = (128, 256)
    embedding: Size = 32
    dry: bool = False

    @model_validator(mode="after")
    def _fits(self) -> "TCNHyperparameters":
        if self.kernel % 2 == 0:
            raise ValueError(f"kernel must be odd, to have a centre, not {self.kernel}")
        if self.width % self.channels:
            raise ValueError(
                f"width must be a multiple of channels ({self.channels}), not {self.width}"
            )
        if self.context > 2**22:
            raise ValueError(f"a receptive field of {self.context + 1} samples is too long")
        return self

    @property
    def dilations(self) -> list[int]:
        """The dilation of each block."""
        return [self.growth ** (block % self.cycle) for block in range(self.blocks)]

    @property
    def context(self) -> int:
        """Samples by which the output is shorter than the input: the receptive field less one."""
        return (self.kernel - 1) * sum(self.dilations)


class TCN(Network):
    """See the module."""

    def __init__(self, sizes: TCNHyperparameters) -> None:
        super().__init__()
        self.channels = sizes.channels
        self.controls = sizes.controls
        side = sizes.context // 2
        self.geometry = Geometry("context", side, side, minimum=sizes.context + 1)
        self.receptive_field = sizes.context + 1
        self.dry = sizes.dry
        self.conditioning = mlp((sizes.controls, *sizes.hidden, sizes.embedding))
        self.blocks = nn.ModuleList(
            _Block(sizes, sizes.width if index else sizes.channels, dilation)
            for index, dilation in enumerate(sizes.dilations)
        )
        self.output = nn.Conv1d(sizes.width, sizes.channels, 1)
        if sizes.dry:
            # The sum over all blocks is large; training begins at y = x instead.
            nn.init.zeros_(self.output.weight)
            nn.init.zeros_(self.output.bias)  # type: ignore[arg-type]  # it has one

    def settle(self) -> None:
        """Put the gains back between 0 and 1."""
        for block in self.blocks:
            block.gain.clamp_(*_GAIN)  # type: ignore[operator]  # a parameter

    def forward(self, audio: Tensor, controls: Tensor | None = None) -> Tensor:
        """``(batch, channels, samples)`` in, the same out with ``context`` samples fewer."""
        embedding = None if self.controls == 0 else self.conditioning(controls)
        samples = audio.shape[-1] - self.geometry.left - self.geometry.right
        hidden, skip = audio, None
        for block in self.blocks:
            hidden = block(hidden, embedding)
            part = centre(hidden, samples)
            skip = part if skip is None else skip + part
        out: Tensor = self.output(skip)
        return out + centre(audio, samples) if self.dry else out


class _Block(nn.Module):
    def __init__(self, sizes: TCNHyperparameters, inputs: int, dilation: int) -> None:
        super().__init__()
        width = sizes.width
        self.repeat = width // inputs
        self.conv = nn.Conv1d(inputs, width, sizes.kernel, dilation=dilation, bias=False)
        self.norm = nn.BatchNorm1d(width, affine=False)
        self.film = FiLM(width, sizes.embedding if sizes.controls else 0)
        self.activation = nn.PReLU(width)
        self.gain = nn.Parameter(torch.ones(()))

    def forward(self, audio: Tensor, embedding: Tensor | None) -> Tensor:
        out: Tensor = self.activation(self.film(self.norm(self.conv(audio)), embedding))
        through = centre(audio, out.shape[-1]).repeat(1, self.repeat, 1)
        # Its value is that of the clamp, its gradient that of the gain: a gain that a step took
        # beyond an end would have none, and stay there.
        gain = self.gain + (self.gain.clamp(*_GAIN) - self.gain).detach()
        return out + gain * through


ARCHITECTURE = Architecture(
    "tcn", TCNHyperparameters, TCN, "valid dilated convolutions with FiLM conditioning"
)
