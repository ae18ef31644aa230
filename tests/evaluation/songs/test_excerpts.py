"""An excerpt is what cutting after resampling the whole would give, wherever it lies."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from song_files import RATE, noise, save

from earmark.evaluation.songs.song import Excerpt, Song, material, span
from earmark.models.audio.files import fit_length, match_channels, read, resample
from earmark.models.audio.loudness import k_weighted
from earmark.models.errors import UserError


@pytest.mark.parametrize(
    ("suffix", "rate"),
    [
        (".wav", 44100),
        (".wav", 48000),
        (".wav", 96000),
        (".wav", 44101),
        (".flac", 22050),
        (".ogg", 48000),
        (".mp3", 44100),
        (".mp3", 48000),
    ],
)
def test_an_excerpt_equals_cutting_after_resampling_the_whole(
    tmp_path: Path, suffix: str, rate: int
) -> None:
    path = save(tmp_path / f"mix{suffix}", noise(3.0, rate), rate)
    whole = resample(read(path)[0], rate, RATE)
    for start, seconds in ((0.0, 1.0), (1.234, 0.5), (2.5, 9.0)):
        cut = material(Song("a", path), Excerpt(start, seconds), RATE)
        begin = round(start * RATE)
        expected = whole[:, begin : begin + round(seconds * RATE)]
        assert cut.start == begin
        torch.testing.assert_close(cut.audio, expected, atol=1e-6, rtol=0)


def test_without_an_excerpt_the_whole_song_is_used(tmp_path: Path) -> None:
    song = Song("a", save(tmp_path / "mix.wav", noise(1.5)))
    given = material(song, None, RATE)
    assert torch.equal(given.audio, noise(1.5))
    assert (given.start, given.label, given.reference) == (0, "a", None)
    assert torch.equal(given.audio, material(song, Excerpt(), RATE).audio)


def test_reference_and_stems_get_the_range_and_length_of_the_mix(tmp_path: Path) -> None:
    mix = save(tmp_path / "mix.wav", noise(3.0))
    reference = save(tmp_path / "ref.wav", noise(2.5, 48000, seed=1), 48000)
    stems = (
        save(tmp_path / "s1.wav", noise(4.0, seed=2)),
        save(tmp_path / "s2.wav", noise(1.5, 48000, channels=1, seed=3), 48000),
    )
    song, excerpt = Song("a", mix, reference, stems), Excerpt(1.0, 2.0)
    given = material(song, excerpt, RATE, "stems")
    assert given.audio.shape == (2, 2, 2 * RATE)
    assert torch.equal(given.audio[0], noise(4.0, seed=2)[:, RATE : 3 * RATE])
    mono = match_channels(resample(noise(1.5, 48000, channels=1, seed=3), 48000, RATE), 2)
    torch.testing.assert_close(
        given.audio[1], fit_length(mono[:, RATE:], 2 * RATE), atol=1e-6, rtol=0
    )
    assert given.reference is not None
    assert given.reference.shape == (2, 2 * RATE)
    assert bool((given.reference[:, -RATE // 2 + 200 :] == 0).all())
    assert torch.equal(material(song, excerpt, RATE).audio, noise(3.0)[:, RATE : 3 * RATE])


def test_a_song_without_a_mix_is_the_sum_of_its_stems(tmp_path: Path) -> None:
    one, two = noise(2.0, seed=1), noise(3.0, channels=1, seed=2)
    stems = (save(tmp_path / "1.wav", one), save(tmp_path / "2.wav", two))
    given = material(Song("a", None, None, stems), None, RATE)
    torch.testing.assert_close(given.audio, fit_length(one, 3 * RATE) + two.expand(2, -1))


def test_stems_that_are_not_there_are_named(tmp_path: Path) -> None:
    song = Song("my song", save(tmp_path / "mix.wav"))
    with pytest.raises(UserError, match="song my song: has no stems"):
        material(song, None, RATE, "stems")


def test_the_loudest_excerpt_has_the_most_weighted_energy_of_all_whole_seconds(
    tmp_path: Path,
) -> None:
    rate, seconds = 8000, 40
    level = np.random.default_rng(5).uniform(0.02, 1.0, seconds)
    audio = noise(seconds, rate) * torch.from_numpy(np.repeat(level, rate)).float()
    song = Song("a", save(tmp_path / "mix.wav", audio, rate))
    energy = k_weighted(audio, rate).double().square().sum(dim=0)
    for wanted in (7.0, 2.5):
        part = span(song, Excerpt(select="loudest", seconds=wanted), rate)
        length = round(wanted * rate)
        starts = range(0, seconds * rate - length + 1, rate)
        windows = [float(energy[start : start + length].sum()) for start in starts]
        assert part.start == rate * int(np.argmax(windows))
        assert part.samples == length


def test_loudest_hears_as_the_ear_does_and_not_the_rumble(tmp_path: Path) -> None:
    time = torch.arange(10 * RATE) / RATE
    rumble = 0.5 * torch.sin(2 * math.pi * 20 * time) * (time < 4)
    voice = 0.2 * torch.sin(2 * math.pi * 2000 * time) * (time >= 7)
    song = Song("a", save(tmp_path / "mix.wav", (rumble + voice)[None]))
    assert span(song, Excerpt(select="loudest", seconds=3), RATE).start == 7 * RATE


def test_of_equally_loud_windows_the_earliest_is_taken_and_a_short_song_begins_at_zero(
    tmp_path: Path,
) -> None:
    time = torch.arange(20 * RATE) / RATE
    song = Song("a", save(tmp_path / "mix.wav", torch.sin(2 * math.pi * 100 * time)[None] / 2))
    assert span(song, Excerpt(select="loudest", seconds=40), RATE).start == 0
    short = span(song, Excerpt(select="loudest", seconds=40), 48000)
    assert (short.samples, short.short) == (20 * 48000, True)


def test_equal_excerpts_have_equal_keys() -> None:
    assert Excerpt(10, 20).key == Excerpt(10.0, 20.0).key != Excerpt(10.0, 21.0).key
    assert Excerpt(10, 20).key != Excerpt(select="loudest", seconds=20).key
    assert json.dumps(Excerpt().key) == '["start", 0.0, null]'
