"""Loudness, peaks and stereo of a master: closed forms and invariances."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from earmark.evaluation.metrics import METRICS, Analysis, measure, select

RATE = 44100


def noise(seed: int = 0, seconds: float = 1.0) -> Tensor:
    samples = round(seconds * RATE)
    return 0.1 * torch.randn(2, samples, generator=torch.Generator().manual_seed(seed))


def sine(level: float = 0.5, seconds: float = 1.0, frequency: float = 1000.0) -> Tensor:
    """A stereo sine of whole periods."""
    time = torch.arange(round(seconds * RATE), dtype=torch.float64) / RATE
    wave = level * torch.sin(2 * math.pi * frequency * time)
    return torch.stack([wave, wave]).float()


def value(name: str, audio: Tensor) -> float:
    return METRICS[name](audio[None], RATE).item()


def reason(name: str, audio: Tensor) -> str:
    (found,) = measure(Analysis(audio, RATE), select(name))
    assert (found.value is None) == bool(found.reason)
    return found.reason


def test_a_sine_has_a_crest_factor_of_3_db() -> None:
    assert value("crest_factor_db", sine()) == pytest.approx(20 * math.log10(2**0.5), abs=1e-3)


def test_a_square_wave_has_a_crest_factor_of_0_db() -> None:
    assert value("crest_factor_db", sine().sign() * 0.3) == pytest.approx(0.0, abs=0.01)


def test_the_crest_factor_leaves_a_silent_channel_out() -> None:
    audio = sine()
    audio[1] = 0
    assert value("crest_factor_db", audio) == pytest.approx(3.01, abs=0.01)


def test_the_sample_peak_is_that_of_the_loudest_channel() -> None:
    audio = noise()
    audio[1, 77] = -0.9
    assert value("sample_peak_dbfs", audio) == pytest.approx(20 * math.log10(0.9))


def test_overs_are_counted_over_all_channels_and_full_scale_is_none() -> None:
    audio = noise().clamp(-0.9, 0.9)
    audio[0, 5:9] = 1.0001
    audio[1, 3] = -2.0
    audio[1, 4] = 1.0
    assert value("overs", audio) == 5
    assert value("overs", torch.zeros(2, 100)) == 0


def test_plr_is_true_peak_less_loudness() -> None:
    audio = noise()
    expected = value("true_peak_dbtp", audio) - value("lufs_integrated", audio)
    assert value("plr", audio) == pytest.approx(expected)


def test_the_interpolator_of_the_true_peak_can_be_chosen() -> None:
    (other,) = select([{"name": "true_peak_dbtp", "interpolator": "annex2"}])
    audio = sine(frequency=RATE / 4 - 1)
    found = other(audio[None], RATE).item()
    assert found == pytest.approx(20 * math.log10(0.5), abs=0.3)
    assert found != value("true_peak_dbtp", audio)


@given(gain=st.floats(-20.0, 20.0))
@settings(deadline=None, max_examples=8)
def test_gain_changes_levels_by_itself_and_ratios_not_at_all(gain: float) -> None:
    audio = noise(3)
    louder = audio * 10 ** (gain / 20)
    for name in ("lufs_integrated", "lufs_momentary_max", "true_peak_dbtp", "sample_peak_dbfs"):
        assert value(name, louder) - value(name, audio) == pytest.approx(gain, abs=1e-4)
    for name in ("plr", "crest_factor_db", "stereo_width_db", "balance_db", "mono_loss_db"):
        assert value(name, louder) == pytest.approx(value(name, audio), abs=1e-4)


@given(share=st.floats(-0.99, 0.99))
@settings(deadline=None, max_examples=10)
def test_stereo_values_follow_from_the_correlation_of_equal_channels(share: float) -> None:
    # Two orthonormal waves: L and R have equal energy and the correlation that is asked for.
    time = 2 * math.pi * 100 * torch.arange(RATE, dtype=torch.float64) / RATE
    one, other = torch.sin(time), torch.cos(time)
    audio = 0.5 * torch.stack([one, share * one + math.sqrt(1 - share**2) * other])
    assert value("stereo_correlation", audio) == pytest.approx(share, abs=1e-9)
    width = 10 * math.log10((1 - share) / (1 + share))
    assert value("stereo_width_db", audio) == pytest.approx(width, abs=1e-6)
    assert value("mono_loss_db", audio) == pytest.approx(-10 * math.log10((1 + share) / 2))
    assert value("balance_db", audio) == pytest.approx(0.0, abs=1e-9)


def test_the_balance_is_positive_where_the_left_is_louder() -> None:
    audio = sine()
    audio[1] /= 2
    assert value("balance_db", audio) == pytest.approx(20 * math.log10(2), abs=1e-5)
    assert value("balance_db", audio.flip(0)) == pytest.approx(-20 * math.log10(2), abs=1e-5)


@pytest.mark.parametrize(
    ("name", "audio", "expected"),
    [
        ("stereo_width_db", sine(), "mono"),
        ("stereo_width_db", noise()[:1], "mono"),
        ("stereo_width_db", sine() * torch.tensor([[1.0], [-1.0]]), "no_mid"),
        ("mono_loss_db", sine() * torch.tensor([[1.0], [-1.0]]), "no_mid"),
        ("stereo_correlation", sine() * torch.tensor([[1.0], [0.0]]), "silent_right"),
        ("balance_db", sine() * torch.tensor([[1.0], [0.0]]), "silent_right"),
        ("balance_db", torch.cat([noise(), noise()]), "not_stereo"),
        ("lufs_integrated", noise()[:, :17639], "too_short"),
        ("plr", noise()[:, :17639], "too_short"),
        ("lra", noise(), "too_short"),
        ("lufs_short_term_max", noise(), "too_short"),
        ("lufs_integrated", noise() * 1e-4, "silent"),
        ("crest_factor_db", noise() * 1e-7, "silent"),
        ("sample_peak_dbfs", torch.zeros(2, 500), "silent"),
        ("overs", torch.full((2, 500), math.nan), "non_finite"),
        ("true_peak_dbtp", torch.full((2, 500), math.inf), "non_finite"),
    ],
)
def test_what_is_undefined_has_a_reason(name: str, audio: Tensor, expected: str) -> None:
    assert reason(name, audio) == expected


def test_loudness_is_measured_up_to_5_1() -> None:
    surround = torch.cat([noise(0), noise(1), noise(2)])
    assert reason("lufs_integrated", surround) == ""
    assert value("lufs_integrated", surround) > value("lufs_integrated", surround[:2])
