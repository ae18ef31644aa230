"""What audio is, whatever file holds it: the sha256 of its decoded samples."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from .files import AudioInfo, read


@dataclass(frozen=True)
class AudioIdentity:
    """Equal for equal samples: a WAV and its FLAC, or a file with other tags, are the same audio.

    A cut, resampled, louder or lossily coded copy is other audio. ``sha256`` is that of the 32-bit
    floats, little-endian, one channel after the other.
    """

    samples: int
    channels: int
    sample_rate: int
    sha256: str

    def __str__(self) -> str:
        return f"{self.samples}x{self.channels}@{self.sample_rate}:{self.sha256}"

    @property
    def shape(self) -> tuple[int, int, int]:
        """What a header tells: two files of other shapes are not the same audio."""
        return self.samples, self.channels, self.sample_rate


def parse_identity(text: str) -> AudioIdentity:
    """What :meth:`AudioIdentity.__str__` wrote.

    Raises:
        ValueError: if it is not of that form.
    """
    shape, sha256 = text.split(":")
    samples, _, rest = shape.partition("x")
    channels, _, rate = rest.partition("@")
    if len(bytes.fromhex(sha256)) != 32:
        raise ValueError("a sha256 has 64 hex digits")
    return AudioIdentity(int(samples), int(channels), int(rate), sha256)


def identity_of(audio: Tensor, sample_rate: int) -> AudioIdentity:
    """The identity of ``(channels, samples)`` of 32-bit floats."""
    # Adding zero makes -0 and 0 one value, as they sound.
    data = np.ascontiguousarray(audio.numpy() + 0.0, dtype="<f4")
    channels, samples = data.shape
    return AudioIdentity(samples, channels, sample_rate, hashlib.sha256(data.tobytes()).hexdigest())


def file_identity(path: Path) -> AudioIdentity:
    """The identity of a file; all of it is read.

    Raises:
        UserError: if it cannot be read.
    """
    return identity_of(*read(path))


def shape_of(head: AudioInfo) -> tuple[int, int, int]:
    """The shape that a header tells, to be compared before anything is decoded."""
    return head.samples, head.channels, head.sample_rate
