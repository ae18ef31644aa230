"""Examines the systems that are new to a results folder, and keeps what was found."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ...models.errors import StorageError, UserError
from ...models.systems.contract import SystemSpec, kinds
from ..insights.records import write_record
from .contract import Diagnosis
from .examine import QUICK, diagnose, unbuilt
from .records import examination_path, read_diagnosis

# What others made. Earmark's baselines and anchors are examined by its own tests.
_OTHERS = ("checkpoint", "command", "exported", "object", "python")


@dataclass(frozen=True)
class ExaminationTask:
    """One system to be examined; a worker needs nothing else."""

    system: SystemSpec
    path: Path
    device: str


def examination_tasks(
    results: Path, systems: Sequence[SystemSpec], device: str
) -> list[ExaminationTask]:
    """The networks, programs and plug-ins among ``systems`` that no run has examined yet.

    Those whose files do not even tell what they are are left out: their renders say why.
    """
    found: dict[Path, ExaminationTask] = {}
    for system in systems:
        if system.kind not in _OTHERS and not kinds()[system.kind].origin:
            continue
        try:
            path = examination_path(results, system.key)
        except (UserError, OSError):
            continue
        found[path] = ExaminationTask(system, path, device)
    return [one for one in found.values() if read_diagnosis(one.path) is None]


def examine_one(task: ExaminationTask) -> Diagnosis:
    """Make the quick probes of one system and keep what they found.

    Raises:
        StorageError: if the results folder cannot be written.
    """
    try:
        found = diagnose(task.system, task.device, QUICK)
    except StorageError:
        raise
    except UserError as error:
        return unbuilt(task.system, error)  # not kept: the mend may lie outside its identity
    except Exception as error:  # a plug-in's builder may raise anything
        text = " ".join(str(error).split())
        return unbuilt(task.system, UserError(f"{type(error).__name__}: {text}"))
    write_record(task.path, json.loads(json.dumps(asdict(found))))
    return found
