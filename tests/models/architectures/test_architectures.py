"""What every network family owes: length, batches, chunks, gradients, checkpoints, identity."""

from pathlib import Path
from typing import Any

import pytest
import torch
from networks_built import as_system, noise, rendered, small
from torch import Tensor

from earmark.models.architectures import (
    Network,
    architecture_names,
    build_network,
    published_names,
)
from earmark.models.architectures.greybox import Greybox
from earmark.models.architectures.parts.geometry import Geometry
from earmark.models.checkpoints.folders import (
    Description,
    TrainingCard,
    load_checkpoint,
    save_checkpoint,
)
from earmark.models.errors import UserError
from earmark.models.rendering.runner import run
from earmark.models.systems.contract import Material

HYBRID = {"encoder": (8, 12, 16), "latent": 10, "hidden": (16,), "bands": 3}
CONSOLE = {
    "encoder": (4, 6, 8, 8, 10, 10),
    "encoder_hidden": 16,
    "embedding": 6,
    "hidden": (20, 20),
}
SMALL: dict[str, dict[str, Any]] = {
    "automix_dmc": {"n_channels": 2},
    "cafx": {"frame": 256, "filters": 6, "kernel": 8, "smoothing": 16, "pooled": 8}
    | {"dense": (5, 4), "activations": 3},
    "crnn": {"widths": (4, 6), "recurrent": 3, "window": 4096, "context": 400},
    "demucs": {"channels": 4, "depth": 3},
    "dmc_basic": CONSOLE,
    "dmc_full": CONSOLE,
    "eqcnn2018": {"frame": 256, "filters": 6, "kernel": 8, "smoothing": 16, "pooled": 8},
    "greybox": {"encoder": (8, 12, 16), "latent": 10, "predictor": 16, "residual": (6, 8)},
    "hybrid_1a": HYBRID,
    "hybrid_1b": HYBRID | {"residual": (6, 8, 10)},
    "hybrid_1c": HYBRID | {"residual": (6, 8), "bands": 4, "gate": 12},
    "microtcn": {"nblocks": 3, "kernel_size": 5, "dilation_growth": 3, "channel_width": 4},
    "microtcn_lstm": {"hidden_size": 4},
    "mixwaveunet": {"ch_growth": 3, "layers": 3},
    "signaltrain": {"scale": 1, "transform": 64, "hop": 32, "hidden": 8, "controls": 2},
    "tcn": {"channels": 2, "width": 4, "blocks": 3, "kernel": 5},
    "waveunet": {"width": 3, "levels": 3},
    "waveunet_demucs": {"channels": 2, "width": 3, "levels": 3, "kernel": 6, "controls": 2},
    "waveunet_f90": {"num_channels": (8, 16), "target_output_size": 500},
    "waveunet_mix": {"width": 3, "levels": 3},
    "waveunet_seed": {"width": 3, "levels": 3},
}
# What gives the identity at first: the size that asks for it, where it is not the family itself.
IDENTITY: dict[str, dict[str, Any]] = {
    "crnn": {"dry": True},
    "greybox": {},
    "hybrid_1a": {},
    "hybrid_1b": {},
    "hybrid_1c": {},
    "tcn": {"dry": True},
    "waveunet": {},
    "waveunet_demucs": {"dry": True},
    "waveunet_seed": {"dry": True},
}


def built(name: str) -> Network:
    network = small(name, **SMALL[name])
    if isinstance(network, Greybox):
        # Every processor at work: one that is off hides the settings behind it.
        for predictor in network.predictors.values():
            torch.nn.init.uniform_(predictor.get_parameter("2.bias"), 0.1, 0.4)
    return network


def song(network: Network, samples: int, seed: int = 0) -> Tensor:
    shape = (3,) if network.input == "stems" else ()
    return noise(*shape, network.channels, samples, seed=seed)


def forward(network: Network, batch: Tensor) -> Tensor:
    controls = None
    if network.controls:
        controls = torch.linspace(-0.5, 1, network.controls).repeat(len(batch), 1)
    out: Tensor = network(batch, controls)
    return out


def test_every_family_is_tested_here() -> None:
    assert sorted(SMALL) == sorted([*architecture_names(), *published_names()])


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("samples", [1, 999, 5_001, 13_107])
def test_any_length_comes_back_as_long_as_it_was(name: str, samples: int) -> None:
    network = built(name)
    audio = song(network, samples)
    out = rendered(network, audio)
    assert out.shape == (network.channels, samples)
    assert out.dtype == torch.float32


