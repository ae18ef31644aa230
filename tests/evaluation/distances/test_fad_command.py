"""``earmark fad`` on folders: one result as a table and as JSON, and every mistake as one line."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from fad_files import RATE, call, noise, write_plugin, write_set
from registries import registries_kept
from tensor_bundles import tensorflow_names, write_bundle

import earmark as em
from earmark.analysis.presentation.numbers import number_format
from earmark.evaluation.distances.compare import as_json
from earmark.models.content_key import path_sha256
from earmark.models.embeddings.musicnn_vgg import MSD_POOLS, MusicnnVgg


def compared(tmp_path: Path, *options: str, songs: int = 5, tilt: float = 0.8) -> dict[str, Any]:
    """The JSON of a comparison of two folders of ``songs`` by the plug-in's embedding."""
    real = write_set(tmp_path / "real", [noise(seed, 4) for seed in range(songs)])
    made = write_set(tmp_path / "made", [noise(seed, 4, tilt=tilt) for seed in range(songs)])
    paths: list[str | Path] = [real, made, "--plugin", write_plugin(tmp_path)]
    done = call(
        *("fad", *paths, "--embedding", "bands", "--results", tmp_path / "r", "--json", *options)
    )
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_json_has_the_schema_that_is_promised(tmp_path: Path) -> None:
    found = compared(tmp_path, "--infinity", "--kad", "--per-song")
    assert set(found) == {
        *("schema", "reference", "evaluated", "songs_reference", "songs_evaluated", "embedding"),
        *("front_end", "sha256", "device", "seed", "channels", "warnings"),
    }
    assert (found["schema"], found["embedding"], found["front_end"]) == (1, "bands", 1)
    assert [one["channel"] for one in found["channels"]] == ["l", "r", "m", "s"]
    mid = found["channels"][2]
    assert (mid["n_reference"], mid["n_evaluated"], mid["dimensions"]) == (80, 80, 4)
    assert mid["fad"] > 0.05
    assert mid["kad"] > 1
    assert mid["kad_bandwidth"] > 0
    assert set(mid["infinity"]) == {"value", "one_sided", "fits"}
    assert [one["side"] for one in mid["infinity"]["fits"]] == ["evaluated", "reference"]
    assert mid["infinity"]["fits"][0]["sizes"][-1] == 80
    assert mid["noise_floor"]["n"] == 32  # two songs of five
    assert mid["noise_floor"]["at_equal_n"] > mid["noise_floor"]["high"]
    assert [one["n"] for one in mid["per_song"]] == [16] * 5
    assert [one["song"] for one in mid["per_song"]] == ["0", "1", "2", "3", "4"]
    assert all(one["fad"] > 0 and one["kad"] is not None for one in mid["per_song"])
    assert found["warnings"] == ["bands hears nothing above 8 kHz"]


def test_the_same_command_gives_the_same_digits_and_embeds_nothing(tmp_path: Path) -> None:
    first = compared(tmp_path, "--infinity", "--kad", "--seed", "7")
    files = {path: path.stat().st_mtime_ns for path in (tmp_path / "r").rglob("*.np*")}
    assert compared(tmp_path, "--infinity", "--kad", "--seed", "7") == first
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "r").rglob("*.np*")} == files
    assert len(files) == 4 * 10 + 4
    other = compared(tmp_path, "--infinity", "--seed", "8")
    assert other["channels"][0]["fad"] == first["channels"][0]["fad"]
    assert other["channels"][0]["infinity"] != first["channels"][0]["infinity"]


def test_a_set_is_at_no_distance_from_itself_and_the_floor_says_so(tmp_path: Path) -> None:
    found = compared(tmp_path, "--channels", "m", tilt=0.0)
    (mid,) = found["channels"]
    assert mid["fad"] == pytest.approx(0, abs=1e-6)
    assert any("within the noise" in one for one in mid["warnings"])
    assert any("one channel" in one for one in found["warnings"])


