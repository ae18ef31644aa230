"""Every estimate that is printed, held against scipy, a closed form or a plain count."""

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest
from ratings_data import SHROUT_FLEISS
from ratings_simulation import ratings_of, simulated_cells, written_ratings
from scipy import stats

from earmark.analysis.ratings.estimation.agreement import (
    agreement,
    concordance,
    intra_rater,
    intraclass,
    krippendorff_alpha,
)
from earmark.analysis.ratings.estimation.descriptives import descriptives
from earmark.analysis.ratings.estimation.effect_sizes import (
    a12,
    cliffs_delta,
    matched_rank_biserial,
    paired_superiority,
    rank_biserial,
    unpaired_dominance,
)
from earmark.analysis.ratings.estimation.sample_size import (
    better_buy,
    power,
    precision,
    smallest_detectable,
)
from earmark.analysis.ratings.inference.analysis import analyse
from earmark.analysis.ratings.inference.options import RatingsOptions
from earmark.analysis.ratings.methods.resampling import draws
from earmark.analysis.ratings.reading.files import read_ratings
from earmark.analysis.ratings.reading.scales import Scale
from earmark.analysis.ratings.reading.table import Floats, Ratings
from earmark.analysis.ratings.result.names import Level, Scope

NAN = float("nan")


def read(folder: Path, rows: list[tuple[object, ...]], columns: str) -> Ratings:
    path = folder / "r.csv"
    path.write_text("\n".join([columns, *(",".join(map(str, row)) for row in rows)]) + "\n")
    return read_ratings(path).ratings


@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_each_system_is_described_by_the_numbers_of_numpy_and_scipy(
    tmp_path: Path, alpha: float
) -> None:
    cells = np.clip(np.round(simulated_cells(3, (9, 4, 3), residual=30), 0), 0, 100)
    cells[0, 0, 0] = NAN
    path = written_ratings(tmp_path / "r.csv", cells, systems="ABC", digits=0)
    result = json.loads(analyse(read_ratings(path), RatingsOptions(alpha=alpha)).json_text())[
        "descriptives"
    ]
    whole = cells.reshape(-1, 3)
    ranks = stats.rankdata(whole[~np.isnan(whole).any(axis=1)], axis=1).mean(axis=0)
    for at, row in enumerate(result["systems"]):
        values = cells[:, :, at][~np.isnan(cells[:, :, at])]
        means = np.nanmean(cells[:, :, at], axis=1)
        low, high = stats.t.interval(1 - alpha, 8, means.mean(), stats.sem(means))
        expected = {
            "n": len(values),
            "mean_of_ratings": values.mean(),
            "sd": values.std(ddof=1),
            "median": np.median(values),
            "q1": np.percentile(values, 25),
            "q3": np.percentile(values, 75),
            "iqr": np.percentile(values, 75) - np.percentile(values, 25),
            "min": values.min(),
            "max": values.max(),
            "ceiling_percent": 100 * np.mean(values == 100),
            "floor_percent": 100 * np.mean(values == 0),
            "listeners": 9,
            "mean": means.mean(),
            "low": low,
            "high": high,
            "mean_rank": ranks[at],
        }
        assert {name: row[name] for name in expected} == pytest.approx(expected)
    assert any(row["ceiling_percent"] > 0 for row in result["systems"])
    assert any(row["floor_percent"] > 0 for row in result["systems"])
    assert [(row["passage"], row["system"]) for row in result["cells"]] == [
        (f"song {p}", s) for p in range(4) for s in "ABC"
    ]
    for row in result["cells"]:
        own = cells[:, int(row["passage"][-1]), "ABC".index(row["system"])]
        own = own[~np.isnan(own)]
        low, high = stats.t.interval(1 - alpha, len(own) - 1, own.mean(), stats.sem(own))
        assert (row["n"], row["listeners"]) == (len(own), len(own))
        assert (row["mean"], row["low"], row["high"]) == pytest.approx((own.mean(), low, high))
    assert result["interval"].startswith(f"{100 * (1 - alpha):g} % t intervals")


def test_one_rating_has_no_spread_and_no_interval(tmp_path: Path) -> None:
    cells = np.array([[[10.0, 20.0, 55.5]]])
    path = written_ratings(tmp_path / "r.csv", cells, systems="ABC")
    result = json.loads(analyse(read_ratings(path), RatingsOptions()).json_text())
    row = result["descriptives"]["systems"][2]
    assert (row["n"], row["mean"], row["sd"]) == (1, 55.5, None)
    assert (row["low"], row["high"], row["listeners"]) == (None, None, 1)


