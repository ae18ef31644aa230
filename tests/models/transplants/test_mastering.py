"""The hybrid's weights of others: their settings to rounding, their songs through the runner."""

from pathlib import Path
from typing import Any

import pytest
import torch
from networks_built import noise, rendered, small
from transplanted import CASES, by_hybrid, deviation, golden, opened, written

from earmark.models.errors import UserError
from earmark.models.rendering.runner import run
from earmark.models.systems.contract import Material

PHASES = {"npm_1a": "hybrid_1a", "npm_1b": "hybrid_1b", "npm_1c": "hybrid_1c"}


@pytest.mark.parametrize("name", PHASES)
def test_settings_latent_and_residual_differ_by_rounding_only(name: str, tmp_path: Path) -> None:
    one = golden(name)
    system = opened(written(tmp_path, one), PHASES[name])
    with torch.no_grad():
        pairs = by_hybrid(system, one)
    # The limit of the output is the noise of the original's equaliser, which runs in float32.
    exact = pairs[:4] + (pairs[4:5] if name != "npm_1a" else [])
    assert max(deviation(out, wanted) for out, wanted in exact) <= 1e-5


@pytest.mark.parametrize("name", PHASES)
@pytest.mark.parametrize("chunk", [1000, 4096])
def test_the_runner_gives_what_the_original_gives(name: str, chunk: int, tmp_path: Path) -> None:
    one = golden(name)
    system = opened(written(tmp_path, one), PHASES[name])
    for item in range(2):
        out = run(system, Material(one.arrays["input"][item], 44_100), chunk=chunk).audio
        assert deviation(out, one.arrays["output"][item]) <= CASES[name].limit


def test_what_is_rendered_of_clipping_bands_is_what_is_trained() -> None:
    sizes: dict[str, Any] = {"encoder": (8, 12), "latent": 10, "hidden": (16,), "bands": 4}
    network = small("hybrid_1a", **sizes, clip_bands=True, frequency="linear", shelves=False)
    torch.nn.init.constant_(network.get_parameter("equaliser.gain.bias"), 1.0)
    audio = noise(2, 6_000, level=0.5)
    with torch.no_grad():
        trained = network(audio[None])[0]
    torch.testing.assert_close(rendered(network, audio), trained, atol=2e-5, rtol=0)
    assert float(trained.abs().max()) == 1.0


@pytest.mark.parametrize("name", PHASES)
def test_another_phase_is_named_as_the_one_it_is(name: str, tmp_path: Path) -> None:
    other = next(one for one in PHASES.values() if one != PHASES[name])
    message = f"for architecture: {PHASES[name]}, not {other}"
    with pytest.raises(UserError, match=message):
        opened(written(tmp_path, golden(name)), other)


def test_a_rate_below_the_highest_band_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, golden("npm_1a"))
    with pytest.raises(UserError, match="linear reaches 20 kHz, for which sample_rate is too low"):
        opened(path, "hybrid_1a", hyperparameters={"sample_rate": 32_000})
