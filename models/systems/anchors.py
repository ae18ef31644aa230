"""Anchors: systems that are worse by design, so that a scale has a known low end.

The low-pass anchors are those of ITU-R BS.1534-3 (MUSHRA): the pass band within 0.1 dB, 25 dB down
at 4 kHz and 50 dB at 4.5 kHz for the low anchor of 3.5 kHz; the mask of the 7 kHz anchor is the
same at twice the frequencies. They have linear phase and no delay. Over-limiting and
over-brightening are what masters are blamed for most often.
"""

from functools import partial
from typing import Annotated

from pydantic import Field

from ..effects import Band, Limiter, convolve, equalise, low_pass_fir, measured
from .contract import Material, NoOptions, Options, System, kind
from .loudness_baselines import (
    UNDEFINED,
    Array,
    Baseline,
    Ceiling,
    GainPlan,
    Lufs,
    limited_plan,
    lufs,
    samples,
)


@kind("lowpass_3500", NoOptions, role="anchor")
def lowpass_3500(options: NoOptions) -> System:
    """The low anchor of BS.1534: the mix without what lies above 3.5 kHz."""
    return Baseline("lowpass_3500", options, partial(_plan_lowpass, pass_hz=3500.0))


@kind("lowpass_7000", NoOptions, role="anchor")
def lowpass_7000(options: NoOptions) -> System:
    """The mid anchor of BS.1534: the mix without what lies above 7 kHz."""
    return Baseline("lowpass_7000", options, partial(_plan_lowpass, pass_hz=7000.0))


class OverlimitedOptions(Options):
    """``target``: LUFS before the ``drive`` in dB; ``ceiling`` in dBTP."""

    target: Lufs = -14.0
    drive: Annotated[float, Field(ge=0.0, le=40.0)] = 12.0
    ceiling: Ceiling = -1.0


@kind("overlimited", OverlimitedOptions, role="anchor")
def overlimited(options: OverlimitedOptions) -> System:
    """The mix at -14 LUFS, driven 12 dB further into the limiter; pumping and dense."""
    return Baseline("overlimited", options, _plan_overlimited)


class OverbrightOptions(Options):
    """A high shelf: ``gain`` in dB, ``frequency`` of its midpoint in Hz."""

    gain: Annotated[float, Field(gt=0.0, le=24.0)] = 12.0
    frequency: Annotated[float, Field(ge=1000.0, le=10000.0)] = 5000.0


@kind("overbright", OverbrightOptions, role="anchor")
def overbright(options: OverbrightOptions) -> System:
    """The mix through a high shelf of +12 dB at 5 kHz; its level is left as it comes."""
    return Baseline("overbright", options, _plan_overbright)


def _plan_lowpass(material: Material, options: NoOptions, pass_hz: float) -> GainPlan:
    if pass_hz >= material.sample_rate / 2:
        return GainPlan(_same, {"note": f"nothing lies above {pass_hz:g} Hz at this sample rate"})
    fir = low_pass_fir(pass_hz, pass_hz * 8.0 / 7.0, material.sample_rate)
    return GainPlan(partial(convolve, fir=fir))


def _plan_overlimited(material: Material, options: OverlimitedOptions) -> GainPlan:
    source = measured(
        samples(material.audio), material.sample_rate, Limiter(ceiling_dbtp=options.ceiling)
    )
    before = lufs(source.audio, source.sample_rate)
    if before is None:
        return limited_plan(source, options.drive, {"note": UNDEFINED + " before the drive"})
    drive_db = options.target - before + options.drive
    return limited_plan(source, drive_db, {"input_lufs": before})


def _plan_overbright(material: Material, options: OverbrightOptions) -> GainPlan:
    if options.frequency >= material.sample_rate / 2:
        note = f"no shelf at {options.frequency:g} Hz at this sample rate: unchanged"
        return GainPlan(_same, {"note": note})
    band = Band("high_shelf", options.frequency, options.gain)
    return GainPlan(partial(equalise, sample_rate=material.sample_rate, bands=[band]))


def _same(audio: Array) -> Array:
    return audio
