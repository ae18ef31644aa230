"""The filters of the channel strip obey their closed forms, and effects leave input alone."""

import math

import numba.core.caching
import numpy as np
import pytest
import scipy.signal
import torch
from numpy.typing import NDArray

from earmark.models.compiled import compiled
from earmark.models.effects import (
    Band,
    Compressor,
    compress,
    convolve,
    equalise,
    limit,
    linear_phase_fir,
    low_pass_fir,
    response_db,
    split_bands,
)
from earmark.models.effects.equalizer import BandKind

Array = NDArray[np.float64]
RATE = 44100


def impulse(samples: int = 2 * RATE, at: int = 0) -> Array:
    x = np.zeros((1, samples))
    x[0, at] = 1.0
    return x


def magnitude_db(response: Array, hertz: Array, rate: int = RATE) -> Array:
    _, h = scipy.signal.freqz(response, worN=hertz, fs=rate)
    return np.asarray(20.0 * np.log10(np.maximum(np.abs(h), 1e-12)))


def noise(seed: int, samples: int = RATE, channels: int = 2) -> Array:
    return np.random.default_rng(seed).standard_normal((channels, samples))


# ---- equalizer


@pytest.mark.parametrize("gain_db", [-12.0, 3.0, 12.0])
@pytest.mark.parametrize("rate", [44100, 96000])
def test_a_peak_has_its_gain_at_its_centre_and_none_far_away(gain_db: float, rate: int) -> None:
    band = [Band("peak", 1000.0, gain_db, q=2.0)]
    centre, low, high = response_db(band, [1000.0, 1.0, rate / 2 - 1.0], rate)
    assert centre == pytest.approx(gain_db, abs=1e-9)
    assert abs(low) < 1e-3
    assert abs(high) < 1e-3


@pytest.mark.parametrize(("kind", "end"), [("low_shelf", 0.5), ("high_shelf", RATE / 2 - 0.5)])
def test_a_shelf_has_half_its_decibels_at_its_midpoint(kind: BandKind, end: float) -> None:
    band = [Band(kind, 800.0, 9.0)]
    middle, full = response_db(band, [800.0, end], RATE)
    assert middle == pytest.approx(4.5, abs=1e-9)
    assert full == pytest.approx(9.0, abs=1e-3)


@pytest.mark.parametrize("kind", ["low_pass", "high_pass"])
def test_a_butterworth_section_is_3_db_down_at_its_corner(kind: BandKind) -> None:
    assert response_db([Band(kind, 500.0)], [500.0], RATE)[0] == pytest.approx(
        10.0 * math.log10(0.5), abs=1e-9
    )


def test_the_filtered_impulse_has_the_response_that_is_claimed() -> None:
    bands = [Band("low_shelf", 40.0, 6.0), Band("peak", 2000.0, -4.0, 3.0)]
    hertz = np.geomspace(20.0, 20000.0, 50)
    heard = magnitude_db(equalise(impulse(), RATE, bands)[0], hertz)
    np.testing.assert_allclose(heard, response_db(bands, hertz, RATE), atol=1e-4)


def test_a_cut_undoes_the_boost_of_the_same_band() -> None:
    x = noise(0)
    boosted = equalise(x, RATE, [Band("high_shelf", 4000.0, 8.0), Band("peak", 90.0, 5.0, 4.0)])
    back = equalise(boosted, RATE, [Band("peak", 90.0, -5.0, 4.0), Band("high_shelf", 4000.0, -8)])
    np.testing.assert_allclose(back, x, atol=1e-9)


def test_no_bands_and_no_samples_change_nothing() -> None:
    x = noise(1, 100)
    np.testing.assert_array_equal(equalise(x, RATE, []), x)
    assert equalise(np.zeros((2, 0)), RATE, [Band("peak", 100.0, 1.0)]).shape == (2, 0)
    assert convolve(np.zeros((2, 0)), np.ones(3)).shape == (2, 0)


def test_effects_take_a_tensor_and_leave_it_as_it_was() -> None:
    x = torch.randn(2, 1000, generator=torch.Generator().manual_seed(0))
    before = x.clone()
    outs = [
        equalise(x, RATE, [Band("peak", 100.0, 6.0)]),
        compress(x, RATE, Compressor(-30.0)),
        limit(x, RATE),
        convolve(x, np.ones(3)),
    ]
    assert all(out.shape == (2, 1000) and out.dtype == np.float64 for out in outs)
    torch.testing.assert_close(x, before, rtol=0, atol=0)


