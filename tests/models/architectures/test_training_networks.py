"""What training asks of each architecture: two steps of all, crops as they are rendered, extras."""

from pathlib import Path
from typing import Any

import pytest
import torch
from networks_built import noise, small
from safetensors.torch import save_file
from training_runs import CONSOLE, EQCNN, HYBRID, TINY, run_recipe, tiny_recipe, weights_of
from training_runs import write_songs as write_all_songs

from earmark.models.architectures import Network, architecture_names, build_network
from earmark.models.architectures.hybrid import Hybrid
from earmark.models.checkpoints.folders import load_checkpoint
from earmark.models.errors import UserError


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("training")
    write_all_songs(folder)
    return folder


def test_every_architecture_is_trained_here() -> None:
    assert sorted(TINY) == architecture_names()


@pytest.mark.slow
@pytest.mark.parametrize("name", TINY)
def test_an_architecture_trains_two_steps_and_can_be_loaded(name: str, home: Path) -> None:
    result, watch = run_recipe(home, tiny_recipe(name), f"run-{name}")
    assert (result.step, result.best_step, result.finished) == (2, 2, True)
    assert all(0 < one["loss"] < 1000 for one in watch.losses)
    trained = load_checkpoint(result.folder / "best").network
    torch.manual_seed(0)
    fresh, _ = build_network(name, TINY[name][0])
    moved = [
        key
        for key, value in fresh.named_parameters()
        if not torch.equal(value, trained.get_parameter(key))
    ]
    assert moved, "a step must move the weights"


@pytest.mark.slow
def test_stems_of_different_number_make_one_batch(home: Path) -> None:
    for index in (2, 1):
        (home / "stems" / "song-0" / "stems" / f"{index}.wav").unlink()
    result, _ = run_recipe(home, tiny_recipe("dmc_basic", batch=4), "fewer")
    assert result.finished


CROPPED: dict[str, dict[str, Any]] = {
    "tcn": {"channels": 2, "width": 4, "blocks": 3, "kernel": 5},
    "waveunet": {"width": 4, "levels": 3},
    "waveunet_seed": {"width": 4, "levels": 3},
    "waveunet_demucs": {"channels": 2, "width": 2, "levels": 3},
    "eqcnn2018": EQCNN,
    "cafx": EQCNN | {"dense": [4], "activations": 2},
    "signaltrain": {"channels": 2, "scale": 1, "transform": 64, "hop": 16, "hidden": 8},
}


