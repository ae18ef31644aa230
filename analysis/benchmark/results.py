"""A results folder for a program: tidy tables of one benchmark, its report, and itself as HTML."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pandas as pd

from ...evaluation.results.runs import find_run, opened_at
from ...evaluation.results.store import Store
from ...models.errors import UserError
from .result import tables
from .result.contract import RankRow

ValueT = TypeVar("ValueT")


@dataclass(frozen=True)
class Results:
    """One benchmark in a results folder; every call reads what is there at that moment.

    Of its runs, the latest, or the one of the number ``only``. In a notebook it shows a table of
    medians, a figure and players.
    """

    folder: Path
    benchmark: str
    only: int | None = None

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
        """The runs of the benchmark, the latest first, with command, versions and machine.

        Columns: ``run`` (the id), ``started``, ``finished``, ``command``, ``record``, ``number``
        and ``name``. :meth:`run` takes any of number, name and id.
        """
        return self._read(tables.runs)

    def run(self, which: int | str) -> "Results":
        """The results as one run left them, by its number, name or id.

        Raises:
            UserError: if the benchmark has no such run.
        """
        with Store(self.folder, create=False) as store:
            found = find_run(store, which, self.benchmark)
            return Results(self.folder, self.benchmark, found.number)

    def summary(self) -> pd.DataFrame:
        """A row per system, metric and variant: median and mean over songs with 95 % intervals."""
        from .result.document import load

        return pd.DataFrame(self._read(load).summary_rows())

    def ranking(self, metric: str, variant: str = "raw") -> pd.DataFrame:
        """A row per system that competes: its rank, the interval of it, and its chance to be best.

        Columns: ``system``, ``mean``, ``rank``, ``low``, ``high``, ``chance_best``. It is empty
        where songs are too few for a claim.

        Raises:
            UserError: if the benchmark has no such metric, or it has no better direction.
        """
        from .result.document import load

        rows = self._read(load).ranking_rows()
        for row in rows:
            if (row["metric"], row["variant"]) == (metric, variant):
                return pd.DataFrame(row["ranks"], columns=list(RankRow.model_fields))
        known = ", ".join(dict.fromkeys(row["metric"] for row in rows))
        raise UserError(f"{metric!r} ({variant}): no ranks; choose from {known}")

    def report(
        self,
        out: Path | str | None = None,
        *,
        baseline: str | Sequence[str] = (),
        audio: str | None = None,
        audio_budget_mb: float | None = None,
    ) -> Path:
        """Write the report; the path of its ``report.html``.

        Args:
            out: a folder, by default ``reports/BENCHMARK`` in the results folder.
            baseline: the system, or systems, that all others are compared with; the benchmark
                file's by default.
            audio: what its players have: ``full``, ``lossy``, ``excerpt`` or ``none``; ``auto``
                takes the best that fits. By default what the report had, at first ``auto``.
            audio_budget_mb: megabytes that ``auto`` may take; 80 by default.
        """
        from .report import run_folder, write_report
        from .song_pages.audio_plan import AudioWish

        wish = AudioWish(audio, audio_budget_mb)
        with opened_at(self.folder, self.only, self.benchmark) as (store, name):
            place = run_folder(store, self.only) if out is None else Path(out)
            return write_report(store, name, place, audio=wish, baselines=baseline)

    def export(
        self,
        out: Path | str,
        *,
        format: str | None = None,  # noqa: A002 (the name of the command's option)
        baseline: str | Sequence[str] = (),
        systems: str | Sequence[str] = (),
        organization: str = "",
        developer: str = "",
    ) -> list[str]:
        """Write the benchmark for another program, as ``earmark export`` does; what was written.

        Args:
            out: the file or folder; for ``mlflow`` also the address of a server.
            format: ``csv``, ``parquet``, ``latex``, ``markdown``, ``every-eval-ever``,
                ``model-card``, ``tensorboard``, ``mlflow`` or ``wandb``; by default the ending of
                ``out`` tells.
            baseline: the system, or systems, to compare with; the benchmark file's by default.
            systems: those to write records or a card of; by default those under test.
            organization: who measured, for records.
            developer: who made the systems, for records.

        Raises:
            UserError: if it cannot be written, or an option does not belong to the format.
        """
        from .exports.asked import ExportWish, choose_format
        from .exports.export import export

        place = str(out)
        names = baseline if isinstance(baseline, str) else ",".join(baseline)
        chosen = (systems,) if isinstance(systems, str) else tuple(systems)
        wish = ExportWish(
            choose_format(format, place), place, names, chosen, organization, developer
        )
        with opened_at(self.folder, self.only, self.benchmark) as (store, name):
            return export(store, name, wish)

    def __repr__(self) -> str:
        songs, systems = len(self.songs()), len(self.systems())
        run = "" if self.only is None else f", run {self.only}"
        return (
            f"<Results of {self.benchmark!r}{run} in {self.folder}: {systems} systems, {songs} "
            f"songs, {len(self.failures())} failures>"
        )

    def _repr_html_(self) -> str:
        from .notebook import results_html
        from .result.document import load

        return results_html(self._read(load), self.folder)

    def _read(self, read: Callable[[Store, str], ValueT]) -> ValueT:
        with opened_at(self.folder, self.only, self.benchmark) as (store, name):
            return read(store, name)


def results(
    folder: Path | str = "results", benchmark: str | None = None, run: int | str | None = None
) -> Results:
    """Open a results folder.

    Args:
        folder: where :func:`run` or ``earmark run`` wrote.
        benchmark: which one; the latest by default.
        run: which of its runs, by number, name or id; the latest by default.

    Raises:
        UserError: if the folder holds no results, or no benchmark or run of this name.
    """
    with Store(Path(folder), create=False) as store:
        if run is None:
            return Results(store.folder, tables.choose_benchmark(store, benchmark))
        found = find_run(store, run, benchmark)
        return Results(store.folder, found.benchmark, found.number)
