"""A mixing console: one channel strip per stem, its settings as JSON that people can read and edit.

    stem, folded to mono -> polarity -> equaliser -> compressor -> gain -> constant-power pan
    -> dry gain + reverb of the panned source's mono -> added up, stereo

Kind ``console`` renders a song's stems by a file of settings: those that a network predicted, which
every render of such a network keeps beside its audio, or that a person changed or wrote.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, field_validator
from torch import Tensor

from .baselines_mix import pan_gains
from .configuration import Strict, YamlPath, read_yaml, validate
from .effects.compressor import Compressor, compress
from .effects.equalizer import Band, equalise
from .effects.reverb import LONGEST_SECONDS, reverberate
from .errors import UserError
from .systems import Material, Options, Spec, System, kind

Array = NDArray[np.float64]
FORMAT: Literal[1] = 1


class BandCard(Strict):
    """A band of a strip's equaliser."""

    kind: Literal["peak", "low_shelf", "high_shelf"]
    frequency_hz: Annotated[float, Field(gt=0, le=96_000)]
    gain_db: Annotated[float, Field(ge=-48, le=48)] = 0.0
    q: Annotated[float, Field(gt=0, le=100)] = 0.707


class CompressorCard(Strict):
    """A strip's compressor: levels in dB, times in milliseconds."""

    threshold_db: Annotated[float, Field(ge=-160, le=60)] = 0.0
    ratio: Annotated[float, Field(ge=1, le=100)] = 2.0
    attack_ms: Annotated[float, Field(ge=0, le=1000)] = 10.0
    release_ms: Annotated[float, Field(ge=0, le=10_000)] = 100.0
    knee_db: Annotated[float, Field(ge=0, le=48)] = 6.0
    makeup_db: Annotated[float, Field(ge=-48, le=48)] = 0.0


class ReverbCard(Strict):
    """A strip's reverb; ``room`` is 0 (small, bright) to 1 (large, dark), gains are linear."""

    room: Annotated[float, Field(ge=0, le=1)] = 0.0
    decay_seconds: Annotated[float, Field(gt=0, le=LONGEST_SECONDS)] = 0.5
    dry: Annotated[float, Field(ge=0, le=4)] = 1.0
    wet: Annotated[float, Field(ge=0, le=4)] = 0.0


class StripCard(Strict):
    """A channel strip; ``pan`` is -1 (left) to 1 (right), and parts left out do nothing."""

    name: str = ""
    gain_db: Annotated[float, Field(ge=-120, le=120)] = 0.0
    pan: Annotated[float, Field(ge=-1, le=1)] = 0.0
    inverted: bool = False
    eq: tuple[BandCard, ...] = ()
    compressor: CompressorCard | None = None
    reverb: ReverbCard | None = None


class ConsoleCard(Strict):
    """The settings of a song: one strip per stem."""

    format: Literal[1] = FORMAT
    stems: Annotated[tuple[StripCard, ...], Field(min_length=1)]


def mix(stems: Tensor, sample_rate: int, settings: ConsoleCard) -> Tensor:
    """``(stems, channels, samples)`` through their strips, added up: float32 ``(2, samples)``."""
    total = np.zeros((2, stems.shape[-1]))
    for stem, strip in zip(stems, settings.stems, strict=True):
        total += channel(stem.double().mean(dim=0).numpy(), sample_rate, strip)
    return torch.from_numpy(total.astype(np.float32))


def channel(mono: Array, sample_rate: int, strip: StripCard) -> Array:
    """One stem ``(samples,)`` through its strip, float64 ``(2, samples)``."""
    x = -mono if strip.inverted else mono
    bands = [Band(b.kind, b.frequency_hz, b.gain_db, b.q) for b in strip.eq]
    highest = max((band.frequency for band in bands), default=0.0)
    if highest >= sample_rate / 2:
        raise UserError(
            f"stem {strip.name!r}: a band at {highest:g} Hz does not exist at {sample_rate} Hz; "
            "give the console the sample_rate that its settings were made for"
        )
    x = equalise(x, sample_rate, bands)
    if strip.compressor is not None:
        x = compress(x[None], sample_rate, Compressor(**strip.compressor.model_dump()))[0]
    x = x * 10 ** (strip.gain_db / 20)
    panned = np.array(pan_gains(strip.pan))[:, None] * x
    if strip.reverb is None:
        return panned
    room = strip.reverb
    wet = reverberate(x, sample_rate, room.room, room.decay_seconds) if room.wet else 0.0
    return np.asarray(room.dry * panned + room.wet * wet)


def write_settings(path: Path, settings: ConsoleCard) -> None:
    """Write settings as JSON, to be edited and rendered again by kind ``console``.

    Raises:
        UserError: if the file cannot be written.
    """
    text = json.dumps(settings.model_dump(mode="json"), indent=2, ensure_ascii=False)
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror})") from None


