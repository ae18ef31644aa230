"""The differentiable mixing console: a network that sets a channel strip for each stem.

Source: C. J. Steinmetz, J. Pons, S. Pascual, J. Serrà, "Automatic multitrack mixing with a
differentiable mixing console of neural audio effects" (ICASSP 2021), and the thesis behind it.

    each stem, mono -> VGGish (:mod:`.vggish`), mean over time -> e_i, 128
    e_i joined with the mean of all e -> Linear 2048 - PReLU - Dropout .1, five times
      -> Linear - tanh -> the settings of stem i, the same network for every stem
    dmc_basic: gain and pan.   dmc_full: 25 values, through the strip of
    earmark.models.systems.console:
      EQ 13 (low shelf 20 .. 1000 Hz; peaks 200 .. 5000, 500 .. 6000, 2000 .. 10,000 Hz; high shelf
      8 .. 20 kHz; +-24 dB; Q .1 .. 10), compressor 5 (threshold -60 .. 0 dB, ratio 1 .. 10, attack
      .03 .. 30 ms, release 50 .. 3000 ms, make-up +-12 dB), reverb 4 (room, decay, dry, wet), gain
      +-24 dB, polarity, pan

VGGish has 72,141,184 parameters; all 89,457,031 (basic) and 89,504,158 (full), the published 89 M,
with one slope per PReLU. Any number of stems, in any order: the same mix. The settings of a song
are the ``console`` of its render's record; edited, kind ``console`` renders them again.

Faults of the original, and what is done here. Its full console goes through a frozen TCN that
imitates a channel strip, so what it learns to set is an imitation: here it is the strip itself,
differentiable, and what renders has the same settings. Its encoder hears silent stems, so that
padding with silence changes the mix: here a silent stem is not heard. Polarity is a sign, which has
no gradient: forward it is one here too, backward that of a tanh.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from ..configuration import Strict
from ..effects.console import ConsoleCard, StripCard, mix, named, raised
from ..effects.differentiable_strip import FULL, Strips, strip_cards, strips_of, through_strips
from ..systems.contract import Material
from . import Architecture, Network
from .parts.geometry import Geometry
from .parts.vggish import VGGish, VGGishLayout

Width = Annotated[int, Field(ge=1, le=65536)]
Channels = tuple[Width, Width, Width, Width, Width, Width]
_BASIC = 2


class DMCHyperparameters(Strict):
    """The sizes; the defaults are the published ones.

    ``encoder``, ``encoder_hidden`` and ``embedding`` are VGGish's; ``hidden`` the post-processor's.
    """

    sample_rate: Annotated[int, Field(ge=42_000, le=192_000)] = 44_100
    encoder: Channels = (64, 128, 256, 256, 512, 512)
    encoder_hidden: Width = 4096
    embedding: Width = 128
    hidden: Annotated[tuple[Width, ...], Field(min_length=1, max_length=16)] = (2048,) * 5
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1


class FullHyperparameters(DMCHyperparameters):
    """The sizes of ``dmc_full``."""


@dataclass(frozen=True)
class SongConsole:
    """The console set for a song."""

    settings: ConsoleCard


class DMC(Network):
    """See the module; the full console where the sizes are its."""

    input: Literal["mix", "stems"] = "stems"
    channels = 2
    controls = 0

    def __init__(self, sizes: DMCHyperparameters) -> None:
        super().__init__()
        self.sample_rate, self.rate = sizes.sample_rate, sizes.sample_rate
        self.geometry = Geometry("whole")
        self.encoder_layout = VGGishLayout(
            tuple(sizes.encoder), sizes.encoder_hidden, sizes.embedding
        )
        self.encoder = VGGish(self.encoder_layout)
        layers: list[nn.Module] = []
        inputs = 2 * sizes.embedding
        for width in sizes.hidden:
            layers += [nn.Linear(inputs, width), nn.PReLU(), nn.Dropout(sizes.dropout)]
            inputs = width
        full = isinstance(sizes, FullHyperparameters)
        last = nn.Linear(inputs, FULL if full else _BASIC)
        if full:
            # Dry at first: a fresh network would wrap every stem in half a hall.
            with torch.no_grad():
                last.bias[20], last.bias[21] = 2.0, -2.0
        self.post = nn.Sequential(*layers, last, nn.Tanh())

    def forward(self, audio: Tensor, controls: Tensor | None = None) -> Tensor:
        """``(batch, stems, channels, samples)`` to the mix, ``(batch, 2, samples)``."""
        mono = audio.mean(dim=2)
        strips = self.strips(mono)
        out = through_strips(mono.flatten(0, 1), self.rate, strips)
        return out.reshape(*mono.shape[:2], 2, -1).sum(dim=1)

    def strips(self, mono: Tensor) -> Strips:
        """The settings of ``(batch, stems, samples)``, for ``batch * stems`` strips."""
        batch, stems = mono.shape[:2]
        found = self.encoder.averaged(mono.flatten(0, 1), self.rate).reshape(batch, stems, -1)
        heard = (mono != 0).any(dim=-1, keepdim=True).to(found)
        context = (found * heard).sum(dim=1, keepdim=True) / heard.sum(dim=1, keepdim=True).clamp(
            min=1.0
        )
        values = self.post(torch.cat([found, context.expand(-1, stems, -1)], dim=-1))
        return strips_of(values.flatten(0, 1))

    def analyse(self, song: Material, controls: Tensor | None) -> SongConsole:
        """The settings of the whole song."""
        with torch.no_grad():
            strips = self.strips(song.audio.mean(dim=1)[None])
        cards: list[StripCard] = strip_cards(strips)
        return SongConsole(named(cards, song.stems))

    def render(self, blocks: Tensor, controls: Tensor | None, latent: SongConsole) -> Tensor:
        """The stems of each item through the console, in float64 on the CPU."""
        return torch.stack([mix(one.cpu(), self.rate, latent.settings) for one in blocks])

    def describe(self, latent: SongConsole, gain_db: float) -> dict[str, Any]:
        """The settings for the stems as they are, as the kind ``console`` reads them."""
        return {"console": raised(latent.settings, gain_db).model_dump(mode="json")}


ARCHITECTURES = {
    "dmc_basic": Architecture(
        "dmc_basic", DMCHyperparameters, DMC, "a console of gain and pan for each stem"
    ),
    "dmc_full": Architecture(
        "dmc_full", FullHyperparameters, DMC, "a console of full channel strips for each stem"
    ),
}
