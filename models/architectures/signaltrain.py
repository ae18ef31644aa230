"""SignalTrain: S. H. Hawley, B. Colburn, S. I. Mimilakis, "SignalTrain: profiling audio compressors
with deep neural networks" (AES 147th Convention, 2019).

    chunk, halved -> two Conv1d of 1024 taps, hop 384, that begin as a Hamming-windowed DFT;
             bins 0 .. 512 of them -> magnitude, phase: (513, T) each
    each: along time T -> 64 -> 32 -> 16 -> 16, controls joined, -> 16 -> 16 -> 32 -> 64 -> O, ELU
    magnitude of the last O frames x what its path gives;  phase of these + what its path gives
          -> mirrored to 1024 bins -> two transposed Conv1d that begin as the inverse DFT = w
    out = 2 w + the input

The chunk has 8192 x ``scale`` samples and the last quarter of it, less what the transform costs, is
what comes out: with scale 27, 221,184 samples in and 55,040 out, T = 579, O = 147 and 4,299,878
parameters with two controls. An output sample depends on all of its chunk. Controls are -.5 .. .5.

Faults of the original, and what is done here. Its dry path is cut from the very end of the chunk,
while the transform gives the samples up to 256 before it, so the two halves of its output are 256
samples apart: here they are aligned, unless ``dry`` is ``end``, which published weights need. It
was run on chunks of any start; what it does depends on the position in the chunk, so chunks here
begin at multiples of their output, and a song rendered in parts is the song rendered at once. The
upper half of its analysis filters is never heard and never learns.

``version`` 1 is what Earmark had before: all 1024 bins, no ELU at the ends, half of the input on
the dry path, controls of -1 .. 1. Its checkpoints render as they did, and their records say so.
"""

import itertools
import math
from typing import Annotated, Any, Literal

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional as F

from ..configuration import Strict
from . import Architecture, Network
from .parts.geometry import Geometry

# The last quarter of a chunk is what comes out.
_SHRINK = 4
_BASE = 8192
_TINY = 1e-12
_PHASE = 1e-7
_FIRST = "signaltrain 1 is not the published network (all bins, no ELU at the ends); train it anew"


class SignalTrainHyperparameters(Strict):
    """The sizes; the defaults are the published ones, without controls.

    ``transform`` and ``hop`` are samples, ``hidden`` the widest layer along the time axis.
    ``samples`` are those of a chunk, where they are no multiple of 8192.
    """

    version: Literal[1, 2] = 2

    channels: Annotated[int, Field(ge=1, le=8)] = 1
    scale: Annotated[int, Field(ge=1, le=64)] = 27
    transform: Annotated[int, Field(ge=4, le=2048)] = 1024
    hop: Annotated[int, Field(ge=1, le=1024)] = 384
    hidden: Annotated[int, Field(ge=4, le=1024)] = 64
    controls: Annotated[int, Field(ge=0, le=256)] = 0
    samples: Annotated[int, Field(ge=16, le=_BASE * 64)] | None = None
    dry: Literal["aligned", "end"] = "aligned"

    @model_validator(mode="after")
    def _fits(self) -> "SignalTrainHyperparameters":
        if self.transform % 2:
            raise ValueError(f"transform must be even, not {self.transform}")
        if 2 * self.hop > self.transform:
            raise ValueError(
                f"hop ({self.hop}) must be at most half of transform ({self.transform})"
            )
        if self.hidden % 4:
            raise ValueError(f"hidden must be a multiple of 4, not {self.hidden}")
        if self.version == 1 and self.dry != "aligned":
            raise ValueError("dry: end needs version 2")
        if self.output < 1 or self.frames < self.out_frames:
            raise ValueError(f"a chunk of {self.chunk} samples is too short for its transform")
        return self

    @property
    def chunk(self) -> int:
        """Samples that one output is made of."""
        return self.samples or _BASE * self.scale

    @property
    def frames(self) -> int:
        """Frames of a chunk with the transform's silence on either side."""
        return (self.chunk + self.transform) // self.hop + 1

    @property
    def out_frames(self) -> int:
        """Frames that the output is made of."""
        quarter = self.chunk // _SHRINK
        return math.ceil(quarter / self.hop) + math.ceil(self.transform / self.hop)

    @property
    def output(self) -> int:
        """Samples that come out of a chunk."""
        return (self.out_frames - 1) * self.hop - self.transform

    @property
    def before(self) -> int:
        """Samples of a chunk before the first that comes out."""
        if self.dry == "end":
            return self.chunk - self.output
        return (self.frames - self.out_frames) * self.hop


