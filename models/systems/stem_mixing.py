"""Baselines that mix stems: the mono sum, and gains and pans by chance.

They are the two that learned mixing systems are compared with (C. J. Steinmetz et al.,
"Automatic multitrack mixing with a differentiable mixing console of neural audio effects",
ICASSP 2021). Neither normalises anything: a sum is as loud as its stems make it, and overs are
kept. Give ``target`` to bring the sum to a loudness by gain alone.
"""

from functools import partial

import numpy as np

from ..content_key import content_key
from ..effects.console import pan_gains
from .contract import Material, Options, System, kind
from .loudness_baselines import (
    UNDEFINED,
    Array,
    Baseline,
    GainPlan,
    Target,
    level,
    samples,
    scaled,
    target_lufs,
)

GAIN_RANGE_DB = 12.0


class MixOptions(Options):
    """``target``: LUFS or ``reference``, reached by gain alone; without it the sum as it is."""

    target: Target | None = None


class RandomMixOptions(MixOptions):
    """``seed`` of the draws; the song's label is part of it, so songs differ."""

    seed: int = 0


def _follows_reference(options: MixOptions) -> bool:
    return options.target == "reference"


@kind("mono_sum", MixOptions, input="stems", uses_reference=_follows_reference, role="baseline")
def mono_sum(options: MixOptions) -> System:
    """The stems added at equal gain, in mono."""
    return Baseline("mono_sum", options, _plan_mono_sum)


@kind(
    "random_mix",
    RandomMixOptions,
    input="stems",
    uses_reference=_follows_reference,
    role="baseline",
)
def random_mix(options: RandomMixOptions) -> System:
    """The stems added with random gains (within 12 dB) and pans, seeded."""
    return Baseline("random_mix", options, _plan_random_mix)


def _plan_mono_sum(material: Material, options: MixOptions) -> GainPlan:
    channels = material.audio.shape[1]
    gains = np.ones((channels, material.audio.shape[0]))
    return _levelled(material, options, gains, {})


def _plan_random_mix(material: Material, options: RandomMixOptions) -> GainPlan:
    seed = int(content_key("random_mix", options.seed, material.label)[:16], 16)
    # One row a stem: what a stem draws does not depend on how many follow.
    draws = np.random.default_rng(seed).uniform(-1.0, 1.0, (material.audio.shape[0], 2))
    notes: dict[str, float | str] = {}
    columns = []
    for number, (loudness, pan) in enumerate(draws, start=1):
        gain_db = GAIN_RANGE_DB * float(loudness)
        if number <= len(material.stems):
            notes[f"stem_{number}_name"] = material.stems[number - 1]
        notes[f"stem_{number}_gain_db"] = gain_db
        notes[f"stem_{number}_pan"] = float(pan)
        columns.append(10.0 ** (gain_db / 20.0) * np.array(pan_gains(float(pan))))
    return _levelled(material, options, np.array(columns).T, notes)


def _levelled(
    material: Material, options: MixOptions, gains: Array, notes: dict[str, float | str]
) -> GainPlan:
    if options.target is None:
        return GainPlan(partial(_mixed, gains=gains, gain_db=0.0), notes)
    mix = _mixed(samples(material.audio), gains, 0.0)
    gain_db, found = level(mix, material.sample_rate, target_lufs(options.target, material))
    notes = {**notes, **(found or {"note": UNDEFINED})}
    return GainPlan(partial(_mixed, gains=gains, gain_db=gain_db), notes)


def _mixed(stems: Array, gains: Array, gain_db: float) -> Array:
    """``(stems, channels, samples)``, each folded to mono, by ``gains`` ``(outputs, stems)``."""
    return scaled(gains @ stems.mean(axis=1), gain_db)
