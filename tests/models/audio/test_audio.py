"""Reading, writing and resampling audio."""

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from earmark.models.audio.files import fit_length, info, match_channels, mel_filters, read, resample
from earmark.models.audio.files import write as write_audio
from earmark.models.errors import UserError


def noise(samples: int, channels: int = 2) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return 0.3 * torch.randn(channels, samples, generator=generator)


@pytest.mark.parametrize("channels", [1, 2])
def test_float_wav_keeps_every_sample_and_overs(tmp_path: Path, channels: int) -> None:
    audio = noise(1000, channels) * 10
    write_audio(tmp_path / "a.wav", audio, 44_100)
    back, rate = read(tmp_path / "a.wav")
    assert rate == 44_100
    assert torch.equal(back, audio)
    head = info(tmp_path / "a.wav")
    assert (head.channels, head.samples, head.seconds) == (channels, 1000, 1000 / 44_100)


@pytest.mark.parametrize(("suffix", "error"), [(".flac", 1e-6), (".ogg", 0.2), (".mp3", 0.3)])
def test_other_formats_are_read_and_written_at_any_length(
    tmp_path: Path, suffix: str, error: float
) -> None:
    time = torch.arange(300_000) / 44_100
    audio = (0.3 * torch.sin(2 * torch.pi * 440 * time)).repeat(2, 1)
    write_audio(tmp_path / f"a{suffix}", audio, 44_100)
    back, _ = read(tmp_path / f"a{suffix}")
    middle = slice(100_000, 200_000)
    assert (back[:, middle] - audio[:, middle]).abs().max() < error


def test_a_part_of_a_file_is_that_part(tmp_path: Path) -> None:
    audio = noise(1000)
    write_audio(tmp_path / "a.wav", audio, 8000)
    assert torch.equal(read(tmp_path / "a.wav", 100, 50)[0], audio[:, 100:150])
    assert read(tmp_path / "a.wav", 990, 50)[0].shape == (2, 10)
    assert read(tmp_path / "a.wav", 2000)[0].shape == (2, 0)


@given(st.integers(1, 3000), st.sampled_from([8000, 22_050, 44_100, 48_000, 96_000]))
@settings(max_examples=25, deadline=None)
def test_resampling_keeps_the_duration_to_half_a_sample(samples: int, rate: int) -> None:
    out = resample(noise(samples), 44_100, rate)
    assert abs(out.shape[-1] - samples * rate / 44_100) <= 0.5


def test_resampling_there_and_back_keeps_what_both_rates_hold() -> None:
    time = torch.arange(44_100, dtype=torch.float64) / 44_100
    tone = torch.sin(2 * torch.pi * 1000 * time)[None].float()
    back = resample(resample(tone, 44_100, 48_000), 48_000, 44_100)
    assert (back - tone)[:, 2000:-2000].abs().max() < 1e-5


def test_mono_is_repeated_stereo_is_averaged_and_more_is_refused() -> None:
    audio = noise(10)
    assert torch.equal(match_channels(audio[:1], 2), audio[:1].repeat(2, 1))
    assert torch.equal(match_channels(audio, 1), audio.mean(dim=0, keepdim=True))
    with pytest.raises(UserError, match="3 channels cannot become 2"):
        match_channels(noise(10, 3), 2)


def test_a_length_is_fitted_at_the_end() -> None:
    audio = noise(10)
    assert torch.equal(fit_length(audio, 4), audio[:, :4])
    assert torch.equal(fit_length(audio, 12)[:, :10], audio)
    assert not fit_length(audio, 12)[:, 10:].any()


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "empty"), (b"this is no audio", "not audio"), (None, "no such file")],
)
def test_a_file_that_is_no_audio_is_one_line(
    tmp_path: Path, content: bytes | None, says: str
) -> None:
    path = tmp_path / "a.wav"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=says) as caught:
        read(path)
    assert str(caught.value).startswith(str(path))


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be written"):
        write_audio(tmp_path / "no" / "such" / "a.wav", noise(10), 44_100)


def test_mel_filters_equal_another_library_and_leave_no_band_empty() -> None:
    import librosa

    ours = mel_filters(44_100, 2048, 128)
    theirs = librosa.filters.mel(sr=44_100, n_fft=2048, n_mels=128)
    torch.testing.assert_close(ours.T, torch.from_numpy(theirs), atol=1e-6, rtol=1e-4)
    with pytest.raises(ValueError, match="empty filter"):
        mel_filters(44_100, 256, 256)
