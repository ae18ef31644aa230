"""The convolutional recurrent network of a Ukrainian master's thesis on automatic mastering.

    stereo -> Conv1d 16 -> Conv1d 32 -> Conv1d 128 (kernel 3, ReLU each, same length)
           -> two-way LSTM, 64 each way -> Linear -> stereo

113,682 parameters at the published size, 44.1 kHz. The LSTM runs through the whole input both
ways, so the receptive field is the input.

Faults of the original, and what is done here. Songs are cut into segments of 5 s, each rendered by
itself with silence around it, and the seams click: here windows of the same 5 s overlap by
``context`` on either side and are cross-faded; the result is labelled approximate. Weights that do
not fit are skipped in silence: here they are loaded strictly. The rate is given as 41,000 Hz and is
44,100. Its pairs are misaligned by pitch shift and time stretch: degradations here keep the time.
``dry`` adds the input to the output, which the original does not; such a network begins as the
identity.
"""

from typing import Annotated

from pydantic import Field, model_validator
from torch import Tensor, nn

from ..configuration import Strict
from . import Architecture, Network
from .parts.geometry import Geometry

Width = Annotated[int, Field(ge=1, le=4096)]


class CRNNHyperparameters(Strict):
    """The sizes of a CRNN; the defaults are the published ones.

    ``recurrent`` is the LSTM's width each way; ``window`` and ``context`` are samples.
    """

    channels: Annotated[int, Field(ge=1, le=8)] = 2
    widths: Annotated[tuple[Width, ...], Field(min_length=1, max_length=16)] = (16, 32, 128)
    kernel: Annotated[int, Field(ge=1, le=255)] = 3
    recurrent: Width = 64
    window: Annotated[int, Field(ge=1024, le=2**24)] = 220_500
    context: Annotated[int, Field(ge=0, le=2**22)] = 22_050
    dry: bool = False

    @model_validator(mode="after")
    def _fits(self) -> "CRNNHyperparameters":
        if self.kernel % 2 == 0:
            raise ValueError(f"kernel must be odd, to have a centre, not {self.kernel}")
        if 4 * self.context > self.window:
            raise ValueError(
                f"context ({self.context}) must be at most a quarter of window ({self.window})"
            )
        return self


class CRNN(Network):
    """See the module."""

    def __init__(self, sizes: CRNNHyperparameters) -> None:
        super().__init__()
        self.channels, self.controls, self.dry = sizes.channels, 0, sizes.dry
        self.geometry = Geometry("overlap_add", sizes.context, sizes.context, window=sizes.window)
        layers: list[nn.Module] = []
        inputs = sizes.channels
        for width in sizes.widths:
            layers.append(nn.Conv1d(inputs, width, sizes.kernel, padding=sizes.kernel // 2))
            layers.append(nn.ReLU())
            inputs = width
        self.convolutions = nn.Sequential(*layers)
        self.recurrent = nn.LSTM(inputs, sizes.recurrent, batch_first=True, bidirectional=True)
        self.output = nn.Linear(2 * sizes.recurrent, sizes.channels)
        if sizes.dry:
            nn.init.zeros_(self.output.weight)
            nn.init.zeros_(self.output.bias)

    def forward(self, audio: Tensor, controls: Tensor | None = None) -> Tensor:
        """``(batch, channels, samples)`` in and out, of the same length."""
        features = self.convolutions(audio).transpose(1, 2)
        heard, _ = self.recurrent(features)
        out: Tensor = self.output(heard).transpose(1, 2)
        return audio + out if self.dry else out


ARCHITECTURE = Architecture(
    "crnn", CRNNHyperparameters, CRNN, "convolutions and a two-way LSTM over the samples"
)
