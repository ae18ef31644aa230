"""Other people's weights: what fits renders alike, no code in a file is ever run."""

import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from earmark.models.architectures import Network, build_network
from earmark.models.checkpoints.folders import CheckpointOptions, load_checkpoint
from earmark.models.content_key import path_sha256
from earmark.models.errors import UserError
from earmark.models.rendering.runner import run
from earmark.models.systems.contract import Material, SystemSpec, build

SIZES = {"channels": 2, "width": 4, "blocks": 3, "kernel": 5, "dry": True}


def a_network(**sizes: Any) -> Network:
    torch.manual_seed(0)
    network, _ = build_network("tcn", {**SIZES, **sizes})
    for name, value in network.named_buffers():
        if "running" in name:
            value.data = torch.rand_like(value) + 0.5
    # A network with a dry path begins as the identity, which would test nothing.
    torch.nn.init.normal_(network.get_parameter("output.weight"))
    return network


def song(samples: int = 5_000) -> Material:
    generator = torch.Generator().manual_seed(3)
    return Material(torch.randn(2, samples, generator=generator) * 0.1, 44_100, label="song")


def plain_render(network: Network, audio: Tensor) -> Tensor:
    side = network.geometry.left
    with torch.inference_mode():
        out: Tensor = network.eval()(torch.nn.functional.pad(audio, (side, side))[None])[0]
    return out


class Evil:
    """Runs a command when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch /tmp/earmark-evil",)


def state_dict() -> dict[str, Any]:
    return dict(a_network().state_dict())


DESCRIBED = {"architecture": "tcn", "hyperparameters": SIZES}


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("plain.pt", state_dict()),
        ("ddp.pth", {f"module.{name}": value for name, value in state_dict().items()}),
        (
            "lightning.ckpt",
            {
                "state_dict": {f"model.{name}": value for name, value in state_dict().items()},
                "epoch": 3,
                "hyper_parameters": {"lr": 1e-3},
            },
        ),
        ("nested.pt", {"model_state_dict": state_dict(), "step": 5}),
    ],
)
@pytest.mark.parametrize("how", ["beside", "options"])
def test_other_peoples_checkpoints_render_alike(
    tmp_path: Path, name: str, data: dict[str, Any], how: str
) -> None:
    path = tmp_path / name
    torch.save(data, path)
    if how == "beside":
        path.with_suffix(".yaml").write_text(json.dumps(DESCRIBED))
        options = CheckpointOptions(path=path)
    else:
        options = CheckpointOptions(path=path, architecture="tcn", hyperparameters=SIZES)
    system = build(SystemSpec("mine", "checkpoint", options))
    assert torch.equal(run(system, song()).audio, plain_render(a_network(), song().audio))
    assert system.spec.sha256 == path_sha256(path)


def test_bare_safetensors_with_a_description_render_alike(tmp_path: Path) -> None:
    path = tmp_path / "mine.safetensors"
    save_file(state_dict(), path)
    path.with_suffix(".json").write_text(json.dumps(DESCRIBED))
    system = load_checkpoint(path)
    assert torch.equal(run(system, song()).audio, plain_render(a_network(), song().audio))


def test_a_changed_description_is_another_system(tmp_path: Path) -> None:
    path = tmp_path / "mine.pt"
    torch.save(state_dict(), path)
    keys = set()
    for lufs in (-18, -20):
        described = {**DESCRIBED, "system": {"input_lufs": lufs}}
        path.with_suffix(".yaml").write_text(json.dumps(described))
        keys.add(SystemSpec("mine", "checkpoint", CheckpointOptions(path=path)).key)
    assert len(keys) == 2


def evil(path: Path) -> None:
    torch.save({"state_dict": Evil()}, path)


def old_evil(path: Path) -> None:
    torch.save({"state_dict": Evil()}, path, _use_new_zipfile_serialization=False)


def script(path: Path) -> None:
    torch.save({"state_dict": 3}, path)


PICKLES: dict[str, tuple[Callable[[Path], object], str]] = {
    "code": (evil, r"refused: the pickle wants code to run \((posix|nt)\.system\)"),
    "code, old format": (old_evil, r"refused: the pickle wants code to run \((posix|nt)\.system\)"),
    "plain pickle": (
        lambda path: path.write_bytes(pickle.dumps(Evil())),
        "refused: the pickle wants code to run|damaged, or not a PyTorch",
    ),
    "text": (lambda path: path.write_text("hello"), "damaged, or not a PyTorch checkpoint"),
    "audio": (
        lambda path: path.write_bytes(b"RIFF\x24\x08\0\0WAVEfmt \x10\0\0\0\x01\0\x02\0" * 9),
        "damaged, or not a PyTorch checkpoint",
    ),
    "empty": (lambda path: path.write_bytes(b""), "damaged, or not a PyTorch checkpoint"),
    "no state_dict": (script, "holds no state_dict"),
    "a tensor": (lambda path: torch.save(torch.ones(2), path), "holds no state_dict, but Tensor"),
    "a whole model's settings": (
        lambda path: torch.save({"epoch": 3, "lr": 0.1}, path),
        r"2 entries are not tensors \(epoch, lr\)",
    ),
    "other weights": (
        lambda path: torch.save({"fc.weight": torch.ones(2, 2)}, path),
        "do not fit the network",
    ),
}


@pytest.mark.parametrize("case", PICKLES)
def test_a_pickle_that_is_unsafe_or_unfit_is_one_clear_line(tmp_path: Path, case: str) -> None:
    writing, message = PICKLES[case]
    path = tmp_path / "model.pt"
    writing(path)
    options = CheckpointOptions(path=path, architecture="tcn", hyperparameters=SIZES)
    with pytest.raises(UserError, match=message) as caught:
        build(SystemSpec("mine", "checkpoint", options))
    assert "\n" not in str(caught.value)


def test_no_code_of_a_pickle_is_run(tmp_path: Path) -> None:
    trace = tmp_path / "trace"

    class Tracing:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.mkdir, (str(trace),)

    path = tmp_path / "model.pt"
    torch.save({"state_dict": Tracing()}, path)
    with pytest.raises(UserError, match="refused"):
        build(
            SystemSpec(
                "mine",
                "checkpoint",
                CheckpointOptions(path=path, architecture="tcn", hyperparameters=SIZES),
            )
        )
    assert not trace.exists()


def test_weights_without_a_description_say_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "mine.pt"
    torch.save(state_dict(), path)
    with pytest.raises(UserError, match=r"give architecture and hyperparameters, or write them to"):
        build(SystemSpec("mine", "checkpoint", CheckpointOptions(path=path)))
