"""A Wave-U-Net that a latent of the song steers by FiLM: what an equaliser cannot do is left to it.

    [Conv1d 15 - BatchNorm - ReLU - FiLM, kept, mean of two samples]  32, 64, 128
    -> the same, 256 -> [linear interpolation x2 - concatenated with kept - the same]  128, 64, 32
    -> Conv1d kernel 1

Lengths that are no multiple of 8 are padded with silence and cut again; ``stretched``: what is
below is interpolated to the length of what was kept, as the original does it. The output begins at
zero.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from . import receptive_field
from .film import FiLM
from .geometry import Geometry
from .receptive_field import double


class FilmUNet(nn.Module):
    """``(batch, channels, samples)`` and ``(batch, latent)`` to ``(batch, channels, samples)``."""

    def __init__(
        self,
        channels: int,
        widths: Sequence[int],
        kernel: int,
        latent: int,
        *,
        stretched: bool = False,
    ) -> None:
        super().__init__()
        self.stretched = stretched
        self.levels, self.kernel = len(widths) - 1, kernel
        before = [channels, *widths]
        self.encoder = nn.ModuleList(
            _Layer(inputs, width, kernel, latent)
            for inputs, width in zip(before, widths, strict=False)
        )
        self.decoder = nn.ModuleList(
            _Layer(widths[level + 1] + widths[level], widths[level], kernel, latent)
            for level in reversed(range(self.levels))
        )
        self.output = nn.Conv1d(widths[0], channels, 1)
        nn.init.zeros_(self.output.weight)
        nn.init.zeros_(self.output.bias)  # type: ignore[arg-type]  # it has one

    @property
    def geometry(self) -> Geometry:
        """What the runner must know."""
        kernel, levels = self.kernel, self.levels

        def encoded(level: int, out: receptive_field.Interval) -> receptive_field.Interval:
            before = receptive_field.convolution(out, kernel, left=kernel // 2)
            return encoded(level - 1, (2 * before[0], 2 * before[1] + 1)) if level else before

        def decoded(level: int, out: receptive_field.Interval) -> receptive_field.Interval:
            if level == levels:
                return encoded(level, out)
            below = receptive_field.convolution(out, kernel, left=kernel // 2)
            return receptive_field.joined(
                encoded(level, below), decoded(level + 1, receptive_field.doubled(below))
            )

        left, right, _ = receptive_field.context(lambda t: decoded(0, (t, t)), 2**levels)
        return Geometry("strided", left, right, stride=2**levels)

    def forward(self, audio: Tensor, latent: Tensor) -> Tensor:
        """What is to be added to the audio."""
        samples = audio.shape[-1]
        spare = 0 if self.stretched else -samples % 2**self.levels
        hidden, kept = F.pad(audio, (0, spare)), []
        *encoder, bottleneck = self.encoder
        for layer in encoder:
            hidden = layer(hidden, latent)
            kept.append(hidden)
            hidden = F.avg_pool1d(hidden, 2)
        hidden = bottleneck(hidden, latent)
        for layer in self.decoder:
            beside = kept.pop()
            hidden = layer(torch.cat([_raised(hidden, beside.shape[-1]), beside], dim=1), latent)
        out: Tensor = self.output(hidden)[..., :samples]
        return out


def _raised(audio: Tensor, samples: int) -> Tensor:
    """Interpolated to ``samples``, which are twice as many or one more."""
    if samples == 2 * audio.shape[-1]:
        return double(audio)
    return F.interpolate(audio, samples, mode="linear", align_corners=False)


class _Layer(nn.Module):
    def __init__(self, inputs: int, width: int, kernel: int, latent: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(inputs, width, kernel, padding=kernel // 2)
        self.norm = nn.BatchNorm1d(width)
        self.film = FiLM(width, latent)

    def forward(self, audio: Tensor, latent: Tensor) -> Tensor:
        out: Tensor = self.film(F.relu(self.norm(self.conv(audio))), latent)
        return out
