"""Demucs in the time domain, as it was published in 2019, 2021 and since.

A. Défossez, N. Usunier, L. Bottou, F. Bach, "Music source separation in the waveform domain"
(2019); A. Défossez, "Hybrid spectrogram and waveform source separation" (2021).

    level: Conv1d k, stride 4 -> (norm) -> ReLU or GELU -> (branches) -> Conv1d 1x1 (C -> 2C)
           -> (norm) -> GLU, kept
    [two-way LSTM of the deepest level]
    back:  + the centre of what was kept -> Conv1d 3 (C -> 2C) -> (norm) -> GLU -> (branches)
           -> ConvTranspose1d k, stride 4 -> (norm) -> ReLU or GELU (not the last)

``padded`` is the code since 2022: the decoder's convolutions are padded, and the audio around its
centre. Before, nothing was padded inside, and callers padded the audio around its centre to a
length that fits. ``normalize`` takes mean and deviation off a block and puts them on again,
``resample`` runs all of it at twice the rate. ``branches`` (:mod:`..parts.local_attention`) and
norms hear all of a block.

Faults of the original, and what is done here. The phase of its strides follows from the length of
the audio, so a song in blocks is another song: without norms, LSTM and normalisation it is rendered
here as one, in tiles that are joined exactly. With them it depends on all that it is given: songs
are rendered in cross-faded windows of ``window`` samples, the original's own remedy, and the
record says approximate. Its deepest level is added to itself, which its weights have learned.
Networks with several sources give all of them there; here ``keep`` says which is the output.
"""

from collections.abc import Sequence
from typing import Annotated

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional as F

from ...configuration import Strict
from .. import Architecture, Network
from ..parts import receptive_field, sinc
from ..parts.film import centre
from ..parts.geometry import Geometry
from ..parts.local_attention import BranchLSTM, ResidualBranches

Size = Annotated[int, Field(ge=1, le=4096)]
Level = Annotated[int, Field(ge=0, le=99)]
_CONTEXT = 3
_DECAYS = 4
_NEVER = 99
# Samples of a tile of the exact rendering: its memory is bounded by them.
_TILE = 1 << 18


class PublishedDemucsHyperparameters(Strict):
    """The original's own names; ``sources`` and ``keep`` are numbers.

    ``norm_starts``, ``dconv_attn`` and ``dconv_lstm`` are the first levels that have them, 99 for
    none; ``dconv_mode`` 1 is branches in the encoder, 2 in the decoder, 3 both.
    """

    sources: Annotated[int, Field(ge=1, le=64)] = 1
    keep: Annotated[int, Field(ge=0, le=63)] = 0
    audio_channels: Annotated[int, Field(ge=1, le=8)] = 2
    channels: Size = 64
    growth: Annotated[int, Field(ge=1, le=4)] = 2
    depth: Annotated[int, Field(ge=1, le=8)] = 6
    kernel_size: Annotated[int, Field(ge=2, le=255)] = 8
    stride: Annotated[int, Field(ge=2, le=16)] = 4
    lstm_layers: Annotated[int, Field(ge=0, le=8)] = 0
    padded: bool = True
    gelu: bool = False
    normalize: bool = False
    resample: bool = False
    norm_starts: Level = _NEVER
    norm_groups: Size = 4
    dconv_mode: Annotated[int, Field(ge=0, le=3)] = 0
    dconv_depth: Annotated[int, Field(ge=1, le=8)] = 2
    dconv_comp: Annotated[float, Field(ge=1, le=64)] = 4
    dconv_attn: Level = _NEVER
    dconv_lstm: Level = _NEVER
    window: Annotated[int, Field(ge=64, le=2**26)] = 1_764_000

    @model_validator(mode="after")
    def _fits(self) -> "PublishedDemucsHyperparameters":
        if self.kernel_size < self.stride:
            raise ValueError(f"kernel_size must not be below stride ({self.stride})")
        if self.keep >= self.sources:
            raise ValueError(f"keep is the number of a source, 0 to {self.sources - 1}")
        if self.channels * self.growth ** (self.depth - 1) > 2**16:
            raise ValueError("growth and depth make the deepest level too wide")
        return self

    @property
    def local(self) -> bool:
        """Whether an output sample hears a part of the audio only."""
        hears_all = self.lstm_layers or self.normalize or self.resample or self.dconv_mode
        return not hears_all and self.norm_starts >= self.depth


