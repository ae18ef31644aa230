"""A mixing console: one channel strip per stem, its settings as JSON that people can read and edit.

stem, folded to mono -> polarity -> equaliser -> compressor -> gain -> constant-power pan
-> dry gain + reverb of the panned source's mono -> added up, stereo
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from ..configuration import Strict, read_yaml, validate
from ..errors import UserError
from .compressor import Compressor, compress
from .equalizer import Band, equalise
from .reverb import LONGEST_SECONDS, reverberate

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


def named(strips: Sequence[StripCard], stems: Sequence[str]) -> ConsoleCard:
    """The settings of a song, each strip called as its stem is, or by its number."""
    names = stems or tuple(f"stem {n}" for n in range(1, len(strips) + 1))
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


def pan_gains(pan: float) -> tuple[float, float]:
    """Left and right gain of a mono source by the constant-power (sine-cosine) law.

    ``pan`` is -1 (left) to 1 (right); the centre gets -3.01 dB on each side.
    """
    angle = (pan + 1.0) * np.pi / 4.0
    return float(np.cos(angle)), float(np.sin(angle))