@pytest.mark.parametrize("name", CROPPED)
def test_a_crop_with_its_context_is_a_part_of_the_rendered_song(name: str) -> None:
    network = small(name, **CROPPED[name])
    left, right = network.around
    stride = network.geometry.stride
    samples = 2 * stride if name == "signaltrain" else 3000
    # A block begins at a multiple of the stride; what comes out of SignalTrain's does.
    start = -(-left // stride) * stride if name == "signaltrain" else left + 2 * stride
    song = noise(1, network.channels, start + samples + right + 2 * stride)
    with torch.no_grad():
        heard = song[..., start - left : start + samples + right]
        part = network.inside(heard, None, (left, right))
        whole = network(song)
    shift = left if network.geometry.mode == "context" else 0
    torch.testing.assert_close(
        part, whole[..., start - shift : start - shift + samples], atol=2e-5, rtol=1e-4
    )


def test_signaltrain_is_trained_on_the_last_quarter_of_its_chunks_alone() -> None:
    network = small("signaltrain", scale=1, transform=64, hop=16, hidden=8)
    left, right = network.around
    assert left + right + network.geometry.stride == network.receptive_field == 8192
    crop = noise(2, 1, left + network.geometry.stride + right)
    with torch.no_grad():
        assert network.inside(crop, None, (left, right)).shape == (2, 1, network.geometry.stride)


@pytest.mark.parametrize("name", ["hybrid_1a", "hybrid_1b", "hybrid_1c"])
def test_the_penalty_is_that_of_the_settings_that_made_the_output(name: str) -> None:
    network = small(name, **TINY[name][0])
    assert isinstance(network, Hybrid)
    audio = noise(2, 2, 4000)
    with torch.no_grad():
        out, penalty = network.penalised(audio, None)
        torch.testing.assert_close(out, network(audio))
        torch.testing.assert_close(penalty, network.penalty(audio))
    assert penalty.shape == (2,)
    assert bool((penalty > 0).all())


@pytest.mark.slow
def test_a_weighted_penalty_keeps_the_settings_small(home: Path) -> None:
    made: dict[str, Any] = {"steps": 20, "learning_rate": 0.03, "validate_every": 20}
    made["hyperparameters"] = HYBRID | {"dropout": 0}
    gains = []
    for weight in (0.0, 10.0):
        loss = {"l1": 5.0, "mrstft": 0, "penalty": weight}
        recipe = tiny_recipe("hybrid_1a", **made, loss=loss)
        result, watch = run_recipe(home, recipe, f"penalty-{weight}")
        network = load_checkpoint(result.folder / "best").network
        assert isinstance(network, Hybrid)
        gains.append(network.penalty(noise(1, 2, 8000)).mean().item())
        assert ("penalty" in watch.losses[0]) == (weight > 0)
    assert gains[1] < 0.8 * gains[0]


@pytest.mark.parametrize("name", ["eqcnn2018", "cafx"])
def test_the_first_steps_train_front_and_back_end_alone(name: str, home: Path) -> None:
    recipe = tiny_recipe(name, steps=4, autoencoder=3, save_every=1)
    result, watch = run_recipe(home, recipe, f"two-steps-{name}")
    first, third, last = (weights_of(result.folder / f"step_00000{n}") for n in (1, 3, 4))
    moved = {key for key in first if not torch.equal(first[key], third[key])}
    assert moved == {"front.weight", "front.bias", "bias"}
    assert {key for key in first if not torch.equal(third[key], last[key])} > moved
    assert [set(one) for one in watch.losses[:3]] == [{"loss", "learning_rate"}] * 3
    assert "mrstft" in watch.losses[3]
    assert [step for step, _ in watch.validations] == [0, 4]
    readme = (result.folder / "step_000003" / "README.md").read_text()
    assert "It has not been measured" in readme


@pytest.mark.slow
def test_the_autoencoder_learns_to_give_back_its_input(home: Path) -> None:
    recipe = tiny_recipe("eqcnn2018", steps=41, autoencoder=40, learning_rate=0.01)
    _, watch = run_recipe(home, recipe, "autoencoder")
    assert watch.losses[39]["loss"] < 0.5 * watch.losses[0]["loss"]


def encoder_file(folder: Path, **changes: Any) -> Path:
    """The encoder of a fresh console, moved away from where it begins."""
    console: Network = small("dmc_basic", seed=5, **(CONSOLE | changes))
    path = folder / "encoder.safetensors"
    save_file(dict(console.get_submodule("encoder").state_dict()), path)
    return path


def test_the_encoder_of_a_console_begins_with_weights_from_elsewhere(home: Path) -> None:
    path = encoder_file(home)
    # So little is learned in a step that what was given is still there.
    recipe = tiny_recipe("dmc_basic", steps=1, learning_rate=1e-12, encoder_weights=path.name)
    result, _ = run_recipe(home, recipe, "encoder")
    encoder = load_checkpoint(result.folder / "best").network.get_submodule("encoder")
    given = small("dmc_basic", seed=5, **CONSOLE).get_submodule("encoder").state_dict()
    for key, value in encoder.state_dict().items():
        torch.testing.assert_close(value, given[key])
    card = (result.folder / "best" / "model.json").read_text()
    assert str(home) not in card


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        ({"embedding": 5}, "weights are missing, not expected or of another shape"),
        (None, "are not finite numbers"),
    ],
)
def test_weights_that_do_not_fit_the_encoder_are_refused(
    spoil: dict[str, Any] | None, message: str, tmp_path: Path
) -> None:
    write_all_songs(tmp_path)
    path = encoder_file(tmp_path, **(spoil or {}))
    if spoil is None:
        state = small("dmc_basic", **CONSOLE).get_submodule("encoder").state_dict()
        save_file({key: value * torch.nan for key, value in state.items()}, path)
    with pytest.raises(UserError, match=message) as caught:
        run_recipe(tmp_path, tiny_recipe("dmc_basic", encoder_weights=path.name), "run")
    assert "\n" not in str(caught.value)
