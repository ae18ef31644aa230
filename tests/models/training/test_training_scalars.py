"""TensorBoard is an extra: with it the curves are written, without it a training loses nothing."""

import math
import sys
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from training_audio import write_pairs
from training_runs import run_recipe, tiny_recipe, weights_of, written

from earmark.cli import earmark
from earmark.models.errors import UserError
from earmark.models.training.scalars import require_tensorboard

RECIPE = tiny_recipe("waveunet", steps=2, validate_every=2, save_every=2)


@pytest.fixture
def without_tensorboard(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the extra is not installed."""
    for name in [one for one in sys.modules if one.startswith("torch.utils.tensorboard")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tensorboard", None)


def test_the_scalars_are_the_losses_of_the_training(tmp_path: Path) -> None:
    write_pairs(tmp_path / "pairs", 3)
    _, watch = run_recipe(tmp_path, RECIPE, "run")
    found = EventAccumulator(str(tmp_path / "run"))
    found.Reload()
    scalars = found.Scalars("train/loss")
    assert [one.step for one in scalars] == [1, 2]
    for scalar, losses in zip(scalars, watch.losses, strict=True):
        assert math.isclose(scalar.value, losses["loss"], rel_tol=1e-6)
    assert found.Scalars("unprocessed/loss")[0].step == 0
    assert found.Scalars("validation/mrstft")[-1].step == 2


def test_a_training_without_the_extra_ends_with_the_same_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    write_pairs(tmp_path / "pairs", 3)
    run_recipe(tmp_path, RECIPE, "with")
    request.getfixturevalue("without_tensorboard")
    run_recipe(tmp_path, RECIPE, "without")
    assert list((tmp_path / "with").glob("events.*"))
    assert not list((tmp_path / "without").glob("events.*"))
    assert (tmp_path / "without" / "curves.svg").is_file()
    one, other = (weights_of(tmp_path / name / "best") for name in ("with", "without"))
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.usefixtures("without_tensorboard")
def test_the_command_says_what_to_install_where_it_is_missing(tmp_path: Path) -> None:
    write_pairs(tmp_path / "pairs", 3)
    recipe = written(tmp_path, RECIPE)
    arguments = ["train", str(recipe), "--runs", str(tmp_path / "runs")]
    refused = CliRunner().invoke(earmark, [*arguments, "--tensorboard"])
    assert isinstance(refused.exception, UserError)
    assert "\n" not in str(refused.exception)
    assert "pip install 'earmark[tensorboard]'" in str(refused.exception)
    assert not (tmp_path / "runs").exists()
    done = CliRunner().invoke(earmark, arguments, catch_exceptions=False)
    assert "curves.svg, or TensorBoard after pip install" in done.output


def test_with_the_extra_the_option_is_granted() -> None:
    require_tensorboard()
