"""Batches of a training: decided by step and place alone, by however many processes."""

import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Generator, Tensor
from training_audio import a_request, write_pairs
from training_runs import run_recipe, tiny_recipe, weights_of, write_songs

from earmark.models.errors import UserError
from earmark.models.training.batches import (
    Batches,
    TrainingBatch,
    load,
    mixed_up,
    one_thread,
    side_by_side,
)
from earmark.models.training.train import Limits
from earmark.models.training_data import DataRequest, TrainingItem
from earmark.models.training_data.items import AudioParts


@dataclass(frozen=True)
class Numbers:
    """Data whose items are what their generator says; SIMULATED."""

    request: DataRequest
    broken: bool = False
    key: str = "numbers"
    summary: str = "SIMULATED"
    seconds: float = 1.0
    validation_items: int = 1
    audio: AudioParts = ((), ())

    def item(self, generator: Generator) -> TrainingItem:
        if self.broken:
            raise UserError("songs/one.wav: the audio is damaged")
        drawn = torch.randn(1, self.request.total, generator=generator)
        return TrainingItem(drawn, drawn[:, : self.request.samples])

    def held_out(self, index: int) -> TrainingItem:
        return self.item(torch.Generator().manual_seed(index))


REQUEST = a_request(samples=64, left=0, right=0)


def batches(**changes: Any) -> Batches:
    return Batches(Numbers(REQUEST, changes.pop("broken", False)), REQUEST, 7, 3, **changes)


def same(one: TrainingBatch, other: TrainingBatch) -> bool:
    return torch.equal(one.audio, other.audio) and torch.equal(one.target, other.target)


def test_a_step_has_the_same_batch_whatever_came_before() -> None:
    all_of_them = list(load(batches(), range(5), 0))
    late = list(load(batches(), range(3, 5), 0))
    assert same(all_of_them[3], late[0])
    assert same(all_of_them[4], late[1])
    assert not same(all_of_them[3], all_of_them[4])
    items = torch.cat([one.audio for one in all_of_them])
    assert len(torch.unique(items[:, 0, 0])) == len(items), "no item stands twice"


@pytest.mark.slow
def test_loader_processes_make_the_same_batches_in_order() -> None:
    here = list(load(batches(mixup=0.4), range(2, 7), 0))
    there = list(load(batches(mixup=0.4), range(2, 7), 2))
    assert len(there) == 5
    assert all(same(one, other) for one, other in zip(here, there, strict=True))


@pytest.mark.parametrize("workers", [0, 1])
def test_what_is_wrong_with_a_song_is_one_line_from_any_process(workers: int) -> None:
    with pytest.raises(UserError) as caught:
        next(load(batches(broken=True), range(2), workers))
    assert str(caught.value) == "songs/one.wav: the audio is damaged"


@pytest.mark.slow
def test_a_training_with_loader_processes_ends_with_the_same_weights(tmp_path: Path) -> None:
    write_songs(tmp_path)
    recipe = tiny_recipe("tcn", steps=4, mixup=0.4)
    alone, _ = run_recipe(tmp_path, recipe, "alone")
    run_recipe(tmp_path, recipe, "several", Limits(steps=1))
    several, _ = run_recipe(tmp_path, recipe | {"workers": 2}, "several")
    assert (several.step, several.best) == (4, alone.best)
    one, other = (weights_of(found.folder / "step_000004") for found in (alone, several))
    assert all(torch.equal(one[key], other[key]) for key in one)


@dataclass(frozen=True)
class Deadly(Numbers):
    """Data that ends the process which reads it, as the kernel does when memory is short."""

    def item(self, generator: Generator) -> TrainingItem:
        os.kill(os.getpid(), signal.SIGKILL)
        return super().item(generator)


@pytest.mark.slow
def test_a_loader_process_that_is_killed_is_told_in_one_line() -> None:
    with pytest.raises(UserError, match="lower workers in the training file") as caught:
        next(load(Batches(Deadly(REQUEST), REQUEST, 7, 3), range(2), 1))
    assert "\n" not in str(caught.value)


def a_batch(size: int = 4) -> TrainingBatch:
    audio = torch.randn(size, 1, 50, generator=torch.Generator().manual_seed(1))
    return TrainingBatch(audio, 2 * audio, audio[:, 0, :3])


