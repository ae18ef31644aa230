"""Checklists of delivery as rows of text: what was asked, what was measured, the verdict."""

from collections.abc import Iterable, Iterator, Sequence

from ...evaluation.delivery.checklist import Checklist, DeliveryVerdict, LimitCheck
from .numbers import NONE, fixed

_DIFFERENCES = {"LUFS": "LU", "dBTP": "dB", "dBFS": "dB"}
HEADER = ("of", "profile", "check", "value", "asked", "verdict")


def delivery_rows(named: Iterable[tuple[str, Sequence[Checklist]]]) -> Iterator[tuple[str, ...]]:
    """A row under :data:`HEADER` for each check, and one for the gain on playback.

    ``named`` are the checklists of each file by its name.
    """
    for name, checklists in named:
        for one in checklists:
            for check in one.checks:
                yield (name, one.profile.name, *_cells(check))
            if one.profile.playback is not None:
                gain = NONE if one.gain_db is None else f"{fixed(one.gain_db, 1, signed=True)} dB"
                yield (name, one.profile.name, "gain on playback", gain, "", "")


def sources(checklists: Iterable[Checklist]) -> list[str]:
    """A line for each profile: its title, edition, source, and when it was read."""
    profiles = {one.profile.name: one.profile for one in checklists}
    return [
        f"{name}: {', '.join(filter(None, (one.title, one.edition)))}; "
        f"{one.source}, read {one.read_on.isoformat()}"
        for name, one in profiles.items()
    ]


def verdict_words(check: LimitCheck) -> str:
    """The verdict, by how much a value is outside, or why there is none."""
    if check.judgement is DeliveryVerdict.OUTSIDE:
        # What is outside by less than is printed must not read as outside by nothing.
        beyond = fixed(check.beyond, 2) if check.beyond >= 0.005 else "less than 0.01"
        unit = _DIFFERENCES.get(check.measured.unit, check.measured.unit)
        return f"outside by {beyond} {unit}".rstrip()
    if check.judgement is DeliveryVerdict.NOT_MEASURED:
        return f"not measured ({check.measured.reason})"
    return str(check.judgement)


def _cells(check: LimitCheck) -> tuple[str, str, str, str]:
    value, unit = check.measured.value, check.measured.unit
    shown = NONE if value is None else f"{fixed(value, 2)} {unit}".rstrip()
    return check.metric, shown, check.asked.replace("-", "−") or NONE, verdict_words(check)
