"""Loudness and true peak above 48 kHz: within the tolerances of the EBU, and where they end."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from earmark.models.audio.loudness import (
    Interpolator,
    integrated_loudness,
    loudness_profile,
    true_peak_dbtp,
)

HIGH = (88200, 96000, 176400, 192000)
OVERSAMPLED = HIGH[:3]
TECH_3341 = [(4, 0.0, 0.5), (4, 45.0, 0.5), (6, 60.0, 0.5), (8, 67.5, 0.5), (4, 45.0, 1.41)]


def faded_sine(rate: int, hertz: float, degrees: float, level: float) -> Tensor:
    """A second of a stereo sine that begins and ends softly."""
    steps = np.arange(rate)
    fade = np.minimum(1, np.minimum(steps, steps[::-1]) / (rate // 20))
    wave = level * fade * np.sin(2 * np.pi * hertz / rate * steps + np.radians(degrees))
    return torch.tensor(np.stack([wave, wave]), dtype=torch.float32)


@pytest.mark.parametrize("rate", HIGH)
def test_the_anchor_of_bs_1770_holds(rate: int) -> None:
    wave = torch.sin(2 * math.pi * 997 / rate * torch.arange(rate * 3, dtype=torch.float64))
    one_channel = torch.stack([wave, torch.zeros_like(wave)])
    assert integrated_loudness(one_channel, rate).item() == pytest.approx(-3.01, abs=0.1)


@pytest.mark.parametrize("rate", HIGH)
def test_the_gates_of_tech_3341_and_3342_hold(rate: int) -> None:
    def tone(*levels: tuple[float, float]) -> Tensor:
        gain = np.concatenate([np.full(round(s * rate), 10 ** (db / 20)) for db, s in levels])
        wave = gain * np.sin(2 * np.pi * 1000 / rate * np.arange(len(gain)))
        return torch.tensor(np.stack([wave, wave]), dtype=torch.float32)

    gated = tone((-36.0, 2.0), (-23.0, 30.0), (-36.0, 2.0))
    assert integrated_loudness(gated, rate).item() == pytest.approx(-23.0, abs=0.1)
    ranged = tone((-20.0, 12.0), (-30.0, 12.0))
    assert loudness_profile(ranged, rate).lra.item() == pytest.approx(10.0, abs=1.0)


@pytest.mark.parametrize("interpolator", ["sinc49", "annex2"])
@pytest.mark.parametrize("rate", OVERSAMPLED)
@pytest.mark.parametrize(("divisor", "degrees", "level"), TECH_3341)
def test_true_peak_is_within_the_tolerance_of_tech_3341(
    divisor: int, degrees: float, level: float, rate: int, interpolator: Interpolator
) -> None:
    audio = faded_sine(rate, rate / divisor, degrees, level)
    found = true_peak_dbtp(audio, rate, interpolator).item()
    assert -0.4 <= found - 20 * math.log10(level) <= 0.2


@pytest.mark.parametrize("hertz", [997.0, 11025.0, 15000.0, 18000.0])
def test_at_192_khz_the_sample_peak_does_up_to_18_khz(hertz: float) -> None:
    for degrees in range(0, 180, 15):
        found = true_peak_dbtp(faded_sine(192000, hertz, degrees, 0.5), 192000).item()
        assert -0.4 <= found + 6.02 <= 0.2


def test_at_192_khz_the_limit_that_is_documented_is_the_limit() -> None:
    # An eighth of the rate, its samples as far from the peak as they can be.
    found = true_peak_dbtp(faded_sine(192000, 24000.0, 67.5, 0.5), 192000).item()
    assert found + 6.02 == pytest.approx(20 * math.log10(math.cos(math.pi / 8)), abs=0.01)
