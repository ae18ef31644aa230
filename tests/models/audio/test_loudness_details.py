"""Loudness in detail: ranks, gates, filters and windows against plain sums and the standard."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from scipy.signal import firwin, lfilter
from torch import Tensor

from earmark.models.audio.loudness import (
    SILENCE,
    integrated_loudness,
    k_weighted,
    k_weighting_coefficients,
    loudness_profile,
    true_peak_dbtp,
)

RATE = 8000
HOP = RATE // 10


def swell(seconds: float, seed: int = 0, rate: int = RATE) -> Tensor:
    """Stereo noise whose level wanders over 30 dB, so that every window has its own loudness."""
    generator = torch.Generator().manual_seed(seed)
    samples = round(seconds * rate)
    time = torch.arange(samples) / rate
    level = 10 ** ((-20 + 15 * torch.sin(time * 2.1 + seed)) / 20)
    return torch.randn(2, samples, generator=generator) * level


def powers(audio: Tensor, hops: int) -> np.ndarray:
    """Mean squares, summed over channels, of every window of ``hops`` × 100 ms; all of it plain."""
    weighted = audio.double().numpy()
    for b, a in k_weighting_coefficients(RATE):
        weighted = lfilter(b, a, weighted)
    starts = range(0, weighted.shape[1] - hops * HOP + 1, HOP)
    return np.array([(weighted[:, at : at + hops * HOP] ** 2).mean(axis=1).sum() for at in starts])


def lufs(power: np.ndarray) -> np.ndarray:
    found: np.ndarray = -0.691 + 10 * np.log10(power)
    return found


@pytest.mark.parametrize("windows", [1, 2, 3, 5, 6, 7, 10, 11, 12, 15, 16, 20, 21])
def test_the_range_takes_the_nearest_rank_of_any_number_of_windows(windows: int) -> None:
    audio = swell(2.9 + windows / 10)
    loudness = np.sort(lufs(powers(audio, 30)))
    assert len(loudness) == windows
    assert loudness[0] > loudness[-1] - 15, "nothing is gated"

    def ranked(percent: int) -> float:
        # Tech 3342 rounds the rank; counted in fractions, where halves are halves.
        return float(loudness[math.floor(Fraction(percent, 100) * (windows - 1) + Fraction(1, 2))])

    found = loudness_profile(audio, RATE).lra.item()
    assert found == pytest.approx(ranked(95) - ranked(10), abs=1e-4)


def test_the_range_leaves_out_what_lies_20_below_the_mean_of_what_is_no_silence() -> None:
    loud, soft = swell(6.0, 1), swell(6.0, 2)
    for gain, all_kept in ((0.13, True), (0.02, False), (0.0005, False)):
        audio = torch.cat([loud, soft * gain], dim=-1)
        power = powers(audio, 30)
        loudness = lufs(power)
        heard = power[loudness > -70]
        gate = lufs(np.array(heard.mean())) - 20
        ranked = np.sort(loudness[(loudness > -70) & (loudness > gate)])
        assert (len(ranked) == len(loudness)) == all_kept
        if all_kept:
            assert loudness.min() < gate + 9, "what lies 11 below the mean still counts"
        last = len(ranked) - 1
        expected = ranked[int(last * 0.95 + 0.5)] - ranked[int(last * 0.1 + 0.5)]
        assert loudness_profile(audio, RATE).lra.item() == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("soft", [1.0, 0.2, 0.05, 0.0003])
def test_every_loudness_equals_plain_sums(soft: float) -> None:
    audio = torch.cat([swell(3.0, 3), swell(3.35, 4) * soft], dim=-1)
    power = powers(audio, 4)
    heard = power[lufs(power) > -70]
    gated = heard[lufs(heard) > lufs(np.array(heard.mean())) - 10]
    found = loudness_profile(audio, RATE)
    expected = float(lufs(np.array(gated.mean())))
    assert found.integrated.item() == pytest.approx(expected, abs=1e-4)
    # By spectra in float32; the profile is a recursion in float64.
    assert integrated_loudness(audio, RATE).item() == pytest.approx(
        found.integrated.item(), abs=3e-6
    )
    assert found.short_term_max.item() == pytest.approx(lufs(powers(audio, 30)).max(), abs=1e-4)
    # Momentary windows move by 10 ms, not by the 100 ms of the gating blocks.
    weighted = k_weighted(audio.double(), RATE).numpy()
    squares = np.concatenate([np.zeros((2, 1)), (weighted**2).cumsum(axis=1)], axis=1)
    starts = np.arange(0, weighted.shape[1] - 4 * HOP + 1, HOP // 10)
    windows = (squares[:, starts + 4 * HOP] - squares[:, starts]).sum(axis=0) / (4 * HOP)
    assert found.momentary_max.item() == pytest.approx(lufs(windows).max(), abs=1e-4)


def test_the_filters_of_48_khz_are_those_that_the_standard_prints() -> None:
    # BS.1770-5, tables 1 and 2.
    (shelf_b, shelf_a), (pass_b, pass_a) = k_weighting_coefficients(48000)
    printed = [1.53512485958697, -2.69169618940638, 1.19839281085285]
    assert shelf_b == pytest.approx(printed, abs=1e-7)
    assert shelf_a == pytest.approx([1.0, -1.69065929318241, 0.73248077421585], abs=1e-7)
    assert pass_b == pytest.approx([1.0, -2.0, 1.0], abs=1e-12)
    assert pass_a == pytest.approx([1.0, -1.99004745483398, 0.99007225036621], abs=1e-7)


@pytest.mark.parametrize(
    ("channels", "weights"),
    [
        (1, [1.0]),
        (2, [1.0, 1.0]),
        (3, [1.0, 1.0, 1.0]),
        (4, [1.0, 1.0, 1.41, 1.41]),
        (5, [1.0, 1.0, 1.0, 1.41, 1.41]),
        (6, [1.0, 1.0, 1.0, 0.0, 1.41, 1.41]),
    ],
)
def test_each_channel_has_the_weight_of_its_place(channels: int, weights: list[float]) -> None:
    one = swell(1.0, 5)[:1]
    alone = integrated_loudness(one, RATE).item()
    for at, weight in enumerate(weights):
        audio = torch.zeros(channels, one.shape[-1])
        audio[at] = one[0]
        found = integrated_loudness(audio, RATE).item()
        if weight:
            assert found == pytest.approx(alone + 10 * math.log10(weight), abs=1e-5)
        else:
            assert math.isnan(found)
    for wrong in (0, 7):
        with pytest.raises(ValueError, match=f"1 to 6 channels, not {wrong}"):
            integrated_loudness(torch.ones(wrong, RATE), RATE)


@pytest.mark.parametrize("rate", [44100, 8000, 192000])
def test_long_audio_is_weighted_in_pieces_as_in_one(rate: int) -> None:
    # Longer than a piece, so that there is a seam, and of no round length.
    samples = 2 * 65536 + 4567 if rate < 192000 else 3 * 131072 + 4567
    audio = torch.randn(1, samples, generator=torch.Generator().manual_seed(1)).double()
    expected = audio.numpy()
    for b, a in k_weighting_coefficients(rate):
        expected = lfilter(b, a, expected)
    np.testing.assert_allclose(k_weighted(audio, rate).numpy(), expected, atol=1e-11)
    if rate == RATE:
        stereo = torch.cat([audio, audio * 0.5]).float()
        power = powers(stereo, 4)
        gated = power[lufs(power) > lufs(np.array(power.mean())) - 10]
        found = integrated_loudness(stereo, rate).item()
        assert found == pytest.approx(float(lufs(np.array(gated.mean()))), abs=1e-4)


def test_no_audio_at_all_has_no_loudness_and_no_weighting() -> None:
    empty = torch.zeros(2, 0)
    assert k_weighted(empty, RATE).shape == (2, 0)
    found = loudness_profile(empty, RATE)
    for name in ("integrated", "momentary_max", "short_term_max", "lra"):
        assert math.isnan(getattr(found, name).item())
    batch = loudness_profile(torch.zeros(3, 2, 10), RATE)
    assert batch.integrated.shape == batch.lra.shape == (3,)


@pytest.mark.parametrize(("rate", "factor"), [(44100, 4), (48000, 4), (95999, 4), (96000, 2)])
def test_true_peak_is_the_peak_of_the_windowed_sinc_oversampling(rate: int, factor: int) -> None:
    audio = torch.randn(2, 3000, generator=torch.Generator().manual_seed(3))
    taps = 49
    # libebur128's design, made by another library: a Hann-windowed sinc, 49 taps at the high rate.
    window = np.hanning(taps)
    kernel = firwin(taps, 1 / factor, window="boxcar", scale=False) * factor * window
    padded = np.pad(audio.double().numpy(), ((0, 0), (50, 50)))
    high = np.zeros((2, padded.shape[1] * factor))
    high[:, ::factor] = padded
    between = np.stack([np.convolve(row, kernel) for row in high])
    expected = max(np.abs(between).max(), float(audio.abs().max()))
    found = true_peak_dbtp(audio, rate).item()
    assert found == pytest.approx(20 * math.log10(expected), abs=1e-4)


def test_true_peak_by_annex_2_is_the_peak_of_its_four_phases() -> None:
    # The first taps of phase 0 and 1 as BS.1770-5 prints them; 2 and 3 are their reverse.
    phase_0 = [
        *(0.0017089843750, 0.0109863281250, -0.0196533203125, 0.0332031250000, -0.0594482421875),
        *(0.1373291015625, 0.9721679687500, -0.1022949218750, 0.0476074218750, -0.0266113281250),
        *(0.0148925781250, -0.0083007812500),
    ]
    phase_1 = [
        *(-0.0291748046875, 0.0292968750000, -0.0517578125000, 0.0891113281250, -0.1665039062500),
        *(0.4650878906250, 0.7797851562500, -0.2003173828125, 0.1015625000000, -0.0582275390625),
        *(0.0330810546875, -0.0189208984375),
    ]
    rows = [phase_0, phase_1, phase_1[::-1], phase_0[::-1]]
    for seed in range(4):
        audio = torch.randn(1, 400, generator=torch.Generator().manual_seed(seed))
        wave = audio[0].double().numpy()
        for rate, used in ((44100, rows), (96000, rows[::2])):
            peaks = [np.abs(np.convolve(wave, row)).max() for row in used]
            expected = 20 * math.log10(max(*peaks, np.abs(wave).max()))
            found = true_peak_dbtp(audio, rate, "annex2").item()
            assert found == pytest.approx(expected, abs=1e-4)


def test_true_peak_looks_everywhere_in_long_audio_and_past_its_ends() -> None:
    burst = torch.ones(3)
    alone = torch.zeros(1, 300)
    alone[0, 100:103] = burst
    expected = true_peak_dbtp(alone, 44100).item()
    assert expected > 0.5
    for place in (0, 16380, 16384, 16387, 33000, 39997):
        audio = torch.zeros(1, 40000)
        audio[0, place : place + 3] = burst
        assert true_peak_dbtp(audio, 44100).item() == pytest.approx(expected, abs=1e-5), place


def test_true_peak_is_taken_of_all_channels_and_each_item_of_a_batch() -> None:
    audio = torch.zeros(2, 2, 500)
    audio[0, 0, 100], audio[0, 1, 200] = 0.25, -0.5
    audio[1, 1, 300] = 2.0
    found = true_peak_dbtp(audio, 44100).tolist()
    assert found == pytest.approx([20 * math.log10(0.5), 20 * math.log10(2)], abs=1e-5)


def test_silence_is_at_120_below_full_scale() -> None:
    assert 20 * math.log10(SILENCE) == pytest.approx(-120)


def test_one_bad_sample_spoils_its_own_item_alone() -> None:
    batch = torch.stack([swell(1.0, 6), swell(1.0, 6)])
    batch[1, 0, 7] = math.nan
    found = loudness_profile(batch, RATE)
    assert found.integrated[0].item() == loudness_profile(batch[0], RATE).integrated.item()
    assert math.isnan(found.integrated[1].item())


def test_weights_made_without_gradients_serve_training_afterwards() -> None:
    with torch.inference_mode():
        k_weighted(torch.ones(1, 777), 12345)
    audio = torch.ones(1, 777, requires_grad=True)
    k_weighted(audio, 12345).sum().backward()  # type: ignore[no-untyped-call]
    assert audio.grad is not None
