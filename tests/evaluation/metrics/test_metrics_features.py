"""Features of papers: their authors' code gave the numbers, on a signal that is made here again.

The code of FxNorm-Automix (in complex128), Diff-MST (in float64) and DiffVox (its one-pole filter
as a plain loop), with librosa 0.11.0, scikit-learn 1.9.1 and torchmetrics 1.9.0.
"""

import math
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from earmark.evaluation.metrics import METRICS, Analysis, measure, select
from earmark.models.audio.loudness import true_peak_dbtp, true_peaks_of_blocks

RATE = 44100

AUTHORS = {
    ("fx_centroid_mape", ""): 0.04168767768346869,
    ("fx_bandwidth_mape", ""): 0.002636166183269072,
    ("fx_contrast_mape", "low"): 0.015626210250890983,
    ("fx_contrast_mape", "mid"): 0.19047881583399948,
    ("fx_contrast_mape", "high"): 0.03170618478533903,
    ("fx_contrast_mape", "mean"): 0.07927040362340983,
    ("fx_rolloff_mape", ""): 0.012589445585255567,
    ("fx_flatness_mape", ""): 0.057099426195219724,
    ("fx_panning_mape", "total"): 0.06276601751622808,
    ("fx_panning_mape", "low"): 0.15422403682955413,
    ("fx_panning_mape", "mid"): 0.11358923203411674,
    ("fx_panning_mape", "high"): 0.05499786774400406,
    ("fx_panning_mape", "mean"): 0.09639428853097576,
    ("fx_rms_mape", ""): 0.12336536031631797,
    ("fx_spread_mape", ""): 0.05751908508723455,
    ("fx_crest_mape", ""): 0.07113297065674885,
    ("fx_peak_mape", ""): 0.30809529071040936,
    ("bark_mid", ""): 0.010082919535549956,
    ("bark_side", ""): 0.2458526752436232,
    ("stereo_imbalance", ""): -0.05113373916378247,
    ("mldr_lr", ""): 0.09248459597649007,
    ("mldr_ms", ""): 0.1103009895547003,
    ("sdr_512_db", ""): 23.460108192787928,
}
# pyloudnorm's default filters, which the authors use, are -0.047 dB off at 44.1 kHz.
AUTHORS_LUFS = 0.06985239352324654


@lru_cache(maxsize=1)
def signals() -> tuple[Tensor, Tensor]:
    """A render and its reference, ``(1, 2, samples)``: tones and noise that swell, and a bend."""
    draw = np.random.default_rng(11)
    count = round(2.5 * RATE)
    time = np.arange(count) / RATE
    noise = draw.standard_normal((2, count))
    swell = 0.6 + 0.4 * np.sin(2 * np.pi * 1.3 * time)
    left = np.sin(2 * np.pi * 220 * time) + 0.5 * np.sin(2 * np.pi * 1760.5 * time)
    right = np.sin(2 * np.pi * 220 * time + 0.4) + 0.2 * np.sin(2 * np.pi * 5003 * time)
    target = swell * (0.2 * np.stack([left, right]) + 0.02 * noise)
    bent = np.tanh(2.0 * (target + 0.2 * target[::-1])) * 0.4
    render = bent + 0.001 * draw.standard_normal((2, count))
    made = [torch.from_numpy(one.astype(np.float32))[None] for one in (render, target)]
    return made[0], made[1]


def chosen(name: str, band: str = "") -> Any:
    return select([{"name": name, "band": band} if band else name])[0]


@pytest.mark.parametrize(("name", "band"), AUTHORS)
def test_the_authors_code_has_the_same_values(name: str, band: str) -> None:
    render, target = signals()
    one = chosen(name, band)
    found = one(render, RATE, target if one.needs == "reference" else None).item()
    assert found == pytest.approx(AUTHORS[name, band], rel=1e-6)


def test_the_loudness_error_differs_by_the_filters_of_the_library() -> None:
    render, target = signals()
    assert METRICS["fx_lufs_mape"](render, RATE, target).item() == pytest.approx(
        AUTHORS_LUFS, abs=5e-4
    )


def sine(level: float, seconds: float, hertz: float = 997.0) -> Tensor:
    time = torch.arange(round(seconds * RATE), dtype=torch.float64) / RATE
    return level * torch.sin(2 * math.pi * hertz * time)


def value(name: str, audio: Tensor, reference: Tensor | None = None, band: str = "") -> float:
    other = None if reference is None else reference[None]
    found: float = chosen(name, band)(audio[None], RATE, other).item()
    return found


def test_a_sine_has_a_psr_and_a_dr_of_nothing() -> None:
    stereo = torch.stack([sine(0.3, 7.0)] * 2)
    assert value("psr_median", stereo) == pytest.approx(0.0, abs=0.02)
    assert value("psr_p5", stereo[:1]) == pytest.approx(3.01, abs=0.02)
    assert value("dr_db", stereo) == pytest.approx(0.0, abs=0.01)


