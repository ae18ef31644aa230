"""micro-tcn: C. J. Steinmetz, J. D. Reiss, "Efficient neural networks for real-time modeling of
analog dynamic range compression" (AES 152nd Convention, 2022); also the networks of neural-2a.

    c = ReLU(Linear(ReLU(Linear(ReLU(Linear(controls))))))            P -> 16 -> 32 -> 32
    block n: valid Conv1d, dilation ``dilation_growth ** (n mod stack_size)``, no bias
             -> BatchNorm without affine -> times g plus b, (g, b) = Linear(c) -> PReLU
             -> plus the crop of a learned 1x1 convolution of the input, in groups
    out = tanh(Conv1d 1x1 of the last block)

Without controls the norm is affine and nothing else scales. ``bare`` is the shorter version of the
code: the crops of all blocks are summed, the last one twice, before the output. ``grouped`` makes
the convolutions depth-wise where the widths allow it. Controls are 0 .. 1, as the original's are.

Faults of the original, which its weights have learned. The crop of a causal network leaves out the
newest sample, in each block and in the targets of the training: such a network answers one sample
late, which is declared as its delay. It stores a 1x1 convolution after each grouped one, which it
does not use. Its gain of the residual is one number per channel and is not held in any bounds.

``microtcn_lstm`` is its baseline: controls joined to every sample, an LSTM, a Linear, tanh.
"""

import itertools
from typing import Annotated

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from ...configuration import Strict
from .. import Architecture, Network
from ..parts.geometry import Geometry

Size = Annotated[int, Field(ge=1, le=4096)]
Channels = Annotated[int, Field(ge=1, le=8)]
Controls = Annotated[int, Field(ge=0, le=256)]
_EMBEDDING = (16, 32, 32)
# Samples that the LSTM reads at once: what bounds its memory.
_PIECE = 65_536


class MicroTCNHyperparameters(Strict):
    """The original's own names; all are in its Lightning files."""

    nparams: Controls = 2
    ninputs: Channels = 1
    noutputs: Channels = 1
    nblocks: Annotated[int, Field(ge=1, le=64)] = 10
    kernel_size: Annotated[int, Field(ge=2, le=4096)] = 3
    dilation_growth: Annotated[int, Field(ge=1, le=64)] = 1
    channel_growth: Annotated[int, Field(ge=1, le=4)] = 1
    channel_width: Size = 32
    stack_size: Annotated[int, Field(ge=1, le=64)] = 10
    grouped: bool = False
    causal: bool = False
    bare: bool = False

    @model_validator(mode="after")
    def _fits(self) -> "MicroTCNHyperparameters":
        if self.context > 2**23:
            raise ValueError(f"a receptive field of {self.context + 1} samples is too long")
        inputs = self.ninputs
        for width in self.widths:
            if width % inputs:
                raise ValueError(f"a block of {width} channels cannot follow one of {inputs}")
            inputs = width
        return self

    @property
    def widths(self) -> list[int]:
        """The channels of each block."""
        if self.channel_growth == 1:
            return [self.channel_width] * self.nblocks
        return [self.ninputs * self.channel_growth ** (n + 1) for n in range(self.nblocks)]

    @property
    def dilations(self) -> list[int]:
        """The dilation of each block."""
        return [self.dilation_growth ** (n % self.stack_size) for n in range(self.nblocks)]

    @property
    def context(self) -> int:
        """Samples by which the output is shorter than the input."""
        return (self.kernel_size - 1) * sum(self.dilations)


class MicroTCN(Network):
    """See the module."""

    control_range = 0.0, 1.0

    def __init__(self, sizes: MicroTCNHyperparameters) -> None:
        super().__init__()
        self.channels, self.controls, self.bare = sizes.ninputs, sizes.nparams, sizes.bare
        context = sizes.context
        left = context if sizes.causal else context // 2
        self.geometry = Geometry(
            "context", left, context - left, minimum=context + 1, delay=int(sizes.causal)
        )
        self.receptive_field = context + 1
        if sizes.nparams:
            self.gen = _relus(sizes.nparams, *_EMBEDDING)
        before = [sizes.ninputs, *sizes.widths]
        self.blocks = nn.ModuleList(
            _Block(sizes, inputs, width, dilation)
            for inputs, width, dilation in zip(before, sizes.widths, sizes.dilations, strict=False)
        )
        self.output = nn.Conv1d(sizes.widths[-1], sizes.noutputs, 1)

    def forward(self, audio: Tensor, controls: Tensor | None = None) -> Tensor:
        """``(batch, inputs, samples)`` to outputs with ``context`` samples fewer."""
        embedding = self.gen(controls) if self.controls else None
        hidden, parts = audio, []
        for block in self.blocks:
            hidden = block(hidden, embedding)
            parts.append(hidden)
        if self.bare:
            hidden = hidden + sum(_cropped(part, hidden.shape[-1]) for part in parts)
        return torch.tanh(self.output(hidden))


