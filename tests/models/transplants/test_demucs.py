"""Demucs in tiles is Demucs at once; its files tell what they store; its lengths are theirs."""

import sys
import types
from pathlib import Path
from typing import Any

import pytest
import torch
from networks_built import as_system, noise, rendered, small
from transplanted import CASES, deviation, golden, opened, written

from earmark.models.architectures.published import demucs
from earmark.models.errors import UserError
from earmark.models.rendering.runner import run
from earmark.models.systems.contract import Material

EDITIONS = ["demucs2019", "demucs2019_lstm", "demucs2021", "demucs2023_plain", "demucs2023_full"]


class Demucs:
    """Stands for the original's class in a file of it."""


Demucs.__module__ = "demucs.demucs"


@pytest.mark.parametrize("name", EDITIONS)
def test_the_length_that_fits_is_the_originals(name: str, tmp_path: Path) -> None:
    one = golden(name)
    system = opened(written(tmp_path, one), "demucs", hyperparameters=dict(CASES[name].told))
    network: Any = system.network
    assert network.valid_length(1500) == one.info["valid_length"]


@pytest.mark.parametrize("name", ["demucs2019", "demucs2023_plain"])
@pytest.mark.parametrize("samples", [1, 999, 5_003, 12_345])
def test_tiles_give_what_one_call_gives(
    name: str, samples: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = golden(name)
    system = opened(written(tmp_path, one), "demucs", hyperparameters=dict(CASES[name].told))
    network: Any = system.network
    audio = noise(1, 2, samples)
    with torch.no_grad():
        whole = network.separated(audio)
        monkeypatch.setattr(demucs, "_TILE", 700)
        calls: list[int] = []
        levels = network._levels

        def counted(audio: torch.Tensor) -> Any:
            calls.append(audio.shape[-1])
            return levels(audio)

        monkeypatch.setattr(network, "_levels", counted)
        tiled = network.separated(audio)
    torch.testing.assert_close(tiled, whole, atol=1e-6, rtol=0)
    assert len(calls) > 5 or samples < 2_000


@pytest.mark.parametrize("name", ["demucs2019", "demucs2023_plain"])
@pytest.mark.parametrize("chunk", [1000, 4096])
def test_the_runner_gives_what_the_original_gives(name: str, chunk: int, tmp_path: Path) -> None:
    one = golden(name)
    system = opened(written(tmp_path, one), "demucs", hyperparameters=dict(CASES[name].told))
    heard = one.arrays["input"][0]
    out = run(system, Material(heard, 44_100), chunk=chunk).audio
    wanted = one.arrays["output"][0, 0]
    if name == "demucs2019":
        # Its golden input is what a caller had padded; here the runner's song is that, unpadded.
        network: Any = system.network
        padded = torch.nn.functional.pad(heard, _sides(network, heard.shape[-1]))[None]
        with torch.no_grad():
            raw = network.unpadded(padded)[0, 0]
        start = (raw.shape[-1] - heard.shape[-1]) // 2
        wanted = raw[:, start : start + heard.shape[-1]]
    assert deviation(out, wanted) <= 1e-5


def _sides(network: Any, samples: int) -> tuple[int, int]:
    spare = network.valid_length(samples) - samples
    return spare // 2, spare - spare // 2


def test_a_network_that_hears_all_is_rendered_in_windows_and_says_so() -> None:
    network = small("demucs", channels=4, depth=3, normalize=True, window=4_000)
    done = run(as_system(network), Material(noise(2, 20_000), 44_100))
    assert "cross-faded windows" in done.notes["approximate"]
    alone = noise(2, 3_000)
    with torch.no_grad():
        torch.testing.assert_close(rendered(network, alone), network(alone[None])[0])


def test_a_file_of_the_package_needs_only_the_source_to_keep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = golden("demucs2023_full")
    path = tmp_path / "955717e8-8726e21a.th"
    data = {
        "klass": Demucs,
        "args": (),
        "kwargs": {"sources": ["vocals", "rest"], "channels": 8, "samplerate": 44_100},
        "state": {name: value.half() for name, value in one.state.items()},
        "training_args": {},
    }
    # Pickle looks the class up where it says that it is from; a reader has no such package.
    with monkeypatch.context() as there:
        for name in ("demucs", "demucs.demucs"):
            there.setitem(sys.modules, name, types.ModuleType(name))
        there.setattr(sys.modules["demucs.demucs"], "Demucs", Demucs, raising=False)
        torch.save(data, path)
    with pytest.raises(UserError, match=r"do not tell keep \(the output: 0 vocals, 1 rest\); .*"):
        opened(path, "demucs")
    system = opened(path, "demucs", hyperparameters={"keep": 0})
    with torch.no_grad():
        out = system.network(one.arrays["input"])
    assert deviation(out, one.arrays["output"][:, 0]) <= 2e-2  # of half precision


def test_quantized_weights_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "quantized.th"
    torch.save({"state": {"__quantized": True, "quantized": []}, "args": ()}, path)
    with pytest.raises(UserError, match="its weights are quantized"):
        opened(path, "demucs")
