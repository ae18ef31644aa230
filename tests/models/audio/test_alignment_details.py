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


def test_lags_up_to_a_tenth_of_a_second_are_found_where_nothing_else_is_said() -> None:
    sound = noise(8000)
    limit = RATE // 10
    assert delay_samples(shift(sound, -limit), sound, RATE).samples == limit
    beyond = delay_samples(shift(sound, -limit - 3), sound, RATE)
    assert beyond.correlation < 0.3


@pytest.mark.parametrize("lag", [-9.63, -9.98, 9.63])
def test_how_loud_both_are_changes_no_delay_at_the_end_of_the_range(lag: float) -> None:
    sound = noise(500).double()
    late = shift(sound, -lag)
    loud = delay_samples(late, sound, RATE, max_seconds=10 / RATE)
    quiet = delay_samples(1e-4 * late, 1e-4 * sound, RATE, max_seconds=10 / RATE)
    assert quiet.samples == pytest.approx(loud.samples, abs=1e-9)
    assert quiet.correlation == pytest.approx(loud.correlation, abs=1e-9)


def test_a_peak_between_two_samples_is_higher_than_a_lower_one_on_a_sample() -> None:
    sound = noise(4000)
    late = 0.85 * shift(sound, -10) + shift(sound, -50.5)
    found = delay_samples(late, sound, RATE, max_seconds=100 / RATE)
    assert found.samples == pytest.approx(50.5, abs=0.05)


@pytest.mark.parametrize("sign", [1, -1])
def test_where_the_correlation_rises_to_the_limit_the_delay_is_there(sign: int) -> None:
    spectrum = torch.fft.rfft(noise(8000).double())
    spectrum[:, 150:] = 0  # a hundred and fifty waves in all, none shorter than 53 samples
    slow = torch.fft.irfft(spectrum, 8000)
    found = delay_samples(shift(slow, -12 * sign), slow, RATE, max_seconds=5 / RATE)
    assert found.samples == 6 * sign, "a sample more than the limit, to which a peak is searched"
    assert 0.7 < found.correlation < 1
    assert not found.inverted


def test_a_thousandth_of_a_sample_is_where_whole_numbers_end() -> None:
    sound = band(RATE)
    near, far = (delay_samples(shift(sound, -lag), sound, RATE) for lag in (4.00095, 4.00105))
    assert near.samples == 4.0
    assert far.samples == pytest.approx(4.00105, abs=4e-5)
