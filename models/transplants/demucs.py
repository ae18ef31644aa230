"""Weights of Demucs in the time domain (facebookresearch/demucs, MIT): of 2019, 2021 and since.

Names stay as they are. Before 2022 the 1x1 and the transposed convolutions have the number 2, since
then 3, or 4 beside residual branches. Files of the package store what differs from its defaults.
"""

from typing import Any

from .source import Need, Publisher, Transplant, Weights, WeightsTold, numbered, settled

_NEVER = 99
# What the package's class takes where its file says nothing.
_DEFAULTS = {
    "stride": 4,
    "gelu": True,
    "normalize": True,
    "resample": True,
    "norm_groups": 4,
    "samplerate": 44_100,
    "segment": 40,
}


def _convert(weights: Weights, told: WeightsTold) -> Transplant:
    depth = numbered(weights, "encoder.")
    first = weights["encoder.0.0.weight"]
    width, channels, kernel = first.shape
    padded = "encoder.0.2.weight" not in weights
    last = f"decoder.{depth - 1}."
    back = max(
        int(name.split(".")[2])
        for name in weights
        if name.startswith(last) and ".layers." not in name
    )
    sources = weights[f"{last}{back}.bias"].shape[0] // channels
    branches = [f"{side}.0.3.layers." for side in ("encoder", "decoder")]
    norm_starts = _level(weights, depth, "1.weight") if padded else _NEVER
    shapes: dict[str, Any] = {
        "sources": sources,
        "audio_channels": channels,
        "channels": width,
        "growth": weights["encoder.1.0.weight"].shape[0] // width if depth > 1 else 1,
        "depth": depth,
        "kernel_size": kernel,
        "lstm_layers": sum(
            "weight_ih" in name and "reverse" not in name
            for name in weights
            if name.startswith("lstm.")
        ),
        "padded": padded,
        "norm_starts": norm_starts,
        **_branches(weights, depth, branches),
    }
    stored = dict(told.stored)
    names = stored.pop("sources", None) or range(sources)
    if padded and stored.get("klass") == "Demucs":
        stored = _DEFAULTS | stored
    if {"segment", "samplerate"} <= stored.keys():
        stored["window"] = round(float(stored["segment"]) * stored["samplerate"])
    needs = [Need("stride", 4), Need("normalize", padded), Need("resample", padded)]
    needs += [Need("gelu", example=True)] if padded else []
    needs += [Need("norm_groups", 4)] if norm_starts < depth else []
    if sources > 1:
        listed = ", ".join(f"{n} {name}" for n, name in enumerate(names))
        needs.append(Need("keep", 0, f"the output: {listed}"))
    read = WeightsTold(told.origin, told.architecture, stored, told.given)
    found = settled(read, shapes, tuple(needs), ("window",))
    rate = stored.get("samplerate")
    return Transplant(
        "demucs", found, dict(weights), {}, {"sample_rate": int(rate)} if rate else {}
    )


def _branches(weights: Weights, depth: int, places: list[str]) -> dict[str, Any]:
    """What the residual branches are, where there are some."""
    here = [any(name.startswith(place) for name in weights) for place in places]
    mode = here[0] + 2 * here[1]
    if not mode:
        return {"dconv_mode": 0}
    # The first side that has them, whose levels count from the other end in the decoder.
    encoder = here[0]
    outer = "encoder.0." if encoder else f"decoder.{depth - 1}."
    inner = weights[f"{outer}3.layers.0.0.weight"]
    return {
        "dconv_mode": mode,
        "dconv_depth": numbered(weights, f"{outer}3.layers."),
        "dconv_comp": inner.shape[1] / inner.shape[0],
        "dconv_attn": _level(weights, depth, "3.layers.0", ".content.weight", encoder=encoder),
        "dconv_lstm": _level(weights, depth, "3.layers.0", ".linear.weight", encoder=encoder),
    }


def _level(weights: Weights, depth: int, begin: str, end: str = "", *, encoder: bool = True) -> int:
    """The first level that has a name of this beginning and end."""
    for level in range(depth):
        place = f"encoder.{level}.{begin}" if encoder else f"decoder.{depth - 1 - level}.{begin}"
        if any(name.startswith(place) and name.endswith(end) for name in weights):
            return level
    return _NEVER


_ENDS = r"\.(weight|bias)"
_LSTM = rf"lstm\.(weight|bias)_(ih|hh)_l\d+(_reverse)?|linear{_ENDS}"
DEMUCS = Publisher(
    name="Demucs",
    address="facebookresearch/demucs",
    architectures=("demucs",),
    marks=(r"^encoder\.0\.0\.weight$", r"^decoder\.0\.0\.weight$", r"^encoder\.0\.[234]\.weight$"),
    known=rf"(encoder|decoder)\.\d+\.(\d+{_ENDS}|3\.layers\.\d+\.("
    rf"\d+{_ENDS}|\d+\.scale|\d+\.(content|query|key|query_decay|proj){_ENDS}|\d+\.({_LSTM})))"
    rf"|lstm\.({_LSTM})",
    of=lambda weights: "demucs",
    convert=_convert,
)
