"""What the notes of a render say that its system set: equalisers, dynamics and console strips.

Notes are those of the sidecar, from the networks and baselines alike: ``eq_bands`` or
``eq_curve_db``; ``compressor``, ``band_compressors``, saturation and ceiling; ``console``. A mono
system, run on each channel by itself, has notes for each. What is not there has no entry, and what
a plug-in wrote under the same name in another form counts as not there.
"""

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from ...models.effects.compressor import Compressor
from ...models.effects.console import ConsoleCard
from ...models.effects.curves import CURVE_HZ, Dynamics, equaliser_curve_db, static_curve_dbfs
from ...models.effects.equalizer import Band

Notes = Mapping[str, Any]


# A gate of hybrid 1C never closes quite; above one half its band counts as active.
_OPEN = 0.5

_log = logging.getLogger(__name__)


def equalisers(notes: Notes, sample_rate: int) -> list[dict[str, Any]]:
    """Each equaliser: ``part``, its ``bands`` and ``gains_db`` at
    :data:`~earmark.models.effects.curves.CURVE_HZ`.

    A band has ``kind``, ``frequency_hz``, ``gain_db``, ``q`` and ``active``, which is None where
    the system has no gates. A curve that is not made of bands has none.
    """
    return _in_parts(notes, lambda one: _equaliser(one, sample_rate))


def dynamics(notes: Notes) -> list[dict[str, Any]]:
    """Each chain of drive, compressor, saturation and limiter: ``part``, its ``settings`` by name
    and ``out_dbfs``, the static curve at :data:`~earmark.models.effects.curves.LEVELS_DBFS`.
    """
    return _in_parts(notes, _dynamics)


def strips(notes: Notes) -> list[dict[str, Any]]:
    """The console's strips, as :class:`~earmark.models.systems.console.StripCard` writes them.

    Of ``random_mix``, which keeps gains and pans alone, strips of those.
    """
    given = notes.get("console")
    numbers = sorted(int(n) for n in (_stem_number(name) for name in notes) if n)
    if given is None and numbers:
        given = {"stems": [_stem(notes, number) for number in numbers]}
    if given is None:
        return []
    try:
        card = ConsoleCard.model_validate(given)
    except ValidationError as error:
        _log.debug("notes that are no console: %s", error)
        return []
    return [strip.model_dump(mode="json") for strip in card.stems]


def _stem(notes: Notes, number: int) -> dict[str, Any]:
    gain, pan = notes[f"stem_{number}_gain_db"], notes.get(f"stem_{number}_pan", 0.0)
    name = notes.get(f"stem_{number}_name", f"stem {number}")
    return {"name": name, "gain_db": gain, "pan": pan}


def _in_parts(
    notes: Notes, find: Callable[[Notes], Iterator[dict[str, Any]]]
) -> list[dict[str, Any]]:
    found = []
    for part, mine in _channels(notes):
        try:
            found += [
                {**one, "part": " ".join(filter(None, (part, one["part"])))} for one in find(mine)
            ]
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            _log.debug("notes that are no settings: %s", error)
    return found


def _channels(notes: Notes) -> Iterator[tuple[str, Notes]]:
    yield "", notes
    for name, value in notes.items():
        if re.fullmatch(r"channel \d+", name) and isinstance(value, Mapping):
            yield name, value


def _equaliser(notes: Notes, sample_rate: int) -> Iterator[dict[str, Any]]:
    if "eq_bands" in notes:
        given = list(notes["eq_bands"])
        bands = [
            Band(one["kind"], float(one["frequency_hz"]), float(one["gain_db"]), float(one["q"]))
            for one in given
        ]
        described = [
            {
                "kind": band.kind,
                "frequency_hz": band.frequency,
                "gain_db": band.gain_db,
                "q": band.q,
                "active": one["gate"] > _OPEN if "gate" in one else None,
            }
            for one, band in zip(given, bands, strict=True)
        ]
        curve = equaliser_curve_db(bands, sample_rate)
        yield {"part": "", "bands": described, "gains_db": curve}
    elif "eq_curve_db" in notes:
        curve = list(notes["eq_curve_db"])
        if len(curve) == len(CURVE_HZ) and all(gain is None or _is_number(gain) for gain in curve):
            yield {"part": "", "bands": [], "gains_db": curve}


def _dynamics(notes: Notes) -> Iterator[dict[str, Any]]:
    for number, given in enumerate(notes.get("band_compressors", ()), 1):
        yield _chain(f"band {number}", {"compressor": given})
    if any(name in notes for name in ("compressor", "limiter_ceiling_dbtp", "ceiling_dbtp")):
        yield _chain("", notes)


def _chain(part: str, notes: Notes) -> dict[str, Any]:
    given = notes.get("compressor")
    compressor = None if given is None else Compressor(**given)
    # Systems measure a drive where a limiter follows it, networks the gain to their own level.
    drive = notes.get("drive_db", notes.get("input_gain_db"))
    ceiling = notes.get("limiter_ceiling_dbtp", notes.get("ceiling_dbtp"))
    saturation = (
        float(notes.get("saturation_drive", 1.0)),
        float(notes.get("saturation_wet", 0.0)),
    )
    curve = static_curve_dbfs(Dynamics(drive or 0.0, compressor, saturation, ceiling))
    settings = dict(given or {})
    if drive is not None:
        settings["drive_db"] = drive
    for name in ("saturation_drive", "saturation_wet"):
        if name in notes:
            settings[name] = notes[name]
    if ceiling is not None:
        settings["ceiling_dbtp"] = ceiling
    return {"part": part, "settings": settings, "out_dbfs": curve}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _stem_number(name: str) -> str:
    found = re.fullmatch(r"stem_(\d+)_gain_db", name)
    return found.group(1) if found else ""
