"""Compressor and limiter obey their closed forms: curve, times, ceiling, no delay."""

import math

import numpy as np
import pytest
import scipy.signal
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from earmark.models.audio.loudness import true_peak_dbtp
from earmark.models.effects import (
    Compressor,
    Limiter,
    compress,
    limit,
    measured,
    static_gain_db,
    true_peak_envelope,
)
from earmark.models.effects.compressor import linked_level_db

Array = NDArray[np.float64]
RATE = 44100


def noise(seed: int, samples: int = RATE, channels: int = 2) -> Array:
    return np.random.default_rng(seed).standard_normal((channels, samples))


def peak_dbtp(audio: Array, rate: int = RATE) -> float:
    return float(true_peak_dbtp(torch.from_numpy(audio), rate))


# ---- compressor


def wanted_gain_db(level: float, threshold: float, ratio: float, knee: float) -> float:
    """The curve of Giannoulis et al., equation 4, written down again."""
    if 2 * (level - threshold) < -knee:
        out = level
    elif 2 * abs(level - threshold) <= knee and knee > 0:
        out = level + (1 / ratio - 1) * (level - threshold + knee / 2) ** 2 / (2 * knee)
    else:
        out = threshold + (level - threshold) / ratio
    return out - level


def looped_gain(level_db: Array, rate: int, c: Compressor) -> Array:
    """Equation 17 of the same, sample by sample: the oracle of the compiled recursion."""
    attack = math.exp(-1 / (c.attack_ms / 1000 * rate))
    release = math.exp(-1 / (c.release_ms / 1000 * rate))
    first = second = 0.0
    out = []
    for level in level_db:
        x = -wanted_gain_db(float(level), c.threshold_db, c.ratio, c.knee_db)
        first = max(x, release * first + (1 - release) * x)
        second = attack * second + (1 - attack) * first
        out.append(10 ** ((c.makeup_db - second) / 20))
    return np.array(out)


@pytest.mark.parametrize("knee", [0.0, 6.0, 12.0])
@pytest.mark.parametrize("ratio", [1.0, 2.0, 20.0])
def test_the_static_curve_is_the_closed_form(knee: float, ratio: float) -> None:
    levels = np.linspace(-60.0, 6.0, 200)
    wanted = [wanted_gain_db(float(level), -20.0, ratio, knee) for level in levels]
    found = static_gain_db(levels, Compressor(-20.0, ratio, knee_db=knee))
    np.testing.assert_allclose(found, wanted, atol=1e-12)


@pytest.mark.parametrize("level_db", [-30.0, -19.0, -10.0, 0.0, 6.0])
def test_a_steady_tone_settles_on_the_static_curve(level_db: float) -> None:
    c = Compressor(-20.0, 4.0, attack_ms=5.0, release_ms=200.0, knee_db=6.0, makeup_db=2.0)
    tone = 10 ** (level_db / 20) * np.sin(2 * np.pi * 1000.0 * np.arange(2 * RATE) / RATE)[None]
    settled = compress(tone, RATE, c)[0, RATE:]
    heard_db = 20 * math.log10(np.abs(settled).max()) - level_db
    wanted = wanted_gain_db(level_db, -20.0, 4.0, 6.0) + 2.0
    assert heard_db == pytest.approx(wanted, abs=0.05)


def test_reduction_grows_with_the_attack_after_a_step() -> None:
    c = Compressor(-20.0, 4.0, attack_ms=10.0, release_ms=100.0, knee_db=0.0)
    step = np.full((1, RATE), 1.0)
    reduction = -20 * np.log10(compress(step, RATE, c)[0])
    t = np.arange(1, RATE + 1) / RATE
    np.testing.assert_allclose(reduction, 15.0 * (1 - np.exp(-t / 0.010)), atol=1e-9)


def test_reduction_falls_with_the_release_after_a_step() -> None:
    c = Compressor(-20.0, 4.0, attack_ms=1.0, release_ms=100.0, knee_db=0.0)
    x = np.concatenate([np.full(RATE, 1.0), np.full(RATE, 0.01)])[None]
    reduction = -20 * np.log10((compress(x, RATE, c) / x)[0])
    # Past the attack's own tail, a release of 100 ms loses 1 - 1/e in 100 ms.
    start, later = RATE + RATE // 50, RATE + RATE // 50 + RATE // 10
    assert reduction[later] / reduction[start] == pytest.approx(math.exp(-1), rel=1e-4)


