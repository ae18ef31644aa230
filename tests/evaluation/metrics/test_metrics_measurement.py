"""Raw and aligned comparisons, and every reason why there is no value."""

import json
import math

import pytest
import torch
from torch import Tensor

from earmark.evaluation.metrics import (
    METRICS,
    REASONS,
    Analysis,
    Measurement,
    measure,
    measure_render,
    select,
)
from earmark.models.audio.alignment import shift

RATE = 44100
COMPARING = [name for name, one in METRICS.items() if one.needs == "reference"]
# They compare samples, not spectra.
SHORT_WILL_DO = (
    *("mae", "esr", "snr_db", "si_sdr_db", "a_weighted_error_db"),
    *(f"auraloss:{name}Loss" for name in ("DC", "ESR", "LogCosh", "SDSDR", "SISDR", "SNR")),
    *("fx_peak_mape", "mldr_lr", "mldr_ms"),
)
# What is counted in a render and not in its reference: silence and short files have none of it.
COUNTS = ("new_clipped_runs", "new_clicks", "new_segment_clicks", "new_dropouts")
OF_TWO_CHANNELS = (
    *("mrstft_sum_diff", "auraloss:SumAndDifferenceSTFTLoss"),
    *("fx_panning_mape", "bark_mid", "bark_side", "mldr_lr", "mldr_ms"),
)


