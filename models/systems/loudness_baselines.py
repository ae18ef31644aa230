"""Baselines of level: the mix as it is, at a loudness, and at a loudness under a true peak.

Every baseline is a :class:`GainPlan` made once per song by a function of the material and the
options: it says what is done to the audio (numpy float64) and what was found on the way. Spectral
baselines are in ``baselines_match``, mixes of stems in ``baselines_mix``, anchors in ``anchors``.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any, Generic, Literal, TypeVar

import numpy as np
import scipy.optimize
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from ..audio.loudness import integrated_loudness
from ..effects import Limiter, LimiterInput, limit, measured
from ..errors import UserError
from .contract import KINDS, Material, NoOptions, Options, Spec, System, kind

Array = NDArray[np.float64]
OptionsT = TypeVar("OptionsT", bound=Options)
Lufs = Annotated[float, Field(ge=-70.0, le=0.0)]
Target = Lufs | Literal["reference"]
Ceiling = Annotated[float, Field(ge=-20.0, le=0.0)]

UNDEFINED = "loudness undefined (silent, or shorter than 400 ms): level unchanged"
# What a limiter may be asked to take away; more is not a master but a waveform of its own.
MOST_REDUCTION_DB = 20.0
_TOLERANCE_DB = 0.02


@dataclass(frozen=True)
class GainPlan:
    """What a baseline does to one song, and the facts that its sidecar shall tell."""

    process: Callable[[Array], Array]
    notes: Mapping[str, Any] = field(default_factory=dict)


class Baseline(Generic[OptionsT]):
    """A system that is a plan per song; the same material and options give the same output."""

    def __init__(
        self, name: str, options: OptionsT, plan: Callable[[Material, OptionsT], GainPlan]
    ) -> None:
        registered = KINDS[name]
        uses = registered.uses_reference
        self.options = options
        self.spec = Spec(
            name=name,
            kind=name,
            version=registered.version,
            input=registered.input,
            uses_reference=uses(options) if callable(uses) else uses,
            role=registered.role,
            licence="MIT",
        )
        self._plan = plan

    def prepare(self, material: Material, controls: Mapping[str, float]) -> GainPlan:
        """Measure the song and decide.

        Raises:
            UserError: if the song lacks the reference or the stems that the system needs.
        """
        if self.spec.uses_reference and material.reference is None:
            raise UserError(f"{self.spec.name} needs a reference; song {material.label} has none")
        if self.spec.input == "stems" and material.audio.ndim != 3:
            raise UserError(f"{self.spec.name} needs stems; song {material.label} has none")
        return self._plan(material, self.options)

    def render(self, block: Tensor, state: GainPlan) -> Tensor:
        """The whole song in, the whole master out, float32."""
        audio = state.process(block.detach().cpu().double().numpy())
        return torch.from_numpy(np.ascontiguousarray(audio, dtype=np.float32))

    def notes(self, state: GainPlan) -> Mapping[str, Any]:
        """What the plan found, for the sidecar."""
        return state.notes


# ---- levels


def samples(audio: Tensor) -> Array:
    """Audio as the effects take it: numpy float64."""
    array: Array = audio.detach().cpu().double().numpy()
    return array


def lufs(audio: Array, sample_rate: int) -> float | None:
    """Integrated loudness of ``(channels, samples)``; None where it is undefined."""
    value = float(integrated_loudness(torch.from_numpy(audio.astype(np.float32)), sample_rate))
    return None if math.isnan(value) else value


def target_lufs(target: float | str, material: Material) -> float | None:
    """A loudness in LUFS, or the reference's; None where that is undefined."""
    if not isinstance(target, str):
        return target
    if material.reference is None:
        raise UserError(f"target 'reference' needs a reference; song {material.label} has none")
    return lufs(samples(material.reference), material.sample_rate)


def level(
    audio: Array, sample_rate: int, target: float | None
) -> tuple[float, dict[str, float | str]]:
    """The gain in dB that brings audio to a loudness, with what was measured.

    0 dB, and nothing measured, where either loudness is undefined.
    """
    before = lufs(audio, sample_rate)
    if before is None or target is None:
        return 0.0, {}
    gain_db, after = 0.0, before
    # Twice, because near -70 LUFS a gain lifts blocks over the absolute gate.
    for _ in range(2):
        gain_db += target - after
        after = lufs(audio * amplitude(gain_db), sample_rate) or after
        if abs(after - target) < 0.01:
            break
    return gain_db, {"input_lufs": before, "gain_db": gain_db, "achieved_lufs": after}


def amplitude(decibels: float) -> float:
    """A gain in dB as a factor."""
    return float(10.0 ** (decibels / 20.0))


def scaled(audio: Array, gain_db: float) -> Array:
    """``audio`` times a gain; the very same where the gain is 0 dB."""
    return audio if gain_db == 0.0 else audio * amplitude(gain_db)


