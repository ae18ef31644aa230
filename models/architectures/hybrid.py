"""Hybrid neural mastering, versions 1A, 1B and 1C: a network that sets an equaliser.

    song -> encoder (:mod:`.song_encoder`, 512 features) -> z
    z -> Linear 256 - ReLU - Dropout .2 - Linear 256 - ReLU - Dropout .2
      -> three Linear: frequency, gain (12 tanh dB) and Q (0.5 + 4.5 sigmoid) of each band -> EQ
    1A: out = EQ(x), five bands, 2,587,087 parameters
    1B: out = EQ(x) + U(z, x), U the Wave-U-Net of :mod:`.film_unet`: 4,925,329
    1C: ten bands, and a gate Linear 128 - ReLU - Linear - sigmoid on each gain: 4,996,138

Source: the README of the project of that name. Its loss: multi-scale STFT (2048, 1024, 512, 256)
+ 0.1 A-weighted L1 + 0.01 loudness + 0.001 (L1 of the gains and squared Q - 1, ``penalty`` here).

Faults of the original, and what is done here. Its equaliser reads its settings with ``.item()``, so
no gradient reaches the network that sets them, and all it learns is in the residual: here it is
differentiable (:mod:`earmark.models.effects.differentiable_eq`). Frequencies are linear there, so
half of the range lies above 10 kHz: here they are even in octaves, spread over the bands at first,
and the lowest and the highest band are shelves (``shelves``). The latent is computed for each 5 s,
so the EQ jumps: here once per song, exactly, and the EQ is rendered over the whole song in float64.
Each of its bands clips at full scale. All of this is there for published weights: ``frequency:
linear``, ``shelves: false``, ``clip_bands``, and ``lengths: stretch`` for what it does to songs
whose samples are no multiple of 8 (rendered, they are padded).
A fresh network is the identity. The gate of 1C never closes quite: a band counts as active where
its gate is above one half.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
import torch
from pydantic import Field, field_validator, model_validator
from torch import Tensor, nn

from ..configuration import Strict
from ..effects.differentiable_eq import (
    HIGHEST_HZ,
    LOWEST_HZ,
    Bands,
    band_kinds,
    clipped_equalise,
    equalise,
    frequency_of,
)
from ..effects.equalizer import RunningEqualiser
from ..effects.mastering_chain import BLOCK
from ..systems.contract import Material
from . import Architecture, Network
from .parts.film_unet import FilmUNet
from .parts.geometry import Geometry
from .parts.song_encoder import SongEncoder

Width = Annotated[int, Field(ge=1, le=4096)]
Widths = Annotated[tuple[Width, ...], Field(min_length=2, max_length=10)]
_GAIN_DB, _LOWEST_Q, _Q_RANGE = 12.0, 0.5, 4.5


class HybridHyperparameters(Strict):
    """The sizes of 1A; the defaults are the published ones.

    ``encoder`` are the widths of the first layer and the blocks, ``hidden`` those of the decoder.
    """

    channels: Annotated[int, Field(ge=1, le=8)] = 2
    sample_rate: Annotated[int, Field(ge=8000, le=192_000)] = 44_100
    encoder: Widths = (64, 128, 256, 256, 512)
    latent: Width = 512
    hidden: Annotated[tuple[Width, ...], Field(min_length=1, max_length=8)] = (256, 256)
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.2
    bands: Annotated[int, Field(ge=1, le=64)] = 5
    shelves: bool = True
    frequency: Literal["octaves", "linear"] = "octaves"
    clip_bands: bool = False

    @model_validator(mode="after")
    def _reaches(self) -> "HybridHyperparameters":
        if self.frequency == "linear" and self.sample_rate <= 2 * HIGHEST_HZ:
            raise ValueError("frequency: linear reaches 20 kHz, for which sample_rate is too low")
        return self


class ResidualHyperparameters(HybridHyperparameters):
    """The sizes of 1B: ``residual`` are the widths of the Wave-U-Net's levels."""

    residual: Widths = (32, 64, 128, 256)
    lengths: Literal["pad", "stretch"] = "pad"
    kernel: Annotated[int, Field(ge=1, le=255)] = 15

    @field_validator("kernel")
    @classmethod
    def _odd(cls, value: int) -> int:
        if value % 2 == 0:
            raise ValueError("kernel must be odd, to have a centre")
        return value


