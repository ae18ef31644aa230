"""The training file and its songs: splits, crops, and what is wrong in one line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from earmark.models.audio import read, write
from earmark.models.errors import UserError
from earmark.models.training_recipe import (
    load_recipe,
)
from earmark.models.training_songs import Cut, Pair, collect, crop

RATE = 16_000
TOY: dict[str, Any] = {
    "earmark": 1,
    "name": "toy",
    "architecture": "tcn",
    "hyperparameters": {"channels": 2, "width": 4, "blocks": 2, "kernel": 3, "dry": True},
    "system": {"sample_rate": RATE, "input_lufs": -20},
    "songs": {"folder": "pairs"},
    "steps": 12,
    "batch": 2,
    "crop": 0.6,
    "learning_rate": 0.05,
    "warmup": 2,
    "validate_every": 4,
    "save_every": 6,
}


def tone(seed: int, seconds: float = 2.0, rate: int = RATE) -> Tensor:
    """A chord with noise, stereo; SIMULATED."""
    generator = torch.Generator().manual_seed(seed)
    time = torch.arange(round(seconds * rate)) / rate
    pitches = torch.rand(2, 3, 1, generator=generator) * 2000 + 100
    chord = torch.sin(2 * torch.pi * pitches * time).mean(dim=1)
    return 0.2 * chord + 0.02 * torch.randn(2, len(time), generator=generator)


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """Five songs whose master is the mix, louder by 6 dB and soft-clipped."""
    for number in range(5):
        home = tmp_path / "pairs" / f"song-{number}"
        home.mkdir(parents=True)
        write(home / "mix.wav", tone(number), RATE)
        write(home / "reference.wav", torch.tanh(2 * tone(number)), RATE)
    return tmp_path / "pairs"


def a_recipe(tmp_path: Path, **changes: Any) -> Path:
    path = tmp_path / "train.yaml"
    path.write_text(yaml.safe_dump({**TOY, **changes}, sort_keys=False))
    return path


def test_validation_songs_are_others_and_the_split_depends_on_seed_alone(
    tmp_path: Path, pairs: Path
) -> None:
    recipe = load_recipe(a_recipe(tmp_path))
    songs = collect(recipe, tmp_path / "scratch")
    names = [[pair.id for pair in part] for part in (songs.training, songs.validation)]
    assert sorted(names[0] + names[1]) == [f"song-{number}" for number in range(5)]
    moved = pairs.rename(tmp_path / "elsewhere")
    again = collect(load_recipe(a_recipe(tmp_path, songs={"folder": str(moved)})), tmp_path)
    assert [pair.id for pair in again.validation] == names[1]
    assert again.key == songs.key


def test_folders_of_mixes_and_references_are_read_too(tmp_path: Path) -> None:
    for number in range(3):
        for part in ("mix", "reference"):
            (tmp_path / "flat" / part).mkdir(parents=True, exist_ok=True)
            write(tmp_path / "flat" / part / f"{number}.flac", tone(number), RATE)
    recipe = load_recipe(a_recipe(tmp_path, songs={"folder": "flat", "validation": 0.5}))
    songs = collect(recipe, tmp_path)
    assert (len(songs.training), len(songs.validation)) == (1, 2)


@settings(deadline=None, max_examples=20)
@given(place=st.floats(0, 1), samples=st.integers(100, 40_000), context=st.integers(0, 500))
def test_a_crop_lies_where_its_target_lies(
    tmp_path_factory: pytest.TempPathFactory, place: float, samples: int, context: int
) -> None:
    folder = tmp_path_factory.getbasetemp() / "aligned"
    path = folder / "mix.wav"
    if not path.exists():
        folder.mkdir()
        write(path, tone(0), RATE)
    pair = Pair("one", path, path, RATE, read(path)[0].shape[-1], 2.0)
    mix, reference = crop(pair, Cut(samples, context, context + 1, 2, RATE), place)
    assert mix.shape == (2, samples + 2 * context + 1)
    torch.testing.assert_close(mix[:, context : context + samples], 2 * reference)


def test_a_crop_of_another_rate_has_the_networks_rate(tmp_path: Path) -> None:
    write(tmp_path / "mix.wav", tone(0, rate=32_000), 32_000)
    pair = Pair("one", tmp_path / "mix.wav", tmp_path / "mix.wav", 32_000, 64_000, 1.0)
    mix, reference = crop(pair, Cut(8_000, 400, 400, 1, RATE), 0.5)
    assert mix.shape == (1, 8_800)
    difference = (mix[:, 400:-400] - reference)[:, 200:-200]
    assert float(difference.abs().max()) < 0.01


def spoil(name: str, audio: Tensor, rate: int = RATE) -> Callable[[Path], None]:
    return lambda pairs: write(pairs / "song-0" / name, audio, rate)


BAD_SONGS: dict[str, tuple[Callable[[Path], object], str]] = {
    "no reference": (
        lambda pairs: (pairs / "song-0" / "reference.wav").unlink(),
        r"song-0: a training song needs mix\.wav and reference\.wav",
    ),
    "another rate": (spoil("reference.wav", tone(0), 22_050), "22050 Hz, its mix 16000 Hz"),
    "another length": (spoil("reference.wav", tone(0, 1.5)), r"1\.50 s, its mix 2\.00 s"),
    "NaN": (spoil("mix.wav", tone(0) * torch.nan), "samples that are not finite"),
    "text": (
        lambda pairs: (pairs / "song-0" / "mix.wav").write_text("hello"),
        "not audio that can be read",
    ),
}


@pytest.mark.parametrize("case", BAD_SONGS)
def test_a_bad_training_song_is_one_clear_line(tmp_path: Path, pairs: Path, case: str) -> None:
    breaking, message = BAD_SONGS[case]
    breaking(pairs)
    with pytest.raises(UserError, match=message):
        collect(load_recipe(a_recipe(tmp_path)), tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"stpes": 3}, r"train\.yaml:\d+: unknown key 'stpes'; did you mean 'steps'"),
        ({"steps": 0}, r"train\.yaml:\d+: steps: .*greater than or equal to 1, not 0"),
        ({"earmark": 2}, r"train\.yaml:1: earmark: this Earmark reads training files of format 1"),
        ({"architecture": "tnc"}, r"train\.yaml:3: unknown architecture 'tnc'; did you mean"),
        ({"hyperparameters": {"kernel": 4}}, r"train\.yaml:\d+: .*kernel must be odd"),
        ({"hyperparameters": {"controls": 2}}, "songs have no controls to train on"),
        ({"songs": {"folder": "a", "demo": {"seed": 1, "validation_seed": 2}}}, "give either demo"),
        ({"songs": {"demo": {"seed": 1, "validation_seed": 1}}}, "validation_seed must differ"),
        ({"songs": {"folder": "nowhere"}}, "nowhere: no such folder of training songs"),
        ({"songs": {"folder": "empty"}}, "holds 0 songs with mix and reference; at least 2"),
        ({"loss": {"mrstft": 0, "l1": 0, "loudness": 0}}, "at least one weight must be above 0"),
        ({"name": "../up"}, "it names a folder"),
    ],
)
def test_a_wrong_training_file_is_one_clear_line(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=message) as caught:
        collect(load_recipe(a_recipe(tmp_path, **changes)), tmp_path)
    assert "\n" not in str(caught.value)


def test_demo_songs_are_made_once_and_kept(tmp_path: Path) -> None:
    demo = {
        "seed": 7,
        "validation_seed": 8,
        "count": 1,
        "validation_count": 1,
        "seconds": 5,
    }
    recipe = load_recipe(a_recipe(tmp_path, songs={"demo": demo}))
    told: list[tuple[int, int]] = []
    songs = collect(recipe, tmp_path / "songs", lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]
    made = {path: path.stat().st_mtime_ns for path in (tmp_path / "songs").rglob("*.wav")}
    assert len(made) == 4
    again = collect(recipe, tmp_path / "songs")
    assert again.key == songs.key
    assert made == {path: path.stat().st_mtime_ns for path in (tmp_path / "songs").rglob("*.wav")}
    assert songs.training[0].mix.parent.name.startswith("7-")
    assert songs.validation[0].mix.parent.name.startswith("8-")
