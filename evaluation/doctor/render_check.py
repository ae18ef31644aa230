"""Checks a render against its input: polarity, delay, gain, offset, overs, channels, length.

Every render is checked, whatever made it; nothing is mended. The probes lie in its record under
``findings``, those that passed among them. The song is music and the system may be anything, so
what is told needs a correlation of one half; what cannot be told is ``not run``. How the findings
are kept and read is :mod:`.findings`.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from torch import Tensor

from . import levels, timing
from .contract import Health, Probe

_SILENT_DBFS = -90.0
_SIGNAL = "the song"


def check_render(
    output: Tensor, given: Tensor, rate: int, notes: Mapping[str, Any]
) -> tuple[Probe, ...]:
    """The probes of one render; ``given`` is the mix, or the stems as they add up.

    ``notes`` are those of the render: what a program wrote before it was cut, a declared ceiling.
    """
    heard = timing.Heard(output, given, rate, _SIGNAL)
    length = _length(output, given, notes)
    if levels.rms_dbfs(given) < _SILENT_DBFS:
        return (levels.silence_probe(output, _SIGNAL), length)
    timed = (_told(timing.polarity_probe(heard)), _told(timing.delay_probe([heard])))
    found = (levels.gain_probe((heard,)), levels.offset_probe(heard))
    return (*timed, *found, _overs(heard, notes), levels.dropped_probe(heard), length)


def _overs(heard: timing.Heard, notes: Mapping[str, Any]) -> Probe:
    """The true peak; a master may use all of full scale, so overs begin at 0 dBTP."""
    said = notes.get("limiter_ceiling_dbtp", notes.get("ceiling_dbtp"))
    ceiling = float(said) if isinstance(said, int | float) else None
    found = levels.true_peak_probe(heard, ceiling)
    limit = "at most 0 dBTP"
    if found.verdict is Health.WARN and found.value is not None and found.value <= 0:
        return replace(found, verdict=Health.PASS, limit=limit)
    return replace(found, limit=limit)


def _told(probe: Probe) -> Probe:
    """Of music, what cannot be told is no fault, nor that a compressor's bands turn the phase."""
    if probe.value is None:
        return replace(probe, verdict=Health.NOT_RUN)
    turned = probe.name == "polarity" and probe.verdict is Health.WARN
    return replace(probe, verdict=Health.PASS) if turned else probe


def _length(output: Tensor, given: Tensor, notes: Mapping[str, Any]) -> Probe:
    limit, wanted = "as long as the song", given.shape[-1]
    wrote = notes.get("samples_written")
    made = int(wrote) if isinstance(wrote, int) else output.shape[-1]
    if made == wanted:
        return Probe("length", Health.PASS, float(made), "samples", limit, _SIGNAL, "length kept")
    verdict = Health.FAIL if output.shape[-1] != wanted else Health.WARN
    note = f"{made:,} samples written for {wanted:,}; its end was cut or padded"
    return Probe("length", verdict, float(made), "samples", limit, _SIGNAL, note)
