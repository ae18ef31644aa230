"""How objective metrics of what was heard go with the ratings of it.

The unit is the stimulus, passage × system: its mean rating over listeners against the metric of the
very file that was heard. Systems' means over the passages are correlated too, and, within each
passage, systems (Pearson's r, Fisher-z averaged with its sign). Pearson, Spearman and Kendall's
τ_b; intervals resample passages as clusters with listeners resampled inside them, since stimuli of
one passage and ratings of one listener are not independent. Hidden reference and anchors, which
every metric tells apart, are left out. The ceiling is the split-half reliability of the mean
ratings (Spearman-Brown): no metric can be expected to correlate more than its square root.

Few systems order themselves by chance: below eight, metrics are shown and not ranked.
"""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import stats

from ..methods.resampling import draws, interval
from ..reading.heard import HeardScore
from ..reading.table import Bools, Floats, Ratings
from ..result.note_words import noted
from ..result.notes import NoteCode
from ..result.secondary import Correlation, MetricAgreement, MetricAgreementRow, RatedStimulus
from .own_order import own_order

RESAMPLES = 1000
FEW_SYSTEMS = 8
_SPLITS = 200
_MATCHED_LU = 0.25
_MOST_DRAWN = 20_000_000
_NOTHING = Correlation(value=None, low=None, high=None)


def metric_agreement(
    tested: Ratings, heard: Sequence[HeardScore], alpha: float, seed: int
) -> MetricAgreement | None:
    """Every metric against the ratings of the systems under test; None where none was measured."""
    cells = tested.cells
    known: Bools = np.asarray((~np.isnan(cells)).any(axis=0))
    table = _tables(tested, heard)
    if not table:
        return None
    means = _means(cells, np.ones((1, len(cells))))[0]
    resampled = _resampled(cells, seed)
    rows: list[MetricAgreementRow] = []
    for (metric, variant, parameters, unit), values in table.items():
        both = known & ~np.isnan(values)
        pairs = zip(values[known].tolist(), both[known].tolist(), strict=True)
        note = _untestable(values, both, unit)
        rows.append(
            MetricAgreementRow(
                metric=metric,
                variant=variant,
                parameters=json.loads(parameters),
                unit=unit,
                stimuli=int(both.sum()),
                values=tuple(value if rated else None for value, rated in pairs),
                **_none() if note else _correlations(values, means, resampled, alpha),
                **noted(note),
            )
        )
    few = len(tested.systems) < FEW_SYSTEMS
    if not few:
        rows.sort(key=lambda row: -abs(row.spearman.value or 0.0))
    passages, systems = np.nonzero(known)
    return MetricAgreement(
        systems=len(tested.systems),
        passages=len(tested.passages),
        interval=f"{100 * (1 - alpha):g} % percentile bootstrap of passages and listeners",
        caution=_caution(len(tested.systems), few=few),
        ranked=not few,
        reliability=_reliability(cells, seed),
        stimuli=tuple(
            RatedStimulus(
                passage=tested.passages[p], system=tested.systems[s], mean=float(means[p, s])
            )
            for p, s in zip(passages, systems, strict=True)
        ),
        rows=tuple(rows),
    )


def _caution(systems: int, *, few: bool) -> str:
    if not few:
        return "A correlation over these systems need not hold for others."
    return (
        f"{systems} systems are few: a correlation over them can arise by chance and need not hold "
        "for others, so metrics are shown by name and not ranked."
    )


def _tables(
    tested: Ratings, heard: Sequence[HeardScore]
) -> dict[tuple[str, str, str, str], Floats]:
    """Values ``(passages, systems)`` of every metric, variant and parameters, by name."""
    shape = len(tested.passages), len(tested.systems)
    place = {name: at for at, name in enumerate(tested.passages)}
    column = {name: at for at, name in enumerate(tested.systems)}
    found: dict[tuple[str, str, str, str], Floats] = {}
    for row in heard:
        if row.passage not in place or row.system not in column or row.value is None:
            continue
        parameters = json.dumps(row.parameters, sort_keys=True)
        key = (row.metric, row.variant, parameters, row.unit)
        values = found.setdefault(key, np.full(shape, np.nan))
        value = row.value if np.isfinite(row.value) else np.nan
        values[place[row.passage], column[row.system]] = value
    return dict(sorted(found.items()))


def _untestable(values: Floats, both: Bools, unit: str) -> NoteCode | None:
    if both.sum() < 3:
        return NoteCode.FEW_STIMULI
    if float(np.ptp(values[both])) == 0:
        return NoteCode.STIMULI_ALIKE
    within = [float(np.ptp(row[ok])) for row, ok in zip(values, both, strict=True) if ok.any()]
    if unit == "LUFS" and max(within) <= _MATCHED_LU:
        return NoteCode.LEVELS_MATCHED
    return None


def _none() -> dict[str, Any]:
    names = ("pearson", "spearman", "kendall", "system_pearson", "system_spearman")
    return dict.fromkeys(names, _NOTHING) | {"within_passages": None}


def _means(cells: Floats, weights: Floats) -> Floats:
    """Mean ratings ``(b, passages, systems)`` with listeners weighted by ``weights`` ``(b, n)``."""
    known = (~np.isnan(cells)).astype(np.float64)
    flat = np.where(np.isnan(cells), 0.0, cells).reshape(len(cells), -1)
    with np.errstate(invalid="ignore", divide="ignore"):
        means: Floats = (weights @ flat) / (weights @ known.reshape(len(cells), -1))
    return means.reshape(len(weights), *cells.shape[1:])