def drive_for(source: LimiterInput, target: float, start: float) -> float:
    """The drive in dB at which limited audio reaches a loudness, to 0.02 LU where it can.

    ``start`` is the drive that would do without limiting. A limiter can only lower the loudness,
    and a dB of drive adds at most a LU, so the error of the drive bounds that of the loudness.
    Where the target cannot be reached, the drive that takes 20 dB off the highest peak.
    """

    def missing(drive_db: float) -> float:
        out = lufs(source.audio * source.gain(drive_db), source.sample_rate)
        return target if out is None else target - out

    most = max(start, MOST_REDUCTION_DB + source.settings.ceiling_dbtp - source.peak_dbtp)
    low, deficit = start, missing(start)
    while deficit > _TOLERANCE_DB:
        # The more is taken off, the less a dB of drive gives: twice the deficit, then more.
        high = min(low + 2.0 * deficit + 0.1, most)
        following = missing(high)
        if following <= 0.0:
            found: float = scipy.optimize.brentq(missing, low, high, xtol=_TOLERANCE_DB)
            return found
        if high >= most:
            return most
        low, deficit = high, following
    return low


# ---- kinds


@kind("unprocessed", NoOptions, role="baseline")
def unprocessed(options: NoOptions) -> System:
    """The mix as it is."""
    return Baseline("unprocessed", options, lambda material, options: GainPlan(_same))


class LoudnessOptions(Options):
    """``target``: LUFS, or ``reference`` for the loudness of the reference master."""

    target: Target = -14.0


def _follows_reference(options: LoudnessOptions) -> bool:
    return options.target == "reference"


@kind("loudness", LoudnessOptions, uses_reference=_follows_reference, role="baseline")
def loudness(options: LoudnessOptions) -> System:
    """The mix at a loudness, by gain alone; overs are kept."""
    return Baseline("loudness", options, _plan_loudness)


class LimiterOptions(LoudnessOptions):
    """``ceiling`` in dBTP; ``lookahead_ms`` and ``release_ms`` of the limiter."""

    ceiling: Ceiling = -1.0
    lookahead_ms: Annotated[float, Field(gt=0.0, le=50.0)] = 3.0
    release_ms: Annotated[float, Field(gt=0.0, le=5000.0)] = 100.0

    @property
    def settings(self) -> Limiter:
        """As the limiter takes them."""
        return Limiter(self.ceiling, self.lookahead_ms, self.release_ms)


@kind("limiter", LimiterOptions, uses_reference=_follows_reference, role="baseline")
def limiter(options: LimiterOptions) -> System:
    """The mix at a loudness under a true-peak ceiling, by a look-ahead limiter."""
    return Baseline("limiter", options, _plan_limiter)


def _same(audio: Array) -> Array:
    return audio


def _plan_loudness(material: Material, options: LoudnessOptions) -> GainPlan:
    gain_db, found = level(
        samples(material.audio), material.sample_rate, target_lufs(options.target, material)
    )
    return GainPlan(partial(scaled, gain_db=gain_db), found or {"note": UNDEFINED})


def _plan_limiter(material: Material, options: LimiterOptions) -> GainPlan:
    source = measured(samples(material.audio), material.sample_rate, options.settings)
    target = target_lufs(options.target, material)
    before = lufs(source.audio, source.sample_rate)
    if before is None or target is None:
        return limited_plan(source, 0.0, {"note": UNDEFINED})
    drive_db = drive_for(source, target, target - before)
    plan = limited_plan(source, drive_db, {"input_lufs": before, "target_lufs": target})
    achieved = plan.notes.get("achieved_lufs")
    if isinstance(achieved, float) and abs(achieved - target) > 0.1:
        return GainPlan(plan.process, {**plan.notes, "note": "the target loudness is out of reach"})
    return plan


def limited_plan(
    source: LimiterInput, drive_db: float, notes: Mapping[str, float | str]
) -> GainPlan:
    """Drive a song into the limiter it was measured for, and note what comes out."""
    out = source.limited(drive_db)
    achieved = lufs(out, source.sample_rate)
    found: dict[str, float | str] = {
        **notes,
        "drive_db": drive_db,
        "ceiling_dbtp": source.settings.ceiling_dbtp,
        "release_ms": source.settings.release_ms,
        "most_reduction_db": max(0.0, source.peak_dbtp + drive_db - source.settings.ceiling_dbtp),
    }
    if achieved is not None:
        found["achieved_lufs"] = achieved
    process = partial(
        _limited, sample_rate=source.sample_rate, settings=source.settings, drive_db=drive_db
    )
    return GainPlan(process, found)


def _limited(audio: Array, sample_rate: int, settings: Limiter, drive_db: float) -> Array:
    return limit(audio, sample_rate, settings, drive_db)
