"""Loudness and true peak: the published conformance cases, two libraries, and the laws."""

import ctypes.util
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyloudnorm
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lib_ebur128 import LibEbuR128
from needed import need
from scipy.signal import lfilter
from torch import Tensor

from earmark.models.audio.loudness import (
    Interpolator,
    integrated_loudness,
    k_weighted,
    k_weighting_coefficients,
    loudness_profile,
    true_peak_dbtp,
)

Level = tuple[float, float]  # dBFS, seconds
RATES = (44100, 48000)


def tone(levels: Sequence[Level], sample_rate: int, frequency: float = 1000.0) -> Tensor:
    """A stereo sine of consecutive levels, its phase running on."""
    gains = [
        np.full(round(seconds * sample_rate), 10 ** (decibels / 20)) for decibels, seconds in levels
    ]
    gain = np.concatenate(gains)
    wave = gain * np.sin(2 * np.pi * frequency / sample_rate * np.arange(len(gain)))
    return torch.tensor(np.stack([wave, wave]), dtype=torch.float32)


def music(seed: int, seconds: float, sample_rate: int) -> Tensor:
    """Noise with a slow swell, so that gates and ranges have something to do."""
    generator = torch.Generator().manual_seed(seed)
    samples = round(seconds * sample_rate)
    swell = 0.02 + 0.2 * torch.sin(torch.arange(samples) / sample_rate * 1.3).square()
    return torch.randn(2, samples, generator=generator) * swell


@pytest.mark.slow
@pytest.mark.parametrize("sample_rate", RATES)
@pytest.mark.parametrize(
    "levels",
    [
        ((-23.0, 20.0),),
        ((-36.0, 10.0), (-23.0, 60.0), (-36.0, 10.0)),
        ((-72.0, 10.0), (-36.0, 10.0), (-23.0, 60.0), (-36.0, 10.0), (-72.0, 10.0)),
        ((-26.0, 20.0), (-20.0, 20.1), (-26.0, 20.0)),
    ],
    ids=["steady", "relative gate", "absolute gate", "two levels"],
)
def test_integrated_loudness_of_tech_3341_is_minus_23(
    levels: Sequence[Level], sample_rate: int
) -> None:
    found = loudness_profile(tone(levels, sample_rate), sample_rate)
    assert found.integrated.item() == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize("sample_rate", RATES)
@pytest.mark.parametrize("level", [-23.0, -33.0])
def test_a_steady_tone_has_one_loudness_at_every_scale(level: float, sample_rate: int) -> None:
    found = loudness_profile(tone([(level, 20.0)], sample_rate), sample_rate)
    for loudness in (found.integrated, found.momentary_max, found.short_term_max):
        assert loudness.item() == pytest.approx(level, abs=0.1)
    assert found.lra.item() == pytest.approx(0.0, abs=0.1)


@pytest.mark.parametrize("sample_rate", RATES)
def test_surround_of_tech_3341_is_minus_23(sample_rate: int) -> None:
    wave = tone([(0.0, 20.0)], sample_rate)[0]
    five = torch.stack([wave * 10 ** (level / 20) for level in (-28, -28, -24, -30, -30)])
    assert integrated_loudness(five, sample_rate).item() == pytest.approx(-23.0, abs=0.1)
    lfe = torch.cat([five[:3], wave[None], five[3:]])
    torch.testing.assert_close(
        integrated_loudness(lfe, sample_rate), integrated_loudness(five, sample_rate)
    )


@pytest.mark.parametrize("sample_rate", RATES)
def test_short_term_of_tech_3341_is_minus_23_wherever_the_window_lies(sample_rate: int) -> None:
    audio = tone([(-20.0, 1.34), (-30.0, 1.66)] * 5, sample_rate)
    found = loudness_profile(audio, sample_rate)
    assert found.short_term_max.item() == pytest.approx(-23.0, abs=0.1)
    for start in (0.7, 1.9):
        later = loudness_profile(audio[:, round(start * sample_rate) :], sample_rate)
        assert later.short_term_max.item() == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize("sample_rate", RATES)
def test_momentary_of_tech_3341_is_minus_23(sample_rate: int) -> None:
    found = loudness_profile(tone([(-20.0, 0.18), (-30.0, 0.22)] * 25, sample_rate), sample_rate)
    assert found.momentary_max.item() == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize("sample_rate", RATES)
