"""Machine code for sums: the terms of plain arrays, whatever their order; audio in parts."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy.signal import sosfilt
from torch import Tensor

from earmark.models.audio.loudness import k_weighting_coefficients
from earmark.models.audio.summing import sums
from earmark.models.audio.summing.k_weighting import EnergyMeter
from earmark.models.audio.summing.spectral_sums import add_distances, magnitudes


def noise(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_sums_are_those_of_whole_arrays(dtype: torch.dtype) -> None:
    audio, target = noise(3, 2, 1001, dtype=dtype), noise(1, 2, 1001, seed=1, dtype=dtype)
    scale = torch.tensor([0.5, -1.0, 2.0], dtype=torch.float64)
    left, right = audio.unbind(dim=1)
    error = target - audio
    exact: Any = {"dim": -1, "dtype": torch.float64}
    pairs = [
        (sums.squares(audio), audio.square().sum(**exact)),
        (sums.products(left, right), (left * right).sum(**exact)),
        (sums.mid_side(left, right)[0], ((left + right) / 2).square().sum(**exact)),
        (sums.mid_side(left, right)[1], ((left - right) / 2).square().sum(**exact)),
        (sums.errors(audio, target)[0], error.abs().sum(**exact)),
        (sums.errors(audio, target)[1], error.square().sum(**exact)),
        (sums.projections(audio, target)[0], target.double().square().sum(-1).expand(3, 2)),
        (sums.projections(audio, target)[1], (target.double() * audio.double()).sum(-1)),
        (
            sums.residuals(audio, target, scale),
            (target.double() * scale[:, None, None] - audio.double()).square().sum(-1),
        ),
    ]
    for found, expected in pairs:
        torch.testing.assert_close(found, expected, rtol=1e-12, atol=0)


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000])
def test_the_recursion_is_the_filter_of_scipy_in_any_parts(rate: int) -> None:
    audio = noise(2, round(0.7 * rate)).numpy()
    filters = k_weighting_coefficients(rate)
    weighted = sosfilt(np.array([[*b, *a] for b, a in filters]), audio.astype(np.float64))
    edges = [round(i * rate / 100) for i in range(audio.shape[1] * 100 // rate + 1)]
    expected = np.array(
        [[(row[a:b] ** 2).mean() for a, b in itertools.pairwise(edges)] for row in weighted]
    )
    for parts in ([audio.shape[1]], [1, 440, 441, 3, 1000], [edges[5], edges[9] - edges[5]]):
        meter, at = EnergyMeter(filters, rate, 2), 0
        for size in [*parts, audio.shape[1]]:
            meter.add(np.ascontiguousarray(audio[:, at : at + size]))
            at = min(at + size, audio.shape[1])
        np.testing.assert_allclose(meter.energies(), expected, rtol=1e-11)


def test_a_channel_that_met_a_bad_sample_has_no_energy_at_all() -> None:
    for bad in (math.nan, math.inf):
        audio = noise(2, 8000).numpy()
        audio[1, 7999] = bad
        meter = EnergyMeter(k_weighting_coefficients(8000), 8000, 2)
        meter.add(audio)
        found = meter.energies()
        assert np.isfinite(found[0]).all()
        assert np.isnan(found[1]).all()


@pytest.mark.parametrize("bins", [1, 511, 512, 513, 5000])
@pytest.mark.parametrize("planes", [1, 2, 4])
def test_spectral_distances_are_those_of_logarithms(bins: int, planes: int) -> None:
    channels = min(planes, 2)
    spectrum, other = (noise(channels, bins, 2, seed=seed).numpy() for seed in (0, 1))
    spectrum[:, ::7] = 0
    eps = np.float32(1e-8)

    def plain(parts: np.ndarray) -> np.ndarray:
        whole = parts[..., 0].astype(np.float64) + 1j * parts[..., 1].astype(np.float64)
        if planes == 4:
            whole = np.stack([*whole, whole[0] + whole[1], whole[0] - whole[1]])
        found: np.ndarray = np.sqrt(np.maximum(np.abs(whole) ** 2, eps))
        return found

    target = np.empty((planes, bins), np.float32)
    magnitudes(other, eps, target)
    np.testing.assert_allclose(target, plain(other), rtol=3e-7)
    error, log_error = np.zeros(planes), np.zeros(planes)
    assert add_distances(spectrum, target, eps, error, log_error)
    one = plain(spectrum)
    np.testing.assert_allclose(error, ((one - target) ** 2).sum(axis=1), rtol=1e-5)
    np.testing.assert_allclose(log_error, np.abs(np.log(one / target)).sum(axis=1), rtol=1e-6)


def test_a_ratio_that_has_no_logarithm_is_told() -> None:
    spectrum = noise(1, 600, 2).numpy()
    target = np.ones((1, 600), np.float32)
    for value in (0.0, math.inf, math.nan):
        target[0, 577] = value
        sums_ = np.zeros(1), np.zeros(1)
        assert not add_distances(spectrum, target, np.float32(1e-8), *sums_)
    target[0, 577] = 1.0
    spectrum[0, 3] = 0.0
    assert not add_distances(spectrum, target, np.float32(0.0), np.zeros(1), np.zeros(1))
