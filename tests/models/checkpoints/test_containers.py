"""What scripts store beside weights is read where it is data, and refused where it is code."""

import argparse
import collections
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from networks_built import small
from torch import nn

from earmark.models.checkpoints.containers import open_weights, unnormalised
from earmark.models.checkpoints.folders import CheckpointOptions, build_checkpoint
from earmark.models.checkpoints.network_system import NetworkSystem
from earmark.models.errors import UserError

SIZES: dict[str, Any] = {"channels": 2, "width": 4, "blocks": 3, "kernel": 5}
STATE = {"weight": torch.ones(2)}


def saved(folder: Path, data: Any) -> Path:
    path = folder / "model.ckpt"
    torch.save(data, path)
    return path


class AttributeDict(dict[str, Any]):
    """Stands for Lightning's dictionary."""


def test_what_lightning_and_its_users_store_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = "pytorch_lightning.utilities.parsing"
    monkeypatch.setattr(AttributeDict, "__module__", place)
    stored = AttributeDict(
        nparams=2, lr=np.float64(1e-3), root=Path("/data/LA2A"), rates=np.array([44_100, 48_000])
    )
    with monkeypatch.context() as there:
        for name in ("pytorch_lightning", "pytorch_lightning.utilities", place):
            there.setitem(sys.modules, name, types.ModuleType(name))
        there.setattr(sys.modules[place], "AttributeDict", AttributeDict, raising=False)
        path = saved(
            tmp_path,
            {
                "state_dict": STATE,
                "hyper_parameters": stored,
                "counts": collections.defaultdict(list),
            },
        )
    found = open_weights(path).settings
    assert found["nparams"] == 2
    assert found["lr"] == 1e-3
    assert found["root"] == "/data/LA2A"
    assert found["rates"] == [44_100, 48_000]


def test_a_namespace_is_read_and_counts_more_than_what_lies_beside_it(tmp_path: Path) -> None:
    data = {
        "state_dict": STATE,
        "epoch": 3,
        "causal": False,
        "args": argparse.Namespace(causal=True),
    }
    found = open_weights(saved(tmp_path, data)).settings
    assert found == {"epoch": 3, "causal": True}


def test_an_array_of_objects_brings_no_code_in(tmp_path: Path) -> None:
    trace = tmp_path / "trace"

    class Tracing:
        def __reduce__(self) -> tuple[Any, ...]:
            return trace.mkdir, ()

    path = saved(tmp_path, {"state_dict": STATE, "x": np.array([Tracing()], dtype=object)})
    with pytest.raises(UserError, match="refused: the pickle wants code to run"):
        open_weights(path)
    assert not trace.exists()


def test_quantized_weights_say_what_to_do(tmp_path: Path) -> None:
    path = saved(tmp_path, {"klass": "x", "state": {"__quantized": True}})
    with pytest.raises(UserError, match="export the network without quantization"):
        open_weights(path)


@pytest.mark.parametrize(
    "layer", [nn.Conv1d(3, 4, 5), nn.ConvTranspose1d(3, 4, 5), nn.Linear(3, 4)]
)
def test_weight_norm_as_it_is_gives_the_weights_that_it_makes(layer: nn.Module) -> None:
    wanted = layer.get_parameter("weight").detach().clone()
    normed = nn.utils.parametrizations.weight_norm(layer)
    normed.get_parameter("parametrizations.weight.original0").data *= 1.5
    found = unnormalised(dict(normed.state_dict()))
    assert set(found) == {"weight", "bias"}
    torch.testing.assert_close(found["weight"], 1.5 * wanted)
    nn.utils.parametrize.remove_parametrizations(normed, "weight")


def test_weight_norm_as_it_was_gives_the_weights_that_it_makes() -> None:
    direction, length = torch.randn(4, 3, 5), torch.rand(4, 1, 1) + 0.5
    found = unnormalised({"a.weight_g": length, "a.weight_v": direction, "a.bias": torch.ones(4)})
    assert set(found) == {"a.weight", "a.bias"}
    norms = found["a.weight"].flatten(1).norm(dim=1)
    torch.testing.assert_close(norms, length.flatten())
    torch.testing.assert_close(
        found["a.weight"] / found["a.weight"].norm(),
        (direction * length / direction.flatten(1).norm(dim=1)[:, None, None])
        / found["a.weight"].norm(),
    )


@pytest.mark.parametrize("axis", [0, 1, 2, None])
def test_weight_norm_over_any_axis_gives_the_weights_that_it_makes(axis: int | None) -> None:
    normed = nn.utils.parametrizations.weight_norm(nn.Conv1d(3, 3, 3), dim=axis)  # type: ignore[arg-type]
    with torch.no_grad():
        for value in normed.parameters():
            value += 0.3 * torch.rand_like(value)
    found = unnormalised(dict(normed.state_dict()))
    torch.testing.assert_close(found["weight"], normed.weight)


def test_half_precision_is_run_in_float32_and_said(tmp_path: Path) -> None:
    state = {name: value.half() for name, value in small("tcn", **SIZES).state_dict().items()}
    options = CheckpointOptions(
        path=saved(tmp_path, state), architecture="tcn", hyperparameters=SIZES
    )
    system = build_checkpoint(options)
    assert isinstance(system, NetworkSystem)
    assert {value.dtype for value in system.network.parameters()} == {torch.float32}
    assert system.origin is not None
    assert system.origin.remarks["weights_dtype"] == "float16 in the file, run as float32"


def test_counters_of_batches_may_be_missing(tmp_path: Path) -> None:
    state = {
        name: value
        for name, value in small("tcn", **SIZES).state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    options = CheckpointOptions(
        path=saved(tmp_path, state), architecture="tcn", hyperparameters=SIZES
    )
    build_checkpoint(options)
