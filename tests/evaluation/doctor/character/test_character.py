"""The character of systems whose response, distortion and curve are known in closed form."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from earmark.evaluation.doctor.character import measures, tones
from earmark.evaluation.doctor.contract import Health
from earmark.evaluation.doctor.examine import PROBES, examine
from earmark.evaluation.doctor.signals import pink
from earmark.models.systems.contract import SystemSpec, build, kinds

RATE = 44100
CHARACTER = ("frequency_response", "thd_n", "imd", "gain_curve")


def test_a_gain_is_flat_and_clean() -> None:
    noise = pink(RATE, RATE)
    gains = measures.response_db(0.5 * noise, noise, RATE)
    assert list(gains) == list(measures.OCTAVES_HZ[:-1])
    assert list(gains.values()) == pytest.approx([-6.02] * len(gains), abs=0.01)
    assert (measures.thd_n_db(0.5 * tones.tone(RATE, RATE, -12.0), RATE) or 0) < -120
    assert (measures.imd_db(0.5 * tones.two_tones(RATE, RATE, -12.0), RATE) or 0) < -120
    curve = measures.gains_db(0.5 * tones.rising_tone(RATE), RATE)
    assert list(curve) == pytest.approx([-6.02] * 6, abs=0.01)


@pytest.mark.parametrize("third", [0.1, 0.01])
def test_a_cubic_has_the_distortion_of_its_third_harmonic(third: float) -> None:
    # x + a x^3 with x = sin: third harmonic a/4, fundamental 1 + 3a/4.
    wave = tones.tone(RATE, RATE, 0.0)
    found = measures.thd_n_db(wave + third * wave**3, RATE)
    harmonic, first = third / 4, 1 + 3 * third / 4
    assert found == pytest.approx(20 * math.log10(harmonic / math.hypot(harmonic, first)), abs=0.01)


def test_a_tremolo_has_the_side_tones_of_its_depth() -> None:
    time = torch.arange(RATE, dtype=torch.float64) / RATE
    swell = 1 + 0.02 * torch.sin(2 * math.pi * 60 * time)
    # A pair of side tones of half the depth each.
    found = measures.imd_db(tones.two_tones(RATE, RATE, -12.0) * swell, RATE)
    assert found == pytest.approx(20 * math.log10(0.02 / math.sqrt(2)), abs=0.05)


def test_a_curve_is_that_of_its_levels_and_nothing_has_no_value() -> None:
    given = tones.rising_tone(RATE)
    # Half of the decibels: a ratio of 2 to 1 at every level.
    step = round(tones.STEP_SECONDS * RATE)
    gains = torch.tensor([10 ** (-level / 40) for level in tones.LEVELS_DBFS])
    curve = measures.gains_db(given * gains.repeat_interleave(step), RATE)
    assert list(curve) == pytest.approx([-one / 2 for one in tones.LEVELS_DBFS], abs=0.01)
    silent = torch.zeros(2, RATE)
    assert measures.thd_n_db(silent, RATE) is measures.imd_db(silent, RATE) is None
    assert set(measures.gains_db(torch.zeros_like(given), RATE)) == {None}
    assert measures.response_db(silent, pink(RATE, RATE), RATE) == {}


def test_the_doctor_describes_a_limiter_and_an_untouched_mix() -> None:
    asked = {name: PROBES[name] for name in CHARACTER}

    def probes(kind: str, **options: Any) -> dict[str, Tensor | float | None]:
        system = build(SystemSpec("one", kind, kinds()[kind].options(**options)))
        found = {one.name: one for one in examine(system, probes=asked)}
        assert {found[name].verdict for name in CHARACTER} == {Health.PASS}
        return {name: found[name].value for name in CHARACTER}

    plain = probes("unprocessed")
    assert plain["frequency_response"] == pytest.approx(0.0, abs=1e-6)
    assert plain["gain_curve"] == pytest.approx(0.0, abs=1e-3)
    assert isinstance(plain["thd_n"], float)
    assert plain["thd_n"] < -100
    low = probes("lowpass_3500")
    assert isinstance(low["frequency_response"], float)
    assert low["frequency_response"] > 30
