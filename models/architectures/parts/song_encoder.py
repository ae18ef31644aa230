"""An encoder that makes one latent of a whole song, of any length and in bounded memory.

    Conv1d 15, stride 2 - BatchNorm - ReLU
    -> blocks of (Conv1d 3 - BatchNorm - ReLU - Conv1d 3 - BatchNorm + residual) - ReLU,
       dilations 1, 2, 4, 8, a 1x1 convolution on the residual where the widths differ
    -> mean over time -> Linear

A mean is linear, so that of a song is put together exactly of parts, each seen with the context
that the convolutions reach.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_FIRST, _STRIDE, _KERNEL = 15, 2, 3
# Samples of a song encoded at once.
_PART = 65_536


class SongEncoder(nn.Module):
    """``(batch, channels, samples)`` to ``(batch, latent)``; ``widths`` of the first layer and
    of each block.
    """

    def __init__(self, channels: int, widths: Sequence[int], latent: int) -> None:
        super().__init__()
        first, *rest = widths
        self.channels = channels
        self.front = nn.Sequential(
            nn.Conv1d(channels, first, _FIRST, _STRIDE, padding=_FIRST // 2),
            nn.BatchNorm1d(first),
            nn.ReLU(),
        )
        self.blocks = nn.Sequential(
            *(
                _Block(inputs, width, 2**index)
                for index, (inputs, width) in enumerate(zip(widths, rest, strict=False))
            )
        )
        self.output = nn.Linear(widths[-1], latent)
        frames = 2 * sum(2**index for index in range(len(rest)))
        # A multiple of the stride, so that parts keep its phase.
        self.context = _STRIDE * (frames + -(-(_FIRST // 2) // _STRIDE))

    def forward(self, audio: Tensor) -> Tensor:
        """Of the whole audio, or of a part that stands for a song in training."""
        out: Tensor = self.output(self._features(audio).mean(dim=-1))
        return out

    def over_song(self, audio: Tensor, part: int = _PART) -> Tensor:
        """As ``forward`` of ``(channels, samples)``, by parts; ``(1, latent)`` on its device."""
        device = self.output.weight.device
        samples = audio.shape[-1]
        part += part % _STRIDE
        total = torch.zeros(self.output.in_features, dtype=torch.float64)
        count = 0
        for start in range(0, samples, part):
            begin = max(start - self.context, 0)
            heard = audio[None, :, begin : start + part + self.context]
            features = self._features(heard.to(device))
            first = (start - begin) // _STRIDE
            frames = -(-min(part, samples - start) // _STRIDE)
            total += features[0, :, first : first + frames].double().sum(dim=-1).cpu()
            count += frames
        out: Tensor = self.output((total / count).float().to(device)[None])
        return out

    def _features(self, audio: Tensor) -> Tensor:
        out: Tensor = self.blocks(self.front(audio))
        return out


class _Block(nn.Module):
    def __init__(self, inputs: int, width: int, dilation: int) -> None:
        super().__init__()
        self.first = _convolution(inputs, width, dilation)
        self.second = _convolution(width, width, dilation)
        self.residual = nn.Identity() if inputs == width else nn.Conv1d(inputs, width, 1)

    def forward(self, hidden: Tensor) -> Tensor:
        out = self.second(F.relu(self.first(hidden)))
        return F.relu(out + self.residual(hidden))


def _convolution(inputs: int, outputs: int, dilation: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv1d(inputs, outputs, _KERNEL, dilation=dilation, padding=dilation),
        nn.BatchNorm1d(outputs),
    )
