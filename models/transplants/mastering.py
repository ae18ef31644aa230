"""Weights of neural-perceptual-mastering (notadev111), phases 1A to 1C, as our hybrid networks.

Its equaliser is linear in frequency, peaks only, and each band clips; the shapes tell the rest.
"""

import re
from typing import Any

from .source import Publisher, Transplant, Weights, WeightsTold, numbered, settled

_HEADS = {"freq_head": "frequency", "gain_head": "gain", "q_head": "q"}
# Patterns of names and what they become; the first that fits counts.
_NAMES: tuple[tuple[str, str], ...] = (
    (r"encoder\.stem\.(\d)\.(.*)", r"encoder.front.\1.\2"),
    (r"encoder\.tcn_blocks\.(\d+)\.conv1\.(.*)", r"encoder.blocks.\1.first.0.\2"),
    (r"encoder\.tcn_blocks\.(\d+)\.bn1\.(.*)", r"encoder.blocks.\1.first.1.\2"),
    (r"encoder\.tcn_blocks\.(\d+)\.conv2\.(.*)", r"encoder.blocks.\1.second.0.\2"),
    (r"encoder\.tcn_blocks\.(\d+)\.bn2\.(.*)", r"encoder.blocks.\1.second.1.\2"),
    (r"encoder\.tcn_blocks\.(\d+)\.residual\.(.*)", r"encoder.blocks.\1.residual.\2"),
    (r"encoder\.head\.2\.(.*)", r"encoder.output.\1"),
    (r"parametric_decoder\.mlp\.(\d)\.(.*)", r"equaliser.decoder.\1.\2"),
    (r"parametric_decoder\.band_selector\.(\d)\.(.*)", r"equaliser.gate.\1.\2"),
    (r"residual_decoder\.output\.(.*)", r"residual.output.\1"),
)
_LAYERS = {
    **{f"down{n + 1}": f"encoder.{n}" for n in range(3)},
    "bottleneck": "encoder.3",
    **{f"up{3 - n}": f"decoder.{n}" for n in range(3)},
}
_PARTS = {
    "conv.0": "conv",
    "conv.1": "norm",
    "film_gamma": "film.to_scale",
    "film_beta": "film.to_shift",
}


def _of(weights: Weights) -> str:
    if any(name.startswith("parametric_decoder.band_selector.") for name in weights):
        return "hybrid_1c"
    residual = any(name.startswith("residual_decoder.") for name in weights)
    return "hybrid_1b" if residual else "hybrid_1a"


def _convert(weights: Weights, told: WeightsTold) -> Transplant:
    name = _of(weights)
    blocks = numbered(weights, "encoder.tcn_blocks.")
    shapes: dict[str, Any] = {
        "channels": weights["encoder.stem.0.weight"].shape[1],
        "encoder": [
            weights["encoder.stem.0.weight"].shape[0],
            *(weights[f"encoder.tcn_blocks.{n}.conv1.weight"].shape[0] for n in range(blocks)),
        ],
        "latent": weights["encoder.head.2.weight"].shape[0],
        "hidden": [weights[f"parametric_decoder.mlp.{n}.weight"].shape[0] for n in (0, 3)],
        "bands": weights["parametric_decoder.freq_head.weight"].shape[0],
    }
    fixed: dict[str, Any] = {"frequency": "linear", "shelves": False, "clip_bands": True}
    if name != "hybrid_1a":
        layers = ("down1", "down2", "down3", "bottleneck")
        kernels = [weights[f"residual_decoder.{layer}.conv.0.weight"] for layer in layers]
        shapes |= {"residual": [one.shape[0] for one in kernels], "kernel": kernels[0].shape[2]}
        fixed["lengths"] = "stretch"
    if name == "hybrid_1c":
        shapes["gate"] = weights["parametric_decoder.band_selector.0.weight"].shape[0]
    found = settled(told, shapes | fixed, (), ("sample_rate",))
    renamed = {_renamed(one): value for one, value in weights.items()}
    rate = found.get("sample_rate")
    return Transplant(name, found, renamed, {}, {"sample_rate": rate} if rate else {})


def _renamed(name: str) -> str:
    for pattern, becomes in _NAMES:
        if re.fullmatch(pattern, name):
            return re.sub(pattern, becomes, name)
    head = re.fullmatch(r"parametric_decoder\.(\w+_head)\.(\w+)", name)
    if head:
        return f"equaliser.{_HEADS[head[1]]}.{head[2]}"
    _, layer, rest = name.split(".", 2)
    part, _, end = rest.rpartition(".")
    return f"residual.{_LAYERS[layer]}.{_PARTS[part]}.{end}"


_ENDS = r"\.(weight|bias)"
_NORM = r"\.(weight|bias|running_mean|running_var|num_batches_tracked)"
MASTERING = Publisher(
    name="neural-perceptual-mastering",
    address="notadev111/neural-perceptual-mastering",
    architectures=("hybrid_1a", "hybrid_1b", "hybrid_1c"),
    marks=(r"^encoder\.stem\.0\.weight$", r"^parametric_decoder\.freq_head\.weight$"),
    known=rf"encoder\.(stem\.0{_ENDS}|stem\.1{_NORM}|head\.2{_ENDS}"
    rf"|tcn_blocks\.\d+\.((conv[12]|residual){_ENDS}|bn[12]{_NORM}))"
    rf"|parametric_decoder\.(mlp\.[03]|band_selector\.[02]|(freq|gain|q)_head){_ENDS}"
    rf"|residual_decoder\.(output{_ENDS}|(down[123]|bottleneck|up[123])"
    rf"\.(conv\.0{_ENDS}|conv\.1{_NORM}|film_(gamma|beta){_ENDS}))",
    of=_of,
    convert=_convert,
)
