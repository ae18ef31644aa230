"""Distances between sets of embeddings: closed forms, other ways to the same number, laws."""

import json

import numpy as np
import pytest
import scipy.linalg
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from places import DATA
from scipy.spatial.distance import cdist, pdist

from earmark.evaluation.distances import (
    extrapolate,
    frechet_distance,
    frechet_of_moments,
    kernel_distance,
    kernel_reference,
    noise_floor,
    statistics,
)
from earmark.evaluation.distances.extrapolation import subset_sizes
from earmark.models.rendering.devices import PeakMemory

Array = NDArray[np.float64]


def draw(seed: int, n: int, d: int, spread: float = 1.0, shift: float = 0.0) -> Array:
    return np.random.default_rng(seed).normal(shift, spread, (n, d))


def frechet(real: Array, made: Array) -> float:
    return frechet_distance(statistics(real), made)


def by_complex_root(real: Array, made: Array) -> float:
    """The textbook's way: a general square root of the product of the covariances."""
    first, second = np.cov(real.T), np.cov(made.T)
    root = scipy.linalg.sqrtm((first @ second).astype(complex))
    apart = np.square(real.mean(axis=0) - made.mean(axis=0)).sum()
    return float(apart + np.trace(first) + np.trace(second) - 2 * np.trace(root).real)


def by_definition(real: Array, made: Array) -> float:
    """KAD with all its matrices in memory."""
    width = np.median(pdist(real))
    within, own, between = (
        np.exp(-np.square(distances) / (2 * width**2)).mean()
        for distances in (pdist(real), pdist(made), cdist(real, made))
    )
    return float(100 * (within + own - 2 * between))


def test_the_distances_of_the_fixtures_come_out() -> None:
    cases = np.load(DATA / "fad_cases.npz")
    expected = json.loads((DATA / "fad_expected.json").read_text())
    found = {
        "fad(A,B)": frechet(cases["A"], cases["B"]),
        "fad(A_low,B) rank-deficient": frechet(cases["A_low"], cases["B"]),
        "fad(A,A)": frechet(cases["A"], cases["A"]),
    }
    for name, value in found.items():
        assert value == pytest.approx(expected[name], rel=1e-12, abs=1e-12), name
    assert frechet(cases["B"], cases["A_low"]) == pytest.approx(30.45697208951762, rel=1e-12)


def test_two_normal_distributions_have_the_distance_of_the_closed_form() -> None:
    eye = np.eye(32)
    assert frechet_of_moments(np.zeros(32), eye, np.ones(32), 4 * eye) == pytest.approx(64)


@pytest.mark.parametrize(("real", "made"), [(300, 400), (300, 20), (20, 300), (20, 15), (40, 40)])
def test_the_distance_equals_that_by_a_complex_square_root(real: int, made: int) -> None:
    first, second = draw(0, real, 40), draw(1, made, 40, spread=1.7, shift=0.3)
    # The general square root of a singular product is the one that is imprecise.
    precise = 1e-9 if min(real, made) > 40 else 1e-4
    assert frechet(first, second) == pytest.approx(by_complex_root(first, second), rel=precise)


@given(st.integers(2, 40), st.integers(2, 40), st.integers(1, 20), st.integers(0, 1000))
@settings(deadline=None, max_examples=40)
def test_the_distance_is_symmetric_and_ignores_a_rotation_and_a_shift(
    n: int, m: int, d: int, seed: int
) -> None:
    first, second = draw(seed, n, d), draw(seed + 1, m, d, spread=2, shift=1)
    turn = np.linalg.qr(draw(seed + 2, d, d))[0]
    value = frechet(first, second)
    assert value >= 0
    assert frechet(second, first) == pytest.approx(value, rel=1e-7, abs=1e-7)
    moved = frechet(first @ turn + 5, second @ turn + 5)
    assert moved == pytest.approx(value, rel=1e-7, abs=1e-7)
    assert frechet(first, first) == pytest.approx(0, abs=1e-6)


