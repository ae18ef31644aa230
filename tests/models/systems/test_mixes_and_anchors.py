"""Mixes of stems are what their notes say; anchors are as bad as they shall be."""

import math

import numpy as np
import pytest
import scipy.signal
import scipy.stats
import torch
from baseline_songs import RATE, built, gain_db, lufs, music, rendered
from torch import Tensor

from earmark.models.audio.loudness import true_peak_dbtp
from earmark.models.effects.console import pan_gains
from earmark.models.systems.contract import Material
from earmark.models.systems.reference_matching import average_spectrum

OF_THE_STEMS = ["mono_sum", "random_mix"]


@pytest.fixture(scope="module")
def mix() -> Tensor:
    return music()


# ---- mixes


def test_mono_sum_is_the_mono_fold_of_the_stems(mix: Tensor) -> None:
    stems = torch.stack([mix, mix.flip(-1), 0.1 * mix])
    out, _ = rendered(built("mono_sum"), Material(stems, RATE))
    wanted = stems.sum(dim=0).mean(dim=0)
    torch.testing.assert_close(out, wanted.expand(2, -1), rtol=1e-5, atol=1e-6)


def test_random_mix_repeats_by_seed_and_song_and_differs_otherwise(mix: Tensor) -> None:
    stems = torch.stack([mix, mix.flip(-1), 0.1 * mix])

    def drawn(seed: int, label: str) -> Tensor:
        return rendered(built("random_mix", seed=seed), Material(stems, RATE, None, label))[0]

    torch.testing.assert_close(drawn(0, "a"), drawn(0, "a"), rtol=0, atol=0)
    assert not torch.allclose(drawn(0, "a"), drawn(1, "a"))
    assert not torch.allclose(drawn(0, "a"), drawn(0, "b"))


def test_random_mix_is_what_its_notes_say(mix: Tensor) -> None:
    stems = torch.stack([mix, mix.flip(-1)])
    out, notes = rendered(
        built("random_mix"), Material(stems, RATE, None, "song", stems=("a", "b"))
    )
    assert (notes["stem_1_name"], notes["stem_2_name"]) == ("a", "b")
    wanted = torch.zeros_like(mix)
    for number, stem in enumerate(stems, start=1):
        gain, pan = notes[f"stem_{number}_gain_db"], notes[f"stem_{number}_pan"]
        assert -12.0 <= gain <= 12.0
        assert -1.0 <= pan <= 1.0
        angle = (pan + 1) * math.pi / 4
        sides = torch.tensor([[math.cos(angle)], [math.sin(angle)]])
        wanted += 10 ** (gain / 20) * sides * stem.mean(dim=0)
    torch.testing.assert_close(out, wanted, rtol=1e-5, atol=1e-5)


def test_random_gains_and_pans_fill_their_ranges_evenly() -> None:
    stems = torch.zeros(400, 1, 8)
    _, notes = rendered(built("random_mix"), Material(stems, RATE, None, "song"))
    for suffix, limit_ in (("gain_db", 12.0), ("pan", 1.0)):
        drawn = [value for name, value in notes.items() if name.endswith(suffix)]
        # Kolmogorov-Smirnov at 1e-4: the seed is fixed, so this cannot flicker.
        assert scipy.stats.kstest(drawn, "uniform", (-limit_, 2 * limit_)).pvalue > 1e-4


@pytest.mark.parametrize("pan", [-1.0, -0.3, 0.0, 0.8, 1.0])
def test_the_pan_law_keeps_the_power(pan: float) -> None:
    left, right = pan_gains(pan)
    assert left**2 + right**2 == pytest.approx(1.0)
    assert pan_gains(-pan) == pytest.approx((right, left))


@pytest.mark.parametrize("name", OF_THE_STEMS)
def test_a_mix_of_stems_reaches_a_loudness_on_request_only(name: str, mix: Tensor) -> None:
    source = Material(torch.stack([mix, mix]), RATE, mix, "song")
    free, _ = rendered(built(name), source)
    for target, wanted in ((-23.0, -23.0), ("reference", lufs(mix))):
        out, _ = rendered(built(name, target=target), source)
        assert lufs(out) == pytest.approx(wanted, abs=0.02)
        gain_db(out, free)


# ---- anchors


@pytest.mark.parametrize(("name", "scale"), [("lowpass_3500", 1.0), ("lowpass_7000", 2.0)])
@pytest.mark.parametrize("rate", [44100, 48000, 96000])
def test_a_low_pass_anchor_meets_the_mask_of_bs_1534(name: str, scale: float, rate: int) -> None:
    audio = torch.zeros(1, rate)
    audio[0, rate // 2] = 1.0
    out, _ = rendered(built(name), Material(audio, rate))
    hertz = np.fft.rfftfreq(rate, 1 / rate) / scale
    decibels = 20 * np.log10(np.abs(np.fft.rfft(out[0].double().numpy())) + 1e-12)
    assert np.abs(decibels[hertz <= 3500]).max() <= 0.1
    assert decibels[hertz >= 4000].max() <= -25.0
    assert decibels[hertz >= 4500].max() <= -50.0
    # Linear phase, no delay: the response is its own mirror image about the impulse.
    middle = rate // 2
    assert int(out.abs().argmax()) == middle
    torch.testing.assert_close(
        out[:, middle : middle + 4000], out[:, middle - 3999 : middle + 1].flip(-1)
    )


@pytest.mark.parametrize("name", ["lowpass_3500", "lowpass_7000"])
def test_a_low_pass_above_all_there_is_changes_nothing(name: str, mix: Tensor) -> None:
    out, notes = rendered(built(name), Material(mix, 7000))
    torch.testing.assert_close(out, mix, rtol=0, atol=0)
    assert "nothing lies above" in notes["note"]


@pytest.mark.slow
def test_overlimited_is_denser_than_the_limiter_by_far_and_under_the_ceiling(mix: Tensor) -> None:
    plain, _ = rendered(built("limiter"), Material(mix, RATE))
    out, notes = rendered(built("overlimited"), Material(mix, RATE))
    assert lufs(out) > lufs(plain) + 5.0
    assert notes["drive_db"] == pytest.approx(-14.0 - lufs(mix) + 12.0, abs=0.01)
    assert float(true_peak_dbtp(out, RATE)) <= -0.95


def test_overbright_lifts_the_treble_by_12_db_and_leaves_the_bass(mix: Tensor) -> None:
    out, _ = rendered(built("overbright"), Material(mix, RATE))
    points, before = average_spectrum(mix.double().numpy(), RATE)
    lift = 10 * np.log10(average_spectrum(out.double().numpy(), RATE)[1] / before)
    assert np.abs(lift[(points > 30) & (points < 500)]).max() < 0.2
    np.testing.assert_allclose(lift[points > 14000], 12.0, atol=0.3)
