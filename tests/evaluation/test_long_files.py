"""A long file is measured block by block: the values of the whole, in little memory."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from earmark.evaluation import long_files, measure
from earmark.evaluation.batches import Place
from earmark.evaluation.long_files import MEASURED, in_blocks, measure_long
from earmark.evaluation.metrics import select
from earmark.models.audio import files
from earmark.models.audio.files import read, write
from earmark.models.errors import UserError


def noise(channels: int, samples: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    swell = 0.02 + 0.3 * torch.sin(torch.arange(samples) / 30000).square()
    return torch.randn(channels, samples, generator=generator) * swell


def in_parts(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    original = files.blocks
    monkeypatch.setattr(long_files, "blocks", lambda path: original(path, size))


@pytest.mark.parametrize("size", [997, 4096, 44100, 1 << 20])
@pytest.mark.parametrize(("channels", "rate"), [(2, 44100), (1, 48000), (6, 22050), (2, 96000)])
def test_blocks_give_the_values_of_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, channels: int, rate: int
) -> None:
    path = tmp_path / "a.wav"
    audio = noise(channels, 180001)
    audio[0, 5] = 1.25  # an over, near a true peak at the very start
    audio[-1, -1] = -1.5  # and one that rings out after the end
    write(path, audio, rate)
    metrics = select(list(MEASURED))
    whole = measure.measure_file(path, metrics)
    in_parts(monkeypatch, size)
    about, found = measure_long(path, metrics)
    assert (about.sample_rate, about.channels, about.samples) == (rate, channels, 180001)
    assert not found.failures
    assert len(found.measurements) == len(whole.measurements) == len(MEASURED)
    for one, other in zip(found.measurements, whole.measurements, strict=True):
        assert (one.metric, one.reason) == (other.metric, other.reason)
        assert (one.value or 0.0) == pytest.approx(other.value or 0.0, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("sound", ["silent", "mono twice", "opposite", "not finite"])
def test_what_is_undefined_has_the_reason_of_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sound: str
) -> None:
    audio = noise(2, 150000)
    if sound == "silent":
        audio[:] = 0
    elif sound == "not finite":
        audio[1, 100000] = float("nan")
    else:
        audio[1] = audio[0] if sound == "mono twice" else -audio[0]
    write(tmp_path / "a.wav", audio, 44100)
    metrics = select(list(MEASURED))
    whole = measure.measure_file(tmp_path / "a.wav", metrics)
    in_parts(monkeypatch, 30000)
    _, found = measure_long(tmp_path / "a.wav", metrics)
    assert [(one.metric, one.reason) for one in found.measurements] == [
        (one.metric, one.reason) for one in whole.measurements
    ]
    assert any(one.reason for one in found.measurements)


def test_long_files_go_block_by_block_and_keep_their_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    original = long_files.measure_long

    def counted(path: Path, metrics: object) -> object:
        seen.append(path.name)
        return original(path, metrics)  # type: ignore[arg-type]

    monkeypatch.setattr(measure, "measure_long", counted)
    monkeypatch.setattr(long_files, "LONG_BYTES", 2 * 4 * 50000)
    paths = [tmp_path / f"{name}.wav" for name in ("a", "long", "gone", "b")]
    for path, samples in zip(paths, (40000, 60000, 0, 40000), strict=True):
        if samples:
            write(path, noise(2, samples), 44100)
    metrics = select("sample_peak_dbfs")
    found = list(measure.measure_files(paths, metrics))
    assert seen == ["long.wav"]
    assert [isinstance(one, UserError) for one in found] == [False, False, True, False]
    assert [one.seconds for one in found if not isinstance(one, UserError)] == [
        40000 / 44100,
        60000 / 44100,
        40000 / 44100,
    ]
    reference = measure.Reference(paths[1])
    list(measure.measure_files(paths[1:2], select("mae"), reference, Place()))
    assert seen == ["long.wav"], "a comparison needs the whole"


def test_metrics_with_other_parameters_or_of_others_need_the_whole() -> None:
    assert in_blocks(select(list(MEASURED)))
    assert not in_blocks(select([{"name": "true_peak_dbtp", "interpolator": "annex2"}]))
    assert not in_blocks(select(["lra", "mae"]))


def test_blocks_of_a_file_are_its_audio(tmp_path: Path) -> None:
    write(tmp_path / "a.wav", noise(2, 10007), 44100)
    for size in (1, 10007, 10008, 333):
        joined = torch.cat(list(files.blocks(tmp_path / "a.wav", size)), dim=1)
        assert torch.equal(joined, read(tmp_path / "a.wav")[0])
