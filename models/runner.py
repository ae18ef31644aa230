"""Runs any system over one song: exact in chunks, on any device, never touching level or timing.

The runner alone resamples to the system's rate and back, adapts the channels, cuts the song into
chunks, takes back the delay that a system *declares*, and crops. It never normalises, and it
hides no error of polarity, level or delay: what a system does wrong, the scores shall show.

* Mode ``whole``: one call over the whole song.
* Mode ``context``: the song is padded once with silence by the system's context and sliced, so
  that the chunked output is the whole output. Chunks of one song have equal length and are
  batched where the system has the optional method ``render_batch``; where memory runs out the
  batch is halved, then the chunk.

Beyond the :class:`~earmark.models.systems.System` contract a system may have

* ``render_batch(blocks, state)``: as ``render``, for ``(batch, channels, samples)``;
* ``to(device)``: moves its weights; blocks then come on that device. Without it the system runs
  on the CPU. What ``prepare`` sees is always on the CPU;
* ``notes(state) -> dict``: facts of this song for the sidecar (an EQ, an achieved loudness).

A mono system is run on each channel of a stereo song by itself.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .audio import fit_length, match_channels, resample
from .configuration import nearest
from .devices import PeakMemory, exact_float32, resolve_device
from .errors import UserError
from .systems import Material, Spec, System

# Output samples of a chunk: 1.5 s at 44.1 kHz, but never fewer than the context costs.
CHUNK = 65_536


@dataclass(frozen=True)
class Output:
    """One render and what it cost.

    ``audio`` is ``(channels, samples)`` float32 on the CPU, at the material's rate and of its
    length. ``rtf`` is ``wall_seconds``, of preparing, resampling and rendering, over the seconds
    of audio. ``peak_memory_mb`` (MiB) is what :class:`~earmark.models.devices.PeakMemory` says.
    ``device`` is where the system did run. ``notes`` holds what the runner and the system want
    known; ``warnings`` what went otherwise than asked.
    """

    audio: Tensor
    sample_rate: int
    wall_seconds: float
    rtf: float
    peak_memory_mb: float | None
    device: str
    dtype: str = "float32"
    warnings: tuple[str, ...] = ()
    notes: Mapping[str, Any] = field(default_factory=dict)


def run(
    system: System,
    material: Material,
    controls: Mapping[str, float] | None = None,
    device: str = "cpu",
    *,
    batch: int | None = None,
    chunk: int = CHUNK,
) -> Output:
    """The output of ``system`` for one song.

    ``controls`` not given keep their defaults. ``batch`` is the number of chunks rendered at
    once (1 on the CPU, where more are not faster, and 16 on an accelerator) and ``chunk`` their
    output samples. Neither changes the result beyond rounding: torch's convolutions sum in an
    order that depends on the shape, about 1e-6 of full scale.

    Raises:
        UserError: if the material does not suit the system, a control is unknown or out of range,
            memory does not suffice even for the smallest chunk, or the output is of another
            length or not finite.
    """
    spec = system.spec
    settings = check_controls(spec, controls or {})
    _check_material(spec, material)
    _check_eval_mode(system)
    place = resolve_device(device) if hasattr(system, "to") else torch.device("cpu")
    job = _Job(system, place, batch or (1 if place.type == "cpu" else 16), max(chunk, 1))
    with torch.inference_mode(), exact_float32(), PeakMemory(place) as memory:
        if hasattr(system, "to"):
            system.to(str(place))
        start = time.perf_counter()
        audio, notes = _rendered(job, material, settings)
        if place.type == "cuda":
            torch.cuda.synchronize(place)
        wall = time.perf_counter() - start
    _check_finite(spec, material, audio)
    return Output(
        audio=audio,
        sample_rate=material.sample_rate,
        wall_seconds=wall,
        rtf=wall * material.sample_rate / material.audio.shape[-1],
        peak_memory_mb=memory.mebibytes,
        device=str(place),
        warnings=tuple(job.warnings),
        notes=notes,
    )


def check_controls(spec: Spec, controls: Mapping[str, float]) -> dict[str, float]:
    """Every control of ``spec`` with the value given, or its default.

    Raises:
        UserError: for a control that the system has not, or a value out of its range.
    """
    for name, value in controls.items():
        known = spec.controls.get(name)
        if known is None:
            mend = nearest(name, list(spec.controls)) or "; it has none"
            raise UserError(f"system {spec.name!r} has no control {name!r}{mend}")
        if not known.minimum <= value <= known.maximum:
            raise UserError(
                f"system {spec.name!r}: control {name} is {value:g}; "
                f"choose from {known.minimum:g} to {known.maximum:g}"
            )
    return {name: float(controls.get(name, known.default)) for name, known in spec.controls.items()}


@dataclass
class _Job:
    """One system on one device; ``batch`` and ``chunk`` shrink when memory runs out."""

    system: System
    device: torch.device
    batch: int
    chunk: int
    warnings: list[str] = field(default_factory=list)

    def warn(self, text: str) -> None:
        if text not in self.warnings:
            self.warnings.append(text)


def _rendered(
    job: _Job, material: Material, controls: Mapping[str, float]
) -> tuple[Tensor, dict[str, Any]]:
    """The output at the material's rate and length, and the notes."""
    spec = job.system.spec
    notes: dict[str, Any] = {}
    native = _resampled(material, spec.sample_rate or material.sample_rate)
    if native.sample_rate != material.sample_rate:
        notes["resampled_to"] = native.sample_rate
    if not spec.uses_reference:
        native = replace(native, reference=None)
    if spec.channels == 1 and native.audio.shape[-2] > 1:
        # Averaging would throw the stereo image away, which no one asked for.
        notes["mono_system"] = "run on each channel by itself"
        parts = []
        for index in range(native.audio.shape[-2]):
            one, said = _one_layout(job, _one_channel(native, index), controls)
            parts.append(one)
            notes |= {f"channel {index + 1}": said} if said else {}
        audio = torch.cat(parts, dim=-2)
    else:
        audio, said = _one_layout(job, _in_channels(native, spec.channels), controls)
        notes |= said
    audio = resample(audio, native.sample_rate, material.sample_rate)
    return fit_length(audio, material.audio.shape[-1]).contiguous(), notes


