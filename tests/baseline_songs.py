"""Songs for the tests of baselines (synthetic), and the way from a kind's name to its output."""

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from earmark.models.audio.loudness import integrated_loudness
from earmark.models.effects import Band, equalise, limit
from earmark.models.systems import (
    anchors,
    loudness_baselines,
    multiband_compressor,
    reference_matching,
    stem_mixing,
)
from earmark.models.systems.contract import KINDS, Material, Notes, System

Array = NDArray[np.float64]
RATE = 44100
MODULES = (anchors, loudness_baselines, reference_matching, stem_mixing, multiband_compressor)


def tensor(audio: Array) -> Tensor:
    return torch.from_numpy(audio.astype(np.float32))


def music(rate: int = RATE, seconds: float = 5.0, seed: int = 0) -> Tensor:
    """A synthetic mix: kick, chord, hi-hat and a noise floor, about -18 LUFS."""
    random = np.random.default_rng(seed)
    t = np.arange(int(rate * seconds)) / rate
    hats = equalise(random.standard_normal((2, len(t))), rate, [Band("high_pass", 3000.0)])
    floor = equalise(random.standard_normal((2, len(t))), rate, [Band("low_pass", 3000.0)])
    chord = sum(np.sin(2 * np.pi * f * t + f) for f in (220.0, 277.2, 329.6, 660.0))
    kick = np.exp(-12 * ((2 * t) % 1)) * np.sin(2 * np.pi * 60.0 * t)
    return tensor(
        0.3 * kick
        + 0.05 * chord * (1 + 0.5 * np.sin(2 * np.pi * 0.5 * t))
        + 0.15 * np.exp(-20 * ((4 * t) % 1)) * hats
        + 0.05 * floor
    )


def mastered(mix: Tensor, rate: int = RATE) -> Tensor:
    """A synthetic reference: brighter, fuller, louder than the mix."""
    bands = [Band("low_shelf", 100.0, 2.0), Band("high_shelf", 6000.0, 4.0)]
    return tensor(limit(equalise(mix, rate, bands), rate, drive_db=6.0))


def built(name: str, **options: Any) -> System:
    entry = KINDS[name]
    return entry.build(entry.options(**options))


def rendered(system: System, material: Material) -> tuple[Tensor, dict[str, Any]]:
    assert isinstance(system, Notes)
    state = system.prepare(material, {})
    return system.render(material.audio, state), dict(system.notes(state))


def lufs(audio: Tensor, rate: int = RATE) -> float:
    return float(integrated_loudness(audio, rate))


def gain_db(out: Tensor, source: Tensor) -> float:
    """The one gain between two signals; fails if it is not one gain."""
    factor = float((out.double() * source).sum() / source.double().square().sum())
    torch.testing.assert_close(out, source * factor, rtol=1e-5, atol=1e-7)
    return 20 * math.log10(factor)
