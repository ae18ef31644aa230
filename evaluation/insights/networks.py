"""What a network shows of itself, once per system: learned filters and what its controls do.

Kept as the records of renders are (:mod:`.records`), under the key of the system.
"""

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ...models.architectures import Network
from ...models.checkpoints.network_system import NetworkSystem
from ...models.errors import StorageError, UserError
from ...models.inspection.control_sweep import probe, sweep_controls
from ...models.inspection.filter_bank import FilterBank, filter_bank
from ...models.systems import contract
from ...models.systems.contract import SystemSpec
from .records import FORMAT, system_record, write_record

# The kind whose systems are networks that can be looked into.
_KIND = "checkpoint"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SystemInsightTask:
    """One system to be described; a worker needs nothing else."""

    system: SystemSpec
    path: Path


def system_tasks(results: Path, described: Sequence[SystemSpec]) -> list[SystemInsightTask]:
    """The networks among ``described``, each once; those that fail are left out."""
    found: dict[Path, SystemInsightTask] = {}
    for system in described:
        if system.kind == _KIND:
            try:
                path = system_record(results, system.key)
            except (UserError, OSError):
                continue  # its renders have said why
            found[path] = SystemInsightTask(system, path)
    return list(found.values())


def inspect_system(task: SystemInsightTask) -> str:
    """Look into one network; the reason where that fails, else ''.

    Raises:
        StorageError: if the results folder cannot be written.
    """
    try:
        system = contract.build(task.system)
        rate = system.spec.sample_rate or 44_100
        bank = _filters(system.network, rate) if isinstance(system, NetworkSystem) else None
        # The probe is a mix; a network of stems has no place for it.
        sweeps = sweep_controls(system) if system.spec.input == "mix" else []
        write_record(
            task.path,
            {
                "format": FORMAT,
                "filters": None if bank is None else asdict(bank),
                "sweeps": [asdict(sweep) for sweep in sweeps],
            },
        )
    except StorageError:
        raise
    except Exception as error:
        # The report lacks a figure then; its numbers do not depend on it.
        _log.debug("insight into %s", task.system.name, exc_info=True)
        return " ".join(str(error).split())
    return ""


def _filters(network: Network, rate: int) -> FilterBank | None:
    filters = network.filters()
    return None if filters is None else filter_bank(filters, rate, network.envelopes(probe(rate)))
