"""Networks that take pieces of one length, or mix tracks, through the runner."""

from pathlib import Path
from typing import Any

import pytest
import torch
from transplanted import CASES, deviation, golden, opened, written

from earmark.models.errors import UserError
from earmark.models.rendering.runner import run
from earmark.models.systems.contract import Material

PIECES = [name for name in CASES if name.startswith("f90_")]


def load(name: str, folder: Path, **told: Any) -> Any:
    hyperparameters = {**CASES[name].told, **told}
    path = written(folder, golden(name))
    return opened(path, CASES[name].architecture, hyperparameters=hyperparameters)


@pytest.mark.parametrize("name", PIECES)
def test_a_piece_has_the_originals_lengths(name: str, tmp_path: Path) -> None:
    info = golden(name).info
    sizes = load(name, tmp_path).network.sizes
    assert sizes.piece == (info["input_frames"], info["output_frames"])


@pytest.mark.parametrize("name", PIECES)
@pytest.mark.parametrize("chunk", [1000, 4096])
def test_the_runner_renders_pieces_as_the_original_does(
    name: str, chunk: int, tmp_path: Path
) -> None:
    one = golden(name)
    system = load(name, tmp_path)
    before, comes = system.network.sides[0], system.network.comes
    heard = one.arrays["input"][0]
    # The second piece of this song is the golden one.
    song = torch.cat([heard.new_zeros(len(heard), comes - before), heard], dim=-1)
    song = torch.nn.functional.pad(song, (0, 3_000))
    out = run(system, Material(song, 44_100), chunk=chunk).audio
    wanted = one.arrays["output"][0, -out.shape[0] :]
    assert deviation(out[:, comes : 2 * comes], wanted) <= 1e-5


@pytest.mark.parametrize("keep", ["a", "b"])
def test_each_instrument_can_be_had(keep: str, tmp_path: Path) -> None:
    one = golden("f90_waveunet_bn_learned")
    network = load("f90_waveunet_bn_learned", tmp_path, keep=keep).network
    with torch.no_grad():
        out = network.inside(one.arrays["input"], None, network.around)
    part = slice(0, 2) if keep == "a" else slice(2, 4)
    assert deviation(out, one.arrays["output"][:, part]) <= 1e-5


def test_several_instruments_need_to_be_told_apart(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="keep says which is the output: a, b"):
        load("f90_waveunet_bn_learned", tmp_path, keep=None)


@pytest.mark.parametrize("name", ["mixwaveunet", "mixwaveunet_add"])
@pytest.mark.parametrize("chunk", [1000, 4096])
def test_the_runner_mixes_as_the_original_does(name: str, chunk: int, tmp_path: Path) -> None:
    one = golden(name)
    tracks = one.arrays["input"][0][:, None]
    out = run(load(name, tmp_path), Material(tracks, 44_100), chunk=chunk).audio
    assert deviation(out, one.arrays["output"][0]) <= 1e-5


def test_tracks_that_are_missing_are_silent_and_more_than_fit_are_refused(tmp_path: Path) -> None:
    system = load("mixwaveunet", tmp_path)
    tracks = golden("mixwaveunet").arrays["input"][0][:, None]
    silent = torch.cat([tracks[:2], torch.zeros_like(tracks[:2])])
    torch.testing.assert_close(
        run(system, Material(tracks[:2], 44_100)).audio,
        run(system, Material(silent, 44_100)).audio,
    )
    with pytest.raises(UserError, match="has 5 stems and this network takes 4"):
        run(system, Material(torch.cat([tracks, tracks[:1]]), 44_100))