class _Block(nn.Module):
    def __init__(
        self, sizes: MicroTCNHyperparameters, inputs: int, width: int, dilation: int
    ) -> None:
        super().__init__()
        self.causal = sizes.causal
        groups = width if sizes.grouped and inputs % width == 0 else 1
        self.conv1 = nn.Conv1d(
            inputs, width, sizes.kernel_size, dilation=dilation, groups=groups, bias=False
        )
        if sizes.nparams:
            self.film = _ScaleAndShift(width)
        else:
            self.bn = nn.BatchNorm1d(width)
        self.relu = nn.PReLU(width)
        self.res = nn.Conv1d(inputs, width, 1, groups=inputs, bias=False)

    def forward(self, audio: Tensor, embedding: Tensor | None) -> Tensor:
        hidden = self.conv1(audio)
        hidden = self.bn(hidden) if embedding is None else self.film(hidden, embedding)
        out: Tensor = self.relu(hidden)
        return out + _cropped(self.res(audio), out.shape[-1], late=self.causal)


class _ScaleAndShift(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.bn = nn.BatchNorm1d(width, affine=False)
        self.adaptor = nn.Linear(_EMBEDDING[-1], 2 * width)

    def forward(self, audio: Tensor, embedding: Tensor) -> Tensor:
        scale, shift = self.adaptor(embedding).unsqueeze(-1).chunk(2, dim=1)
        out: Tensor = self.bn(audio) * scale + shift
        return out


def _cropped(audio: Tensor, samples: int, *, late: bool = False) -> Tensor:
    """The middle ``samples``; ``late``: the last ones but the very last."""
    spare = audio.shape[-1] - samples
    start = spare - 1 if late else spare // 2
    return audio[..., start : start + samples]


def _relus(*widths: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(widths):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers)


class MicroLSTMHyperparameters(Strict):
    """The original's own names."""

    nparams: Controls = 2
    ninputs: Channels = 1
    noutputs: Channels = 1
    hidden_size: Size = 32
    num_layers: Annotated[int, Field(ge=1, le=16)] = 1


class MicroLSTM(Network):
    """See the module."""

    control_range = 0.0, 1.0

    def __init__(self, sizes: MicroLSTMHyperparameters) -> None:
        super().__init__()
        self.channels, self.controls = sizes.ninputs, sizes.nparams
        self.geometry = Geometry("whole")
        self.lstm = nn.LSTM(
            sizes.ninputs + sizes.nparams, sizes.hidden_size, sizes.num_layers, batch_first=True
        )
        self.linear = nn.Linear(sizes.hidden_size, sizes.noutputs)

    def forward(self, audio: Tensor, controls: Tensor | None = None) -> Tensor:
        """``(batch, inputs, samples)`` to as many samples; pieces pass their state on."""
        outs, state = [], None
        for piece in torch.split(audio.transpose(1, 2), _PIECE, dim=1):
            heard = piece
            if controls is not None:
                knobs = controls[:, None].expand(-1, piece.shape[1], -1)
                heard = torch.cat([piece, knobs], dim=-1)
            hidden, state = self.lstm(heard, state)
            outs.append(torch.tanh(self.linear(hidden)))
        return torch.cat(outs, dim=1).transpose(1, 2)


ARCHITECTURES = {
    "microtcn": Architecture(
        "microtcn", MicroTCNHyperparameters, MicroTCN, "micro-tcn's network, as it was published"
    ),
    "microtcn_lstm": Architecture(
        "microtcn_lstm", MicroLSTMHyperparameters, MicroLSTM, "micro-tcn's LSTM"
    ),
}
