"""Odd files: every rate, sample format and shape gives a value, a reason, or one line."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from earmark.evaluation.measure import FileScores, Reference, choose, measure_file
from earmark.evaluation.metrics import REASONS
from earmark.models.audio.cut_short import cut_short
from earmark.models.errors import UserError

GROUPS = ("default", "defects", "features")
ALONE = choose(GROUPS, compares=False)
RATES = (8000, 11025, 16000, 22050, 32000, 44100, 48000, 88200, 96000, 176400, 192000)
FORMATS = {
    **{f"WAV {one}": ("wav", "WAV", one) for one in ("PCM_U8", "PCM_16", "PCM_24", "PCM_32")},
    **{f"WAV {one}": ("wav", "WAV", one) for one in ("FLOAT", "DOUBLE", "ULAW", "ALAW")},
    "RF64": ("wav", "RF64", "PCM_24"),
    "WAVEX": ("wav", "WAVEX", "PCM_24"),
    "W64": ("w64", "W64", "FLOAT"),
    "AIFF": ("aiff", "AIFF", "PCM_16"),
    "CAF": ("caf", "CAF", "PCM_24"),
    "FLAC 8": ("flac", "FLAC", "PCM_S8"),
    "FLAC 16": ("flac", "FLAC", "PCM_16"),
    "FLAC 24": ("flac", "FLAC", "PCM_24"),
}


def sound(rate: int, seconds: float = 1.0, channels: int = 2) -> Any:
    """A tone and noise at about -14 dBFS, ``(samples, channels)``."""
    time = np.arange(round(seconds * rate)) / rate
    noise = np.random.default_rng(0).normal(0, 0.02, (len(time), channels))
    return 0.25 * np.sin(2 * math.pi * 440 * time)[:, None] + noise


def told(file: FileScores) -> dict[str, float | None]:
    """The values by label, after a look at the reasons."""
    for one in file.measurements:
        assert (one.value is None) == (one.reason in REASONS), (file.path, one)
        assert one.value is None or math.isfinite(one.value), one
    return {name: one.value for name, one in file.scores.items()}


@pytest.mark.parametrize("rate", RATES)
def test_every_rate_has_the_same_loudness_and_no_defect(tmp_path: Path, rate: int) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, sound(rate), rate, subtype="FLOAT")
    found = told(measure_file(path, ALONE))
    assert found["lufs_integrated"] == pytest.approx(-12.3, abs=0.6)
    assert found["clicks"] == found["dropouts"] == found["segment_clicks"] == 0


@pytest.mark.parametrize("name", FORMATS)
def test_every_sample_format_has_the_values_of_the_float_file(tmp_path: Path, name: str) -> None:
    suffix, form, subtype = FORMATS[name]
    plain, path = tmp_path / "plain.wav", tmp_path / f"a.{suffix}"
    soundfile.write(plain, sound(44100, 0.6), 44100, subtype="FLOAT")
    soundfile.write(path, sound(44100, 0.6), 44100, format=form, subtype=subtype)
    metrics = choose(("lufs_integrated", "sample_peak_dbfs", "stereo_correlation"), compares=False)
    expected, found = (told(measure_file(one, metrics)) for one in (plain, path))
    coarse = subtype in ("PCM_U8", "PCM_S8", "ULAW", "ALAW")
    for label, value in expected.items():
        assert found[label] == pytest.approx(value, abs=0.4 if coarse else 1e-3), label


@pytest.mark.parametrize("samples", [1, 2, 3, 63, 64, 65, 1023, 17639, 17640])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_every_length_and_width_has_a_value_or_a_reason(
    tmp_path: Path, samples: int, channels: int
) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, sound(44100, 1.0, channels)[:samples] + 0.1, 44100, subtype="FLOAT")
    told(measure_file(path, ALONE))
    if samples in (1, 65, 17640):
        told(measure_file(path, choose(GROUPS, compares=True), Reference(path)))


@pytest.mark.parametrize("value", [math.nan, math.inf, 0.0])
def test_samples_that_are_no_sound_have_a_reason_everywhere(tmp_path: Path, value: float) -> None:
    audio = sound(44100)
    audio[:] = audio if value else 0.0
    audio[1000] = value
    path = tmp_path / "a.wav"
    soundfile.write(path, audio, 44100, subtype="FLOAT")
    found = measure_file(path, ALONE)
    told(found)
    reasons = {one.reason for one in found.measurements if one.value is None}
    # In silence what counts has a count of nothing, and no loudness has a level.
    assert reasons <= ({"non_finite"} if value else {"silent", "too_short"})


def test_seven_channels_and_no_samples_are_one_line(tmp_path: Path) -> None:
    seven, empty = tmp_path / "seven.wav", tmp_path / "empty.wav"
    soundfile.write(seven, sound(8000, 1.0, 7), 8000)
    soundfile.write(empty, np.zeros((0, 2)), 8000)
    for path, says in ((seven, "7 channels"), (empty, "0 samples")):
        with pytest.raises(UserError, match=says) as caught:
            measure_file(path, ALONE)
        assert "\n" not in str(caught.value)
        assert str(path) in str(caught.value)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.98])
@pytest.mark.parametrize("suffix", ["flac", "wav", "ogg", "aiff", "caf", "w64", "opus", "rf64"])
def test_a_truncated_file_is_one_line_and_never_a_shorter_song(
    tmp_path: Path, suffix: str, share: float
) -> None:
    path = tmp_path / f"a.{'wav' if suffix == 'rf64' else suffix}"
    coded = {"format": "OGG", "subtype": "OPUS"} if suffix == "opus" else {}
    coded = {"format": "RF64"} if suffix == "rf64" else coded
    soundfile.write(path, sound(48000, 2.0), 48000, **coded)
    assert measure_file(path, ALONE[:1]).seconds == pytest.approx(2.0, abs=0.05)
    whole = path.read_bytes()
    path.write_bytes(whole[: round(share * len(whole))])
    with pytest.raises(UserError) as caught:
        measure_file(path, ALONE)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("length", [0, 0xFFFFFFFF])
def test_a_length_that_a_recorder_left_open_is_no_promise(tmp_path: Path, length: int) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, sound(44100, 1.0), 44100, subtype="PCM_16")
    data = bytearray(path.read_bytes())
    at = data.index(b"data") + 4
    data[at : at + 4] = length.to_bytes(4, "little")
    path.write_bytes(data)
    assert cut_short(path) == ""


@pytest.mark.slow
def test_an_hour_is_measured(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    rate = 8000
    with soundfile.SoundFile(path, "w", rate, 1, "PCM_16") as out:
        minute = sound(rate, 60.0, 1)
        for _ in range(60):
            out.write(minute)
    names = ("lufs_integrated", "true_peak_dbtp", "clipped_runs", "dropouts", "dr_db", "psr_median")
    found = told(measure_file(path, choose(names, compares=False)))
    assert found["lufs_integrated"] == pytest.approx(-15.3, abs=0.6)
    assert found["dropouts"] == 0
