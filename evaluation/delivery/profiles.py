"""Delivery profiles: the limits of a platform or standard, each with its source, from YAML files.

Those that ship are in ``profiles.yaml`` beside this module; a file of a user has the same form.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from ...models.configuration import Strict, load_yaml
from ...models.errors import UserError
from ..metrics import METRICS

SHIPPED = Path(__file__).with_name("profiles.yaml")
_SUFFIXES = (".yaml", ".yml")
ALWAYS_CHECKED = ("lufs_integrated", "true_peak_dbtp")
"""Metrics that stand in every checklist, also where a profile sets no limit to them."""


class DeliveryLimit(Strict):
    """What one metric may be: of each file, or with ``of: album`` of all files together.

    ``says`` are the words of the source.
    """

    metric: str
    at_least: float | None = None
    at_most: float | None = None
    of: Literal["track", "album"] = "track"
    says: str = ""

    @model_validator(mode="after")
    def _limits_something(self) -> "DeliveryLimit":
        low, high = self.at_least, self.at_most
        if low is None and high is None:
            raise ValueError("give at_least, at_most or both")
        if low is not None and high is not None and low > high:
            raise ValueError(f"at_least {low:g} is above at_most {high:g}")
        known = METRICS.get(self.metric)
        if known is None or known.needs != "audio":
            raise ValueError(
                f"{self.metric!r} is no metric of audio alone; 'earmark list metrics' has them"
            )
        return self


class Playback(Strict):
    """How a service turns a master on playback: to ``target_lufs``, down only unless ``raises``.

    With ``headroom_db`` it is raised so far only that this much is left above its true peak.
    """

    target_lufs: float
    raises: bool = False
    headroom_db: Annotated[float, Field(ge=0)] | None = None

    def gain_db(self, lufs: float, true_peak_dbtp: float) -> float:
        """The gain for a master of this loudness and true peak."""
        gain = self.target_lufs - lufs
        if gain <= 0:
            return gain
        if not self.raises:
            return 0.0
        if self.headroom_db is None:
            return gain
        return max(0.0, min(gain, -self.headroom_db - true_peak_dbtp))


class Profile(Strict):
    """What one platform or standard asks, where that was read, and when."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")]
    title: str
    source: Annotated[str, Field(min_length=1)]
    read_on: date
    edition: str = ""
    playback: Playback | None = None
    limits: tuple[DeliveryLimit, ...] = ()

    @model_validator(mode="after")
    def _says_something(self) -> "Profile":
        if not self.limits and self.playback is None:
            raise ValueError("give limits, playback or both")
        return self

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that its checklist needs, each once."""
        return tuple(dict.fromkeys([*ALWAYS_CHECKED, *(one.metric for one in self.limits)]))


class ProfileFile(Strict):
    """A file of profiles."""

    earmark_profiles: Literal[1]
    profiles: tuple[Profile, ...]

    @model_validator(mode="after")
    def _names_differ(self) -> "ProfileFile":
        if not self.profiles:
            raise ValueError("there is no profile in it")
        names = [one.name for one in self.profiles]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice:
            raise ValueError(f"two profiles are named {twice!r}; rename one")
        return self


def shipped_profiles() -> tuple[Profile, ...]:
    """The profiles that ship."""
    return load_yaml(SHIPPED, ProfileFile).profiles


def choose_profiles(wanted: Sequence[str]) -> tuple[Profile, ...]:
    """Profiles by name, and all of each file that ends in ``.yaml`` or ``.yml``, each once.

    Raises:
        UserError: for an unknown name, a file that is not as it should be, or two of one name.
    """
    known = {one.name: one for one in shipped_profiles()}
    found: dict[str, Profile] = {}
    for asked in wanted:
        if asked.endswith(_SUFFIXES):
            chosen = load_yaml(Path(asked), ProfileFile).profiles
        elif asked in known:
            chosen = (known[asked],)
        else:
            raise UserError(
                f"unknown profile {asked!r}; choose from {', '.join(known)}, or name a file "
                "of profiles (.yaml)"
            )
        for one in chosen:
            if found.setdefault(one.name, one) != one:
                raise UserError(f"{asked}: a profile is named {one.name!r} already; rename it")
    return tuple(found.values())