class SignalTrain(Network):
    """See the module."""

    def __init__(self, sizes: SignalTrainHyperparameters) -> None:
        super().__init__()
        self.channels, self.controls, self.sizes = sizes.channels, sizes.controls, sizes
        self.published = sizes.version == 2
        if self.published:
            self.control_range = -0.5, 0.5
        size = sizes.transform
        self.analysis = nn.ParameterList(nn.Parameter(basis) for basis in _dft(size))
        # Windowed frames overlap; this scale makes their sum the input again, on average.
        window = torch.hamming_window(size).square().sum() / sizes.hop
        self.synthesis = nn.ParameterList(
            nn.Parameter(basis / (size * window)) for basis in _dft(size)
        )
        self.magnitude = _AlongTime(sizes)
        self.phase = _AlongTime(sizes)
        left = sizes.before + sizes.output - 1
        right = sizes.chunk - sizes.before - 1
        self.geometry = Geometry("strided", left, right, stride=sizes.output)
        self.receptive_field = sizes.chunk

    def forward(self, audio: Tensor, controls: Tensor | None = None) -> Tensor:
        """``(batch, channels, samples)`` in and out; silence lies around the samples."""
        sizes = self.sizes
        padded = F.pad(audio, (sizes.before, sizes.chunk - sizes.before - sizes.output))
        return self._chunks(padded, controls)

    @property
    def around(self) -> tuple[int, int]:
        """What a chunk holds besides what comes out of it: a crop begins where an output does."""
        before, output = self.sizes.before, self.sizes.output
        return before, self.sizes.chunk - before - output

    def inside(self, audio: Tensor, controls: Tensor | None, around: tuple[int, int]) -> Tensor:
        """Of real audio around the crop, where it is given, and not of silence."""
        if around != self.around:
            return super().inside(audio, controls, around)
        return self._chunks(audio, controls)

    def _chunks(self, padded: Tensor, controls: Tensor | None) -> Tensor:
        """What comes out of every chunk of audio with ``around`` on either side."""
        sizes = self.sizes
        batch, channels, given = padded.shape
        samples = given - sizes.chunk + sizes.output
        count = -(-samples // sizes.output)
        padded = F.pad(padded, (0, count * sizes.output - samples))
        chunks = padded.unfold(-1, sizes.chunk, sizes.output).reshape(-1, 1, sizes.chunk)
        if controls is not None:
            controls = controls.repeat_interleave(channels * count, dim=0)
        out = self._chunk(chunks, controls)
        return out.reshape(batch, channels, -1)[..., :samples]

    def filters(self) -> Tensor:
        """The analysis bases, ``(transform, 2, transform)``: the cosines with their sines."""
        return torch.stack([basis.detach() for basis in self.analysis], dim=1)

    def _chunk(self, chunks: Tensor, controls: Tensor | None) -> Tensor:
        """``(n, 1, chunk)`` to ``(n, output)``."""
        sizes = self.sizes
        kept, size = sizes.out_frames, sizes.transform
        # The upper bins of a real signal are the lower ones mirrored.
        bins, loudness = (size // 2 + 1, 0.5) if self.published else (size, 1.0)
        real, imaginary = (
            F.conv1d(chunks * loudness, basis[:bins, None], stride=sizes.hop, padding=size)
            for basis in self.analysis
        )
        # The root of zero has no gradient: a floor where one is asked for, which no one can hear.
        floor = _TINY if torch.is_grad_enabled() or not self.published else 0.0
        magnitude = (real.square() + imaginary.square() + floor).sqrt()
        # The phase of silence is that of (tiny, 0): its gradient would be undefined.
        phase = torch.atan2(imaginary, real + (_PHASE if self.published else _TINY))
        magnitude = magnitude[..., -kept:] * self.magnitude(magnitude, controls)
        phase = phase[..., -kept:] + self.phase(phase, controls)
        real, imaginary = magnitude * phase.cos(), magnitude * phase.sin()
        if self.published:
            upper = slice(1, size // 2)
            real = torch.cat([real, real[:, upper].flip(1)], dim=1)
            imaginary = torch.cat([imaginary, -imaginary[:, upper].flip(1)], dim=1)
        cosine, sine = (basis[:, None] for basis in self.synthesis)
        out = F.conv_transpose1d(real, cosine, stride=sizes.hop)
        out = out + F.conv_transpose1d(imaginary, sine, stride=sizes.hop)
        dry = chunks[:, 0, sizes.before : sizes.before + sizes.output]
        wet = out[:, 0, size:-size]
        return 2 * wet + dry if self.published else wet + 0.5 * dry

    def describe(self, latent: Any, gain_db: float) -> dict[str, Any]:
        """That a network of version 1 is not what was published."""
        return {} if self.published else {"network_version": _FIRST}


class _AlongTime(nn.Module):
    """An autoencoder of each row's frames, ``(n, rows, frames)`` to ``(n, rows, out_frames)``."""

    def __init__(self, sizes: SignalTrainHyperparameters) -> None:
        super().__init__()
        wide = sizes.hidden
        half, quarter = wide // 2, wide // 4
        self.encoder = _elus(sizes.frames, wide, half, quarter, quarter)
        self.decoder = _elus(quarter + sizes.controls, quarter, quarter, half, wide)
        self.output: nn.Module = nn.Linear(wide, sizes.out_frames)
        if sizes.version == 2:
            self.output = _elus(wide, sizes.out_frames)

    def forward(self, rows: Tensor, controls: Tensor | None) -> Tensor:
        hidden = self.encoder(rows)
        if controls is not None:
            knobs = controls[:, None].expand(-1, hidden.shape[1], -1)
            hidden = torch.cat([hidden, knobs], dim=-1)
        out: Tensor = self.output(self.decoder(hidden))
        return out


def _elus(*widths: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(widths):
        layers += [nn.Linear(inputs, outputs), nn.ELU()]
    return nn.Sequential(*layers)


def _dft(size: int) -> tuple[Tensor, Tensor]:
    """Hamming-windowed cosines and negative sines, ``(size, size)`` each, one a row."""
    n = torch.arange(size, dtype=torch.float64)
    angle = 2 * math.pi * torch.remainder(n[:, None] * n, size) / size
    window = torch.hamming_window(size, dtype=torch.float64)
    return (angle.cos() * window).float(), (-angle.sin() * window).float()


ARCHITECTURE = Architecture(
    "signaltrain",
    SignalTrainHyperparameters,
    SignalTrain,
    "trainable short-time Fourier transform with autoencoders over time",
    earlier={"version": 1},
    later=("samples", "dry"),
)
