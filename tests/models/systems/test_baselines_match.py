"""EQ match, compressor by rule and multiband compressor do what their documentation says."""

import math

import numpy as np
import pytest
import scipy.signal
import scipy.stats
import torch
from baseline_songs import RATE, built, gain_db, lufs, mastered, music, rendered, tensor
from torch import Tensor

from earmark.models.effects import Band, equalise, response_db
from earmark.models.systems.contract import Material
from earmark.models.systems.reference_matching import ThresholdSearch, average_spectrum, match_curve


@pytest.fixture(scope="module")
def mix() -> Tensor:
    return music()


@pytest.fixture(scope="module")
def reference(mix: Tensor) -> Tensor:
    return mastered(mix)


# ---- EQ match, compressor by rule, multiband


def test_average_spectrum_is_flat_for_white_noise_and_follows_power() -> None:
    white = np.random.default_rng(0).standard_normal((1, 20 * RATE))
    points, power = average_spectrum(white, RATE)
    level = 10 * np.log10(power[points > 300] * RATE / 2)
    np.testing.assert_allclose(level, 0.0, atol=0.6)
    np.testing.assert_allclose(average_spectrum(2 * white, RATE)[1], 4 * power)


def test_a_mix_matched_to_itself_stays_itself(mix: Tensor) -> None:
    out, notes = rendered(built("eq_match"), Material(mix, RATE, mix))
    torch.testing.assert_close(out, mix, rtol=0, atol=1e-5)
    assert notes["eq_db_1000_hz"] == pytest.approx(0.0, abs=1e-9)


def test_eq_match_finds_the_eq_that_was_applied() -> None:
    random = np.random.default_rng(0).standard_normal((2, 10 * RATE))
    pink = equalise(0.02 * random, RATE, [Band("low_shelf", 300.0, 8.0)])
    bands = [Band("low_shelf", 120.0, 4.0), Band("high_shelf", 5000.0, -5.0)]
    target = equalise(pink, RATE, bands)
    curve = match_curve(pink, target, RATE)
    assert curve is not None
    hertz = np.geomspace(60.0, 15000.0, 25)
    found = np.array([curve.at(f) for f in hertz])
    # Only the shape is matched, so the two may differ by one level.
    difference = found - response_db(bands, hertz, RATE)
    np.testing.assert_allclose(difference, difference.mean(), atol=0.4)


def test_eq_match_brings_the_spectrum_and_the_loudness_of_the_reference(
    mix: Tensor, reference: Tensor
) -> None:
    out, _ = rendered(built("eq_match"), Material(mix, RATE, reference))
    assert lufs(out) == pytest.approx(lufs(reference), abs=0.02)

    def shape_error(audio: Tensor) -> float:
        curve = match_curve(audio.double().numpy(), reference.double().numpy(), RATE)
        assert curve is not None
        return float(np.abs(curve.gains_db).mean())

    assert shape_error(out) < 0.25 * shape_error(mix)


def test_eq_match_is_held_within_12_db_and_its_strength_scales_the_curve(mix: Tensor) -> None:
    extreme = tensor(equalise(mix, RATE, [Band("high_shelf", 2000.0, 40.0)]))
    source = Material(mix, RATE, extreme)
    _, whole = rendered(built("eq_match"), source)
    _, half = rendered(built("eq_match", strength=0.5), source)
    curve = {name: value for name, value in whole.items() if name.startswith("eq_db_")}
    assert max(abs(value) for value in curve.values()) == pytest.approx(12.0)
    assert all(half[name] == pytest.approx(value / 2) for name, value in curve.items())


def test_eq_match_does_not_delay(mix: Tensor, reference: Tensor) -> None:
    out, _ = rendered(built("eq_match"), Material(mix, RATE, reference))
    lags = scipy.signal.correlation_lags(mix.shape[-1], mix.shape[-1])
    found = scipy.signal.correlate(out[0].double().numpy(), mix[0].double().numpy(), method="fft")
    assert lags[np.argmax(found)] == 0


@pytest.mark.slow
def test_the_searched_threshold_is_the_one_that_steps_would_find() -> None:
    audio = music(seconds=1.0).double().numpy()
    walked = ThresholdSearch(audio, RATE, 0.9)
    by_step = [walked.loudness(step) for step in range(81)]
    for enough in by_step[0] + np.array([-1.0, 0.0, 0.3, 1.0, 1.7, 2.0, 30.0]):
        wanted = next(
            (k for k, found in enumerate(by_step) if found >= enough), int(np.argmax(by_step))
        )
        assert ThresholdSearch(audio, RATE, 0.9).first_step(enough) == wanted


@pytest.mark.slow
def test_eq_comp_is_denser_than_eq_match_and_as_loud_as_the_reference(
    mix: Tensor, reference: Tensor
) -> None:
    source = Material(mix, RATE, reference)
    matched, _ = rendered(built("eq_match"), source)
    out, notes = rendered(built("eq_comp"), source)
    assert lufs(out) == pytest.approx(lufs(reference), abs=0.02)
    assert notes["threshold_dbfs"] < 0.0
    assert float(out.abs().max()) < float(matched.abs().max())


def test_eq_comp_leaves_a_mix_that_is_dense_enough_uncompressed(mix: Tensor) -> None:
    out, notes = rendered(built("eq_comp"), Material(mix, RATE, 0.5 * mix))
    assert "threshold_dbfs" not in notes
    assert gain_db(out, mix) == pytest.approx(20 * math.log10(0.5), abs=0.02)


@pytest.mark.parametrize("gain", [0.01, 0.3, 10.0])
def test_multiband_keeps_the_loudness_and_scales_with_its_input(gain: float, mix: Tensor) -> None:
    out, notes = rendered(built("multiband"), Material(mix, RATE))
    assert lufs(out) == pytest.approx(lufs(mix), abs=0.02)
    assert notes["band_1_threshold_dbfs"] < 0.0
    scaled, _ = rendered(built("multiband"), Material(gain * mix, RATE))
    torch.testing.assert_close(scaled / gain, out, rtol=1e-3, atol=1e-4)


def test_multiband_at_ratio_1_is_all_pass(mix: Tensor) -> None:
    out, _ = rendered(built("multiband", ratio=1.0), Material(mix, RATE))
    found, wanted = torch.fft.rfft(out.double()).abs(), torch.fft.rfft(mix.double()).abs()
    # The filters ring past the end of the excerpt, hence not exact.
    assert float((found - wanted).norm() / wanted.norm()) < 0.01


@pytest.mark.slow
def test_multiband_brings_loud_and_quiet_closer_at_the_same_loudness(mix: Tensor) -> None:
    steps = torch.cat([mix, 0.25 * mix], dim=-1)
    out, _ = rendered(built("multiband", ratio=4.0, threshold=-12.0), Material(steps, RATE))
    assert lufs(out) == pytest.approx(lufs(steps), abs=0.02)
    loud, quiet = out[:, : mix.shape[-1]], out[:, mix.shape[-1] :]
    # By the ratio 4, 12.04 dB become 3.01, less what the knee and the release leave.
    assert 3.0 < lufs(loud) - lufs(quiet) < 5.0
