"""The built-in sections of a report, from the figure under the finding to the methods note."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ...presentation.numbers import NONE, number_format
from ..ranking.ranks import Ranking
from ..result.code_record import code_facts, network_facts, unknown_facts
from ..result.columns import Column
from ..result.document import Result
from ..result.song_facts import song_facts
from ..result.summary import numbers_of
from ..result.tables import records, sweep_families
from .registry import Context, Section, Table, render, section

# Rows that a page lists before it points at the CSV: a report must stay light.
_LISTED = 200


@section(order=10)
def spread(context: Context) -> Section | None:
    """How each metric spreads over songs."""
    if not context.result.columns:
        return None
    html = render("sections/chart.html", chart="distribution", result=context.result)
    return Section("spread", "How do the systems spread over the songs?", html)


@section(order=20)
def headline(context: Context) -> Section:
    """Systems × headline metrics, median with interval; all metrics folded beneath."""
    result = context.result
    shown = result.headline
    rest = [column for column in result.columns if column not in shown]
    html = render(
        "sections/headline.html",
        result=result,
        columns=shown,
        rows=[_row(result, name, shown) for name in result.by_rank],
        pages=context.system_pages,
        more=len(rest),
        decisive=result.decisive,
        first=any(view.first for name in result.by_rank for view in _views(result, name, shown)),
    )
    summary = pd.DataFrame(result.summary_rows())
    first = summary[summary["headline"]] if len(summary) else summary
    return Section(
        "headline",
        "Which system comes closest?" if _compares(result) else "What did the systems make?",
        html,
        data={"all-metrics": {v: _everything(result, rest, v) for v in ("raw", "aligned")}},
        tables={"headline": first, "summary": summary},
    )


@section(order=30)
def paired(context: Context) -> Section | None:
    """Differences from the baselines."""
    result = context.result
    if not result.baselines or len(result.system_names) < 2 or not result.columns:
        return None
    html = render("sections/chart.html", chart="differences", result=result)
    tables = {"differences": pd.DataFrame(result.difference_rows())}
    return Section("differences", "What did each system change?", html, tables=tables)


@section(order=40)
def training(context: Context) -> Section | None:
    """Metrics against the training step of checkpoints."""
    if not sweep_families(context.result.systems):
        return None
    html = render("sections/chart.html", chart="sweep", result=context.result)
    return Section("training", "How does it change with training?", html)


@section(order=50)
def by_song(context: Context) -> Section:
    """Systems × songs as colour, and the songs' pages."""
    result = context.result
    facts = song_facts(result)
    failed = result.failures.groupby("song").size().to_dict()
    made = result.renders.groupby("song").size().to_dict()
    songs = [
        {
            "id": row["song"],
            "page": context.song_pages.get(row["song"]),
            "tags": ", ".join(f"{value}" for value in row["tags"].values()),
            "seconds": row["seconds"],
            "start": row["start_seconds"],
            "renders": made.get(row["song"], 0),
            "failures": failed.get(row["song"], 0),
            "marks": facts.marks_of_song(row["song"]),
        }
        for row in records(result.songs)
    ]
    html = render("sections/songs.html", result=result, songs=songs)
    tables = {"songs": result.songs, "scores": result.scores}
    return Section("songs", "Song by song", html, tables=tables)


@section(order=60)
def failed(context: Context) -> Section:
    """What could not be rendered or scored."""
    failures = context.result.failures
    rows = records(failures)
    html = render(
        "sections/failures.html", rows=rows[:_LISTED], count=len(rows), pages=context.song_pages
    )
    return Section("failures", "Failures", html, tables={"failures": failures})


@section(order=70)
def systems(context: Context) -> Section:
    """What each system is."""
    result = context.result
    facts = song_facts(result)
    rows = [
        {
            "name": row["system"],
            "kind": row["kind"],
            "badges": [*badges(row), *facts.marks_of_system(row["system"])],
            "findings": result.findings_of(row["system"]),
            "parameters": _integer(row["parameters"]),
            "step": _integer(row["step"]),
            "licence": row["licence"] or NONE,
            "options": ", ".join(f"{k}: {v}" for k, v in row["options"].items()) or NONE,
        }
        for row in records(result.systems)
    ]
    latest: dict[str, Any] = next(iter(records(result.runs)), {"record": {}})
    unknown = [*unknown_facts(latest["record"]), *network_facts(result.renders)]
    html = render(
        "sections/systems.html",
        rows=rows,
        looks=result.looks,
        unknown=unknown,
        pages=context.system_pages,
    )
    return Section("systems", "Systems", html, tables={"systems": result.systems})


@section(order=80)
def record(context: Context) -> Section:
    """How the numbers came about: commands, versions, devices, times, seeds."""
    runs = records(context.result.runs)
    devices = sorted({str(device) for device in context.result.renders["device"]})
    html = render(
        "sections/record.html",
        runs=[_run(run) for run in runs[:_LISTED]],
        count=len(runs),
        devices=", ".join(devices) or NONE,
        seed=context.result.seed,
    )
    return Section("record", "Run record", html)