def test_dominance_counts_every_pair_of_values() -> None:
    r = np.random.default_rng(0)
    x, y = r.integers(0, 9, 14).astype(float), r.integers(2, 11, 9).astype(float)
    above = sum(a > b for a, b in itertools.product(x, y))
    below = sum(a < b for a, b in itertools.product(x, y))
    assert cliffs_delta(x, y) == pytest.approx((above - below) / 126)
    assert a12(x, y) == pytest.approx(stats.mannwhitneyu(x, y).statistic / 126)
    found = unpaired_dominance(x, y, alpha=0.1, seed=3)
    assert found.value == cliffs_delta(x, y)
    one, two = draws(14, 3, 1, 1000), draws(9, 3, 2, 1000)
    resampled = [
        cliffs_delta(np.repeat(x, a.astype(int)), np.repeat(y, b.astype(int)))
        for a, b in zip(one, two, strict=True)
    ]
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(resampled, [0.05, 0.95])))
    assert unpaired_dominance(x[:1], y, alpha=0.1, seed=0).low is None
    assert unpaired_dominance(x, y[:1], alpha=0.1, seed=0).low is None
    assert unpaired_dominance(x[:2], y[:2], alpha=0.1, seed=0).low is not None, "two are enough"
    assert unpaired_dominance(x[:1], y, alpha=0.1, seed=0).value is not None
    assert unpaired_dominance(x[:0], y, alpha=0.1, seed=0).value is None
    assert unpaired_dominance(x, y[:0], alpha=0.1, seed=0).value is None


def test_the_matched_rank_biserial_is_that_of_each_resample() -> None:
    d = np.array([3.0, -1, 2, 2, 0, -2, 5, NAN])
    known = d[:7]
    ranks = stats.rankdata(np.abs(known[known != 0]))
    expected = (ranks * np.sign(known[known != 0])).sum() / ranks.sum()
    found = matched_rank_biserial(d, alpha=0.1, seed=5)
    assert found.value == pytest.approx(expected) == rank_biserial(known)
    resampled = [
        rank_biserial(np.repeat(known, weights.astype(int))) for weights in draws(7, 5, 1, 1000)
    ]
    values = np.array([one for one in resampled if one is not None])
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(values, [0.05, 0.95])))
    assert rank_biserial(np.zeros(3)) is None
    assert rank_biserial(np.array([2.0])) == 1.0
    # Differences that rounding alone sets apart tie, also in the resamples.
    nearly = matched_rank_biserial(d + np.arange(8) * 4e-12, alpha=0.1, seed=5)
    assert (nearly.value, nearly.low, nearly.high) == (found.value, found.low, found.high)
    for few in (np.zeros(3), np.array([NAN]), np.array([])):
        assert matched_rank_biserial(few, alpha=0.1, seed=0).value is None
    lone = matched_rank_biserial(np.array([1.0, NAN]), alpha=0.1, seed=0)
    assert (lone.value, lone.low) == (1.0, None)
    assert matched_rank_biserial(np.array([1.0, 2.0]), alpha=0.1, seed=0).low == 1.0


@pytest.mark.parametrize("passages", [False, True])
def test_superiority_counts_cells_and_resamples_whole_listeners(*, passages: bool) -> None:
    r = np.random.default_rng(1)
    first, second = r.integers(0, 5, (6, 3)).astype(float), r.integers(0, 5, (6, 3)).astype(float)
    first[0, 1] = second[3, :] = NAN
    wins = np.where(first > second, 1.0, np.where(first < second, 0.0, 0.5))
    wins[np.isnan(first) | np.isnan(second)] = NAN
    found = paired_superiority(first, second, alpha=0.1, seed=2, passages=passages)
    assert found.value == pytest.approx(np.nanmean(wins))
    rows = np.delete(wins, 3, axis=0)
    columns = draws(3, 2, 2) if passages else np.ones((2000, 3))
    resampled = [
        np.nansum(a[:, None] * rows * b) / ((a[:, None] * ~np.isnan(rows)) * b).sum()
        for a, b in zip(draws(5, 2, 1), columns, strict=True)
    ]
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(resampled, [0.05, 0.95])))
    none = paired_superiority(first * NAN, second, alpha=0.1, seed=0, passages=passages)
    assert (none.value, none.low) == (None, None)
    lone = paired_superiority(first[1:2], second[1:2], alpha=0.1, seed=0, passages=passages)
    assert lone.value is not None
    assert lone.low is None
    two = paired_superiority(first[:2], second[:2], alpha=0.1, seed=0, passages=passages)
    assert two.low is not None, "two are enough"