@pytest.mark.parametrize("frequency", [0.0, -5.0, 22050.0, 30000.0])
def test_a_filter_that_cannot_exist_is_refused(frequency: float) -> None:
    with pytest.raises(ValueError, match="does not exist at 44100 Hz"):
        equalise(impulse(8), RATE, [Band("peak", frequency, 1.0)])


def test_a_q_that_is_not_positive_is_refused() -> None:
    with pytest.raises(ValueError, match="Q of a filter must be positive"):
        equalise(impulse(8), RATE, [Band("peak", 100.0, 1.0, q=0.0)])


@pytest.mark.parametrize("crossovers", [(120.0,), (120.0, 2500.0), (80.0, 400.0, 2000.0, 8000.0)])
@pytest.mark.parametrize("rate", [44100, 48000, 96000])
def test_bands_of_a_crossover_sum_flat(crossovers: tuple[float, ...], rate: int) -> None:
    bands = split_bands(impulse(2 * rate), rate, crossovers)
    assert bands.shape == (len(crossovers) + 1, 1, 2 * rate)
    summed = np.abs(np.fft.rfft(bands.sum(axis=0)[0]))
    np.testing.assert_allclose(summed, 1.0, atol=1e-9)


def test_a_linkwitz_riley_crossover_is_6_db_down_in_both_bands_and_they_agree_in_phase() -> None:
    low, high = split_bands(impulse(), RATE, [1000.0])[:, 0]
    at = np.array([1000.0])
    for band in (low, high):
        assert magnitude_db(band, at)[0] == pytest.approx(20 * math.log10(0.5), abs=1e-6)
    hertz = np.geomspace(200.0, 5000.0, 40)
    phases = [np.angle(scipy.signal.freqz(band, worN=hertz, fs=RATE)[1]) for band in (low, high)]
    np.testing.assert_allclose(np.cos(phases[0] - phases[1]), 1.0, atol=1e-6)


def test_crossovers_must_rise() -> None:
    with pytest.raises(ValueError, match="must rise"):
        split_bands(impulse(8), RATE, [2000.0, 200.0])


def test_a_linear_phase_filter_follows_its_curve_without_delay() -> None:
    points, gains = [50.0, 200.0, 1000.0, 5000.0, 15000.0], [0.0, 6.0, -6.0, 3.0, -9.0]
    fir = linear_phase_fir(points, gains, RATE)
    assert len(fir) == 4095
    np.testing.assert_allclose(fir, fir[::-1], atol=1e-15)
    heard = convolve(impulse(20000, at=10000), fir)[0]
    assert int(np.argmax(np.abs(heard))) == 10000
    np.testing.assert_allclose(heard[10000:12000], heard[10000:8000:-1], atol=1e-12)
    hertz = np.geomspace(100.0, 12000.0, 30)
    wanted = np.interp(np.log(hertz), np.log(points), gains)
    np.testing.assert_allclose(magnitude_db(fir, hertz), wanted, atol=0.15)


def test_a_flat_curve_is_an_impulse_even_on_audio_shorter_than_the_filter() -> None:
    fir = linear_phase_fir([20.0, 20000.0], [0.0, 0.0], RATE)
    x = noise(2, 77)
    np.testing.assert_allclose(convolve(x, fir), x, atol=1e-12)


def test_even_filters_are_refused_because_their_delay_is_fractional() -> None:
    with pytest.raises(ValueError, match="odd number"):
        linear_phase_fir([20.0], [0.0], RATE, taps=4096)
    with pytest.raises(ValueError, match="fractional delay"):
        convolve(impulse(8), np.ones(4))


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
def test_convolution_by_fft_is_convolution(rate: int) -> None:
    fir = low_pass_fir(3500.0, 4000.0, rate)
    x = noise(3, 3000)
    half = len(fir) // 2
    direct = np.stack([np.convolve(row, fir)[half : half + 3000] for row in x])
    np.testing.assert_allclose(convolve(x, fir), direct, atol=1e-12)


def test_effects_work_where_no_machine_code_can_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numba.core.caching.CompileResultCacheImpl, "_locator_classes", [])
    with pytest.raises(RuntimeError, match="no locator available"):
        numba.njit(cache=True)(_doubled)
    assert compiled(_doubled)(2.5) == 5.0


def _doubled(value: float) -> float:
    return 2.0 * value
