"""What was rated: per system, and per system and passage, before any test."""

from typing import Any

import numpy as np
from scipy import stats

from ..methods.crossed import crossed_mean
from ..reading.scales import Scale
from ..reading.table import Floats, Ratings, listener_means
from ..result.blocks import AnswerScale, CellRow, Descriptives, SystemSummary
from ..result.names import Scope

INTERVALS = {
    Scope.PASSAGES: "t intervals over listener means",
    Scope.MUSIC: (
        "t intervals, per system with listeners and passages random (none where cells are "
        "missing), per passage over listeners"
    ),
}


def descriptives(
    ratings: Ratings, scale: Scale, alpha: float, scope: Scope = Scope.PASSAGES
) -> Descriptives:
    """Counts, centres, spreads and intervals of one question's ratings, all systems included.

    A mean is that of the listeners' means, which its interval is about: a listener who rated more
    counts no more. ``mean_of_ratings`` and all other numbers are of single ratings. The intervals
    of systems hold for the ``scope`` of the primary analysis, those of a passage for that passage.
    """
    words = INTERVALS.get(scope, INTERVALS[Scope.PASSAGES])
    return Descriptives(
        interval=f"{100 * (1 - alpha):g} % {words}",
        scale=AnswerScale(**vars(scale)),
        systems=_systems(ratings, scale, alpha, scope),
        cells=_cells(ratings, scale, alpha),
    )


def _systems(
    ratings: Ratings, scale: Scale, alpha: float, scope: Scope
) -> tuple[SystemSummary, ...]:
    means = listener_means(ratings.cells)
    ranks = _mean_ranks(ratings.cells)
    rows = []
    for at, name in enumerate(ratings.systems):
        found = _values(ratings.value[ratings.system == at], scale)
        found |= _over_listeners(means[:, at], alpha)
        if scope is Scope.MUSIC:
            found |= _over_both(ratings.cells[:, :, at], alpha)
        rank = None if ranks is None else float(ranks[at])
        rows.append(SystemSummary(system=name, **found, mean_rank=rank))
    return tuple(rows)


def _cells(ratings: Ratings, scale: Scale, alpha: float) -> tuple[CellRow, ...]:
    rows = []
    order = np.lexsort((ratings.system, ratings.passage))
    keys = ratings.passage[order] * len(ratings.systems) + ratings.system[order]
    for part in np.split(order, np.flatnonzero(np.diff(keys)) + 1):
        passage, system = int(ratings.passage[part[0]]), int(ratings.system[part[0]])
        found = _values(ratings.value[part], scale)
        found |= _over_listeners(ratings.cells[:, passage, system], alpha)
        names = ratings.passages[passage], ratings.systems[system]
        rows.append(CellRow(passage=names[0], system=names[1], **found))
    return tuple(rows)


def _values(values: Floats, scale: Scale) -> dict[str, Any]:
    q1, median, q3 = np.quantile(values, [0.25, 0.5, 0.75])
    return {
        "n": len(values),
        "mean_of_ratings": float(values.mean()),
        "sd": float(values.std(ddof=1)) if len(values) > 1 else None,
        "median": float(median),
        "q1": float(q1),
        "q3": float(q3),
        "iqr": float(q3 - q1),
        "min": float(values.min()),
        "max": float(values.max()),
        "ceiling_percent": float(100 * np.mean(values >= scale.high)),
        "floor_percent": float(100 * np.mean(values <= scale.low)),
    }


def _over_listeners(means: Floats, alpha: float) -> dict[str, Any]:
    known = means[~np.isnan(means)]
    n, mean = len(known), float(known.mean())
    if n < 2:
        return {"listeners": n, "mean": mean, "low": None, "high": None}
    half = float(stats.t.isf(alpha / 2, n - 1) * known.std(ddof=1) / np.sqrt(n))
    return {"listeners": n, "mean": mean, "low": mean - half, "high": mean + half}


def _over_both(cells: Floats, alpha: float) -> dict[str, Any]:
    """The interval for other listeners and other music, of cells ``(n, m)``."""
    if min(cells.shape) < 2 or np.isnan(cells).any():
        return {"low": None, "high": None}
    found = crossed_mean(cells, alpha)
    return {"low": found.low, "high": found.high}


def _mean_ranks(cells: Floats) -> Floats | None:
    """Mean rank within listener × passage, 1 the lowest, over the blocks that hold every system."""
    blocks = cells.reshape(-1, cells.shape[2])
    whole = blocks[~np.isnan(blocks).any(axis=1)]
    if not len(whole):
        return None
    ranks: Floats = stats.rankdata(np.round(whole, 10), axis=1).mean(axis=0)
    return ranks
