"""Demo songs: what every song of every style must be, whatever was drawn."""

import functools
import itertools
import json
from typing import Any

import auraloss
import numpy as np
import pytest
import torch
from scipy import signal

from earmark.models.audio.loudness import (
    integrated_loudness,
    k_weighted,
    loudness_profile,
    true_peak_dbtp,
)
from earmark.models.demo_songs.mastering import balance_db, master
from earmark.models.demo_songs.songs import STYLES, DemoSong, demo_song, song_id
from earmark.models.errors import UserError

RATE = 22_050
NAMES = [style.name for style in STYLES]
EVERY = pytest.mark.parametrize("index", range(len(STYLES)), ids=NAMES)


@functools.cache
def song(index: int, seconds: float = 20.0, seed: int = 0) -> DemoSong:
    return demo_song(seed, index, seconds, RATE)


def section_lufs(made: DemoSong, name: str) -> float:
    """K-weighted level of the first section of that name, ungated."""
    found = next(part for part in made.settings["sections"] if part["name"] == name)
    start, end = found["start"], found["start"] + found["seconds"]
    heard = k_weighted(made.mix.double(), RATE)[:, round(start * RATE) : round(end * RATE)]
    return 10 * float(heard.square().mean().log10())


@pytest.mark.slow
def test_six_styles_take_turns() -> None:
    assert len({style.name for style in STYLES}) == len(STYLES) >= 6
    assert song_id(0) == "01-rock"
    assert song_id(len(STYLES)) == "07-rock"
    assert song(2).id == "03-hip-hop"


@EVERY
@pytest.mark.parametrize("seconds", [20.0, pytest.param(40.0, marks=pytest.mark.slow)])
def test_mix_and_master_are_as_loud_as_promised(index: int, seconds: float) -> None:
    made = song(index, seconds)
    assert -20.0 <= float(integrated_loudness(made.mix, RATE)) <= -16.0
    assert -14.0 <= float(integrated_loudness(made.reference, RATE)) <= -9.0
    assert float(true_peak_dbtp(made.reference, RATE)) <= -1.0
    assert float(made.mix.abs().max()) < 1.0


@pytest.mark.slow
@EVERY
def test_the_mix_is_the_sum_of_its_stems(index: int) -> None:
    made = song(index)
    total = torch.stack(list(made.stems.values())).double().sum(dim=0)
    assert float((made.mix.double() - total).abs().max()) <= 2**-24


@pytest.mark.slow
@EVERY
def test_a_song_has_five_to_ten_stems_that_are_heard(index: int) -> None:
    stems = song(index).stems
    assert 5 <= len(stems) <= 10
    assert all(float(integrated_loudness(stem, RATE)) > -45.0 for stem in stems.values())


@pytest.mark.slow
@EVERY
def test_all_audio_is_stereo_float32_of_the_asked_length(index: int) -> None:
    made = song(index)
    for audio in (made.mix, made.reference, *made.stems.values()):
        assert audio.shape == (2, round(20.0 * RATE))
        assert audio.dtype == torch.float32


@EVERY
def test_nothing_is_broken_at_dc_or_clicks_at_the_ends(index: int) -> None:
    made = song(index)
    for audio in (made.mix, made.reference, *made.stems.values()):
        assert bool(torch.isfinite(audio).all())
        assert float(audio.double().mean(dim=-1).abs().max()) < 1e-3
        assert float(audio[:, [0, -1]].abs().max()) < 1e-3


@EVERY
def test_the_master_is_aligned_with_the_mix_in_the_same_polarity(index: int) -> None:
    made = song(index)
    a, b = (x.double().sum(dim=0).numpy() for x in (made.mix, made.reference))
    product = signal.correlate(b, a, method="fft")
    assert int(np.abs(product).argmax()) == len(a) - 1
    assert product[len(a) - 1] / np.sqrt((a @ a) * (b @ b)) > 0.8