def plain_alpha(units: Floats, distance: Floats, values: Floats) -> float:
    """Krippendorff's α from every pair of values, in the words of its definition."""
    observed, pairs, everything = 0.0, 0, []
    for unit in units:
        known = [list(values).index(one) for one in unit if not np.isnan(one)]
        if len(known) >= 2:
            everything += known
            inside = sum(distance[a, b] for a, b in itertools.permutations(known, 2))
            observed += inside / (len(known) - 1)
            pairs += len(known)
    expected = sum(distance[a, b] for a, b in itertools.permutations(everything, 2))
    return float(1 - (observed / pairs) / (expected / (pairs * (pairs - 1))))


@pytest.mark.parametrize("level", Level)
def test_alpha_is_one_less_observed_over_expected_disagreement(level: Level) -> None:
    r = np.random.default_rng(4)
    units = r.integers(0, 5, (12, 4)).astype(float)
    units[r.random(units.shape) < 0.3] = NAN
    units[0] = [3, NAN, NAN, NAN]
    kept = units[(~np.isnan(units)).sum(axis=1) >= 2]
    values = np.unique(kept[~np.isnan(kept)])
    counts = np.array([(kept == value).sum() for value in values], dtype=float)
    distance = np.zeros((len(values), len(values)))
    for a, b in itertools.permutations(range(len(values)), 2):
        low, high = min(a, b), max(a, b)
        between = counts[low : high + 1].sum() - (counts[a] + counts[b]) / 2
        ratio = (values[a] - values[b]) / (values[a] + values[b])
        of = {
            Level.NOMINAL: 1,
            Level.INTERVAL: values[a] - values[b],
            Level.ORDINAL: between,
            Level.RATIO: ratio,
        }
        distance[a, b] = of[level] ** 2
    expected = plain_alpha(units, distance, values)
    assert krippendorff_alpha(units, level) == pytest.approx(expected)


@pytest.mark.slow
def test_what_would_take_too_much_memory_has_a_value_and_no_interval() -> None:
    d = np.random.default_rng(2).normal(0.2, 1, 3001)
    whole, most = (matched_rank_biserial(d[:n], alpha=0.05, seed=0) for n in (3001, 3000))
    assert whole.value == rank_biserial(d)
    assert (whole.low, most.low is None) == (None, False)
    values = np.arange(3002.0).reshape(-1, 2)
    values[0] = values[1]
    assert krippendorff_alpha(values, Level.NOMINAL) is not None, "3000 values"
    assert krippendorff_alpha(np.arange(3002.0).reshape(-1, 2), Level.NOMINAL) is None


def test_alpha_has_its_ends() -> None:
    same = np.array([[1.0, 1], [4, 4], [2, NAN]])
    for level in Level:
        assert krippendorff_alpha(same, level) == pytest.approx(1.0)
        assert krippendorff_alpha(np.ones((3, 2)), level) is None
        assert krippendorff_alpha(same[2:], level) is None


def test_judges_who_contradict_each_other_have_no_correlation_of_their_mean() -> None:
    edge = intraclass(np.array([[-1.0, 2], [1, 1]]))
    assert edge is not None
    assert edge.low == pytest.approx(-1)
    assert edge.low_k is None, "one more than minus one is nothing to divide by"
    beyond = intraclass(np.array([[1.0, -2], [0, 1]]))
    assert beyond is not None
    assert beyond.icc2 == pytest.approx(-1.5)
    assert (beyond.icc2k, beyond.low_k) == (None, None)
    assert beyond.high_k == pytest.approx(0.9932, abs=1e-4)


