"""automix-toolkit's weights (csteinmetz1/automix-toolkit, Apache-2.0): MixWaveUNet and its console.

Shapes tell all sizes; the rate is stored in Lightning files.
"""

from typing import Any

from .source import Source, Told, Transplant, Weights, numbered, settled

_ENDS = r"\.(weight|bias)"
_NORM = r"\.(weight|bias|running_mean|running_var|num_batches_tracked)"


def _convert_unet(weights: Weights, told: Told) -> Transplant:
    first = weights["encoder.0.conv1.weight"]
    layers = numbered(weights, "encoder.")
    deepest = weights[f"encoder.{layers - 1}.conv1.weight"].shape[0]
    up, out = weights["decoder.0.conv.weight"], weights["output_conv.weight"]
    shapes: dict[str, Any] = {
        "ninputs": first.shape[1],
        "noutputs": out.shape[0],
        "layers": layers,
        "ch_growth": first.shape[0],
        "ds_kernel": first.shape[2],
        "us_kernel": up.shape[2],
        "out_kernel": out.shape[2],
        "skip": "concat" if up.shape[1] == 2 * deepest else "add",
    }
    found = settled(told, shapes)
    return Transplant("mixwaveunet", found, dict(weights), {}, _rate(told))


def _rate(told: Told) -> dict[str, Any]:
    rate = told.stored.get("sample_rate")
    return {"sample_rate": int(rate)} if rate else {}


MIXWAVEUNET = Source(
    name="automix-toolkit's MixWaveUNet",
    address="csteinmetz1/automix-toolkit",
    architectures=("mixwaveunet",),
    marks=(r"^encoder\.0\.conv1\.weight$", r"^embedding\.weight$", r"^output_conv\.weight$"),
    known=rf"encoder\.\d+\.(conv[12]{_ENDS}|bn{_NORM}|prelu\.weight)|embedding{_ENDS}"
    rf"|decoder\.\d+\.(conv{_ENDS}|bn{_NORM}|prelu\.weight)|output_conv{_ENDS}",
    of=lambda weights: "mixwaveunet",
    convert=_convert_unet,
)
