"""The data of a training: splits, crops, effects and stems, each item decided by its seed."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from training_audio import RATE, a_request, tone, write_pairs, write_stems, write_tracks

from earmark.models.audio.files import read, write
from earmark.models.effects.channel_strip import through_strip
from earmark.models.effects.equalizer import Band, equalise
from earmark.models.training_data import DataRequest, SongPlace, TrainingSongs, collect, unprocessed
from earmark.models.training_data.items import Dataset, seeded
from earmark.models.training_data.pairs import MixPair, PairDataset, crop
from earmark.models.training_data.processed import ProcessedDataset
from earmark.models.training_data.stems import StemsDataset
from earmark.models.training_data.tracks import Track, opened, place, split

DEMO = {"seed": 7, "validation_seed": 8, "count": 1, "validation_count": 1, "seconds": 5}


def data(scratch: Path, section: dict[str, Any], request: DataRequest | None = None) -> Dataset:
    """The data of a section, split by seed 0."""
    made = TrainingSongs.model_validate(section, context={"folder": scratch})
    return collect(made, request or a_request(), SongPlace(scratch / "scratch"))


def sections(tmp_path: Path) -> dict[str, tuple[dict[str, Any], DataRequest]]:
    """Every kind of data, small."""
    tracks = write_tracks(tmp_path / "tracks")
    controls = {"threshold_db": (-40.0, -10.0, -20.0), "ratio": (1.0, 8.0, 4.0)}
    return {
        "folder": ({"folder": write_pairs(tmp_path / "pairs")}, a_request(input_lufs=-20.0)),
        "degraded": ({"degraded": {"folder": tracks, "noise_db": [-60, -40]}}, a_request()),
        "filters": ({"filters": {"folder": tracks, "kinds": ["peak", "low_pass"]}}, a_request()),
        "strip": ({"strip": {"folder": tracks, "order": "random"}}, a_request(controls=controls)),
        "stems": (
            {"stems": {"folder": write_stems(tmp_path / "stems"), "scatter_db": 6}},
            a_request(stems=True, channels=2),
        ),
    }


@pytest.mark.parametrize("kind", ["folder", "degraded", "filters", "strip", "stems"])
def test_the_seed_alone_decides_an_item_also_in_another_process(kind: str, tmp_path: Path) -> None:
    section, request = sections(tmp_path)[kind]
    made = data(tmp_path, section, request)
    copied: Dataset = pickle.loads(pickle.dumps(made))
    first, again = made.item(seeded(3)), copied.item(seeded(3))
    assert torch.equal(first.audio, again.audio)
    assert torch.equal(first.target, again.target)
    assert not torch.equal(first.audio, made.item(seeded(4)).audio)
    assert torch.equal(made.held_out(0).target, copied.held_out(0).target)
    assert first.audio.shape[-1] == request.total
    assert first.target.shape == (request.channels, request.samples)
    held_out = made.held_out(0)
    assert unprocessed(held_out, request).shape == held_out.target.shape


@pytest.mark.parametrize("kind", ["folder", "degraded", "filters", "strip", "stems"])
def test_the_key_is_the_content_wherever_it_lies(kind: str, tmp_path: Path) -> None:
    section, request = sections(tmp_path)[kind]
    key = data(tmp_path, section, request).key
    assert data(tmp_path, section, request).key == key
    name = {"folder": "pairs/song-0/mix.wav", "stems": "stems/song-0/stems/0.wav"}
    changed = tmp_path / name.get(kind, "tracks/track-0.wav")
    write(changed, 0.5 * read(changed)[0], RATE)
    assert data(tmp_path, section, request).key != key


def test_validation_songs_are_others_and_the_split_depends_on_names_alone(tmp_path: Path) -> None:
    pairs = write_pairs(tmp_path / "pairs")
    songs = data(tmp_path, {"folder": pairs})
    assert isinstance(songs, PairDataset)
    names = [[pair.name for pair in part] for part in (songs.training, songs.validation)]
    assert sorted(names[0] + names[1]) == [f"song-{number}" for number in range(5)]
    again = data(tmp_path, {"folder": pairs.rename(tmp_path / "elsewhere")})
    assert isinstance(again, PairDataset)
    assert [pair.name for pair in again.validation] == names[1]
    assert again.key == songs.key


@pytest.mark.parametrize(
    ("inputs", "targets"),
    [("mix", "reference"), ("input", "target"), ("unmastered", "mastered")],
)
def test_two_folders_of_equal_names_are_pairs_too(
    inputs: str, targets: str, tmp_path: Path
) -> None:
    for number in range(3):
        for part in (inputs, targets):
            (tmp_path / "flat" / part).mkdir(parents=True, exist_ok=True)
            write(tmp_path / "flat" / part / f"{number}.flac", tone(number), RATE)
    songs = data(tmp_path, {"folder": tmp_path / "flat", "validation": 0.5})
    assert isinstance(songs, PairDataset)
    assert (len(songs.training), len(songs.validation)) == (1, 2)


def test_the_controls_of_a_pair_come_from_its_name_in_the_networks_order(tmp_path: Path) -> None:
    home = tmp_path / "la2a"
    home.mkdir()
    for number in (138, 139, 140):
        write(home / f"input_{number}_.wav", tone(number, channels=1), RATE)
        for peak in (0, 65):
            name = f"target_{number}_LA2A_3c__1__{peak}.wav"
            write(home / name, 0.5 * tone(number, channels=1), RATE)
    section = {"pairs": {"path": home, "controls": ["switch", "peak_reduction"]}}
    controls = {"peak_reduction": (0.0, 100.0, 50.0), "switch": (0.0, 1.0, 0.0)}
    pairs = data(tmp_path, section, a_request(controls=controls))
    assert isinstance(pairs, PairDataset)
    assert len(pairs.training) + len(pairs.validation) == 6
    inputs = [{pair.input.path for pair in part} for part in (pairs.training, pairs.validation)]
    assert not inputs[0] & inputs[1], "an input that is trained on must not be validated on"
    item = pairs.held_out(0)
    assert item.controls is not None
    assert item.controls.tolist() in ([0.0, 1.0], [65.0, 1.0])
    torch.testing.assert_close(item.target, 0.5 * unprocessed(item, a_request()))


@settings(deadline=None, max_examples=20)
@given(position=st.floats(0, 1), samples=st.integers(100, 40_000), context=st.integers(0, 500))
def test_a_crop_lies_where_its_target_lies(
    tmp_path_factory: pytest.TempPathFactory, position: float, samples: int, context: int
) -> None:
    folder = tmp_path_factory.getbasetemp() / "aligned"
    path = folder / "mix.wav"
    if not path.exists():
        folder.mkdir()
        write(path, tone(0), RATE)
    request = a_request(samples=samples, left=context, right=context + 1, channels=2)
    item = crop(MixPair("one", opened(path), opened(path), 2.0), request, position)
    assert item.audio.shape == (2, samples + 2 * context + 1)
    torch.testing.assert_close(unprocessed(item, request), item.target)


def test_a_crop_of_another_rate_has_the_networks_rate(tmp_path: Path) -> None:
    write(tmp_path / "mix.wav", tone(0, rate=32_000), 32_000)
    track = Track(tmp_path / "mix.wav", 32_000, 64_000)
    item = crop(MixPair("one", track, track), a_request(left=400, right=400), 0.5)
    assert item.audio.shape == (1, 8_800)
    difference = (unprocessed(item, a_request(left=400, right=400)) - item.target)[:, 200:-200]
    assert float(difference.abs().max()) < 0.01


def test_every_second_of_the_audio_is_as_likely(tmp_path: Path) -> None:
    (tmp_path / "uneven").mkdir()
    for index, seconds in enumerate((1.0, 3.0, 2.0)):
        write(tmp_path / "uneven" / f"{index}.wav", tone(index, seconds), RATE)
    tracks = [opened(path) for path in sorted((tmp_path / "uneven").iterdir())]
    lengths = [track.seconds for track in tracks]
    drawn = [place(lengths, seeded(index))[0] for index in range(600)]
    for index, length in enumerate(lengths):
        share, expected = drawn.count(index) / 600, length / sum(lengths)
        assert abs(share - expected) < 4 * (expected * (1 - expected) / 600) ** 0.5


@pytest.mark.parametrize("effects", [["equalizer"], ["compressor"], ["reverb"], ["limiter"]])
def test_a_crop_through_an_effect_is_that_part_of_the_whole_track_through_it(
    effects: list[str], tmp_path: Path
) -> None:
    tracks = write_tracks(tmp_path / "tracks", 2, 6.0)
    values = {
        "equalizer": {"low_shelf_db": 9.0, "peak_2_db": -12.0, "peak_2_q": 3.0},
        "compressor": {"threshold_db": -30.0, "ratio": 6.0, "release_ms": 150.0},
        "reverb": {"wet": 0.5, "decay_s": 0.6, "room": 0.7},
        "limiter": {"drive_db": 12.0, "ceiling_dbtp": -6.0},
    }[effects[0]]
    section = {"strip": {"folder": tracks, "effects": effects, "settings": values}}
    request = a_request(channels=2)
    made = data(tmp_path, section, request)
    assert isinstance(made, ProcessedDataset)
    item = made._made(made.training[0], request, 0.9, seeded(0))
    audio, rate = read(made.training[0].path)
    whole = through_strip(audio, rate, values, effects)
    start = round((audio.shape[-1] - request.samples) * 0.9)
    expected = torch.from_numpy(whole[:, start : start + request.samples])
    peak = float(expected.abs().max())
    assert float((item.target - expected).abs().max()) < 2e-3 * peak


def test_a_filter_of_fixed_settings_is_that_filter(tmp_path: Path) -> None:
    tracks = write_tracks(tmp_path / "tracks", 2)
    section = {"filters": {"folder": tracks, "kinds": ["peak"], "gain_db": 10, "q": 1}}
    made = data(tmp_path, section, a_request(samples=16_000))
    item = made.item(seeded(1))
    heard = item.audio[0, 300:-200].double().numpy()
    gained = np.abs(np.fft.rfft(item.target[0].double().numpy())) / np.abs(np.fft.rfft(heard))
    # One second at one bin per hertz; the noise of the tracks fills all bins.
    assert 20 * np.log10(np.median(gained[490:510])) == pytest.approx(10, abs=1)
    assert 20 * np.log10(np.median(gained[6000:7000])) == pytest.approx(0, abs=0.2)
    assert np.allclose(
        equalise(heard, RATE, [Band("peak", 500, 10, 1)])[4000:], item.target[0][4000:], atol=1e-3
    )


def test_controls_are_drawn_over_their_range_and_change_the_target(tmp_path: Path) -> None:
    tracks = write_tracks(tmp_path / "tracks", 2)
    controls = {"threshold_db": (-40.0, -10.0, -20.0), "release_ms": (50.0, 500.0, 100.0)}
    section = {"strip": {"folder": tracks, "effects": ["compressor"], "settings": {"ratio": 8}}}
    made = data(tmp_path, section, a_request(controls=controls))
    items = [made.item(seeded(index)) for index in range(60)]
    drawn = torch.stack([item.controls for item in items if item.controls is not None])
    assert drawn.shape == (60, 2)
    assert bool(((drawn[:, 0] >= -40) & (drawn[:, 0] <= -10)).all())
    assert float(drawn[:, 0].max() - drawn[:, 0].min()) > 20
    # Times are drawn evenly in their logarithm: as many below the geometric mean as above.
    below = float((drawn[:, 1] < (50 * 500) ** 0.5).float().mean())
    assert 0.3 < below < 0.7
    lowest, highest = int(drawn[:, 0].argmin()), int(drawn[:, 0].argmax())

    def change(item: Any) -> float:
        quiet = unprocessed(item, a_request())
        return float((item.target.square().mean() / quiet.square().mean()).log10() * 10)

    assert change(items[lowest]) < change(items[highest]) - 3


def test_a_degraded_track_is_in_time_with_the_good_one(tmp_path: Path) -> None:
    tracks = write_tracks(tmp_path / "tracks", 2)
    section = {"degraded": {"folder": tracks, "eq_db": 3, "compression": 0, "noise_db": None}}
    item = data(tmp_path, section).item(seeded(5))
    heard = unprocessed(item, a_request())[0]
    spectrum = torch.fft.rfft(heard) * torch.fft.rfft(item.target[0]).conj()
    correlation = torch.fft.irfft(spectrum / spectrum.abs().clamp(min=1e-9))
    assert int(correlation.argmax()) == 0
    assert float(heard.square().mean()) < float(item.target.square().mean())


def test_stems_of_a_song_are_cut_together_and_scattered_in_level_alone(tmp_path: Path) -> None:
    folder = write_stems(tmp_path / "stems")
    request = a_request(stems=True, channels=2, left=0, right=0)
    plain = data(tmp_path, {"stems": {"folder": folder}}, request)
    assert isinstance(plain, StemsDataset)
    item = plain.item(seeded(2))
    assert item.audio.shape == (3, 2, 8000)
    levels = torch.tensor([1.0, 2.0, 3.0])[:, None, None]
    torch.testing.assert_close((levels * item.audio).sum(dim=0), item.target, atol=1e-5, rtol=0)
    scattered = data(tmp_path, {"stems": {"folder": folder, "scatter_db": 6}}, request)
    other = scattered.item(seeded(2))
    ratio = other.audio / item.audio
    assert float(ratio[0].std()) < 1e-3
    assert 0.5 < float(ratio[0].mean()) < 2
    assert float((ratio[0].mean() - ratio[1].mean()).abs()) > 1e-3


@pytest.mark.slow
def test_demo_songs_are_made_once_with_their_stems(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    section = TrainingSongs.model_validate({"demo": DEMO})
    where = SongPlace(tmp_path, told=lambda done, total: told.append((done, total)))
    songs = collect(section, a_request(), where)
    assert told == [(1, 2), (2, 2)]
    assert "SIMULATED" in songs.summary
    made = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.wav")}
    assert {path.name for path in made} >= {"mix.wav", "reference.wav"}
    again = collect(section, a_request(), SongPlace(tmp_path))
    assert again.key == songs.key
    stems = TrainingSongs.model_validate({"stems": {"demo": DEMO, "target": "reference"}})
    mixes = collect(stems, a_request(stems=True, channels=2), SongPlace(tmp_path))
    assert "SIMULATED" in mixes.summary
    assert made == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.wav")}
    item = mixes.held_out(0)
    request = a_request(channels=2)
    mix = songs.held_out(0)
    torch.testing.assert_close(
        unprocessed(item, a_request(stems=True, channels=2)).mean(dim=0),
        unprocessed(mix, request)[0],
        atol=1e-4,
        rtol=0,
    )


def test_all_files_of_a_song_are_on_one_side_of_the_split(tmp_path: Path) -> None:
    for number in range(6):
        home = tmp_path / "songs" / f"song-{number}"
        (home / "stems").mkdir(parents=True)
        for name in ("mix", "reference", "stems/bass"):
            write(home / f"{name}.wav", tone(number), RATE)
        write(tmp_path / "songs" / f"single-{number}.wav", tone(number), RATE)
    for seed in range(5):
        section = {"strip": {"folder": tmp_path / "songs"}, "validation": 0.3}
        made = collect(
            TrainingSongs.model_validate(section), a_request(), SongPlace(tmp_path, seed=seed)
        )
        assert isinstance(made, ProcessedDataset)
        sides = [
            {one.path.relative_to(tmp_path / "songs").parts[0] for one in part}
            for part in (made.training, made.validation)
        ]
        assert sides[0].isdisjoint(sides[1])
        assert len(sides[0]) + len(sides[1]) == 12


def test_one_more_song_moves_at_most_one_other_to_the_other_side() -> None:
    songs = [f"song {number}" for number in range(11)]
    for seed in range(100):
        before, after = (set(split(part, str, seed, 0.2)[1]) for part in (songs[:10], songs))
        assert len((before ^ after) - {"song 10"}) <= 1
