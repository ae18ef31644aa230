"""Each format that is promised is read, whole and in part; M4A through ffmpeg, or one line."""

import os
import stat
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from earmark.cli import earmark
from earmark.models.audio import through_ffmpeg
from earmark.models.audio.files import FORMATS, SUFFIXES, info, read, readable
from earmark.models.audio.through_ffmpeg import Kept
from earmark.models.errors import UserError

RATE = 48_000
LOSSY = 0.05  # of the middle; encoders fade the ends
WRITTEN = {
    ".wav": ("WAV", "FLOAT", 0.0),
    ".flac": ("FLAC", "PCM_24", 1e-6),
    ".ogg": ("OGG", "VORBIS", LOSSY),
    ".mp3": ("MP3", "MPEG_LAYER_III", LOSSY),
    ".aif": ("AIFF", "FLOAT", 0.0),
    ".aifc": ("AIFF", "PCM_24", 1e-6),
    ".aiff": ("AIFF", "PCM_24", 1e-6),
    ".caf": ("CAF", "FLOAT", 0.0),
    ".opus": ("OGG", "OPUS", LOSSY),
    ".w64": ("W64", "FLOAT", 0.0),
}


def noise(seconds: float = 1.0) -> np.ndarray:
    """Soft and with a tone in it, so that a lossy format stays near: ``(samples, 2)``."""
    time = np.arange(round(seconds * RATE)) / RATE
    hiss = np.random.default_rng(0).normal(0, 0.002, (len(time), 2))
    return (0.4 * np.sin(2 * np.pi * 440 * time)[:, None] + hiss).astype(np.float32)


def an_m4a(path: Path) -> Path:
    """An empty box of the MP4 family: enough to be sent to ffmpeg."""
    path.write_bytes(b"\0\0\0\x18ftypM4A \0\0\0\0M4A mp42isom" + bytes(100))
    return path


