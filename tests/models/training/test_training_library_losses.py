"""Training with losses of auraloss: they are minimised, told, and part of what resumes."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from training_audio import write_pairs
from training_runs import run_recipe, tiny_recipe, weights_of, written

from earmark.models.audio import library_losses
from earmark.models.errors import UserError
from earmark.models.training import training_file
from earmark.models.training.train import Limits
from earmark.models.training.training_file import load_recipe

LIBRARY: dict[str, Any] = {
    "SumAndDifferenceSTFTLoss": 0.5,
    "RandomResolutionSTFTLoss": {"weight": 0.1, "max_fft_size": 2048},
}
NONE_OF_OURS: dict[str, Any] = {"mrstft": 0, "l1": 0, "loudness": 0}


def recipe(**changes: Any) -> dict[str, Any]:
    loss = NONE_OF_OURS | {"auraloss": LIBRARY}
    return tiny_recipe("waveunet", **{"steps": 6, "loss": loss, **changes})


@pytest.mark.slow
def test_a_training_by_the_library_alone_learns_and_tells_its_parts(tmp_path: Path) -> None:
    write_pairs(tmp_path / "pairs", 3)
    _, watch = run_recipe(tmp_path, recipe(steps=40, learning_rate=0.02), "run")
    (_, before), *_, (_, after) = watch.validations
    assert after["loss"] < before["loss"]
    parts = [f"auraloss:{name}" for name in LIBRARY]
    assert set(watch.losses[0]) == {"loss", "learning_rate", *parts}
    weighted = 0.5 * after[parts[0]] + 0.1 * after[parts[1]]
    assert after["loss"] == pytest.approx(weighted, rel=1e-5)
    assert "auraloss:SumAndDifferenceSTFTLoss" in (tmp_path / "run" / "curves.svg").read_text()
    card = json.loads((tmp_path / "run" / "best" / "model.json").read_text())
    told = card["training"]["recipe"]["loss"]
    assert told["auraloss"] == LIBRARY
    assert told["auraloss_version"] == library_losses.library_version()


@pytest.mark.slow
def test_a_stopped_training_with_random_resolutions_ends_with_the_same_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_pairs(tmp_path / "pairs", 3)
    run_recipe(tmp_path, recipe(), "whole")
    run_recipe(tmp_path, recipe(), "parts", Limits(steps=3))
    library_losses.built.cache_clear()
    run_recipe(tmp_path, recipe(), "parts")
    one, other = (weights_of(tmp_path / name / "step_000006") for name in ("whole", "parts"))
    assert all(torch.equal(one[name], other[name]) for name in one)
    for module in (library_losses, training_file):
        monkeypatch.setattr(module, "library_version", lambda: "9.9")
    with pytest.raises(UserError, match="was begun with another recipe"):
        run_recipe(tmp_path, recipe(), "parts")


def test_a_recipe_without_them_is_the_one_it_was(tmp_path: Path) -> None:
    write_pairs(tmp_path / "pairs", 3)
    loss = load_recipe(written(tmp_path, tiny_recipe("waveunet"))).said()["loss"]
    assert not [name for name in loss if "auraloss" in name]
