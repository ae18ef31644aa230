"""Holds measured values against a profile: within, outside, or not stated, for each of its checks.

A value is compared as it was measured, not as it is printed. Where a profile sets no limit to a
metric that every checklist shows, the verdict is *not stated*: the platform did not say it, or not
where it could be read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from .profiles import ALWAYS_CHECKED, DeliveryLimit, Profile

# Decimal limits have no exact binary value: a file at the limit is within.
_ROUNDING = 1e-9


class DeliveryVerdict(StrEnum):
    """What is said of one value against one limit."""

    WITHIN = "within"
    OUTSIDE = "outside"
    NOT_STATED = "not stated"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class MetricValue:
    """A value of a metric, or the reason why there is none."""

    value: float | None
    unit: str
    reason: str = ""


@dataclass(frozen=True)
class LimitCheck:
    """One line of a checklist; ``beyond`` is by how much a value is outside, 0 otherwise."""

    metric: str
    of: str
    measured: MetricValue
    limit: DeliveryLimit | None
    judgement: DeliveryVerdict
    beyond: float = 0.0

    @property
    def asked(self) -> str:
        """The limit in words; '' where there is none."""
        return "" if self.limit is None else in_words(self.limit, self.measured.unit)

    def as_json(self) -> dict[str, Any]:
        """The form that programs read."""
        limit = self.limit
        return {
            "metric": self.metric,
            "of": self.of,
            "value": self.measured.value,
            "unit": self.measured.unit,
            "reason": self.measured.reason or None,
            "at_least": None if limit is None else limit.at_least,
            "at_most": None if limit is None else limit.at_most,
            "verdict": str(self.judgement),
            "beyond": self.beyond,
        }


@dataclass(frozen=True)
class Checklist:
    """All checks of one profile on one file, or on an album.

    ``gain_db`` is what playback would apply; None where the profile does not say.
    """

    profile: Profile
    checks: tuple[LimitCheck, ...]
    gain_db: float | None

    @property
    def outside(self) -> tuple[LimitCheck, ...]:
        """The checks that it does not keep to."""
        return tuple(one for one in self.checks if one.judgement is DeliveryVerdict.OUTSIDE)

    def as_json(self) -> dict[str, Any]:
        """The form that programs read."""
        return {
            "profile": self.profile.name,
            "source": self.profile.source,
            "read_on": self.profile.read_on.isoformat(),
            "playback_gain_db": self.gain_db,
            "checks": [one.as_json() for one in self.checks],
        }


def checklist(
    profile: Profile, values: Mapping[str, MetricValue], *, album: bool = False
) -> Checklist:
    """The checks of a profile on the values of one file, or with ``album`` of a whole album.

    ``values`` has every metric of :attr:`Profile.metrics`.
    """
    of = "album" if album else "track"
    limits = [one for one in profile.limits if one.of == of]
    named = {one.metric for one in limits}
    checks = [_check(one.metric, of, values[one.metric], one) for one in limits]
    unlimited = [name for name in ALWAYS_CHECKED if name not in named]
    checks += [_check(name, of, values[name], None) for name in unlimited]
    places = {name: at for at, name in enumerate(profile.metrics)}
    checks.sort(key=lambda one: places[one.metric])
    return Checklist(profile, tuple(checks), _gain(profile, values))


def in_words(limit: DeliveryLimit, unit: str) -> str:
    """A limit such as ``-23.2 to -22.8 LUFS`` or ``at most -1 dBTP``."""
    low, high = limit.at_least, limit.at_most
    if low is not None and high is not None:
        words = f"{low:g} to {high:g}"
    else:
        words = f"at least {low:g}" if low is not None else f"at most {high:g}"
    return f"{words} {unit}".strip()


def _check(metric: str, of: str, measured: MetricValue, limit: DeliveryLimit | None) -> LimitCheck:
    if measured.value is None:
        return LimitCheck(metric, of, measured, limit, DeliveryVerdict.NOT_MEASURED)
    if limit is None:
        return LimitCheck(metric, of, measured, None, DeliveryVerdict.NOT_STATED)
    below = -1.0 if limit.at_least is None else limit.at_least - measured.value
    above = -1.0 if limit.at_most is None else measured.value - limit.at_most
    beyond = max(below, above)
    if beyond <= _ROUNDING:
        return LimitCheck(metric, of, measured, limit, DeliveryVerdict.WITHIN)
    return LimitCheck(metric, of, measured, limit, DeliveryVerdict.OUTSIDE, beyond)


def _gain(profile: Profile, values: Mapping[str, MetricValue]) -> float | None:
    lufs, peak = (values[name].value for name in ALWAYS_CHECKED)
    if profile.playback is None or lufs is None or peak is None:
        return None
    return profile.playback.gain_db(lufs, peak)


def counts(checks: Sequence[LimitCheck]) -> dict[DeliveryVerdict, int]:
    """How many checks have each judgement."""
    return {one: sum(check.judgement is one for check in checks) for one in DeliveryVerdict}