def test_intraclass_correlations_follow_from_the_mean_squares() -> None:
    found = intraclass(SHROUT_FLEISS, 0.1)
    assert found is not None
    n, k = SHROUT_FLEISS.shape
    assert (found.targets, found.judges) == (6, 4)
    for single, mean in ((found.icc1, found.icc1k), (found.icc2, found.icc2k)):
        assert mean == pytest.approx(k * single / (1 + (k - 1) * single))
    assert found.low_k == pytest.approx(k * found.low / (1 + (k - 1) * found.low))
    assert found.high_k == pytest.approx(k * found.high / (1 + (k - 1) * found.high))
    wider = intraclass(SHROUT_FLEISS, 0.05)
    assert wider is not None
    rising = (wider.low, found.low, found.icc2, found.high, wider.high)
    known = [value for value in rising if value is not None]
    assert len(known) == 5
    assert known == sorted(set(known))
    for flat in (np.ones((4, 3)), SHROUT_FLEISS[:1], SHROUT_FLEISS[:, :1]):
        assert intraclass(flat) is None
    assert intraclass(np.arange(4.0)[:, None] + np.zeros((4, 3))) is None
    assert intraclass(np.zeros((4, 1)) + np.arange(3.0)) is None
    assert n == 6


def test_concordance_is_kendalls_w_of_the_listeners_who_have_all() -> None:
    cells = simulated_cells(5, (7, 3, 4), effects=np.array([0, 4, 8, 12.0]))
    cells[2, :, 1] = NAN
    means = np.delete(cells, 2, axis=0).mean(axis=1)
    q = stats.friedmanchisquare(*means.T).statistic
    assert concordance(cells) == pytest.approx(q / (6 * 3))
    assert concordance(cells[1:3]) is None
    assert concordance(cells[:2]) is not None


def test_repeats_are_compared_first_with_second_for_each_listener(tmp_path: Path) -> None:
    first = {"a": 40, "b": 55, "c": 70}
    second = {"a": 44, "b": 53, "c": 79}
    rows: list[tuple[object, ...]] = []
    for gone in (first, second, {"a": 99}):
        rows += [("L0", "p", system, value) for system, value in gone.items()]
    rows += [("L1", "p", system, 50) for system in first]
    rows += [("L2", "p", system, 50 + at) for at in (0, 3) for system in ("a", "b")]
    found = intra_rater(read(tmp_path, rows, "listener,passage,system,value"))
    assert [one.listener for one in found] == ["L0", "L2"]
    gaps = np.array([4.0, -2, 9])
    assert found[0].cells == 3, "a third time is not looked at"
    assert found[0].mean_absolute_difference == pytest.approx(5.0)
    assert found[0].within_sd == pytest.approx(math.sqrt((gaps**2).mean() / 2))
    expected = np.corrcoef(list(first.values()), list(second.values()))[0, 1]
    assert found[0].correlation == pytest.approx(expected)
    assert found[1].correlation is None
    small: list[tuple[object, ...]] = [
        ("L0", "p", s, value)
        for values in ((0.1, 0.2, 0.4), (0.3, 0.2, 0.5))
        for s, value in zip("abc", values, strict=True)
    ]
    (one,) = intra_rater(read(tmp_path, small, "listener,passage,system,value"))
    expected = np.corrcoef([0.1, 0.2, 0.4], [0.3, 0.2, 0.5])[0, 1]
    assert one.correlation == pytest.approx(expected), "on a scale from 0 to 1 too"


def test_agreement_holds_each_measure_or_says_why_there_is_none() -> None:
    cells = simulated_cells(6, (5, 3, 4), effects=np.array([0, 9, 18, 27.0]))
    cells[1, 2, 3] = NAN
    everything, tested = ratings_of(cells, times=2), ratings_of(cells[:, :, :3])
    found = agreement(everything, tested, Level.INTERVAL, 0.1)
    units = cells[:, :, :3].reshape(5, -1).T
    assert found.kendall_w == concordance(cells[:, :, :3])
    assert found.krippendorff.alpha == krippendorff_alpha(units, Level.INTERVAL)
    assert found.krippendorff.level == "interval"
    icc = intraclass(units, 0.1)
    assert icc is not None
    assert found.icc is not None
    assert found.icc.as_json() == pytest.approx(icc.as_json())
    assert list(found.intra_rater) == intra_rater(everything)
    assert (found.icc_note, found.intra_rater_note) == (None, None)
    once = agreement(tested, ratings_of(cells[:, :1, :1]), Level.ORDINAL, 0.1)
    assert once.intra_rater == ()
    assert once.intra_rater_note == "not estimable: nothing was rated twice"
    assert once.icc is None
    assert str(once.icc_note).startswith("needs two stimuli that every listener rated")
    holes = agreement(tested, ratings_of(cells[:, 2:, 3:]), Level.ORDINAL, 0.1)
    assert (holes.icc, holes.icc_note) == (None, once.icc_note)


