"""Tracks that an effect is put on as they are read: filters, the channel strip, degradations.

A crop is read with so much audio before it that what the effect remembers has settled, and cut
afterwards: it equals the same samples of the whole track through the effect.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from ..audio.files import match_channels
from ..content_key import content_key
from ..effects.channel_strip import KNOBS, knobs_of, memory_seconds, through_strip
from ..effects.compressor import Compressor, compress
from ..effects.equalizer import Band, equalise
from .items import AudioParts, DataRequest, TrainingItem, seeded, uniform
from .section import Degraded, Filters, Strip
from .tracks import Track, cut, identities, middle, place, start_of

Array = NDArray[np.float64]
VERSION = 1
# Of each of the five bands of a degradation, in Hz; drawn within.
_BANDS: tuple[tuple[str, float, float], ...] = (
    ("low_shelf", 60, 250),
    ("peak", 150, 600),
    ("peak", 600, 2500),
    ("peak", 2500, 6000),
    ("high_shelf", 4000, 12_000),
)


@dataclass(frozen=True)
class Processed:
    """What an effect made of ``(channels, samples)``: the network's input, its target, controls."""

    input: Array
    target: Array
    controls: tuple[float, ...] = ()


class Process(Protocol):
    """An effect with random settings; ``seconds`` is how long it remembers."""

    @property
    def seconds(self) -> float:
        """See the class."""
        ...

    def __call__(self, audio: Array, sample_rate: int, generator: Generator) -> Processed:
        """Draw settings and apply them."""


@dataclass(frozen=True)
class ProcessedDataset:
    """Crops of tracks through a process; ``gains`` are those before the network, by track."""

    training: tuple[Track, ...]
    validation: tuple[Track, ...]
    process: Process
    request: DataRequest
    summary: str
    gains: Mapping[str, float]

    @property
    def key(self) -> str:
        """The content of the tracks and the process."""
        paths = [[track.path for track in part] for part in (self.training, self.validation)]
        return content_key("processed", VERSION, paths, repr(self.process))

    @property
    def audio(self) -> AudioParts:
        """Of the training and of the validation."""
        return identities(self.training, self.validation)

    @property
    def seconds(self) -> float:
        """The audio to train on."""
        return sum(track.seconds for track in self.training)

    @property
    def validation_items(self) -> int:
        """One of each song."""
        return len(self.validation)

    def item(self, generator: Generator) -> TrainingItem:
        """A crop of a track drawn by its length."""
        index, position = place([track.seconds for track in self.training], generator)
        return self._made(self.training[index], self.request, position, generator)

    def held_out(self, index: int) -> TrainingItem:
        """The middle of a validation track, with settings that are its own."""
        track = self.validation[index]
        return self._made(track, middle(self.request, track.seconds), 0.5, seeded(index))

    def _made(
        self, track: Track, request: DataRequest, position: float, generator: Generator
    ) -> TrainingItem:
        lead = request.left + round(self.process.seconds * request.sample_rate)
        start = start_of(track, request, position)
        audio = cut(track, start, lead, lead + request.samples + request.right, request)
        made = self.process(audio.double().numpy(), request.sample_rate, generator)
        gain = self.gains.get(str(track.path), 1.0)
        heard = gain * _float(made.input[:, lead - request.left :])
        target = _float(made.target[:, lead : lead + request.samples])
        controls = torch.tensor(made.controls) if made.controls else None
        return TrainingItem(
            match_channels(heard, request.channels),
            match_channels(target, request.channels),
            controls,
            gain,
        )


@dataclass(frozen=True)
class FilterProcess:
    """One filter per item; the target is the filtered track."""

    kinds: tuple[str, ...]
    frequency_hz: tuple[float, float]
    gain_db: tuple[float, float]
    q: tuple[float, float]
    seconds: float = 0.5

    def __call__(self, audio: Array, sample_rate: int, generator: Generator) -> Processed:
        """Frequencies and Qs are drawn evenly in their logarithm."""
        kind = self.kinds[int(uniform(generator, 0, len(self.kinds)))]
        low, high = self.frequency_hz
        frequency = low * (high / low) ** uniform(generator)
        gain = uniform(generator, *self.gain_db)
        q = self.q[0] * (self.q[1] / self.q[0]) ** uniform(generator)
        band = Band(kind, frequency, gain, q)  # type: ignore[arg-type]
        return Processed(audio, equalise(audio, sample_rate, [band]))


