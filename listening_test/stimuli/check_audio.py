"""Finds what is wrong with the audio of one passage: files, lengths, levels, delays, clipping."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

from ...models.audio.alignment import delay_samples
from ...models.audio.files import info
from ...models.audio.loudness import loudness_profile, true_peak_dbtp
from ...models.errors import UserError
from ..kinds import parts
from ..study.study import REFERENCE, Passage, Study
from .find_audio import AudioSource, excerpt_of, read_versions
from .prepare import UNEQUAL_SECONDS, fade_of, prepare, seconds_apart

_DELAY_SECONDS = 0.001
_DYNAMICS_LU = 6.0


@dataclass(frozen=True)
class AudioProblem:
    """An ``error`` keeps a study from being made; a ``warning`` says what to think about."""

    severity: Literal["error", "warning"]
    message: str

    def __str__(self) -> str:
        return f"{self.severity}: {self.message}"


def check_passage(source: AudioSource, study: Study) -> tuple[Passage, list[AudioProblem]]:
    """A passage as far as it can be read, and every problem of its files.

    Files that are gone are told by :func:`.sources.find_sources`, and are passed over here.
    """
    rate, where, found = study.sample_rate, f"passage {source.id!r}", []
    files = {}
    for name, path in source.files.items():
        if not path.is_file():
            continue
        try:
            info(path)
            files[name] = path
        except UserError as error:
            found.append(AudioProblem("error", f"{where}: {error}"))
    nothing = Passage(source.id, 0, 0, {})
    if not files:
        return nothing, found
    lost = source.guide in source.files.values() and source.guide not in files.values()
    there = replace(source, files=files, guide=next(iter(files.values())) if lost else source.guide)
    try:
        start, samples, short = excerpt_of(there, study.file, rate)
        versions = read_versions(there, start, samples, rate)
        hashes = there.sha256
    except (UserError, OSError) as error:
        return nothing, [*found, AudioProblem("error", f"{where}: {error}")]
    if short:
        found.append(
            AudioProblem(
                "warning", f"{where}: ends within the excerpt: {samples / rate:.2f} s are left"
            )
        )
    found += [
        AudioProblem(severity, f"{where}: {message}")
        for severity, message in _versions(versions, study, source.id)
    ]
    length = min(audio.shape[-1] for audio in versions.values())
    return Passage(source.id, start, length, hashes), found


def _versions(
    versions: Mapping[str, Tensor], study: Study, passage: str
) -> Iterator[tuple[Literal["error", "warning"], str]]:
    apart, shortest = seconds_apart(versions, study.sample_rate)
    if apart > 0:
        message = f"lengths differ by {apart:.3f} s; {shortest!r} is the shortest"
        yield ("error" if apart > UNEQUAL_SECONDS else "warning"), message
    for line in _sound(versions, study.sample_rate):
        yield "warning", line
    mine = [part for part in parts(study) if any(one.id == passage for one in part.passages)]
    if not mine:
        yield "error", "no block plays it; leave it out"
    told = set[str]()
    for part in mine:
        heard = {name: audio for name, audio in versions.items() if name in part.systems}
        # Without its reference a passage has no anchors; that it is missing was told already.
        if not heard or ("anchor" in part.systems.values() and REFERENCE not in heard):
            continue
        try:
            prepare(heard, part, fade_of(part))
        except UserError as error:
            if str(error) not in told:
                yield "error", str(error)
            told.add(str(error))


def _sound(versions: Mapping[str, Tensor], rate: int) -> Iterator[str]:
    # What is no number has no loudness and no delay; preparing the versions tells of it.
    versions = {name: audio for name, audio in versions.items() if bool(audio.isfinite().all())}
    dynamics = {}
    for name, audio in versions.items():
        runs = clipped_runs(audio)
        if runs:
            words = "a run" if runs == 1 else f"{runs} runs"
            yield f"{name!r} looks clipped: {words} of full-scale samples"
        profile = loudness_profile(audio, rate)
        peak = float(true_peak_dbtp(audio, rate))
        if math.isfinite(float(profile.integrated)):
            dynamics[name] = peak - float(profile.integrated)
    if dynamics and max(dynamics.values()) - min(dynamics.values()) > _DYNAMICS_LU:
        low, high = (pick(dynamics, key=lambda n: dynamics[n]) for pick in (min, max))
        yield (
            f"peak to loudness differs by {dynamics[high] - dynamics[low]:.1f} LU between {low!r} "
            f"and {high!r}: matching the integrated loudness may not match what is perceived"
        )
    first = REFERENCE if REFERENCE in versions else next(iter(versions), "")
    for name, audio in versions.items():
        size = min(audio.shape[-1], versions[first].shape[-1])
        if name == first or size < rate // 2:
            continue
        delay = delay_samples(audio[:, :size], versions[first][:, :size], rate)
        if delay.correlation > 0.5 and abs(delay.samples) > _DELAY_SECONDS * rate:
            yield f"{name!r} is {delay.samples:.1f} samples behind {first!r}; align the files"


def clipped_runs(audio: Tensor, length: int = 4) -> int:
    """How many times ``length`` or more samples in a row stand at full scale; ``(channels, n)``."""
    at_top = (audio.abs() >= 0.9999).to(torch.int8)
    edges = torch.diff(at_top, dim=-1, prepend=torch.zeros_like(at_top[:, :1]))
    runs = 0
    for channel, edge in zip(at_top, edges, strict=True):
        starts = (edge == 1).nonzero().flatten()
        ends = (edge == -1).nonzero().flatten()
        if len(ends) < len(starts):
            ends = torch.cat([ends, torch.tensor([len(channel)])])
        runs += int((ends - starts >= length).sum())
    return runs
