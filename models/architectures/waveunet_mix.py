"""The Wave-U-Net that mixes: up to eight stems in, a stereo mix out.

    stems, each folded to mono, silence for those that are missing -> the strided U-Net of
    :mod:`earmark.models.architectures.waveunet_demucs` with 8 inputs and 2 outputs

Source: the thesis of that module, as the baseline of its mixing console. It publishes "83 M"
parameters and no sizes; of the sizes with its six levels, kernel 8 and C = 62 come nearest, with
83,966,112, and are the default.

Faults of the original, and what is done here. The order of the stems is part of what it has
learned, so the same stems in another order are another mix: that is the nature of the network,
said here so that no one wonders. More stems than inputs are refused, not dropped. ``dry`` adds the
sum of the stems to both sides, which the original does not; such a network begins as a mono mix.
"""

from typing import Annotated, Literal

from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from ..errors import UserError
from . import Architecture, Network
from .waveunet_demucs import Size, Sizes, StridedUNet


class MixHyperparameters(Sizes):
    """The sizes; ``stems`` is the number of inputs."""

    width: Size = 62
    stems: Annotated[int, Field(ge=1, le=64)] = 8


class WaveUNetMix(Network):
    """See the module."""

    input: Literal["mix", "stems"] = "stems"

    def __init__(self, sizes: MixHyperparameters) -> None:
        super().__init__()
        self.channels, self.controls = 2, 0
        self.stems = self.most_stems = sizes.stems
        self.dry = sizes.dry
        self.net = StridedUNet(sizes, sizes.stems, 2, 0)
        self.geometry, self.receptive_field = self.net.geometry
        if sizes.dry:
            nn.init.zeros_(self.net.gain)

    def forward(self, audio: Tensor, controls: Tensor | None = None) -> Tensor:
        """``(batch, stems, channels, samples)`` to ``(batch, 2, samples)``.

        Raises:
            UserError: for more stems than the network has inputs.
        """
        mono = audio.mean(dim=2)
        missing = self.stems - mono.shape[1]
        if missing < 0:
            raise UserError(
                f"the song has {mono.shape[1]} stems and this network takes {self.stems}; "
                "add some of them together first"
            )
        out: Tensor = self.net(F.pad(mono, (0, 0, 0, missing)), None, None)
        return out + mono.sum(dim=1, keepdim=True) if self.dry else out


ARCHITECTURE = Architecture(
    "waveunet_mix", MixHyperparameters, WaveUNetMix, "strided Wave-U-Net that mixes eight stems"
)
