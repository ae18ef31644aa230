"""Finds out by listening how a model file wants to be called: layout, context, stride, causality.

Method: noise at -40 dBFS goes in; one sample is changed, and the outputs that change show what an
output sample depends on. That is repeated at eight places of a period and with two noises, since a
unit may be silent for one of them. A model whose output is shorter by a constant has no padding;
its context is that constant, shared out by where the output correlates with the input. A model is
time-invariant in steps of the least shift for which shifting the input shifts the output. What
reaches further than a quarter of the signal counts as hearing the whole song.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from ..audio.alignment import delay_samples
from ..errors import UserError

Layout = Literal["BCN", "CN", "N"]
Call = Callable[[Tensor, Mapping[str, Any]], Tensor]
_NOISE, _STEP = 0.01, 0.01
_CHANGED, _SAME = 1e-6, 1e-5
_LENGTHS = (2**14, 2**15, 2**16, 2**17)
_PLACES = 8
_SHIFTS: tuple[int, ...] = tuple(
    sorted({2**n for n in range(17)} | {3 * 2**n for n in range(14)} | {441})
)
_ALIKE = 0.5


@dataclass(frozen=True)
class Probed:
    """How a model is called, and what an output sample depends on."""

    layout: Layout
    channels: int | None
    control_axes: Literal[1, 2, 3]
    mode: Literal["whole", "context", "strided"]
    left: int
    right: int
    stride: int
    causal: bool | None
    measured_delay: float | None
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class _Way:
    layout: Layout
    channels: int
    axes: Literal[1, 2, 3]
    call: Call
    controls: Sequence[float]

    def __call__(self, audio: Tensor) -> Tensor:
        asked = {"layout": self.layout, "control_axes": self.axes, "controls": list(self.controls)}
        return self.call(audio, asked | {"sample_rate": 44_100})


def probe_model(call: Call, controls: Sequence[float]) -> Probed:
    """Probe a model that is called with ``(channels, samples)`` and the way it is laid out.

    ``controls`` are the values that its second input gets; empty for none.

    Raises:
        UserError: if no way to call it works, with the last reason, or its output has a length
            that no rule gives.
    """
    way, samples, others = _callable_way(call, controls)
    remarks: list[str] = []
    lost = _lost(way, samples)
    noise = _noise(way.channels, samples)
    output = way(noise)
    channels = None if others else way.channels
    if lost:
        return _valid(way, noise, output, lost, channels)
    reach = [_reach(way, seed, samples) for seed in range(2)]
    left, right = (max(one[at] for one in reach) for at in (0, 1))
    found = delay_samples(output, noise, 44_100) if output.shape[0] == noise.shape[0] else None
    told = found is not None and found.correlation >= _ALIKE
    delay = round(found.samples, 2) if found is not None and told else None
    if left > samples // 4 or right > samples // 4:
        remarks.append("hears more than a quarter of the probe: recurrent, or the whole song")
        return Probed(way.layout, channels, way.axes, "whole", 0, 0, 1, right == 0, delay,
                      tuple(remarks))  # fmt: skip
    stride = _stride(way, noise, output, left, right)
    if stride is None:
        remarks.append("no shift of its input shifts its output: rendered in one call")
        return Probed(way.layout, channels, way.axes, "whole", 0, 0, 1, right == 0, delay,
                      tuple(remarks))  # fmt: skip
    # Of strided models the places of a period reach differently far.
    around = stride - 1
    return Probed(way.layout, channels, way.axes, "strided", left + around, right + around,
                  stride, right == 0, delay, tuple(remarks))  # fmt: skip


def _callable_way(call: Call, controls: Sequence[float]) -> tuple[_Way, int, bool]:
    """A way that works, for how many samples, and whether other numbers of channels do too."""
    reason = ""
    for layout, channels, axes in _ways(bool(controls)):
        way = _Way(layout, channels, axes, call, controls)
        for samples in _LENGTHS:
            try:
                output = way(_noise(channels, samples))
            except UserError as error:
                reason = str(error)
                continue
            if output.ndim == 2 and 0 < output.shape[-1] <= samples and output.shape[0] <= 64:
                return way, samples, layout == "BCN" and channels == 2 and _works(way)
            reason = f"it gives {tuple(output.shape)} for {channels} channels of {samples} samples"
    said = reason.partition(": ")[2] or reason
    raise UserError(f"no way to call it with audio works; the last try said: {said}")


def _ways(controlled: bool) -> Iterator[tuple[Layout, int, Literal[1, 2, 3]]]:  # noqa: FBT001
    layouts: tuple[Layout, ...] = ("BCN", "CN", "N")
    axes: tuple[Literal[1, 2, 3], ...] = (2, 3, 1) if controlled else (2,)
    for layout in layouts:
        for channels in (1,) if layout == "N" else (2, 1):
            for one in axes:
                yield layout, channels, one


def _works(way: _Way) -> bool:
    """Whether one channel and three work as two do, so that any number does."""
    for channels in (1, 3):
        other = _Way(way.layout, channels, way.axes, way.call, way.controls)
        try:
            if other(_noise(channels, _LENGTHS[0])).shape[0] != channels:
                return False
        except UserError:
            return False
    return True


def _lost(way: _Way, samples: int) -> int:
    """By how many samples the output is shorter, the same for two lengths.

    Raises:
        UserError: if it is not the same.
    """
    lengths = (samples, 2 * samples)
    lost = [length - way(_noise(way.channels, length)).shape[-1] for length in lengths]
    if lost[0] != lost[1]:
        raise UserError(
            f"its output is {lost[0]} samples shorter for {lengths[0]:,} and {lost[1]} for "
            f"{lengths[1]:,}: Earmark runs models that keep the length, or lose a fixed number"
        )
    return lost[0]


def _valid(way: _Way, noise: Tensor, output: Tensor, lost: int, channels: int | None) -> Probed:
    """A model without padding: where its output lies tells how its context is shared out."""
    found = delay_samples(
        torch.nn.functional.pad(output.mean(dim=0, keepdim=True), (0, lost)),
        noise.mean(dim=0, keepdim=True), 44_100, max_seconds=(lost + 64) / 44_100,
    )  # fmt: skip
    # Output j is about input j + left, so it leads by left.
    left = -round(found.samples)
    remarks = []
    if found.correlation < _ALIKE or not 0 <= left <= lost:
        left = lost
        remarks.append(
            "where its output lies cannot be told: taken for causal; correct left and right if not"
        )
    return Probed(way.layout, channels, way.axes, "context", left, lost - left, 1,
                  left == lost, None, tuple(remarks))  # fmt: skip


def _reach(way: _Way, seed: int, samples: int) -> tuple[int, int]:
    """How far before and after it a changed input sample changes the output, as right and left."""
    noise = _noise(way.channels, samples, seed)
    before = way(noise)
    limit = _CHANGED * float(before.abs().max())
    left = right = 0
    for place in range(_PLACES):
        at = samples // 2 + place * (samples // (16 * _PLACES)) + place
        other = noise.clone()
        other[:, at] += _STEP
        changed = ((way(other) - before).abs().amax(dim=0) > limit).nonzero()[:, 0]
        if len(changed):
            left = max(left, int(changed.max()) - at)
            right = max(right, at - int(changed.min()))
    return left, right


def _stride(way: _Way, noise: Tensor, output: Tensor, left: int, right: int) -> int | None:
    """The least shift of the input that shifts the output; None where there is none."""
    samples = noise.shape[-1]
    limit = _SAME * float(output.abs().max())
    for shift in _SHIFTS:
        edge = left + right + shift
        if 2 * edge >= samples:
            return None
        moved = way(torch.nn.functional.pad(noise, (shift, 0))[:, :samples])
        inner = slice(edge, samples - edge)
        before = output[:, edge - shift : samples - edge - shift]
        if moved.shape == output.shape and float((moved[:, inner] - before).abs().max()) <= limit:
            return shift
    return None


def _noise(channels: int, samples: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(channels, samples, generator=generator) * _NOISE
