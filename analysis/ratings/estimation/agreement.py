"""How far listeners agree: Kendall's W, Krippendorff's α, intraclass correlation, repeats.

Krippendorff's α (2011) for units × raters with missing values: 1 - D_o/D_e. For intervals the
sums of squared differences have a closed form, and the ordinal difference is the interval
difference of midranks, so a million ratings take a moment. ICC after Shrout & Fleiss 1979, with
the intervals of McGraw & Wong 1996.
"""

import numpy as np
from scipy import stats

from ..methods.bradley_terry import preferences
from ..methods.friedman import friedman
from ..reading.table import Floats, Ratings, listener_means
from ..result.blocks import Agreement, Icc, Krippendorff, Repeats
from ..result.names import Level
from ..result.note_words import sentence
from ..result.notes import NoteCode, coded

_MOST_VALUES = 3000


def agreement(everything: Ratings, tested: Ratings, level: Level, alpha: float) -> Agreement:
    """How far listeners agree on the ``tested`` systems, and each with repeats of ``everything``.

    ``level`` is that of Krippendorff's differences.
    """
    cells = tested.cells
    units = cells.reshape(len(cells), -1).T
    whole = units[~np.isnan(units).any(axis=1)]
    icc = intraclass(whole, alpha) if len(whole) else None
    repeats = intra_rater(everything)
    no_icc = {} if icc else {"coded_icc_note": coded(NoteCode.NO_ICC)}
    no_repeats = {} if repeats else {"coded_intra_rater_note": coded(NoteCode.NOTHING_TWICE)}
    return Agreement(
        kendall_w=concordance(cells),
        krippendorff=Krippendorff(alpha=krippendorff_alpha(units, level), level=level),
        icc=icc,
        icc_note=None if icc else sentence(NoteCode.NO_ICC),
        intra_rater=tuple(repeats),
        intra_rater_note=None if repeats else sentence(NoteCode.NOTHING_TWICE),
        **no_icc,
        **no_repeats,
    )


def krippendorff_alpha(units: Floats, level: Level) -> float | None:
    """α of ``units`` (units, raters), NaN where not rated; None where nothing varies."""
    rated = (~np.isnan(units)).sum(axis=1)
    kept = units[rated >= 2]
    if not len(kept):
        return None
    if level in (Level.ORDINAL, Level.INTERVAL):
        return _squared(_midranks(kept) if level is Level.ORDINAL else kept)
    return _tabled(kept, level)


def _midranks(units: Floats) -> Floats:
    ranks = np.full(units.shape, np.nan)
    known = ~np.isnan(units)
    ranks[known] = stats.rankdata(units[known])
    return ranks


def _squared(units: Floats) -> float | None:
    known = ~np.isnan(units)
    size = known.sum(axis=1)
    values = np.where(known, units - np.nanmean(units), 0.0)
    within = 2 * (size * (values**2).sum(axis=1) - values.sum(axis=1) ** 2) / (size - 1)
    total = int(size.sum())
    everything = 2 * total * (values**2).sum()  # the values sum to zero
    if everything <= 0:
        return None
    return float(1 - (total - 1) * within.sum() / everything)


def _tabled(units: Floats, level: Level) -> float | None:
    known = ~np.isnan(units)
    names, code = np.unique(units[known], return_inverse=True)
    if len(names) > _MOST_VALUES:
        return None
    counts = np.zeros((len(units), len(names)))
    np.add.at(counts, (np.nonzero(known)[0], code), 1)
    size = counts.sum(axis=1)
    coincidence = (counts / (size - 1)[:, None]).T @ counts - np.diag(
        (counts / (size - 1)[:, None]).sum(axis=0)
    )
    if level is Level.NOMINAL:
        distance = 1 - np.eye(len(names))
    else:
        total = names[:, None] + names[None, :]
        gap = names[:, None] - names[None, :]
        distance = np.where(total != 0, gap / np.where(total != 0, total, 1), 0.0) ** 2
    marginal = coincidence.sum(axis=0)
    expected = float((np.outer(marginal, marginal) * distance).sum())
    if expected <= 0:
        return None
    return float(1 - (marginal.sum() - 1) * (coincidence * distance).sum() / expected)