def program(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """A program named ffmpeg, the only one that is found."""
    folder.mkdir(exist_ok=True)
    path = folder / "ffmpeg"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin")


@pytest.mark.parametrize("suffix", [one for one in SUFFIXES if one != ".m4a"])
def test_a_format_is_read_whole_and_any_part_is_that_part(tmp_path: Path, suffix: str) -> None:
    form, subtype, error = WRITTEN[suffix]
    path = tmp_path / f"a{suffix.upper()}"
    soundfile.write(path, noise(), RATE, format=form, subtype=subtype)
    audio, rate = read(path)
    assert (rate, audio.shape, info(path).samples) == (RATE, (2, RATE), RATE)
    fade = RATE // 10 if error == LOSSY else 0
    off = np.abs(audio.numpy().T - noise())[fade : RATE - fade]
    assert float(off.max()) <= error
    part, _ = read(path, 12_345, 6_789)
    assert part.equal(audio[:, 12_345 : 12_345 + 6_789])
    shown = CliRunner().invoke(earmark, ["measure", str(path), "--metrics", "lufs_integrated"])
    assert (shown.exit_code, shown.stderr) == (0, "")


def test_a_copy_in_a_later_format_stands_back_behind_the_first_ones() -> None:
    names = ["a.aiff", "A.wav", "b.opus", "b.caf", "c.mp3", "c.flac", "d.txt", "x/a.aiff"]
    kept = [path.as_posix() for path in readable(map(Path, names))]
    assert kept == ["A.wav", "b.opus", "b.caf", "c.mp3", "c.flac", "x/a.aiff"]


def test_m4a_without_ffmpeg_is_one_line_that_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = an_m4a(tmp_path / "a.m4a")
    monkeypatch.setenv("PATH", str(tmp_path))
    for reading in (read, info):
        with pytest.raises(UserError) as caught:
            reading(path)
        assert str(caught.value) == (
            f"{path}: M4A is read through ffmpeg, which is not installed; install ffmpeg, or "
            "convert the file to FLAC or WAV"
        )
    shown = CliRunner().invoke(earmark, ["measure", str(path)])
    assert shown.exit_code == 1
    assert shown.stderr.count("\n") == 1
    assert "which is not installed" in shown.stderr


def test_m4a_is_what_ffmpeg_writes_and_it_is_asked_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = an_m4a(tmp_path / "-odd: name.m4a")
    soundfile.write(tmp_path / "a.au", noise(), RATE, subtype="FLOAT", format="AU")
    asked = tmp_path / "asked"
    program(tmp_path / "bin", monkeypatch, f'echo "$@" >> "{asked}"; cat "{tmp_path}/a.au"')
    audio, rate = read(path)
    assert rate == RATE
    assert np.array_equal(audio.numpy().T, noise())
    assert read(path, 100, 50)[0].equal(audio[:, 100:150])
    assert info(path).samples == RATE
    (only,) = asked.read_text().splitlines()
    assert f"-f m4a -i file:{path}" in only


def test_a_file_that_ffmpeg_refuses_is_one_line_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = an_m4a(tmp_path / "a.m4a")
    program(tmp_path / "bin", monkeypatch, "echo '[in#0 @ 0x5] moov atom not found' >&2; exit 183")
    with pytest.raises(UserError, match=r"ffmpeg cannot read it \(moov atom not found\); convert"):
        read(path)


def test_an_ffmpeg_that_does_not_end_or_never_stops_writing_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = an_m4a(tmp_path / "a.m4a")
    monkeypatch.setattr(through_ffmpeg, "MOST_SECONDS", 0.2)
    program(tmp_path / "bin", monkeypatch, "exec sleep 600")
    with pytest.raises(UserError, match="ffmpeg cannot read it"):
        read(path)
    monkeypatch.setattr(through_ffmpeg, "MOST_SECONDS", 600)
    program(tmp_path / "bin", monkeypatch, "exec cat /dev/zero")
    with pytest.raises(UserError, match="decodes to more than"):
        through_ffmpeg.decoded(path, 1 << 20)


def test_what_is_kept_of_decoded_files_stays_within_its_limit() -> None:
    kept = Kept(10)
    keys = [(Path(name), 0, 0) for name in "abc"]
    for key in keys[:2]:
        kept.put(key, bytes(5))
    assert kept.get(keys[0]) == bytes(5)
    kept.put(keys[2], bytes(5))
    assert [kept.get(key) is None for key in keys] == [False, True, False]
    kept.put(keys[1], bytes(11))
    assert [kept.get(key) for key in keys] == [None] * 3


def test_the_formats_in_words_are_those_of_the_suffixes() -> None:
    named = {".aif": "AIFF", ".aifc": "AIFF", ".opus": "Opus"}
    said = [named.get(suffix, suffix[1:].upper()) for suffix in SUFFIXES]
    assert set(said) == set(FORMATS.split(", "))


@pytest.mark.slow
def test_an_m4a_that_breaks_off_is_refused_and_not_read_as_a_shorter_one(
    tmp_path: Path, ffmpeg: str
) -> None:
    soundfile.write(tmp_path / "a.wav", np.tile(noise(), (4, 1)), RATE, subtype="PCM_16")
    files = ("-i", str(tmp_path / "a.wav"), "-movflags", "+faststart", str(tmp_path / "a.m4a"))
    subprocess.run([ffmpeg, "-v", "error", *files], check=True)
    whole = (tmp_path / "a.m4a").read_bytes()
    (tmp_path / "cut.m4a").write_bytes(whole[: len(whole) // 2])
    assert info(tmp_path / "a.m4a").samples > 3 * RATE
    with pytest.raises(UserError, match="ffmpeg cannot read it"):
        info(tmp_path / "cut.m4a")


@pytest.mark.parametrize("codec", ["aac", "alac"])
def test_ffmpeg_itself_decodes_m4a(tmp_path: Path, ffmpeg: str, codec: str) -> None:
    soundfile.write(tmp_path / "a.wav", noise(), RATE, subtype="PCM_16")
    files = ("-i", str(tmp_path / "a.wav"), "-c:a", codec, str(tmp_path / "a.m4a"))
    subprocess.run([ffmpeg, "-v", "error", *files], check=True)
    audio, rate = read(tmp_path / "a.m4a")
    wave, _ = read(tmp_path / "a.wav")
    assert (rate, audio.shape[0]) == (RATE, 2)
    assert abs(audio.shape[1] - RATE) < 2048
    if codec == "alac":
        assert audio.equal(wave)
