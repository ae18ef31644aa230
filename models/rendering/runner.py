"""Runs any system over one song: exact in chunks, on any device, never touching level or timing.

The runner alone resamples to the system's rate and back, adapts the channels, cuts the song into
chunks, takes back the delay that a system *declares*, and crops. It never normalises, and it
hides no error of polarity, level or delay: what a system does wrong, the scores shall show.

How a song is cut follows from the system's mode (:mod:`earmark.models.rendering.chunking`):
``whole``, ``context`` and ``strided`` give what one call over the song would, in bounded memory the
latter two; ``overlap_add`` approximates it and is noted as ``approximate``. Blocks of one song are
batched where the system has the optional method ``render_batch``; where memory runs out the batch
is halved, then the chunk.

Beyond the :class:`~earmark.models.systems.contract.System` contract a system may have

* ``render_batch(blocks, state)``: as ``render``, for ``(batch, channels, samples)``;
* ``to(device)``: moves its weights; blocks then come on that device. Without it the system runs
  on the CPU. What ``prepare`` sees is always on the CPU;
* ``finish(audio, material, state)``: what only the joined song allows, after the blocks: a limiter
  over all of it, an equaliser in float64. ``(channels, samples)`` in and out, on the CPU;
* ``notes(state) -> dict``: facts of this song for the sidecar (an EQ, an achieved loudness);
* ``remarks() -> dict``: facts of the system itself for every sidecar (whose weights it has).

A mono system is run on each channel of a stereo song by itself.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn

from ..audio.files import fit_length, match_channels, resample
from ..configuration import nearest
from ..errors import OutputError, UserError
from ..systems.contract import Material, Spec, System
from .chunking import MODES, ChunkJob, plain, who
from .devices import PeakMemory, exact_float32, resolve_device

# Output samples of a chunk: 1.5 s at 44.1 kHz, but never fewer than the context costs.
CHUNK = 65_536


@dataclass(frozen=True)
class Output:
    """One render and what it cost.

    ``audio`` is ``(channels, samples)`` float32 on the CPU, at the material's rate and of its
    length. ``rtf`` is ``wall_seconds``, of preparing, resampling and rendering, over the seconds
    of audio. ``peak_memory_mb`` (MiB) is what :class:`~earmark.models.rendering.devices.PeakMemory`
    says. ``device`` is where the system did run. ``notes`` holds what the runner and the system
    want known; ``warnings`` what went otherwise than asked.
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
    job = ChunkJob(system, place, batch or (1 if place.type == "cpu" else 16), max(chunk, 1))
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


def _rendered(
    job: ChunkJob, material: Material, controls: Mapping[str, float]
) -> tuple[Tensor, dict[str, Any]]:
    """The output at the material's rate and length, and the notes."""
    spec = job.system.spec
    notes: dict[str, Any] = {}
    if hasattr(job.system, "remarks"):
        notes |= job.system.remarks()
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
    job: ChunkJob, material: Material, controls: Mapping[str, float]
) -> tuple[Tensor, dict[str, Any]]:
    """Prepare and render material whose rate and channels are the system's own."""
    system = job.system
    state = system.prepare(material, controls)
    audio = MODES[system.spec.mode](job, material, state)
    if hasattr(system, "finish"):
        audio = plain(job, material, system.finish(audio, material, state), audio.shape[-1])
    notes = system.notes(state) if hasattr(system, "notes") else {}
    return audio, job.notes | dict(notes)


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
    about = who(spec, material)
    if spec.mode not in MODES:
        raise UserError(f"{about}: the runner has no mode {spec.mode!r}; it has {', '.join(MODES)}")
    if spec.input == "stems" and material.audio.ndim != 3:
        raise UserError(f"{about}: the system mixes stems, and the song has none")
    if spec.input == "mix" and material.audio.ndim != 2:
        raise UserError(f"{about}: the system takes a mix, not stems")
    if material.audio.shape[-1] == 0:
        raise UserError(f"{about}: the song has no samples")
    if spec.uses_reference and material.reference is None:
        raise UserError(f"{about}: the system uses the reference master, and the song has none")
    bad = int((~torch.isfinite(material.audio)).sum())
    if bad:
        raise UserError(f"{about}: {bad} samples of the song are not finite numbers")


def _check_finite(spec: Spec, material: Material, audio: Tensor) -> None:
    bad = int((~torch.isfinite(audio)).sum())
    if bad:
        raise OutputError(
            f"{who(spec, material)}: {bad} of {audio.numel()} samples of the output are not "
            "finite numbers (NaN or infinite)"
        )


def _check_eval_mode(system: System) -> None:
    for value in (system, *getattr(system, "__dict__", {}).values()):
        if isinstance(value, nn.Module) and any(part.training for part in value.modules()):
            raise UserError(
                f"system {system.spec.name!r}: its network is in training mode; call .eval()"
            )
