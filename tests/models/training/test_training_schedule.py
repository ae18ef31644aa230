"""How a training steps: learning rates, optimisers, clipping, precision, memory, its state."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from training_audio import a_request, write_pairs
from training_runs import Silent, run_recipe, tiny_recipe, weights_of, written

from earmark.models.audio.losses import Losses, training_loss
from earmark.models.errors import UserError
from earmark.models.training import step as training_step
from earmark.models.training.batches import TrainingBatch
from earmark.models.training.step import Learner, check_memory, check_precision, learning_rate
from earmark.models.training.train import Limits, train
from earmark.models.training.training_file import Recipe, load_recipe

TCN: dict[str, Any] = {"channels": 2, "width": 4, "blocks": 2, "kernel": 3, "dry": True}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("training")
    write_pairs(folder / "pairs", 3)
    return folder


def tcn(**changes: Any) -> dict[str, Any]:
    recipe = tiny_recipe("waveunet", **changes)
    return recipe | {"architecture": "tcn", "hyperparameters": TCN}


def recipe_of(home: Path, **changes: Any) -> Recipe:
    return load_recipe(written(home, tcn(**changes)))


@given(st.integers(0, 200), st.integers(1, 300), st.integers(0, 50))
@settings(deadline=None, max_examples=40)
def test_the_cosine_rises_and_falls_to_a_fiftieth(
    warmup: int, steps: int, autoencoder: int
) -> None:
    recipe = Recipe.model_construct(
        learning_rate=0.01,
        warmup=warmup,
        steps=autoencoder + warmup + steps,
        autoencoder=autoencoder,
    )
    rates = [learning_rate(recipe, step, 0) for step in range(recipe.steps)]
    assert rates[:autoencoder] == [0.01] * autoencoder
    rising, falling = rates[autoencoder : autoencoder + warmup], rates[autoencoder + warmup :]
    assert rising == sorted(rising)
    assert falling == sorted(falling, reverse=True)
    assert falling[0] == pytest.approx(0.01)
    assert min(falling) >= 0.01 / 50
    assert learning_rate(recipe, recipe.steps, 0) == pytest.approx(0.01 / 50)


@pytest.mark.slow
def test_a_plateau_cuts_the_rate_after_so_many_flat_validations(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never_better(*arguments: Any) -> Losses:
        one = training_loss(*arguments)
        return Losses(one.total * 0 + 1, one.parts)

    monkeypatch.setattr(training_step, "training_loss", never_better)
    schedule = {"kind": "plateau", "factor": 0.5, "patience": 2}
    recipe = tcn(steps=20, validate_every=1, schedule=schedule, patience=5)
    # Stopped between two cuts: what has been flat so far is not forgotten.
    run_recipe(home, recipe, "plateau", Limits(steps=4))
    result, watch = run_recipe(home, recipe, "plateau")
    assert [one["learning_rate"] for one in watch.losses] == [0.005, 0.0025]
    assert (result.step, result.best_step, result.finished) == (6, 1, True)


def test_a_constant_rate_stays(home: Path) -> None:
    recipe = recipe_of(home, schedule={"kind": "constant"}, steps=100, warmup=1)
    assert [learning_rate(recipe, step, 3) for step in (0, 1, 99)] == [0.005, 0.01, 0.01]


def test_the_decay_of_adamw_shrinks_weights_without_a_gradient(home: Path) -> None:
    made = {"steps": 1, "loss": {"l1": 1e-12, "mrstft": 0, "loudness": 0}, "clip": None}
    kinds = {"adamw": 0.9, "adam": 0.0}
    ratios = {}
    for kind, decay in kinds.items():
        recipe = tcn(**made, optimizer=kind, weight_decay=decay, learning_rate=1.0)
        result, _ = run_recipe(home, recipe, f"decay-{kind}")
        weights = weights_of(result.folder / "best")
        ratios[kind] = float(weights["blocks.1.conv.weight"].abs().mean())
    assert ratios["adamw"] < 0.5 * ratios["adam"]


@pytest.mark.parametrize("clip", [1e-9, None])
def test_the_gradient_is_clipped_where_asked(home: Path, clip: float | None) -> None:
    recipe = recipe_of(home, clip=clip)
    seen: list[float] = []
    real = torch.nn.utils.clip_grad_norm_

    def noted(parameters: Any, limit: float) -> torch.Tensor:
        norm = real(parameters, limit)
        seen.append(limit)
        return norm

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.nn.utils, "clip_grad_norm_", noted)
        train(recipe, home / f"clip-{clip}", Silent())
    assert seen == [math.inf if clip is None else clip] * 2


@pytest.mark.slow
def test_bfloat16_trains_nearly_as_float32_does(home: Path) -> None:
    made = {"steps": 20, "validate_every": 20}
    losses = {}
    for precision in ("float32", "bf16"):
        _, watch = run_recipe(home, tcn(**made, precision=precision), precision)
        losses[precision] = watch.validations[-1][1]["loss"]
    assert losses["bf16"] == pytest.approx(losses["float32"], rel=0.05)
    assert losses["bf16"] != losses["float32"]


@pytest.mark.slow
def test_float16_leaves_out_a_step_that_overflows_and_halves_its_scale(home: Path) -> None:
    # The command refuses float16 on the CPU, where it is slow; its arithmetic is the same.
    recipe = recipe_of(home, precision="fp16", steps=50, schedule={"kind": "constant"})
    request = a_request(samples=4000, left=3, right=3, channels=2)
    learner = Learner(recipe, request, torch.device("cpu"))
    generator = torch.Generator().manual_seed(0)
    audio = 0.1 * torch.randn(2, 2, 4006, generator=generator)
    batch = TrainingBatch(audio, torch.tanh(3 * audio[..., 3:-3]), None)
    before = {key: value.clone() for key, value in learner.network.named_parameters()}
    learner.scaler.load_state_dict(learner.scaler.state_dict() | {"scale": 2.0**40})
    first = learner.step(0, batch, 0.01)
    assert learner.scaler.get_scale() == 2.0**39
    assert all(torch.equal(before[key], one) for key, one in learner.network.named_parameters())
    learner.scaler.load_state_dict(learner.scaler.state_dict() | {"scale": 2.0**10})
    losses = [learner.step(step, batch, 0.01)["loss"] for step in range(1, 40)]
    assert losses[-1] < 0.7 * first["loss"]
    other = Learner(recipe, request, torch.device("cpu"))
    other.put_state(learner.state())
    assert other.scaler.get_scale() == learner.scaler.get_scale()


def test_float16_on_the_cpu_is_refused_before_anything_is_written(home: Path) -> None:
    recipe = recipe_of(home, precision="fp16")
    with pytest.raises(UserError, match=r"precision fp16 needs a GPU .*; use float32 or bf16"):
        train(recipe, home / "half", Silent())
    assert not (home / "half").exists()
    check_precision(recipe, torch.device("cuda"))


def test_a_network_that_fits_to_run_but_not_to_train_is_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_step, "memory_bytes", lambda: 10**6)
    message = (
        "waveunet of this size has 70,000 parameters; to train them takes at least 1,120,000 "
        r"bytes \(0\.0 GB\), and cpu has 0\.0 GB; choose smaller"
    )
    recipe = Recipe.model_construct(name="big", architecture="waveunet")
    with pytest.raises(UserError, match=message):
        check_memory(recipe, 70_000, torch.device("cpu"))
    check_memory(recipe, 60_000, torch.device("cpu"))


def test_a_step_for_which_memory_does_not_suffice_is_one_line(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_much(*arguments: Any) -> Losses:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")

    monkeypatch.setattr(training_step, "training_loss", too_much)
    recipe = recipe_of(home)
    learner = Learner(recipe, a_request(samples=4000, channels=2), torch.device("cpu"))
    batch = TrainingBatch(torch.zeros(2, 2, 4500), torch.zeros(2, 2, 4000), None)
    with pytest.raises(UserError, match=r"memory ran out on cpu for 2 crops of 0\.25 s; lower"):
        learner.step(0, batch, 0.1)


def test_a_state_with_weights_that_are_not_finite_is_not_gone_on_from(home: Path) -> None:
    run_recipe(home, tcn(steps=4), "nan", Limits(steps=2))
    path = home / "nan" / "state.pt"
    state = torch.load(path, weights_only=True)
    state["learned"]["network"]["output.weight"][0] = torch.nan
    torch.save(state, path)
    with pytest.raises(UserError, match=r"state\.pt: .* values of output\.weight are not finite"):
        run_recipe(home, tcn(steps=4), "nan")


@pytest.mark.slow
def test_an_epoch_is_the_steps_that_hear_all_seconds_once(home: Path) -> None:
    # Two songs of 2 s to train on, 2 x 0.25 s a step.
    recipe = tcn(steps=17, validate_every="epoch", save_every="epoch")
    result, watch = run_recipe(home, recipe, "epochs")
    assert [step for step, _ in watch.validations] == [0, 8, 16, 17]
    assert {path.name for path in result.folder.glob("step_*")} == {
        "step_000008",
        "step_000016",
        "step_000017",
    }


@pytest.mark.slow
def test_a_lead_is_heard_and_not_scored(home: Path) -> None:
    for name, sizes in (("tcn", TCN), ("waveunet", {"width": 4, "levels": 2})):
        recipe = tcn(lead=0.1, steps=2) | {"architecture": name, "hyperparameters": sizes}
        with_lead, watch = run_recipe(home, recipe, f"lead-{name}")
        assert with_lead.finished
        without, other = run_recipe(home, recipe | {"lead": 0.0}, f"no-lead-{name}")
        assert without.finished
        assert watch.validations[0] == other.validations[0], "the songs as they are do not change"
