"""MERT, read from small weights under the names that Hugging Face gives to those of HuBERT."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from noises import noise
from safetensors.torch import save_file
from torch import Tensor, nn

from earmark.models.audio.files import torchaudio
from earmark.models.embeddings.mert import load_mert, read_mert
from earmark.models.errors import UserError

CPU = torch.device("cpu")
CONFIG: dict[str, Any] = {
    "model_type": "mert_model",
    "hidden_size": 12,
    "num_hidden_layers": 2,
    "num_attention_heads": 3,
    "intermediate_size": 20,
    "conv_dim": [6, 6, 6, 6, 6, 6, 6],
    "conv_kernel": [10, 3, 3, 3, 3, 2, 2],
    "conv_stride": [5, 2, 2, 2, 2, 2, 2],
    "conv_bias": False,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 4,
    "feature_extractor_cqt": False,
    "feat_extract_norm": "group",
    "do_stable_layer_norm": False,
}


def hugging_face_names(weights: dict[str, Tensor], *, new: bool) -> dict[str, Tensor]:
    found = {"masked_spec_embed": torch.zeros(12)}
    for name, value in weights.items():
        name = name.replace("encoder.feature_projection.", "feature_projection.")
        name = name.replace("encoder.transformer.", "encoder.")
        for part in "gv" if not new else "":
            spelled = f"parametrizations.weight.original{'gv'.index(part)}"
            name = name.replace(spelled, f"weight_{part}")
        found[name] = value.contiguous()
    return found


def write_mert(folder: Path, *, new: bool = False, **other: Any) -> nn.Module:
    config = CONFIG | other
    torch.manual_seed(0)
    network: nn.Module = torchaudio().models.wav2vec2_model(
        "group_norm",
        list(zip(CONFIG["conv_dim"], CONFIG["conv_kernel"], CONFIG["conv_stride"], strict=True)),
        False,
        12,
        0.0,
        16,
        4,
        2,
        3,
        0.0,
        20,
        0.0,
        0.0,
        False,
        0.0,
        None,
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    weights = hugging_face_names(network.state_dict(), new=new)
    if new:
        save_file(weights, folder / "model.safetensors")
    else:
        torch.save(weights, folder / "pytorch_model.bin")
    return network.eval()


@pytest.mark.parametrize("new", [False, True])
def test_mert_is_read_under_the_names_of_hugging_face(*, new: bool, tmp_path: Path) -> None:
    network: Any = write_mert(tmp_path / "m", new=new)
    audio = noise(12, 24_000)
    found = load_mert(tmp_path / "m", CPU)(audio)
    assert found.shape == (2, 12)
    window = audio[120_000:240_000]
    scaled = (window - window.mean()) / (window.var(correction=0) + 1e-7).sqrt()
    with torch.inference_mode():
        wanted = network.extract_features(scaled[None])[0][-1].mean(dim=1)
    torch.testing.assert_close(found[1:], wanted)
    assert load_mert(tmp_path / "m", CPU)(audio[:100]).shape[0] == 0


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("no config", "config.json: cannot be read"),
        ("config cut", "config.json: truncated"),
        ("no weights", "holds no model.safetensors or pytorch_model.bin"),
        ("cqt", "feature_extractor_cqt is True"),
        ("a list", "not the description"),
        ("a setting missing", "not that of MERT"),
        ("another size", "not the network that config.json describes"),
        ("truncated", "damaged"),
    ],
)
def test_a_folder_that_is_not_mert_is_one_line(name: str, words: str, tmp_path: Path) -> None:
    folder = tmp_path / "m"
    write_mert(folder)
    config, weights = folder / "config.json", folder / "pytorch_model.bin"
    if name == "no config":
        config.unlink()
    elif name == "config cut":
        config.write_text('{"hidden_size"')
    elif name == "no weights":
        weights.unlink()
    elif name == "cqt":
        config.write_text(json.dumps(CONFIG | {"feature_extractor_cqt": True}))
    elif name == "a list":
        config.write_text("[]")
    elif name == "a setting missing":
        config.write_text(json.dumps({k: v for k, v in CONFIG.items() if k != "conv_dim"}))
    elif name == "another size":
        config.write_text(json.dumps(CONFIG | {"num_hidden_layers": 3}))
    elif name == "truncated":
        weights.write_bytes(weights.read_bytes()[:500])
    with pytest.raises(UserError, match=words) as error:
        read_mert(folder)
    assert str(folder) in str(error.value)
    assert "\n" not in str(error.value)