def _one_layout(
    job: _Job, material: Material, controls: Mapping[str, float]
) -> tuple[Tensor, dict[str, Any]]:
    """Prepare and render material whose rate and channels are the system's own."""
    system = job.system
    state = system.prepare(material, controls)
    audio = _MODES[system.spec.mode](job, material, state)
    notes = system.notes(state) if hasattr(system, "notes") else {}
    return audio, dict(notes)


def _whole(job: _Job, material: Material, state: Any) -> Tensor:
    spec = job.system.spec
    samples = material.audio.shape[-1]
    lead, lag = max(-spec.delay, 0), max(spec.delay, 0)
    block = F.pad(material.audio, (lead, lag))
    length = block.shape[-1]
    block = fit_length(block, max(length, spec.minimum)).to(job.device)
    try:
        out = job.system.render(block, state)
    except (MemoryError, RuntimeError) as error:
        if not _is_out_of_memory(error):
            raise
        raise UserError(
            f"{_who(spec, material)}: memory ran out on {job.device} for {samples} samples; "
            "choose a shorter excerpt or another device"
        ) from None
    out = _plain(job, material, out, block.shape[-1])
    return out[:, lag : lag + samples]


def _context(job: _Job, material: Material, state: Any) -> Tensor:
    """Pad once, slice: chunk k sees samples ``k n - left .. (k + 1) n + right`` of the song."""
    spec = job.system.spec
    samples = material.audio.shape[-1]
    lead, lag = max(-spec.delay, 0), max(spec.delay, 0)
    while True:
        around = spec.left + spec.right
        limit = max(job.chunk, around)
        count = -(-samples // limit)
        size = max(-(-samples // count), spec.minimum - around, 1)
        padded = F.pad(
            material.audio, (spec.left + lead, spec.right + lag + count * size - samples)
        )[..., lag:]
        try:
            out = torch.cat(list(_chunks(job, material, padded, (count, size), state)), dim=-1)
        except _ChunkTooLargeError:
            # Below the context a chunk costs memory for the context alone.
            if size <= max(around, 1024):
                raise UserError(
                    f"{_who(spec, material)}: memory ran out on {job.device} even for one chunk "
                    f"of {size} samples; use another device"
                ) from None
            job.chunk = max(size // 2, 1)
            job.warn(f"memory ran out: chunks shortened to {job.chunk} samples")
            continue
        return out[:, :samples]


class _ChunkTooLargeError(Exception):
    """Memory did not suffice for one chunk."""


def _chunks(
    job: _Job, material: Material, padded: Tensor, cut: tuple[int, int], state: Any
) -> Iterator[Tensor]:
    spec = job.system.spec
    count, size = cut
    around = spec.left + spec.right
    done = 0
    while done < count:
        many = min(job.batch, count - done) if hasattr(job.system, "render_batch") else 1
        blocks = torch.stack(
            [padded[..., k * size : (k + 1) * size + around] for k in range(done, done + many)]
        )
        try:
            outs = _render_many(job, blocks.to(job.device), state)
        except (MemoryError, RuntimeError) as error:
            if not _is_out_of_memory(error):
                raise
            outs = None
        # Outside the handler, so that the failed call's tensors are no longer held by it.
        if outs is None:
            if job.device.type == "cuda":
                torch.cuda.empty_cache()
            if many == 1:
                raise _ChunkTooLargeError
            job.batch = many // 2
            job.warn(f"memory ran out: batch halved to {job.batch}")
            continue
        for out in outs:
            yield _plain(job, material, out, size)
        done += many


def _render_many(job: _Job, blocks: Tensor, state: Any) -> Tensor:
    if hasattr(job.system, "render_batch"):
        outs: Tensor = job.system.render_batch(blocks, state)
        return outs
    return job.system.render(blocks[0], state).unsqueeze(0)


# How a system is run, by the mode of its Spec.
_MODES: dict[str, Callable[[_Job, Material, Any], Tensor]] = {
    "whole": _whole,
    "context": _context,
}


def _plain(job: _Job, material: Material, out: Tensor, samples: int) -> Tensor:
    """What a system gave, checked, as float32 on the CPU."""
    spec = job.system.spec
    if out.ndim != 2 or out.shape[-1] != samples:
        raise UserError(
            f"{_who(spec, material)}: the system gave {tuple(out.shape)}, "
            f"expected (channels, {samples}); its declared context, delay or stride is wrong"
        )
    if out.dtype != torch.float32:
        job.warn(f"the system gave {str(out.dtype).removeprefix('torch.')}; kept as float32")
    return out.to("cpu", torch.float32)


def _is_out_of_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    text = str(error).lower()
    return "can't allocate" in text or "out of memory" in text


def _resampled(material: Material, rate: int) -> Material:
    if rate == material.sample_rate:
        return material
    audio = material.audio
    flat = resample(audio.reshape(-1, audio.shape[-1]), material.sample_rate, rate)
    reference = material.reference
    if reference is not None:
        reference = resample(reference, material.sample_rate, rate)
    return replace(
        material,
        audio=flat.reshape(*audio.shape[:-1], flat.shape[-1]),
        reference=reference,
        sample_rate=rate,
        start=round(material.start * rate / material.sample_rate),
    )


def _in_channels(material: Material, channels: int | None) -> Material:
    if channels is None:
        return material
    reference = material.reference
    return replace(
        material,
        audio=match_channels(material.audio, channels).contiguous(),
        reference=None if reference is None else match_channels(reference, channels).contiguous(),
    )


def _one_channel(material: Material, index: int) -> Material:
    reference = material.reference
    if reference is not None:
        reference = reference[min(index, reference.shape[-2] - 1)].unsqueeze(0)
    audio = material.audio[..., index : index + 1, :].contiguous()
    return replace(material, audio=audio, reference=reference)


def _check_material(spec: Spec, material: Material) -> None:
    who = _who(spec, material)
    if spec.mode not in _MODES:
        raise UserError(f"{who}: the runner has no mode {spec.mode!r}; it has {', '.join(_MODES)}")
    if spec.input == "stems" and material.audio.ndim != 3:
        raise UserError(f"{who}: the system mixes stems, and the song has none")
    if spec.input == "mix" and material.audio.ndim != 2:
        raise UserError(f"{who}: the system takes a mix, not stems")
    if material.audio.shape[-1] == 0:
        raise UserError(f"{who}: the song has no samples")
    if spec.uses_reference and material.reference is None:
        raise UserError(f"{who}: the system uses the reference master, and the song has none")
    bad = int((~torch.isfinite(material.audio)).sum())
    if bad:
        raise UserError(f"{who}: {bad} samples of the song are not finite numbers")


def _check_finite(spec: Spec, material: Material, audio: Tensor) -> None:
    bad = int((~torch.isfinite(audio)).sum())
    if bad:
        raise UserError(
            f"{_who(spec, material)}: {bad} of {audio.numel()} samples of the output are not "
            "finite numbers (NaN or infinite)"
        )


def _check_eval_mode(system: System) -> None:
    for value in (system, *getattr(system, "__dict__", {}).values()):
        if isinstance(value, nn.Module) and any(part.training for part in value.modules()):
            raise UserError(
                f"system {system.spec.name!r}: its network is in training mode; call .eval()"
            )


def _who(spec: Spec, material: Material) -> str:
    return f"system {spec.name!r}, song {material.label or '(unnamed)'!r}"
