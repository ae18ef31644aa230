"""The one result object of a benchmark, which text, tables, plots and JSON are all made from."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from ....evaluation.doctor.contract import Diagnosis
from ....evaluation.doctor.records import examination_path, read_diagnosis
from ....evaluation.doctor.summary import SystemFinding, findings
from ....evaluation.insights.records import Insights, read_insights, system_records
from ....evaluation.results.metric_facts import read_facts
from ....evaluation.results.set_records import SetValue, read_sets
from ....evaluation.results.store import Store
from ...presentation.looks import Look, looks
from ..ranking.ranks import RESAMPLES
from . import tables
from .baselines import choose_baselines, mix_of
from .columns import COSTS, Column, columns, headline
from .contract import SCHEMA, BenchmarkResult
from .effect_cells import EffectCell, effect_cells
from .finding import Evidence, decisive, finding
from .insight_records import insight_records
from .intervals import LEVEL
from .listeners import ColumnValidity, column_validity, sets_in
from .standing_rows import difference_rows, ranking_rows
from .standings import Place, Standing, standings
from .summary import Cell, Values, competing_systems, summarise, tabulate
from .tables import records


@dataclass(frozen=True)
class Result:
    """Everything a report says of one benchmark.

    ``cells`` are by (system, column id, variant), ``standings`` by (column id, variant); the
    ``competing`` systems can be best: neither masters, anchors nor shown the reference;
    ``baselines`` are the systems that all others are compared with; ``references`` are render
    keys by song; the data frames are those of :mod:`earmark.analysis.benchmark.result.tables`;
    ``sets`` are the distances of whole systems, ``effects`` the errors of effect models,
    ``insights`` what renders and networks show of themselves, ``findings`` what the checks of the
    renders show, ``diagnoses`` what a run found of systems that were new to it, by name,
    ``listeners`` how far metrics follow listeners, by (column id, variant).
    """

    benchmark: str
    simulated: bool
    seed: int
    config: Mapping[str, Any]
    songs: pd.DataFrame
    systems: pd.DataFrame
    scores: pd.DataFrame
    renders: pd.DataFrame
    failures: pd.DataFrame
    runs: pd.DataFrame
    references: Mapping[str, str]
    columns: tuple[Column, ...]
    values: Values
    cells: Mapping[tuple[str, str, str], Cell]
    competing: tuple[str, ...]
    baselines: tuple[str, ...]
    standings: Mapping[Place, Standing]
    looks: Mapping[str, Look]
    finding: str
    sets: tuple[SetValue, ...] = ()
    effects: tuple[EffectCell, ...] = ()
    insights: Insights = field(default_factory=Insights)
    findings: tuple[SystemFinding, ...] = ()
    diagnoses: Mapping[str, Diagnosis] = field(default_factory=dict)
    listeners: Mapping[tuple[str, str], ColumnValidity] = field(default_factory=dict)

    @property
    def headline(self) -> tuple[Column, ...]:
        """The columns of the first table."""
        return headline(self.columns)

    @property
    def system_names(self) -> tuple[str, ...]:
        """The systems in the benchmark's order."""
        return self.values.systems

    @property
    def song_names(self) -> tuple[str, ...]:
        """The songs in the benchmark's order."""
        return self.values.songs

    def findings_of(self, system: str) -> tuple[SystemFinding, ...]:
        """What the checks of its renders show."""
        return tuple(one for one in self.findings if one.system == system)

    @property
    def decisive(self) -> Column | None:
        """The column by which systems are named and ordered; None without a distance."""
        return decisive(self.columns, self.cells, self.competing)

    @property
    def by_rank(self) -> tuple[str, ...]:
        """The systems by their rank in the decisive column; those without one come last."""
        column = self.decisive
        if column is None:
            return self.system_names
        ranking = self.standings[column.id, "raw"].ranking
        place = {one.system: at for at, one in enumerate(ranking.ranks)}
        return tuple(sorted(self.system_names, key=lambda name: place.get(name, len(place))))

    def summary_rows(self) -> list[dict[str, Any]]:
        """The cells as plain rows, for JSON and CSV."""
        shown = {column.id for column in self.headline}
        rows = []
        for (system, column_id, variant), cell in self.cells.items():
            column = self.column(column_id)
            place = self.standings[column_id, variant].ranking
            rows.append(
                {
                    "system": system,
                    "metric": column.metric,
                    "variant": variant,
                    "parameters": column.parameters,
                    "unit": column.unit,
                    "better": column.better,
                    "headline": column.id in shown,
                    "songs": cell.median.n,
                    "median": cell.median.centre,
                    "median_low": cell.median.low,
                    "median_high": cell.median.high,
                    "mean": cell.mean.centre,
                    "mean_low": cell.mean.low,
                    "mean_high": cell.mean.high,
                    "best": place.best == system,
                    "tied_first": system in place.first if place.why is None else None,
                    "missing": dict(cell.reasons),
                }
            )
        return rows

    def difference_rows(self) -> list[dict[str, Any]]:
        """The paired differences from the baselines as plain rows."""
        return difference_rows(self.columns, self.standings)

    def ranking_rows(self) -> list[dict[str, Any]]:
        """The rankings as plain rows, with the pairs of the headline metrics."""
        return ranking_rows(self.columns, self.standings, self.headline)

    def document(self) -> BenchmarkResult:
        """The result without times and machines: what ``result.json`` holds.

        Missing values are None; what differs from run to run stands in :meth:`provenance`.
        """
        stable = [column for column in self.columns if column.metric not in COSTS]
        kept = {column.metric for column in stable}
        return BenchmarkResult.model_validate(
            {
                "schema": SCHEMA,
                "benchmark": self.benchmark,
                "simulated": self.simulated,
                "seed": self.seed,
                "interval": {
                    "level": LEVEL,
                    "method": "order statistics (median) and Student's t (mean) over songs",
                    "resamples": RESAMPLES,
                },
                "finding": self.finding,
                "songs": records(self.songs),
                "systems": records(self.systems),
                "metrics": [
                    {
                        "metric": column.metric,
                        "parameters": json.loads(column.parameters),
                        "unit": column.unit,
                        "better": column.better,
                        "version": column.version,
                        "summary": column.summary,
                        "variants": column.variants,
                        **self._validity(column),
                    }
                    for column in stable
                ],
                "summary": [row for row in self.summary_rows() if row["metric"] in kept],
                "differences": [row for row in self.difference_rows() if row["metric"] in kept],
                "baselines": self.baselines,
                "rankings": [row for row in self.ranking_rows() if row["metric"] in kept],
                "scores": records(self.scores[self.scores["metric"].isin(kept)]),
                "sets": [
                    {"system": one.system, "metric": one.metric, "parameters": dict(one.parameters)}
                    | {"value": one.value, "reason": one.reason, "record": dict(one.record)}
                    for one in self.sets
                ],
                "effects": [cell.as_json() for cell in self.effects],
                "insights": insight_records(self.insights, self.songs, self.renders),
                "failures": records(self.failures[["song", "system", "step", "message"]]),
            }
        )

    def _validity(self, column: Column) -> dict[str, Any]:
        """How far a metric follows listeners, where the benchmark names sets of ratings."""
        if not self.listeners:
            return {}
        found = []
        for variant in column.variants:
            one = self.listeners[column.id, variant]
            row: dict[str, Any] = {"variant": variant, "note": one.why}
            if one.found:
                pooled = one.found
                row |= {"rho": pooled.value, "low": pooled.low, "high": pooled.high}
                row |= {"sets": pooled.sets, "stimuli": pooled.stimuli}
                row |= {"listeners": pooled.listeners, "simulated": pooled.simulated}
            found.append(row)
        return {"validity": found}

    def to_json(self) -> str:
        """The document as JSON: equal input and seed give equal bytes."""
        return _dumped(self.document().as_json())

    def provenance(self) -> str:
        """Runs, machines, times and what the renders cost, as JSON."""
        costs = self.scores[self.scores["metric"].isin(COSTS)]
        content = {
            "schema": SCHEMA,
            "benchmark": self.benchmark,
            "config": self.config,
            "runs": records(self.runs),
            "costs": records(costs),
            "summary": [row for row in self.summary_rows() if row["metric"] in COSTS],
        }
        return _dumped(content)

    def column(self, column_id: str) -> Column:
        """The column of that id."""
        return next(column for column in self.columns if column.id == column_id)


