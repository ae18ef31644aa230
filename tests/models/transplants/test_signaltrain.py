"""SignalTrain's files tell chunk, rate and knobs; a song is rendered chunk by chunk as there."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transplanted import Golden, deviation, golden, opened, written

from earmark.models.errors import UserError
from earmark.models.rendering.runner import run
from earmark.models.systems.contract import Material


def saved(folder: Path, one: Golden, **changes: Any) -> Path:
    """A file as SignalTrain writes it."""
    data: dict[str, Any] = {
        "epoch": 7,
        "state_dict": one.state,
        "optimizer": {"state": {}, "param_groups": []},
        "effect_name": "comp_4c",
        "knob_names": ["threshold", "ratio"],
        "knob_ranges": np.array([[-30.0, 0.0], [1.0, 5.0]]),
        "shrink_factor": 4,
        "in_chunk_size": 252,
        "out_chunk_size": 64,
        "sr": 48_000.0,
    }
    path = folder / "modelcheckpoint.tar"
    torch.save(data | changes, path)
    return path


def test_a_file_tells_chunk_rate_and_knobs(tmp_path: Path) -> None:
    one = golden("signaltrain")
    system = opened(saved(tmp_path, one), "signaltrain")
    assert system.spec.sample_rate == 48_000
    knobs = {name: (k.minimum, k.maximum) for name, k in system.spec.controls.items()}
    assert knobs == {"threshold": (-30.0, 0.0), "ratio": (1.0, 5.0)}
    assert (system.spec.stride, system.spec.left, system.spec.right) == (64, 251, 63)


@pytest.mark.parametrize("chunk", [1000, 4096])
def test_the_runner_gives_what_the_original_gives(chunk: int, tmp_path: Path) -> None:
    one = golden("signaltrain")
    system = opened(saved(tmp_path, one), "signaltrain")
    for item in range(3):
        heard, controls = one.arrays["input"][item], one.arrays["controls"][item]
        low, high = torch.tensor([-30.0, 1.0]), torch.tensor([0.0, 5.0])
        values = (low + (controls + 0.5) * (high - low)).tolist()
        # Chunks begin at multiples of what comes out; the third of these is the golden one.
        song = torch.cat([heard.new_zeros(4), heard, heard.new_zeros(3_000)])
        settings = dict(zip(system.spec.controls, values, strict=True))
        out = run(system, Material(song[None], 48_000), settings, chunk=chunk).audio
        assert deviation(out[0, 192:256], one.arrays["output"][item]) <= 1e-5


def test_a_chunk_that_does_not_fit_its_frames_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, golden("signaltrain"), in_chunk_size=500)
    with pytest.raises(UserError, match="has 45 frames, and the weights are for 24"):
        opened(path, "signaltrain")


def test_knobs_that_cannot_be_turned_are_refused_with_the_mend(tmp_path: Path) -> None:
    path = saved(tmp_path, golden("signaltrain"), knob_ranges=np.zeros((2, 2)))
    with pytest.raises(UserError, match=r"needs minimum < maximum .*; give it under system"):
        opened(path, "signaltrain")
    knob = {"minimum": 0, "maximum": 1, "default": 0.5}
    opened(path, "signaltrain", system={"controls": {"one": knob, "two": knob}})


def test_the_published_transform_needs_nothing_told(tmp_path: Path) -> None:
    one = golden("signaltrain")
    # The published transform of 1024 with scale 1: only the shapes count here.
    bins, frames, came = 1024, 25, 9
    shapes = {"dft_": (bins, 1, bins), "fnn_enc.weight": (16, frames), "fnn_dec.weight": (came, 16)}
    for name, value in one.state.items():
        shape = next((wanted for key, wanted in shapes.items() if key in name), tuple(value.shape))
        one.state[name] = torch.zeros(shape)
    system = opened(written(tmp_path, one), "signaltrain")
    assert system.spec.stride == (came - 1) * 384 - 1024
    assert system.origin is not None
    assert system.origin.remarks["hyperparameters"]["samples"] == 8192