def test_the_table_says_what_the_json_says(tmp_path: Path) -> None:
    found = compared(tmp_path, "--channels", "sm")["channels"]
    floors = [one["noise_floor"]["value"] for one in found]
    show = number_format([*(one["fad"] for one in found), *floors])
    done = call(
        *("fad", tmp_path / "real", tmp_path / "made", "--plugin", tmp_path / "bands.py"),
        *("--embedding", "bands", "--results", tmp_path / "r", "--channels", "sm"),
        *("--kad", "--infinity", "--per-song"),
    )
    assert all(show(one["fad"]) in done.stdout for one in found)
    for words in ("side", "noise floor", "KAD", "one-sided", "r²", "Note: bands hears nothing"):
        assert words in done.stdout
    assert "left" not in done.stdout


def test_few_or_unequal_n_mono_and_silent_files_are_told(tmp_path: Path) -> None:
    real = write_set(tmp_path / "a", [noise(seed, 2) for seed in range(3)])
    odd = write_set(tmp_path / "b", [noise(5, 0.5), np.zeros((RATE, 2))])
    soundfile.write(odd / "2.wav", noise(6, 0.25)[:, 0], RATE, subtype="FLOAT")
    done = call(
        *("fad", real, odd, "--plugin", write_plugin(tmp_path), "--embedding", "bands"),
        *("--results", tmp_path / "r", "--json", "--infinity", "--per-song"),
    )
    found = json.loads(done.stdout)
    words = " | ".join([*found["warnings"], *found["channels"][0]["warnings"]])
    for part in (
        "n = 3 is below the 4 dimensions",
        "unequal n: 24 of the reference, 3 evaluated",
        "1 of 3 files are mono",
        "left out as silent or too short: 1",
        "fewer than four songs of reference",
        "no FAD-inf: it needs twenty",
        "songs differ in n",
    ):
        assert part in words
    assert found["channels"][0]["fad"] > 0  # the Gram form
    reasons = [one["reason"] for one in found["channels"][0]["per_song"]]
    assert reasons == ["", "silent", "too_few"]


def test_mono_has_no_side_and_the_other_channels_go_on(tmp_path: Path) -> None:
    real = write_set(tmp_path / "a", [noise(seed) for seed in range(4)])
    mono = write_set(tmp_path / "b", [np.repeat(noise(s)[:, :1], 2, 1) for s in range(4)])
    done = call(
        *("fad", real, mono, "--plugin", write_plugin(tmp_path), "--embedding", "bands"),
        *("--results", tmp_path / "r", "--json"),
    )
    left, _, _, side = json.loads(done.stdout)["channels"]
    assert left["fad"] == pytest.approx(0, abs=1e-6)
    assert (side["fad"], side["reason"], side["n_evaluated"]) == (None, "silent", 0)
    assert "as in mono" in side["warnings"][0]


