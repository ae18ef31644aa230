"""Training: learning, resuming to the same weights, stopping, and the network that ships."""

import json
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from click.testing import CliRunner
from places import ROOT
from torch import Tensor
from training_audio import RATE, write_pairs

from earmark.cli.terminal.training_progress import interrupts
from earmark.cli.train import train as command
from earmark.models.audio.losses import Losses, mrstft_distance, training_loss
from earmark.models.audio.loudness import integrated_loudness
from earmark.models.checkpoints.folders import CheckpointOptions, load_checkpoint
from earmark.models.demo_songs.songs import demo_song
from earmark.models.errors import UserError
from earmark.models.rendering.runner import run
from earmark.models.systems.contract import Material, SystemSpec, build
from earmark.models.training import step as training_step
from earmark.models.training.train import Limits, TrainingResult, train
from earmark.models.training.training_file import LossWeights, Recipe, Schedule, load_recipe

EXAMPLE = ROOT / "examples" / "training" / "tcn.yaml"
TOY: dict[str, Any] = {
    "earmark": 1,
    "name": "toy",
    "architecture": "tcn",
    "hyperparameters": {"channels": 2, "width": 4, "blocks": 2, "kernel": 3, "dry": True},
    "system": {"sample_rate": RATE, "input_lufs": -20},
    "songs": {"folder": "pairs"},
    "steps": 12,
    "batch": 2,
    "crop": 0.6,
    "learning_rate": 0.05,
    "warmup": 2,
    "validate_every": 4,
    "save_every": 6,
}


class Silent:
    """A watch that keeps what it is told."""

    def __init__(self) -> None:
        self.validations: list[tuple[int, dict[str, float]]] = []
        self.steps: list[int] = []

    def songs(self, done: int, total: int) -> None:
        return

    def started(self, step: int, steps: int, songs: str) -> None:
        return

    def step(self, step: int, losses: dict[str, float]) -> None:
        self.steps.append(step)

    def validated(self, step: int, values: dict[str, float]) -> None:
        self.validations.append((step, values))


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    return write_pairs(tmp_path / "pairs")


def a_recipe(tmp_path: Path, **changes: Any) -> Path:
    path = tmp_path / "train.yaml"
    path.write_text(yaml.safe_dump({**TOY, **changes}, sort_keys=False))
    return path


def trained(
    tmp_path: Path, run_folder: str, limits: Limits | None = None, **more: Any
) -> TrainingResult:
    recipe = load_recipe(a_recipe(tmp_path, **more))
    return train(recipe, tmp_path / run_folder, Silent(), limits)


def weights_of(folder: Path) -> dict[str, Tensor]:
    return dict(load_checkpoint(folder).network.state_dict())


def same(one: Path, other: Path) -> bool:
    first, second = weights_of(one), weights_of(other)
    return all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.usefixtures("pairs")
def test_training_lowers_the_validation_loss(tmp_path: Path) -> None:
    watch = Silent()
    recipe = load_recipe(a_recipe(tmp_path, steps=30, validate_every=30))
    result = train(recipe, tmp_path / "run", watch)
    (first, before), *_, (last, after) = watch.validations
    assert (first, last) == (0, 30)
    assert after["loss"] < 0.8 * before["loss"]
    assert result.finished
    assert (result.best, result.unprocessed) == (after["loss"], before["loss"])


@pytest.mark.slow
@pytest.mark.usefixtures("pairs")
def test_a_training_leaves_checkpoints_that_say_where_they_come_from(tmp_path: Path) -> None:
    trained(tmp_path, "run")
    folders = sorted(path.name for path in (tmp_path / "run").iterdir() if path.is_dir())
    assert folders == ["best", "step_000006", "step_000012"]
    card = json.loads((tmp_path / "run" / "best" / "model.json").read_text())
    about = card["training"]
    assert about["step"] in (4, 8, 12)
    assert len(about["data"]) == 64
    assert about["songs"] == "4 songs, validated on 1 others"
    assert about["recipe"]["learning_rate"] == 0.05
    assert about["versions"]["torch"]
    assert set(about["validation"]) == {"loss", "mrstft", "l1", "loudness"}
    assert str(tmp_path) not in json.dumps(card)
    assert list((tmp_path / "run").glob("events.out.tfevents.*"))
    assert load_checkpoint(tmp_path / "run" / "step_000006").spec.step == 6


