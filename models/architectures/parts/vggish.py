"""The VGGish encoder of S. Hershey et al., "CNN architectures for large-scale audio classification"
(ICASSP 2017), of any width: one embedding per 0.96 s of mono audio, averaged.

    16 kHz -> |STFT| (400-sample Hann, hop 160, FFT 512) -> 64 mel bands, 125 .. 7500 Hz
    -> log(x + 0.01), 96 frames -> 3x3 convolutions 64, 128, 256 256, 512 512 with ReLU, a 2x2
    maximum after each comma -> Linear 4096 - ReLU - Linear 4096 - ReLU - Linear 128

72,141,184 parameters at the published size. Modules are named and numbered as in the usual torch
port, so that its state dict fits; audio shorter than one patch is padded with silence.
"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ...audio.files import fit_length, resample

SAMPLE_RATE = 16_000
_WINDOW, _HOP, _FFT, _MELS, _FRAMES = 400, 160, 512, 64, 96
_LOWEST_HZ, _HIGHEST_HZ = 125.0, 7500.0
# A maximum over 2 x 2 follows the convolutions of these numbers.
_POOLED = (0, 1, 3, 5)
# Samples of one patch, and of the least audio that holds one.
_PATCH, _LEAST = _FRAMES * _HOP, (_FRAMES - 1) * _HOP + _WINDOW
# Patches encoded at once: what bounds the memory of a long song.
_BATCH = 16


@dataclass(frozen=True)
class VGGishLayout:
    """The widths of VGGish: six convolutions, the hidden layers, the embedding."""

    channels: tuple[int, ...] = (64, 128, 256, 256, 512, 512)
    hidden: int = 4096
    size: int = 128


class VGGish(nn.Module):
    """Log-mel patches ``(batch, 96, 64)`` to ``(batch, size)``, before a last ReLU."""

    def __init__(self, layout: VGGishLayout | None = None) -> None:
        super().__init__()
        layout = layout or VGGishLayout()
        hidden, self.size = layout.hidden, layout.size
        layers: list[nn.Module] = []
        before = 1
        for index, width in enumerate(layout.channels):
            layers += [nn.Conv2d(before, width, 3, padding=1), nn.ReLU()]
            layers += [nn.MaxPool2d(2)] if index in _POOLED else []
            before = width
        self.features = nn.Sequential(*layers)
        cells = (_FRAMES >> len(_POOLED)) * (_MELS >> len(_POOLED))
        self.embeddings = nn.Sequential(
            nn.Linear(before * cells, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, self.size),
        )

    def forward(self, patches: Tensor) -> Tensor:
        """The embedding of each patch."""
        found = self.features(patches.unsqueeze(1))
        # The published weights expect time, frequency, channel.
        out: Tensor = self.embeddings(found.permute(0, 2, 3, 1).flatten(1))
        return out

    def averaged(self, mono: Tensor, sample_rate: int) -> Tensor:
        """``(rows, samples)`` to the mean embedding of each row, ``(rows, size)``."""
        place = self.get_parameter("embeddings.0.weight").device
        sums: list[Tensor] = []
        for row in mono:
            parts = [self(part.to(place)).sum(dim=0) for part in patches(row, sample_rate)]
            sums.append(torch.stack(parts).sum(dim=0))
        count = _patch_count(round(mono.shape[-1] * SAMPLE_RATE / sample_rate))
        return torch.stack(sums) / count


def patches(mono: Tensor, sample_rate: int) -> Iterator[Tensor]:
    """The log-mel patches of ``(samples,)``, ``(n, 96, 64)`` on the CPU, a few at a time.

    They do not overlap; there is at least one. No gradient reaches the audio.
    """
    with torch.no_grad():
        heard = resample(mono.detach().cpu()[None], sample_rate, SAMPLE_RATE)[0]
        count = _patch_count(len(heard))
        heard = fit_length(heard, max(len(heard), _LEAST))
    for first in range(0, count, _BATCH):
        many = min(_BATCH, count - first)
        part = heard[first * _PATCH : (first + many) * _PATCH + _WINDOW - _HOP]
        with torch.no_grad():
            found = log_mel_patches(part)
        # Not inside the block: the caller's code would run without gradients too.
        yield found


def log_mel_patches(audio: Tensor) -> Tensor:
    """Mono audio ``(samples,)`` at 16 kHz as patches ``(n, 96, 64)``, not overlapping."""
    count = ((audio.shape[-1] - _WINDOW) // _HOP + 1) // _FRAMES
    if count < 1:
        return audio.new_zeros(0, _FRAMES, _MELS)
    frames = audio.unfold(0, _WINDOW, _HOP)
    window = torch.hann_window(_WINDOW, device=audio.device)
    spectrum = torch.fft.rfft(frames[: count * _FRAMES] * window, n=_FFT).abs()
    mel = spectrum @ _filters().to(audio.device)
    return torch.log(mel + 0.01).reshape(count, _FRAMES, _MELS)


def _patch_count(samples: int) -> int:
    return max(((samples - _WINDOW) // _HOP + 1) // _FRAMES, 1)


@functools.cache
def _filters() -> Tensor:
    """Triangles of height 1 in mel, not in Hz; the bin at 0 Hz is left out: ``(257, 64)``."""
    with torch.inference_mode(mode=False):
        bins = _mel(torch.linspace(0, SAMPLE_RATE / 2, _FFT // 2 + 1, dtype=torch.float64))
        low, high = _mel(torch.tensor([_LOWEST_HZ, _HIGHEST_HZ], dtype=torch.float64)).tolist()
        edges = torch.linspace(low, high, _MELS + 2, dtype=torch.float64)
        away = (bins[:, None] - edges[None, 1:-1]).abs() / (edges[1] - edges[0])
        triangles = (1 - away).clamp(min=0)
        triangles[0] = 0
        return triangles.float()


def _mel(hertz: Tensor) -> Tensor:
    return 1127 * torch.log1p(hertz / 700)
