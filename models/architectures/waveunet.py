"""The Wave-U-Net of Stoller, Ewert and Dixon (ISMIR 2018), with a dry path for mastering.

    x -> [Conv1d C (i+1), kernel 15 - LeakyReLU, kept, every second sample]  i = 0 .. L-1
      -> Conv1d C (L+1) - LeakyReLU
      -> [linear interpolation x2 - concatenated with kept i - Conv1d C (i+1), kernel 5 - LeakyReLU]
      -> concatenated with x -> Conv1d kernel 1 (+ x)

C = 24 and L = 12 are the paper's. Training published for mastering: L1, AdamW 1e-4, weight decay
1e-5, gradients clipped at 1.0, 131,072 samples.

Faults of the original, and what is done here. A tanh at the output makes overs impossible and
bends what is loud: there is none. A network that must carry the whole sound through its bottleneck
inverts the polarity when it is trained by magnitudes: ``dry`` adds the input, and such a network
begins as the identity. Lengths that are no multiple of 2^L are padded with silence and cut again.
"""

from typing import Annotated

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional as F

from ..configuration import Strict
from . import Architecture, Network
from .parts.geometry import Geometry
from .parts.receptive_field import double
from .waveunet_seed import receptive

Kernel = Annotated[int, Field(ge=1, le=255)]


class WaveUNetHyperparameters(Strict):
    """The sizes of a Wave-U-Net; the defaults are the paper's."""

    channels: Annotated[int, Field(ge=1, le=8)] = 2
    width: Annotated[int, Field(ge=1, le=4096)] = 24
    levels: Annotated[int, Field(ge=1, le=16)] = 12
    kernel: Kernel = 15
    up_kernel: Kernel = 5
    dry: bool = True

    @model_validator(mode="after")
    def _fits(self) -> "WaveUNetHyperparameters":
        for name in ("kernel", "up_kernel"):
            value = getattr(self, name)
            if value % 2 == 0:
                raise ValueError(f"{name} must be odd, to have a centre, not {value}")
        return self


class WaveUNet(Network):
    """See the module."""

    def __init__(self, sizes: WaveUNetHyperparameters) -> None:
        super().__init__()
        self.channels, self.controls, self.dry = sizes.channels, 0, sizes.dry
        widths = [sizes.width * (level + 1) for level in range(sizes.levels + 1)]
        before = [sizes.channels, *widths]
        self.encoder = nn.ModuleList(
            _conv(inputs, width, sizes.kernel)
            for inputs, width in zip(before, widths, strict=False)
        )
        self.decoder = nn.ModuleList(
            _conv(widths[level + 1] + widths[level], widths[level], sizes.up_kernel)
            for level in reversed(range(sizes.levels))
        )
        self.output = nn.Conv1d(sizes.width + sizes.channels, sizes.channels, 1)
        if sizes.dry:
            nn.init.zeros_(self.output.weight)
            nn.init.zeros_(self.output.bias)  # type: ignore[arg-type]  # it has one
        self.stride = 2**sizes.levels
        left, right, self.receptive_field = receptive(sizes.levels, sizes.kernel, sizes.up_kernel)
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
            hidden = level(torch.cat([double(hidden), kept.pop()], dim=1))
        out: Tensor = self.output(torch.cat([hidden, padded], dim=1))[..., :samples]
        return audio + out if self.dry else out


def _conv(inputs: int, outputs: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv1d(inputs, outputs, kernel, padding=kernel // 2), nn.LeakyReLU(0.2))


ARCHITECTURE = Architecture(
    "waveunet",
    WaveUNetHyperparameters,
    WaveUNet,
    "Wave-U-Net of linear growth with concatenated skips",
)