@pytest.mark.slow
@pytest.mark.usefixtures("pairs")
def test_the_same_recipe_trains_the_same_weights(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        trained(tmp_path, folder)
    assert same(tmp_path / "one" / "step_000012", tmp_path / "two" / "step_000012")
    trained(tmp_path, "three", seed=1)
    assert not same(tmp_path / "one" / "step_000012", tmp_path / "three" / "step_000012")


class KilledError(Exception):
    """Stands for a kill: nothing after it runs."""


def kill_after(calls: int) -> Callable[[], bool]:
    left = iter(range(calls))

    def stop() -> bool:
        if next(left, None) is None:
            raise KilledError
        return False

    return stop


@pytest.mark.slow
@pytest.mark.usefixtures("pairs")
@pytest.mark.parametrize(
    "first",
    [
        Limits(steps=5),
        Limits(seconds=0),
        Limits(stop=iter([False, False, True]).__next__),
        Limits(stop=kill_after(3)),
        Limits(stop=kill_after(7)),
        Limits(stop=kill_after(9)),
    ],
    ids=["max steps", "seconds", "Ctrl-C", "killed at 4", "killed at 8", "killed at 10"],
)
def test_a_training_that_goes_on_ends_with_the_same_weights(tmp_path: Path, first: Limits) -> None:
    whole = trained(tmp_path, "whole")
    try:
        part = trained(tmp_path, "parts", first)
        assert not part.finished
        assert 0 < part.step < 12
    except KilledError:
        pass
    rest = trained(tmp_path, "parts")
    assert rest.finished
    assert (rest.step, rest.best_step, rest.best) == (12, whole.best_step, whole.best)
    for folder in ("step_000012", "best"):
        assert same(tmp_path / "whole" / folder, tmp_path / "parts" / folder)


@pytest.mark.slow
@pytest.mark.usefixtures("pairs")
def test_a_finished_training_does_no_more_work(tmp_path: Path) -> None:
    trained(tmp_path, "run")
    watch = Silent()
    before = sorted(path.name for path in (tmp_path / "run").iterdir())
    result = train(load_recipe(a_recipe(tmp_path)), tmp_path / "run", watch)
    assert result.finished
    assert watch.steps == []
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == before


@pytest.mark.slow
@pytest.mark.usefixtures("pairs")
def test_another_recipe_does_not_go_on_in_the_same_folder(tmp_path: Path) -> None:
    trained(tmp_path, "run", Limits(steps=6))
    with pytest.raises(UserError, match="begun with another recipe"):
        trained(tmp_path, "run", learning_rate=0.01)
    state = tmp_path / "run" / "state.pt"
    state.write_bytes(state.read_bytes()[:1000])
    with pytest.raises(UserError, match=r"state\.pt: damaged; remove it to begin again"):
        trained(tmp_path, "run")


@pytest.mark.slow
@pytest.mark.usefixtures("pairs")
def test_patience_ends_a_training_that_no_longer_improves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never_better(*arguments: Any) -> Losses:
        one = training_loss(*arguments)
        return Losses(one.total * 0 + 1, one.parts)

    monkeypatch.setattr(training_step, "training_loss", never_better)
    result = trained(tmp_path, "run", patience=1)
    assert (result.step, result.best_step, result.finished) == (8, 4, True)


@pytest.mark.slow
@pytest.mark.usefixtures("pairs")
def test_a_training_that_diverges_stops_and_keeps_what_was_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained(tmp_path, "run", Limits(steps=6))
    kept = (tmp_path / "run" / "state.pt").read_bytes()

    def broken(*arguments: Any) -> Losses:
        one = training_loss(*arguments)
        return Losses(one.total * torch.nan, one.parts)

    monkeypatch.setattr(training_step, "training_loss", broken)
    with pytest.raises(
        UserError, match=r"toy: the training diverged at step 7 \(loss nan, gradient nan\); lower"
    ):
        trained(tmp_path, "run")
    assert (tmp_path / "run" / "state.pt").read_bytes() == kept


@pytest.mark.slow
@pytest.mark.usefixtures("pairs")
def test_the_command_trains_goes_on_and_begins_again(tmp_path: Path) -> None:
    recipe = a_recipe(tmp_path)
    base = [str(recipe), "--runs", str(tmp_path / "runs"), "--device", "cpu"]
    runner = CliRunner()
    first = runner.invoke(command, [*base, "--max-steps", "4"], catch_exceptions=False)
    assert "Stopped at step 4; the same command without a limit goes on." in first.output
    second = runner.invoke(command, base, catch_exceptions=False)
    assert "Going on from step 4" in second.output
    assert "runs/toy/best" in second.output
    assert re.search(
        r"Best of the validated steps: \d+, loss [\d.]+; the songs as they are: [\d.]+",
        second.output,
    )
    third = runner.invoke(command, [*base, "--fresh", "--max-steps", "1"], catch_exceptions=False)
    assert "Going on" not in third.output
    assert [path.name for path in (tmp_path / "runs" / "toy").glob("step_*")] == ["step_000001"]


def test_ctrl_c_is_noted_once_and_interrupts_the_second_time() -> None:
    before = signal.getsignal(signal.SIGINT)  # what runs in the background ignores it
    with interrupts() as pressed:
        assert not pressed()
        os.kill(os.getpid(), signal.SIGINT)
        assert pressed()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_the_example_recipe_is_that_of_the_shipped_network() -> None:
    recipe: Recipe = load_recipe(EXAMPLE)
    options = CheckpointOptions(shipped="tcn")
    assert options.path is not None
    card = json.loads((options.path / "model.json").read_text())
    assert recipe.description.model_dump(mode="json") == {
        name: card[name] for name in ("architecture", "hyperparameters", "system")
    }
    made = card["training"]["recipe"]
    assert Recipe.model_validate(made).said() == recipe.said()
    demo = recipe.songs.demo
    assert demo is not None
    assert demo.seed >= 1000, "the demo's songs, of seed 0, must be unheard"
    assert demo.validation_seed >= 1000


@pytest.mark.slow
@pytest.mark.parametrize("index", [0, 4])
def test_the_shipped_network_beats_the_mix_on_songs_it_has_not_heard(index: int) -> None:
    song = demo_song(0, index, 6.0)
    network = build(SystemSpec("tcn", "checkpoint", CheckpointOptions(shipped="tcn")))
    out = run(network, Material(song.mix, 44_100)).audio
    target = song.reference

    def distance(audio: Tensor) -> float:
        return float(mrstft_distance(audio[None], target[None]))

    def loudness_error(audio: Tensor) -> float:
        levels = [float(integrated_loudness(one, 44_100)) for one in (audio, target)]
        return abs(levels[0] - levels[1])

    assert distance(out) < 0.6 * distance(song.mix)
    assert loudness_error(out) < 0.6 * loudness_error(song.mix)


def test_every_key_of_a_training_file_is_documented() -> None:
    text = (EXAMPLE.parent.parent.parent / "docs" / "training.md").read_text(encoding="utf-8")
    models = (Recipe, LossWeights, Schedule)
    keys = [key for model in models for key in model.model_fields]
    assert [key for key in keys if f"`{key}`" not in text] == []
