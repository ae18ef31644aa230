"""Lag, gain, polarity and bandwidth as scores: what alignment takes away is not hidden."""

import math
from pathlib import Path

import pytest
import soundfile
import torch
from click.testing import CliRunner
from torch import Tensor

import earmark as em
from earmark.cli import earmark
from earmark.evaluation.metrics import METRICS, Analysis, Measurement, measure, select
from earmark.models.audio.alignment import shift
from earmark.models.audio.files import resample

RATE = 48000
OFFSETS = ("delay_samples", "gain_db", "polarity", "correlation")


def music(seed: int = 0, samples: int = 2 * RATE) -> Tensor:
    """Stereo noise over the whole band, ``(2, samples)``."""
    made = torch.Generator().manual_seed(seed)
    return 0.1 * torch.randn(2, samples, generator=made)


def found(audio: Tensor, target: Tensor, names: tuple[str, ...]) -> dict[str, Measurement]:
    metrics = select(list(names))
    done = measure(Analysis(audio, RATE), metrics, Analysis(target, RATE))
    return {one.metric if one.variant == "raw" else f"{one.metric} aligned": one for one in done}


@pytest.mark.parametrize("lag", [0.0, 7.0, -33.0, 2.4, 4000.0])
@pytest.mark.parametrize("sign", [1, -1])
def test_what_was_done_to_a_render_is_measured(lag: float, sign: int) -> None:
    target = music()
    audio = sign * 0.5 * shift(target, -lag)
    done = found(audio, target, OFFSETS)
    values = {name: one.value for name, one in done.items()}
    assert values["delay_samples"] == pytest.approx(lag, abs=0.05)
    assert values["gain_db"] == pytest.approx(20 * math.log10(2), abs=0.6)
    assert values["polarity"] == sign
    assert values["correlation"] == pytest.approx(1, abs=0.03)


def test_beyond_the_limit_nothing_aligned_is_claimed() -> None:
    target = music(samples=3 * RATE)
    at_limit = round(0.1 * RATE)
    for lag, reason in ((at_limit - 40, ""), (at_limit, "beyond_alignment")):
        done = found(shift(target, -float(lag)), target, ("snr_db", "delay_samples"))
        assert done["snr_db aligned"].reason == reason
        assert done["snr_db"].reason == "", "as it is, it can be compared"
        assert done["delay_samples"].value == pytest.approx(lag, abs=0.1)


def test_strangers_have_no_lag_and_no_polarity() -> None:
    done = found(music(1), music(2), OFFSETS)
    assert {one.reason for one in done.values()} == {"unrelated", ""}
    assert (done["delay_samples"].reason, done["polarity"].reason) == ("unrelated", "unrelated")
    assert done["correlation"].value is not None
    assert done["correlation"].value < 0.1
    assert done["gain_db"].value is not None


def test_a_batch_has_the_offsets_of_its_items() -> None:
    target = music()
    audio = torch.stack([shift(target, -5.0), -target])
    both = torch.stack([target, target])
    for name, wanted in (("delay_samples", [5.0, 0.0]), ("polarity", [1.0, -1.0])):
        values = METRICS[name](audio, RATE, both)
        assert values.tolist() == pytest.approx(wanted, abs=0.05)


@pytest.mark.parametrize("edge", [4000, 11025, 16000])
@pytest.mark.parametrize("bits", [16, 24])
def test_the_bandwidth_of_what_was_made_at_a_lower_rate_is_half_of_it(
    tmp_path: Path, edge: int, bits: int
) -> None:
    made = torch.Generator().manual_seed(3)
    low = resample(0.1 * torch.randn(2, 4 * RATE, generator=made), RATE, 2 * edge)
    audio = resample(low, 2 * edge, RATE)
    if bits == 16:
        dither = torch.rand(audio.shape, generator=made) - torch.rand(audio.shape, generator=made)
        audio = ((audio * 2**15 + dither).round() / 2**15).float()
    target = music(samples=audio.shape[-1])
    done = found(audio, target, ("bandwidth_hz", "bandwidth_error_hz"))
    assert done["bandwidth_hz"].value == pytest.approx(edge, rel=0.04)
    assert done["bandwidth_error_hz"].value == pytest.approx(edge - RATE / 2, rel=0.1)


