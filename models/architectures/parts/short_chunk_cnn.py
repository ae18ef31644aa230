"""The short-chunk CNN of M. Won, A. Ferraro, D. Bogdanov, X. Serra, "Evaluation of CNN-based
automatic music tagging models" (SMC 2020), as automix-toolkit uses it to hear a track.

    16 kHz -> |STFT|^2 (512-sample Hann, hop 256) -> 128 mel bands, 0 .. 8 kHz -> dB, floor -100
    -> BatchNorm -> seven residual blocks of 3x3 convolutions, stride 2 -> maximum over time
    -> Linear -> ReLU

Modules are named as in its state dicts. The mel filters are those of the state dict.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...audio.files import resample

SAMPLE_RATE = 16_000
_FFT, _HOP, _MELS, _HIGHEST_HZ = 512, 256, 128, 8_000.0
_FLOOR = 1e-10
# Widths of the blocks, as multiples of the first.
_WIDER = (1, 1, 2, 2, 2, 2, 4)


class ShortChunkCNN(nn.Module):
    """``(rows, samples)`` at ``sample_rate`` to ``(rows, 4 width)``."""

    def __init__(self, width: int, sample_rate: int) -> None:
        super().__init__()
        self.sample_rate = sample_rate
        self.size = _WIDER[-1] * width
        self.spec = nn.ModuleDict({"spectrogram": _Window(), "mel_scale": _Filters()})
        self.spec_bn = nn.BatchNorm2d(1)
        before = 1
        for index, wider in enumerate(_WIDER):
            self.add_module(f"layer{index + 1}", _Block(before, wider * width))
            before = wider * width
        self.dense1 = nn.Linear(before, self.size)

    def forward(self, mono: Tensor) -> Tensor:
        """See the class; no gradient reaches the audio."""
        with torch.no_grad():
            hidden = self.decibels(mono).unsqueeze(1)
        hidden = self.spec_bn(hidden)
        for index in range(len(_WIDER)):
            hidden = getattr(self, f"layer{index + 1}")(hidden)
        out: Tensor = F.relu(self.dense1(hidden.squeeze(2).amax(dim=-1)))
        return out

    def decibels(self, mono: Tensor) -> Tensor:
        """The log-mel spectrum, ``(rows, 128, frames)``."""
        place = self.get_buffer("spec.spectrogram.window").device
        heard = resample(mono.detach().cpu(), self.sample_rate, SAMPLE_RATE).to(place)
        # The ends are mirrored, for which a few samples do not suffice.
        heard = F.pad(heard, (0, max(_HOP + 1 - heard.shape[-1], 0)))
        window, filters = (
            self.get_buffer("spec.spectrogram.window"),
            self.get_buffer("spec.mel_scale.fb"),
        )
        spectrum = torch.stft(heard, _FFT, _HOP, window=window, return_complex=True)
        mel = filters.T @ spectrum.abs().square()
        return 10 * mel.clamp(min=_FLOOR).log10()


class _Window(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("window", torch.hann_window(_FFT))


class _Filters(nn.Module):
    """Triangles even in mel, of height 1 and linear in Hz, ``(257, 128)``."""

    def __init__(self) -> None:
        super().__init__()
        bins = torch.linspace(0, SAMPLE_RATE / 2, _FFT // 2 + 1, dtype=torch.float64)
        highest = 2595 * math.log10(1 + _HIGHEST_HZ / 700)
        mels = torch.linspace(0, highest, _MELS + 2, dtype=torch.float64)
        edges = 700 * (10 ** (mels / 2595) - 1)
        width = edges.diff()
        slopes = edges - bins[:, None]
        rising, falling = -slopes[:, :-2] / width[:-1], slopes[:, 2:] / width[1:]
        self.register_buffer("fb", torch.minimum(rising, falling).clamp(min=0).float())


class _Block(nn.Module):
    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.conv_1 = nn.Conv2d(inputs, width, 3, stride=2, padding=1)
        self.bn_1 = nn.BatchNorm2d(width)
        self.conv_2 = nn.Conv2d(width, width, 3, padding=1)
        self.bn_2 = nn.BatchNorm2d(width)
        self.conv_3 = nn.Conv2d(inputs, width, 3, stride=2, padding=1)
        self.bn_3 = nn.BatchNorm2d(width)

    def forward(self, hidden: Tensor) -> Tensor:
        out = self.bn_2(self.conv_2(F.relu(self.bn_1(self.conv_1(hidden)))))
        return F.relu(out + self.bn_3(self.conv_3(hidden)))
