"""``earmark models import`` and ``show``, and other people's files by their path alone."""

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from command_line import typed
from safetensors.torch import save_file
from small_songs import save, song
from torch import Tensor, nn

from earmark.evaluation.master import system_spec
from earmark.models.architectures import build_network
from earmark.models.checkpoints.folders import CheckpointOptions, load_checkpoint
from earmark.models.errors import UserError
from earmark.models.systems.contract import build

SIZES: dict[str, Any] = {"channels": 2, "width": 4, "blocks": 2, "kernel": 3}
SET = [
    *("--set", "architecture=tcn"),
    *("--set", "hyperparameters={channels: 2, width: 4, blocks: 2, kernel: 3}"),
]


class Half(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return 0.5 * x


def state() -> dict[str, Tensor]:
    torch.manual_seed(0)
    return dict(build_network("tcn", SIZES)[0].state_dict())


def graph(path: Path) -> Path:
    with pytest.warns(DeprecationWarning, match="torch.jit"):
        torch.jit.script(Half()).save(path)  # type: ignore[no-untyped-call]
    return path


@pytest.mark.slow
def test_a_graph_is_imported_shown_and_used_by_its_path(tmp_path: Path) -> None:
    graph(tmp_path / "half.pt")
    before = typed("models", "show", "half.pt", cwd=tmp_path)
    assert "a TorchScript archive" in before.stdout
    assert "earmark models import half.pt" in before.stdout
    done = typed("models", "import", "half.pt", "mine", "--set", "sample_rate=44100", cwd=tmp_path)
    assert done.status == 0, done.stderr
    assert "sample rate      44100  (given)" in done.stdout
    assert "mode             strided  (probed)" in done.stdout
    assert "use it: {name: half, kind: exported, path: mine/half.pt}" in done.stdout
    after = typed("models", "show", "mine/half.pt", cwd=tmp_path)
    assert "causal           True  (probed)" in after.stdout
    save(tmp_path / "mix.wav", song(0, 1.0))
    words = ("master", "mix.wav", "--system", "mine/half.pt", "--out", "out.wav")
    assert typed(*words, "--device", "cpu", cwd=tmp_path).status == 0


def test_weights_become_a_checkpoint_folder(tmp_path: Path) -> None:
    torch.save({"state_dict": state()}, tmp_path / "theirs.ckpt")
    done = typed("models", "import", "theirs.ckpt", "mine", *SET, cwd=tmp_path)
    assert done.status == 0, done.stderr
    loaded = load_checkpoint(tmp_path / "mine").network.state_dict()
    assert all(torch.equal(value, state()[name]) for name, value in loaded.items())
    shown = typed("models", "show", "mine", cwd=tmp_path)
    assert "a checkpoint folder" in shown.stdout
    again = typed("models", "import", "theirs.ckpt", "mine", *SET, cwd=tmp_path)
    assert (again.status, "is not empty" in again.stderr) == (1, True)


def test_a_folder_as_hugging_face_has_them_is_one_file_of_weights(tmp_path: Path) -> None:
    home = tmp_path / "hub"
    home.mkdir()
    save_file(state(), home / "model.safetensors")
    torch.save(state(), home / "pytorch_model.bin")
    config = {"architectures": ["TheirNet"], "sampling_rate": 48_000, "auto_map": {"A": "b.C"}}
    (home / "config.json").write_text(json.dumps(config))
    shown = typed("models", "show", "hub", cwd=tmp_path).stdout
    assert "a safetensors file" in shown
    assert "sampling rate    48000  (config.json)" in shown
    assert "auto_map names code of the repository, which is not run" in shown
    said = {"path": home, "architecture": "tcn", "hyperparameters": SIZES}
    with pytest.raises(UserError, match="are for 48000 Hz and the description says 44100"):
        _built(said)
    assert _built({**said, "system": {"sample_rate": 48_000}}).spec.sample_rate == 48_000
    (home / "model.safetensors").unlink()
    assert _built({**said, "system": {"sample_rate": 48_000}}).spec.parameters > 0
    (home / "more.bin").write_bytes(b"")
    with pytest.raises(ValueError, match="needs one file of weights beside config"):
        _built(said)


def _built(options: dict[str, Any]) -> Any:
    from earmark.models.systems.contract import SystemSpec

    return build(SystemSpec("x", "checkpoint", CheckpointOptions.model_validate(options)))


def test_a_graph_named_as_a_checkpoint_is_told_its_kind(tmp_path: Path) -> None:
    path = graph(tmp_path / "half.pt")
    with pytest.raises(ValueError, match="holds its own network: write kind: exported"):
        CheckpointOptions(path=path)
    assert system_spec(str(path), ("sample_rate=44100",)).kind == "exported"


CODE = """
import pathlib
import torch

class Trainer:
    def __init__(self, net):
        self.state_dict = net
        self.run = print
        pathlib.Path("made.txt").touch()

    def __reduce__(self):
        return Trainer, (self.state_dict,)
"""


def test_a_pickle_with_code_is_refused_and_trusted_only_on_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "their_trainer.py").write_text(CODE)
    monkeypatch.syspath_prepend(str(tmp_path))
    import importlib

    module = importlib.import_module("their_trainer")
    monkeypatch.chdir(tmp_path)
    torch.save(module.Trainer(state()), tmp_path / "theirs.ckpt", pickle_module=pickle)
    (tmp_path / "made.txt").unlink()
    refused = typed("models", "import", "theirs.ckpt", "mine", *SET, cwd=tmp_path)
    assert refused.status == 1
    assert "their_trainer.Trainer" in refused.stderr
    assert not (tmp_path / "made.txt").exists()
    done = typed("models", "import", "theirs.ckpt", "mine", "--trust", *SET, cwd=tmp_path)
    assert done.status == 0, done.stderr
    assert (tmp_path / "made.txt").exists()
    loaded = load_checkpoint(tmp_path / "mine").network.state_dict()
    assert all(torch.equal(value, state()[name]) for name, value in loaded.items())
    (tmp_path / "their_trainer.py").write_text("raise ValueError('no more')")
    failed = typed("models", "import", "theirs.ckpt", "other", "--trust", *SET, cwd=tmp_path)
    assert (failed.status, "no more" in failed.stderr) == (1, True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["models", "show", "gone.pt"], "no such file"),
        (["models", "import", "gone.pt", "x"], "no such file"),
        (["models", "import", "half.pt", "x"], "give sample_rate in Hz"),
        (["models", "import", "half.pt", "x", "--set", "rate=3"], "unknown key 'rate'"),
    ],
)
def test_a_mistake_with_a_file_is_one_line(words: list[str], message: str, tmp_path: Path) -> None:
    graph(tmp_path / "half.pt")
    done = typed(*words, cwd=tmp_path)
    assert done.status == 1
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