def _resampled(cells: Floats, seed: int) -> tuple[Floats, np.ndarray]:
    """Mean ratings ``(b, m, k)`` of resampled listeners, and which passages ``(b, m)`` to take."""
    n, m, k = cells.shape
    count = max(200, min(RESAMPLES, _MOST_DRAWN // (m * k)))
    weights = draws(n, seed, 1, count)
    count = len(weights)
    generator = np.random.default_rng([seed, 3, m])
    own = own_order(cells)
    # Drawn by their place in the ratings' own order, then called by the place they have here.
    drawn = own.passages[generator.integers(0, m, (count, m))]
    return _means(cells[own.listeners], weights), drawn


def _correlations(
    values: Floats, means: Floats, resampled: tuple[Floats, np.ndarray], alpha: float
) -> dict[str, Any]:
    ratings, passages = resampled
    count = len(ratings)
    drawn_y = np.take_along_axis(ratings, passages[:, :, None], axis=1).reshape(count, -1)
    drawn_x = values[passages].reshape(count, -1)
    x, y = values.reshape(1, -1), means.reshape(1, -1)
    with np.errstate(invalid="ignore", divide="ignore"):
        by_system = _over_passages(values[None], means[None])
        drawn_by_system = _over_passages(
            values[passages], np.take_along_axis(ratings, passages[:, :, None], axis=1)
        )
        return {
            "pearson": _share(_pearson(x, y), _pearson(drawn_x, drawn_y), alpha),
            "spearman": _share(_spearman(x, y), _spearman(drawn_x, drawn_y), alpha),
            "kendall": Correlation(value=_kendall(x[0], y[0]), low=None, high=None),
            "system_pearson": _share(_pearson(*by_system), _pearson(*drawn_by_system), alpha),
            "system_spearman": _share(_spearman(*by_system), _spearman(*drawn_by_system), alpha),
            "within_passages": _within(values, means),
        }


def _share(value: Floats, drawn: Floats, alpha: float) -> Correlation:
    if not np.isfinite(value[0]):
        return _NOTHING
    low, high = interval(drawn, alpha)
    return Correlation(value=float(value[0]), low=low, high=high)


def _over_passages(values: Floats, means: Floats) -> tuple[Floats, Floats]:
    """Means over the passages that have both, ``(b, k)``; NaN where fewer than three systems."""
    both = ~np.isnan(values) & ~np.isnan(means)
    size = both.sum(axis=1)
    x = np.where(both, values, 0.0).sum(axis=1) / size
    y = np.where(both, means, 0.0).sum(axis=1) / size
    enough = (size > 0).sum(axis=1, keepdims=True) >= 3
    return np.where(enough, x, np.nan), np.where(enough, y, np.nan)


def _pearson(x: Floats, y: Floats) -> Floats:
    """r of each row of ``(b, n)``, over what both have; NaN where one of them does not vary."""
    both = ~np.isnan(x) & ~np.isnan(y)
    size = both.sum(axis=1, keepdims=True)
    dx = np.where(both, x - np.where(both, x, 0).sum(axis=1, keepdims=True) / size, 0.0)
    dy = np.where(both, y - np.where(both, y, 0).sum(axis=1, keepdims=True) / size, 0.0)
    sx, sy = (dx**2).sum(axis=1), (dy**2).sum(axis=1)
    r: Floats = (dx * dy).sum(axis=1) / np.sqrt(sx * sy)
    return np.clip(np.where((sx > 0) & (sy > 0), r, np.nan), -1.0, 1.0)


def _spearman(x: Floats, y: Floats) -> Floats:
    both = ~np.isnan(x) & ~np.isnan(y)
    ranked = []
    for values in (x, y):
        # What is missing ranks last and is then left out, which leaves the other ranks alone.
        filled = np.where(both, np.round(values, 10), np.inf)
        ranked.append(np.where(both, stats.rankdata(filled, axis=1), np.nan))
    return _pearson(*ranked)


def _kendall(x: Floats, y: Floats) -> float | None:
    both = ~np.isnan(x) & ~np.isnan(y)
    tau = float(stats.kendalltau(np.round(x[both], 10), np.round(y[both], 10)).statistic)
    return tau if np.isfinite(tau) else None


def _within(values: Floats, means: Floats) -> float | None:
    """The mean of Fisher's z of r over passages with three systems or more, turned back to r."""
    r = _pearson(values, means)
    enough = (~np.isnan(values) & ~np.isnan(means)).sum(axis=1) >= 3
    usable = r[enough & np.isfinite(r)]
    if not len(usable):
        return None
    # A perfect line of three points has no finite z.
    return float(np.tanh(np.arctanh(np.clip(usable, -0.999, 0.999)).mean()))


def _reliability(cells: Floats, seed: int) -> float | None:
    """Split-half reliability of the mean ratings of stimuli, stepped up by Spearman-Brown."""
    n = len(cells)
    if n < 4:
        return None
    generator = np.random.default_rng([seed, 4, n])
    halves = np.argsort(generator.random((_SPLITS, n)), axis=1) < n // 2
    sorted_cells = cells[own_order(cells).listeners]
    first = _means(sorted_cells, halves.astype(np.float64)).reshape(_SPLITS, -1)
    second = _means(sorted_cells, (~halves).astype(np.float64)).reshape(_SPLITS, -1)
    with np.errstate(invalid="ignore", divide="ignore"):
        r = _pearson(first, second)
    known = r[np.isfinite(r)]
    if not len(known):
        return None
    mean = float(known.mean())
    return 2 * mean / (1 + mean) if mean > 0 else 0.0