def sub_and_hats(level: float, hats: float = -20.0) -> Tensor:
    """A bass line far louder, bin by bin, than soft noise above 7 kHz: a clean top, no cliff."""
    time = torch.arange(4 * RATE, dtype=torch.float64) / RATE
    sub = 10 ** (level / 20) * 0.3 * torch.sin(2 * math.pi * 50 * time) * torch.sin(time) ** 2
    made = torch.Generator().manual_seed(1)
    spectrum = torch.fft.rfft(torch.randn(4 * RATE, generator=made, dtype=torch.float64))
    spectrum[: 7000 * 4] = 0
    top = torch.fft.irfft(spectrum, 4 * RATE)
    top *= 10 ** (hats / 20) * sub.std() / top.std()
    both: Tensor = (sub + top).expand(2, -1).float()
    return both


def test_loud_bass_does_not_make_the_top_a_cliff() -> None:
    for hats in (-17.0, -20.0, -30.0):
        done = found(
            sub_and_hats(4, hats), sub_and_hats(0, hats), ("bandwidth_hz", "bandwidth_error_hz")
        )
        assert done["bandwidth_hz"].value == pytest.approx(RATE / 2, rel=0.01)
        assert done["bandwidth_error_hz"].value == pytest.approx(0, abs=100)


@pytest.mark.parametrize("slope", [-6, -9, -12])
def test_a_softer_copy_reaches_as_far(slope: int) -> None:
    made = torch.Generator().manual_seed(2)
    spectrum = torch.fft.rfft(torch.randn(2, 4 * RATE, generator=made, dtype=torch.float64))
    octaves = torch.log2(torch.arange(spectrum.shape[1]).clamp_min(1) / (100 * 4))
    audio = torch.fft.irfft(spectrum * 10 ** (slope * octaves.clamp_min(0) / 20), 4 * RATE)
    target = (0.2 * audio / audio.std()).float()
    for gain in (-18.0, -40.0, 6.0):
        done = found(target * 10 ** (gain / 20), target, ("bandwidth_error_hz",))
        assert done["bandwidth_error_hz"].value == pytest.approx(0, abs=150)


def test_silence_and_what_is_too_short_have_no_bandwidth() -> None:
    for audio, reason in ((torch.zeros(2, RATE), "silent"), (music()[:, :1000], "too_short")):
        (one,) = measure(Analysis(audio, RATE), select("bandwidth_hz"))
        assert (one.value, one.reason) == (None, reason)
    (tone,) = measure(
        Analysis(torch.sin(torch.arange(RATE).double() * 2 * math.pi * 1000 / RATE)[None], RATE),
        select("bandwidth_hz"),
    )
    assert tone.value == pytest.approx(1000, abs=200)


@pytest.mark.slow
def test_a_file_of_a_lower_rate_is_not_perfect(tmp_path: Path) -> None:
    target = music(samples=3 * RATE)
    low = resample(target, RATE, 8000)
    soundfile.write(tmp_path / "reference.wav", target.T.numpy(), RATE, subtype="FLOAT")
    soundfile.write(tmp_path / "low.wav", low.T.numpy(), 8000, subtype="FLOAT")
    frame = em.measure(tmp_path / "low.wav", reference=tmp_path / "reference.wav")
    raw = frame[frame["variant"] == "raw"].set_index("metric")["value"]
    assert raw["snr_db"] < 3, "five sixths of the noise lie above 4 kHz"
    assert raw["mrstft_music"] > 1
    assert raw["bandwidth_hz"] == pytest.approx(4000, rel=0.04)
    args = ["measure", str(tmp_path / "low.wav"), "--reference", str(tmp_path / "reference.wav")]
    done = CliRunner().invoke(earmark, args)
    assert done.exit_code == 0
    assert "low.wav: resampled from 8000 to 48000 Hz to compare" in done.output
    assert "less than its reference at the same level" in done.output
    # The other way round the reference is what lacks the top, and is brought up.
    args = ["measure", str(tmp_path / "reference.wav"), "--reference", str(tmp_path / "low.wav")]
    done = CliRunner().invoke(earmark, args)
    assert "low.wav: resampled from 8000 to 48000 Hz to compare" in done.output
    assert "less than its reference" not in done.output
