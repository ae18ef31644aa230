"""A results folder for a program: tidy tables of one benchmark, its report, and itself as HTML."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pandas as pd

from ...evaluation.results.store import Store
from .result import tables

ValueT = TypeVar("ValueT")


@dataclass(frozen=True)
class Results:
    """One benchmark in a results folder; every call reads what is there at that moment.

    In a notebook it shows a table of medians, a figure and players.
    """

    folder: Path
    benchmark: str

    def scores(self) -> pd.DataFrame:
        """A row per value.

        Columns: ``song``, ``system``, ``metric``, ``variant``, ``parameters``, ``value``, ``unit``,
        ``reason`` (why the value is NaN) and ``version``.
        """
        return self._read(tables.scores)

    def songs(self) -> pd.DataFrame:
        """A row per song: ``song``, ``seconds`` of the excerpt, its start, ``tags``, sha256."""
        return self._read(tables.songs)

    def systems(self) -> pd.DataFrame:
        """A row per system: ``system``, ``kind``, ``role``, ``uses_reference``, ``options``, …"""
        return self._read(tables.systems)

    def renders(self) -> pd.DataFrame:
        """A row per song and system: the ``path`` of the audio and what its making cost.

        ``sidecar`` is the record beside the file, a dictionary.
        """
        found = self._read(tables.renders)
        found["path"] = [str(self.folder / path) for path in found["path"]]
        found["sidecar"] = [json.loads(text) for text in found["sidecar"]]
        return found

    def failures(self) -> pd.DataFrame:
        """A row per unit that failed: ``song``, ``system``, ``step``, ``message``, ``at``."""
        return self._read(tables.failures)

    def runs(self) -> pd.DataFrame:
        """The runs that made the results, the latest first, with command, versions and machine."""
        return self._read(tables.runs)

    def summary(self) -> pd.DataFrame:
        """A row per system, metric and variant: median and mean over songs with 95 % intervals."""
        from .result.document import load

        return pd.DataFrame(self._read(load).summary_rows())

    def report(
        self,
        out: Path | str | None = None,
        *,
        audio: str | None = None,
        audio_budget_mb: float | None = None,
    ) -> Path:
        """Write the report; the path of its ``report.html``.

        Args:
            out: a folder, by default ``reports/BENCHMARK`` in the results folder.
            audio: what its players have: ``full``, ``lossy``, ``excerpt`` or ``none``; ``auto``
                takes the best that fits. By default what the report had, at first ``auto``.
            audio_budget_mb: megabytes that ``auto`` may take; 80 by default.
        """
        from .report import write_report
        from .song_pages.audio_plan import AudioWish

        wish = AudioWish(audio, audio_budget_mb)
        place = None if out is None else Path(out)
        with Store(self.folder, create=False) as store:
            return write_report(store, self.benchmark, place, audio=wish)

    def __repr__(self) -> str:
        songs, systems = len(self.songs()), len(self.systems())
        return (
            f"<Results of {self.benchmark!r} in {self.folder}: {systems} systems, {songs} songs, "
            f"{len(self.failures())} failures>"
        )

    def _repr_html_(self) -> str:
        from .notebook import results_html
        from .result.document import load

        return results_html(self._read(load), self.folder)

    def _read(self, read: Callable[[Store, str], ValueT]) -> ValueT:
        with Store(self.folder, create=False) as store:
            return read(store, self.benchmark)


def results(folder: Path | str = "results", benchmark: str | None = None) -> Results:
    """Open a results folder.

    Args:
        folder: where :func:`run` or ``earmark run`` wrote.
        benchmark: which one; the latest by default.

    Raises:
        UserError: if the folder holds no results, or no benchmark of this name.
    """
    with Store(Path(folder), create=False) as store:
        return Results(store.folder, tables.choose_benchmark(store, benchmark))
