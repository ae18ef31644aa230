"""A delay is the highest peak of the correlation, which is written out here as plain sums.

Nothing of the code is used: no blocks, no transforms, and a search where the code has a parabola.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest
import torch
from scipy import optimize
from torch import Tensor

from earmark.models.audio.alignment import delay_samples, shift

RATE = 8000
TAPS = np.arange(-32, 33)
Floats = npt.NDArray[np.float64]


def noise(samples: int, seed: int = 0) -> Tensor:
    """Stereo whose channels differ and whose mean is not zero."""
    return torch.randn(2, samples, generator=torch.Generator().manual_seed(seed)) + 0.1


def correlation(late: Tensor, target: Tensor, limit: int) -> Floats:
    """r(k) for every whole lag k that the interpolation of lags up to ``limit`` looks at."""
    a, t = (np.asarray(one.double().mean(0) - one.double().mean()) for one in (late, target))
    reach = limit + 32
    margin = min(reach, len(t) // 4)
    core = t[margin : len(t) - margin]
    if core @ core < t @ t / 2:
        margin, core = 0, t
    wide = np.pad(a, reach)
    found = np.zeros(2 * reach + 1)
    energies = np.zeros(2 * reach + 1)
    for j in range(2 * reach + 1):
        window = wide[margin + j : margin + j + len(core)]
        energies[j], found[j] = window @ window, window @ core
    audible = energies > 1e-9 * energies.max()
    found[audible] /= np.sqrt(energies[audible] * (core @ core))
    found[~audible] = 0.0
    return found


def peaks(r: Floats, limit: int) -> Iterator[tuple[float, float]]:
    """Lag and height of the high local maxima of |r|, searched for between the samples."""
    middle, padded = len(r) // 2, np.pad(r, 32)

    def between(lag: float) -> float:
        nearest = round(lag)
        distance = lag - nearest - TAPS
        kaiser = np.i0(8 * np.sqrt(1 - (distance / 33) ** 2)) / np.i0(8)
        return float(padded[middle + nearest + TAPS + 32] @ (np.sinc(distance) * kaiser))

    height = np.abs(r)
    for lag in range(-limit, limit + 1):
        beside = max(height[middle + lag - 1], height[middle + lag + 1])
        if height[middle + lag] >= max(beside, height.max() / 2):
            found = optimize.minimize_scalar(
                lambda x: -abs(between(x)), bounds=(lag - 0.5, lag + 0.5), method="bounded",
                options={"xatol": 1e-9},
            )  # fmt: skip
            yield float(found.x), between(float(found.x))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("samples", "limit", "lag", "sign"),
    [
        (300, 20, 4.37, 1),
        (301, 20, -11.62, -1),
        (150, 20, 6.81, 1),  # a margin of a quarter
        (5000, 300, 211.28, -1),
        (20_000, 8200, -3000.44, 1),  # longer than half a block
        (36_000, 17_000, 15_000.3, -1),  # a range that no block of the usual length holds
        (1_100_000, 10, -4.71, 1),  # more blocks than are taken at once
    ],
)
def test_a_delay_is_the_highest_peak_of_the_plain_correlation(
    samples: int, limit: int, lag: float, sign: int
) -> None:
    target = noise(samples, 1)
    late = sign * shift(target, -lag) + 0.5 * noise(samples, 2)
    r = correlation(late, target, limit)
    where, height = max(peaks(r, limit), key=lambda peak: abs(peak[1]))
    found = delay_samples(late, target, RATE, max_seconds=limit / RATE)
    assert found.samples == pytest.approx(where, abs=1e-4)
    assert found.correlation == pytest.approx(abs(height), abs=3e-6)
    assert found.inverted == (height < 0) == (sign < 0)


def test_what_sounds_at_the_ends_alone_is_correlated_without_a_margin() -> None:
    target = torch.zeros(1, 600)
    target[:, :40] = noise(40, 3)[:1]
    target[:, -40:] = noise(40, 4)[:1]
    late = shift(target, -6.3)
    where, height = max(peaks(correlation(late, target, 50), 50), key=lambda peak: peak[1])
    found = delay_samples(late, target, RATE, max_seconds=50 / RATE)
    assert found.samples == pytest.approx(where, abs=1e-4)
    assert found.correlation == pytest.approx(height, abs=3e-6)


@pytest.mark.parametrize("by", [0.5, -3.27, 11.62])
@pytest.mark.parametrize("samples", [1, 2, 37])
def test_a_fractional_shift_is_the_sum_of_shifted_sincs(by: float, samples: int) -> None:
    sound = noise(samples).double()
    times = np.arange(samples)
    expected = np.asarray(sound) @ np.sinc(times[:, None] - times - by)
    np.testing.assert_allclose(np.asarray(shift(sound, by)), expected, atol=1e-5)