class PublishedDemucs(Network):
    """See the module."""

    controls = 0

    def __init__(self, sizes: PublishedDemucsHyperparameters) -> None:
        super().__init__()
        self.channels, self.sizes = sizes.audio_channels, sizes
        side = sizes.window // 8
        self.geometry = (
            Geometry("whole")
            if sizes.local
            else Geometry("overlap_add", side, side, window=sizes.window)
        )
        encoder, decoder, before = [], [], sizes.audio_channels
        for level in range(sizes.depth):
            width = sizes.channels * sizes.growth**level
            encoder.append(_down(sizes, level, before, width))
            after = before if level else sizes.sources * sizes.audio_channels
            decoder.append(_up(sizes, level, width, after))
            before = width
        self.encoder = nn.ModuleList(encoder)
        self.decoder = nn.ModuleList(reversed(decoder))
        self.lstm: nn.Module | None = None
        if sizes.lstm_layers:
            self.lstm = BranchLSTM(before, sizes.lstm_layers, windowed=False)
        self.margin = self._margin() if sizes.local else 0
        # The code of 2021 divides by this and one where it does not normalise; that of 2019 and of
        # today does not divide there.
        divides = sizes.normalize or (sizes.resample and not sizes.padded)
        self.floor = 1e-5 if divides else 0.0

    def forward(self, audio: Tensor, controls: Tensor | None = None) -> Tensor:
        """``(batch, channels, samples)`` in and out: the source that is kept."""
        return self.separated(audio)[:, self.sizes.keep]

    def separated(self, audio: Tensor) -> Tensor:
        """``(batch, sources, channels, samples)``, padded around the centre as the original is."""
        samples = audio.shape[-1]
        spare = self.valid_length(samples) - samples
        sides = (spare // 2, spare - spare // 2)
        if not self.sizes.padded:
            return centre(self.unpadded(F.pad(audio, sides)), samples)
        level, mean = self._loudness(audio)
        out = self._core(F.pad((audio - mean) / (self.floor + level), sides))
        return centre(self._sources(out * level + mean), samples)

    def unpadded(self, audio: Tensor) -> Tensor:
        """As the code before 2022: shorter than the audio, whose length is a ``valid_length``."""
        level, mean = self._loudness(audio)
        return self._sources(self._core((audio - mean) / (self.floor + level)) * level + mean)

    def valid_length(self, samples: int) -> int:
        """The least length of audio that fits every level and gives ``samples``."""
        sizes = self.sizes
        found = samples * 2 if sizes.resample else samples
        found = self._on_grid(found, 0 if sizes.padded else _CONTEXT - 1)
        return -(-found // 2) if sizes.resample else found

    def _on_grid(self, samples: int, lost: int) -> int:
        kernel, stride = self.sizes.kernel_size, self.sizes.stride
        for _ in range(self.sizes.depth):
            samples = max(-(-(samples - kernel) // stride) + 1, 1) + lost
        for _ in range(self.sizes.depth):
            samples = (samples - 1) * stride + kernel
        return samples

    def _loudness(self, audio: Tensor) -> tuple[Tensor, Tensor]:
        """Deviation and mean of the channels' mean, ``(batch, 1, 1)``; 1 and 0 where not asked."""
        mono = audio.mean(dim=1, keepdim=True)
        if not self.sizes.normalize:
            return torch.ones_like(mono[..., :1]), torch.zeros_like(mono[..., :1])
        return mono.std(dim=-1, keepdim=True), mono.mean(dim=-1, keepdim=True)

    def _core(self, audio: Tensor) -> Tensor:
        if self.sizes.resample:
            return sinc.halved(self._levels(sinc.doubled(audio)))
        return self._tiled(audio) if self.sizes.local else self._levels(audio)

    def _levels(self, audio: Tensor) -> Tensor:
        hidden, kept = audio, []
        for down in self.encoder:
            hidden = down(hidden)
            kept.append(hidden)
        if self.lstm is not None:
            hidden = self.lstm(hidden)
        for up in self.decoder:
            hidden = up(hidden + centre(kept.pop(), hidden.shape[-1]))
        return hidden

    def _tiled(self, audio: Tensor) -> Tensor:
        """As ``_levels``: tiles begin on the grid of the strides and overlap by what they hear."""
        total, step = audio.shape[-1], self.sizes.stride**self.sizes.depth
        tile = -(-_TILE // step) * step
        parts: list[Tensor] = []
        for begin in range(0, total, tile):
            start = max(begin - self.margin, 0)
            length = self._on_grid(begin + tile + self.margin - start, 0)
            last = start + length >= total
            out = self._levels(audio[..., start : total if last else start + length])
            first = begin - start - self._trimmed if begin else 0
            end = None if last else begin + tile - start - self._trimmed
            parts.append(out[..., first:end])
            if last:
                break
        return torch.cat(parts, dim=-1)

    def _sources(self, audio: Tensor) -> Tensor:
        batch, _, samples = audio.shape
        return audio.reshape(batch, self.sizes.sources, -1, samples)

    @property
    def _trimmed(self) -> int:
        """Input samples before the one that the first output sample belongs to."""
        lost = 0
        for _ in range(0 if self.sizes.padded else self.sizes.depth):
            lost = (lost + _CONTEXT // 2) * self.sizes.stride
        return lost

    def _margin(self) -> int:
        """Samples that a tile needs before and after what is kept of it, on the grid."""
        sizes, edge = self.sizes, _CONTEXT // 2 if self.sizes.padded else 0

        def depends(t: int) -> receptive_field.Interval:
            out = (t, t)
            for _ in range(sizes.depth):
                out = receptive_field.transposed(out, sizes.kernel_size, sizes.stride)
                out = receptive_field.convolution(out, _CONTEXT, left=edge)
            for _ in range(sizes.depth):
                out = receptive_field.convolution(out, sizes.kernel_size, sizes.stride)
            return out[0] - self._trimmed, out[1] - self._trimmed

        step = int(sizes.stride**sizes.depth)
        left, right, _ = receptive_field.context(depends, step)
        reach: int = max(left, right) + self._trimmed
        return -(-reach // step) * step


def _down(
    sizes: PublishedDemucsHyperparameters, level: int, inputs: int, width: int
) -> nn.Sequential:
    first = [
        nn.Conv1d(inputs, width, sizes.kernel_size, sizes.stride),
        *_normed(sizes, level, width),
    ]
    second = [nn.Conv1d(width, 2 * width, 1), *_normed(sizes, level, 2 * width)]
    branches = _branches(sizes, level, width) if sizes.dconv_mode & 1 else []
    return nn.Sequential(*first, _rectifier(sizes), *branches, *second, nn.GLU(1))


def _up(
    sizes: PublishedDemucsHyperparameters, level: int, width: int, outputs: int
) -> nn.Sequential:
    padding = _CONTEXT // 2 if sizes.padded else 0
    first = nn.Conv1d(width, 2 * width, _CONTEXT, padding=padding)
    branches = _branches(sizes, level, width) if sizes.dconv_mode & 2 else []
    last: Sequence[nn.Module] = ()
    if level:
        last = (*_normed(sizes, level, outputs), _rectifier(sizes))
    back = nn.ConvTranspose1d(width, outputs, sizes.kernel_size, sizes.stride)
    return nn.Sequential(
        first, *_normed(sizes, level, 2 * width), nn.GLU(1), *branches, back, *last
    )


def _normed(sizes: PublishedDemucsHyperparameters, level: int, width: int) -> list[nn.Module]:
    """A norm, or what holds its place in the numbers of the later code."""
    if level >= sizes.norm_starts:
        return [nn.GroupNorm(sizes.norm_groups, width)]
    return [nn.Identity()] if sizes.padded else []


def _rectifier(sizes: PublishedDemucsHyperparameters) -> nn.Module:
    return nn.GELU() if sizes.gelu else nn.ReLU()


def _branches(sizes: PublishedDemucsHyperparameters, level: int, width: int) -> list[nn.Module]:
    return [
        ResidualBranches(
            width,
            int(width / sizes.dconv_comp),
            sizes.dconv_depth,
            lstm=level >= sizes.dconv_lstm,
            decays=_DECAYS if level >= sizes.dconv_attn else 0,
        )
    ]


ARCHITECTURE = Architecture(
    "demucs",
    PublishedDemucsHyperparameters,
    PublishedDemucs,
    "Demucs in the time domain, as it was published",
)
