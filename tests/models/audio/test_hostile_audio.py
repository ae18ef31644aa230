"""Audio files that lie about their length, swell when they are decoded, or kill the decoder."""

import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from failing_decoder import CRASHES, HOGS, LOOPS, failing_decoder

from earmark.models.audio import files, trial_decoding
from earmark.models.audio.files import read
from earmark.models.audio.trial_decoding import undecodable
from earmark.models.errors import UserError

RATE = 48_000


def silence(path: Path, seconds: float = 1.0) -> Path:
    soundfile.write(path, np.zeros((round(seconds * RATE), 2)), RATE)
    return path


def lying(path: Path) -> Path:
    """A FLAC file of a second whose header claims 2^36 - 1 samples: 550 GB once decoded."""
    data = bytearray(silence(path).read_bytes())
    data[21] |= 0x0F
    data[22:26] = b"\xff" * 4
    path.write_bytes(data)
    return path


def test_a_header_that_claims_hours_takes_no_memory_for_them(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"lie\.flac: the audio (breaks off|is damaged)"):
        read(lying(tmp_path / "lie.flac"))
    audio, _ = read(tmp_path / "lie.flac", 100, 1000)
    assert audio.shape == (2, 1000)


@pytest.mark.parametrize("start", [0, 7])
@pytest.mark.parametrize("samples", [None, 1, 100_000, 10**9])
def test_block_by_block_is_the_same_as_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: int, samples: int | None
) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.random.default_rng(0).uniform(-1, 1, (123_456, 2)), RATE)
    once, _ = read(path, start, samples)
    monkeypatch.setattr(files, "_SMALL_BYTES", 0)
    monkeypatch.setattr(files, "_LIKELY_RATIO", 0)
    monkeypatch.setattr(files, "_READ_BLOCK", 1000)
    blocks, _ = read(path, start, samples)
    assert once.equal(blocks)


def test_what_swells_beyond_half_the_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = silence(tmp_path / "s.flac", 60)
    assert path.stat().st_size * 300 < 60 * RATE * 8
    monkeypatch.setattr(files, "_SMALL_BYTES", 0)
    monkeypatch.setattr("os.sysconf", lambda name: 2000)
    with pytest.raises(UserError, match=r"s\.flac: decodes to more than 0 GB, half of"):
        read(path)


def test_honest_damaged_and_lying_files_do_not_end_the_trial(tmp_path: Path) -> None:
    text = tmp_path / "no.wav"
    text.write_text("no audio")
    paths = [silence(tmp_path / "a.wav"), text, lying(tmp_path / "b.flac"), tmp_path / "gone.wav"]
    assert list(undecodable(paths)) == []


@pytest.mark.slow
def test_a_decoder_that_crashes_or_never_ends_is_told_by_file_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails = {"crash.flac": CRASHES, "hog.flac": HOGS, "loop.flac": LOOPS}
    monkeypatch.setattr(trial_decoding, "_DECODER", failing_decoder(tmp_path, fails))
    names = ["a.flac", "crash.flac", "b.flac", "hog.flac", "loop.flac", "c.flac"]
    found = dict(undecodable([tmp_path / name for name in names], seconds=5))
    assert {path.name: what.split()[0] for path, what in found.items()} == {
        "crash.flac": "crashed", "hog.flac": "crashed", "loop.flac": "did",
    }  # fmt: skip


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_the_trial_has_a_limit_of_memory() -> None:
    import subprocess

    from earmark.models.audio import trial_decoder

    call = [sys.executable, "-P", "-c", "import sys; sys.path.insert(0, sys.argv[1]); "
            "import trial_decoder as t; t.limit_memory(4 << 30); bytearray(8 << 30)"]  # fmt: skip
    place = str(Path(trial_decoder.__file__).parent)
    done = subprocess.run([*call, place], capture_output=True, text=True, check=False)
    assert "MemoryError" in done.stderr


def test_a_decoder_that_does_not_start_says_nothing_of_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "decoder.py"
    broken.write_text("import a_module_that_is_not_there\n")
    monkeypatch.setattr(trial_decoding, "_DECODER", broken)
    with pytest.raises(UserError, match=r"audio files cannot be tried: .*decoder\.py .* not start"):
        list(undecodable([silence(tmp_path / "a.wav")]))


def test_a_limit_of_memory_that_the_system_refuses_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import resource

    from earmark.models.audio.trial_decoder import limit_memory

    def refuses(*_: object) -> None:
        raise ValueError("not allowed to raise maximum limit")

    monkeypatch.setattr(resource, "setrlimit", refuses)
    limit_memory(1 << 32)
