"""The ``songs:`` section of a training file: which audio, and what is done to it."""

from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, Field, StrictInt, model_validator

from ..configuration import Strict, YamlPath
from ..effects.channel_strip import EFFECTS, check_effects, check_settings
from ..errors import UserError

Count = Annotated[StrictInt, Field(ge=1)]
Seed = Annotated[StrictInt, Field(ge=0, lt=2**31)]
Share = Annotated[float, Field(gt=0, lt=1)]
FilterKind = Literal["low_shelf", "high_shelf", "peak", "low_pass", "high_pass"]
ValueT = TypeVar("ValueT")


def _rising(value: ValueT) -> ValueT:
    if isinstance(value, tuple) and value[0] > value[1]:
        raise ValueError(f"a range begins with its lower end: [{value[1]:g}, {value[0]:g}]")
    return value


Rising = AfterValidator(_rising)
Decibels = Annotated[float, Field(ge=-60, le=60)]
Hertz = Annotated[float, Field(gt=0, le=192_000)]
NoiseLevel = Annotated[float, Field(ge=-150, le=20)]
Q = Annotated[float, Field(ge=0.05, le=100)]


class DemoSongs(Strict):
    """Songs that the project makes itself; training and validation differ in their seed."""

    seed: Seed
    validation_seed: Seed
    count: Count = 18
    validation_count: Count = 6
    seconds: Annotated[float, Field(ge=5, le=600)] = 12.0

    @model_validator(mode="after")
    def _apart(self) -> "DemoSongs":
        if self.seed == self.validation_seed:
            raise ValueError("validation_seed must differ from seed: validation is on other songs")
        return self


class _Source(Strict):
    """Audio of one's own below ``folder``, or ``demo`` songs."""

    folder: YamlPath | None = None
    demo: DemoSongs | None = None

    @model_validator(mode="after")
    def _one(self) -> "_Source":
        if (self.demo is None) == (self.folder is None):
            raise ValueError("give either demo, songs of our own, or folder, audio of yours")
        return self


class Degraded(_Source):
    """Good tracks made worse on the fly; the track itself is the target.

    ``eq_db`` is the largest gain of each of five bands; ``gain_db`` the range of a gain;
    ``noise_db`` the range of the level of white noise against that of the track; ``compression``
    the share of items that are compressed. Ranges in dB; null leaves one out.
    """

    eq_db: Annotated[float, Field(ge=0, le=24)] = 6.0
    gain_db: Annotated[tuple[Decibels, Decibels] | None, Rising] = (-12.0, 0.0)
    noise_db: Annotated[tuple[NoiseLevel, NoiseLevel] | None, Rising] = None
    compression: Annotated[float, Field(ge=0, le=1)] = 0.5


class Filters(_Source):
    """Tracks through one filter of ``kinds``, drawn for each item, or always the same.

    ``frequency_hz``, ``gain_db`` and ``q`` are ranges, or one number: the same for all items.
    """

    kinds: Annotated[tuple[FilterKind, ...], Field(min_length=1)]
    frequency_hz: Annotated[Hertz | tuple[Hertz, Hertz], Rising] = 500.0
    gain_db: Annotated[Decibels | tuple[Decibels, Decibels], Rising] = 10.0
    q: Annotated[Q | tuple[Q, Q], Rising] = 0.707


class Strip(_Source):
    """Tracks through the channel strip, its controls drawn for each item.

    What the network has as controls (``system.controls``) is drawn in their range and handed over;
    ``settings`` fixes others; what is in neither stands at its default. ``order: random`` draws the
    order of the effects too, which the network is not told.
    """

    effects: Annotated[tuple[str, ...], Field(min_length=1)] = EFFECTS
    order: Literal["fixed", "random"] = "fixed"
    settings: dict[str, float] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _known(self) -> "Strip":
        try:
            check_effects(self.effects)
            check_settings(self.settings, self.effects)
        except UserError as error:
            raise ValueError(str(error)) from None
        return self


class Stems(_Source):
    """Stems and what a console makes of them: the mix, or the reference master.

    ``scatter_db`` changes the level of each stem by up to so many dB before the network hears it.
    """

    target: Literal["mix", "reference"] = "mix"
    scatter_db: Annotated[float, Field(ge=0, le=24)] = 0.0


class Pairs(Strict):
    """Pairs of input and target on disk; ``controls`` are those that stand in the names."""

    path: YamlPath
    controls: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _once(self) -> "Pairs":
        twice = [name for name in self.controls if self.controls.count(name) > 1]
        if twice:
            raise ValueError(f"controls: {twice[0]!r} is named twice; a value in a name has one")
        return self


class TrainingSongs(Strict):
    """One of ``demo``, ``folder``, ``pairs``, ``degraded``, ``filters``, ``strip``, ``stems``.

    ``validation`` is the share of a folder's songs that is held out.
    """

    demo: DemoSongs | None = None
    folder: YamlPath | None = None
    pairs: Pairs | None = None
    degraded: Degraded | None = None
    filters: Filters | None = None
    strip: Strip | None = None
    stems: Stems | None = None
    validation: Share = 0.2

    @model_validator(mode="before")
    @classmethod
    def _one(cls, data: Any) -> Any:
        sources = [name for name in cls.model_fields if name != "validation"]
        if isinstance(data, dict):
            given = [name for name in sources if data.get(name) is not None]
            # An unknown key is told by name, and is likely the one that is missing.
            if len(given) != 1 and not set(data) - set(cls.model_fields):
                raise ValueError(f"give one of {', '.join(sources)}, not {len(given)} of them")
        return data

    @property
    def source(self) -> str:
        """The name of the one that is given."""
        return next(
            name
            for name in type(self).model_fields
            if name != "validation" and getattr(self, name) is not None
        )
