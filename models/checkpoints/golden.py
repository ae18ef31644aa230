"""The golden pair of a checkpoint: a little noise, and what the network made of it when saved."""

import functools
from pathlib import Path

import torch
from torch import Tensor

from ..errors import UserError
from ..rendering.runner import run
from ..systems.contract import Material
from .network_system import NetworkSystem, controls_of
from .weights import read_safetensors

GOLDEN = "golden.safetensors"
GOLDEN_SECONDS = 0.1


def verify(system: NetworkSystem, folder: Path, tolerance: float) -> float:
    """Render the golden input and compare; the largest difference.

    Raises:
        UserError: if it is larger than ``tolerance``.
    """
    golden = read_safetensors(folder / GOLDEN)
    if set(golden) != {"input", "output"} or golden["input"].ndim not in (2, 3):
        raise UserError(f"{folder / GOLDEN}: must hold 'input' and 'output'")
    out = golden_output(system, golden["input"])
    wanted = golden["output"]
    difference = float((out - wanted).abs().max()) if out.shape == wanted.shape else float("inf")
    if not difference <= tolerance:
        raise UserError(
            f"{folder}: the golden pair does not come out again: it differs by {difference:.2g}, "
            f"allowed are {tolerance:g}; the code or the weights have changed"
        )
    return difference


@functools.cache
def golden_input(channels: int, sample_rate: int) -> Tensor:
    """A seeded excitation at about -18 dBFS that decays: loud, soft and all frequencies."""
    samples = round(GOLDEN_SECONDS * sample_rate)
    noise = torch.randn(channels, samples, generator=torch.Generator().manual_seed(0))
    return noise * torch.logspace(-0.5, -2.5, samples)


def golden_output(system: NetworkSystem, audio: Tensor) -> Tensor:
    """What comes out of the golden input, which is too short to have a loudness: no gain."""
    controls = {name: known.default for name, known in controls_of(system.card).items()}
    return run(system, Material(audio, system.card.sample_rate), controls).audio
