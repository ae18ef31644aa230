"""Wave-U-Net-Pytorch's weights (f90/Wave-U-Net-Pytorch, MIT).

Its files hold no hyper-parameters, which are flags of its command line. Shapes and names tell all
but the stride and the length of what comes out.
"""

from typing import Any

from .source import Need, Publisher, Transplant, Weights, WeightsTold, numbered, settled


def _convert(weights: Weights, told: WeightsTold) -> Transplant:
    names = list(dict.fromkeys(name.split(".")[1] for name in weights))
    separate = names != ["ALL"]
    first = f"waveunets.{names[0]}."
    blocks = numbered(weights, f"{first}downsampling_blocks.")
    downs = [f"{first}downsampling_blocks.{n}." for n in range(blocks)]
    shallow = [weights[f"{one}pre_shortcut_convs.0.filter.weight"] for one in downs]
    deepest = weights[f"{downs[-1]}post_shortcut_convs.0.filter.weight"]
    norm = f"{downs[0]}pre_shortcut_convs.0.norm."
    kind = "gn" if f"{norm}weight" in weights else "normal"
    learned = f"{downs[0]}downconv.filter.weight" in weights
    shapes: dict[str, Any] = {
        "num_inputs": shallow[0].shape[1],
        "num_channels": [*(one.shape[0] for one in shallow), deepest.shape[0]],
        "kernel_size": shallow[0].shape[2],
        "conv_type": "bn" if f"{norm}running_mean" in weights else kind,
        "res": "learned" if learned else "fixed",
        "separate": separate,
    }
    outputs = weights[f"{first}output_conv.weight"].shape[0]
    needs = [
        Need("strides", 4),
        Need("target_output_size", 88_200, "samples that come out of a piece"),
    ]
    if separate:
        shapes |= {"instruments": names, "num_outputs": outputs}
    else:
        # How many instruments share the outputs is a flag too; one each is what a master needs.
        needs.append(Need("instruments", ["master"], f"which share {outputs} outputs"))
    if len(names) > 1:
        needs.append(Need("keep", names[0], f"the output: {', '.join(names)}"))
    found = settled(told, shapes, tuple(needs), ("keep",))
    found.setdefault("num_outputs", outputs // len(found["instruments"]))
    return Transplant("waveunet_f90", found, dict(weights))


_ENDS = r"\.(weight|bias)"
_NORM = r"\.norm\.(weight|bias|running_mean|running_var|num_batches_tracked)"
F90 = Publisher(
    name="Wave-U-Net-Pytorch",
    address="f90/Wave-U-Net-Pytorch",
    architectures=("waveunet_f90",),
    marks=(
        r"^waveunets\.\w+\.downsampling_blocks\.0\.pre_shortcut_convs\.0\.filter\.weight$",
        r"^waveunets\.\w+\.output_conv\.weight$",
    ),
    known=r"waveunets\.\w+\.((down|up)sampling_blocks\.\d+\.((pre|post)_shortcut_convs\.0"
    rf"|downconv|upconv)(\.filter|\.filter{_ENDS}|{_NORM})"
    rf"|bottlenecks\.0(\.filter{_ENDS}|{_NORM})|output_conv{_ENDS})",
    of=lambda weights: "waveunet_f90",
    convert=_convert,
)
