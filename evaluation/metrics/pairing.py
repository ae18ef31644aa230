"""Brings a render and its reference to the same length, time, polarity and loudness.

``raw`` compares them as they are; ``aligned`` after a pure gain to the reference's integrated
loudness and a shift to its time, by the cross-correlation of mid within 100 ms either way, to a
fraction of a sample, in the polarity that correlates. So a distance can be read without level and
lag, which would otherwise drown everything else.
"""

import math
from dataclasses import dataclass

import torch

from ...models.audio.alignment import delay_samples, shift
from .analysis import Analysis

LIMIT_SECONDS = 0.1
"""The largest lag that is searched, either way."""
_TOLERANCE_SECONDS = 0.05
# Below this the audios are strangers: no lag or polarity between them means anything.
UNRELATED = 0.1


@dataclass(frozen=True)
class Alignment:
    """What was done to a render: ``delay_samples`` taken back, ``gain_db`` and polarity applied.

    The delay is positive where the render is late. ``correlation`` is that of the mid channels at
    that lag, from 0 to 1; below :data:`UNRELATED` nothing is aligned.
    """

    delay_samples: float
    gain_db: float
    inverted: bool
    correlation: float


@dataclass(frozen=True)
class AudioPair:
    """What is compared, or the reason why it cannot be; ``alignment`` is how it was aligned."""

    analysis: Analysis
    reference: Analysis
    reason: str = ""
    alignment: Alignment | None = None


def raw_pair(analysis: Analysis, reference: Analysis) -> AudioPair:
    """Both as they are; lengths that differ by 50 ms or less are cut to the shorter.

    Raises:
        ValueError: if the sample rates differ.
    """
    rate = analysis.sample_rate
    if rate != reference.sample_rate:
        raise ValueError(f"audio at {rate} Hz, its reference at {reference.sample_rate} Hz")
    if abs(analysis.samples - reference.samples) > _TOLERANCE_SECONDS * rate:
        return AudioPair(analysis, reference, "length_mismatch")
    samples = min(analysis.samples, reference.samples)
    if analysis.samples == reference.samples:
        return AudioPair(analysis, reference)
    return analysis.keep(
        ("raw", reference),
        lambda: AudioPair(_part(analysis, 0, samples), _part(reference, 0, samples)),
    )


@dataclass(frozen=True)
class AlignedGroup:
    """Those ``items`` of a batch that are compared with the same part of the reference."""

    items: tuple[int, ...]
    pair: AudioPair


def alignment_of(analysis: Analysis, reference: Analysis) -> tuple[Alignment | None, str]:
    """How one item is aligned with its reference, and the reason why nothing is compared, or ''.

    There is no alignment of what is not finite or has other channels.
    """
    return analysis.keep(
        ("alignment", reference), lambda: _alignment(raw_pair(analysis, reference))
    )


def aligned_pair(analysis: Analysis, reference: Analysis) -> AudioPair:
    """One item and its reference, the item loudness-matched, aligned in time and in polarity."""
    (group,) = aligned_groups(analysis, reference)
    return group.pair


def aligned_groups(analysis: Analysis, reference: Analysis) -> tuple[AlignedGroup, ...]:
    """The items of a batch, aligned each on its own; one reference may stand for all of them."""
    return analysis.keep(
        ("aligned", reference), lambda: _groups(analysis, reference, raw_pair(analysis, reference))
    )


def _groups(analysis: Analysis, reference: Analysis, pair: AudioPair) -> tuple[AlignedGroup, ...]:
    by_part: dict[tuple[int, int], list[tuple[int, Alignment]]] = {}
    found = []
    for number in range(len(analysis.audio)):
        item, other = pair.analysis.item(number), pair.reference.item(number)
        made, reason = (None, pair.reason) if pair.reason else alignment_of(item, other)
        if reason or made is None:
            found.append(AlignedGroup((number,), AudioPair(item, other, reason, made)))
        else:
            part = _common_part(item.samples, made.delay_samples)
            by_part.setdefault(part, []).append((number, made))
    for (first, last), members in by_part.items():
        numbers = tuple(number for number, _ in members)
        shape = (len(members), *pair.analysis.audio.shape[1:])
        moved = pair.analysis.audio.new_empty(shape)
        for room, (number, made) in zip(moved, members, strict=True):
            gain = 10 ** (made.gain_db / 20)
            gain = -gain if made.inverted else gain
            torch.mul(shift(pair.analysis.audio[number], made.delay_samples), gain, out=room)
        rate = analysis.sample_rate
        target = pair.reference
        if len(target.audio) > 1:  # each has its own
            target = Analysis(target.audio[list(numbers)], rate, reused=False)
        aligned = _part(Analysis(moved, rate), first, last)
        made = members[0][1] if len(members) == 1 else None
        both = AudioPair(aligned, _part(target, first, last), alignment=made)
        found.append(AlignedGroup(numbers, both))
    return tuple(found)


def _alignment(pair: AudioPair) -> tuple[Alignment | None, str]:
    """Of one item, which is cut to its reference already."""
    analysis, reference = pair.analysis, pair.reference
    if pair.reason or analysis.channels != reference.channels:
        return None, pair.reason
    if not (analysis.finite[0] and reference.finite[0]):
        return None, ""
    loudness = analysis.loudness.integrated.item()
    target = reference.loudness.integrated.item()
    if math.isnan(loudness) or math.isnan(target):
        short = analysis.samples < 0.4 * analysis.sample_rate
        code = "silent" if math.isnan(loudness) else "silent_reference"
        return None, "too_short" if short else code
    rate = analysis.sample_rate
    delay = delay_samples(analysis.audio[0], reference.audio[0], rate, LIMIT_SECONDS)
    made = Alignment(delay.samples, target - loudness, delay.inverted, delay.correlation)
    if delay.correlation < UNRELATED:
        return made, "unrelated"
    # At the edge of what is searched stands whatever lies beyond it, or nothing at all.
    if abs(delay.samples) >= min(round(LIMIT_SECONDS * rate), analysis.samples - 1) - 1:
        return made, "beyond_alignment"
    return made, ""


def _common_part(samples: int, lag: float) -> tuple[int, int]:
    """What is compared: the shift leaves an end empty.

    Less than a sample is not cut off, so that the reference stays whole and its spectra serve
    every system.
    """
    if abs(lag) < 1:
        return 0, samples
    return max(0, math.ceil(-lag)), samples - max(0, math.ceil(lag))


def _part(analysis: Analysis, first: int, last: int) -> Analysis:
    if first == 0 and last == analysis.samples:
        return analysis
    # A part serves one comparison: its spectra are not worth their memory.
    return Analysis(analysis.audio[..., first:last], analysis.sample_rate, reused=False)
