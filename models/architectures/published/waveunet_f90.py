"""Wave-U-Net-Pytorch (f90): the Wave-U-Net of D. Stoller, S. Ewert, S. Dixon, "Wave-U-Net: a
multi-scale neural network for end-to-end audio source separation" (ISMIR 2018), in its author's
later code, where nothing is padded and resampling is by a filter.

    down: layer (in -> c_l), kept; layer (c_l -> c_l+1); resampled by ``stride``
    layer (c -> c)
    up:   resampled back; layer (c_l+1 -> c_l); joined to the centre of what was kept;
          layer (2 c_l -> c_l)
    out = Conv1d 1x1, held in -1 .. 1 when rendered

A layer is a valid Conv1d with GroupNorm (eight channels a group) and ReLU (``gn``), BatchNorm and
ReLU (``bn``), or leaky ReLU (``normal``). Resampling is a stored filter of 15 taps per channel
(``fixed``), or a layer of its own with the stride (``learned``). ``instruments`` are the names that
its outputs have; ``separate`` is a network for each.

Faults of the original, and what is done here. It takes audio of one length only, and what comes out
depends on where its pieces begin, since its GroupNorm hears all of a piece: here pieces begin at
multiples of what comes out of one, as in its own rendering of a song. More than one layer in place
of each (``depth``) cannot run there and is not built here. Networks with several instruments give
all of them there; here ``keep`` says which is the output.
"""

import itertools
from typing import Annotated, Literal

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional as F

from ...configuration import Strict
from .. import Architecture, Network
from ..parts.film import centre
from ..parts.geometry import Geometry

Size = Annotated[int, Field(ge=1, le=4096)]
_TAPS = 15
_GROUP = 8


class F90Hyperparameters(Strict):
    """The original's names, but for ``keep``."""

    num_inputs: Annotated[int, Field(ge=1, le=8)] = 2
    num_outputs: Annotated[int, Field(ge=1, le=8)] = 2
    num_channels: Annotated[tuple[Size, ...], Field(min_length=2, max_length=12)] = (32, 64, 128)
    instruments: Annotated[tuple[str, ...], Field(min_length=1)] = ("master",)
    keep: str | None = None
    separate: bool = False
    kernel_size: Annotated[int, Field(ge=1, le=255)] = 5
    strides: Annotated[int, Field(ge=2, le=16)] = 4
    conv_type: Literal["gn", "bn", "normal"] = "gn"
    res: Literal["fixed", "learned"] = "fixed"
    target_output_size: Annotated[int, Field(ge=1, le=2**24)] = 88_200

    @model_validator(mode="after")
    def _fits(self) -> "F90Hyperparameters":
        if self.kernel_size % 2 == 0:
            raise ValueError(f"kernel_size must be odd, not {self.kernel_size}")
        if self.conv_type == "gn" and any(width % _GROUP for width in self.num_channels):
            raise ValueError(f"with gn the channels must be multiples of {_GROUP}")
        if any(not name or "." in name for name in self.instruments):
            raise ValueError("the name of an instrument has no dot")
        if self.keep is not None and self.keep not in self.instruments:
            raise ValueError(f"keep is one of the instruments ({', '.join(self.instruments)})")
        if self.keep is None and len(self.instruments) > 1:
            raise ValueError(f"keep says which is the output: {', '.join(self.instruments)}")
        return self

    @property
    def kept(self) -> str:
        """The instrument that comes out."""
        return self.keep or self.instruments[0]

    @property
    def piece(self) -> tuple[int, int]:
        """Samples of a piece, and those that come out of it."""
        inner = self.kernel_size
        while self._output(inner) < self.target_output_size:
            inner += 1
        return self._input(inner), self._output(inner)

    def _output(self, inner: int) -> int:
        lost = self.kernel_size - 1
        samples = inner - lost
        for _ in self.num_channels[1:]:
            samples = (samples - 1) * self.strides + 1
            samples -= (lost if self.res == "learned" else 0) + 2 * lost
        return samples

    def _input(self, inner: int) -> int:
        lost = self.kernel_size - 1
        samples = inner
        for _ in self.num_channels[1:]:
            samples = (samples - 1) * self.strides + (
                self.kernel_size if self.res == "learned" else 1
            )
            samples += 2 * lost
        return samples


