"""The differentiable mixing console of automix-toolkit (C. J. Steinmetz), of gain and pan.

    each track, mono -> :mod:`..parts.short_chunk_cnn` -> e_i;  context: the mean of all e
    [e_i, context] -> Linear 256 - PReLU - Linear 256 - PReLU - Linear 2 - sigmoid -> p
    gain -48 .. 24 dB of p_0, evenly; angle p_1 pi / 2: left its cosine, right its sine

It is another network than that of the paper, :mod:`earmark.models.architectures.dmc`: another
encoder, no dropout, another law of gain.

Faults of the original, and what is done here. It hears silent tracks too, so a mix changes with
silence that is padded: its weights have learned so, and it is kept; here no silence is padded. It
mixes 262,144 samples by what it hears of them: here the settings are made once, of the whole song.
It brings every mix to full scale by its peak: here the level stays. Its resampler is torchaudio's
and ours is soxr; at rates other than 16 kHz settings differ by that.
"""

from typing import Annotated, Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from ...configuration import Strict
from ...effects.console import StripCard, named, raised
from ...systems.contract import Material
from .. import Architecture, Network
from ..dmc import SongConsole
from ..parts.geometry import Geometry
from ..parts.short_chunk_cnn import ShortChunkCNN

_HIDDEN = 256
_LOWEST_DB, _HIGHEST_DB = -48.0, 24.0


class AutomixHyperparameters(Strict):
    """``n_channels`` is the width of the encoder, as the original calls it."""

    sample_rate: Annotated[int, Field(ge=8_000, le=192_000)] = 44_100
    n_channels: Annotated[int, Field(ge=1, le=1024)] = 128


class AutomixDMC(Network):
    """See the module."""

    input: Literal["mix", "stems"] = "stems"
    channels = 2
    controls = 0

    def __init__(self, sizes: AutomixHyperparameters) -> None:
        super().__init__()
        self.sample_rate = sizes.sample_rate
        self.geometry = Geometry("context")
        self.encoder = ShortChunkCNN(sizes.n_channels, sizes.sample_rate)
        self.post_processor = nn.ModuleDict({"mlp": _post(2 * self.encoder.size)})

    def forward(self, audio: Tensor, controls: Tensor | None = None) -> Tensor:
        """``(batch, stems, channels, samples)`` to the mix, ``(batch, 2, samples)``."""
        mono = audio.mean(dim=2)
        return mixed(mono, self.settings(mono))

    def settings(self, mono: Tensor) -> Tensor:
        """Gains in dB and pans, 0 .. 1, of ``(batch, stems, samples)``: ``(batch, stems, 2)``."""
        found = self.encoder(mono.flatten(0, 1)).reshape(*mono.shape[:2], -1)
        return self.set_by(found)

    def set_by(self, found: Tensor) -> Tensor:
        """The settings of embeddings ``(batch, stems, size)``."""
        context = found.mean(dim=1, keepdim=True).expand_as(found)
        values = self.post_processor["mlp"](torch.cat([found, context], dim=-1))
        gain_db = _LOWEST_DB + (_HIGHEST_DB - _LOWEST_DB) * values[..., 0]
        return torch.stack([gain_db, values[..., 1]], dim=-1)

    def analyse(self, song: Material, controls: Tensor | None) -> tuple[SongConsole, Tensor]:
        """The settings of the whole song, as a card and as numbers."""
        with torch.no_grad():
            settings = self.settings(song.audio.mean(dim=1)[None])
        strips = [
            StripCard(gain_db=round(gain, 5), pan=round(2 * pan - 1, 5))
            for gain, pan in settings[0].tolist()
        ]
        return SongConsole(named(strips, song.stems)), settings

    def render(self, blocks: Tensor, controls: Tensor | None, latent: Any) -> Tensor:
        """The stems of each item with the settings of the song."""
        return mixed(blocks.mean(dim=2), latent[1].to(blocks.device))

    def describe(self, latent: Any, gain_db: float) -> dict[str, Any]:
        """The settings, as the kind ``console`` reads them."""
        return {"console": raised(latent[0].settings, gain_db).model_dump(mode="json")}


def mixed(mono: Tensor, settings: Tensor) -> Tensor:
    """``(batch, stems, samples)`` by settings ``(batch, stems, 2)``: ``(batch, 2, samples)``."""
    gain, angle = 10 ** (settings[..., 0] / 20), settings[..., 1] * torch.pi / 2
    sides = torch.stack([gain * angle.cos(), gain * angle.sin()], dim=1)
    return sides @ mono


def _post(inputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inputs, _HIDDEN),
        nn.PReLU(),
        nn.Linear(_HIDDEN, _HIDDEN),
        nn.PReLU(),
        nn.Linear(_HIDDEN, 2),
        nn.Sigmoid(),
    )


ARCHITECTURE = Architecture(
    "automix_dmc",
    AutomixHyperparameters,
    AutomixDMC,
    "automix-toolkit's console of gain and pan, as it was published",
)
