"""The multiband compressor as a baseline.

Three bands, split at 120 and 2500 Hz by Linkwitz-Riley filters of fourth order with a flat sum.
Each is compressed (knee 6 dB; attack and release 30 and 200, 10 and 120, 3 and 60 ms from low to
high) above a threshold relative to its own RMS level, so the result does not depend on the level
of the mix. The level is then set by gain alone; by default the mix's own loudness is kept.
"""

import math
from dataclasses import asdict
from functools import partial
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from ..effects import Compressor, compress, split_bands
from .contract import Material, Options, System, kind
from .loudness_baselines import (
    UNDEFINED,
    Array,
    Baseline,
    GainPlan,
    Lufs,
    level,
    lufs,
    samples,
    scaled,
    target_lufs,
)

CROSSOVERS_HZ = (120.0, 2500.0)

# Attack and release in ms, low to high: a band needs some periods of its lowest tone.
_BAND_TIMES_MS = ((30.0, 200.0), (10.0, 120.0), (3.0, 60.0))


class MultibandOptions(Options):
    """``threshold``: dB above each band's RMS; ``target``: LUFS, ``reference`` or ``input``."""

    threshold: Annotated[float, Field(ge=-30.0, le=30.0)] = 6.0
    ratio: Annotated[float, Field(ge=1.0, le=100.0)] = 2.0
    target: Lufs | Literal["reference", "input"] = "input"


@kind(
    "multiband",
    MultibandOptions,
    uses_reference=lambda options: options.target == "reference",
    role="baseline",
)
def multiband(options: MultibandOptions) -> System:
    """A three-band compressor; the mix's loudness is kept."""
    return Baseline("multiband", options, _plan_multiband)


def _plan_multiband(material: Material, options: MultibandOptions) -> GainPlan:
    audio, rate = samples(material.audio), material.sample_rate
    crossovers = [hertz for hertz in CROSSOVERS_HZ if hertz < 0.45 * rate]
    bands = split_bands(audio, rate, crossovers)
    settings = []
    notes: dict[str, Any] = {}
    for number, (band, times) in enumerate(zip(bands, _BAND_TIMES_MS, strict=False), start=1):
        rms = math.sqrt(float(np.mean(np.square(band))))
        threshold_db = 20.0 * math.log10(max(rms, 1e-10)) + options.threshold
        notes[f"band_{number}_threshold_dbfs"] = threshold_db
        settings.append(Compressor(threshold_db, options.ratio, *times))
    notes["band_compressors"] = [asdict(setting) for setting in settings]
    process = partial(
        _multiband, sample_rate=rate, crossovers=crossovers, settings=settings, gain_db=0.0
    )
    target = (
        lufs(audio, rate) if options.target == "input" else target_lufs(options.target, material)
    )
    gain_db, found = level(_summed(bands, rate, settings), rate, target)
    return GainPlan(partial(process, gain_db=gain_db), {**notes, **(found or {"note": UNDEFINED})})


def _summed(bands: Array, sample_rate: int, settings: list[Compressor]) -> Array:
    out = np.zeros(bands.shape[1:])
    for band, setting in zip(bands, settings, strict=True):
        out += compress(band, sample_rate, setting)
    return out


def _multiband(
    audio: Array,
    sample_rate: int,
    crossovers: list[float],
    settings: list[Compressor],
    gain_db: float,
) -> Array:
    bands = split_bands(audio, sample_rate, crossovers)
    return scaled(_summed(bands, sample_rate, settings), gain_db)