@pytest.mark.parametrize("name", SMALL)
def test_a_batch_gives_what_its_items_give(name: str) -> None:
    network = built(name)
    batch = torch.stack([song(network, 6_000, seed) for seed in (1, 2, 3)])
    with torch.no_grad():
        together = forward(network, batch)
        alone = torch.cat([forward(network, one[None]) for one in batch])
    torch.testing.assert_close(together, alone, atol=2e-5, rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_a_gradient_reaches_every_parameter(name: str) -> None:
    network = built(name)
    batch = 10 * torch.stack([song(network, 6_000, seed) for seed in (1, 2, 3, 4)])
    out = forward(network, batch)
    (out * noise(*out.shape, seed=9, level=1.0)).sum().backward()  # type: ignore[no-untyped-call]
    unreached = [
        key
        for key, value in network.named_parameters()
        if value.grad is None or not torch.isfinite(value.grad).all() or not value.grad.any()
    ]
    assert unreached == []


# Named and not asked of the networks, which every process that collects the tests would build.
APART = {
    "crnn": "overlap_add",
    "demucs": "whole",
    "dmc_basic": "whole",
    "dmc_full": "whole",
    "hybrid_1a": "whole",
    "microtcn_lstm": "whole",
}
EXACT = [name for name in SMALL if APART.get(name) != "overlap_add"]
LOCAL = [name for name in SMALL if name not in APART]


def test_the_families_that_are_apart_are_those_of_these_modes() -> None:
    modes = {name: str(built(name).geometry.mode) for name in SMALL}
    found = {name: mode for name, mode in modes.items() if mode in ("overlap_add", "whole")}
    assert found == APART


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize(("chunk", "batch"), [(1_000, 1), (3_000, 3)])
def test_chunks_give_what_the_whole_gives(name: str, chunk: int, batch: int) -> None:
    network = built(name)
    audio = song(network, 14_321)
    whole = rendered(network, audio, chunk=10**9)
    parts = rendered(network, audio, chunk=chunk, batch=batch)
    assert float((whole - parts).abs().max()) <= 3e-6 * float(whole.abs().max().clamp(min=1.0))


@pytest.mark.parametrize("name", LOCAL)
def test_an_output_sample_depends_on_no_more_than_the_declared_context(name: str) -> None:
    network = built(name)
    geometry = network.geometry
    samples = 2 * (geometry.left + geometry.right) + 4 * geometry.stride + 500
    audio = song(network, samples)
    middle = samples // 2
    # What a network makes of the song as a whole may hear all of it; its blocks may not.
    system = as_system(network)
    defaults = {name: known.default for name, known in system.spec.controls.items()}
    state = system.prepare(Material(audio, system.card.sample_rate, label="song"), defaults)
    for offset in range(0, geometry.stride, max(geometry.stride // 5, 1)):
        at = middle + offset
        changed = audio.clone()
        changed[..., : at - geometry.left] += 1.0
        changed[..., at + geometry.right + 1 :] -= 1.0
        with torch.inference_mode():
            one = system.render(_around(changed, geometry), state)
            two = system.render(_around(audio, geometry), state)
        torch.testing.assert_close(one[..., at], two[..., at], atol=2e-6, rtol=1e-5)


def _around(audio: Tensor, geometry: Geometry) -> Tensor:
    """With the context that mode ``context`` takes off, so that sample n comes out as n."""
    if geometry.mode != "context":
        return audio
    return torch.nn.functional.pad(audio, (geometry.left, geometry.right))


@pytest.mark.parametrize("name", IDENTITY)
def test_a_fresh_network_is_the_identity(name: str) -> None:
    torch.manual_seed(0)
    network, _ = build_network(name, {**SMALL[name], **IDENTITY[name]})
    audio = song(network, 9_000)
    torch.testing.assert_close(rendered(network, audio), audio, atol=1e-6, rtol=0)
    side = network.geometry.left if network.geometry.mode == "context" else 0
    with torch.no_grad():
        out = forward(network.eval(), audio[None])[0]
    torch.testing.assert_close(out, audio[..., side : audio.shape[-1] - side], atol=1e-6, rtol=0)


@pytest.mark.parametrize("name", SMALL)
def test_a_checkpoint_renders_as_the_network_did(name: str, tmp_path: Path) -> None:
    network = built(name)
    system = as_system(network)
    card = system.card
    about = Description(architecture=name, hyperparameters=SMALL[name], system=card)
    save_checkpoint(tmp_path / name, network, about, TrainingCard(step=1))
    loaded = load_checkpoint(tmp_path / name)
    audio = Material(song(network, 7_000), card.sample_rate, label="song")
    torch.testing.assert_close(run(loaded, audio).audio, run(system, audio).audio)
    assert loaded.spec.input == network.input


def test_a_size_that_cannot_fit_is_refused_with_its_parameters_and_bytes() -> None:
    wanted = "193,273,812,438 parameters, 773,095,249,752 bytes in float32 .773.1 GB."
    with pytest.raises(UserError, match=wanted):
        build_network("waveunet_seed", {"levels": 12})
