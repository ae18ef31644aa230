"""The grey box of hybrid neural mastering: a network that sets a whole mastering chain.

    song -> encoder (:mod:`.song_encoder`) -> z
    z -> for each processor Linear 128 - ReLU - Linear -> its settings
    x -> EQ of six sections -> compressor (threshold -40 .. 0 dB, ratio 1 .. 20, attack .1 .. 30 ms,
         release 10 .. 500 ms, knee 0 .. 12 dB, make-up 0 .. 24 dB) -> saturation (drive 1 .. 8)
      -> width 0 .. 2 -> (+ U(z, x), the catch-all) -> limiter (ceiling -3 .. -0.1 dB)

Source: phase 2 of the project of :mod:`.hybrid`. The catch-all is the Wave-U-Net of
:mod:`.film_unet`, which adds what no processor of the chain can do; ``catch_all: false`` leaves a
network that can be read in full.

Faults of the original, and what is done here. Its processors are described and partly not
differentiable: here all are (:mod:`earmark.models.effects.mastering_chain`), the compressor by the
exact adjoint of the recursion that renders. Its tanh makes DC and changes the level: here neither.
A sigmoid cannot reach the end of its range, so a fresh network would compress a little: here a
setting of zero is exactly no effect, and a fresh network is the identity for what stays under the
ceiling. Settings are for the song as a whole, and the chain is rendered over all of it in float64.
"""

from dataclasses import dataclass
from typing import Annotated, Any

import torch
from pydantic import Field, field_validator
from torch import Tensor, nn

from ..configuration import Strict
from ..effects.differentiable_dynamics import CompressorSettings
from ..effects.differentiable_eq import Bands, band_kinds, frequency_of
from ..effects.mastering_chain import ChainSettings, describe, process, process_exactly
from ..systems.contract import Material
from . import Architecture, Network
from .hybrid import Equaliser, Width, Widths, describe_equaliser
from .parts.film_unet import FilmUNet
from .parts.geometry import Geometry
from .parts.song_encoder import SongEncoder

_LEAST_CEILING, _CEILING_RANGE = -0.1, 2.9


class GreyboxHyperparameters(Strict):
    """The sizes; ``encoder`` and ``residual`` are widths, ``predictor`` that of each predictor."""

    sample_rate: Annotated[int, Field(ge=8000, le=192_000)] = 44_100
    encoder: Widths = (64, 128, 256, 256, 512)
    latent: Width = 512
    predictor: Width = 128
    sections: Annotated[int, Field(ge=2, le=64)] = 6
    catch_all: bool = True
    residual: Widths = (32, 64, 128, 256)
    kernel: Annotated[int, Field(ge=1, le=255)] = 15

    @field_validator("kernel")
    @classmethod
    def _odd(cls, value: int) -> int:
        if value % 2 == 0:
            raise ValueError("kernel must be odd, to have a centre")
        return value


@dataclass(frozen=True)
class SongChain:
    """The latent of a song, ``(1, latent)``, and the chain set for it."""

    latent: Tensor
    settings: ChainSettings


class Greybox(Network):
    """See the module."""

    channels = 2
    controls = 0

    def __init__(self, sizes: GreyboxHyperparameters) -> None:
        super().__init__()
        self.sample_rate, self.rate = sizes.sample_rate, sizes.sample_rate
        self.kinds = band_kinds(sizes.sections, shelves=True)
        self.encoder = SongEncoder(self.channels, sizes.encoder, sizes.latent)
        counts = {"eq": 3 * sizes.sections, "compressor": 6, "saturation": 2}
        counts |= {"width": 1, "limiter": 1}
        self.predictors = nn.ModuleDict(
            {name: _predictor(sizes, count) for name, count in counts.items()}
        )
        self.residual: FilmUNet | None = None
        self.geometry = Geometry("whole")
        if sizes.catch_all:
            self.residual = FilmUNet(self.channels, sizes.residual, sizes.kernel, sizes.latent)
            self.geometry = self.residual.geometry

    def forward(self, audio: Tensor, controls: Tensor | None = None) -> Tensor:
        """``(batch, 2, samples)`` in and out; each item is its own song."""
        latent = self.encoder(audio)
        extra = None if self.residual is None else self.residual(audio, latent)
        return process(audio, self.rate, self.settings(latent), extra)

    def settings(self, latent: Tensor) -> ChainSettings:
        """The chain of each item, of ``(batch, latent)``; all zeros are no effect."""
        raw = {name: predictor(latent) for name, predictor in self.predictors.items()}
        place, gain, q = raw["eq"].chunk(3, dim=-1)
        count = len(self.kinds)
        middles = (torch.arange(count, device=latent.device) + 0.5) / count
        bands = Bands(
            self.kinds,
            frequency_of((place + middles.logit()).sigmoid(), self.rate),
            12 * gain.tanh(),
            0.5 + 4.5 * (q - 1.5).sigmoid(),
        )
        threshold, ratio, attack, release, knee, makeup = raw["compressor"].unbind(-1)
        compressor = CompressorSettings(
            -20 + 20 * threshold.tanh(),
            1 + 19 * _rising(ratio),
            0.1 * 300 ** attack.sigmoid(),
            10 * 50 ** release.sigmoid(),
            12 * knee.sigmoid(),
            24 * _rising(makeup),
        )
        drive, wet = raw["saturation"].unbind(-1)
        return ChainSettings(
            bands,
            compressor,
            1 + 7 * drive.sigmoid(),
            _rising(wet),
            1 + raw["width"][:, 0].tanh(),
            _LEAST_CEILING - _CEILING_RANGE * _rising(raw["limiter"][:, 0]),
        )

    def analyse(self, song: Material, controls: Tensor | None) -> SongChain:
        """The latent of the whole song, and the chain."""
        with torch.no_grad():
            latent = self.encoder.over_song(song.audio)
            return SongChain(latent, self.settings(latent))

    def render(self, blocks: Tensor, controls: Tensor | None, latent: SongChain) -> Tensor:
        """What the catch-all adds."""
        if self.residual is None:
            return torch.zeros_like(blocks)
        out: Tensor = self.residual(blocks, latent.latent.to(blocks.device).expand(len(blocks), -1))
        return out

    def finish(self, audio: Tensor, song: Material, latent: SongChain) -> Tensor:
        """The song through the chain, with what the catch-all adds."""
        return process_exactly(song.audio, song.sample_rate, latent.settings, audio)

    def describe(self, latent: SongChain, gain_db: float) -> dict[str, Any]:
        """Every setting of the chain."""
        bands = describe_equaliser(Equaliser(latent.settings.bands, None))
        return bands | describe(latent.settings)


def _predictor(sizes: GreyboxHyperparameters, count: int) -> nn.Sequential:
    last = nn.Linear(sizes.predictor, count)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return nn.Sequential(nn.Linear(sizes.latent, sizes.predictor), nn.ReLU(), last)


def _rising(raw: Tensor) -> Tensor:
    """0 .. 1, exactly 0 from 0 down, where the gradient still passes so that it finds back."""
    open_ended = raw.tanh()
    return open_ended + (open_ended.clamp(min=0.0) - open_ended).detach()


ARCHITECTURE = Architecture(
    "greybox", GreyboxHyperparameters, Greybox, "an encoder that sets a mastering chain"
)
