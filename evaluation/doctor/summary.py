"""Sums up what the checks of renders found: one line for each system and each sort of finding."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .contract import Health, Probe, worst
from .findings import badge, findings_of

_UNCHECKED = ("reference",)


@dataclass(frozen=True)
class SystemFinding:
    """What ``songs`` of the ``of`` checked renders of a system show; ``probe`` is the gravest."""

    system: str
    probe: Probe
    songs: int
    of: int

    @property
    def badge(self) -> str:
        """In a few words: ``polarity inverted (3 of 8 songs)``."""
        words = badge(self.probe)
        return words if self.songs == self.of else f"{words} ({self.songs} of {self.of} songs)"

    def __str__(self) -> str:
        many = f"{self.songs} of {self.of} songs"
        return f"system {self.system!r}, {many}: {self.probe.note}"


def findings(records: Iterable[tuple[str, Mapping[str, Any]]]) -> tuple[SystemFinding, ...]:
    """By system in the order given, failures first; ``records`` are (system, render's record).

    Human masters are not judged: what differs from the mix in them is meant. Renders made before
    there were checks do not count.
    """
    checked: dict[str, int] = {}
    found: dict[str, dict[str, list[Probe]]] = {}
    for system, record in records:
        probes = findings_of(record)
        if probes is None or (record.get("system") or {}).get("role") in _UNCHECKED:
            continue
        checked[system] = checked.get(system, 0) + 1
        for probe in (one for one in probes if one.found):
            found.setdefault(system, {}).setdefault(probe.name, []).append(probe)
    every = []
    for system, by_name in found.items():
        mine = [
            SystemFinding(system, _gravest(probes), len(probes), checked[system])
            for probes in by_name.values()
        ]
        every += sorted(mine, key=lambda one: one.probe.verdict is not Health.FAIL)
    return tuple(every)


def _gravest(probes: list[Probe]) -> Probe:
    gravest = worst([one.verdict for one in probes])
    same = [one for one in probes if one.verdict is gravest]
    return max(same, key=lambda one: abs(one.value or 0.0))
