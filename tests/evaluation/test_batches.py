"""Batches on a device: order, shapes, what cannot be read, and a device without room."""

import logging
from pathlib import Path

import pytest
import torch
from torch import Tensor

from earmark.evaluation import batches
from earmark.evaluation.batches import Piece, Place, Unread, measure_all
from earmark.evaluation.measure import Reference, choose, measure_file, measure_files
from earmark.evaluation.metrics import Analysis, measure_batch, select
from earmark.models.audio.files import write
from earmark.models.errors import UserError

RATE = 22050


def noise(seed: int, samples: int = 12000, channels: int = 2) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 0.1 * torch.randn(channels, samples, generator=generator)


def items(sounds: list[Tensor]) -> list[Unread[int]]:
    return [Unread(at, lambda one=one: (one, RATE)) for at, one in enumerate(sounds)]  # type: ignore[misc]


def sizes(monkeypatch: pytest.MonkeyPatch, most: int = 1000) -> list[int]:
    """How many items each batch had; a batch of more than ``most`` has no room."""
    seen: list[int] = []
    original = measure_batch

    def counted(analysis: Analysis, *rest: object) -> object:
        seen.append(len(analysis.audio))
        if len(analysis.audio) > most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return original(analysis, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(batches, "measure_batch", counted)
    return seen


def test_neighbours_of_one_shape_are_a_batch_and_the_order_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = sizes(monkeypatch)
    sounds = [noise(0), noise(1), noise(2, 9000), noise(3, channels=1), noise(4), noise(5)]
    done = list(measure_all(items(sounds), select("sample_peak_dbfs"), None, Place()))
    assert seen == [2, 1, 1, 2]
    for at, (one, sound) in enumerate(zip(done, sounds, strict=True)):
        assert isinstance(one, Piece)
        assert (one.key, one.channels, one.samples) == (at, *sound.shape)
        peak = 20 * torch.log10(sound.abs().max().double()).item()
        assert one.found.measurements[0].value == pytest.approx(peak)


def test_a_device_without_room_gets_half_as_many_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    seen = sizes(monkeypatch, most=2)
    place = Place("cpu", 8)
    with caplog.at_level(logging.WARNING):
        done = list(measure_all(items([noise(n) for n in range(9)]), select("mae"), None, place))
    assert seen == [8, 4, 2, 2, 2, 2, 1]
    assert [one.key for one in done if isinstance(one, Piece)] == list(range(9))
    assert [record.getMessage() for record in caplog.records] == [
        "cpu: out of memory with a batch of 8; going on with 4",
        "cpu: out of memory with a batch of 4; going on with 2",
    ]
    list(measure_all(items([noise(n) for n in range(4)]), select("mae"), None, place))
    assert seen[7:] == [2, 2], "what was learnt is kept"


def test_no_room_for_a_single_file_is_an_error_with_its_mend(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sizes(monkeypatch, most=0)
    with pytest.raises(UserError, match=r"out of memory with a single file .* --device cpu"):
        list(measure_all(items([noise(0)]), select("mae"), None, Place()))


def test_what_cannot_be_read_is_an_error_at_its_place() -> None:
    def broken() -> tuple[Tensor, int]:
        raise UserError("b.wav: the audio is damaged")

    mixed = [*items([noise(0)]), Unread(7, broken), *items([noise(1)])]
    first, second, third = measure_all(mixed, select("overs"), None, Place())
    assert isinstance(first, Piece)
    assert isinstance(third, Piece)
    assert isinstance(second, tuple)
    assert (second[0], str(second[1])) == (7, "b.wav: the audio is damaged")


@pytest.mark.parametrize("batch", [0, 1, 3])
def test_files_have_the_values_that_they_have_alone(tmp_path: Path, batch: int) -> None:
    target = tmp_path / "reference.wav"
    write(target, noise(0), RATE)
    paths = []
    for number in range(5):
        paths.append(tmp_path / f"{number}.wav")
        write(paths[-1], 0.8 * noise(0) + 0.1 * noise(number + 1), RATE)
    double = tmp_path / "double.wav"
    write(double, noise(0, 24000), 2 * RATE)
    short = tmp_path / "short.wav"
    write(short, noise(0, 6000), RATE)
    paths[3:3] = [double, tmp_path / "nowhere.wav", short]
    metrics, reference = choose([], compares=True), Reference(target)
    together = list(measure_files(paths, metrics, reference, Place("cpu", batch)))
    assert [str(one).partition(":")[0] for one in together if isinstance(one, UserError)] == [
        str(tmp_path / "nowhere.wav"),
        str(short),
    ]
    for path, one in zip(paths, together, strict=True):
        if isinstance(one, UserError):
            continue
        alone = measure_file(path, metrics, Reference(target))
        assert (one.path, one.sample_rate, one.seconds) == (path, alone.sample_rate, alone.seconds)
        assert one.scores.keys() == alone.scores.keys()
        for name, value in one.scores.items():
            assert value.reason == alone.scores[name].reason
            assert (value.value or 0.0) == pytest.approx(alone.scores[name].value or 0.0, rel=1e-9)


def test_memory_says_how_many_fit() -> None:
    assert Place().size(1) == batches.MOST
    assert Place().size(100 << 20) == 1
    assert Place("cpu", 5).size(100 << 20) == 5
    place = Place("cpu", 8)
    place.halve(8)
    assert place.size(1) == 4