def read_settings(path: Path) -> ConsoleCard:
    """Settings from a file of their own, or from the record beside a render of a network.

    Raises:
        UserError: one line ``file:line: ...`` for each mistake.
    """
    data, lines = read_yaml(path)  # JSON is YAML, and the lines of mistakes come with it
    at: tuple[str, ...] = ()
    if isinstance(data, dict) and "notes" in data:
        data, at = (data["notes"] or {}).get("console"), ("notes", "console")
        if data is None:
            raise UserError(f"{path}: the record of a render whose system had no console")
    return validate(data, ConsoleCard, lines, at)


class ConsoleOptions(Options):
    """``settings``: a JSON file, or a folder with one named after each song, ``<song id>.json``.

    ``sample_rate`` is what the strips run at, that of the song where it is left out.
    """

    settings: YamlPath
    sample_rate: Annotated[int, Field(ge=8000, le=192_000)] | None = None

    @field_validator("settings")
    @classmethod
    def _there(cls, value: Path) -> Path:
        if not value.exists():
            raise ValueError(f"no such file or folder: {value}")
        return value


@dataclass(frozen=True)
class ConsoleState:
    """The settings of a song, its strips in the order of the stems."""

    settings: ConsoleCard
    sample_rate: int


class Console:
    """Renders stems by settings on disk."""

    def __init__(self, settings: Path, sample_rate: int | None) -> None:
        self._settings = settings
        self._spec = Spec("console", "console", sample_rate=sample_rate, input="stems")

    @property
    def spec(self) -> Spec:
        """What the runner must know."""
        return self._spec

    def prepare(self, material: Material, controls: Mapping[str, float]) -> ConsoleState:
        """The song's settings."""
        path = self._settings
        if path.is_dir():
            path = path / f"{material.label}.json"
        settings = in_order(read_settings(path), material, str(path))
        return ConsoleState(settings, material.sample_rate)

    def render(self, block: Tensor, state: ConsoleState) -> Tensor:
        """``(stems, channels, samples)`` to ``(2, samples)``."""
        return mix(block, state.sample_rate, state.settings)

    def notes(self, state: ConsoleState) -> dict[str, Any]:
        """The settings as they were used."""
        return {"console": state.settings.model_dump(mode="json")}


def in_order(settings: ConsoleCard, material: Material, origin: str) -> ConsoleCard:
    """The strips in the order of the song's stems: by name where all are named, else as they are.

    Raises:
        UserError: if there are not as many as stems, or a stem has none of its name.
    """
    stems, strips = material.audio.shape[0], settings.stems
    if len(strips) != stems:
        raise UserError(
            f"{origin}: has settings for {len(strips)} stems, and song {material.label!r} has "
            f"{stems}; give each stem one"
        )
    if not material.stems or not all(strip.name for strip in strips):
        return settings
    by_name = {strip.name: strip for strip in strips}
    missing = [name for name in material.stems if name not in by_name]
    if missing:
        raise UserError(
            f"{origin}: no settings for stem {missing[0]!r} of song {material.label!r}; it has "
            f"{', '.join(sorted(by_name))}"
        )
    return settings.model_copy(update={"stems": tuple(by_name[n] for n in material.stems)})


def named(strips: Sequence[StripCard], material: Material) -> ConsoleCard:
    """The settings of a song, each strip called as its stem is, or by its number."""
    names = material.stems or tuple(f"stem {n}" for n in range(1, len(strips) + 1))
    return ConsoleCard(
        stems=tuple(
            strip.model_copy(update={"name": name})
            for strip, name in zip(strips, names, strict=True)
        )
    )


def raised(settings: ConsoleCard, gain_db: float) -> ConsoleCard:
    """Settings that make of stems what ``settings`` make of the same stems ``gain_db`` louder.

    The equaliser and the reverb do not mind the level, the compressor's threshold does.
    """
    return settings.model_copy(update={"stems": tuple(_raised(s, gain_db) for s in settings.stems)})


def _raised(strip: StripCard, gain_db: float) -> StripCard:
    changed: dict[str, Any] = {"gain_db": round(strip.gain_db + gain_db, 5)}
    if strip.compressor is not None:
        threshold = round(strip.compressor.threshold_db - gain_db, 5)
        changed["compressor"] = strip.compressor.model_copy(update={"threshold_db": threshold})
    return strip.model_copy(update=changed)


@kind("console", ConsoleOptions, input="stems")
def build_console(options: ConsoleOptions) -> System:
    """Channel strips set by a file: predicted settings, edited and rendered again."""
    return Console(options.settings, options.sample_rate)
