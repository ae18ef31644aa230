"""SignalTrain's weights (drscotthawley/signaltrain; no code of it is here).

Its files store the samples of a chunk and of what comes out, the rate, and the knobs with their
ranges. Where a bare state dict has none of it, the shapes tell the chunk if it is the published
transform with the published hop.
"""

from typing import Any

from ..errors import UserError
from .source import Need, Publisher, Transplant, Weights, WeightsTold, settled

_BASE, _TRANSFORM, _HOP = 8192, 1024, 384
_PATHS = {"aenc": "magnitude", "phs_aenc": "phase"}
_LAYERS = {
    **{f"fnn_enc{n or ''}": f"encoder.{2 * max(n - 1, 0)}" for n in (0, 2, 3, 4)},
    **{f"fnn_{name}": f"decoder.{2 * n}" for n, name in enumerate(("addknobs", "dec4", "dec3"))},
    "fnn_dec2": "decoder.6",
    "fnn_dec": "output.0",
}
_PARTS = {"real": "0", "imag": "1"}


def _convert(weights: Weights, told: WeightsTold) -> Transplant:
    size = weights["mpaec.dft_analysis.conv_analysis_real.weight"].shape[0]
    frames = weights["mpaec.aenc.fnn_enc.weight"].shape[1]
    out_frames = weights["mpaec.aenc.fnn_dec.weight"].shape[0]
    narrow = weights["mpaec.aenc.fnn_enc4.weight"].shape[0]
    controls = weights["mpaec.aenc.fnn_addknobs.weight"].shape[1] - narrow
    shapes: dict[str, Any] = {
        "transform": size,
        "hidden": weights["mpaec.aenc.fnn_enc.weight"].shape[0],
        "controls": controls,
    }
    stored = dict(told.stored)
    samples, came = stored.get("in_chunk_size"), stored.get("out_chunk_size")
    if came:
        stored["hop"] = (int(came) + size) // (out_frames - 1)
    elif size == _TRANSFORM:
        stored["hop"] = _HOP
    scale = -(((frames - 1) * _HOP - size) // -_BASE)
    if not samples and size == _TRANSFORM and (_BASE * scale + size) // _HOP + 1 == frames:
        samples = _BASE * scale
    if samples:
        stored["samples"] = int(samples)
    needs = (
        Need("hop", size * 3 // 8, "samples between frames"),
        Need("samples", (frames - 1) * (size * 3 // 8) - size, "of a chunk"),
    )
    settings = WeightsTold(told.origin, told.architecture, stored, told.given)
    found = settled(settings, shapes, needs) | {"version": 2, "dry": "end"}
    _check(told, found, frames, out_frames)
    renamed = {_renamed(name): value for name, value in weights.items()}
    bases = {
        name: value.squeeze(1) for name, value in renamed.items() if name.split(".")[1] in "01"
    }
    return Transplant("signaltrain", found, renamed | bases, {}, _system(told, controls))


def _check(told: WeightsTold, found: dict[str, Any], frames: int, out_frames: int) -> None:
    """That chunk and hop make as many frames as the weights have."""
    made = (found["samples"] + found["transform"]) // found["hop"] + 1
    if made != frames:
        raise UserError(
            f"{told.origin}: a chunk of {found['samples']} samples with hop {found['hop']} has "
            f"{made} frames, and the weights are for {frames}; give the samples of its training"
        )
    output = (out_frames - 1) * found["hop"] - found["transform"]
    quarter = -(-(found["samples"] // 4) // found["hop"]) - (-found["transform"] // found["hop"])
    if quarter != out_frames:
        raise UserError(
            f"{told.origin}: {output} samples come out of its chunk, which is not the last quarter "
            "of it; Earmark reads only networks of the published shrink factor 4"
        )


def _renamed(name: str) -> str:
    _, part, layer, *rest = name.split(".")
    if part.startswith("dft_"):
        return f"{part.removeprefix('dft_')}.{_PARTS[layer.split('_')[-1]]}"
    return ".".join([_PATHS[part], _LAYERS[layer], *rest])


def _system(told: WeightsTold, controls: int) -> dict[str, Any]:
    """The rate, and the knobs by the names and ranges of the file."""
    names = told.stored.get("knob_names") or [f"control {n + 1}" for n in range(controls)]
    ranges = told.stored.get("knob_ranges") or [(0.0, 1.0)] * controls
    knobs = {
        str(name): {"minimum": low, "maximum": high, "default": (low + high) / 2}
        for name, (low, high) in zip(names, ranges, strict=False)
    }
    rate = told.stored.get("sr")
    return {"controls": knobs, **({"sample_rate": int(rate)} if rate else {})}


_ENDS = r"\.(weight|bias)"
SIGNALTRAIN = Publisher(
    name="SignalTrain",
    address="drscotthawley/signaltrain",
    architectures=("signaltrain",),
    marks=(
        r"^mpaec\.dft_analysis\.conv_analysis_real\.weight$",
        r"^mpaec\.aenc\.fnn_enc\.weight$",
    ),
    known=r"mpaec\.(dft_(analysis\.conv_analysis|synthesis\.conv_synthesis)_(real|imag)\.weight"
    rf"|(aenc|phs_aenc)\.fnn_(enc[234]?|addknobs|dec[234]?){_ENDS})",
    of=lambda weights: "signaltrain",
    convert=_convert,
)