@pytest.mark.parametrize("offset", [0.0, 0.005, 0.105, 0.2475])
def test_momentary_maximum_finds_a_400_ms_burst_wherever_it_starts(
    offset: float, sample_rate: int
) -> None:
    audio = tone([(-120.0, 1.0 + offset), (-23.0, 0.4), (-120.0, 1.0)], sample_rate)
    found = loudness_profile(audio, sample_rate)
    assert found.momentary_max.item() == pytest.approx(-23.0, abs=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("sample_rate", RATES)
@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ((-20.0, -30.0), 10.0),
        ((-20.0, -15.0), 5.0),
        ((-40.0, -20.0), 20.0),
        ((-50.0, -35.0, -20.0, -35.0, -50.0), 15.0),
    ],
)
def test_loudness_range_of_tech_3342(
    levels: Sequence[float], expected: float, sample_rate: int
) -> None:
    audio = tone([(level, 20.0) for level in levels], sample_rate)
    assert loudness_profile(audio, sample_rate).lra.item() == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize("sample_rate", RATES)
def test_the_anchor_of_bs_1770_holds(sample_rate: int) -> None:
    audio = tone([(0.0, 10.0)], sample_rate, 997.0)[:1]
    assert integrated_loudness(audio, sample_rate).item() == pytest.approx(-3.01, abs=0.005)


def test_filter_coefficients_at_48_khz_are_those_of_the_recommendation() -> None:
    (shelf_b, shelf_a), (pass_b, pass_a) = k_weighting_coefficients(48000)
    assert shelf_b == pytest.approx((1.53512485958697, -2.69169618940638, 1.19839281085285))
    assert shelf_a == pytest.approx((1.0, -1.69065929318241, 0.73248077421585))
    assert pass_b == (1.0, -2.0, 1.0)
    assert pass_a == pytest.approx((1.0, -1.99004745483398, 0.99007225036621))


def peaks(
    frequency: float, degrees: float, level: float, sample_rate: int, fade: float = 0.01
) -> Tensor:
    """Two seconds of a sine, faded in and out as the published files are."""
    angle = 2 * np.pi * np.arange(2 * sample_rate) * frequency + np.deg2rad(degrees)
    ramp = np.minimum(np.arange(2 * sample_rate) / (fade * sample_rate), 1.0)
    wave = level * np.sin(angle) * ramp * ramp[::-1]
    return torch.tensor(np.stack([wave, wave]), dtype=torch.float32)


@pytest.mark.parametrize("interpolator", ["sinc49", "annex2"])
@pytest.mark.parametrize("sample_rate", RATES)
@pytest.mark.parametrize(
    ("divisor", "degrees", "level", "expected"),
    [
        (4, 0.0, 0.5, -6.0),
        (4, 45.0, 0.5, -6.0),
        (6, 60.0, 0.5, -6.0),
        (8, 67.5, 0.5, -6.0),
        (4, 45.0, 1.41, 3.0),
    ],
)
def test_true_peak_of_tech_3341(
    divisor: int,
    degrees: float,
    level: float,
    expected: float,
    sample_rate: int,
    interpolator: Interpolator,
) -> None:
    audio = peaks(1 / divisor, degrees, level, sample_rate)
    found = true_peak_dbtp(audio, sample_rate, interpolator)
    assert expected - 0.4 <= found.item() <= expected + 0.2


