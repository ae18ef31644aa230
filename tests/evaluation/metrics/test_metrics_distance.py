"""Distances in samples and level: closed forms, torchmetrics, auraloss, pyloudnorm, invariances."""

import math

import numpy as np
import pyloudnorm
import pytest
import torch
from auraloss.time import ESRLoss
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.fft import next_fast_len
from torch import Tensor
from torchmetrics.functional.audio import (
    scale_invariant_signal_distortion_ratio,
    signal_noise_ratio,
)

from earmark.evaluation.metrics import METRICS, Analysis, measure, select
from earmark.models.audio.losses import a_weighting

RATE = 44100
DISTANCES = ("mae", "esr", "snr_db", "si_sdr_db", "a_weighted_error_db", "lufs_error")


def noise(seed: int = 0, samples: int = RATE) -> Tensor:
    return 0.1 * torch.randn(2, samples, generator=torch.Generator().manual_seed(seed))


def value(name: str, audio: Tensor, target: Tensor, rate: int = RATE) -> float:
    return METRICS[name](audio[None], rate, target[None]).item()


def test_a_gain_gives_the_closed_forms() -> None:
    target = noise()
    audio = target * 0.75
    assert value("mae", audio, target) == pytest.approx(0.25 * target.abs().mean().item())
    assert value("esr", audio, target) == pytest.approx(0.0625)
    assert value("snr_db", audio, target) == pytest.approx(-10 * math.log10(0.0625))
    assert value("a_weighted_error_db", audio, target) == pytest.approx(10 * math.log10(0.0625))
    assert value("lufs_error", audio, target) == pytest.approx(20 * math.log10(0.75), abs=1e-5)


def test_the_error_of_loudness_has_a_sign_unless_it_is_asked_without() -> None:
    (absolute,) = select([{"name": "lufs_error", "absolute": True}])
    target = noise()
    assert value("lufs_error", target / 2, target) == pytest.approx(-6.0206, abs=1e-4)
    assert absolute(target[None] / 2, RATE, target[None]).item() == pytest.approx(6.0206, abs=1e-4)


def test_the_error_of_loudness_equals_pyloudnorm() -> None:
    audio, target = noise(1).cumsum(dim=-1) / 50, noise(2)
    meter = pyloudnorm.Meter(RATE, filter_class="DeMan")
    one, other = (meter.integrated_loudness(each.double().T.numpy()) for each in (audio, target))
    assert value("lufs_error", audio, target) == pytest.approx(one - other, abs=1e-3)


