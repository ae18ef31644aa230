"""Describes renders, once each: their average spectrum, and what their systems set for the song.

Equalisers, dynamics, console strips. :mod:`.records` says where it is kept.
"""

from collections.abc import Iterable

import numpy as np

from ...models.audio.files import read
from ...models.errors import UserError
from ..results.store import Store
from .band_levels import band_levels_db
from .records import FORMAT, InsightTask, insight_tasks, write_record
from .settings import dynamics, equalisers, strips


def inspect_one(task: InsightTask) -> str:
    """Describe one render; the reason where that fails, else ''."""
    try:
        audio, rate = read(task.audio)
    except UserError as error:
        return str(error)
    native = task.notes.get("resampled_to", rate)
    found = strips(task.notes)
    record = {
        "format": FORMAT,
        "spectrum_db": band_levels_db(np.ascontiguousarray(audio.numpy()), rate),
        "equalisers": equalisers(task.notes, native),
        "dynamics": dynamics(task.notes),
        "strips": found,
        # Only what the console itself reads can be edited and rendered again.
        "editable": bool(found) and "console" in task.notes,
    }
    write_record(task.path, record)
    return ""


def complete(store: Store, benchmark: str) -> None:
    """Describe the renders of a benchmark that are there and have no record yet.

    Raises:
        UserError: if the results folder cannot be written.
    """
    for task in insight_tasks(store, benchmark).values():
        if task.audio.is_file() and not task.path.is_file():
            inspect_one(task)


def lacking(tasks: Iterable[InsightTask]) -> list[InsightTask]:
    """Those without a record, each once."""
    every = {task.path: task for task in tasks}
    return [task for path, task in every.items() if not path.is_file()]
