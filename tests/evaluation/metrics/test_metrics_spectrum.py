"""Spectral distances: auraloss, librosa and scipy as oracles, then the traps and the laws."""

import math
from typing import Any

import librosa
import numpy as np
import pytest
import torch
from auraloss.freq import MultiResolutionSTFTLoss, SumAndDifferenceSTFTLoss
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.fft import dct
from torch import Tensor

from earmark.evaluation.metrics import METRICS, Analysis, measure, select
from earmark.evaluation.metrics.spectrum import PRESETS
from earmark.evaluation.metrics.stft import Resolution, spectra

RATE = 44100


def noise(seed: int = 0, samples: int = 20000) -> Tensor:
    return 0.1 * torch.randn(2, samples, generator=torch.Generator().manual_seed(seed))


def value(name: str, audio: Tensor, target: Tensor, rate: int = RATE) -> float:
    return METRICS[name](audio[None], rate, target[None]).item()


def auraloss_arguments(preset: str) -> dict[str, Any]:
    resolutions = PRESETS[preset]
    return {
        "fft_sizes": [one.fft for one in resolutions],
        "hop_sizes": [one.hop for one in resolutions],
        "win_lengths": [one.window for one in resolutions],
    }


def in_double(loss: MultiResolutionSTFTLoss) -> MultiResolutionSTFTLoss:
    """auraloss with windows in float64, which it makes in float32."""
    for one in loss.stft_losses:
        one.window = torch.hann_window(one.win_length, dtype=torch.float64)
    return loss


@pytest.mark.parametrize(
    ("name", "preset"), [("mrstft_auraloss", "auraloss"), ("mrstft_music", "music")]
)
@pytest.mark.parametrize("channels", [1, 2])
def test_mrstft_equals_auraloss_in_float64(name: str, preset: str, channels: int) -> None:
    target, audio = (noise(seed).double()[:channels] for seed in (0, 1))
    audio = 0.8 * target + 0.1 * audio
    loss = in_double(MultiResolutionSTFTLoss(**auraloss_arguments(preset)))
    expected = loss(audio[None], target[None]).item()
    assert value(name, audio, target) == pytest.approx(expected, abs=1e-6)
    single = value(name, audio.float(), target.float())
    assert single == pytest.approx(expected, abs=2e-6)


def test_the_preset_auraloss_is_the_library_s_default() -> None:
    target, audio = noise(0), noise(1)
    expected = MultiResolutionSTFTLoss()(audio[None], target[None]).item()
    assert value("mrstft_auraloss", audio, target) == pytest.approx(expected, abs=2e-6)


@pytest.mark.parametrize("preset", ["auraloss", "music"])
def test_the_stereo_distance_is_twice_that_of_auraloss_which_halves_the_sum(preset: str) -> None:
    target = noise(0).double()
    audio = 0.8 * target + 0.1 * noise(1).double()
    loss = SumAndDifferenceSTFTLoss(**auraloss_arguments(preset), output="full")
    in_double(loss.mrstft)
    half, total, difference = (one.item() for one in loss(audio[None], target[None]))
    (metric,) = select([{"name": "mrstft_sum_diff", "preset": preset}])
    found = metric(audio[None], RATE, target[None]).item()
    assert found == pytest.approx(2 * half, abs=1e-6)
    assert found == pytest.approx(total + difference, abs=1e-6)


def test_the_stereo_distance_hears_narrowing_that_left_and_right_hardly_do() -> None:
    wide = noise(0)
    mid, side = (wide[:1] + wide[1:]) / 2, (wide[:1] - wide[1:]) / 2
    narrow = torch.cat([mid + 0.1 * side, mid - 0.1 * side])
    assert value("mrstft_sum_diff", narrow, wide) > 3 * value("mrstft_auraloss", narrow, wide)


def test_a_nearly_mono_reference_keeps_its_side_in_float32() -> None:
    mid, side = noise(0)[:1], 1e-4 * noise(1)[:1]
    target = torch.cat([mid + side, mid - side])
    audio = torch.cat([mid + 2 * side, mid - 2 * side])
    exact = value("mrstft_sum_diff", audio.double(), target.double())
    assert value("mrstft_sum_diff", audio, target) == pytest.approx(exact, rel=1e-4)


@pytest.mark.parametrize("resolution", [*PRESETS["auraloss"], Resolution(8192, 2048, 8192)])
def test_spectra_in_pieces_are_those_of_torch(resolution: Resolution) -> None:
    audio = noise(0, 90000).double()
    window = torch.hann_window(resolution.window, dtype=torch.float64)
    expected = torch.stft(
        audio, resolution.fft, resolution.hop, resolution.window, window, return_complex=True
    )
    pieces = list(spectra(audio[None], resolution))
    assert len(pieces) > 1
    found = torch.cat(pieces, dim=2)[0].transpose(1, 2)
    assert found.shape[-1] == resolution.frames(90000)
    torch.testing.assert_close(found.abs(), expected.abs(), rtol=1e-9, atol=1e-9)


