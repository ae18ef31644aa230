"""micro-tcn's weights (csteinmetz1/micro-tcn, Apache-2.0), and those of neural-2a.

Names stay as they are. The shapes tell all sizes; ``dilation_growth``, ``stack_size`` and
``causal`` are stored in Lightning files and must be given for others.
"""

from typing import Any

from .source import Need, Publisher, Transplant, Weights, WeightsTold, numbered, settled

_NORM = r"(running_mean|running_var|num_batches_tracked)"
_GROWTH = Need("dilation_growth", 10)
_CAUSAL = Need("causal", example=False)


def _convert(weights: Weights, told: WeightsTold) -> Transplant:
    blocks = numbered(weights, "blocks.")
    firsts = [weights[f"blocks.{index}.conv1.weight"] for index in range(blocks)]
    widths = [one.shape[0] for one in firsts]
    controls = weights["gen.0.weight"].shape[1] if "gen.0.weight" in weights else 0
    shapes: dict[str, Any] = {
        "nparams": controls,
        "ninputs": firsts[0].shape[1],
        "noutputs": weights["output.weight"].shape[0],
        "nblocks": blocks,
        "kernel_size": firsts[0].shape[2],
        "channel_growth": widths[1] // widths[0] if len(set(widths)) > 1 else 1,
        "grouped": any(
            one.shape[1] == 1 < before for one, before in zip(firsts[1:], widths, strict=False)
        ),
    }
    if len(set(widths)) == 1:
        shapes["channel_width"] = widths[0]
    # Only the bare code runs without controls.
    extra = ("stack_size", "bare") if controls else ("stack_size",)
    needs = (*((_GROWTH,) if blocks > 1 else ()), *((_CAUSAL,) if controls else ()))
    found = settled(told, shapes, needs, extra) | ({} if controls else {"bare": True})
    unused = {
        name: "stored by the original and not used since its commit 638c406"
        for name in weights
        if ".conv1b." in name
    }
    kept = {name: value for name, value in weights.items() if name not in unused}
    return Transplant("microtcn", found, kept, unused, _system(told, controls))


def _convert_lstm(weights: Weights, told: WeightsTold) -> Transplant:
    inputs = weights["lstm.weight_ih_l0"].shape[1]
    shapes: dict[str, Any] = {
        "noutputs": weights["linear.weight"].shape[0],
        "hidden_size": weights["linear.weight"].shape[1],
        "num_layers": sum("weight_ih" in name for name in weights),
    }
    need = Need("nparams", inputs - 1, "how many of the inputs are controls")
    found = settled(told, shapes, (need,), ("ninputs",))
    found["ninputs"] = inputs - int(found["nparams"])
    return Transplant("microtcn_lstm", found, dict(weights), {}, _system(told, found["nparams"]))


def _system(told: WeightsTold, controls: int) -> dict[str, Any]:
    rate = told.stored.get("sample_rate")
    knob = {"minimum": 0.0, "maximum": 1.0, "default": 0.5}
    return {
        "controls": {f"control {n + 1}": knob for n in range(controls)},
        **({"sample_rate": int(rate)} if rate else {}),
    }


MICRO_TCN = Publisher(
    name="micro-tcn",
    address="csteinmetz1/micro-tcn",
    architectures=("microtcn",),
    marks=(r"^blocks\.0\.conv1\.weight$", r"^blocks\.0\.res\.weight$", r"^output\.weight$"),
    known=r"gen\.[024]\.(weight|bias)|output\.(weight|bias)|blocks\.\d+\.("
    rf"(conv1|conv1b|relu|res)\.weight|conv1b\.bias|film\.(bn\.{_NORM}|adaptor\.(weight|bias))"
    rf"|bn\.(weight|bias|{_NORM}))",
    of=lambda weights: "microtcn",
    convert=_convert,
)
MICRO_TCN_LSTM = Publisher(
    name="micro-tcn's LSTM",
    address="csteinmetz1/micro-tcn",
    architectures=("microtcn_lstm",),
    marks=(r"^lstm\.weight_ih_l0$", r"^linear\.weight$"),
    known=r"lstm\.(weight|bias)_(ih|hh)_l\d+|linear\.(weight|bias)",
    of=lambda weights: "microtcn_lstm",
    convert=_convert_lstm,
)
