"""How fine a delay is measured, and the shortest audio that has one."""

import numpy as np
import pytest
import torch
from torch import Tensor

from earmark.models.audio.alignment import Delay, delay_samples, shift

RATE = 8000


def noise(samples: int, seed: int = 0) -> Tensor:
    return torch.randn(2, samples, generator=torch.Generator().manual_seed(seed))


def band(samples: int) -> Tensor:
    """Noise with nothing in the last fifth of the band, where a short sinc is least exact."""
    spectrum = torch.fft.rfft(noise(samples).double())
    spectrum[:, spectrum.shape[-1] * 4 // 5 :] = 0
    found: Tensor = torch.fft.irfft(spectrum, samples)
    return found.float()


@pytest.mark.parametrize("delay", [0.3711, -0.017, 5.496, -80.2503, 0.0093])
def test_a_delay_of_noise_is_found_far_below_the_steps_that_are_tried(delay: float) -> None:
    sound = band(RATE)
    found = delay_samples(shift(sound, -delay), sound, RATE)
    # Without the parabola between the steps the error would reach a 64th of a sample.
    assert found.samples == pytest.approx(delay, abs=0.002)
    assert found.correlation == pytest.approx(1.0, abs=0.002)


def test_what_lies_within_a_thousandth_of_a_whole_sample_is_whole() -> None:
    sound = noise(RATE)
    same = delay_samples(sound, sound, RATE)
    assert same.samples == 0.0
    assert same.correlation == pytest.approx(1.0)
    assert not same.inverted
    assert delay_samples(shift(sound, -7), -sound, RATE).samples == 7
    assert delay_samples(shift(sound, -7), -sound, RATE).inverted


def test_two_samples_are_enough_and_one_is_not() -> None:
    pair = torch.tensor([[1.0, -1.0]])
    assert delay_samples(pair, pair, RATE).correlation == pytest.approx(1.0)
    assert delay_samples(pair[:, :1], pair[:, :1], RATE) == Delay(0.0, 0.0, inverted=False)


@pytest.mark.parametrize("limit", [1, 5, 40])
def test_lags_up_to_the_very_limit_are_found_and_none_beyond(limit: int) -> None:
    sound = noise(2000)
    for lag in (-limit, limit):
        found = delay_samples(shift(sound, -lag), sound, RATE, max_seconds=limit / RATE)
        assert found.samples == lag
    beyond = delay_samples(shift(sound, -limit - 3), sound, RATE, max_seconds=limit / RATE)
    assert abs(beyond.samples) <= limit + 1
    assert beyond.correlation < 0.3


def test_the_longer_of_two_is_cut_to_the_shorter() -> None:
    sound = noise(3000)
    late = shift(sound, -6)
    assert delay_samples(late, sound[:, :2000], RATE).samples == 6
    assert delay_samples(late[:, :2000], sound, RATE).samples == 6


@pytest.mark.parametrize("samples", [500, 40_000, 140_000])
def test_audio_of_any_number_of_blocks_has_the_correlation_of_a_plain_sum(samples: int) -> None:
    target, other = noise(samples, 1), noise(samples, 2)
    late = shift(target, -9) + 0.7 * other
    found = delay_samples(late, target, RATE, max_seconds=0.005)
    a, t = (np.asarray(one.double().mean(0) - one.double().mean()) for one in (late, target))
    margin = min(40 + 32, samples // 4)
    core, window = t[margin:-margin], a[margin + 9 : len(a) - margin + 9]
    direct = window @ core / np.sqrt((window @ window) * (core @ core))
    assert found.samples == pytest.approx(9, abs=0.05)
    assert found.correlation == pytest.approx(direct, abs=2e-3)


def test_a_shift_by_nothing_and_of_nothing_changes_nothing() -> None:
    sound = noise(50)
    assert torch.equal(shift(sound, 0.0), sound)
    assert shift(sound[:, :0], 2.5).shape == (2, 0)
    for far in (50, 51, 1000, -50, -1000):
        assert torch.equal(shift(sound, far), torch.zeros_like(sound))
