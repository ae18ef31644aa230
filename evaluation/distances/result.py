"""What a comparison of two song sets gives: distances by channel, by song, and their table."""

from dataclasses import dataclass

import pandas as pd

from .extrapolation import Extrapolation
from .noise_floor import NoiseFloor

SCHEMA = 1


@dataclass(frozen=True)
class Wanted:
    """What to compute beside the Fréchet distance; ``seed`` draws subsets and halves."""

    channels: str = "lrms"
    per_song: bool = False
    infinity: bool = False
    kad: bool = False
    seed: int = 0


@dataclass(frozen=True)
class SongDistance:
    """One evaluated song against the whole reference; only songs of equal ``n`` can be ranked."""

    song: str
    n: int
    fad: float | None
    kad: float | None
    reason: str


@dataclass(frozen=True)
class ChannelDistance:
    """The distances of one channel; ``fad`` is None where ``reason`` says why."""

    channel: str
    dimensions: int
    n_reference: int
    n_evaluated: int
    fad: float | None
    reason: str
    noise_floor: NoiseFloor | None = None
    infinity: Extrapolation | None = None
    kad: float | None = None
    kad_bandwidth: float | None = None
    kad_noise_floor: NoiseFloor | None = None
    per_song: tuple[SongDistance, ...] = ()
    warnings: tuple[str, ...] = ()
    kad_warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Distances:
    """The result of a comparison; ``sha256`` is that of the embedding's weights."""

    reference: str
    evaluated: str
    songs_reference: int
    songs_evaluated: int
    embedding: str
    front_end: int
    sha256: str
    device: str
    seed: int
    channels: tuple[ChannelDistance, ...]
    warnings: tuple[str, ...]

    def frame(self) -> pd.DataFrame:
        """A row per channel: the distances with both n, the noise floor, why one is missing."""
        rows = [
            {
                "channel": one.channel,
                "fad": one.fad,
                "noise_floor": one.noise_floor and one.noise_floor.value,
                "fad_inf": one.infinity and one.infinity.value,
                "kad": one.kad,
                "n_reference": one.n_reference,
                "n_evaluated": one.n_evaluated,
                "reason": one.reason,
            }
            for one in self.channels
        ]
        return pd.DataFrame(rows)
