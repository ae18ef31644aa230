"""Delays are found between the samples, on noise and on music-like sound, and taken back."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from earmark.models.audio.alignment import Delay, delay_samples, shift

RATE = 44100


def noise(seconds: float, seed: int = 0) -> Tensor:
    return torch.randn(2, round(seconds * RATE), generator=torch.Generator().manual_seed(seed))


def music(seconds: float, seed: int = 0) -> Tensor:
    """Stereo noise with the long-term spectrum of music: falling above 300 Hz."""
    white = noise(seconds, seed)
    samples = white.shape[-1]
    frequency = torch.fft.rfftfreq(samples, 1 / RATE)
    shape = (frequency > 30) / (1 + frequency / 300) * torch.where(frequency > 15000, 0.01, 1.0)
    sound: Tensor = torch.fft.irfft(torch.fft.rfft(white) * shape, n=samples)
    return sound / sound.abs().max()


@pytest.mark.parametrize("material", [noise, music])
@pytest.mark.parametrize("seconds", [1.0, 5.0])
@pytest.mark.parametrize("delay", [0.0, 1.0, -3.0, 0.25, 0.5, 100.37, -77.81, 3000.5, -4400.2])
def test_a_known_delay_is_found_to_a_twentieth_of_a_sample(
    material: Callable[[float], Tensor], seconds: float, delay: float
) -> None:
    sound = material(seconds)
    found = delay_samples(shift(sound, -delay), sound, RATE)
    assert found.samples == pytest.approx(delay, abs=0.05)
    assert not found.inverted
    assert found.correlation > 0.95


def test_a_delay_survives_compression_noise_and_another_level() -> None:
    sound = music(4.0)
    changed = 0.2 * torch.tanh(3 * shift(sound, -12.4)) + 0.01 * noise(4.0, seed=7)
    assert delay_samples(changed, sound, RATE).samples == pytest.approx(12.4, abs=0.05)


@given(delay=st.integers(-400, 400), gain=st.sampled_from([0.01, 1.0, 8.0, -0.01, -1.0]))
@settings(deadline=None, max_examples=20)
def test_delay_ignores_gain_and_reports_polarity(delay: int, gain: float) -> None:
    sound = music(0.5)
    found = delay_samples(gain * shift(sound, -delay), sound, RATE)
    assert found.samples == delay
    assert found.inverted == (gain < 0)


def test_swapping_the_two_sides_negates_the_delay() -> None:
    one, other = noise(1.0), shift(noise(1.0), -20.3)
    there, back = delay_samples(other, one, RATE), delay_samples(one, other, RATE)
    assert there.samples == pytest.approx(-back.samples, abs=0.01)


def test_correlation_agrees_with_a_direct_sum() -> None:
    late, target = noise(0.3, seed=1), music(0.3, seed=2)
    late[:, 40:] += target[:, :-40]
    found = delay_samples(late, target, RATE, max_seconds=0.01)
    a = np.asarray(late.double().mean(0) - late.double().mean())
    t = np.asarray(target.double().mean(0) - target.double().mean())
    margin = 441 + 32
    core = t[margin:-margin]
    window = a[margin + 40 : len(a) - margin + 40]
    direct = float(window @ core / math.sqrt((window @ window) * (core @ core)))
    assert found.samples == pytest.approx(40, abs=0.05)
    assert found.correlation == pytest.approx(direct, abs=1e-3)


def test_a_delay_beyond_the_range_is_not_found_and_a_wider_range_finds_it() -> None:
    sound = noise(2.0)
    late = shift(sound, -2000)
    assert delay_samples(late, sound, RATE, max_seconds=0.02).correlation < 0.1
    assert delay_samples(late, sound, RATE, max_seconds=0.05).samples == 2000


@pytest.mark.parametrize("sound", [torch.zeros(2, 4410), torch.ones(2, 4410)])
def test_silence_and_constants_have_no_delay(sound: Tensor) -> None:
    other = noise(0.1)
    nothing = Delay(0.0, 0.0, inverted=False)
    assert delay_samples(sound, other, RATE) == nothing
    assert delay_samples(other, sound, RATE) == nothing


def test_audio_that_is_not_finite_has_no_delay() -> None:
    broken = noise(0.1)
    broken[0, 50] = math.nan
    assert delay_samples(broken, noise(0.1), RATE) == Delay(0.0, 0.0, inverted=False)


def test_a_pure_tone_keeps_the_smallest_of_its_many_delays() -> None:
    tone = torch.sin(2 * math.pi * 441 * torch.arange(RATE) / RATE)[None]
    assert delay_samples(tone, tone, RATE).samples == 0
    upside_down = delay_samples(-tone, tone, RATE)
    assert (upside_down.samples, upside_down.inverted) == (0, True)
    assert upside_down.correlation == pytest.approx(1.0)


@pytest.mark.parametrize("frequency", [441.0, 300.3, 1000.7])
@pytest.mark.parametrize("delay", [3.4, 7.0, -2.25])
def test_a_tone_that_is_late_has_the_smallest_delay_too(frequency: float, delay: float) -> None:
    time = torch.arange(RATE, dtype=torch.float64)
    late, tone = (torch.sin(2 * math.pi * frequency * (time - d) / RATE) for d in (delay, 0.0))
    found = delay_samples(late[None].float(), tone[None].float(), RATE)
    assert found.samples == pytest.approx(delay, abs=0.01)
    assert not found.inverted


def test_an_impulse_at_the_very_start_is_still_found() -> None:
    early, late = torch.zeros(1, RATE), torch.zeros(1, RATE)
    early[0, 10] = late[0, 25] = 1.0
    assert delay_samples(late, early, RATE).samples == 15
    assert delay_samples(early, late, RATE).samples == -15


@pytest.mark.parametrize("samples", [0, 1, 2, 40])
def test_very_short_audio_is_no_error(samples: int) -> None:
    assert delay_samples(noise(1.0)[:, :samples], noise(1.0), RATE).correlation <= 1.0


@given(by=st.integers(-60, 60))
@settings(deadline=None, max_examples=30)
def test_a_whole_shift_moves_the_samples_and_fills_with_zeros(by: int) -> None:
    sound = noise(0.001)
    moved = shift(sound, by)
    expected = torch.zeros_like(sound)
    for n in range(sound.shape[-1]):
        if 0 <= n + by < sound.shape[-1]:
            expected[:, n] = sound[:, n + by]
    assert torch.equal(moved, expected)


@pytest.mark.parametrize("by", [0.5, -0.25, 7.75, -300.4])
def test_a_fractional_shift_is_the_shifted_sine(by: float) -> None:
    time = torch.arange(8000, dtype=torch.float64)
    fade = torch.exp(-(((time - 4000) / 900) ** 2))
    later = torch.exp(-(((time + by - 4000) / 900) ** 2))
    tone = (fade * torch.sin(0.7 * time)).float()
    expected = (later * torch.sin(0.7 * (time + by))).float()
    torch.testing.assert_close(shift(tone, by), expected, atol=2e-6, rtol=0)


def test_a_batch_is_shifted_like_its_items() -> None:
    batch = torch.stack([noise(0.1, seed) for seed in range(3)])
    one_by_one = torch.stack([shift(item, 2.3) for item in batch])
    torch.testing.assert_close(shift(batch, 2.3), one_by_one, atol=1e-6, rtol=0)