@pytest.mark.parametrize("zero_mean", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_snr_and_si_sdr_equal_torchmetrics(dtype: torch.dtype, *, zero_mean: bool) -> None:
    target = (noise(0) + 0.02).to(dtype)
    audio = 0.6 * target + 0.3 * noise(1).to(dtype)
    # SI-SDR of a batch longer than a block of the sums.
    target, audio = (one.repeat(1, 7) for one in (target, audio))
    audio = audio * torch.tensor([[1.0], [0.2]])  # channels that differ: a mean of ratios fails
    oracles = {"snr_db": signal_noise_ratio, "si_sdr_db": scale_invariant_signal_distortion_ratio}
    for name, oracle in oracles.items():
        # Energies of all channels are those of the channels laid end to end, each about its mean.
        ends = [one - zero_mean * one.mean(dim=1, keepdim=True) for one in (audio, target)]
        expected = {"all": oracle(ends[0].flatten(), ends[1].flatten(), zero_mean=False)}
        expected |= {
            side: oracle(audio[at], target[at], zero_mean)
            for at, side in enumerate(("left", "right"))
        }
        for channel, wanted in expected.items():
            (chosen,) = select([{"name": name, "zero_mean": zero_mean, "channel": channel}])
            found = chosen(audio[None], RATE, target[None]).item()
            assert found == pytest.approx(wanted.item(), abs=1e-4), (name, channel)


def test_esr_equals_auraloss_with_channels_laid_end_to_end() -> None:
    target, audio = noise(0).double(), noise(1).double()
    audio[1] *= 0.1
    loss = ESRLoss(eps=0.0)
    expected = loss(audio.reshape(1, 1, -1), target.reshape(1, 1, -1)).item()
    assert value("esr", audio, target) == pytest.approx(expected, rel=1e-9)


RATIOS = ["esr", "snr_db", "si_sdr_db", "a_weighted_error_db"]


@pytest.mark.parametrize("harm", ["dead", "inverted"])
def test_a_dead_or_inverted_channel_is_not_hidden_by_a_perfect_one(harm: str) -> None:
    target = noise()
    audio = target.clone()
    audio[1] = 0 if harm == "dead" else -target[1]
    for name in RATIOS:
        (found, *_) = measure(Analysis(audio, RATE), select(name), Analysis(target, RATE))
        assert found.reason == "", name
        assert found.value is not None
        right = target[1].square().sum() / target.square().sum()
        noise_share = float(right) * (1 if harm == "dead" else 4)
        if name == "esr":
            assert found.value == pytest.approx(noise_share, rel=1e-5)
        elif name == "snr_db":
            assert found.value == pytest.approx(-10 * math.log10(noise_share), abs=1e-4)
        elif name == "a_weighted_error_db":
            assert found.value == pytest.approx(10 * math.log10(noise_share), abs=0.3)
        else:
            assert found.value < 10


@pytest.mark.parametrize("name", RATIOS)
def test_a_channel_that_is_asked_for_is_named_and_must_exist(name: str) -> None:
    (chosen,) = select([{"name": name, "channel": "left"}])
    mono = Analysis(noise()[:1], RATE)
    (found, _) = measure(mono, [chosen], Analysis(noise(1)[:1], RATE))
    assert (found.value, found.reason) == (None, "mono")
    (wrong,) = select([{"name": name, "channel": "middle"}])
    with pytest.raises(ValueError, match="unknown channel 'middle'; choose from all, left, right"):
        measure(Analysis(noise(), RATE), [wrong], Analysis(noise(1), RATE))


@given(gain=st.floats(0.05, 20.0), seed=st.integers(0, 50))
@settings(deadline=None, max_examples=10)
def test_si_sdr_does_not_hear_gain(gain: float, seed: int) -> None:
    target, audio = noise(seed), noise(seed) + 0.3 * noise(seed + 51)
    expected = value("si_sdr_db", audio, target)
    assert value("si_sdr_db", audio * gain, target) == pytest.approx(expected, abs=1e-4)


def test_identical_audio_is_no_distance_or_infinitely_good() -> None:
    target = noise()
    found = measure(Analysis(target.clone(), RATE), select(list(DISTANCES)), Analysis(target, RATE))
    for one in found:
        if one.metric in ("snr_db", "si_sdr_db", "a_weighted_error_db") and one.variant == "raw":
            assert (one.value, one.reason) == (None, "infinite")
        elif one.metric in ("mae", "esr", "lufs_error"):
            assert one.value == pytest.approx(0.0, abs=1e-9)


def test_values_before_their_reasons_are_infinite_with_a_sign() -> None:
    target = noise()
    assert value("snr_db", target, target) == math.inf
    assert value("a_weighted_error_db", target, target) == -math.inf


@pytest.mark.parametrize("name", RATIOS)
def test_a_silent_channel_of_the_reference_counts_what_the_render_has_there(name: str) -> None:
    target = noise()
    target[1] = 0
    audio = target.clone()
    audio[1] = 0.5 * noise(1)[1]
    (found, _) = measure(Analysis(audio, RATE), select(name), Analysis(target, RATE))
    assert found.reason == "", "what is heard in a channel that ought to be silent is an error"
    (chosen,) = select([{"name": name, "channel": "right"}])
    (found, _) = measure(Analysis(audio, RATE), [chosen], Analysis(target, RATE))
    assert (found.value, found.reason) == (None, "silent_reference_right")


@pytest.mark.parametrize(
    ("exponent", "decibels"),
    [(1.5, -39.4), (2.0, -19.1), (3.0, 0.0), (3.4, 1.3), (4.0, -2.5), (4.2, -6.6), (4.3, -9.3)],
)
def test_the_a_weighting_is_that_of_iec_61672(exponent: float, decibels: float) -> None:
    # The table's 31.5 Hz is 10^1.5, its 16 kHz 10^4.2; its values are rounded to 0.1 dB.
    gain = a_weighting(torch.tensor(10**exponent, dtype=torch.float64))
    assert 20 * math.log10(gain.item()) == pytest.approx(decibels, abs=0.051)


@pytest.mark.parametrize("samples", [RATE, RATE + 1])
def test_the_a_weighted_error_of_two_tones_is_that_of_their_weights(samples: int) -> None:
    time = torch.arange(samples, dtype=torch.float64) / RATE
    low, high = (torch.sin(2 * math.pi * f * time) for f in (100.0, 1000.0))
    target, audio = high.expand(2, -1), (high + 0.1 * low).expand(2, -1)
    expected = -20 + 20 * math.log10(a_weighting(torch.tensor(100.0)).item())
    assert value("a_weighted_error_db", audio, target) == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize("samples", [1000, 675, 997])
def test_the_a_weighted_error_equals_a_plain_two_sided_transform(samples: int) -> None:
    target, audio = noise(0, samples).double(), noise(1, samples).double()
    size = next_fast_len(samples, real=True)
    weights = a_weighting(torch.fft.fftfreq(size, 1 / RATE, dtype=torch.float64).abs()).numpy()
    energies = [
        (np.abs(np.fft.fft(each.numpy(), size) * weights) ** 2).sum(axis=1)
        for each in (target - audio, target)
    ]
    expected = 10 * np.log10(energies[0].sum() / energies[1].sum())
    assert value("a_weighted_error_db", audio, target) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", ["mae", "esr", "snr_db", "si_sdr_db", "a_weighted_error_db"])
def test_distances_do_not_mind_which_channel_is_which(name: str) -> None:
    target, audio = noise(0), noise(1)
    expected = value(name, audio, target)
    assert value(name, audio.flip(0), target.flip(0)) == pytest.approx(expected, rel=1e-6)