def intraclass(table: Floats, alpha: float = 0.05) -> Icc | None:
    """ICC of complete ``table`` (targets, judges); the interval is that of ICC(A,1) = ``icc2``."""
    n, k = table.shape
    if n < 2 or k < 2 or float(np.ptp(table)) == 0:
        return None
    y = table - table.mean()
    rows, columns = y.mean(axis=1), y.mean(axis=0)
    msr = k * float((rows**2).sum()) / (n - 1)
    msc = n * float((columns**2).sum()) / (k - 1)
    rest = float(((y - rows[:, None] - columns[None, :]) ** 2).sum())
    mse = rest / ((n - 1) * (k - 1))
    msw = (rest + n * float((columns**2).sum())) / (n * (k - 1))
    if msr == 0 or mse <= 1e-12 * msr:
        return None
    icc2 = (msr - mse) / (msr + (k - 1) * mse + k * (msc - mse) / n)
    a = k * icc2 / (n * (1 - icc2))
    b = 1 + k * icc2 * (n - 1) / (n * (1 - icc2))
    v = (a * msc + b * mse) ** 2 / ((a * msc) ** 2 / (k - 1) + (b * mse) ** 2 / ((n - 1) * (k - 1)))
    lower, upper = (float(stats.f.isf(alpha / 2, *df)) for df in ((n - 1, v), (v, n - 1)))
    rest_scale = k * msc + (k * n - k - n) * mse
    low = n * (msr - lower * mse) / (lower * rest_scale + n * msr)
    high = n * (upper * msr - mse) / (rest_scale + n * upper * msr)
    return Icc(
        icc1=(msr - msw) / (msr + (k - 1) * msw),
        icc2=icc2,
        icc3=(msr - mse) / (msr + (k - 1) * mse),
        icc1k=(msr - msw) / msr,
        icc2k=(msr - mse) / mean if (mean := msr + (msc - mse) / n) > 1e-9 * msr else None,
        icc3k=(msr - mse) / msr,
        low=low,
        high=high,
        low_k=_of_mean(low, k),
        high_k=_of_mean(high, k),
        targets=n,
        judges=k,
    )


def _of_mean(single: float, judges: int) -> float | None:
    """What the mean of all judges has where one has ``single`` (Spearman and Brown).

    None where judges agree so much less than by chance that the formula has no meaning.
    """
    whole = 1 + (judges - 1) * single
    return judges * single / whole if whole > 1e-9 else None


def concordance(cells: Floats) -> float | None:
    """Kendall's W of the listeners over the systems, by their means of ``cells`` ``(n, m, k)``.

    Listeners who lack a system are left out.
    """
    means = listener_means(cells)
    whole = means[~np.isnan(means).any(axis=1)]
    return friedman(whole).kendall_w if len(whole) > 1 else None


def intra_rater(ratings: Ratings) -> list[Repeats]:
    """Consistency of each listener on repeated cells; empty where nothing was repeated.

    Preferences rate a system against another each time, which is no repeat.
    """
    if preferences(ratings) is not None:
        return []
    _, passages, systems = ratings.counts.shape
    cell = (ratings.listener * passages + ratings.passage) * systems + ratings.system
    values: dict[int, dict[int, float]] = {0: {}, 1: {}}
    for at in np.flatnonzero((ratings.counts.reshape(-1)[cell] > 1) & (ratings.repeat < 2)):
        values[int(ratings.repeat[at])][int(cell[at])] = float(ratings.value[at])
    both = [key for key in sorted(values[0]) if key in values[1]]
    found = []
    for code, name in enumerate(ratings.listeners):
        mine = [key for key in both if key // (passages * systems) == code]
        if not mine:
            continue
        first = np.array([values[0][key] for key in mine])
        second = np.array([values[1][key] for key in mine])
        gap = first - second
        varies = len(mine) > 2 and float(np.ptp(first)) > 0 and float(np.ptp(second)) > 0
        r = float(np.corrcoef(first, second)[0, 1]) if varies else None
        found.append(
            Repeats(
                listener=name,
                cells=len(mine),
                mean_absolute_difference=float(np.abs(gap).mean()),
                within_sd=float(np.sqrt((gap**2).mean() / 2)),
                correlation=r,
            )
        )
    return found