def test_mixup_blends_input_target_and_controls_by_the_same_shares() -> None:
    batch = a_batch()
    mixed = mixed_up(batch, 0.4, 3)
    torch.testing.assert_close(mixed.target, 2 * mixed.audio)
    assert mixed.controls is not None
    torch.testing.assert_close(mixed.controls, mixed.audio[:, 0, :3])
    assert not torch.equal(mixed.audio, batch.audio)
    # Each item is a convex sum of two: least squares finds shares that add up to one.
    shares = torch.linalg.lstsq(batch.audio[:, 0].T, mixed.audio[:, 0].T).solution
    torch.testing.assert_close(shares.sum(dim=0), torch.ones(4), atol=1e-4, rtol=0)
    assert bool((shares > -1e-4).all())
    assert int((shares > 1e-3).sum(dim=0).max()) <= 2


def test_a_small_parameter_of_mixup_leaves_most_items_whole() -> None:
    ones = torch.eye(256)[:, None]
    untouched = []
    for beta in (0.05, 20.0):
        mixed = mixed_up(TrainingBatch(ones, ones, None), beta, 1)
        torch.testing.assert_close(mixed.audio.sum(dim=-1), torch.ones(256, 1))
        untouched.append((mixed.audio.amax(dim=-1) > 0.95).float().mean().item())
    assert untouched[0] > 0.7
    assert untouched[1] < 0.1


def item(stems: int = 0, controls: Tensor | None = None) -> TrainingItem:
    shape = (stems, 1, 64) if stems else (1, 64)
    return TrainingItem(torch.ones(shape), torch.ones(1, 64), controls)


def test_a_song_with_fewer_stems_gets_silent_ones() -> None:
    request = a_request(samples=64, left=0, right=0, stems=True)
    batch = side_by_side([item(stems=2), item(stems=3)], request)
    assert batch.audio.shape == (2, 3, 1, 64)
    assert float(batch.audio[0, 2].abs().max()) == 0.0
    assert float(batch.audio[0, :2].min()) == 1.0


KNOBS = {"drive": (0.0, 10.0, 5.0), "tone": (-1.0, 3.0, 0.0)}


def test_controls_are_scaled_to_the_range_of_the_network() -> None:
    request = a_request(samples=64, left=0, right=0, controls=KNOBS)
    batch = side_by_side(
        [item(controls=torch.tensor(values)) for values in ([0.0, 3.0], [5.0, 0.0])], request
    )
    assert batch.controls is not None
    assert batch.controls.tolist() == [[-1.0, 1.0], [0.0, -0.5]]


@pytest.mark.parametrize(
    ("controls", "message"),
    [
        (torch.tensor([11.0, 0.0]), "control 'drive' is 11 in the songs, outside the 0 to 10 of"),
        (torch.tensor([1.0, -1.5]), "control 'tone' is -1.5 in the songs"),
        (torch.tensor([torch.nan, 0.0]), "control 'drive' is nan"),
        (torch.tensor([1.0]), "the songs give 1 controls and the network has 2 \\(drive, tone\\)"),
        (None, "the songs give 0 controls"),
    ],
)
def test_a_control_outside_its_range_is_refused(controls: Tensor | None, message: str) -> None:
    request = a_request(samples=64, left=0, right=0, controls=KNOBS)
    with pytest.raises(UserError, match=message):
        side_by_side([item(controls=controls)], request)


def test_items_are_made_with_one_thread_and_others_come_back() -> None:
    before = torch.get_num_threads()
    with one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before


def test_a_song_that_was_damaged_after_the_start_is_told(tmp_path: Path) -> None:
    write_songs(tmp_path)
    run_recipe(tmp_path, tiny_recipe("waveunet", steps=2), "run", Limits(steps=1))
    for song in write_pairs(tmp_path / "other", 3).glob("*/mix.wav"):
        song.write_bytes(song.read_bytes()[:3000])
    with pytest.raises(UserError, match=r"mix\.wav: "):
        run_recipe(tmp_path, tiny_recipe("waveunet", songs={"folder": "other"}), "run-2")
