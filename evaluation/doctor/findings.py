"""What the check of a render found, as its record keeps it and as a badge says it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from pydantic import ValidationError

from .contract import Probe, probe_of

FINDINGS = "findings"
# What a finding is in a badge; the probes that are not here are told by their notes alone.
_BADGES = {
    "polarity": "polarity inverted",
    "channels": "drops a channel",
    "length": "another length",
}


def findings_of(record: Mapping[str, Any]) -> tuple[Probe, ...] | None:
    """The probes that a render's record keeps; None where it was made before there were any."""
    kept = record.get(FINDINGS)
    if not isinstance(kept, list):
        return None
    try:
        return tuple(probe_of(one) for one in kept)
    except ValidationError:
        return None


def as_records(probes: Sequence[Probe]) -> list[dict[str, Any]]:
    """The probes as a record holds them."""
    return [asdict(one) for one in probes]


def badge(probe: Probe) -> str:
    """A finding in a few words, to stand beside a name; with a minus sign, as tables have it."""
    return _words(probe).replace(" -", " −")


def _words(probe: Probe) -> str:
    value = probe.value
    if probe.name == "delay" and value is not None:
        if probe.note.startswith("no single delay"):
            return "phase turned"
        return f"lags {value:.1f} samples" if value > 0 else f"leads by {-value:.1f} samples"
    if probe.name == "true_peak" and value is not None:
        return f"true peak {value:+.1f} dBTP"
    if probe.name == "gain" and value is not None:
        return f"gain {value:+.0f} dB"
    if probe.name in ("offset", "silence") and value is not None:
        return f"constant {value:.0f} dBFS" if probe.name == "offset" else probe.note.split(";")[0]
    return _BADGES.get(probe.name, probe.name.replace("_", " "))