@dataclass(frozen=True)
class StripProcess:
    """The channel strip; ``controls`` are (name, low, high) in the order of the network."""

    effects: tuple[str, ...]
    shuffled: bool
    settings: tuple[tuple[str, float], ...]
    controls: tuple[tuple[str, float, float], ...]

    @property
    def seconds(self) -> float:
        """How long its effects remember at their slowest."""
        slowest = {name: high for name, _, high in self.controls}
        return memory_seconds(self.effects, dict(self.settings) | slowest)

    def __call__(self, audio: Array, sample_rate: int, generator: Generator) -> Processed:
        """Each control is drawn on its own scale."""
        values = tuple(
            KNOBS[name].drawn(uniform(generator), low, high) for name, low, high in self.controls
        )
        order = self.effects
        if self.shuffled:
            drawn = torch.randperm(len(order), generator=generator).tolist()
            order = tuple(order[index] for index in drawn)
        drawn_by_name = {
            name: value for (name, *_), value in zip(self.controls, values, strict=True)
        }
        settings = dict(self.settings) | drawn_by_name
        return Processed(audio, through_strip(audio, sample_rate, settings, order), values)


@dataclass(frozen=True)
class Degradation:
    """A good track made worse: EQ, compression, gain, noise; the target is the track as it was.

    Nothing that moves audio in time or pitch is among them: the pair would no longer be aligned.
    """

    eq_db: float
    gain_db: tuple[float, float] | None
    noise_db: tuple[float, float] | None
    compression: float
    seconds: float = 3.0

    def __call__(self, audio: Array, sample_rate: int, generator: Generator) -> Processed:
        """All is drawn evenly, frequencies in their logarithm."""
        worse = audio
        if self.eq_db:
            bands = [
                Band(
                    kind,  # type: ignore[arg-type]
                    min(low * (high / low) ** uniform(generator), 0.45 * sample_rate),
                    uniform(generator, -self.eq_db, self.eq_db),
                )
                for kind, low, high in _BANDS
            ]
            worse = equalise(worse, sample_rate, bands)
        if uniform(generator) < self.compression:
            peak = 20 * np.log10(max(float(np.abs(worse).max(initial=0.0)), 1e-6))
            settings = Compressor(
                threshold_db=peak - uniform(generator, 6, 24),
                ratio=uniform(generator, 1.5, 6),
                attack_ms=2 * 15 ** uniform(generator),
                release_ms=50 * 6 ** uniform(generator),
            )
            worse = compress(worse, sample_rate, settings)
        if self.gain_db is not None:
            worse = worse * 10 ** (uniform(generator, *self.gain_db) / 20)
        if self.noise_db is not None:
            level = np.sqrt(np.mean(worse**2)) * 10 ** (uniform(generator, *self.noise_db) / 20)
            noise = torch.randn(worse.shape, generator=generator, dtype=torch.float64).numpy()
            worse = worse + level * noise
        return Processed(worse, audio)


def filter_process(section: Filters) -> FilterProcess:
    """The process of a ``filters:`` section."""
    return FilterProcess(
        section.kinds,
        value_range(section.frequency_hz),
        value_range(section.gain_db),
        value_range(section.q),
    )


def strip_process(section: Strip, request: DataRequest) -> StripProcess:
    """The process of a ``strip:`` section; the controls are those that the network has."""
    known = knobs_of(section.effects)
    controls = tuple(
        (name, low, high) for name, (low, high, _) in request.controls.items() if name in known
    )
    fixed = tuple(sorted((n, v) for n, v in section.settings.items() if n not in request.controls))
    return StripProcess(section.effects, section.order == "random", fixed, controls)


def degradation(section: Degraded) -> Degradation:
    """The process of a ``degraded:`` section."""
    return Degradation(section.eq_db, section.gain_db, section.noise_db, section.compression)


def value_range(value: float | tuple[float, float]) -> tuple[float, float]:
    """Both ends of a range; of one number, the number twice."""
    return value if isinstance(value, tuple) else (value, value)


def _float(audio: Array) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(audio, dtype=np.float32))
