"""The tables of the systems beside the reference master: verdicts, genres, metrics."""

from collections.abc import Iterator
from typing import Any

from ...result.master import AgainstMaster, BesideMaster, MasterDistance
from ..words.master_words import verdict_beside
from .sheet import Sheet, columns_of

# The metrics that a benchmark's report names its systems by, in the same order.
_DECISIVE = ("mrstft_music", "mrstft_auraloss", "logmel_db", "mrstft_sum_diff", "mae")
_SHARE = ("Preferred/share", "Preferred low/share", "Preferred high/share")
_DIFFERENCE = ("Mean Diff./points", "Low/points", "High/points")

_PAPER = ("System", "Preferred", "Mean Diff.", "Low", "High", "P_adj", "Verdict")


def master_sheets(found: AgainstMaster | None) -> list[Sheet]:
    """The tables; without rows where no master was rated."""
    if found is None:
        return []
    return [_systems(found), _genres(found), _metrics(found)]


def _systems(found: AgainstMaster) -> Sheet:
    metric = decisive(found)
    tested = _tested(found)
    columns = columns_of(
        *("System", "Comparisons/count", *_SHARE, *_DIFFERENCE, "p/p", "P_adj/p"),
        *(("p equivalence/p", "P_adj equivalence/p") if tested else ()),
        "Verdict",
        *((f"{metric_name(metric)}/number",) if metric else ()),
    )
    rows = tuple(
        (
            *(row.system, row.comparisons, *_numbers(row), row.p_raw, row.p_adj),
            *(_equivalence(row) if tested else ()),
            verdict_beside(row),
            *([metric.means.get(row.system)] if metric else []),
        )
        for row in found.systems
    )
    how = "preferred to it" if found.preferences else "rated higher"
    over = "all pairs" if found.under_test else "these systems"
    caption = (
        f"Every system less the master ({found.master}): share of comparisons (listener × passage) "
        f"in which it is {how}, ties half, {found.share_interval}; differences with intervals that "
        f"hold together at {100 * found.together:g} % over {found.family} comparisons; P_adj by "
        f"{found.adjust} over {over}"
    )
    return Sheet("against-the-master", caption, columns, rows, _PAPER)


def _genres(found: AgainstMaster) -> Sheet:
    tested = _tested(found)
    rows = tuple(
        (
            *(genre.genre, len(genre.passages), genre.listeners, row.system),
            *(*_numbers(row), row.p_adj, *(_equivalence(row)[1:] if tested else ())),
            genre.note or verdict_beside(row),
        )
        for genre in found.genres
        for row in genre.systems
    )
    columns = columns_of(
        *("Genre", "Passages/count", "Listeners/count", "System", *_SHARE, *_DIFFERENCE),
        *("P_adj/p", *(("P_adj equivalence/p",) if tested else ()), "Verdict"),
    )
    caption = (
        f"Every system less the master ({found.master}) within genres; P_adj by {found.adjust} and "
        f"intervals over all {found.genre_family} of these comparisons"
    )
    return Sheet("against-the-master-by-genre", caption, columns, rows, ("Genre", *_PAPER))


def _tested(found: AgainstMaster) -> bool:
    """Whether anything was tested for equivalence."""
    return any(row.equivalence for row in found.systems)


def _numbers(row: BesideMaster) -> tuple[Any, ...]:
    return row.share, row.share_low, row.share_high, row.mean_diff, row.low, row.high


def _equivalence(row: BesideMaster) -> tuple[Any, ...]:
    claim = row.equivalence
    return (claim.p, claim.p_adj) if claim else (None, None)


def _metrics(found: AgainstMaster) -> Sheet:
    columns = columns_of(
        *("Metric", "Variant", "Unit", "Passages of", "Passages/count", "System", "Mean/number")
    )
    rows = tuple(row for one in found.distances for row in _distances(one, found))
    caption = (
        f"Metrics of what was heard against the master ({found.master}), means over passages that "
        "have a value of every system"
    )
    return Sheet("against-the-master-metrics", caption, columns, rows)


def _distances(one: MasterDistance, found: AgainstMaster) -> Iterator[tuple[Any, ...]]:
    head = (metric_name(one), one.variant, one.unit)
    for system, mean in one.means.items():
        yield (*head, "all", one.passages, system, mean)
    counts = {genre.genre: len(genre.passages) for genre in found.genres}
    for genre, means in one.genres.items():
        for system, mean in means.items():
            yield (*head, genre, counts.get(genre), system, mean)


def metric_name(one: MasterDistance) -> str:
    """The metric with its parameters."""
    parameters = ", ".join(f"{name} {value}" for name, value in one.parameters.items())
    return f"{one.metric} ({parameters})" if parameters else one.metric


def decisive(found: AgainstMaster) -> MasterDistance | None:
    """The metric that stands beside the verdicts: as delivered, the first that is there."""
    for name in _DECISIVE:
        for one in found.distances:
            if one.metric == name and one.variant == "raw":
                return one
    return found.distances[0] if found.distances else None
