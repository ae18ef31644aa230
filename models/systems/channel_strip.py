"""The channel strip as a system: the effect that effect models are measured against.

With the controls of a song it is the real thing, which a model of it can at best equal; with fixed
settings it is a baseline like any other chain.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Annotated

from pydantic import Field, model_validator

from ..effects.channel_strip import EFFECTS, check_effects, check_settings, knobs_of, through_strip
from ..errors import UserError
from .contract import Control, Material, Options, System, kind
from .loudness_baselines import Baseline, GainPlan


class StripOptions(Options):
    """``effects`` in their order; ``settings`` of their controls, all others at their defaults."""

    effects: Annotated[tuple[str, ...], Field(min_length=1)] = EFFECTS
    settings: dict[str, float] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _known(self) -> "StripOptions":
        try:
            check_effects(self.effects)
            check_settings(self.settings, self.effects)
        except UserError as error:
            raise ValueError(str(error)) from None
        return self


class StripSystem(Baseline[StripOptions]):
    """The strip; its controls are those of its effects, the settings their defaults."""

    def __init__(self, options: StripOptions) -> None:
        super().__init__("strip", options, lambda material, given: GainPlan(lambda audio: audio))
        controls = {
            name: Control(knob.minimum, knob.maximum, options.settings.get(name, knob.default))
            for name, knob in knobs_of(options.effects).items()
        }
        self.spec = replace(self.spec, controls=controls)

    def prepare(self, material: Material, controls: Mapping[str, float]) -> GainPlan:
        """The effects with the controls of this song."""
        process = partial(
            through_strip,
            sample_rate=material.sample_rate,
            settings=dict(controls),
            effects=self.options.effects,
        )
        return GainPlan(process, dict(controls))


@kind("strip", StripOptions, role="baseline")
def strip(options: StripOptions) -> System:
    """The channel strip: equalizer, compressor, reverb and limiter, by a song's controls."""
    return StripSystem(options)
