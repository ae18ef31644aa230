"""The charts that a report draws for every metric: spread, song by song, differences, sweeps."""

from collections.abc import Mapping

from ...presentation.estimate import Estimate
from ...presentation.figures import Rows, forest
from ...presentation.numbers import number_format
from ..result.columns import Column
from ..result.document import Result
from ..result.summary import Floats
from ..result.tables import sweep_families
from . import figures
from .registry import Chart, Table, metric_chart


@metric_chart("distribution")
def distribution(result: Result, column: Column, variant: str) -> Chart | None:
    """Every song's value per system, with medians and intervals in the table."""
    values = _values(result, column, variant)
    if not values:
        return None
    rows = []
    for name in result.system_names:
        cell = result.cells[name, column.id, variant]
        median, mean = cell.median, cell.mean
        why = ", ".join(f"{reason.replace('_', ' ')} × {n}" for reason, n in cell.reasons.items())
        rows.append([name, median.n, median.centre, median.low, median.high, mean.centre, why])
    header = ["system", "songs", "median", "95 % low", "95 % high", "mean", "missing"]
    figure = figures.distribution(
        Rows(result.system_names, result.looks), values, result.song_names, column.heading
    )
    return Chart(figure, Table(header, rows, (None, 0, *[_digits(column, values)] * 4, None)))


@metric_chart("matrix")
def matrix(result: Result, column: Column, variant: str) -> Chart | None:
    """Systems × songs."""
    values = _values(result, column, variant)
    if not values:
        return None
    roles = zip(result.system_names, result.systems["role"], strict=True)
    # Anchors are meant to be far off; they would leave one colour to all the others.
    usual = [name for name, role in roles if role != "anchor"]
    figure = figures.matrix(
        Rows(result.system_names, result.looks), values, result.song_names, column.heading, usual
    )
    rows = [
        [song, *(float(values[name][at]) for name in result.system_names)]
        for at, song in enumerate(result.song_names)
    ]
    digits = (None, *[_digits(column, values)] * len(result.system_names))
    table = [[None if value != value else value for value in row] for row in rows]
    return Chart(figure, Table(["song", *result.system_names], table, digits))


@metric_chart("differences")
def differences(result: Result, column: Column, variant: str) -> Chart | None:
    """Each system less each baseline, paired by song."""
    against = result.standings[column.id, variant].against
    if not any(one.difference.mean is not None for one in against):
        return None
    several = len(result.baselines) > 1
    labels = [f"{one.system} − {one.baseline}" if several else one.system for one in against]
    estimates = {
        label: Estimate(one.difference.songs, one.difference.mean, one.difference.low,
                        one.difference.high)
        for label, one in zip(labels, against, strict=True)
    }  # fmt: skip
    seen = {label: result.looks[one.system] for label, one in zip(labels, against, strict=True)}
    size = "|value| " if column.better == "zero" else ""
    base = "baseline" if several else result.baselines[0]
    title = f"{size}mean difference from {base}: {column.heading}"
    notes = {label: str(one.verdict) for label, one in zip(labels, against, strict=True)}
    figure = forest(Rows(labels, seen), estimates, title, notes=notes)
    rows = [
        [one.system, one.baseline, e.n, e.centre, e.low, e.high, one.median.centre, notes[label]]
        for (label, e), one in zip(estimates.items(), against, strict=True)
    ]
    header = ["system", "baseline", "songs", "mean difference", "95 % low", "95 % high"]
    header += ["median difference", "verdict"]
    digits = number_format((e.centre for e in estimates.values()), column.unit).decimals
    return Chart(figure, Table(header, rows, (None, None, 0, *[digits] * 4, None)))


@metric_chart("sweep")
def sweep(result: Result, column: Column, variant: str) -> Chart | None:
    """Median against training step, for systems that have one."""
    families = {
        family: [
            (step, name, result.cells[name, column.id, variant].median) for step, name in points
        ]
        for family, points in sweep_families(result.systems).items()
    }
    known = [e for points in families.values() for _, _, e in points if e.centre is not None]
    if not known:
        return None
    level = None
    for baseline in result.baselines[:1]:
        centre = result.cells[baseline, column.id, variant].median.centre
        level = None if centre is None else (baseline, centre)
    figure = figures.sweep(families, result.looks, column.heading, level)
    rows = [
        [name, step, e.centre, e.low, e.high]
        for points in families.values()
        for step, name, e in points
    ]
    header = ["system", "step", "median", "95 % low", "95 % high"]
    digits = number_format((e.centre for e in known), column.unit).decimals
    return Chart(figure, Table(header, rows, (None, 0, *[digits] * 3)))


def _values(result: Result, column: Column, variant: str) -> dict[str, Floats]:
    values = {name: result.values.of(column.id, variant, name) for name in result.system_names}
    return values if any((v == v).any() for v in values.values()) else {}


def _digits(column: Column, values: Mapping[str, Floats]) -> int | None:
    every = (float(v) for table in values.values() for v in table)
    return number_format(every, column.unit).decimals