def test_stimuli_that_rounding_alone_sets_apart_share_a_rank() -> None:
    cells = np.array([[[1.0, 1.0 + 4e-11, 3.0]], [[5.0, 4.0, 4.0 + 4e-11]]])
    scale = Scale(low=0, high=5, ordinal=False, origin="")
    rows = descriptives(ratings_of(cells), scale, 0.05).systems
    assert [row.mean_rank for row in rows] == [(1.5 + 3) / 2, 1.5, (3 + 1.5) / 2]
    assert None not in [row.low for row in rows], "two listeners have an interval"
    assert [row.sd for row in rows] == pytest.approx(cells.std(axis=(0, 1), ddof=1))
    lacking = cells.copy()
    lacking[:, 0, 2] = [3.0, NAN]
    rows = descriptives(ratings_of(lacking), scale, 0.05).systems
    assert [row.mean_rank for row in rows] == [1.5, 1.5, 3.0]


VARIANCES = {"residual": 90.0, "listener:system": 40.0, "passage:system": 25.0}


@pytest.mark.parametrize(("n", "m"), [(12, 6), (5, 20), (2, 2)])
def test_the_precision_of_a_difference_follows_from_its_variances(n: int, m: int) -> None:
    music = precision(VARIANCES, n, m, Scope.MUSIC)
    assert music.error == pytest.approx(math.sqrt(2 * (40 / n + 25 / m + 90 / (n * m))))
    here = precision(VARIANCES, n, m, Scope.PASSAGES)
    assert here.error == pytest.approx(math.sqrt(2 * (40 / n + 90 / (n * m))))
    assert (here.df, here.listeners, here.passages) == (n - 1, n, m)
    ms_l, ms_p, ms_lp = m * 40 + 90, n * 25 + 90, 90
    shares = ms_l**2 / (n - 1) + ms_p**2 / (m - 1) + ms_lp**2 / ((n - 1) * (m - 1))
    assert music.df == pytest.approx(max((ms_l + ms_p - ms_lp) ** 2 / shares, min(n, m) - 1))
    nothing = precision({"residual": 0.0}, n, m, Scope.MUSIC)
    assert (nothing.error, nothing.df) == (0.0, min(n, m) - 1)
    below = precision({"residual": 90.0, "listener:system": -4.0}, n, m, Scope.PASSAGES)
    assert below.error == pytest.approx(math.sqrt(2 * 90 / (n * m)))


def test_power_is_alpha_at_no_difference_and_grows_to_one() -> None:
    at = precision(VARIANCES, 12, 6, Scope.PASSAGES)
    for alpha in (0.01, 0.05, 0.2):
        assert power(0.0, at, alpha) == pytest.approx(alpha, abs=1e-9)
        t = at.error
        sf = stats.nct.sf(stats.t.isf(alpha / 2, at.df), at.df, 3.0)
        assert power(3 * t, at, alpha) == pytest.approx(sf, abs=1e-3)
        assert power(-3 * t, at, alpha) == pytest.approx(power(3 * t, at, alpha))
        for wanted in (0.5, 0.8, 0.95):
            found = smallest_detectable(at, alpha, wanted)
            assert power(found, at, alpha) == pytest.approx(wanted, abs=1e-6)
    assert power(1000.0, at, 0.05) == pytest.approx(1.0)
    sure = precision({"residual": 0.0}, 12, 6, Scope.PASSAGES)
    assert (power(0.1, sure, 0.05), power(0.0, sure, 0.05)) == (1.0, 0.05)
    assert smallest_detectable(sure, 0.05) == 0.0


def test_listeners_are_bought_where_they_narrow_no_less() -> None:
    assert better_buy({"residual": 50.0}, 10, 5, Scope.PASSAGES) == "listeners", "a tie"
    assert better_buy({"residual": 50.0, "passage:system": 1.0}, 10, 5, Scope.MUSIC) == "passages"
    assert better_buy({"residual": 50.0, "listener:system": 1.0}, 10, 5, Scope.MUSIC) == "listeners"
