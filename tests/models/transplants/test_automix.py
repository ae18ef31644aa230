"""The console of automix-toolkit: settings that people can read, made once for the whole song."""

from pathlib import Path

import pytest
import torch
from transplanted import CASES, deviation, golden, opened, written

from earmark.models.effects.console import ConsoleCard, mix
from earmark.models.rendering.runner import run
from earmark.models.systems.contract import Material

NAME = "dmc_short_res"


@pytest.mark.parametrize("chunk", [1000, 4096])
def test_the_runner_mixes_as_the_original_does(chunk: int, tmp_path: Path) -> None:
    one = golden(NAME)
    path = written(tmp_path, one)
    system = opened(path, "automix_dmc", hyperparameters=dict(CASES[NAME].told))
    tracks = one.arrays["input"][0, :, None] / 64
    done = run(system, Material(tracks, 16_000), chunk=chunk)
    assert deviation(done.audio[:, 20_000:21_000], one.arrays["output"][0]) <= 1e-5
    card = ConsoleCard.model_validate(done.notes["console"])
    gains = torch.tensor([[strip.gain_db, (strip.pan + 1) / 2] for strip in card.stems])
    assert deviation(gains, one.arrays["settings"][0]) <= 1e-5
    # The record is what the kind 'console' renders again.
    torch.testing.assert_close(mix(tracks, 16_000, card), done.audio, atol=2e-5, rtol=0)


def test_silent_tracks_are_heard_as_in_the_original(tmp_path: Path) -> None:
    one = golden(NAME)
    path = written(tmp_path, one)
    system = opened(path, "automix_dmc", hyperparameters=dict(CASES[NAME].told))
    tracks = one.arrays["input"][0, :, None] / 64
    padded = torch.cat([tracks, torch.zeros_like(tracks[:1])])
    one_mix = run(system, Material(tracks, 16_000)).audio
    other = run(system, Material(padded, 16_000)).audio
    assert float((one_mix - other).abs().max()) > 1e-3


def test_a_lightning_file_tells_the_rate(tmp_path: Path) -> None:
    one = golden(NAME)
    path = tmp_path / "dmc.ckpt"
    state = {f"model.{name}": value for name, value in one.state.items()}
    stored = {"automix_model": "dmc", "max_num_tracks": 8, "sample_rate": 44_100}
    torch.save({"state_dict": state, "hyper_parameters": stored}, path)
    assert opened(path, "automix_dmc").spec.sample_rate == 44_100
