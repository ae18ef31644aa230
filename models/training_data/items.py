"""What a training gets from its data: one item at a time, decided by a random generator alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Generator, Tensor

from ..audio.identity import AudioIdentity

AudioParts = tuple[tuple[AudioIdentity, ...], tuple[AudioIdentity, ...]]


@dataclass(frozen=True)
class TrainingItem:
    """One input with its target.

    ``audio`` is ``(channels, left + samples + right)``, or ``(stems, channels, ...)`` for a network
    that mixes; ``target`` is ``(channels, samples)``; ``controls`` are in their own units, in the
    order of the request, None where the network has none. ``gain`` is the linear gain that
    ``audio`` got to reach the loudness that the network expects.
    """

    audio: Tensor
    target: Tensor
    controls: Tensor | None = None
    gain: float = 1.0


@dataclass(frozen=True)
class DataRequest:
    """What a network wants: crops of ``samples`` with context, at its rate and channels.

    ``controls`` are its controls as (minimum, maximum, default), by name; ``stems`` says whether it
    mixes, ``most_stems`` how many it takes at most.
    """

    samples: int
    left: int
    right: int
    channels: int
    sample_rate: int
    input_lufs: float | None = None
    stems: bool = False
    most_stems: int | None = None
    controls: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Samples of an item's audio."""
        return self.left + self.samples + self.right


class Dataset(Protocol):
    """Items to train on, and others to validate on; picklable, for loader processes.

    ``key`` is the content of the data and of all that decides an item; ``summary`` says what it is
    and whether it is SIMULATED; ``seconds`` is the audio of one epoch; ``audio`` is what
    the files hold that it trains on, and those that it validates on.
    """

    @property
    def key(self) -> str:
        """See the class."""
        ...

    @property
    def summary(self) -> str:
        """See the class."""
        ...

    @property
    def seconds(self) -> float:
        """See the class."""
        ...

    @property
    def audio(self) -> AudioParts:
        """See the class."""
        ...

    @property
    def validation_items(self) -> int:
        """See the class."""
        ...

    def item(self, generator: Generator) -> TrainingItem:
        """A training item; the generator decides all that is random."""

    def held_out(self, index: int) -> TrainingItem:
        """The validation item ``index``: always the same, and of no song that is trained on."""


def unprocessed(item: TrainingItem, request: DataRequest) -> Tensor:
    """The item with no network: its input at its own level, stems added up, as ``target`` is."""
    audio = item.audio[..., request.left : item.audio.shape[-1] - request.right] / item.gain
    return audio.sum(dim=0) if audio.ndim == 3 else audio


def uniform(generator: Generator, low: float = 0.0, high: float = 1.0) -> float:
    """A number drawn evenly from a range."""
    return low + (high - low) * float(torch.rand((), generator=generator, dtype=torch.float64))


def seeded(*numbers: int) -> Generator:
    """A generator that depends on these numbers alone."""
    seed = 0
    for number in numbers:
        seed = (seed * 1_000_003 + number + 1) % (2**63 - 1)
    return torch.Generator().manual_seed(seed)