@pytest.mark.slow
@pytest.mark.parametrize("interpolator", ["sinc49", "annex2"])
@pytest.mark.parametrize("offset", [0, 1, 2, 3])
@pytest.mark.parametrize("sample_rate", RATES)
def test_true_peak_of_a_burst_made_at_four_times_the_rate_is_0(
    sample_rate: int, offset: int, interpolator: Interpolator
) -> None:
    fast = 4 * sample_rate
    before = 0.5 * np.sin(2 * np.pi / 24 * np.arange(fast // 24 * 24))
    burst = np.sin(2 * np.pi / 16 * np.arange(16))
    wave = np.concatenate([before, burst, before])
    found = _band_limited(wave)[offset::4]
    audio = torch.tensor(np.stack([found, found]), dtype=torch.float32)
    assert -0.4 <= true_peak_dbtp(audio, sample_rate, interpolator).item() <= 0.2


def _band_limited(wave: np.ndarray[Any, np.dtype[np.float64]]) -> Any:
    """The wave without what decimation by four would fold."""
    spectrum = np.fft.rfft(wave)
    spectrum[len(spectrum) // 4 :] = 0
    return np.fft.irfft(spectrum, len(wave))


def test_true_peak_is_never_below_the_sample_peak() -> None:
    click = torch.zeros(1, 1000)
    click[0, 500] = 0.8
    assert true_peak_dbtp(click, 44100).item() == pytest.approx(20 * math.log10(0.8), abs=1e-5)


@pytest.mark.parametrize("sample_rate", [44100, 96000])
def test_true_peak_sees_between_the_samples_at_every_oversampled_rate(sample_rate: int) -> None:
    audio = peaks(1 / 4, 45.0, 0.5, sample_rate)
    assert 20 * math.log10(audio.abs().max().item()) == pytest.approx(-9.03, abs=0.01)
    assert true_peak_dbtp(audio, sample_rate).item() == pytest.approx(-6.02, abs=0.1)


def test_true_peak_at_192_khz_is_the_sample_peak() -> None:
    audio = peaks(1 / 4, 45.0, 0.5, 192000)
    assert true_peak_dbtp(audio, 192000).item() == pytest.approx(-9.03, abs=0.01)


def test_an_unknown_interpolator_is_refused() -> None:
    unknown: Any = "cubic"
    with pytest.raises(ValueError, match="choose sinc49 or annex2"):
        true_peak_dbtp(torch.ones(1, 100), 44100, unknown)


@pytest.mark.parametrize("sample_rate", [44100, 48000, 96000])
def test_integrated_loudness_equals_pyloudnorm(sample_rate: int) -> None:
    audio = music(1, 12.3, sample_rate)
    meter = pyloudnorm.Meter(sample_rate, filter_class="DeMan")
    expected = meter.integrated_loudness(audio.double().T.numpy())
    assert integrated_loudness(audio, sample_rate).item() == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("samples", [1, 1000, 60001, 150000])
def test_k_weighting_equals_the_recursive_filters(samples: int) -> None:
    audio = torch.randn(2, samples, generator=torch.Generator().manual_seed(0)).double()
    expected = audio.numpy()
    for b, a in k_weighting_coefficients(44100):
        expected = lfilter(b, a, expected)
    np.testing.assert_allclose(k_weighted(audio, 44100).numpy(), expected, atol=1e-11)
    single = k_weighted(audio.float(), 44100)
    np.testing.assert_allclose(single.numpy(), expected, atol=1e-4)


def test_k_weighting_passes_gradients() -> None:
    generator = torch.Generator().manual_seed(5)
    audio = torch.randn(1, 9000, dtype=torch.float64, generator=generator).requires_grad_()
    (gradient,) = torch.autograd.grad(k_weighted(audio, 44100).square().sum(), audio)
    step = torch.zeros_like(audio)
    # Of a sum of squares the central difference is exact for any step; a long one is not rounded.
    step[0, 4000] = 1e-2
    with torch.no_grad():
        up, down = (k_weighted(audio + s * step, 44100).square().sum() for s in (1, -1))
    assert gradient[0, 4000].item() == pytest.approx((up - down).item() / 2e-2, rel=1e-7)


@pytest.mark.parametrize("sample_rate", [11025, 22050])
def test_rates_whose_10_ms_are_no_whole_samples_agree_with_pyloudnorm(sample_rate: int) -> None:
    audio = music(2, 8.0, sample_rate)
    meter = pyloudnorm.Meter(sample_rate, filter_class="DeMan")
    expected = meter.integrated_loudness(audio.double().T.numpy())
    assert integrated_loudness(audio, sample_rate).item() == pytest.approx(expected, abs=1e-3)


def test_loudness_range_equals_a_plain_computation() -> None:
    audio = music(3, 31.0, 44100)
    weighted = k_weighted(audio.double(), 44100).numpy()
    hop = 4410
    starts = range(0, weighted.shape[1] - 30 * hop + 1, hop)
    power = [(weighted[:, at : at + 30 * hop] ** 2).mean(axis=1).sum() for at in starts]
    loudness = -0.691 + 10 * np.log10(np.array(power))
    loudness = loudness[loudness > -70]
    gate = -0.691 + 10 * np.log10(np.mean(10 ** ((loudness + 0.691) / 10))) - 20
    ranked = np.sort(loudness[loudness > gate])
    last = len(ranked) - 1
    expected = ranked[int(last * 0.95 + 0.5)] - ranked[int(last * 0.10 + 0.5)]
    assert loudness_profile(audio, 44100).lra.item() == pytest.approx(expected, abs=1e-5)


@given(gain=st.floats(-30.0, 12.0), seed=st.integers(0, 99))
@settings(deadline=None, max_examples=10)
def test_gain_moves_loudness_and_peak_by_as_many_decibels(gain: float, seed: int) -> None:
    # Louder than the absolute gate throughout, so that no block changes sides.
    audio = 0.1 + music(seed, 5.0, 44100)
    louder = audio * 10 ** (gain / 20)
    before, after = loudness_profile(audio, 44100), loudness_profile(louder, 44100)
    for name in ("integrated", "momentary_max", "short_term_max"):
        difference = getattr(after, name) - getattr(before, name)
        assert difference.item() == pytest.approx(gain, abs=1e-4)
    assert after.lra.item() == pytest.approx(before.lra.item(), abs=1e-4)
    difference = true_peak_dbtp(louder, 44100) - true_peak_dbtp(audio, 44100)
    assert difference.item() == pytest.approx(gain, abs=1e-4)


def test_a_batch_gives_what_its_items_give() -> None:
    batch = torch.stack([music(seed, 4.2, 44100) * gain for seed, gain in ((4, 1.0), (5, 0.01))])
    whole = loudness_profile(batch, 44100)
    for index, audio in enumerate(batch):
        single = loudness_profile(audio, 44100)
        for name in ("integrated", "momentary_max", "short_term_max", "lra"):
            torch.testing.assert_close(getattr(whole, name)[index], getattr(single, name))
    peaks_alone = torch.stack([true_peak_dbtp(audio, 44100) for audio in batch])
    torch.testing.assert_close(true_peak_dbtp(batch, 44100), peaks_alone)


def test_a_partial_last_block_is_ignored() -> None:
    audio = music(6, 2.0, 44100)
    longer = torch.cat([audio, 3 * audio[:, : 4410 - 1]], dim=-1)
    torch.testing.assert_close(
        integrated_loudness(longer, 44100), integrated_loudness(audio, 44100)
    )


@pytest.mark.parametrize(
    ("spoil", "undefined"),
    [
        (lambda audio: audio * 0, ("integrated", "momentary_max", "short_term_max", "lra")),
        (lambda audio: audio * 1e-5, ("integrated", "lra")),
        (lambda audio: audio[:, :17639], ("integrated", "momentary_max", "short_term_max", "lra")),
        (lambda audio: audio[:, :132299], ("short_term_max", "lra")),
        (
            lambda audio: torch.cat([audio, torch.full((2, 1), math.nan)], dim=-1),
            ("integrated", "momentary_max", "short_term_max", "lra"),
        ),
        (
            lambda audio: torch.cat([torch.full((2, 1), math.inf), audio], dim=-1),
            ("integrated", "momentary_max", "short_term_max", "lra"),
        ),
    ],
    ids=["silence", "below the gate", "below 400 ms", "below 3 s", "NaN at the end", "infinite"],
)
def test_what_is_undefined_is_nan(
    spoil: Callable[[Tensor], Tensor], undefined: Sequence[str]
) -> None:
    found = loudness_profile(spoil(music(7, 4.0, 44100)), 44100)
    for name in ("integrated", "momentary_max", "short_term_max", "lra"):
        assert math.isnan(getattr(found, name).item()) == (name in undefined), name


def test_true_peak_of_silence_and_of_nan_is_nan() -> None:
    assert math.isnan(true_peak_dbtp(torch.zeros(2, 5000), 44100).item())
    assert math.isnan(true_peak_dbtp(torch.full((2, 5000), math.nan), 44100).item())


def test_more_channels_than_5_1_are_refused() -> None:
    with pytest.raises(ValueError, match="1 to 6 channels, not 7"):
        integrated_loudness(torch.ones(7, 44100), 44100)


@pytest.fixture(scope="module")
def ebur128() -> LibEbuR128:
    name = ctypes.util.find_library("ebur128") or "libebur128.so.1"
    try:
        found = LibEbuR128(name)
    except OSError:
        found = None
    need(found, "libebur128", "apt-get install libebur128-1")
    assert found is not None
    return found


@pytest.mark.parametrize("sample_rate", [44100, 48000, 96000])
def test_loudness_and_true_peak_equal_libebur128(sample_rate: int, ebur128: LibEbuR128) -> None:
    audio = music(8, 9.0, sample_rate)
    # The library looks at no sample after the last: silence at the end makes both see the same.
    audio = torch.nn.functional.pad(audio, (0, 100))
    loudness, peak = ebur128.measure(audio, sample_rate)
    assert integrated_loudness(audio, sample_rate).item() == pytest.approx(loudness, abs=1e-4)
    assert true_peak_dbtp(audio, sample_rate).item() == pytest.approx(peak, abs=1e-4)


def test_true_peak_between_samples_equals_libebur128(ebur128: LibEbuR128) -> None:
    audio = peaks(1 / 7.3, 20.0, 0.9, 44100)
    _, peak = ebur128.measure(audio, 44100)
    assert true_peak_dbtp(audio, 44100).item() == pytest.approx(peak, abs=1e-4)