@EVERY
def test_the_form_rises_in_level_and_density(index: int) -> None:
    made = song(index)
    levels = [section_lufs(made, name) for name in ("intro", "verse", "chorus")]
    assert levels[0] + 1.5 < levels[1]
    assert levels[1] + 1.5 < levels[2]
    playing = {}
    for part in made.settings["sections"]:
        # The first sounds of a section may be the tail of the one before.
        start = round((part["start"] + 0.4 * part["seconds"]) * RATE)
        end = round((part["start"] + part["seconds"]) * RATE)
        heard = [float(stem[:, start:end].abs().max()) > 1e-3 for stem in made.stems.values()]
        playing[part["name"]] = sum(heard)
    assert playing["intro"] < playing["verse"] <= playing["chorus"]


@pytest.mark.slow
@EVERY
def test_the_sections_follow_each_other_to_the_end(index: int) -> None:
    parts = song(index, 40.0).settings["sections"]
    assert parts[0]["start"] < 0.2
    for one, other in itertools.pairwise(parts):
        assert other["start"] == pytest.approx(one["start"] + one["seconds"], abs=0.002)
    assert parts[-1]["start"] + parts[-1]["seconds"] == pytest.approx(40.0, abs=0.01)


@EVERY
def test_a_mix_has_energy_from_the_bass_to_the_air_and_falls_like_music(index: int) -> None:
    octaves = balance_db(song(index).mix.double().numpy(), RATE)
    assert octaves.min() > -40.0
    # Levels of octaves fall 3 dB an octave less than the spectral density.
    slope = np.polyfit(np.arange(7), octaves[1:], 1)[0] - 3.0
    assert -8.0 < slope < -3.0


def test_styles_differ_in_spectrum_and_loudness_range() -> None:
    balances = [balance_db(song(i).mix.double().numpy(), RATE) for i in range(len(STYLES))]
    for one, other in itertools.combinations(balances, 2):
        assert float(np.sqrt(np.mean((one - other) ** 2))) > 1.0


@pytest.mark.slow
def test_the_same_seed_makes_the_same_bytes_on_any_number_of_threads() -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one = demo_song(5, 1, 6.0, RATE)
        torch.set_num_threads(2)
        other = demo_song(5, 1, 6.0, RATE)
    finally:
        torch.set_num_threads(before)
    assert torch.equal(one.mix, other.mix)
    assert torch.equal(one.reference, other.reference)
    assert all(torch.equal(one.stems[name], other.stems[name]) for name in one.stems)
    assert (one.tags, one.settings) == (other.tags, other.settings)


@pytest.mark.slow
def test_another_seed_or_index_makes_another_song() -> None:
    songs = [demo_song(seed, index, 4.0, RATE) for seed, index in ((0, 0), (1, 0), (0, 6))]
    assert len({made.style for made in songs}) == 1
    for one, other in itertools.combinations(songs, 2):
        assert one.settings["engineer"] != other.settings["engineer"]
        a, b = one.mix.flatten().double(), other.mix.flatten().double()
        assert float(abs(a @ b) / (a.norm() * b.norm())) < 0.3


@pytest.mark.slow
@pytest.mark.parametrize("sample_rate", [16_000, 48_000])
def test_any_usual_sample_rate_will_do(sample_rate: int) -> None:
    made = demo_song(3, 4, 3.0, sample_rate)
    assert made.mix.shape == (2, 3 * sample_rate)
    assert -20.0 <= float(integrated_loudness(made.mix, sample_rate)) <= -16.0
    assert float(true_peak_dbtp(made.reference, sample_rate)) <= -1.0


