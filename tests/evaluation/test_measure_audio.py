"""``earmark.measure``: arrays as files, and one line for each that is no audio."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch

import earmark as em

RATE = 22050


def wave(channels: int = 2, seconds: float = 1.0, seed: int = 0) -> np.ndarray[Any, Any]:
    """Noise, float32 ``(channels, samples)``."""
    draw = np.random.default_rng(seed)
    return draw.normal(0, 0.1, (channels, round(seconds * RATE))).astype(np.float32)


def values(frame: pd.DataFrame) -> list[tuple[Any, ...]]:
    return list(frame.fillna(-1.0).itertuples(index=False, name=None))


def test_an_array_measures_as_its_file_does(tmp_path: Path) -> None:
    audio, other = wave(seed=1), wave(seed=2)
    for name, one in (("a.wav", audio), ("b.wav", other)):
        soundfile.write(tmp_path / name, one.T, RATE, subtype="FLOAT")
    of_files = em.measure(tmp_path / "a.wav", reference=str(tmp_path / "b.wav"))
    of_arrays = em.measure(audio, RATE, reference=other)
    mixed = em.measure(audio, RATE, reference=tmp_path / "b.wav")
    assert values(of_files) == values(of_arrays) == values(mixed)
    assert {"raw", "aligned"} == set(of_files["variant"])
    assert of_files["value"].dtype == np.float64


@pytest.mark.parametrize(
    "changed", [torch.from_numpy, np.float64, lambda a: torch.tensor(a).double()]
)
def test_tensors_and_double_precision_measure_as_float32(changed: Any) -> None:
    audio = wave()
    assert values(em.measure(changed(audio), RATE)) == values(em.measure(audio, RATE))


def test_a_vector_is_one_channel() -> None:
    audio = wave(channels=1)
    assert values(em.measure(audio[0], RATE)) == values(em.measure(audio, RATE))


@pytest.mark.parametrize(
    ("kind", "middle", "full"),
    [(np.uint8, 128, 128), (np.int8, 0, 128), (np.int16, 0, 32768), (np.int32, 0, 2**31)],
)
def test_integers_are_divided_by_the_full_scale_of_their_type(
    kind: Any, middle: int, full: int
) -> None:
    whole = np.clip(np.rint(wave() * full) + middle, np.iinfo(kind).min, np.iinfo(kind).max)
    whole = whole.astype(kind)
    floats = ((whole.astype(np.float64) - middle) / full).astype(np.float32)
    assert values(em.measure(whole, RATE)) == values(em.measure(floats, RATE))


def test_views_of_an_array_are_taken_and_left_as_they_are() -> None:
    audio = wave()
    backwards = audio[:, ::-1]
    kept = backwards.copy()
    assert values(em.measure(backwards, RATE)) == values(em.measure(kept, RATE))
    np.testing.assert_array_equal(audio[:, ::-1], kept)
    audio.flags.writeable = False
    em.measure(audio, RATE, metrics="sample_peak_dbfs")


@pytest.mark.parametrize(
    ("audio", "message"),
    [
        (wave().T, r"\(22050, 2\) looks like \(samples, channels\).*give audio\.T"),
        (wave()[None], r"\(1, 2, 22050\) is a batch of one; give its item: audio\[0\]"),
        (np.stack([wave(), wave()]), r"has 3 axes; give \(channels, samples\)"),
        (np.zeros(()), "has 0 axes"),
        (np.zeros((2, 0), np.float32), "holds no samples"),
        (wave(channels=7), "has 7 channels; up to 6"),
        (np.where(np.arange(RATE) == 7, np.nan, wave()), "2 of 44100 samples are NaN.*sample 7"),
        (np.where(np.arange(RATE) == 7, -np.inf, wave()), "are NaN or infinite"),
        (wave() * 32768, "full scale is 1.0; divide by the full scale of your samples"),
        ((wave() * 32768).astype(np.int64), "int64 samples have no full scale"),
        (wave() > 0, "bool samples have no full scale"),
        (wave().astype(np.complex64), "complex64 samples have no full scale"),
        (np.array(["a", "b"]), "is not audio; give float32"),
        ([0.0, 0.1], "list is not audio; give a NumPy array or a tensor"),
    ],
)
def test_what_is_no_audio_is_refused_in_one_line(audio: Any, message: str) -> None:
    with pytest.raises(em.UserError, match=f"^audio: .*{message}") as error:
        em.measure(audio, RATE)
    assert "\n" not in str(error.value)


def test_a_bad_reference_is_called_reference() -> None:
    with pytest.raises(em.UserError, match=r"^reference: .*looks like \(samples, channels\)"):
        em.measure(wave(), RATE, reference=wave().T)
    with pytest.raises(em.UserError, match=r"1\.000 s long, its reference reference 2\.000 s"):
        em.measure(wave(), RATE, reference=wave(seconds=2.0))


@pytest.mark.parametrize("rate", [None, 0, -1, 44100.5, float("nan"), "44100", True])
def test_a_sample_rate_is_a_whole_number_of_hertz(rate: Any) -> None:
    with pytest.raises(em.UserError, match=r"sample_rate"):
        em.measure(wave(), rate)


def test_a_file_says_its_sample_rate_itself(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", wave().T, RATE, subtype="FLOAT")
    em.measure(tmp_path / "a.wav", RATE, metrics="sample_peak_dbfs")
    with pytest.raises(em.UserError, match="has 22050 Hz and sample_rate is 44100"):
        em.measure(tmp_path / "a.wav", 44100)


def test_a_metric_is_chosen_by_name_and_a_wrong_one_is_refused() -> None:
    found = em.measure(wave(), RATE, metrics=["lufs_integrated", "crest_factor_db"])
    assert list(found["metric"]) == ["lufs_integrated", "crest_factor_db"]
    with pytest.raises(em.UserError, match="did you mean 'lufs_integrated'"):
        em.measure(wave(), RATE, metrics="lufs_integratd")
    with pytest.raises(em.UserError, match="compares with a reference; give one"):
        em.measure(wave(), RATE, metrics="esr")


def test_silence_has_no_value_and_says_why() -> None:
    found = em.measure(np.zeros((2, RATE)), RATE, metrics="lufs_integrated")
    assert found["value"].isna().all()
    assert list(found["reason"]) == ["silent"]