@given(
    threshold=st.floats(-40.0, -3.0),
    ratio=st.floats(1.0, 20.0),
    knee=st.floats(0.0, 12.0),
    seed=st.integers(0, 100),
)
@settings(deadline=None, max_examples=10)
def test_the_compiled_compressor_is_the_plain_loop(
    threshold: float, ratio: float, knee: float, seed: int
) -> None:
    c = Compressor(threshold, ratio, attack_ms=3.0, release_ms=40.0, knee_db=knee, makeup_db=1.5)
    x = noise(seed, 1500) * np.linspace(0.0, 1.0, 1500)
    looped = x * looped_gain(linked_level_db(x), RATE, c)
    np.testing.assert_allclose(compress(x, RATE, c), looped, rtol=1e-9, atol=1e-12)


def test_channels_share_one_gain_and_a_silent_one_stays_silent() -> None:
    x = np.stack([noise(4)[0], np.zeros(RATE)])
    out = compress(x, RATE, Compressor(-30.0, 8.0))
    np.testing.assert_array_equal(out[0], compress(x[:1], RATE, Compressor(-30.0, 8.0))[0])
    assert not out[1].any()


def test_a_ratio_of_one_and_a_threshold_out_of_reach_change_nothing() -> None:
    x = noise(5, 2000)
    np.testing.assert_array_equal(compress(x, RATE, Compressor(-40.0, 1.0)), x)
    np.testing.assert_array_equal(compress(x, RATE, Compressor(40.0, 10.0)), x)


def test_a_compressor_without_times_follows_every_sample() -> None:
    c = Compressor(-12.0, 4.0, attack_ms=0.0, release_ms=0.0, knee_db=0.0)
    x = noise(6, 500, channels=1)
    wanted = x * 10 ** (static_gain_db(20 * np.log10(np.abs(x)), c) / 20)
    np.testing.assert_allclose(compress(x, RATE, c), wanted, rtol=1e-12)


@pytest.mark.parametrize("bad", [{"ratio": 0.5}, {"knee_db": -1.0}, {"attack_ms": -1.0}])
def test_impossible_settings_of_a_compressor_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="a compressor's"):
        Compressor(-20.0, **bad)


# ---- limiter


def looped_limiter_gain(audio: Array, rate: int, drive_db: float) -> Array:
    """The limiter's gain written as loops over what it promises: look ahead, release, smooth."""
    half = round(0.003 * rate / 2) + 1
    size = 2 * half - 1
    need = np.maximum(0.0, 20 * np.log10(true_peak_envelope(audio, rate) + 1e-10) + drive_db + 1.1)
    need = np.concatenate([np.zeros(size), need, np.zeros(size)])
    release = math.exp(-1 / (0.1 * rate))
    held, reduction = 0.0, []
    for n in range(len(need) - size):
        ahead = float(need[n : n + size].max())
        held = max(ahead, release * held + (1 - release) * ahead)
        reduction.append(held)
    triangle = np.convolve(np.full(half, 1 / half), np.full(half, 1 / half))
    smooth = np.convolve(reduction, triangle)[: len(reduction)]
    return np.asarray(10 ** ((drive_db - smooth[size:]) / 20))


HARD_CASES = {
    "noise": noise(7, 20000),
    "impulses": (np.random.default_rng(8).random((2, 20000)) > 0.999) * noise(8, 20000),
    "fs/4 between samples": np.sin(np.pi / 2 * np.arange(20000) + np.pi / 4)[None],
    "square": np.sign(np.sin(0.7 * np.arange(20000)))[None],
    "loud at both ends": np.pad(np.ones((1, 3)), [(0, 0), (0, 9000)])
    + np.pad(np.ones((1, 3)), [(0, 0), (9000, 0)]),
}


@pytest.mark.parametrize("case", HARD_CASES)
@pytest.mark.parametrize("drive_db", [0.0, 12.0, 40.0])
@pytest.mark.parametrize("rate", [44100, 96000])
def test_the_ceiling_holds_between_samples(case: str, drive_db: float, rate: int) -> None:
    out = limit(HARD_CASES[case], rate, Limiter(ceiling_dbtp=-1.0), drive_db)
    assert peak_dbtp(out, rate) <= -1.0 + 1e-6
    # By another interpolator, SciPy's, eight-fold: on a square wave no two agree to half a dB.
    other = np.abs(scipy.signal.resample_poly(out, 8, 1, axis=-1)).max()
    assert 20 * math.log10(other) <= -1.0 + 0.5