@given(gain=st.floats(0.1, 10.0))
@settings(deadline=None, max_examples=4)
def test_gain_costs_what_the_formula_says(gain: float) -> None:
    target = noise(0)
    expected = abs(gain - 1) + abs(math.log(gain))
    for name in ("mrstft_auraloss", "mrstft_music"):
        assert value(name, target * gain, target) == pytest.approx(expected, rel=1e-3)
    decibels = abs(20 * math.log10(gain))
    assert value("logmel_db", target * gain, target) == pytest.approx(decibels, rel=1e-3)
    assert value("mcd_k25", target * gain, target) == pytest.approx(0.0, abs=0.01)


def test_the_traps_of_mrstft_are_as_described() -> None:
    target = noise(0)
    assert value("mrstft_auraloss", -target, target) == pytest.approx(0.0, abs=1e-6)
    late = torch.roll(target, 1, dims=-1)
    assert value("mrstft_auraloss", late, target) > 0.01


@pytest.mark.parametrize(
    ("name", "samples"),
    [
        ("mrstft_auraloss", 1024),
        ("mrstft_music", 4096),
        ("mrstft_sum_diff", 1024),
        ("logmel_db", 1024),
        ("mcd_k25", 1024),
    ],
)
def test_audio_shorter_than_half_a_transform_is_too_short(name: str, samples: int) -> None:
    longer = measure(
        Analysis(noise(0, samples + 1), RATE), select(name), Analysis(noise(1, samples + 1), RATE)
    )[0]
    assert longer.value is not None
    shorter = measure(
        Analysis(noise(0, samples), RATE), select(name), Analysis(noise(1, samples), RATE)
    )[0]
    assert (shorter.value, shorter.reason) == (None, "too_short")


def test_the_stereo_distance_to_a_mono_reference_is_undefined() -> None:
    target = noise(0)[:1].expand(2, -1)
    for one in (target, target * torch.tensor([[1.0], [-1.0]])):
        found = measure(Analysis(noise(1), RATE), select("mrstft_sum_diff"), Analysis(one, RATE))[0]
        assert (found.value, found.reason) == (None, "mono_reference")


def mel_powers(audio: Tensor, rate: int = RATE, n_fft: int = 2048) -> Any:
    """Mel powers by librosa: ``(channels, n_mels, frames)``."""
    spectrum = librosa.stft(
        audio.double().numpy(), n_fft=n_fft, hop_length=n_fft // 4, pad_mode="reflect"
    )
    bank = librosa.filters.mel(sr=rate, n_fft=n_fft, n_mels=128, dtype=np.float64)
    return bank @ (np.abs(spectrum) / (n_fft / 4)) ** 2


@pytest.mark.slow
@pytest.mark.parametrize(("rate", "n_fft"), [(44100, 2048), (48000, 2048), (96000, 4096)])
def test_the_log_mel_distance_equals_librosa(rate: int, n_fft: int) -> None:
    target = noise(0)
    audio = 0.5 * target + 0.1 * noise(1).cumsum(dim=-1) / 20
    one, other = (10 * np.log10(mel_powers(each, rate, n_fft) + 1e-12) for each in (audio, target))
    expected = np.abs(one - other).mean()
    assert value("logmel_db", audio, target, rate) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("coefficients", [25, 13])
def test_the_mel_cepstral_distance_equals_librosa_and_scipy(coefficients: int) -> None:
    target = noise(0)
    audio = 0.5 * target + 0.1 * noise(1).cumsum(dim=-1) / 20
    one, other = (
        dct(np.log(mel_powers(each) + 1e-12), axis=1, norm="ortho")[:, 1 : coefficients + 1]
        for each in (audio, target)
    )
    expected = 6.14185 * np.sqrt(((one - other) ** 2).sum(axis=1)).mean()
    (metric,) = select([{"name": "mcd_k25", "coefficients": coefficients}])
    found = metric(audio[None], RATE, target[None]).item()
    assert found == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 32000, 88200, 96000, 176400, 192000])
def test_every_sample_rate_has_its_mel_bands(rate: int) -> None:
    assert value("logmel_db", 0.5 * noise(0), noise(0), rate) == pytest.approx(6.02, abs=0.01)


def test_a_reference_s_spectra_serve_every_system() -> None:
    reference = Analysis(noise(0), RATE)
    audio = noise(1)
    first = measure(Analysis(audio, RATE), select("default"), reference)
    again = measure(Analysis(audio, RATE), select("default"), reference)
    assert [one.value for one in first] == [one.value for one in again]
    fresh = measure(Analysis(audio, RATE), select("default"), Analysis(noise(0), RATE))
    assert [one.value for one in first] == [one.value for one in fresh]


def test_the_order_of_the_metrics_does_not_matter() -> None:
    names = ["mrstft_auraloss", "mrstft_sum_diff", "mrstft_music", "logmel_db", "mcd_k25"]
    found = [
        measure(Analysis(noise(1), RATE), select(order), Analysis(noise(0), RATE))
        for order in (names, names[::-1])
    ]
    one, other = ({(m.metric, m.variant): m.value for m in each} for each in found)
    assert one == other


def test_an_unknown_preset_is_refused() -> None:
    (metric,) = select([{"name": "mrstft_sum_diff", "preset": "speech"}])
    with pytest.raises(ValueError, match="choose from auraloss, music"):
        metric(noise(0)[None], RATE, noise(1)[None])