def test_dr_takes_the_second_peak_and_the_loudest_fifth() -> None:
    levels = [0.5, 0.4, *[0.1] * 8]
    audio = torch.cat([sine(level, 3.0) for level in levels])[None]
    # Two of ten blocks are the loudest fifth; the second highest peak is 0.4.
    rms = math.sqrt((0.5**2 + 0.4**2) / 2)
    assert value("dr_db", audio) == pytest.approx(20 * math.log10(0.4 / rms), abs=0.01)


def test_psr_follows_the_peaks_of_its_own_three_seconds() -> None:
    audio = torch.stack([sine(0.1, 12.0)] * 2)
    audio[:, 8 * RATE] = 0.8
    assert value("psr_median", audio) == pytest.approx(0.0, abs=0.1)
    assert value("psr_p5", audio) == pytest.approx(0.0, abs=0.1)
    audio[:, 2 * RATE :: 2 * RATE] = 0.8
    assert value("psr_median", audio) == pytest.approx(20 * math.log10(8), abs=0.3)


@pytest.mark.parametrize("rate", [44100, 48000, 96000, 192000])
def test_the_true_peaks_of_blocks_hold_the_true_peak(rate: int) -> None:
    noise = torch.randn(2, rate, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    peaks = true_peaks_of_blocks(noise, rate)
    assert peaks.shape == (2, 10)
    whole = true_peak_dbtp(noise, rate)
    assert 20 * math.log10(peaks.max()) == pytest.approx(float(whole), abs=1e-6)


def test_third_octaves_see_gain_in_every_band_and_one_tone_in_one() -> None:
    noise = torch.randn(2, 3 * RATE, generator=torch.Generator().manual_seed(0)) * 0.01
    assert value("third_octave_error_db", 2 * noise, noise) == pytest.approx(6.02, abs=0.01)
    loud = noise + 0.5 * sine(1.0, 3.0, 1000.0).float()
    one = value("third_octave_error_db", loud, noise)
    density = 0.01**2 / (RATE / 2) * 1000 * (10**0.05 - 10**-0.05)
    assert one * 30 == pytest.approx(10 * math.log10(0.125 / density), rel=0.06)


def test_the_width_of_a_band_is_that_of_its_tones() -> None:
    low, mid, high = (sine(0.1, 3.0, hertz) for hertz in (100.0, 1000.0, 6000.0))
    sides = {"low": 0.25, "mid": 1.0, "high": 3.0}
    side = sum(sides[name] * one for name, one in zip(sides, (low, mid, high), strict=True))
    middle = low + mid + high
    audio = torch.stack([middle + side, middle - side])
    for band, ratio in sides.items():
        assert value("band_width_db", audio, band=band) == pytest.approx(
            20 * math.log10(ratio), abs=0.05
        )


def test_a_filter_costs_no_sdr_and_a_bend_does() -> None:
    render, target = signals()
    filtered = torch.nn.functional.conv1d(
        target.double().transpose(0, 1), torch.tensor([[[0.3, -0.2, 0.9]]]).double(), padding=2
    )[..., : target.shape[-1]].transpose(0, 1)
    metric = METRICS["sdr_512_db"]
    assert metric(filtered, RATE, target.double()).item() > 55
    assert metric(render, RATE, target).item() < 30


@pytest.mark.parametrize("name", [one.name for one in select("features")])
def test_the_same_signal_is_no_further_away_and_corners_have_a_reason(name: str) -> None:
    render, target = signals()
    one = METRICS[name]
    compares = one.needs == "reference"

    def said(audio: Tensor, other: Tensor) -> tuple[float | None, str]:
        reference = Analysis(other, RATE) if compares else None
        found = measure(Analysis(audio, RATE), [one], reference)[0]
        return found.value, found.reason

    if compares:
        same = said(target[0], target[0])
        assert same == ((None, "infinite") if name == "sdr_512_db" else (0, ""))
        silent = said(render[0], torch.zeros_like(target[0]))
        assert silent == (None, "silent_reference")
        assert said(render[0], target[0, :1]) == (None, "channel_mismatch")
    assert said(torch.zeros(2, 500), target[0, :, :500]) == (None, "silent")
    assert said(torch.full((2, 500), math.nan), target[0, :, :500]) == (None, "non_finite")
    for audio in (torch.full((1, 1), 0.5), render[0, :, :301], render[0, :1], render[0, :, :-77]):
        value, reason = said(audio, audio * 0.5)
        assert (value is None) == bool(reason)
        assert reason in ("", "too_short", "mono", "silent", "infinite"), reason


@pytest.mark.parametrize("name", [one.name for one in select("features")])
def test_a_batch_has_the_values_of_its_items(name: str) -> None:
    render, target = signals()
    renders = torch.cat([render, target.flip(1), render * 0])
    targets = torch.cat([target, render, target])
    one = METRICS[name]
    other = targets if one.needs == "reference" else None
    found = one(renders, RATE, other)
    alone = [
        one(renders[at : at + 1], RATE, None if other is None else other[at : at + 1])
        for at in range(3)
    ]
    torch.testing.assert_close(found, torch.cat(alone), equal_nan=True)