class GatedHyperparameters(ResidualHyperparameters):
    """The sizes of 1C: ``gate`` is the width of the layer before the gates."""

    bands: Annotated[int, Field(ge=1, le=64)] = 10
    gate: Width = 128


@dataclass(frozen=True)
class Equaliser:
    """What the network sets: bands, their gains before the gate, and the gates, ``(batch, bands)``
    or None.
    """

    bands: Bands
    gates: Tensor | None


class EqualiserHead(nn.Module):
    """``(batch, latent)`` to an :class:`Equaliser`; flat at first."""

    def __init__(self, sizes: HybridHyperparameters) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = sizes.latent
        for width in sizes.hidden:
            layers += [nn.Linear(inputs, width), nn.ReLU(), nn.Dropout(sizes.dropout)]
            inputs = width
        self.decoder = nn.Sequential(*layers)
        self.frequency, self.gain, self.q = (nn.Linear(inputs, sizes.bands) for _ in range(3))
        gate = sizes.gate if isinstance(sizes, GatedHyperparameters) else 0
        self.gate = (
            nn.Sequential(nn.Linear(sizes.latent, gate), nn.ReLU(), nn.Linear(gate, sizes.bands))
            if gate
            else None
        )
        self.kinds = band_kinds(sizes.bands, shelves=sizes.shelves)
        self.sample_rate = sizes.sample_rate
        self.linear = sizes.frequency == "linear"
        nn.init.zeros_(self.gain.weight)
        nn.init.zeros_(self.gain.bias)
        # The bands begin side by side: the middle of each share of the octaves.
        with torch.no_grad():
            self.frequency.bias.copy_(((torch.arange(sizes.bands) + 0.5) / sizes.bands).logit())

    def forward(self, latent: Tensor) -> Equaliser:
        """The settings of each item."""
        hidden = self.decoder(latent)
        gains = _GAIN_DB * self.gain(hidden).tanh()
        gates = None if self.gate is None else self.gate(latent).sigmoid()
        position = self.frequency(hidden).sigmoid()
        frequency = LOWEST_HZ + (HIGHEST_HZ - LOWEST_HZ) * position
        bands = Bands(
            self.kinds,
            frequency if self.linear else frequency_of(position, self.sample_rate),
            gains if gates is None else gains * gates,
            _LOWEST_Q + _Q_RANGE * self.q(hidden).sigmoid(),
        )
        return Equaliser(bands, gates)


@dataclass(frozen=True)
class SongSettings:
    """The latent of a song, ``(1, latent)``, and the equaliser set for it."""

    latent: Tensor
    equaliser: Equaliser


