"""The finding of a benchmark in one sentence, read off the same numbers as its tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...presentation.estimate import Estimate
from ...presentation.numbers import NumberFormat, number_format
from .columns import Column
from .summary import BASELINE, Cell

# The first of these that a benchmark has decides which system is named.
_DECISIVE = ("mrstft_music", "mrstft_auraloss", "logmel_db", "mrstft_sum_diff", "mae")
# So many systems that lack songs are named; the table shows them all.
_NAMED = 3


@dataclass(frozen=True)
class Evidence:
    """What a sentence may draw on; ``competing`` are the systems that can be best."""

    songs: int
    systems: tuple[str, ...]
    competing: tuple[str, ...]
    failures: int
    columns: Sequence[Column]
    cells: Mapping[tuple[str, str, str], Cell]
    differences: Mapping[tuple[str, str, str], Estimate]


def finding(evidence: Evidence) -> str:
    """A sentence, or two; never a number without its interval where there is one."""
    scored = {
        system for (system, *_), cell in evidence.cells.items() if cell.median.centre is not None
    }
    if not scored:
        if evidence.failures:
            return (
                f"No score was made: {_count(evidence.failures, 'failure')} in "
                f"{_count(len(evidence.systems), 'system')} over {_count(evidence.songs, 'song')}."
            )
        return "Nothing has been scored yet; run the benchmark to fill this report."
    column = _decisive(evidence)
    if column is None:
        return _without_reference(evidence, len(scored))
    return _with_reference(evidence, column)


def _decisive(evidence: Evidence) -> Column | None:
    for metric in _DECISIVE:
        for column in evidence.columns:
            if column.metric == metric and any(
                evidence.cells[name, column.id, "raw"].median.centre is not None
                for name in evidence.competing
                if (name, column.id, "raw") in evidence.cells
            ):
                return column
    return None


def _with_reference(evidence: Evidence, column: Column) -> str:
    scored = {
        name: cell
        for name in evidence.competing
        if (cell := evidence.cells[name, column.id, "raw"]).median.centre is not None
    }
    medians = {name: cell.median for name, cell in scored.items() if cell.complete}
    partial = {name: cell.median.n for name, cell in scored.items() if not cell.complete}
    if not medians:
        return (
            f"No system has {column.label} for every song that another has it for "
            f"({_listed(partial, evidence.songs)}), so none is named as the closest."
        )
    said = _closest(evidence, column, medians)
    if not partial:
        return said
    return f"{said} Not compared, for want of songs: {_listed(partial, evidence.songs)}."


def _listed(partial: Mapping[str, int], songs: int) -> str:
    named = [f"{name} ({n} of {songs})" for name, n in list(partial.items())[:_NAMED]]
    more = len(partial) - len(named)
    return ", ".join(named) + (f" and {_count(more, 'other')}" if more else "")


def _closest(evidence: Evidence, column: Column, medians: Mapping[str, Estimate]) -> str:
    name = min(medians, key=lambda name: medians[name].centre or 0.0)
    best = medians[name]
    show = number_format([best.centre, best.low, best.high], column.unit)
    value = f"{show(best.centre)}{_unit(column)}{_interval(best, show)}"
    part = f"{best.n} of " if best.n < evidence.songs else ""
    over = f"over {part}{_count(evidence.songs, 'song')}"
    median = "" if best.n == 1 else "median "
    if len(medians) == 1:
        first = f"{over.capitalize()}, {name} lies at {median}{column.label} {value}"
        return f"{first} from the reference masters."
    first = f"{over.capitalize()}, {name} comes closest to the reference masters: "
    first += f"{median}{column.label} {value}"
    difference = evidence.differences.get((name, column.id, "raw"))
    if name == BASELINE:
        return f"{first}, so no other system here came closer than leaving the mix as it is."
    if difference is None or difference.centre is None:
        return f"{first}."
    change = f"{show(abs(difference.centre))}{_unit(column)}"
    span = _interval(difference, show, sign=-1 if difference.centre < 0 else 1)
    if difference.low is None or difference.high is None:
        return f"{first}, {change} {_side(difference.centre)} {BASELINE}."
    if difference.low <= 0 <= difference.high:
        return f"{first}, not told apart from {BASELINE} by these songs."
    return f"{first}, {change}{span} {_side(difference.centre)} {BASELINE}."


def _without_reference(evidence: Evidence, scored: int) -> str:
    over = f"{_count(scored, 'system')} over {_count(evidence.songs, 'song')}"
    loud = next((c for c in evidence.columns if c.metric == "lufs_integrated"), None)
    medians = {}
    if loud is not None:
        cells = {name: evidence.cells.get((name, loud.id, "raw")) for name in evidence.systems}
        medians = {
            name: cell.median.centre
            for name, cell in cells.items()
            if cell is not None and cell.complete and cell.median.centre is not None
        }
    if loud is None or not medians:
        return f"{over} measured, without a distance to reference masters."
    show = number_format(medians.values())
    low = min(medians, key=lambda name: medians[name])
    high = max(medians, key=lambda name: medians[name])
    if low == high:
        return f"{over} measured: median integrated loudness {show(medians[low])} LUFS ({low})."
    return (
        f"{over} measured without reference masters: median integrated loudness runs from "
        f"{show(medians[low])} LUFS ({low}) to {show(medians[high])} LUFS ({high})."
    )


def _interval(estimate: Estimate, show: NumberFormat, sign: int = 1) -> str:
    if estimate.low is None or estimate.high is None:
        return ""
    low, high = sorted((sign * estimate.low, sign * estimate.high))
    return f" [{show(low)}, {show(high)}]"


def _side(difference: float) -> str:
    return "below" if difference < 0 else "above"


def _unit(column: Column) -> str:
    return f" {column.unit}" if column.unit else ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
