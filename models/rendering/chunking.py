"""How the runner cuts a song by the mode of a system, and what it does when memory runs out.

``left``, ``right``, ``stride``, ``minimum`` and ``window`` are those of the system's Spec.

* ``whole``: one call over the song.
* ``context``: the song is padded once with silence and sliced; a block is ``left + right`` longer
  than what comes out of it.
* ``strided``: what comes out is as long as the block, and depends on where the block begins.
  Blocks begin at multiples of ``stride`` and overlap by the context, whose output is thrown away;
  the first and the last block end where the song does. The joined output is that of one call.
* ``overlap_add``: the same with blocks of ``window`` samples, whose outputs disagree where they
  overlap and are cross-faded over half the context: an approximation of one call, and called so.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from ..audio.files import fit_length
from ..errors import OutputError, UserError
from ..systems.contract import Material, Spec, System


@dataclass
class ChunkJob:
    """One system on one device; ``batch`` and ``chunk`` shrink when memory runs out."""

    system: System
    device: torch.device
    batch: int
    chunk: int
    warnings: list[str] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)

    def warn(self, text: str) -> None:
        """Keep a warning, once."""
        if text not in self.warnings:
            self.warnings.append(text)


def who(spec: Spec, material: Material) -> str:
    """The beginning of an error message."""
    return f"system {spec.name!r}, song {material.label or '(unnamed)'!r}"


def _whole(job: ChunkJob, material: Material, state: Any) -> Tensor:
    spec = job.system.spec
    samples = material.audio.shape[-1]
    lead, lag = max(-spec.delay, 0), max(spec.delay, 0)
    block = F.pad(material.audio, (lead, lag))
    length = block.shape[-1]
    block = fit_length(block, max(length, spec.minimum)).to(job.device)
    try:
        out = job.system.render(block, state)
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        raise UserError(
            f"{who(spec, material)}: memory ran out on {job.device} for {samples} samples; "
            "choose a shorter excerpt or another device"
        ) from None
    out = plain(job, material, out, block.shape[-1])
    return out[:, lag : lag + samples]


def _context(job: ChunkJob, material: Material, state: Any) -> Tensor:
    """Pad once, slice: chunk k sees samples ``k n - left .. (k + 1) n + right`` of the song."""
    spec = job.system.spec
    samples = material.audio.shape[-1]
    lead, lag = max(-spec.delay, 0), max(spec.delay, 0)
    around = spec.left + spec.right
    while True:
        limit = max(job.chunk, around)
        count = -(-samples // limit)
        size = max(-(-samples // count), spec.minimum - around, 1)
        padded = F.pad(
            material.audio, (spec.left + lead, spec.right + lag + count * size - samples)
        )[..., lag:]
        cut = _Cut(padded, [k * size for k in range(count)], size + around, size)
        try:
            out = torch.cat(list(_blocks(job, material, cut, state)), dim=-1)
        except _BlockTooLargeError:
            _shorten(job, material, size, around)
            continue
        return out[:, :samples]


def _strided(job: ChunkJob, material: Material, state: Any) -> Tensor:
    spec = job.system.spec
    left, right = _multiple(spec.left, spec.stride), _multiple(spec.right, spec.stride)
    while True:
        size = _multiple(max(job.chunk, left + right, 1), spec.stride)
        try:
            return _windows(job, material, state, (left, size, right))
        except _BlockTooLargeError:
            _shorten(job, material, size, left + right)


def _overlap_add(job: ChunkJob, material: Material, state: Any) -> Tensor:
    """Blocks are never shortened here: their length is part of what the system is."""
    spec = job.system.spec
    left, right = _multiple(spec.left, spec.stride), _multiple(spec.right, spec.stride)
    size = _multiple(max(spec.window - left - right, 1), spec.stride)
    try:
        return _windows(job, material, state, (left, size, right), fade=min(left, right) // 2)
    except _BlockTooLargeError:
        raise UserError(
            f"{who(spec, material)}: memory ran out on {job.device} for one window of "
            f"{left + size + right} samples; use another device"
        ) from None


# How a system is run, by the mode of its Spec.
MODES: dict[str, Callable[[ChunkJob, Material, Any], Tensor]] = {
    "whole": _whole,
    "context": _context,
    "strided": _strided,
    "overlap_add": _overlap_add,
}


def _windows(
    job: ChunkJob, material: Material, state: Any, parts: tuple[int, int, int], fade: int = 0
) -> Tensor:
    """Blocks of equal length from the song's beginning to its end, joined in their middles.

    ``parts`` are the context to the left, what a block yields, the context to the right. The
    last block ends with the song, so it may overlap the one before it by more.
    """
    spec = job.system.spec
    samples = material.audio.shape[-1]
    lead, lag = max(-spec.delay, 0), max(spec.delay, 0)
    total = _multiple(max(samples + lead + lag, spec.minimum), spec.stride)
    padded = F.pad(material.audio, (lead, total - lead - samples))
    left, size, right = parts
    length = min(left + size + right, total)
    starts = [*range(0, total - length, size), total - length]
    if fade and len(starts) > 1:
        seconds = length / material.sample_rate
        job.notes["approximate"] = f"rendered in cross-faded windows of {seconds:.2f} s"
    joined: Tensor | None = None
    cut = _Cut(padded, starts, length, length)
    for index, out in enumerate(_blocks(job, material, cut, state)):
        if joined is None:
            joined = out.new_zeros(out.shape[0], total)
        start = starts[index]
        # Neighbours meet where the context of the earlier one begins.
        begin = starts[index - 1] + length - right - fade if index else 0
        end = start + length - right + fade if index + 1 < len(starts) else total
        part = out[:, begin - start : end - start]
        if fade:
            ramp = (torch.arange(2 * fade, dtype=torch.float32) + 0.5) / (2 * fade)
            part = part.clone()
            if index:
                part[:, : 2 * fade] *= ramp
            if index + 1 < len(starts):
                part[:, part.shape[-1] - 2 * fade :] *= 1 - ramp
        joined[:, begin:end] += part
    if joined is None:
        raise UserError(f"{who(spec, material)}: the song has no samples")
    return joined[:, lag : lag + samples]


@dataclass(frozen=True)
class _Cut:
    """Blocks of ``length`` samples of ``audio`` from ``starts``; each gives ``wanted``."""

    audio: Tensor
    starts: Sequence[int]
    length: int
    wanted: int


class _BlockTooLargeError(Exception):
    """Memory did not suffice for one block."""


def _blocks(job: ChunkJob, material: Material, cut: _Cut, state: Any) -> Iterator[Tensor]:
    """The output of each block in turn, as many rendered at once as the batch allows."""
    done = 0
    while done < len(cut.starts):
        many = min(job.batch, len(cut.starts) - done) if hasattr(job.system, "render_batch") else 1
        blocks = torch.stack(
            [cut.audio[..., s : s + cut.length] for s in cut.starts[done : done + many]]
        )
        try:
            outs = _render_many(job, blocks.to(job.device), state)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            outs = None
        # Outside the handler, so that the failed call's tensors are no longer held by it.
        if outs is None:
            if job.device.type == "cuda":
                torch.cuda.empty_cache()
            if many == 1:
                raise _BlockTooLargeError
            job.batch = many // 2
            job.warn(f"memory ran out: batch halved to {job.batch}")
            continue
        for out in outs:
            yield plain(job, material, out, cut.wanted)
        done += many


def _render_many(job: ChunkJob, blocks: Tensor, state: Any) -> Tensor:
    if hasattr(job.system, "render_batch"):
        outs: Tensor = job.system.render_batch(blocks, state)
        return outs
    return job.system.render(blocks[0], state).unsqueeze(0)


def _shorten(job: ChunkJob, material: Material, size: int, around: int) -> None:
    """Halve the chunk, unless the context alone costs as much."""
    if size <= max(around, job.system.spec.stride, 1024):
        raise UserError(
            f"{who(job.system.spec, material)}: memory ran out on {job.device} even for one chunk "
            f"of {size} samples; use another device"
        )
    job.chunk = max(size // 2, 1)
    job.warn(f"memory ran out: chunks shortened to {job.chunk} samples")


def plain(job: ChunkJob, material: Material, out: Tensor, samples: int) -> Tensor:
    """What a system gave, checked, as float32 on the CPU."""
    spec = job.system.spec
    if out.ndim != 2 or out.shape[-1] != samples:
        raise OutputError(
            f"{who(spec, material)}: the system gave {tuple(out.shape)}, "
            f"expected (channels, {samples}); its declared context, delay or stride is wrong"
        )
    if out.dtype != torch.float32:
        job.warn(f"the system gave {str(out.dtype).removeprefix('torch.')}; kept as float32")
    return out.to("cpu", torch.float32)


def _multiple(samples: int, stride: int) -> int:
    return -(-samples // stride) * stride


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory did not suffice, on whatever device."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    text = str(error).lower()
    return "can't allocate" in text or "out of memory" in text
