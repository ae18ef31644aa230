"""Makes the blind audio files of a study: cut, faded, matched in loudness, dithered, verified.

Versions of a passage are matched downwards by pure gain to the quietest (or to a target below
it), and lower still where a true peak would pass the ceiling. What is stated of a file was
measured on the written file. Anchors are linear-phase low-pass copies of the reference without
delay (BS.1534-3: 25 dB down at 4 kHz, 50 dB at 4.5 kHz; the 7 kHz anchor's mask at twice that).
"""

import math
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import torch
from torch import Tensor

from ...evaluation.metrics import Analysis, Metric, measure
from ...evaluation.results.store import written
from ...models.audio.files import fit_length
from ...models.audio.loudness import integrated_loudness, true_peak_dbtp
from ...models.effects import convolve, low_pass_fir
from ...models.errors import UserError
from ..kinds import kind_of, parts
from ..kinds.parts import copy_in
from ..study.file import ANCHORS, Matching
from ..study.orders import generator
from ..study.study import REFERENCE, Passage, Sound, Stimulus, Study, StudyFolder
from . import headphones
from .blind_copies import copies_of
from .find_audio import AudioSource, Sources, excerpt_of, read_versions
from .wav import decode, encode, same_header

_PASS_HZ = {"lowpass_3500": 3500.0, "lowpass_7000": 7000.0}
UNEQUAL_SECONDS = 0.05  # what encoders add to an end; more is another recording, or a cut one


@dataclass(frozen=True)
class Version:
    """One version of a passage as it will be heard."""

    audio: Tensor
    gain_db: float


def anchor(reference: Tensor, name: str, sample_rate: int) -> Tensor:
    """The low-pass anchor of ``reference`` ``(channels, samples)``; no delay."""
    pass_hz = _PASS_HZ[name]
    if pass_hz * 8 / 7 >= sample_rate / 2:
        return reference
    fir = low_pass_fir(pass_hz, pass_hz * 8.0 / 7.0, sample_rate)
    return torch.from_numpy(convolve(reference.numpy(), fir)).float()


