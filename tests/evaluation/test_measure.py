"""``earmark measure``: files in, a table or JSON out, one line for each that cannot be measured."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result

from earmark.cli import earmark
from earmark.evaluation.measure import Reference, choose, measure_file
from earmark.evaluation.metrics import METRICS
from earmark.models.errors import UserError

RATE = 22050


def wave(seed: int = 0, seconds: float = 3.5, channels: int = 2) -> Any:
    """Noise, ``(samples, channels)``."""
    generator = np.random.default_rng(seed)
    return generator.normal(0, 0.1, (round(seconds * RATE), channels)).astype(np.float32)


def save(path: Path, audio: Any, rate: int = RATE) -> Path:
    soundfile.write(path, audio, rate, subtype="FLOAT")
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(earmark, ["measure", *map(str, arguments)])


def test_json_has_the_schema_that_is_promised(tmp_path: Path) -> None:
    files = [save(tmp_path / "a.wav", wave(0)), save(tmp_path / "b.wav", wave(1, 1.0))]
    done = run(*files, "--metrics", "lufs_integrated,lra", "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert set(found) == {"schema", "files"}
    assert found["schema"] == 1
    first, second = found["files"]
    assert set(first) == {"path", "sample_rate", "channels", "seconds", "scores"}
    assert (first["path"], first["sample_rate"], first["channels"]) == (str(files[0]), RATE, 2)
    assert first["seconds"] == pytest.approx(3.5)
    assert list(first["scores"]) == ["lufs_integrated", "lra"]
    assert first["scores"]["lra"]["reason"] is None
    assert first["scores"]["lra"]["unit"] == "LU"
    assert second["scores"]["lra"] == {
        "value": None,
        "unit": "LU",
        "reason": "too_short",
        "version": METRICS["lra"].version,
    }
    assert second["scores"]["lufs_integrated"]["value"] < -5


def test_without_a_reference_all_default_metrics_of_audio_are_measured(tmp_path: Path) -> None:
    done = run(save(tmp_path / "a.wav", wave()), "--json")
    scores = json.loads(done.stdout)["files"][0]["scores"]
    assert list(scores) == [
        name for name, one in METRICS.items() if one.needs == "audio" and one.default
    ]


def test_with_a_reference_distances_stand_raw_and_aligned(tmp_path: Path) -> None:
    path = save(tmp_path / "a.wav", wave(0) / 2)
    reference = save(tmp_path / "reference.wav", wave(0))
    done = run(path, "--reference", reference, "--metrics", "mae, lufs_error", "--json")
    scores = json.loads(done.stdout)["files"][0]["scores"]
    assert list(scores) == ["mae", "mae (aligned)", "lufs_error"]
    assert scores["mae"]["value"] > 0.03
    assert scores["mae (aligned)"]["value"] == pytest.approx(0.0, abs=1e-5)
    assert scores["lufs_error"]["value"] == pytest.approx(-6.02, abs=0.01)


def test_identical_files_are_infinitely_alike_and_that_is_valid_json(tmp_path: Path) -> None:
    path = save(tmp_path / "a.wav", wave())
    done = run(path, "--reference", path, "--metrics", "snr_db", "--json")
    score = json.loads(done.stdout, parse_constant=pytest.fail)["files"][0]["scores"]["snr_db"]
    assert (score["value"], score["reason"]) == (None, "infinite")


def test_the_table_has_a_row_for_each_metric_and_a_column_for_each_file(tmp_path: Path) -> None:
    files = [save(tmp_path / f"take [{at}].wav", wave(at, 1.0)) for at in range(12)]
    done = run(*files)
    assert done.exit_code == 0, done.output
    head, _, *lines = done.stdout.strip().splitlines()
    assert all(path.name in head for path in files)
    assert [line.split()[0] for line in lines] == [
        name for name, one in METRICS.items() if one.needs == "audio" and one.default
    ]
    (lra,) = (line for line in lines if line.split()[0] == "lra")
    assert lra.count("– (too_short)") == 12


def test_a_bad_file_is_one_line_and_the_others_are_measured(tmp_path: Path) -> None:
    good = save(tmp_path / "good.wav", wave())
    text = tmp_path / "text.wav"
    text.write_text("not audio")
    empty = tmp_path / "empty.wav"
    empty.touch()
    wide = save(tmp_path / "wide.wav", wave(0, 1.0, 7))
    done = run(text, empty, wide, good, tmp_path / "absent.wav", "--json")
    assert done.exit_code == 1
    assert [Path(one["path"]).name for one in json.loads(done.stdout)["files"]] == ["good.wav"]
    errors = done.stderr.strip().splitlines()
    assert len(errors) == 4
    assert all(line.startswith(f"Error: {tmp_path}") for line in errors)
    assert "7 channels; up to 6 (5.1)" in errors[2]


def test_samples_that_are_nan_are_a_reason_not_a_number(tmp_path: Path) -> None:
    audio = wave()
    audio[100] = np.nan
    done = run(save(tmp_path / "a.wav", audio), "--json")
    scores = json.loads(done.stdout)["files"][0]["scores"]
    assert {one["reason"] for one in scores.values()} == {"non_finite"}


def test_a_reference_at_another_rate_is_resampled_and_that_is_said(tmp_path: Path) -> None:
    slow = wave(0).cumsum(axis=0) / 50
    path = save(tmp_path / "a.wav", slow)
    double = np.repeat(slow, 2, axis=0)
    reference = save(tmp_path / "reference.wav", double, 2 * RATE)
    done = run(path, path, "--reference", reference, "--metrics", "lufs_error", "--json")
    assert done.exit_code == 0, done.stderr
    assert done.stderr.count("a.wav: resampled from 22050 to 44100 Hz to compare") == 2
    score = json.loads(done.stdout)["files"][0]["scores"]["lufs_error"]
    assert score["value"] == pytest.approx(0.0, abs=0.2)


def test_another_length_than_the_reference_is_an_error_line(tmp_path: Path) -> None:
    path = save(tmp_path / "a.wav", wave(0, 1.06))
    reference = save(tmp_path / "reference.wav", wave(0, 1.0))
    done = run(path, "--reference", reference)
    assert done.exit_code == 1
    assert "1.060 s long, its reference" in done.stderr
    near = save(tmp_path / "near.wav", wave(0, 1.04))
    assert run(near, "--reference", reference).exit_code == 0


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["lufs"], "unknown metric 'lufs'"),
        (["mae"], "'mae' compares with a reference; give one"),
        (["rtf"], "'rtf' is not a property of a file"),
    ],
)
def test_metrics_that_cannot_be_measured_are_refused(names: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        choose(names, compares=False)


def test_a_broken_reference_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    reference = tmp_path / "reference.wav"
    reference.write_text("not audio")
    with pytest.raises(UserError, match="not audio that can be read"):
        Reference(reference)


def test_surround_gets_its_loudness(tmp_path: Path) -> None:
    path = save(tmp_path / "surround.wav", wave(0, 1.0, 6))
    found = measure_file(path, choose([], compares=False)).scores
    assert found["lufs_integrated"].value is not None
    assert found["stereo_width_db"].reason == "not_stereo"


def test_a_plug_in_adds_metrics(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("mean_sample", "broken"):
        monkeypatch.delitem(METRICS, name, raising=False)
    plugin = tmp_path / "mine.py"
    plugin.write_text(
        "from earmark.evaluation.metrics import metric\n\n"
        '@metric(unit="FS")\n'
        "def mean_sample(audio, sample_rate):\n"
        '    """Mean of all samples."""\n'
        "    return float(audio.mean())\n\n"
        "@metric\n"
        "def broken(audio, sample_rate):\n"
        '    """Fails."""\n'
        "    return audio.nonsense\n"
    )
    path = save(tmp_path / "a.wav", wave() + np.float32(0.5))
    try:
        done = run(path, "--plugin", plugin, "--metrics", "mean_sample", "--json")
        assert done.exit_code == 0, done.stderr
        score = json.loads(done.stdout)["files"][0]["scores"]["mean_sample"]
        assert score["value"] == pytest.approx(0.5, abs=0.01)
        failed = run(path, "--plugin", plugin, "--metrics", "broken")
        assert failed.exit_code == 1
        assert "metric 'broken' fails: AttributeError" in failed.stderr
    finally:
        for name in ("mean_sample", "broken"):
            METRICS.pop(name, None)
