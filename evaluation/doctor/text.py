"""An examination as lines of text: a table for each system, what was found in full sentences."""

import textwrap
from collections.abc import Iterator

from .contract import Diagnosis, DoctorDocument, Health, Probe

_MARKS = {Health.PASS: "pass", Health.WARN: "WARN", Health.FAIL: "FAIL", Health.NOT_RUN: "not run"}


def lines(found: DoctorDocument, width: int) -> Iterator[str]:
    """The tables of all systems, then how many passed where there are several."""
    for at, one in enumerate(found.systems):
        if at:
            yield ""
        yield from _system(one, max(width, 60))
    if len(found.systems) > 1:
        counts = [
            f"{sum(one.verdict is verdict for one in found.systems)} {verdict.value}"
            for verdict in Health
        ]
        yield ""
        yield f"{len(found.systems)} systems: {', '.join(counts)}"


def _system(one: Diagnosis, width: int) -> Iterator[str]:
    counts: dict[Health, int] = dict.fromkeys(Health, 0)
    for probe in one.probes:
        counts[probe.verdict] += 1
    said = ", ".join(f"{many} {verdict.value}" for verdict, many in counts.items() if many)
    yield f"{one.system} ({one.kind}): {_MARKS[one.verdict]} ({said})"
    for probe in one.probes:
        name = probe.name.replace("_", " ")
        start = f"  {_MARKS[probe.verdict]:<8}{name:<18}{_figure(probe):>14}  "
        rows = textwrap.wrap(probe.note, max(width - len(start), 20)) or [""]
        yield (start + rows[0]).rstrip()
        for row in rows[1:]:
            yield " " * len(start) + row


def _figure(probe: Probe) -> str:
    if probe.value is None:
        return ""
    if probe.unit == "sign":
        return f"{probe.value:+.0f}"
    if probe.unit == "of the peak":
        return f"{probe.value:.1e}"
    number = f"{probe.value:+.2f}" if probe.unit == "samples" else f"{probe.value:.1f}"
    return f"{number} {probe.unit}"
