"""Curves of processors, learned filters and control sweeps, against closed forms and renders."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from networks_built import noise, small
from torch import Tensor

from earmark.models.architectures.eqcnn import EQCNN
from earmark.models.effects.compressor import Compressor
from earmark.models.effects.curves import (
    CURVE_HZ,
    LEVELS_DBFS,
    Dynamics,
    equaliser_curve_db,
    interpolated_db,
    static_curve_dbfs,
)
from earmark.models.effects.differentiable_dynamics import CompressorSettings
from earmark.models.effects.differentiable_eq import Bands
from earmark.models.effects.equalizer import Band
from earmark.models.effects.mastering_chain import ChainSettings, process_exactly
from earmark.models.inspection.control_sweep import MEASURES, probe, sweep_controls
from earmark.models.inspection.filter_bank import FLOOR_DB, MOST_SHOWN, filter_bank
from earmark.models.systems.contract import Control, Material, Spec

RATE = 44_100
ONE_KHZ = CURVE_HZ.index(1000.0)


@settings(deadline=None, max_examples=25)
@given(gain=st.floats(-24, 24), q=st.floats(0.3, 10))
def test_a_peak_has_its_gain_at_its_frequency_and_none_far_away(gain: float, q: float) -> None:
    curve = equaliser_curve_db([Band("peak", 1000.0, gain, q)], RATE)
    assert curve[ONE_KHZ] == pytest.approx(gain, abs=1e-3)
    # The cookbook's bilinear peak, whose prototype is (s^2 + s A/Q + 1) / (s^2 + s/(A Q) + 1).
    at, root = 2000.0, 10 ** (gain / 40)
    warped = math.tan(math.pi * at / RATE) / math.tan(math.pi * 1000 / RATE)
    s = 1j * warped
    wanted = abs((s * s + s * root / q + 1) / (s * s + s / (root * q) + 1))
    index = CURVE_HZ.index(at)
    assert curve[index] == pytest.approx(20 * math.log10(wanted), abs=1e-3)


def test_no_bands_are_0_db_and_nothing_is_known_above_half_the_rate() -> None:
    assert set(equaliser_curve_db([], RATE)) == {0.0}
    curve = equaliser_curve_db([Band("low_shelf", 100.0, 3.0)], 16_000)
    assert [gain is None for gain in curve] == [hertz >= 8000 for hertz in CURVE_HZ]


def test_a_curve_between_points_is_linear_in_db_over_octaves() -> None:
    curve = interpolated_db([500.0, 2000.0], [-2.0, 6.0])
    assert curve[ONE_KHZ] == pytest.approx(2.0)
    assert curve[0] == -2.0
    assert curve[-1] is None


def test_nothing_leaves_every_level_as_it_is() -> None:
    assert static_curve_dbfs(Dynamics()) == list(LEVELS_DBFS)


@settings(deadline=None, max_examples=25)
@given(
    threshold=st.floats(-50, -5),
    ratio=st.floats(1, 20),
    makeup=st.floats(-6, 12),
    drive=st.floats(-12, 12),
)
def test_a_hard_knee_is_two_straight_lines(
    threshold: float, ratio: float, makeup: float, drive: float
) -> None:
    compressor = Compressor(threshold, ratio, knee_db=0.0, makeup_db=makeup)
    curve = static_curve_dbfs(Dynamics(drive, compressor, ceiling_db=-1.0))
    for level, out in zip(LEVELS_DBFS, curve, strict=True):
        over = max(0.0, level + drive - threshold)
        wanted = min(level + drive - over * (1 - 1 / ratio) + makeup, -1.0)
        assert out == pytest.approx(wanted, abs=2e-3)


@pytest.mark.parametrize("level", [-40.0, -20.0, -12.0, -6.0, 0.0])
def test_the_static_curve_is_what_a_steady_tone_meets_in_the_chain(level: float) -> None:
    one = torch.ones(1)
    compressor = Compressor(-18.0, 3.0, attack_ms=1.0, release_ms=400.0, knee_db=6.0, makeup_db=2.0)
    chain = ChainSettings(
        Bands((), torch.zeros(1, 0), torch.zeros(1, 0), torch.zeros(1, 0)),
        CompressorSettings(**{name: value * one for name, value in vars(compressor).items()}),
        drive=3 * one,
        wet=0.5 * one,
        width=one,
        ceiling_db=-2.0 * one,
    )
    tone = 10 ** (level / 20) * torch.sin(2 * torch.pi * 1000 * torch.arange(RATE) / RATE)
    stereo = tone.expand(2, -1).contiguous()
    out = process_exactly(stereo, RATE, chain, torch.zeros_like(stereo))
    heard = 20 * math.log10(float(out[:, RATE // 2 :].abs().max()))
    curve = static_curve_dbfs(Dynamics(0.0, compressor, (3.0, 0.5), -2.0))
    # The limiter aims 0.1 dB under its ceiling.
    assert heard == pytest.approx(curve[LEVELS_DBFS.index(level)], abs=0.15)


def tones(*hertz: float, rate: int = 16_000, taps: int = 128) -> Tensor:
    time = torch.arange(taps) / rate
    waves = [torch.cos(2 * torch.pi * f * time) * torch.hann_window(taps) for f in hertz]
    return torch.stack(waves)[:, None]


def test_filters_are_sorted_by_their_centre_frequency() -> None:
    bank = filter_bank(tones(5000, 700, 2500), 16_000)
    assert bank.centres_hz == pytest.approx((700, 2500, 5000), abs=10)
    assert bank.peak_db == pytest.approx((0, 0, 0), abs=0.1)
    # A Hann window's main lobe is 1.44 bins of its length wide at half its power.
    assert bank.bandwidths_hz == pytest.approx([1.44 * 125] * 3, rel=0.15)
    for centre, row in zip(bank.centres_hz, bank.responses_db, strict=True):
        loudest = bank.hertz[int(np.argmax(row))]
        assert loudest == pytest.approx(centre, rel=0.04)
        assert min(row) >= FLOOR_DB


def test_an_impulse_passes_everything_and_a_pair_has_the_power_of_both() -> None:
    impulse = torch.zeros(2, 1, 64)
    impulse[0, 0, 10], impulse[1, 0, 3] = 1.0, 0.1
    bank = filter_bank(impulse, 16_000)
    assert sorted({value for row in bank.responses_db for value in row}) == [-20.0, 0.0]
    both = filter_bank(torch.cat([impulse[:1], impulse[:1]], dim=1), 16_000)
    assert set(both.responses_db[0]) == {0.0}
    assert both.bandwidths_hz == (None,)


def test_of_many_filters_evenly_many_are_shown() -> None:
    bank = filter_bank(noise(500, 1, 32), 16_000)
    assert (bank.count, len(bank.centres_hz)) == (500, MOST_SHOWN)
    assert list(bank.centres_hz) == sorted(bank.centres_hz)


def test_the_filters_of_a_network_are_what_an_impulse_passes() -> None:
    network = small("eqcnn2018", frame=256, filters=5)
    filters = network.filters()
    assert filters is not None
    impulse = torch.zeros(1, 1, 127)
    impulse[..., 63] = 1.0
    assert isinstance(network, EQCNN)
    with torch.no_grad():
        # Less what comes out of silence: the layer has a bias.
        passed = network.front(impulse) - network.front(torch.zeros_like(impulse))
    torch.testing.assert_close(passed[0], filters[:, 0], atol=1e-6, rtol=1e-5)
    assert small("tcn", width=4, blocks=2).filters() is None


def test_z_of_a_tone_is_largest_in_the_filter_of_its_frequency() -> None:
    network = small("eqcnn2018", frame=512, filters=3, kernel=128, smoothing=16, pooled=8)
    assert isinstance(network, EQCNN)
    bank = tones(5000, 700, 2500)
    with torch.no_grad():
        network.front.weight.copy_(bank.flip(-1))
        network.front.bias.zero_()  # type: ignore[union-attr]  # it has one
        network.smooth.weight.fill_(1 / 16)
        network.smooth.bias.zero_()  # type: ignore[union-attr]
    time = torch.arange(4000) / 16_000
    tone = torch.sin(2 * torch.pi * 2500 * time) * (time > 0.1)
    z = network.envelopes(tone.expand(2, -1))
    assert z.shape == (3, 8)
    found = filter_bank(bank, 16_000, z)
    assert max(max(row) for row in found.z_db) == 0.0
    # By rising frequency: 700, 2500 and 5000 Hz.
    assert int(np.argmax([max(row) for row in found.z_db])) == 1
    assert small("tcn", width=4, blocks=2).envelopes(tone[None]) is None


@dataclass(frozen=True)
class Knobs:
    """A system whose controls do exactly what they are called."""

    spec: Spec

    def prepare(self, material: Material, controls: Mapping[str, float]) -> float:
        return 10 ** (controls["gain_db"] / 20)

    def render(self, block: Tensor, state: float) -> Tensor:
        return block * state


@pytest.mark.slow
def test_a_gain_control_moves_the_level_by_itself_and_nothing_else() -> None:
    knobs = {"gain_db": Control(-12.0, 6.0, 0.0), "nothing": Control(0.0, 1.0, 0.5)}
    gain, nothing = sweep_controls(Knobs(Spec("knobs", "test", controls=knobs)))
    assert (gain.control, gain.values[0], gain.values[-1]) == ("gain_db", -12.0, 6.0)
    assert gain.measures["level_db"] == pytest.approx(gain.values, abs=2e-3)
    assert gain.measures["crest_db"] == pytest.approx([0.0] * 9, abs=2e-3)
    assert gain.measures["brightness_db"] == pytest.approx([0.0] * 9, abs=2e-3)
    distances = [value or 0.0 for value in gain.measures["distance"]]
    assert distances[0] > distances[3] > 0.0
    assert all(set(nothing.measures[name]) == {0.0} for name in MEASURES)


def test_a_system_without_controls_has_no_sweep_and_silence_no_measures() -> None:
    assert sweep_controls(Knobs(Spec("none", "test"))) == []
    mute = Knobs(Spec("mute", "test", controls={"gain_db": Control(-900.0, -800.0, -850.0)}))
    (sweep,) = sweep_controls(mute)
    assert all(set(sweep.measures[name]) == {None} for name in MEASURES)


@pytest.mark.slow
def test_many_controls_are_swept_in_fewer_places() -> None:
    many = {"gain_db": Control(-12.0, 6.0, 0.0)}
    many |= {f"knob {n}": Control(0.0, 1.0, 0.5) for n in range(24)}
    sweeps = sweep_controls(Knobs(Spec("many", "test", controls=many)))
    assert {len(sweep.values) for sweep in sweeps} == {3}
    assert sum(len(sweep.values) for sweep in sweeps) == 75


def test_the_probe_is_the_same_whenever_it_is_made_and_rises_in_steps() -> None:
    first = probe(RATE).clone()
    probe.cache_clear()
    assert torch.equal(first, probe(RATE))
    quarters = first.reshape(2, 4, -1).square().mean(dim=(0, 2))
    levels = (10 * quarters.log10()).tolist()
    assert np.diff(levels) == pytest.approx([6, 6, 6], abs=0.02)