def noise(seed: int = 0, seconds: float = 1.0) -> Tensor:
    """Stereo noise without the highest octave, so that it can be shifted by fractions."""
    samples = round(seconds * RATE)
    wave = torch.randn(2, samples, generator=torch.Generator().manual_seed(seed))
    spectrum = torch.fft.rfft(wave)
    spectrum[:, spectrum.shape[1] // 2 :] = 0
    low: Tensor = torch.fft.irfft(spectrum, samples)
    return 0.2 * low


def compare(name: str, audio: Tensor, target: Tensor) -> dict[str, Measurement]:
    found = measure(Analysis(audio, RATE), select(name), Analysis(target, RATE))
    return {one.variant: one for one in found}


@pytest.mark.parametrize("lag", [0.0, 3.0, -7.0, 0.37, -12.6, 2205.0])
@pytest.mark.parametrize("gain", [0.3, -1.7])
def test_aligned_distances_hear_neither_gain_nor_lag_nor_polarity(lag: float, gain: float) -> None:
    target = noise()
    audio = shift(target, -lag) * gain
    raw, aligned = (compare("esr", audio, target)[one].value for one in ("raw", "aligned"))
    assert raw is not None
    assert aligned is not None
    assert raw > 0.1
    assert aligned < 1e-4


def test_aligned_distances_still_hear_everything_else() -> None:
    target = noise()
    found = compare("esr", 0.5 * target + 0.2 * noise(1), target)["aligned"].value
    # The render's loudness is the reference's: a share of it is noise of 0.16 of its energy.
    assert found == pytest.approx(1 + 1 - 2 * 0.5 / math.sqrt(0.29), abs=0.02)


def test_strangers_are_not_aligned() -> None:
    found = compare("mae", 0.5 * noise(1), noise(0))
    assert (found["aligned"].value, found["aligned"].reason) == (None, "unrelated")
    assert found["raw"].value is not None


def test_the_aligned_loudness_is_not_compared() -> None:
    assert list(compare("lufs_error", noise(1), noise(0))) == ["raw"]


@pytest.mark.parametrize("name", [one for one in COMPARING if "aligned" in METRICS[one].variants])
def test_aligned_is_raw_where_there_is_nothing_to_align(name: str) -> None:
    target = noise()
    audio = target + 0.05 * noise(1)
    audio = audio * (
        10 ** (-compare("lufs_error", audio, target)["raw"].value / 20)  # type: ignore[operator]
    )
    found = compare(name, audio, target)
    if found["raw"].value is None:  # noise has no floor of its own
        assert found["aligned"].reason == found["raw"].reason
        return
    assert found["aligned"].value == pytest.approx(found["raw"].value, rel=2e-3)


@pytest.mark.parametrize("name", COMPARING)
@pytest.mark.parametrize(
    ("audio", "target", "reason"),
    [
        (noise(0), noise(1)[:, : RATE - 2206], "length_mismatch"),
        (noise(0), noise(1) * 0, "silent_reference"),
        (noise(0) * 0, noise(1), "silent"),
        (noise(0) * 0, noise(1) * 0, "silent"),
        (noise(0) * math.nan, noise(1), "non_finite"),
        (noise(0), noise(1) / 0, "non_finite_reference"),
        (noise(0)[:, :100], noise(1)[:, :100], "too_short"),
    ],
)
def test_what_cannot_be_compared_has_a_reason(
    name: str, audio: Tensor, target: Tensor, reason: str
) -> None:
    for variant, found in compare(name, audio, target).items():
        if reason == "too_short" and variant == "raw" and name in SHORT_WILL_DO:
            assert found.value is not None
        elif name in COUNTS and reason in ("silent_reference", "silent", "too_short"):
            assert found.value == 0
        else:
            assert (found.value, found.reason) == (None, reason), variant


@pytest.mark.parametrize("name", COMPARING)
def test_mono_is_not_compared_with_stereo(name: str) -> None:
    for one in compare(name, noise(0)[:1], noise(1)).values():
        assert one.reason == ("mono" if name in OF_TWO_CHANNELS else "channel_mismatch")


@pytest.mark.parametrize("name", COMPARING)
def test_without_a_reference_that_is_the_reason(name: str) -> None:
    found = measure(Analysis(noise(), RATE), select(name))
    assert {(one.value, one.reason) for one in found} == {(None, "no_reference")}


@pytest.mark.parametrize("missing", [1, 2205])
def test_lengths_that_differ_by_up_to_50_ms_are_cut_to_the_shorter(missing: int) -> None:
    target, audio = noise(0), noise(0) + 0.1 * noise(1)
    expected = compare("mae", audio[:, :-missing], target[:, :-missing])["raw"].value
    assert compare("mae", audio[:, :-missing], target)["raw"].value == expected
    assert compare("mae", audio, target[:, :-missing])["raw"].value == expected


def test_rates_that_differ_are_the_caller_s_mistake() -> None:
    with pytest.raises(ValueError, match="44100 Hz, its reference at 48000 Hz"):
        measure(Analysis(noise(), 44100), select("mae"), Analysis(noise(), 48000))


def test_a_batch_is_not_measured_as_one_item() -> None:
    with pytest.raises(ValueError, match="not a batch of 2"):
        measure(Analysis(torch.stack([noise(), noise()]), RATE), select("lra"))


def test_every_value_is_finite_or_none_with_a_documented_reason() -> None:
    whole = noise(0, 0.45)
    spoiled = [whole, whole * 0, whole[:, :9], whole * math.inf, whole[:1].expand(2, -1)]
    for audio in spoiled:
        for target in spoiled:
            if audio.shape != target.shape:
                continue
            found = measure(Analysis(audio, RATE), select("default"), Analysis(target, RATE))
            json.dumps([one.value for one in found], allow_nan=False)
            for one in found:
                assert (one.value is None) == (one.reason in REASONS), one
                assert one.value is not None or one.reason, one


def test_cost_comes_from_the_record_of_the_render() -> None:
    record = {"rtf": 0.5, "peak_memory_mb": None}
    found = measure_render(select("default"), record)
    assert [(one.metric, one.value, one.reason) for one in found] == [
        ("rtf", 0.5, ""),
        ("peak_memory_mb", None, "not_recorded"),
        ("parameters", None, "not_recorded"),
    ]
    assert measure(Analysis(noise(), RATE), select(["rtf", "parameters"])) == []


def test_a_reference_holds_no_more_spectra_than_there_is_room_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = select(["mrstft_auraloss", "mrstft_music"])
    expected = measure(Analysis(noise(1), RATE), names, Analysis(noise(0), RATE))
    monkeypatch.setattr("earmark.evaluation.metrics.analysis._KEEP_BYTES", 5_000_000)
    reference = Analysis(noise(0), RATE)
    for _ in range(2):
        found = measure(Analysis(noise(1), RATE), names, reference)
        assert [one.value for one in found] == [one.value for one in expected]
        assert 0 < reference.held_bytes <= 5_000_000