class WaveUNetF90(Network):
    """See the module."""

    controls = 0

    def __init__(self, sizes: F90Hyperparameters) -> None:
        super().__init__()
        self.channels, self.sizes = sizes.num_inputs, sizes
        heard, self.comes = sizes.piece
        # The original takes more of the odd sample after a piece.
        before = (heard - self.comes) // 2
        self.sides = before, heard - self.comes - before
        self.geometry = Geometry(
            "strided", before + self.comes - 1, heard - before - 1, stride=self.comes
        )
        self.receptive_field = heard
        names = sizes.instruments if sizes.separate else ("ALL",)
        outputs = sizes.num_outputs * (1 if sizes.separate else len(sizes.instruments))
        self.waveunets = nn.ModuleDict({name: _UNet(sizes, outputs) for name in names})

    @property
    def around(self) -> tuple[int, int]:
        """What a piece holds besides what comes out of it."""
        return self.sides

    def forward(self, audio: Tensor, controls: Tensor | None = None) -> Tensor:
        """``(batch, channels, samples)`` in and out; silence lies around the samples."""
        return self._pieces(F.pad(audio, self.sides))

    def inside(self, audio: Tensor, controls: Tensor | None, around: tuple[int, int]) -> Tensor:
        """Of real audio around the crop, where it is given, and not of silence."""
        return (
            super().inside(audio, controls, around) if around != self.sides else self._pieces(audio)
        )

    def separated(self, audio: Tensor) -> Tensor:
        """One piece to all instruments, ``(batch, instruments * outputs, samples)``."""
        out = torch.cat([net(audio) for net in self.waveunets.values()], dim=1)
        return out if self.training else out.clamp(-1.0, 1.0)

    def _pieces(self, padded: Tensor) -> Tensor:
        heard = self.comes + sum(self.sides)
        batch, channels, given = padded.shape
        samples = given - sum(self.sides)
        count = -(-samples // self.comes)
        padded = F.pad(padded, (0, count * self.comes - samples))
        pieces = padded.unfold(-1, heard, self.comes).transpose(1, 2)
        out = self.separated(pieces.reshape(-1, channels, heard))
        first = self.sizes.instruments.index(self.sizes.kept) * self.sizes.num_outputs
        out = out[:, first : first + self.sizes.num_outputs]
        joined = out.reshape(batch, count, -1, self.comes).transpose(1, 2)
        return joined.reshape(batch, -1, count * self.comes)[..., :samples]


class _UNet(nn.Module):
    def __init__(self, sizes: F90Hyperparameters, outputs: int) -> None:
        super().__init__()
        widths = sizes.num_channels
        pairs = list(itertools.pairwise(widths))
        inputs = (sizes.num_inputs, *widths[1:-1])
        self.downsampling_blocks = nn.ModuleList(
            _Down(sizes, before, width, deep)
            for before, (width, deep) in zip(inputs, pairs, strict=True)
        )
        self.bottlenecks = nn.ModuleList([_Layer(sizes, widths[-1], widths[-1])])
        self.upsampling_blocks = nn.ModuleList(
            _Up(sizes, deep, width) for width, deep in reversed(pairs)
        )
        self.output_conv = nn.Conv1d(widths[0], outputs, 1)

    def forward(self, audio: Tensor) -> Tensor:
        hidden, kept = audio, []
        for down in self.downsampling_blocks:
            hidden, beside = down(hidden)
            kept.append(beside)
        hidden = self.bottlenecks[0](hidden)
        for up in self.upsampling_blocks:
            hidden = up(hidden, kept.pop())
        out: Tensor = self.output_conv(hidden)
        return out


class _Down(nn.Module):
    def __init__(self, sizes: F90Hyperparameters, inputs: int, width: int, deep: int) -> None:
        super().__init__()
        self.pre_shortcut_convs = nn.ModuleList([_Layer(sizes, inputs, width)])
        self.post_shortcut_convs = nn.ModuleList([_Layer(sizes, width, deep)])
        self.downconv: nn.Module = _Filter(sizes, deep)
        if sizes.res == "learned":
            self.downconv = _Layer(sizes, deep, deep, sizes.strides)

    def forward(self, audio: Tensor) -> tuple[Tensor, Tensor]:
        kept = self.pre_shortcut_convs[0](audio)
        out: Tensor = self.downconv(self.post_shortcut_convs[0](kept))
        return out, kept


class _Up(nn.Module):
    def __init__(self, sizes: F90Hyperparameters, deep: int, width: int) -> None:
        super().__init__()
        self.upconv: nn.Module = _Filter(sizes, deep, up=True)
        if sizes.res == "learned":
            self.upconv = _Layer(sizes, deep, deep, sizes.strides, up=True)
        self.pre_shortcut_convs = nn.ModuleList([_Layer(sizes, deep, width)])
        self.post_shortcut_convs = nn.ModuleList([_Layer(sizes, 2 * width, width)])

    def forward(self, audio: Tensor, kept: Tensor) -> Tensor:
        hidden = self.pre_shortcut_convs[0](self.upconv(audio))
        joined = torch.cat([centre(kept, hidden.shape[-1]), hidden], dim=1)
        out: Tensor = self.post_shortcut_convs[0](joined)
        return out


class _Layer(nn.Module):
    """A valid convolution with its norm and rectifier; ``up`` is transposed and cut."""

    def __init__(
        self,
        sizes: F90Hyperparameters,
        inputs: int,
        width: int,
        stride: int = 1,
        *,
        up: bool = False,
    ) -> None:
        super().__init__()
        size = sizes.kernel_size
        self.filter: nn.Module = nn.Conv1d(inputs, width, size, stride)
        if up:
            self.filter = nn.ConvTranspose1d(inputs, width, size, stride, padding=size - 1)
        self.norm: nn.Module | None = None
        if sizes.conv_type == "gn":
            self.norm = nn.GroupNorm(width // _GROUP, width)
        elif sizes.conv_type == "bn":
            self.norm = nn.BatchNorm1d(width)

    def forward(self, audio: Tensor) -> Tensor:
        hidden = self.filter(audio)
        if self.norm is None:
            return F.leaky_relu(hidden)
        return F.relu(self.norm(hidden))


class _Filter(nn.Module):
    """A filter of 15 taps for each channel, kept and not learned, with the stride."""

    def __init__(self, sizes: F90Hyperparameters, width: int, *, up: bool = False) -> None:
        super().__init__()
        self.stride, self.up = sizes.strides, up
        # A Hann-windowed sinc at half of the lower rate; weights bring their own.
        places = torch.arange(_TAPS) - _TAPS // 2
        taps = torch.sinc(places / self.stride) * torch.hann_window(_TAPS + 2, periodic=False)[1:-1]
        scale = self.stride if up else 1
        filters = (scale * taps / taps.sum()).expand(width, 1, _TAPS)
        self.filter: Tensor
        self.register_buffer("filter", filters.clone())

    def forward(self, audio: Tensor) -> Tensor:
        half, width = _TAPS // 2, audio.shape[1]
        padded = F.pad(audio, (half, half), "reflect")
        if not self.up:
            return F.conv1d(padded, self.filter, stride=self.stride, groups=width)
        out = F.conv_transpose1d(padded, self.filter, stride=self.stride, groups=width)
        samples = (audio.shape[-1] - 1) * self.stride + 1
        return centre(out, samples)


ARCHITECTURE = Architecture(
    "waveunet_f90", F90Hyperparameters, WaveUNetF90, "Wave-U-Net-Pytorch, as it was published"
)