def bad_sets(name: str, tmp_path: Path) -> tuple[Path | str, Path | str]:
    """Two sets, one of them bad in the way called ``name``."""
    good = write_set(tmp_path / "good", [noise(seed) for seed in range(3)])
    bad = tmp_path / "bad"
    if name == "one clip":
        write_set(bad, [noise(0, 0.3)])
    elif name == "silence":
        write_set(bad, [np.zeros((RATE, 2))] * 3)
    elif name == "too short":
        write_set(bad, [noise(0, 0.2)] * 3)
    elif name == "an empty folder":
        bad.mkdir()
    elif name == "unequal rates":
        write_set(bad, [noise(0, rate=8000)], rate=8000)
    elif name == "unequal rates inside a set":
        write_set(bad, [noise(0)])
        soundfile.write(bad / "low.wav", noise(1, rate=11_025), 11_025)
    elif name == "a broken file":
        bad.mkdir()
        (bad / "x.wav").write_bytes(b"RIFF")
    elif name == "surround":
        write_set(bad, [np.ones((RATE, 6))])
    elif name == "not finite":
        write_set(bad, [np.full((RATE, 2), np.inf)])
    return good, bad


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("one clip", "bad: one embedding only"),
        ("silence", "every file is silent or shorter than 0.25 s"),
        ("too short", "every file is silent or shorter than 0.25 s"),
        ("an empty folder", "bad: holds no audio files"),
        ("no folder", "bad: no such folder"),
        ("unequal rates", "unequal rates: .*bad/0.wav ends at 4000 Hz"),
        ("unequal rates inside a set", "unequal rates: .*bad/low.wav ends at 5512.5 Hz"),
        ("a broken file", "bad/x.wav: not audio"),
        ("surround", "bad/0.wav: 6 channels"),
        ("not finite", "bad/0.wav: holds NaN"),
    ],
)
@pytest.mark.parametrize("side", [0, 1])
def test_a_bad_set_on_either_side_is_one_line(
    name: str, words: str, side: int, tmp_path: Path
) -> None:
    sets = bad_sets(name, tmp_path)
    done = call(
        *("fad", sets[1 - side], sets[side], "--plugin", write_plugin(tmp_path)),
        *("--embedding", "bands", "--results", tmp_path / "r"),
    )
    assert done.exit_code == 1
    message = str(done.exception)
    assert re.search(words, message), message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--embedding", "band"], "unknown embedding 'band' .did you mean 'bands'"),
        (["--channels", "lx"], "channels 'lx': give letters of lrms"),
        (["--channels", ""], "channels ''"),
        (["--seed", "-1"], "--seed -1"),
        (["--checkpoint", "weights.pt"], "'bands' has no weights; leave weights.pt out"),
        (["--embedding", "vggish"], "vggish-10086976.pth: no such checkpoint; download https"),
        (["--embedding", "vggish", "--checkpoint", "no.pt"], "no.pt: no such checkpoint"),
        (["--benchmark", "x"], "holds no benchmark"),
        (["--device", "tpu"], "device 'tpu'"),
    ],
)
def test_a_bad_option_is_one_line(
    options: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARMARK_CHECKPOINTS", str(tmp_path / "checkpoints"))
    good, _ = bad_sets("an empty folder", tmp_path)
    done = call(
        *("fad", good, good, "--plugin", write_plugin(tmp_path), "--results", tmp_path / "r"),
        *([] if "--embedding" in options else ["--embedding", "bands"]),
        *options,
    )
    assert done.exit_code == 1
    assert re.search(words, str(done.exception)), done.exception
    assert "\n" not in str(done.exception)


def test_a_checkpoint_that_is_no_folder_or_of_another_network_is_one_line(tmp_path: Path) -> None:
    real = write_set(tmp_path / "a", [noise(seed, 4) for seed in range(2)])
    write_bundle(tmp_path / "w" / ".index", tensorflow_names(MusicnnVgg(MSD_POOLS, 4, 5)))
    for path, words in (
        (tmp_path / "w", "not the VGG of musicnn"),
        (tmp_path / "none", "not a folder"),
        (tmp_path / "a", "cannot be read"),
    ):
        done = call("fad", real, real, "--checkpoint", path, "--results", tmp_path / "r")
        assert done.exit_code == 1
        assert words in str(done.exception)
        assert "\n" not in str(done.exception)
    assert not list((tmp_path / "r").rglob("*.npy"))


def test_a_checkpoint_of_ones_own_is_told_by_its_sha256(tmp_path: Path) -> None:
    real = write_set(tmp_path / "a", [noise(seed, 7) for seed in range(3)])
    made = write_set(tmp_path / "b", [noise(seed, 7, tilt=1) for seed in range(3)])
    write_bundle(tmp_path / "w" / ".index", tensorflow_names(MusicnnVgg(MSD_POOLS)))
    done = call(
        *("fad", real, made, "--checkpoint", tmp_path / "w", "--results", tmp_path / "r"),
        *("--channels", "m", "--json"),
    )
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["sha256"] == path_sha256(tmp_path / "w" / ".data-00000-of-00001")
    assert found["channels"][0]["n_evaluated"] == 6
    assert found["channels"][0]["dimensions"] == 256


def test_the_distance_from_python_is_that_of_the_command(tmp_path: Path) -> None:
    with registries_kept():
        found = compared(tmp_path, "--infinity", "--kad")
        made = em.fad(
            *(tmp_path / "real", tmp_path / "made"),
            embedding="bands",
            results=tmp_path / "r",
            infinity=True,
            kad=True,
        )
    assert json.loads(json.dumps(as_json(made))) == found
    frame = made.frame()
    assert list(frame["channel"]) == ["l", "r", "m", "s"]
    assert list(frame["fad"]) == [one["fad"] for one in found["channels"]]
    assert list(frame["noise_floor"]) == [one["noise_floor"]["value"] for one in found["channels"]]
    with pytest.raises(em.UserError, match="seed -1"):
        em.fad(tmp_path / "real", tmp_path / "made", seed=-1)
