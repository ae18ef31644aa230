"""Examines what a command line names: one system, or every system of a benchmark file."""

from collections.abc import Callable, Sequence
from pathlib import Path

from ..models.errors import UserError
from ..models.rendering.devices import resolve_device
from ..models.systems.contract import SystemSpec
from .benchmark.file import load
from .doctor.contract import Diagnosis, DoctorDocument, document
from .doctor.examine import diagnose, unbuilt
from .master import system_spec

_BENCHMARK_SUFFIXES = (".yaml", ".yml")


def examine_target(
    target: str,
    settings: tuple[str, ...] = (),
    device: str = "auto",
    watch: Callable[[str], None] | None = None,
) -> DoctorDocument:
    """Every probe of each system that ``target`` names; ``watch`` is told each name before.

    A system that cannot be built is a failed probe where others are examined with it.

    Raises:
        UserError: if there is no such system, or the benchmark cannot be read.
    """
    place = str(resolve_device(device))
    systems = _systems(target, settings)
    found: list[Diagnosis] = []
    for system in systems:
        if watch is not None:
            watch(system.name)
        try:
            found.append(diagnose(system, place))
        except UserError as error:
            if len(systems) == 1:
                raise
            found.append(unbuilt(system, error))
        except Exception as error:  # a plug-in's builder may raise anything
            text = " ".join(str(error).split())
            found.append(unbuilt(system, UserError(f"{type(error).__name__}: {text}")))
    return document(found)


def _systems(target: str, settings: tuple[str, ...]) -> Sequence[SystemSpec]:
    if Path(target).suffix not in _BENCHMARK_SUFFIXES:
        return [system_spec(target, settings)]
    if settings:
        raise UserError(f"{target}: options of systems stand in the file; leave --set out")
    return load(Path(target)).systems
