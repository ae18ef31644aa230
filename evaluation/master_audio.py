"""Masters audio of a program by any system, and loads systems for it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..models.audio.arrays import AudioArray
from ..models.audio.files import match_channels, resample
from ..models.configuration import validate
from ..models.errors import UserError
from ..models.plugins import load_entry_points
from ..models.rendering import runner
from ..models.rendering.devices import resolve_device
from ..models.systems.contract import Material, System, SystemSpec, build, kinds
from ..models.systems.objects import wrap
from .benchmark.in_code import system_entry
from .measure_audio import taken


def master(
    audio: Path | str | AudioArray,
    sample_rate: float | None,
    system: str | Path | System | nn.Module | SystemSpec,
    *,
    controls: Mapping[str, float] | None = None,
    reference: Path | str | AudioArray | None = None,
    device: str = "auto",
) -> Tensor:
    """Master one piece of audio by any system.

    ``audio`` is an array or tensor ``(channels, samples)``, mono or stereo, or the path of a file
    (``sample_rate`` is then None). ``system`` is what :func:`load_system` takes or gives, a torch
    module (which works at ``sample_rate``), or what :func:`wrap` gives. ``controls`` not named
    keep their defaults. A ``reference`` may be of any length; an array has the same sample rate.

    Returns:
        float32 ``(channels, samples)`` at the same rate and of the same length, overs kept. Mono
        stays mono where both channels come out equal.

    Raises:
        UserError: if the audio, the system or a control cannot be used, or the system fails.
    """
    load_entry_points()
    heard, rate, _ = taken(audio, sample_rate, "audio")
    example = None
    if reference is not None:
        given = None if isinstance(reference, str | Path) else rate
        example, example_rate, _ = taken(reference, given, "reference")
        example = match_channels(resample(example, example_rate, rate), 2)
    if isinstance(system, nn.Module):
        chosen = wrap(system, sample_rate=rate)
    elif isinstance(system, SystemSpec):
        chosen = build(system)
    else:
        chosen = load_system(system) if isinstance(system, str | Path) else system
    material = Material(match_channels(heard, 2).contiguous(), rate, example, "audio")
    found = runner.run(chosen, material, controls, str(resolve_device(device))).audio
    if heard.shape[0] == 1 and found.shape[0] == 2 and torch.equal(found[0], found[1]):
        return found[:1]
    return found


def load_system(system: str | Path, **options: Any) -> System:
    """A system by the name of a kind or a network that ships, or the path of a checkpoint.

    ``options`` are those of its kind, for example ``load_system("loudness", target=-14)``.

    Raises:
        UserError: if there is none of this name, or an option does not fit.
    """
    load_entry_points()
    name = str(system)
    entry = system_entry(name, system, None)
    kind = kinds()[entry["kind"]]
    given = {key: value for key, value in entry.items() if key not in ("name", "kind")} | options
    if kind.role == "reference":
        raise UserError(f"system {name!r}: a reference masters nothing; choose another")
    chosen = validate(given, kind.options, _Arguments(name))
    return build(SystemSpec(name, kind.name, chosen))


class _Arguments:
    """Where the options of a call stand; paths begin in the working folder."""

    def __init__(self, name: str) -> None:
        self.path = Path.cwd() / name
        self._name = name

    def at(self, *keys: str | int) -> int:
        return 0

    def where(self, *keys: str | int) -> str:
        return f"system {self._name!r}"