def test_dimensions_that_never_change_add_nothing() -> None:
    first, second = draw(0, 90, 12), draw(1, 80, 12, spread=2)
    still = [np.concatenate([one, np.full((len(one), 5), 3.0)], axis=1) for one in (first, second)]
    assert frechet(*still) == pytest.approx(frechet(first, second), rel=1e-10)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (np.zeros((1, 4)), "two or more"),
        (np.zeros(4), "two or more"),
        (np.full((5, 4), np.nan), "not finite"),
        (np.zeros((5, 3)), "3 dimensions, the reference has 4"),
    ],
)
def test_a_set_that_has_no_distance_is_refused(made: Array, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        frechet_distance(statistics(draw(0, 20, 4)), made)


def test_the_distance_falls_as_one_over_n_and_the_extrapolation_takes_it_off() -> None:
    values = {}
    for n in (200, 800, 3200):
        real, made = draw(2 * n, n, 16), draw(2 * n + 1, n, 16)
        found = extrapolate(real, made, seed=0)
        assert found is not None
        values[n] = (frechet(real, made), found.one_sided, found.value)
        assert all(fit.r_squared > 0.9 for fit in found.fits)
    plain = [value[0] for value in values.values()]
    assert plain[0] / plain[1] == pytest.approx(4, rel=0.25)
    assert plain[1] / plain[2] == pytest.approx(4, rel=0.25)
    for value, one_sided, infinite in values.values():
        assert abs(infinite) < 0.25 * value
        assert one_sided == pytest.approx(value / 2, rel=0.35)


def test_the_extrapolation_finds_a_distance_that_is_there() -> None:
    real, made = draw(0, 1500, 16), draw(1, 1500, 16, spread=1.5, shift=0.5)
    found = extrapolate(real, made, seed=0)
    assert found is not None
    truth = 16 * (0.5**2 + 0.5**2)
    assert found.value == pytest.approx(truth, rel=0.05)


def test_the_extrapolation_repeats_itself_to_the_last_digit() -> None:
    real, made = draw(0, 60, 8), draw(1, 70, 8)
    assert extrapolate(real, made, seed=3) == extrapolate(real, made, seed=3)
    assert extrapolate(real, made, seed=3) != extrapolate(real, made, seed=4)
    assert extrapolate(real, made, 3, statistics(real)) == extrapolate(real, made, seed=3)
    assert extrapolate(real[:19], made, seed=3) is None


@given(st.integers(20, 5000), st.integers(1, 600))
@settings(deadline=None, max_examples=50)
def test_subsets_are_never_larger_than_the_set(n: int, d: int) -> None:
    sizes = subset_sizes(n, d)
    assert sizes[-1] == n
    assert sizes[0] >= n // 5
    assert len(sizes) > 2
    assert list(sizes) == sorted(set(sizes))


@pytest.mark.parametrize(("real", "made", "d"), [(150, 120, 5), (151, 90, 30), (3, 2, 4)])
def test_kad_equals_its_definition(real: int, made: int, d: int) -> None:
    first, second = draw(0, real, d), draw(1, made, d, spread=1.3, shift=0.2)
    pairs = np.sort(pdist(first))
    reference = kernel_reference(first)
    assert reference is not None
    # Of an even number of distances, the lower of the two in the middle.
    assert reference.bandwidth == pytest.approx(pairs[(len(pairs) - 1) // 2], rel=1e-12)
    whole = kernel_reference(first, bandwidth=float(np.median(pairs)))
    assert whole is not None
    assert kernel_distance(whole, second) == pytest.approx(by_definition(first, second), rel=1e-9)


def test_kad_of_one_distribution_is_zero_on_average_and_of_two_is_not() -> None:
    values = []
    for seed in range(40):
        reference = kernel_reference(draw(seed, 40, 6))
        assert reference is not None
        values.append(kernel_distance(reference, draw(1000 + seed, 40, 6)))
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(len(values))
    assert min(values) < 0
    reference = kernel_reference(draw(0, 40, 6))
    assert reference is not None
    assert kernel_distance(reference, draw(1, 40, 6, shift=1)) > 5 * max(values)


def test_the_bandwidth_is_that_of_the_reference_alone() -> None:
    real, far = draw(0, 60, 4), draw(1, 60, 4, spread=50)
    first, second = kernel_reference(real), kernel_reference(far)
    assert first is not None
    assert second is not None
    assert kernel_distance(first, far) != pytest.approx(kernel_distance(second, real), rel=0.1)
    assert kernel_reference(np.ones((30, 4))) is None


def test_the_median_is_exact_where_the_pairs_do_not_fit_into_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("earmark.evaluation.distances.kernel._MOST_KEPT", 50)
    monkeypatch.setattr("earmark.evaluation.distances.kernel._BLOCK", 64)
    for points in (draw(0, 301, 5), np.round(draw(1, 200, 1)), np.repeat(draw(2, 3, 2), 50, 0)):
        pairs = np.sort(pdist(points))
        reference = kernel_reference(points)
        middle = pairs[(len(pairs) - 1) // 2]
        if middle == 0:
            assert reference is None
        else:
            assert reference is not None
            assert reference.bandwidth == pytest.approx(middle, rel=1e-9)


def test_kad_needs_no_matrix_of_all_pairs() -> None:
    points, other = draw(0, 6000, 4), draw(1, 6000, 4)
    with PeakMemory(torch.device("cpu")) as peak:
        reference = kernel_reference(points)
        assert reference is not None
        kernel_distance(reference, other)
    # One matrix of all pairs would take 275 MiB in float64.
    assert peak.mebibytes is not None
    assert peak.mebibytes < 150


def test_the_noise_floor_is_the_distance_of_halves_and_keeps_songs_whole() -> None:
    songs = [draw(seed, 30, 4, shift=seed % 3) for seed in range(12)]
    floor = noise_floor(songs, songs, 0, frechet)
    assert floor is not None
    assert (floor.n, floor.splits, floor.by_song) == (180, 10, True)
    assert 0 < floor.low <= floor.value <= floor.high
    # A set against itself is the same music: at equal n it is no further than its halves.
    assert floor.at_equal_n == pytest.approx(floor.value, rel=1e-9)
    loud = [song + 2 for song in songs]
    moved = noise_floor(songs, loud, 0, frechet)
    assert moved is not None
    assert moved.at_equal_n is not None
    assert moved.at_equal_n > 5 * moved.high
    assert moved.value == floor.value


def test_the_noise_floor_of_few_songs_splits_patches_and_says_so() -> None:
    songs = [draw(0, 40, 3), np.empty((0, 0)), draw(1, 10, 3)]
    floor = noise_floor(songs, [draw(2, 12, 3)], 0, frechet)
    assert floor is not None
    assert (floor.by_song, floor.n, floor.at_equal_n) == (False, 25, None)
    assert noise_floor([draw(0, 3, 3)], songs, 0, frechet) is None
