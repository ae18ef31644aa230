"""MixWaveUNet of automix-toolkit (C. J. Steinmetz): the Wave-U-Net of M. A. Martínez-Ramírez,
D. Stoller, D. Moffat, "A deep learning approach to intelligent drum mixing with the Wave-U-Net"
(JAES 69, 2021).

    each track, mono -> level n: Conv1d 13 -> BatchNorm -> PReLU, kept; Conv1d 13, stride 2
    -> Conv1d 1x1
    -> [twice as many samples, each held; joined with (or added to) what was kept;
        Conv1d 13 -> BatchNorm -> PReLU]
    -> Conv1d 5 of [the tracks, this] -> left and right

Widths grow by ``ch_growth`` per level. Everything is padded to the same length.

Faults of the original, and what is done here. Lengths that are no multiple of 2 to the ``layers``
fail: here they are padded with silence and cut. The order of the tracks is part of what it has
learned, and missing tracks are silent. More tracks than inputs are refused, not dropped. It brings
each mix to full scale by its peak, which hides the level that it chose: here the level stays.
"""

from typing import Annotated, Literal

import torch
from pydantic import Field, field_validator
from torch import Tensor, nn
from torch.nn import functional as F

from ...configuration import Strict
from ...errors import UserError
from .. import Architecture, Network
from ..parts import receptive_field
from ..parts.geometry import Geometry

Size = Annotated[int, Field(ge=1, le=4096)]
Kernel = Annotated[int, Field(ge=1, le=255)]


class MixWaveUNetHyperparameters(Strict):
    """The original's own names."""

    ninputs: Annotated[int, Field(ge=1, le=64)] = 8
    noutputs: Annotated[int, Field(ge=1, le=8)] = 2
    layers: Annotated[int, Field(ge=1, le=16)] = 12
    ch_growth: Size = 24
    ds_kernel: Kernel = 13
    us_kernel: Kernel = 13
    out_kernel: Kernel = 5
    skip: Literal["concat", "add"] = "concat"

    @field_validator("ds_kernel", "us_kernel", "out_kernel")
    @classmethod
    def _odd(cls, value: int) -> int:
        if value % 2 == 0:
            raise ValueError("must be odd, to have a centre")
        return value


class MixWaveUNet(Network):
    """See the module."""

    input: Literal["mix", "stems"] = "stems"
    controls = 0

    def __init__(self, sizes: MixWaveUNetHyperparameters) -> None:
        super().__init__()
        self.channels, self.sizes = sizes.noutputs, sizes
        self.most_stems = sizes.ninputs
        widths = [sizes.ch_growth * (level + 1) for level in range(sizes.layers)]
        joined = 2 if sizes.skip == "concat" else 1
        before = [sizes.ninputs, *widths]
        self.encoder = nn.ModuleList(
            _Down(inputs, width, sizes.ds_kernel)
            for inputs, width in zip(before, widths, strict=False)
        )
        self.embedding = nn.Conv1d(widths[-1], widths[-1], 1)
        after = [widths[0], *widths[:-1]]
        self.decoder = nn.ModuleList(
            _Up(joined * width, outputs, sizes.us_kernel, joined=joined > 1)
            for width, outputs in zip(reversed(widths), reversed(after), strict=True)
        )
        self.output_conv = nn.Conv1d(
            sizes.ninputs + widths[0],
            sizes.noutputs,
            sizes.out_kernel,
            padding=sizes.out_kernel // 2,
        )
        self.geometry, self.receptive_field = self._geometry()

    def forward(self, audio: Tensor, controls: Tensor | None = None) -> Tensor:
        """``(batch, stems, channels, samples)`` to ``(batch, outputs, samples)``.

        Raises:
            UserError: for more stems than the network has inputs.
        """
        mono = audio.mean(dim=2)
        missing = self.sizes.ninputs - mono.shape[1]
        if missing < 0:
            raise UserError(
                f"the song has {mono.shape[1]} stems and this network takes {self.sizes.ninputs}; "
                "add some of them together first"
            )
        samples = mono.shape[-1]
        tracks = F.pad(mono, (0, -samples % 2**self.sizes.layers, 0, missing))
        hidden, kept = tracks, []
        for down in self.encoder:
            beside, hidden = down(hidden)
            kept.append(beside)
        hidden = self.embedding(hidden)
        for up in self.decoder:
            hidden = up(hidden, kept.pop())
        out: Tensor = self.output_conv(torch.cat([tracks, hidden], dim=1))
        return out[..., :samples]

    def _geometry(self) -> tuple[Geometry, int]:
        sizes = self.sizes

        def encoded(level: int, out: receptive_field.Interval) -> receptive_field.Interval:
            """From what is kept of a level, or the embedding, to the input."""
            kernel = sizes.ds_kernel
            if level < sizes.layers:
                out = receptive_field.convolution(out, kernel, left=kernel // 2)
            if level == 0:
                return out
            before = receptive_field.convolution(out, kernel, 2, left=kernel // 2)
            return encoded(level - 1, before)

        def decoded(level: int, out: receptive_field.Interval) -> receptive_field.Interval:
            if level == sizes.layers:
                return encoded(level, out)
            kernel = sizes.us_kernel
            below = receptive_field.convolution(out, kernel, left=kernel // 2)
            held = (below[0] // 2, below[1] // 2)
            return receptive_field.joined(encoded(level, below), decoded(level + 1, held))

        def depends(t: int) -> receptive_field.Interval:
            kernel = sizes.out_kernel
            below = receptive_field.convolution((t, t), kernel, left=kernel // 2)
            return receptive_field.joined(below, decoded(0, below))

        stride = 2**sizes.layers
        left, right, field = receptive_field.context(depends, stride)
        return Geometry("strided", left, right, stride=stride), field


class _Down(nn.Module):
    def __init__(self, inputs: int, width: int, kernel: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(inputs, width, kernel, padding=kernel // 2)
        self.bn = nn.BatchNorm1d(width)
        self.prelu = nn.PReLU(width)
        self.conv2 = nn.Conv1d(width, width, kernel, stride=2, padding=kernel // 2)

    def forward(self, audio: Tensor) -> tuple[Tensor, Tensor]:
        kept = self.prelu(self.bn(self.conv1(audio)))
        return kept, self.conv2(kept)


class _Up(nn.Module):
    def __init__(self, inputs: int, outputs: int, kernel: int, *, joined: bool) -> None:
        super().__init__()
        self.joined = joined
        self.conv = nn.Conv1d(inputs, outputs, kernel, padding=kernel // 2)
        self.bn = nn.BatchNorm1d(outputs)
        self.prelu = nn.PReLU(outputs)

    def forward(self, audio: Tensor, kept: Tensor) -> Tensor:
        held = audio.repeat_interleave(2, dim=-1)
        hidden = torch.cat([held, kept], dim=1) if self.joined else held + kept
        out: Tensor = self.prelu(self.bn(self.conv(hidden)))
        return out


ARCHITECTURE = Architecture(
    "mixwaveunet",
    MixWaveUNetHyperparameters,
    MixWaveUNet,
    "automix-toolkit's Wave-U-Net that mixes, as it was published",
)