class Hybrid(Network):
    """See the module; 1B and 1C where the sizes are theirs."""

    controls = 0
    regularised = True

    def __init__(self, sizes: HybridHyperparameters) -> None:
        super().__init__()
        self.channels, self.sample_rate = sizes.channels, sizes.sample_rate
        self.rate, self.clip_bands = sizes.sample_rate, sizes.clip_bands
        self.encoder = SongEncoder(sizes.channels, sizes.encoder, sizes.latent)
        self.equaliser = EqualiserHead(sizes)
        self.residual: FilmUNet | None = None
        self.geometry = Geometry("whole")
        if isinstance(sizes, ResidualHyperparameters):
            self.residual = FilmUNet(
                sizes.channels,
                sizes.residual,
                sizes.kernel,
                sizes.latent,
                stretched=sizes.lengths == "stretch",
            )
            self.geometry = self.residual.geometry

    def forward(self, audio: Tensor, controls: Tensor | None = None) -> Tensor:
        """``(batch, channels, samples)`` in and out; each item is its own song."""
        return self._through(audio)[0]

    def penalised(self, audio: Tensor, controls: Tensor | None) -> tuple[Tensor, Tensor]:
        """As ``forward``, and the regularisation of the settings."""
        out, bands = self._through(audio)
        return out, _regularisation(bands)

    def penalty(self, audio: Tensor) -> Tensor:
        """The regularisation of the settings, ``(batch,)``: L1 of the gains in dB, (Q - 1)^2."""
        return _regularisation(self.equaliser(self.encoder(audio)).bands)

    def _through(self, audio: Tensor) -> tuple[Tensor, Bands]:
        latent = self.encoder(audio)
        bands: Bands = self.equaliser(latent).bands
        shaped = clipped_equalise if self.clip_bands else equalise
        out = shaped(audio, bands, self.rate)
        return (out if self.residual is None else out + self.residual(audio, latent)), bands

    def analyse(self, song: Material, controls: Tensor | None) -> SongSettings:
        """The latent of the whole song, and the equaliser."""
        with torch.no_grad():
            latent = self.encoder.over_song(song.audio)
            return SongSettings(latent, self.equaliser(latent))

    def render(self, blocks: Tensor, controls: Tensor | None, latent: SongSettings) -> Tensor:
        """What is added to the equalised song."""
        if self.residual is None:
            return torch.zeros_like(blocks)
        steering = latent.latent.to(blocks.device).expand(len(blocks), -1)
        out: Tensor = self.residual(blocks, steering)
        return out

    def finish(self, audio: Tensor, song: Material, latent: SongSettings) -> Tensor:
        """The song through the equaliser, in float64, and the residual."""
        mix = song.audio
        bands = latent.equaliser.bands.of(0)
        # What clips does so after each band; what does not may run as one filter.
        filters = [
            RunningEqualiser(group, song.sample_rate, len(mix))
            for group in ([[band] for band in bands] if self.clip_bands else [bands])
        ]
        out = torch.empty_like(mix)
        for start in range(0, mix.shape[-1], BLOCK):
            part = slice(start, start + BLOCK)
            shaped = mix[:, part].double().numpy()
            for equalise_exactly in filters:
                shaped = equalise_exactly(shaped)
                shaped = shaped.clip(-1.0, 1.0) if self.clip_bands else shaped
            out[:, part] = audio[:, part] + torch.from_numpy(shaped.astype(np.float32))
        return out

    def describe(self, latent: SongSettings, gain_db: float) -> dict[str, Any]:
        """The bands of the song, and how many are active."""
        return describe_equaliser(latent.equaliser)


def _regularisation(bands: Bands) -> Tensor:
    gains: Tensor = bands.gain_db.abs().mean(dim=-1)
    resonances: Tensor = (bands.q - 1).square().mean(dim=-1)
    return gains + resonances


def describe_equaliser(equaliser: Equaliser) -> dict[str, Any]:
    """Each band's kind, frequency in Hz, gain in dB, Q and gate; how many gates are open."""
    bands = [
        {
            "kind": band.kind,
            "frequency_hz": round(band.frequency, 2),
            "gain_db": round(band.gain_db, 3),
            "q": round(band.q, 3),
        }
        for band in equaliser.bands.of(0)
    ]
    active = len(bands)
    if equaliser.gates is not None:
        gates = equaliser.gates[0].tolist()
        bands = [band | {"gate": round(gate, 3)} for band, gate in zip(bands, gates, strict=True)]
        active = sum(gate > 0.5 for gate in gates)
    return {"eq_bands": bands, "eq_active_bands": active}


_EQ = ("frequency", "clip_bands")
ARCHITECTURES = {
    "hybrid_1a": Architecture(
        "hybrid_1a",
        HybridHyperparameters,
        Hybrid,
        "an encoder that sets a five-band equaliser",
        later=_EQ,
    ),
    "hybrid_1b": Architecture(
        "hybrid_1b",
        ResidualHyperparameters,
        Hybrid,
        "1A with a residual Wave-U-Net",
        later=(*_EQ, "lengths"),
    ),
    "hybrid_1c": Architecture(
        "hybrid_1c",
        GatedHyperparameters,
        Hybrid,
        "1B with ten bands, each with a gate",
        later=(*_EQ, "lengths"),
    ),
}
