"""Audio and requests for the tests of training; all of it SIMULATED."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from earmark.models.audio.files import write
from earmark.models.training_data import Request

RATE = 16_000


def tone(seed: int, seconds: float = 2.0, rate: int = RATE, channels: int = 2) -> Tensor:
    """A chord with noise, ``(channels, samples)``."""
    generator = torch.Generator().manual_seed(seed)
    time = torch.arange(round(seconds * rate)) / rate
    pitches = torch.rand(channels, 3, 1, generator=generator) * 2000 + 100
    chord = torch.sin(2 * torch.pi * pitches * time).mean(dim=1)
    return 0.2 * chord + 0.02 * torch.randn(channels, len(time), generator=generator)


def a_request(**changes: Any) -> Request:
    """Crops of half a second in mono with a little context."""
    return Request(
        **{
            "samples": 8000,
            "left": 300,
            "right": 200,
            "channels": 1,
            "sample_rate": RATE,
            **changes,
        }
    )


def write_pairs(folder: Path, count: int = 5) -> Path:
    """Songs whose master is the mix, louder by 6 dB and soft-clipped."""
    for number in range(count):
        home = folder / f"song-{number}"
        home.mkdir(parents=True)
        write(home / "mix.wav", tone(number), RATE)
        write(home / "reference.wav", torch.tanh(2 * tone(number)), RATE)
    return folder


def write_tracks(folder: Path, count: int = 4, seconds: float = 3.0) -> Path:
    """Single tracks."""
    folder.mkdir(parents=True)
    for number in range(count):
        write(folder / f"track-{number}.wav", tone(number, seconds), RATE)
    return folder


def write_stems(folder: Path, count: int = 4, stems: int = 3) -> Path:
    """Songs with stems whose mix is their sum at other levels; the sum of all levels is known."""
    for number in range(count):
        home = folder / f"song-{number}"
        (home / "stems").mkdir(parents=True)
        parts = [tone(10 * number + index) for index in range(stems)]
        for index, part in enumerate(parts):
            write(home / "stems" / f"{index}.wav", part, RATE)
        mix = torch.stack([(index + 1) * part for index, part in enumerate(parts)]).sum(dim=0)
        write(home / "mix.wav", mix, RATE)
    return folder
