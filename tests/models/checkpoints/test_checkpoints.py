"""Checkpoints: what is saved comes back, and what does not fit is one clear line."""

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from places import ROOT
from pydantic import ValidationError
from safetensors.torch import load_file, save_file
from torch import Tensor

from earmark.models.architectures import Network, build_network
from earmark.models.checkpoints import folders as checkpoints
from earmark.models.checkpoints.folders import (
    Card,
    CheckpointOptions,
    Description,
    TrainingCard,
    load_checkpoint,
    save_checkpoint,
    shipped_names,
)
from earmark.models.checkpoints.golden import verify
from earmark.models.checkpoints.network_system import ControlCard, NetworkSystem, SystemCard
from earmark.models.configuration import YamlLines, validate
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


def saved(folder: Path, system: SystemCard | None = None, **sizes: Any) -> Path:
    about = Description(
        architecture="tcn",
        hyperparameters={**SIZES, **sizes},
        system=system or SystemCard(licence="CC0"),
    )
    save_checkpoint(folder, a_network(**sizes), about, TrainingCard(step=70, data="abc"))
    return folder


def edit(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


def song(samples: int = 5_000) -> Material:
    generator = torch.Generator().manual_seed(3)
    return Material(torch.randn(2, samples, generator=generator) * 0.1, 44_100, label="song")


def plain_render(network: Network, audio: Tensor) -> Tensor:
    side = network.geometry.left
    with torch.inference_mode():
        out: Tensor = network.eval()(torch.nn.functional.pad(audio, (side, side))[None])[0]
    return out


def test_what_was_saved_renders_as_it_did(tmp_path: Path) -> None:
    network = a_network().train()
    about = Description(architecture="tcn", hyperparameters=SIZES)
    save_checkpoint(tmp_path / "c", network, about, TrainingCard(step=70))
    assert network.training, "saving must not change what is being trained"
    system = load_checkpoint(tmp_path / "c")
    assert torch.equal(run(system, song()).audio, plain_render(network, song().audio))
    assert sorted(path.name for path in (tmp_path / "c").iterdir()) == [
        "golden.safetensors",
        "model.json",
        "model.safetensors",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["c"]


def test_the_spec_says_size_step_hash_and_licence(tmp_path: Path) -> None:
    folder = saved(tmp_path / "c")
    spec = load_checkpoint(folder).spec
    assert spec.parameters == sum(weight.numel() for weight in a_network().parameters())
    assert spec.step == 70
    assert spec.sha256 == path_sha256(folder / "model.safetensors")
    assert (spec.licence, spec.sample_rate, spec.channels) == ("CC0", 44_100, 2)
    assert (spec.mode, spec.left, spec.right) == ("context", 14, 14)


@pytest.mark.parametrize("name", ["", "model.json", "model.safetensors"])
def test_a_folder_or_a_file_in_it_names_the_same_checkpoint(tmp_path: Path, name: str) -> None:
    path = saved(tmp_path / "c") / name
    system = build(SystemSpec("c", "checkpoint", CheckpointOptions(path=path)))
    assert system.spec.step == 70


def test_the_golden_pair_notices_a_changed_network(tmp_path: Path) -> None:
    folder = saved(tmp_path / "c")
    system = load_checkpoint(folder)
    assert verify(system, folder, 1e-4) < 1e-6
    with torch.no_grad():
        for weight in system.network.parameters():
            weight.mul_(1.05)
    with pytest.raises(UserError, match="the golden pair does not come out again"):
        verify(system, folder, 1e-4)


def test_the_song_is_brought_to_the_input_loudness_before_the_network(tmp_path: Path) -> None:
    folder = saved(tmp_path / "c", SystemCard(input_lufs=-18))
    system = load_checkpoint(folder)
    audio = song(44_100).audio
    loud, soft = (run(system, Material(audio * gain, 44_100)) for gain in (1.0, 0.1))
    torch.testing.assert_close(loud.audio, soft.audio, atol=1e-5, rtol=1e-4)
    assert soft.notes["input_gain_db"] == pytest.approx(loud.notes["input_gain_db"] + 20, abs=0.01)
    chunks = run(system, Material(audio, 44_100), chunk=3_000)
    torch.testing.assert_close(chunks.audio, loud.audio, atol=1e-5, rtol=1e-4)
    silent = run(system, Material(torch.zeros(2, 44_100), 44_100))
    assert silent.notes["input_gain_db"] == 0.0


KNOBS = {
    "drive": ControlCard(minimum=0, maximum=10, default=2),
    "mix": ControlCard(minimum=-1, maximum=1, default=0),
}


def test_controls_are_scaled_and_reach_the_network(tmp_path: Path) -> None:
    folder = saved(tmp_path / "c", SystemCard(controls=KNOBS), controls=2)
    options = CheckpointOptions(path=folder, controls={"drive": 7.5})
    system = build(SystemSpec("c", "checkpoint", options))
    assert isinstance(system, NetworkSystem)
    state = system.prepare(song(), {"drive": 7.5, "mix": 0.0})
    assert state.controls is not None
    assert state.controls.tolist() == [[0.5, 0.0]]
    out = run(system, song()).audio
    assert torch.equal(out, run(load_checkpoint(folder), song(), {"drive": 7.5}).audio)
    assert not torch.equal(out, run(load_checkpoint(folder), song()).audio)


@pytest.mark.parametrize(
    ("controls", "message"),
    [({"drvie": 1.0}, "did you mean 'drive'"), ({"drive": 11.0}, "choose from 0 to 10")],
)
def test_wrong_controls_are_refused(
    tmp_path: Path, controls: dict[str, float], message: str
) -> None:
    folder = saved(tmp_path / "c", SystemCard(controls=KNOBS), controls=2)
    options = CheckpointOptions(path=folder, controls=controls)
    with pytest.raises(UserError, match=message):
        build(SystemSpec("c", "checkpoint", options))


def truncate(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def rewrite(change: Callable[[dict[str, Tensor]], object]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        path = folder / "model.safetensors"
        weights = load_file(path)
        change(weights)
        save_file(weights, path)
        edit(folder / "model.json", lambda card: card.update(sha256=path_sha256(path)))

    return apply


def card(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    return lambda folder: edit(folder / "model.json", change)


def poison(weights: dict[str, Tensor]) -> None:
    weights["output.weight"][0, 0] = math.nan


def other_sizes(weights: dict[str, Tensor]) -> None:
    weights["output.weight"] = torch.zeros(2, 8, 1)
    del weights["output.bias"]
    weights["encoder.weight"] = torch.zeros(1)


def only_another(weights: dict[str, Tensor]) -> None:
    weights.clear()
    weights["a"] = torch.zeros(1)


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing folder": (shutil.rmtree, "c: no such checkpoint"),
    "no card": (lambda f: (f / "model.json").unlink(), "not a checkpoint folder, model.json is"),
    "no weights": (lambda f: (f / "model.safetensors").unlink(), "model.safetensors is missing"),
    "no golden": (lambda f: (f / "golden.safetensors").unlink(), "golden.safetensors is missing"),
    "truncated": (truncate, "truncated, or not a safetensors file"),
    "empty weights": (
        lambda f: (f / "model.safetensors").write_bytes(b""),
        "truncated, or not a safetensors file",
    ),
    "another architecture": (
        rewrite(other_sizes),
        r"do not fit the network: 1 missing \(output.bias\); 1 not expected \(encoder.weight\); "
        r"1 of another shape \(output.weight \(2, 8, 1\) instead of \(2, 4, 1\)\)",
    ),
    "many differences": (
        rewrite(only_another),
        r"\d\d missing \(\S+, \S+, \S+ and \d+ more\); 1 not expected \(a\)",
    ),
    "unknown architecture": (
        card(lambda c: c.update(architecture="tnc")),
        "unknown architecture 'tnc'; did you mean 'tcn'",
    ),
    "hyper-parameter out of range": (
        card(lambda c: c["hyperparameters"].update(kernel=4)),
        "kernel must be odd",
    ),
    "unknown key": (card(lambda c: c.update(stpe=1)), "unknown key 'stpe'"),
    "another format": (card(lambda c: c.update(format=2)), "format: input should be 1, not 2"),
    "not JSON": (lambda f: (f / "model.json").write_text("{"), "not valid YAML"),
    "NaN weights": (rewrite(poison), "1 of 8 values of output.weight are not finite"),
    "changed weights": (
        lambda f: save_file(
            {k: v + 1 for k, v in load_file(f / "model.safetensors").items()},
            f / "model.safetensors",
        ),
        "not the weights that model.json describes",
    ),
    "other golden": (
        lambda f: save_file({"input": torch.zeros(2, 9)}, f / "golden.safetensors"),
        "must hold 'input' and 'output'",
    ),
    "golden fails": (
        lambda f: save_file(
            {"input": torch.zeros(2, 9), "output": torch.ones(2, 9) * 5}, f / "golden.safetensors"
        ),
        "the golden pair does not come out again",
    ),
    "controls without a description": (
        card(lambda c: c["hyperparameters"].update(controls=2)),
        "has 2 controls and the description names 0",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_checkpoint_is_one_clear_line(tmp_path: Path, case: str) -> None:
    breaking, message = BROKEN[case]
    folder = saved(tmp_path / "c")
    breaking(folder)
    with pytest.raises(UserError, match=message) as caught:
        load_checkpoint(folder)
    assert "\n" not in str(caught.value)
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "give either path"),
        ({"path": "a", "shipped": "tcn"}, "give either path"),
        ({"path": "missing"}, "no such file or folder: .*missing"),
        ({"shipped": "no-such"}, "no network named 'no-such' ships"),
        ({"path": "c", "architecture": "tcn"}, "a checkpoint folder describes itself"),
        ({"path": "c", "controls": {"drive": "loud"}}, "bench.yaml:1: controls.drive"),
    ],
)
def test_wrong_options_are_refused_with_their_line(
    tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    saved(tmp_path / "c")
    lines = YamlLines(tmp_path / "bench.yaml", {(): 1})
    with pytest.raises(UserError, match=message):
        validate(options, CheckpointOptions, lines)


def test_options_need_not_come_from_a_file() -> None:
    with pytest.raises(ValidationError, match="give either path"):
        CheckpointOptions()


def test_weights_that_are_not_finite_are_not_saved(tmp_path: Path) -> None:
    network = a_network()
    with torch.no_grad():
        network.get_parameter("output.weight")[0, 0] = math.inf
    about = Description(architecture="tcn", hyperparameters=SIZES)
    with pytest.raises(UserError, match="not finite"):
        save_checkpoint(tmp_path / "c", network, about, TrainingCard(step=1))
    assert not list(tmp_path.iterdir())


def test_a_checkpoint_replaces_another_of_the_same_name(tmp_path: Path) -> None:
    saved(tmp_path / "c")
    saved(tmp_path / "c", SystemCard(licence="MIT"))
    assert load_checkpoint(tmp_path / "c").spec.licence == "MIT"


@pytest.mark.slow
def test_every_shipped_network_loads_and_is_small() -> None:
    names = shipped_names()
    assert "tcn" in names
    for name in names:
        options = CheckpointOptions(shipped=name)
        system = build(SystemSpec(name, "checkpoint", options))
        assert system.spec.licence == "MIT"
        assert system.spec.parameters > 0
        assert options.path is not None
        size = sum(file.stat().st_size for file in options.path.iterdir())
        assert size <= 1_000_000, name


def test_new_weights_under_a_shipped_name_are_a_new_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "_SHIPPED", tmp_path)
    keys = set()
    for licence in ("MIT", "CC0"):
        saved(tmp_path / "ours", SystemCard(licence=licence))
        assert shipped_names() == ["ours"]
        keys.add(SystemSpec("o", "checkpoint", CheckpointOptions(shipped="ours")).key)
    assert len(keys) == 2


def test_every_key_of_a_card_and_every_option_is_documented() -> None:
    text = (ROOT / "docs" / "checkpoints.md").read_text(encoding="utf-8")
    models = (Card, SystemCard, TrainingCard, CheckpointOptions)
    keys = [key for model in models for key in model.model_fields]
    assert [key for key in keys if f"`{key}`" not in text] == []


def test_bare_weights_described_in_the_entry_have_an_identity(tmp_path: Path) -> None:
    weights = tmp_path / "theirs.pt"
    torch.save(a_network().state_dict(), weights)

    def key(**system: Any) -> str:
        given = {"path": weights, "architecture": "tcn", "hyperparameters": SIZES}
        options = CheckpointOptions.model_validate(given | {"system": system or None})
        build(SystemSpec("theirs", "checkpoint", options))
        return SystemSpec("theirs", "checkpoint", options).key

    assert len({key(), key(sample_rate=48_000), key(sample_rate=44_100)}) == 3
    assert key(sample_rate=48_000) == key(sample_rate=48_000)