def load(store: Store, benchmark: str, baselines: str | Sequence[str] = ()) -> Result:
    """Read a benchmark from its store and sum it up.

    ``baselines`` are those of the benchmark file by default, else the unprocessed mix.

    Raises:
        UserError: if a baseline is no system of the benchmark.
    """
    row = store.rows("SELECT config, simulated FROM benchmark WHERE name = ?", (benchmark,))[0]
    config = json.loads(row["config"])
    seed = int(config.get("seed") or 0)
    scores = tables.scores(store, benchmark)
    songs = tables.songs(store, benchmark)
    systems = tables.systems(store, benchmark)
    renders = tables.renders(store, benchmark)
    found = columns(scores, read_facts(store, benchmark))
    values = tabulate(scores, found, list(songs["song"]), list(systems["system"]))
    competing = competing_systems(systems)
    cells = summarise(values, found, competing)
    chosen = choose_baselines(baselines or config.get("baseline") or (), systems)
    mix = mix_of(systems)
    stand = standings(values, found, competing, chosen, seed, _genres(songs), mix)
    failed = tables.failures(store, benchmark)
    evidence = Evidence(
        songs=len(values.songs),
        systems=values.systems,
        competing=competing,
        failures=len(failed),
        columns=found,
        cells=cells,
        standings=stand,
        baselines=chosen,
    )
    return Result(
        benchmark=benchmark,
        simulated=bool(row["simulated"]),
        seed=seed,
        config=config,
        songs=songs,
        systems=systems,
        scores=scores,
        renders=renders,
        failures=failed,
        runs=tables.runs(store, benchmark),
        references=tables.reference_keys(store, benchmark),
        columns=found,
        values=values,
        cells=cells,
        competing=competing,
        baselines=chosen,
        standings=stand,
        looks=looks(zip(systems["system"], systems["role"], strict=True)),
        finding=finding(evidence),
        sets=tuple(read_sets(store, benchmark)),
        effects=effect_cells(songs, systems, scores, seed),
        insights=read_insights(store, benchmark, system_records(store, benchmark)),
        findings=findings(
            (name, json.loads(text))
            for name, text in zip(renders["system"], renders["sidecar"], strict=True)
        ),
        diagnoses=_diagnoses(store, systems),
        listeners=column_validity(sets_in(config), found),
    )


def _diagnoses(store: Store, systems: pd.DataFrame) -> dict[str, Diagnosis]:
    kept = {
        name: read_diagnosis(examination_path(store.folder, key))
        for name, key in zip(systems["system"], systems["key"], strict=True)
    }
    return {name: one for name, one in kept.items() if one is not None}


def _genres(songs: pd.DataFrame) -> list[str]:
    """The genre of each song, empty where it is not tagged."""
    return [str(tags.get("genre") or "") for tags in songs["tags"]]


def _dumped(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    # Lists of numbers alone on a line; no text of JSON holds a line's end.
    return re.sub(r"\[\n[\s\d.,eE+nul-]*\]", lambda found: re.sub(r"\s+", " ", found[0]), text)