def faded(audio: Tensor, sample_rate: int, milliseconds: float) -> Tensor:
    """Raised-cosine fades at both ends; ``(channels, samples)``."""
    samples = min(round(milliseconds * sample_rate / 1000), audio.shape[-1] // 2)
    if samples == 0:
        return audio
    rise = 0.5 - 0.5 * torch.cos(math.pi * (torch.arange(samples) + 0.5) / samples)
    out = audio.clone()
    out[..., :samples] *= rise
    out[..., -samples:] *= rise.flip(0)
    return out


def gains(
    levels: Mapping[str, tuple[float, float]], matching: Matching, unmatched: Sequence[str] = ()
) -> dict[str, float]:
    """The gain in dB for each version, from its (LUFS, dBTP); those of ``unmatched`` get none.

    Raises:
        UserError: if a version has no loudness, or the target is above the quietest version.
    """
    if matching.mode == "as_delivered":
        highest = max((peak for _, peak in levels.values() if math.isfinite(peak)), default=-99.0)
        common = min(0.0, matching.ceiling_dbtp - _MARGIN - highest)
        return dict.fromkeys(levels, common)
    matched = {name: level for name, level in levels.items() if name not in unmatched}
    for name, (lufs, _) in matched.items():
        if not math.isfinite(lufs):
            raise UserError(
                f"{name!r} has no loudness (silent, or shorter than 0.4 s) and cannot be matched; "
                "choose another excerpt, or loudness: {mode: as_delivered}"
            )
    quietest = min(matched, key=lambda name: matched[name][0])
    level = matched[quietest][0]
    if matching.target_lufs is not None:
        if matching.target_lufs > level + 1e-6:
            raise UserError(
                f"loudness cannot be matched to {matching.target_lufs:g} LUFS by lowering alone: "
                f"{quietest!r} has {level:.1f}; give a target_lufs of {math.floor(level)} or less"
            )
        level = matching.target_lufs
    ceiling = matching.ceiling_dbtp - _MARGIN
    level = min(level, *(ceiling - (peak - lufs) for lufs, peak in matched.values()))
    return {name: level - lufs for name, (lufs, _) in matched.items()}


# Dither and rounding move a true peak by less than this.
_MARGIN = 0.01


def prepare(versions: Mapping[str, Tensor], study: Study, fade_ms: float) -> dict[str, Version]:
    """Every version of a passage as it will be heard, anchors among them, in equal lengths.

    Raises:
        UserError: if a version holds what is no number, or they cannot be matched in loudness.
    """
    rate = study.sample_rate
    broken = [repr(name) for name, audio in versions.items() if not audio.isfinite().all()]
    if broken:
        raise UserError(
            f"{', '.join(broken)}: samples that are not numbers (NaN or infinite); export the "
            "audio again"
        )
    samples = min(audio.shape[-1] for audio in versions.values())
    heard = {name: fit_length(audio, samples) for name, audio in versions.items()}
    made = [name for name in ANCHORS if name in study.systems and name not in heard]
    heard |= {name: anchor(heard[REFERENCE], name, rate) for name in made}
    heard = {name: faded(audio, rate, fade_ms) for name, audio in heard.items()}
    natural = made if kind_of(study).natural_anchors else []
    levels = {name: level(audio, rate) for name, audio in heard.items()}
    found = gains(levels, study.file.loudness, natural)
    for name in natural:
        found[name] = found[REFERENCE]
    if natural:
        # A filtered copy may peak above its reference: then all of the page go down together.
        over = max(levels[name][1] + found[name] for name in natural)
        down = min(0.0, study.file.loudness.ceiling_dbtp - _MARGIN - over)
        found = {name: gain + down for name, gain in found.items()}
    return {
        name: Version(audio * 10 ** (found[name] / 20), found[name])
        for name, audio in heard.items()
    }


def prepared(versions: Mapping[str, Tensor], mine: Sequence[Study]) -> list[dict[str, Version]]:
    """The versions of a passage as each part of a study plays them, at one level everywhere.

    Raises:
        UserError: as :func:`prepare`.
    """
    samples = min(audio.shape[-1] for audio in versions.values())
    ready = [
        prepare(
            {name: fit_length(one, samples) for name, one in versions.items() if name in p.systems},
            p,
            fade_of(p),
        )
        for p in mine
    ]
    if len(ready) == 1:
        return ready
    # Blocks that play other versions would each be at a level of their own: down to the lowest.
    levels = [_level_of(one, part) for one, part in zip(ready, mine, strict=True)]
    lowest = min(levels)
    return [
        {
            name: Version(v.audio * 10 ** ((lowest - own) / 20), v.gain_db + lowest - own)
            for name, v in one.items()
        }
        for one, own in zip(ready, levels, strict=True)
    ]


def _level_of(ready: Mapping[str, Version], part: Study) -> float:
    """The level that a part's versions of a passage share: LUFS, or the gain as delivered."""
    made = [name for name in ready if name not in ANCHORS] or list(ready)
    if part.file.loudness.mode == "as_delivered":
        return ready[made[0]].gain_db
    return level(ready[made[0]].audio, part.sample_rate)[0]


def seconds_apart(versions: Mapping[str, Tensor], rate: int) -> tuple[float, str]:
    """By how many seconds the longest version outlasts the shortest, and which that is."""
    lengths = {name: audio.shape[-1] for name, audio in versions.items()}
    shortest = min(lengths, key=lambda name: lengths[name])
    return (max(lengths.values()) - lengths[shortest]) / rate, shortest


def level(audio: Tensor, sample_rate: int) -> tuple[float, float]:
    """Integrated loudness in LUFS and true peak in dBTP; NaN where undefined."""
    return (
        float(integrated_loudness(audio, sample_rate)),
        float(true_peak_dbtp(audio, sample_rate)),
    )


def fade_of(study: Study) -> float:
    """The fades in milliseconds: as the file says, else as the kind of test has them."""
    said = study.file.excerpts.fade_ms
    return kind_of(study).fade_ms if said is None else said


@dataclass(frozen=True)
class Made:
    """What came of one passage."""

    passage: Passage
    stimuli: tuple[Stimulus, ...]
    heard: tuple[dict[str, Any], ...]
    loudest: Tensor


def make_passage(
    source: AudioSource, study: Study, folder: StudyFolder, metrics: Sequence[Metric]
) -> Made:
    """Write the files of one passage, check each as written, measure each as heard.

    Raises:
        UserError: if their lengths differ, they cannot be matched, or a written file is not what
            it should be.
    """
    rate = study.sample_rate
    start, samples, _ = excerpt_of(source, study.file, rate)
    versions = read_versions(source, start, samples, rate)
    # Kinds make their pages of a study's passages; here it is this one.
    alone = replace(study, passages=(Passage(source.id, start, samples, {}),))
    mine = [part for part in parts(alone) if part.passages]
    used = {name for part in mine for name in part.systems}
    versions = {name: audio for name, audio in versions.items() if name in used}
    if not versions:
        raise UserError(f"passage {source.id!r}: no block plays it; leave it out")
    apart, shortest = seconds_apart(versions, rate)
    if apart > UNEQUAL_SECONDS:
        raise UserError(
            f"passage {source.id!r}: lengths differ by {apart:.3f} s; {shortest!r} is the "
            f"shortest; cut the files alike, to {UNEQUAL_SECONDS:g} s"
        )
    try:
        ready = prepared(versions, mine)
    except UserError as error:
        raise UserError(f"passage {source.id!r}: {error}") from None
    uses = [
        (part, name, copy_in(part, use))
        for part, heard_here in zip(mine, ready, strict=True)
        for name in heard_here
        for use in copies_of(part, source.id, name)
    ]
    by_part = {part.block: one for part, one in zip(mine, ready, strict=True)}
    encoded = [
        encode(
            by_part[part.block][name].audio, rate, study.file.bits,
            dither_seed(study, source.id, name, use),
        )
        for part, name, use in uses
    ]  # fmt: skip
    if not same_header(encoded):
        raise UserError(f"passage {source.id!r}: the written files differ in more than samples")
    stimuli, heard, lengths = [], [], set()
    analyses: dict[tuple[str, str], Analysis] = {}
    for (part, name, use), data in zip(uses, encoded, strict=True):
        audio, _ = decode(data)
        lufs, dbtp = level(audio, rate)
        stimulus = Stimulus(
            token=secrets.token_hex(16),
            passage=source.id,
            system=name,
            copy=use,
            sha256=sha256(data).hexdigest(),
            bytes=len(data),
            gain_db=by_part[part.block][name].gain_db,
            lufs=lufs if math.isfinite(lufs) else None,
            dbtp=dbtp if math.isfinite(dbtp) else None,
        )
        with written(folder.stimulus(stimulus.token)) as scratch:
            scratch.write_bytes(data)
        lengths.add(audio.shape[-1])
        stimuli.append(stimulus)
        if metrics and (part.block, name) not in analyses:
            analyses[part.block, name] = Analysis(audio, rate)
    for part in mine:
        there = copy_in(part, "")
        _verify([one for one in stimuli if one.copy.startswith(there)], part, source.id, lengths)
    heard = [
        {"passage": source.id, "system": name} | ({"block": block} if block else {}) | row
        for (block, name), analysis in analyses.items()
        for row in _scores(
            analysis, metrics, None if name == REFERENCE else analyses.get((block, REFERENCE))
        )
    ]
    passage = Passage(source.id, start, lengths.pop(), source.sha256, source.genre)
    loudest = next(iter(ready[0].values())).audio
    return Made(passage, tuple(stimuli), tuple(heard), loudest)


def make_sounds(study: Study, music: Tensor, folder: StudyFolder) -> tuple[Sound, ...]:
    """The files of the set-up pages that the study has: music for the level, headphone trials."""
    rate, sounds = study.sample_rate, []
    for step in study.file.before:
        if step.type == "volume":
            sounds += _written([(music, "")], "volume", study, folder)
            draw = generator(study.seed, "sides")
            trials = [headphones.one_side(rate, draw) for _ in range(2)]
            sounds += _written(trials, "side", study, folder)
        elif step.type == "headphone_check":
            make: Callable[..., tuple[Tensor, Any]] = getattr(headphones, step.method)
            draw = generator(study.seed, step.method)
            trials = [make(rate, draw) for _ in range(step.trials)]
            sounds += _written(trials, step.method, study, folder)
    return tuple(sounds)


def dither_seed(study: Study, *parts: str) -> int:
    """A seed for the noise of one file."""
    return generator(study.seed, "dither", *parts).getrandbits(63)


def _written(
    trials: Sequence[tuple[Tensor, Any]], use: str, study: Study, folder: StudyFolder
) -> list[Sound]:
    files = [
        encode(audio, study.sample_rate, study.file.bits, dither_seed(study, use, str(index)))
        for index, (audio, _) in enumerate(trials)
    ]
    sounds = []
    for (audio, answer), data in zip(trials, files, strict=True):
        sound = Sound(
            secrets.token_hex(16), use, str(answer), sha256(data).hexdigest(), len(data),
            audio.shape[-1],
        )  # fmt: skip
        with written(folder.stimulus(sound.token)) as scratch:
            scratch.write_bytes(data)
        sounds.append(sound)
    return sounds


def _verify(stimuli: Sequence[Stimulus], study: Study, passage: str, lengths: set[int]) -> None:
    """What is promised of a page's files holds for the files as written."""
    matching = study.file.loudness
    natural = set(ANCHORS) if kind_of(study).natural_anchors else set()
    if len(lengths) > 1:
        raise UserError(f"passage {passage!r}: the written files have lengths {sorted(lengths)}")
    levels = [one.lufs for one in stimuli if one.lufs is not None and one.system not in natural]
    if matching.mode == "matched" and max(levels) - min(levels) > matching.tolerance_lu:
        raise UserError(
            f"passage {passage!r}: the written files differ by {max(levels) - min(levels):.2f} LU, "
            f"more than loudness.tolerance_lu of {matching.tolerance_lu:g}; use bits: 24"
        )
    peaks = [one.dbtp for one in stimuli if one.dbtp is not None]
    if peaks and max(peaks) > matching.ceiling_dbtp + 1e-3:
        raise UserError(
            f"passage {passage!r}: a written file peaks at {max(peaks):.2f} dBTP, above the "
            f"ceiling of {matching.ceiling_dbtp:g}"
        )


def _scores(
    analysis: Analysis, metrics: Sequence[Metric], reference: Analysis | None
) -> list[dict[str, Any]]:
    usable = [
        metric
        for metric in metrics
        if metric.needs == "audio" or (metric.needs == "reference" and reference is not None)
    ]
    return [
        {
            "metric": one.metric,
            "variant": one.variant,
            "parameters": dict(one.parameters),
            "value": one.value,
            "reason": one.reason,
            "version": one.version,
            "unit": one.unit,
        }
        for one in measure(analysis, usable, reference)
    ]


__all__ = ["ANCHORS", "Made", "Sources", "Version", "make_passage", "make_sounds"]
