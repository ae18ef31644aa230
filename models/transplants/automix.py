"""automix-toolkit's weights (csteinmetz1/automix-toolkit, Apache-2.0): MixWaveUNet and its console.

Shapes tell all sizes; the rate is stored in Lightning files.
"""

from typing import Any

from .source import Need, Publisher, Transplant, Weights, WeightsTold, numbered, settled

_ENDS = r"\.(weight|bias)"
_POST = "post_processor.mlp."
_NORM = r"\.(weight|bias|running_mean|running_var|num_batches_tracked)"


def _convert_unet(weights: Weights, told: WeightsTold) -> Transplant:
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


def _convert_console(weights: Weights, told: WeightsTold) -> Transplant:
    shapes = {"n_channels": weights["encoder.layer1.conv_1.weight"].shape[0]}
    found = settled(told, shapes, (Need("sample_rate", 44_100, "in Hz"),))
    unused = {
        name: "stored by the original and not used"
        for name in weights
        if name.startswith(("encoder.bn.", "encoder.dense2."))
    }
    # Earlier code has a dropout after each layer, which takes numbers.
    numbers = sorted({name.split(".")[2] for name in weights if name.startswith(_POST)})
    places = {f"{_POST}{number}.": f"{_POST}{n}." for n, number in enumerate(numbers)}
    kept = {
        next((name.replace(old, new) for old, new in places.items() if old in name), name): value
        for name, value in weights.items()
        if name not in unused
    }
    return Transplant(
        "automix_dmc", found, kept, unused, {"sample_rate": int(found["sample_rate"])}
    )


def _rate(told: WeightsTold) -> dict[str, Any]:
    rate = told.stored.get("sample_rate")
    return {"sample_rate": int(rate)} if rate else {}


MIXWAVEUNET = Publisher(
    name="automix-toolkit's MixWaveUNet",
    address="csteinmetz1/automix-toolkit",
    architectures=("mixwaveunet",),
    marks=(r"^encoder\.0\.conv1\.weight$", r"^embedding\.weight$", r"^output_conv\.weight$"),
    known=rf"encoder\.\d+\.(conv[12]{_ENDS}|bn{_NORM}|prelu\.weight)|embedding{_ENDS}"
    rf"|decoder\.\d+\.(conv{_ENDS}|bn{_NORM}|prelu\.weight)|output_conv{_ENDS}",
    of=lambda weights: "mixwaveunet",
    convert=_convert_unet,
)
AUTOMIX_DMC = Publisher(
    name="automix-toolkit's console",
    address="csteinmetz1/automix-toolkit",
    architectures=("automix_dmc",),
    marks=(r"^encoder\.layer1\.conv_1\.weight$", r"^post_processor\.mlp\.0\.weight$"),
    known=r"encoder\.(spec\.(spectrogram\.window|mel_scale\.fb)"
    rf"|(spec_bn|bn){_NORM}|dense[12]{_ENDS}|layer[1-7]\.(conv_[123]{_ENDS}|bn_[123]{_NORM}))"
    rf"|post_processor\.mlp\.\d{_ENDS}",
    of=lambda weights: "automix_dmc",
    convert=_convert_console,
)
