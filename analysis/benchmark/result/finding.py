"""The finding of a benchmark in a few sentences, read off the same numbers as its tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...presentation.numbers import NumberFormat, number_format
from ..ranking.comparisons import LEAST_SONGS
from ..ranking.ranks import NoClaim, Ranking
from .columns import Column
from .standings import Against, Place, SongVerdict, Standing
from .summary import Cell

# The first of these that a benchmark has decides which systems are named.
DECISIVE = ("mrstft_music", "mrstft_auraloss", "logmel_db", "mrstft_sum_diff", "mae")
# So many systems are named; the tables show them all.
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
    standings: Mapping[Place, Standing]
    baselines: tuple[str, ...]


def finding(evidence: Evidence) -> str:
    """One to four sentences; "closest" only where the songs tell a system from all others."""
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
    column = decisive(evidence.columns, evidence.cells, evidence.competing)
    if column is None:
        return _without_reference(evidence, len(scored))
    return _with_reference(evidence, column)


def decisive(
    columns: Sequence[Column], cells: Mapping[tuple[str, str, str], Cell], competing: Sequence[str]
) -> Column | None:
    """The column by which systems are named: the first of :data:`DECISIVE` that is there."""
    for metric in DECISIVE:
        for column in columns:
            if column.metric == metric and any(
                cells[name, column.id, "raw"].median.centre is not None
                for name in competing
                if (name, column.id, "raw") in cells
            ):
                return column
    return None


def _with_reference(evidence: Evidence, column: Column) -> str:
    scored = {
        name: cell
        for name in evidence.competing
        if (cell := evidence.cells[name, column.id, "raw"]).median.centre is not None
    }
    whole = {name: cell for name, cell in scored.items() if cell.complete}
    partial = {name: cell.median.n for name, cell in scored.items() if not cell.complete}
    if not whole:
        return (
            f"No system has {column.label} for every song that another has it for "
            f"({_partial(partial, evidence.songs)}), so none is named as the closest."
        )
    standing = evidence.standings[column.id, "raw"]
    said = [_closest(evidence, column, whole, standing.ranking)]
    if standing.ranking.why is None:
        said.append(_told(standing.ranking, column))
        for baseline in evidence.baselines:
            mine = [one for one in standing.beside[baseline] if one.system in whole]
            if mine:
                said.append(_beside(baseline, mine, column, standing.ranking.songs))
    if partial:
        said.append(f"Not ranked, for want of songs: {_partial(partial, evidence.songs)}.")
    return " ".join(one for one in said if one)


def _closest(
    evidence: Evidence, column: Column, whole: Mapping[str, Cell], ranking: Ranking
) -> str:
    n = next(iter(whole.values())).mean.n
    part = f"{n} of " if n < evidence.songs else ""
    over = f"Over {part}{_count(evidence.songs, 'song')}"
    means = {name: cell.mean.centre or 0.0 for name, cell in whole.items()}
    order = sorted(means, key=lambda name: means[name])
    show = number_format(means.values(), column.unit)
    label = column.label if n == 1 else f"mean {column.label}"
    if len(whole) == 1:
        (name,) = whole
        value = f"{show(means[name])}{_unit(column)}"
        return f"{over}, {name} lies at {label} {value} from the reference masters."
    if ranking.why is NoClaim.SONGS:
        return (
            f"{over}, no system is named as the closest to the reference masters: with fewer than "
            f"six songs, chance alone could make any of them first. {_run(label, order, means)}"
        )
    first = ranking.first
    if len(first) == 1:
        value = f"{show(means[first[0]])}{_unit(column)}"
        return (
            f"{over}, {first[0]} is the closest to the reference masters of {len(whole)} systems: "
            f"{label} {value}."
        )
    low, high = show(means[first[0]]), show(means[first[-1]])
    span = f"{low}{_unit(column)}" if low == high else f"{low} to {high}{_unit(column)}"
    if len(first) == len(whole):
        return (
            f"{over}, no system is told to be the closest to the reference masters: all "
            f"{len(whole)} tie, with {label} {span}."
        )
    return (
        f"{over}, {len(first)} of {len(whole)} systems tie for the closest to the reference "
        f"masters: {listed(first)} ({label} {span})."
    )


def _run(label: str, order: Sequence[str], means: Mapping[str, float]) -> str:
    show = number_format(means.values())
    low, high = order[0], order[-1]
    label = label[0].upper() + label[1:] if label.startswith("mean") else label
    return f"{label} runs from {show(means[low])} ({low}) to {show(means[high])} ({high})."


def _told(ranking: Ranking, column: Column) -> str:
    least = ranking.tellable
    if least is None:
        return ""
    show = number_format([least.difference / 2], column.unit)
    unit = _unit(column)
    takes = (
        "more than 10,000 songs" if least.half_songs is None else f"about {least.half_songs} songs"
    )
    return (
        f"These songs tell {show(least.difference)}{unit} apart; "
        f"{show(least.difference / 2)}{unit} takes {takes}."
    )


def _beside(baseline: str, mine: Sequence[Against], column: Column, songs: int) -> str:
    """Who is told to be better than a baseline, and by how much.

    A baseline that lacks some of the ``songs`` is compared over those that it has; that is said.
    """
    has = min(one.difference.songs for one in mine)
    if has < LEAST_SONGS:
        return f"{baseline} has {_count(has, 'song')}, too few to be compared with."
    than = baseline if has == songs else f"{baseline}, over the {has} songs that it has"
    better = sorted(
        (one for one in mine if one.verdict is SongVerdict.BETTER),
        key=lambda one: one.difference.mean or 0.0,
    )
    if not better:
        return f"No system is told to be closer than {than}."
    if len(better) == len(mine) > 1:
        return f"Each of the {len(mine)} others is told to be closer than {than}."
    if len(better) == 1:
        (one,) = better
        difference = one.difference
        show = number_format([difference.mean, difference.low, difference.high], column.unit)
        return (
            f"Only {one.system} is told to be closer than {than}, by "
            f"{show(-(difference.mean or 0.0))}{_unit(column)} {_interval(one, show)}."
        )
    return (
        f"{len(better)} of {_count(len(mine), 'other')} are told to be closer than {than}: "
        f"{listed([one.system for one in better])}."
    )


def _interval(one: Against, show: NumberFormat) -> str:
    low, high = one.difference.low, one.difference.high
    return "" if low is None or high is None else f"[{show(-high)}, {show(-low)}]"


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


def _partial(partial: Mapping[str, int], songs: int) -> str:
    named = [f"{name} ({n} of {songs})" for name, n in list(partial.items())[:_NAMED]]
    more = len(partial) - len(named)
    return ", ".join(named) + (f" and {_count(more, 'other')}" if more else "")


def listed(names: Sequence[str]) -> str:
    """Names in a sentence: four at most, of more the first three and how many others."""
    named = list(names[: _NAMED if len(names) > _NAMED + 1 else _NAMED + 1])
    more = len(names) - len(named)
    if more:
        return f"{', '.join(named)} and {_count(more, 'other')}"
    return " and ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)


def _unit(column: Column) -> str:
    return f" {column.unit}" if column.unit else ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