@pytest.mark.parametrize(
    ("seed", "index", "seconds", "sample_rate", "words"),
    [
        (-1, 0, 10.0, RATE, "-1 is not a seed for demo songs; choose a whole number, 0 or more"),
        (1.5, 0, 10.0, RATE, "1.5 is not a seed for demo songs; choose a whole number, 0 or more"),
        (0, -1, 10.0, RATE, "there is no demo song -1; choose a whole number, 0 or more"),
        (0, 0.5, 10.0, RATE, "there is no demo song 0.5; choose a whole number, 0 or more"),
        (0, 0, 2.9, RATE, "a demo song cannot last 2.9 s; ask for 3 to 600 s"),
        (0, 0, 600.1, RATE, "a demo song cannot last 600.1 s; ask for 3 to 600 s"),
        (0, 0, float("nan"), RATE, "a demo song cannot last nan s; ask for 3 to 600 s"),
        (0, 0, float("inf"), RATE, "a demo song cannot last inf s; ask for 3 to 600 s"),
        (
            0,
            0,
            10.0,
            8000,
            "a demo song cannot have a sample rate of 8000 Hz; "
            "choose a whole number, 16000 or more",
        ),
    ],
)
def test_what_cannot_be_made_is_refused_in_one_line(
    seed: Any, index: Any, seconds: float, sample_rate: int, words: str
) -> None:
    with pytest.raises(UserError) as refused:
        demo_song(seed, index, seconds, sample_rate)
    assert str(refused.value) == words


@pytest.mark.slow
def test_numbers_of_numpy_make_the_same_song() -> None:
    numbers: Any = np.array([3, 4, RATE])
    made = demo_song(numbers[0], numbers[1], 3.0, numbers[2])
    same = demo_song(3, 4, 3.0, RATE)
    assert made.mix.equal(same.mix)
    assert json.dumps(made.settings) == json.dumps(same.settings)


def test_a_song_says_that_it_is_synthetic() -> None:
    tags = song(5).tags
    assert tags["origin"] == "synthetic"
    assert tags["genre"] == song(5).style == "ballad"
    assert {"key", "tempo"} <= set(tags)


@pytest.mark.slow
@EVERY
def test_loudness_alone_does_not_turn_the_mix_into_the_master(index: int) -> None:
    made = song(index)
    mix, reference = made.mix, made.reference
    gain_db = integrated_loudness(reference, RATE) - integrated_loudness(mix, RATE)
    distance = auraloss.freq.MultiResolutionSTFTLoss()
    matched = mix * 10 ** (gain_db.float() / 20)
    raw, left = (float(distance(x[None], reference[None])) for x in (mix, matched))
    assert 0.5 < left < raw


@EVERY
def test_the_engineer_narrows_the_dynamics(index: int) -> None:
    made = song(index)
    profiles = [loudness_profile(x, RATE) for x in (made.mix, made.reference)]
    assert float(profiles[1].lra) < float(profiles[0].lra)
    crests = [float(x.abs().max() / x.square().mean().sqrt()) for x in (made.mix, made.reference)]
    assert crests[1] < 0.8 * crests[0]


@pytest.mark.slow
def test_the_house_cuts_the_low_mids_and_lifts_the_air() -> None:
    changes = [
        balance_db(made.reference.double().numpy(), RATE)
        - balance_db(made.mix.double().numpy(), RATE)
        for made in map(song, range(len(STYLES)))
    ]
    mean = np.mean(changes, axis=0)
    assert mean[2] < -1.0  # 250 Hz
    assert mean[6] > 1.0  # 4 kHz
    assert mean[7] > 1.0  # 8 kHz


@pytest.mark.slow
def test_a_duller_mix_gets_more_treble() -> None:
    mix = song(0).mix.double().numpy()
    dull = signal.sosfilt(signal.butter(1, 1500, fs=RATE, output="sos"), mix)
    gains = []
    for audio in (mix, np.asarray(dull)):
        _, settings = master(audio, RATE, (-11.0, -10.0), np.random.default_rng(0))
        gains.append(settings["equaliser"][-1]["gain_db"])
    assert gains[1] > gains[0] + 0.5


def test_the_engineer_differs_from_song_to_song() -> None:
    gains = [
        [band["gain_db"] for band in song(index).settings["engineer"]["equaliser"]]
        for index in range(len(STYLES))
    ]
    assert float(np.std(gains, axis=0)[1:].min()) > 0.1
