"""MERT (Li et al. 2024), a music model of the architecture of HuBERT, from a local folder.

The folder is the published one (m-a-p/MERT-v1-95M, CC-BY-NC 4.0): ``config.json`` and the weights
as ``model.safetensors`` or ``pytorch_model.bin``. Its own Python code is not run: as published (no
CQT branch, no deep norm) the network is exactly HuBERT's, which torchaudio has, and the names of
the weights differ by a prefix. The embedding is the last hidden layer, averaged over
windows of five seconds, the length it was trained on: frames of one window are so alike that to
count each would deceive about n. Input: 24 kHz mono, each window at mean 0 and variance 1.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..audio.files import torchaudio
from ..checkpoints.containers import read_weights
from ..checkpoints.weights import check_finite
from ..errors import UserError
from ..rendering.devices import exact_float32
from .registry import Download, Embed, embedding

SAMPLE_RATE = 24_000
_SECONDS = 5.0
_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
_DOWNLOAD = Download("MERT-v1-95M", "the folder https://huggingface.co/m-a-p/MERT-v1-95M")
# Settings that would make another network of it, and the values that MERT-v1-95M has.
_FIXED = {
    "feature_extractor_cqt": False,
    "deepnorm": False,
    "do_stable_layer_norm": False,
    "feat_extract_norm": "group",
    "hidden_act": "gelu",
    "feat_proj_layer_norm": True,
    "attention_relax": -1.0,
}


def read_mert(folder: Path) -> torch.nn.Module:
    """The network of a MERT folder, in evaluation mode.

    Raises:
        UserError: if a file is missing or damaged, or the network is of another architecture.
    """
    config = _config(folder / "config.json")
    path = next((folder / name for name in _WEIGHTS if (folder / name).is_file()), None)
    if path is None:
        raise UserError(f"{folder}: holds no {' or '.join(_WEIGHTS)}; copy the whole folder")
    try:
        network: torch.nn.Module = torchaudio().models.wav2vec2_model(
            extractor_mode="group_norm",
            extractor_conv_layer_config=list(
                zip(config["conv_dim"], config["conv_kernel"], config["conv_stride"], strict=True)
            ),
            extractor_conv_bias=bool(config["conv_bias"]),
            encoder_embed_dim=config["hidden_size"],
            encoder_projection_dropout=0.0,
            encoder_pos_conv_kernel=config["num_conv_pos_embeddings"],
            encoder_pos_conv_groups=config["num_conv_pos_embedding_groups"],
            encoder_num_layers=config["num_hidden_layers"],
            encoder_num_heads=config["num_attention_heads"],
            encoder_attention_dropout=0.0,
            encoder_ff_interm_features=config["intermediate_size"],
            encoder_ff_interm_dropout=0.0,
            encoder_dropout=0.0,
            encoder_layer_norm_first=False,
            encoder_layer_drop=0.0,
            aux_num_out=None,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"{folder / 'config.json'}: not that of MERT-v1-95M ({type(error).__name__}: {error})"
        ) from None
    for module in network.modules():
        # The file's are read as the weights that their length and direction make.
        if torch.nn.utils.parametrize.is_parametrized(module, "weight"):
            torch.nn.utils.parametrize.remove_parametrizations(module, "weight")
    weights = _renamed(read_weights(path))
    wanted = {name: value.shape for name, value in network.state_dict().items()}
    wrong = sorted(
        name
        for name, shape in wanted.items()
        if name not in weights or weights[name].shape != shape
    )
    if wrong:
        raise UserError(
            f"{path}: not the network that config.json describes: {len(wrong)} weights are missing "
            f"or of another shape ({', '.join(wrong[:3])})"
        )
    kept = {name: weights[name].float() for name in wanted}
    check_finite(kept, str(path))
    network.load_state_dict(kept)
    return network.eval()


def _config(path: Path) -> Mapping[str, Any]:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); copy all of it") from None
    except ValueError:
        raise UserError(f"{path}: truncated, or not JSON; copy it again") from None
    if not isinstance(config, dict):
        raise UserError(f"{path}: not the description of a model; copy it again")
    other = {name: config.get(name, value) for name, value in _FIXED.items()}
    for name, value in other.items():
        if value != _FIXED[name]:
            raise UserError(
                f"{path}: {name} is {value!r}; only networks like MERT-v1-95M are read, "
                f"with {_FIXED[name]!r}"
            )
    return config


def _renamed(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Hugging Face's names as torchaudio's."""
    found = {}
    for name, value in weights.items():
        name = name.removeprefix("hubert.")
        if name.startswith("feature_projection."):
            name = f"encoder.{name}"
        elif name.startswith("encoder."):
            name = name.replace("encoder.", "encoder.transformer.", 1)
        found[name] = value
    return found


@embedding(
    "mert",
    sample_rate=SAMPLE_RATE,
    seconds=_SECONDS,
    highest_hz=SAMPLE_RATE / 2,
    weights=_DOWNLOAD.find,
)
def load_mert(weights: Path, device: torch.device) -> Embed:
    """MERT-v1-95M, last layer, from its folder; 768 numbers per 5 s."""
    network: Any = read_mert(weights).to(device)
    samples = round(_SECONDS * SAMPLE_RATE)

    def embed(audio: Tensor) -> Tensor:
        rows = []
        with torch.inference_mode(), exact_float32():
            for window in torch.split(audio, samples):
                if len(window) < samples:
                    continue
                scale = (window.var(correction=0) + 1e-7).sqrt()  # as its own preprocessor does
                layers, _ = network.extract_features(
                    ((window - window.mean()) / scale)[None].to(device)
                )
                rows.append(layers[-1].mean(dim=1).cpu())
        return torch.cat(rows) if rows else torch.zeros(0, 1)

    return embed
