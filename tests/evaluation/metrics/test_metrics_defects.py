"""Defects: each is counted where it was put in, and not where music only looks like it."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from earmark.evaluation.metrics import METRICS, Analysis, measure, select
from earmark.evaluation.metrics.defects.impulses import _on_a_grid

RATE = 44100
COUNTS = ("clipped_runs", "clicks", "dropouts", "segment_clicks")


def pad(seconds: float = 3.0, rate: int = RATE) -> Tensor:
    """A chord with some noise in it, ``(2, samples)``: easy to predict, as a held sound is."""
    time = torch.arange(round(seconds * rate), dtype=torch.float64) / rate
    chord = sum(torch.sin(2 * math.pi * hertz * time) for hertz in (110.3, 220.7, 331.9, 415.3))
    noise = torch.randn(2, len(time), generator=torch.Generator().manual_seed(7))
    return (0.08 * torch.as_tensor(chord) + 0.003 * noise).float()


def value(name: str, audio: Tensor, reference: Tensor | None = None, rate: int = RATE) -> float:
    other = None if reference is None else reference[None]
    return METRICS[name](audio[None], rate, other).item()


def reason(name: str, audio: Tensor, reference: Tensor | None = None) -> str:
    other = None if reference is None else Analysis(reference, RATE)
    return measure(Analysis(audio, RATE), select(name), other)[0].reason


def with_clicks(audio: Tensor, places: list[int], level: float = 0.3) -> Tensor:
    made = audio.clone()
    made[:, places] += level
    return made


CLICKS = [30000, 51000, 77000, 121000]


def test_a_held_chord_has_no_defect() -> None:
    assert [value(name, pad()) for name in COUNTS] == [0, 0, 0, 0]


@pytest.mark.parametrize("rate", [16000, 96000])
def test_clicks_are_counted_once_for_all_channels(rate: int) -> None:
    audio = with_clicks(pad(rate=rate), [one * rate // RATE for one in CLICKS])
    assert value("clicks", audio, rate=rate) == 4
    audio[1] = pad(rate=rate)[1]
    assert value("clicks", audio, rate=rate) == 4


def test_clicks_do_not_depend_on_gain_or_polarity() -> None:
    audio = with_clicks(pad(), CLICKS)
    assert value("clicks", -audio) == value("clicks", 4 * audio) == 4


def test_a_click_that_the_reference_has_too_is_not_new() -> None:
    reference, audio = with_clicks(pad(), CLICKS[:3]), with_clicks(pad(), CLICKS)
    assert value("new_clicks", audio, reference) == 1
    late = torch.nn.functional.pad(audio, (400, 0))[:, : audio.shape[1]]
    assert value("clicks", late, reference) == 4
    assert value("new_clicks", late, reference) == 1
    assert value("new_clicks", reference, audio) == 0


def test_clicks_on_a_grid_are_told_from_clicks_at_random() -> None:
    samples = pad(6.0).shape[1]
    grid = list(range(16384, samples - 16384, 16384))
    assert value("segment_clicks", with_clicks(pad(6.0), grid, 0.05)) == len(grid)
    places = np.random.default_rng(3).integers(3000, samples - 3000, 30).tolist()
    audio = with_clicks(pad(6.0), places, 0.05)
    assert value("clicks", audio) > 15
    assert value("segment_clicks", audio) == 0


def test_chance_puts_no_grid_among_many_clicks() -> None:
    silence = Analysis(torch.zeros(1, 12 * RATE), RATE)
    draw = np.random.default_rng(5)
    for _ in range(40):
        places = tuple(sorted(set(draw.integers(0, 12 * RATE, 120).tolist())))
        assert _on_a_grid(places, silence) == ()


def test_where_sound_begins_or_ends_at_once_is_no_click() -> None:
    begins, ends = pad(), pad()
    begins[:, :60000] = 0
    ends[:, 60000:] = 0
    assert value("clicks", begins) == value("clicks", ends) == 0


def test_a_grid_with_gaps_is_a_grid_and_one_of_the_reference_is_none() -> None:
    samples = pad(6.0).shape[1]
    grid = list(range(8192, samples - 8192, 8192))
    some = [one for number, one in enumerate(grid) if number % 3 != 1]
    audio = with_clicks(pad(6.0), some, 0.05)
    found = value("segment_clicks", audio)
    assert len(some) - 1 <= found <= len(some)
    assert value("new_segment_clicks", audio, audio) == 0
    assert value("new_segment_clicks", audio, pad(6.0)) == found


@pytest.mark.parametrize("milliseconds", [2, 20, 200])
@pytest.mark.parametrize("channels", [1, 2])
def test_gaps_are_counted(milliseconds: int, channels: int) -> None:
    audio, long = pad(), milliseconds * RATE // 1000
    loud = (audio.abs() > 0.1).all(dim=0)
    cut = (loud[: -long - 1] & loud[long + 1 :]).nonzero().flatten()
    for place in (30000, 77000, 110000):
        start = int(cut[cut >= place][0]) + 1
        audio[:channels, start : start + long] = 0
    assert value("dropouts", audio) == 3
    assert value("new_dropouts", audio, audio) == 0
    assert value("new_dropouts", audio, pad()) == 3


def test_rests_are_no_dropouts() -> None:
    audio = pad()
    audio[:, 60000:70000] = 0
    fade = torch.linspace(1, 0, 200)
    audio[:, 59800:60000] *= fade
    assert value("dropouts", audio) == 0
    after = pad()
    after[:, 60000:70000] = 0
    after[:, 70000:] *= 3.0  # another note
    assert value("dropouts", after) == 0
    gated = pad()
    gated[:, 60000:70000] = 0
    gated[:, 70000:70060] *= torch.linspace(0, 1, 60)
    assert value("dropouts", gated) == 0
    long = pad()
    long[:, 60000:90000] = 0
    assert value("dropouts", long) == 0


@pytest.mark.parametrize("gain", [1.0, 0.1, 2.5])
def test_flat_tops_are_counted_at_any_level(gain: float) -> None:
    time = torch.arange(RATE, dtype=torch.float64) / RATE
    wave = torch.sin(2 * math.pi * 101.7 * time).clamp(-0.8, 0.8).float() * gain
    tops = value("clipped_runs", torch.stack([wave, 0.3 * torch.sin(7000 * time).float()]))
    assert tops == pytest.approx(2 * 101.7, abs=2)


def test_flat_tops_are_seen_through_dither() -> None:
    draw = torch.Generator().manual_seed(0)
    time = torch.arange(RATE, dtype=torch.float64) / RATE
    wave = 0.5 * torch.sin(2 * math.pi * 101.7 * time).clamp(-0.8, 0.8)
    noise = torch.rand(2, RATE, generator=draw, dtype=torch.float64) - 0.5
    rounded = ((wave * 32768 + noise.sum(0)).round() / 32768).float()
    assert value("clipped_runs", rounded[None]) == pytest.approx(2 * 101.7, abs=4)


def test_tops_that_are_flat_by_rounding_or_by_design_are_not_clipped() -> None:
    time = torch.arange(2 * RATE, dtype=torch.float64) / RATE
    bass = (0.1 * torch.sin(2 * math.pi * 40 * time) * 32768).round() / 32768
    square = 0.5 * torch.sin(2 * math.pi * 110.3 * time).sign()
    for wave in (bass, bass * 3.7, square, torch.full_like(time, 0.5)):
        assert value("clipped_runs", wave.float()[None]) == 0


@pytest.mark.slow
def test_loud_music_out_of_a_limiter_is_not_clipped() -> None:
    from earmark.models.demo_songs.songs import demo_song

    song = demo_song(0, 0, 6.0)
    rail = float(song.reference.abs().max()) * 0.7
    assert value("clipped_runs", song.reference) == 0
    assert value("clipped_runs", song.reference.clamp(-rail, rail)) > 50
    assert value("new_clipped_runs", song.reference.clamp(-rail, rail), song.reference) > 50


@pytest.mark.parametrize("offset", [0.0, 0.01, -0.2])
def test_the_offset_is_that_of_the_worst_channel_whatever_the_bass(offset: float) -> None:
    time = torch.arange(RATE + 333, dtype=torch.float64) / RATE
    bass = 0.5 * torch.sin(2 * math.pi * 31.7 * time)
    audio = torch.stack([bass, bass + offset])
    assert value("dc_offset", audio) == pytest.approx(offset, abs=1e-5)


@pytest.mark.parametrize("level", [-90.0, -60.0, -20.0])
def test_the_noise_floor_of_noise_is_its_level(level: float) -> None:
    noise = torch.randn(2, 8 * RATE, generator=torch.Generator().manual_seed(1))
    audio = 10 ** (level / 20) * noise
    assert value("noise_floor_db", audio) == pytest.approx(level, abs=0.15)


def test_notes_do_not_raise_the_noise_floor_and_silence_does_not_lower_it() -> None:
    noise = 1e-3 * torch.randn(2, 16 * RATE, generator=torch.Generator().manual_seed(1))
    time = torch.arange(16 * RATE, dtype=torch.float64) / RATE
    notes = 0.2 * torch.sin(2 * math.pi * 440 * time) * (time % 1 < 0.4)
    audio = (noise + notes).float()
    assert value("noise_floor_db", audio) == pytest.approx(-60, abs=2.0)
    ended = torch.nn.functional.pad(audio, (0, 16 * RATE))
    assert value("noise_floor_db", ended) == pytest.approx(-60, abs=2.0)
    assert value("noise_floor_error_db", 2 * audio, audio) == pytest.approx(6.02, abs=0.01)


@pytest.mark.parametrize("name", [one.name for one in select("defects")])
def test_what_has_no_defect_to_show_has_zero_or_a_reason(name: str) -> None:
    compares = METRICS[name].needs == "reference"

    def said(audio: Tensor, reference: Tensor | None = None) -> tuple[float | None, str]:
        other = Analysis(audio if reference is None else reference, RATE) if compares else None
        one = measure(Analysis(audio, RATE), select(name), other)[0]
        return one.value, one.reason

    floor = name.startswith("noise_floor")
    assert said(torch.zeros(2, 500)) == ((None, "silent") if floor else (0, ""))
    assert said(torch.zeros(1, 1)) == ((None, "silent") if floor else (0, ""))
    one_sample = said(torch.full((1, 1), 0.5))
    assert one_sample == ((None, "too_short") if floor else (0.5 * (name == "dc_offset"), ""))
    assert said(torch.full((2, 500), math.nan)) == (None, "non_finite")
    mono = pad()[:1, :-77]
    assert said(mono)[1] == ""
    assert said(torch.cat([mono] * 3))[1] == ""
    if compares:
        assert said(mono, pad()[:, :-77]) == (None, "channel_mismatch")
        assert said(mono, mono[:, : RATE * 2]) == (None, "length_mismatch")


def test_a_batch_has_the_values_of_its_items() -> None:
    short = pad(1.2)
    items = [with_clicks(short, CLICKS[:1]), short, short.clamp(-0.15, 0.15)]
    batch = torch.stack(items)
    for one in select("defects"):
        reference = short[None].expand(3, -1, -1) if one.needs == "reference" else None
        found = one(batch, RATE, reference)
        alone = [
            one(item[None], RATE, None if reference is None else short[None]) for item in items
        ]
        torch.testing.assert_close(found, torch.cat(alone))
