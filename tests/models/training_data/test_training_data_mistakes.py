"""What is wrong with a training's data is one line that says where, what, and how to mend it."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from places import ROOT
from training_audio import RATE, a_request, tone, write_pairs, write_stems

from earmark.models.audio.files import write
from earmark.models.effects.channel_strip import EFFECTS, KNOBS
from earmark.models.errors import UserError
from earmark.models.training.training_file import load_recipe
from earmark.models.training_data import DataRequest, SongPlace, TrainingSongs, collect
from earmark.models.training_data.controls_in_names import controls_of
from earmark.models.training_data.section import (
    Degraded,
    DemoSongs,
    Filters,
    Pairs,
    Stems,
    Strip,
)

DEMO = {"seed": 1, "validation_seed": 2}


def spoil(
    name: str, seconds: float = 2.0, rate: int = RATE, factor: float = 1.0
) -> Callable[[Path], None]:
    def write_over(pairs: Path) -> None:
        write(pairs / "song-0" / name, factor * tone(0, seconds, RATE), rate)

    return write_over


BAD_SONGS: dict[str, tuple[Callable[[Path], object], str]] = {
    "no reference": (
        lambda pairs: (pairs / "song-0" / "reference.wav").unlink(),
        r"song-0: a training song needs mix\.wav and reference\.wav",
    ),
    "another rate": (spoil("reference.wav", rate=22_050), "22050 Hz, its mix 16000 Hz"),
    "another length": (spoil("reference.wav", 1.5), r"1\.50 s, its mix 2\.00 s"),
    "too short": (spoil("mix.wav", 0.5), r"mix\.wav: 0\.50 s is too short"),
    "NaN": (spoil("mix.wav", factor=torch.nan), "samples that are not finite"),
    "text": (
        lambda pairs: (pairs / "song-0" / "mix.wav").write_text("hello"),
        "not audio that can be read",
    ),
    "one song": (
        lambda pairs: list(map(shutil.rmtree, (pairs / f"song-{n}" for n in range(1, 5)))),
        "holds 1 songs with mix and reference; at least 2 are needed",
    ),
    "no folder": (shutil.rmtree, "no such folder of training songs"),
}


@pytest.mark.parametrize("case", BAD_SONGS)
def test_a_bad_training_song_is_one_clear_line(tmp_path: Path, case: str) -> None:
    pairs = write_pairs(tmp_path / "pairs")
    breaking, message = BAD_SONGS[case]
    breaking(pairs)
    section = TrainingSongs.model_validate({"folder": pairs}, context={"folder": tmp_path})
    with pytest.raises(UserError, match=message) as caught:
        collect(section, a_request(), SongPlace(tmp_path))
    assert "\n" not in str(caught.value)


def test_stems_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    songs = write_stems(tmp_path / "songs")
    section = TrainingSongs.model_validate(
        {"stems": {"folder": songs}}, context={"folder": tmp_path}
    )
    request = a_request(stems=True, channels=2)
    write(songs / "song-1" / "stems" / "2.wav", tone(1, 1.2), RATE)
    with pytest.raises(UserError, match=r"2\.wav: 1\.20 s, its mix 2\.00 s"):
        collect(section, request, SongPlace(tmp_path))
    with pytest.raises(UserError, match=r"song-\d/stems: holds 3 stems and the network takes 2"):
        collect(section, replace(request, most_stems=2), SongPlace(tmp_path))
    (songs / "song-1" / "mix.wav").unlink()
    with pytest.raises(UserError, match=r"song-1: has stems and no mix\.wav to learn from"):
        collect(section, request, SongPlace(tmp_path))
    for song in songs.iterdir():
        shutil.rmtree(song / "stems")
    with pytest.raises(UserError, match="holds 0 songs with stems; at least 2 are needed"):
        collect(section, request, SongPlace(tmp_path))


@pytest.mark.parametrize(
    ("names", "controls", "message"),
    [
        (["target_1_LA2A.wav"], ["peak"], "its name does not give controls"),
        (["target_1_A__1__2.wav"], ["peak"], r"gives 2 controls and 1 are named \(peak\)"),
        (["target_9_A__1.wav"], ["peak"], "has no partner input_9_.wav"),
        ([], ["peak"], "holds no pairs named"),
        (["target_1_A__1.wav"], ["peak"], "holds one input; at least 2 are needed"),
        (["target_1_A__1.wav", "target_2_A__900.wav"], ["peak"], "'peak' is 900, outside 0 to 100"),
    ],
)
def test_controls_in_names_are_checked(
    names: list[str], controls: list[str], message: str, tmp_path: Path
) -> None:
    for name in ["input_1_.wav", *names, *(["input_2_.wav"] if len(names) > 1 else [])]:
        write(tmp_path / name, tone(0, channels=1), RATE)
    section = TrainingSongs.model_validate(
        {"pairs": {"path": tmp_path, "controls": controls}}, context={"folder": tmp_path}
    )
    request = a_request(controls={"peak": (0.0, 100.0, 50.0)})
    with pytest.raises(UserError, match=message):
        collect(section, request, SongPlace(tmp_path))


def test_controls_in_a_name_may_be_fractions_and_negative() -> None:
    path = Path("target_12_box_a__-3.5__0.wav")
    assert controls_of(path) == ("12", "box_a", (-3.5, 0.0))


TCN = {"channels": 2, "width": 4, "blocks": 2, "kernel": 3}
TWO_CONTROLS = {
    "hyperparameters": TCN | {"controls": 1},
    "system": {"controls": {"ratio": {"minimum": 1, "maximum": 8, "default": 4}}},
}


def _filters(**changes: Any) -> dict[str, Any]:
    return {"songs": {"filters": {"demo": DEMO, "kinds": ["peak"], **changes}}}


MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "two sources": ({"songs": {"demo": DEMO, "folder": "x"}}, "give one of demo, folder"),
    "no source": ({"songs": {"validation": 0.5}}, "give one of demo, folder"),
    "unknown source": ({"songs": {"dmo": DEMO}}, "unknown key 'songs.dmo'.*'demo'"),
    "unknown effect": (
        {"songs": {"strip": {"demo": DEMO, "effects": ["compresor"]}}},
        "unknown effect 'compresor'; did you mean 'compressor'",
    ),
    "effect twice": (
        {"songs": {"strip": {"demo": DEMO, "effects": ["reverb", "reverb"]}}},
        "'reverb' appears twice",
    ),
    "unknown setting": (
        {"songs": {"strip": {"demo": DEMO, "settings": {"treshold_db": -3}}}},
        "unknown control 'treshold_db'; did you mean 'threshold_db'",
    ),
    "setting of an absent effect": (
        {"songs": {"strip": {"demo": DEMO, "effects": ["reverb"], "settings": {"ratio": 2}}}},
        "unknown control 'ratio': effect 'compressor' is not in the strip",
    ),
    "setting out of range": (
        {"songs": {"strip": {"demo": DEMO, "settings": {"ratio": 40}}}},
        "control 'ratio': 40 is outside 1 to 10",
    ),
    "control out of range": (
        {
            "hyperparameters": TCN | {"controls": 1},
            "system": {"controls": {"ratio": {"minimum": 1, "maximum": 80, "default": 4}}},
            "songs": {"strip": {"demo": DEMO}},
        },
        "control 'ratio': 80 is outside 1 to 10",
    ),
    "control without a value": (
        {**TWO_CONTROLS, "songs": {"demo": DEMO}},
        "songs.demo gives no value for control 'ratio'; it has no controls",
    ),
    "stems for a mix": (
        {"songs": {"stems": {"demo": DEMO}}},
        "songs.stems is for networks that mix",
    ),
    "mix for stems": (
        {"architecture": "waveunet_mix", "hyperparameters": {"width": 2}, "songs": {"demo": DEMO}},
        "the network mixes stems and songs.demo has none; give songs.stems",
    ),
    "loudness before an effect": (
        {"system": {"input_lufs": -18}, "songs": {"strip": {"demo": DEMO}}},
        "system.input_lufs must be null with songs.strip",
    ),
    "frequency of nothing": (_filters(frequency_hz=0), "frequency_hz.*greater than 0"),
    "frequency above all": (
        _filters(frequency_hz=[200, 30_000]),
        "a filter at 30000 Hz does not exist at 44100 Hz; choose less than 22050",
    ),
    "range upside down": (_filters(q=[2, 0.5]), r"range begins with its lower end: \[0\.5, 2\]"),
    "gain beyond reason": (_filters(gain_db=500), "gain_db.*less than or equal to 60"),
    "degraded beyond reason": (
        {"songs": {"degraded": {"demo": DEMO, "gain_db": [0, 900]}}},
        "gain_db.*less than or equal to 60",
    ),
    "noise upside down": (
        {"songs": {"degraded": {"demo": DEMO, "noise_db": [-50, -70]}}},
        r"range begins with its lower end: \[-70, -50\]",
    ),
    "control named twice": (
        {**TWO_CONTROLS, "songs": {"pairs": {"path": "x", "controls": ["ratio", "ratio"]}}},
        "'ratio' is named twice",
    ),
    "same seeds": ({"songs": {"demo": {"seed": 1, "validation_seed": 1}}}, "must differ from seed"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_in_the_songs_section_has_its_line(case: str, tmp_path: Path) -> None:
    changes, message = MISTAKES[case]
    path = tmp_path / "train.yaml"
    base = {"earmark": 1, "name": "t", "architecture": "tcn", "hyperparameters": TCN}
    path.write_text(yaml.safe_dump({**base, **changes}, sort_keys=False))
    with pytest.raises(UserError, match=rf"train\.yaml:\d+: .*{message}"):
        load_recipe(path)


def test_a_request_counts_its_context() -> None:
    request: DataRequest = a_request(samples=10, left=3, right=4)
    assert request.total == 17


def test_every_key_of_the_songs_section_and_every_control_is_documented() -> None:
    text = (ROOT / "docs" / "training-data.md").read_text(encoding="utf-8")
    models = (TrainingSongs, DemoSongs, Degraded, Filters, Pairs, Stems, Strip)
    keys = [key for model in models for key in model.model_fields]
    assert [key for key in (*keys, *KNOBS, *EFFECTS) if key not in text] == []
    for name, knob in KNOBS.items():
        row = next(line for line in text.splitlines() if f"`{name}`" in line and "|" in line)
        for value in (knob.minimum, knob.maximum, round(knob.default, 2)):
            assert f"{value:g}".replace("-", "−") in row, (name, value)
