"""Networks of others can be trained on, and see their controls in their own range."""

from pathlib import Path
from typing import Any

import pytest
from torch import Tensor
from training_audio import RATE
from training_runs import CONTROLS, PAIRS, STEMS, STRIP, run_recipe, tiny_recipe, write_songs

from earmark.models.architectures import published_names
from earmark.models.architectures.published.microtcn import MicroTCN
from earmark.models.checkpoints.folders import load_checkpoint

# Sizes, and what each learns from.
TINY: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "automix_dmc": ({"n_channels": 2}, STEMS),
    "demucs": ({"channels": 4, "depth": 2}, PAIRS),
    "microtcn": ({"nblocks": 2, "dilation_growth": 2, "channel_width": 4}, STRIP),
    "microtcn_lstm": ({"hidden_size": 4}, STRIP),
    "mixwaveunet": ({"ch_growth": 2, "layers": 2, "ninputs": 4}, STEMS),
    "waveunet_f90": ({"num_channels": [8, 16], "target_output_size": 400}, PAIRS),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("training")
    write_songs(folder)
    return folder


def recipe_of(name: str) -> dict[str, Any]:
    sizes, songs = TINY[name]
    system = {"sample_rate": 44_100 if name == "automix_dmc" else RATE}
    controls = {"controls": CONTROLS} if songs is STRIP else {}
    said = {"name": name, "architecture": name, "hyperparameters": sizes, "songs": songs}
    return tiny_recipe("tcn") | said | {"system": system | controls}


def test_every_published_architecture_is_trained_here() -> None:
    assert sorted(TINY) == published_names()


@pytest.mark.slow
@pytest.mark.parametrize("name", TINY)
def test_a_published_network_trains_two_steps_and_can_be_loaded(name: str, home: Path) -> None:
    result, watch = run_recipe(home, recipe_of(name), f"run-{name}")
    assert (result.step, result.finished) == (2, True)
    assert all(0 < one["loss"] < 1000 for one in watch.losses)
    load_checkpoint(result.folder / "best")


def test_controls_are_trained_in_the_range_that_is_rendered(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Tensor] = []
    forward = MicroTCN.forward

    def watched(network: MicroTCN, audio: Tensor, controls: Tensor | None = None) -> Tensor:
        if controls is not None:
            seen.append(controls)
        return forward(network, audio, controls)

    monkeypatch.setattr(MicroTCN, "forward", watched)
    run_recipe(home, recipe_of("microtcn"), "run-controls")
    values = [float(one) for controls in seen for one in controls.flatten()]
    assert len(values) >= 8
    # Drawn over all of their range, which is 0 to 1 here and not -1 to 1.
    assert 0 <= min(values) < 0.5 < max(values) <= 1
