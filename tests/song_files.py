"""Small audio files, SIMULATED, for the tests of songs."""

from pathlib import Path

import torch
from torch import Tensor

from earmark.models.audio.files import write

RATE = 44100


def noise(seconds: float, rate: int = RATE, channels: int = 2, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 0.1 * torch.randn(channels, round(seconds * rate), generator=generator)


def save(path: Path, audio: Tensor | None = None, rate: int = RATE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, noise(1.0) if audio is None else audio, rate)
    return path