@given(seed=st.integers(0, 1000), drive_db=st.floats(0.0, 30.0), ceiling=st.floats(-12.0, 0.0))
@settings(deadline=None, max_examples=15)
def test_a_limiter_only_turns_down_and_never_past_the_ceiling(
    seed: int, drive_db: float, ceiling: float
) -> None:
    random = np.random.default_rng(seed)
    x = noise(seed, 4000) * random.uniform(0.0, 1.0, 4000) ** 4
    driven = x * 10 ** (drive_db / 20)
    out = limit(x, RATE, Limiter(ceiling_dbtp=ceiling), drive_db)
    assert peak_dbtp(out) <= ceiling + 1e-6
    assert (np.abs(out) <= np.abs(driven) * (1 + 1e-12)).all()
    assert (out * driven >= 0.0).all()


def test_audio_under_the_ceiling_comes_back_unchanged() -> None:
    x = noise(9)
    x *= 10 ** ((-1.01 - peak_dbtp(x)) / 20)
    np.testing.assert_array_equal(limit(x, RATE), x)


def test_samples_far_from_a_peak_are_unchanged_and_the_look_ahead_is_3_ms() -> None:
    x = 0.1 * noise(10, 2 * RATE).clip(-3, 3)
    x[:, 20000] = 4.0
    moved = np.flatnonzero(np.abs(limit(x, RATE) - x).max(axis=0))
    # The interpolator reads 6 samples more to each side of a peak.
    assert 20000 - 0.003 * RATE - 7 <= moved[0] < 20000 - 0.001 * RATE
    assert moved[-1] < 20000 + 2.0 * RATE


def test_reduction_falls_in_decibels_with_the_release() -> None:
    x = np.full((1, RATE), 0.1)
    x[0, 5000] = 4.0
    reduction = -20 * np.log10(limit(x, RATE)[0] / x[0])
    start = 5000 + RATE // 20
    assert reduction[start + RATE // 10] / reduction[start] == pytest.approx(math.exp(-1), rel=1e-3)


def test_the_compiled_limiter_is_the_plain_loop() -> None:
    x = HARD_CASES["impulses"][:, :6000]
    for drive_db in (0.0, 9.0):
        np.testing.assert_allclose(
            measured(x, RATE).gain(drive_db), looped_limiter_gain(x, RATE, drive_db), rtol=1e-6
        )


@pytest.mark.parametrize("samples", [1, 2, 5, 300, 5000])
@pytest.mark.parametrize("rate", [44100, 96000, 192000])
def test_the_envelope_peaks_where_the_true_peak_meter_does(samples: int, rate: int) -> None:
    x = noise(11, samples)
    envelope = true_peak_envelope(x, rate)
    assert envelope.shape == (samples,)
    assert (envelope >= np.abs(x).max(axis=0)).all()
    found = 20 * math.log10(envelope.max())
    # From 96 kHz on the meter interpolates fewer points, so it may read less.
    assert found >= peak_dbtp(x, rate) - 1e-9
    if rate < 96000:
        assert found == pytest.approx(peak_dbtp(x, rate), abs=1e-9)


def test_a_limiter_does_not_delay() -> None:
    x = noise(12)
    out = limit(x, RATE, drive_db=6.0)
    lags = scipy.signal.correlation_lags(RATE, RATE)
    assert lags[np.argmax(scipy.signal.correlate(out[0], x[0]))] == 0


def test_driving_is_limiting_the_louder_audio() -> None:
    x = noise(13, 5000)
    source = measured(x, RATE)
    np.testing.assert_allclose(source.limited(6.0), limit(x * 10 ** (6 / 20), RATE), atol=1e-9)


@pytest.mark.parametrize("samples", [0, 1, 10])
def test_a_limiter_takes_silence_and_next_to_nothing(samples: int) -> None:
    np.testing.assert_array_equal(limit(np.zeros((2, samples)), RATE, drive_db=10.0), 0.0)
    assert np.abs(limit(np.ones((1, samples)), RATE)).max(initial=0.0) < 10 ** (-1 / 20)


def test_impossible_settings_of_a_limiter_are_refused() -> None:
    with pytest.raises(ValueError, match="positive"):
        Limiter(lookahead_ms=0.0)