@section(order=90)
def methods(context: Context) -> Section:
    """What the numbers mean and what they do not."""
    html = render("sections/methods.html", result=context.result)
    return Section("methods", "Methods", html)


@dataclass(frozen=True)
class CellView:
    """A cell of the headline table, ready to print; ``sort`` is empty where there is no value.

    ``first`` says "best" of the one system that is told from all others, "ties for first" of
    those that nobody is told to be better than; it is empty where all tie.
    """

    value: str
    interval: str
    note: str
    first: str
    sort: str


def cell_views(result: Result, name: str, column: Column) -> dict[str, CellView]:
    """The cell of a system in each variant that the column has."""
    views = {}
    for variant in column.variants:
        cells = [result.cells[system, column.id, variant] for system in result.system_names]
        show = number_format(numbers_of(cell.median for cell in cells), column.unit)
        cell = result.cells[name, column.id, variant]
        median = cell.median
        interval = ""
        if median.low is not None:
            interval = f"{show(median.low)} to {show(median.high)}"
            if median.low == median.high:
                interval = "no spread"
        note = ""
        if median.n == 0:
            note = ", ".join(reason.replace("_", " ") for reason in cell.reasons) or "not scored"
        elif median.n < len(result.song_names):
            note = f"{median.n} of {len(result.song_names)} songs"
        sort = "" if median.centre is None else repr(median.centre)
        first = _first(result.standings[column.id, variant].ranking, name)
        views[variant] = CellView(show(median.centre), interval, note, first, sort)
    return views


def _first(ranking: Ranking, name: str) -> str:
    if name not in ranking.first or len(ranking.first) == len(ranking.ranks):
        return ""
    return "best" if ranking.best == name else "ties for first"


def _rank_text(result: Result, name: str, variant: str) -> str:
    column = result.decisive
    if column is None or variant not in column.variants:
        return NONE
    rank = result.standings[column.id, variant].ranking.rank_of(name)
    if rank is None:
        return NONE
    return f"{rank.low}" if rank.low == rank.high else f"{rank.low}–{rank.high}"


def badges(system: Mapping[str, Any]) -> list[str]:
    """The words beside a system's name that say how to read its numbers."""
    if system["role"] == "reference":
        return ["human master"]
    words = [] if system["role"] == "system" else [str(system["role"])]
    return [*words, "sees the reference"] if system["uses_reference"] else words


def _row(result: Result, name: str, columns: tuple[Column, ...]) -> dict[str, Any]:
    (system,) = records(result.systems[result.systems["system"] == name])
    return {
        "name": name,
        "look": result.looks[name],
        "badges": [*badges(system), *song_facts(result).used_by(name)],
        "findings": result.findings_of(name),
        "role": system["role"],
        "ranks": {variant: _rank_text(result, name, variant) for variant in ("raw", "aligned")},
        "cells": [(column, cell_views(result, name, column)) for column in columns],
    }


def _views(result: Result, name: str, columns: tuple[Column, ...]) -> list[CellView]:
    return [view for column in columns for view in cell_views(result, name, column).values()]


def _everything(result: Result, columns: list[Column], variant: str) -> dict[str, Any]:
    rows: list[list[Any]] = [[name] for name in result.by_rank]
    digits: list[int | None] = [None]
    for column in columns:
        shown = variant if variant in column.variants else column.variants[0]
        cells = [result.cells[name, column.id, shown] for name in result.by_rank]
        digits.append(number_format(numbers_of(c.median for c in cells), column.unit).decimals)
        for row, cell in zip(rows, cells, strict=True):
            view = cell_views(result, row[0], column)[shown]
            row.append({"v": cell.median.centre, "note": view.interval or view.note})
    return Table(["system", *(column.heading for column in columns)], rows, digits).as_json()


def _compares(result: Result) -> bool:
    return any(column.better in ("lower", "zero") for column in result.headline) and bool(
        result.references
    )


def _run(run: Mapping[str, Any]) -> dict[str, Any]:
    number = "" if run["number"] is None else f"{run['number']}, id "
    facts = {name: value for name, value in run["record"].items() if name != "code"}
    return {
        "id": f"{number}{run['run']}",
        "name": run["name"],
        "started": run["started"],
        "finished": run["finished"] or "did not finish",
        "command": " ".join(run["command"]),
        "facts": [*_flat(facts), *code_facts(run["record"])],
    }


def _flat(value: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    facts: list[tuple[str, str]] = []
    for name, item in value.items():
        if isinstance(item, Mapping):
            facts += _flat(item, f"{prefix}{name} ")
        else:
            facts.append((f"{prefix}{name}", _fact(item)))
    return facts


def _fact(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        value = ", ".join(str(one) for one in value)
    return NONE if value in (None, "") else str(value)


def _integer(value: Any) -> str:
    return NONE if value is None else f"{int(value):,}".replace(",", "\u202f")
