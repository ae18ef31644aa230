"""Brings a render and its reference to the same length, time, polarity and loudness.

``raw`` compares them as they are; ``aligned`` after a pure gain to the reference's integrated
loudness and a shift to its time, by the cross-correlation of mid within 100 ms either way, to a
fraction of a sample, in the polarity that correlates. So a distance can be read without level and
lag, which would otherwise drown everything else.
"""

import math
from dataclasses import dataclass

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


def aligned_pair(analysis: Analysis, reference: Analysis) -> AudioPair:
    """One item and its reference, the item loudness-matched, aligned in time and in polarity."""
    return analysis.keep(("aligned", reference), lambda: _aligned(raw_pair(analysis, reference)))


def _aligned(pair: AudioPair) -> AudioPair:
    analysis, reference = pair.analysis, pair.reference
    if pair.reason or analysis.channels != reference.channels:
        return pair
    if not (analysis.finite[0] and reference.finite[0]):
        return pair
    loudness = analysis.loudness.integrated.item()
    target = reference.loudness.integrated.item()
    if math.isnan(loudness) or math.isnan(target):
        short = analysis.samples < 0.4 * analysis.sample_rate
        code = "silent" if math.isnan(loudness) else "silent_reference"
        return AudioPair(analysis, reference, "too_short" if short else code)
    rate = analysis.sample_rate
    delay = delay_samples(analysis.audio[0], reference.audio[0], rate, LIMIT_SECONDS)
    made = Alignment(delay.samples, target - loudness, delay.inverted, delay.correlation)
    if delay.correlation < UNRELATED:
        return AudioPair(analysis, reference, "unrelated", made)
    # At the edge of what is searched stands whatever lies beyond it, or nothing at all.
    if abs(delay.samples) >= min(round(LIMIT_SECONDS * rate), analysis.samples - 1) - 1:
        return AudioPair(analysis, reference, "beyond_alignment", made)
    gain = 10 ** ((target - loudness) / 20)
    lag = delay.samples
    gain = -gain if delay.inverted else gain
    moved = Analysis(shift(analysis.audio, lag) * gain, rate)
    # What the shift left empty is compared with nothing. Less than a sample is not cut off, so
    # that the reference stays whole and its spectra serve every system.
    first, last = 0, analysis.samples
    if abs(lag) >= 1:
        first, last = max(0, math.ceil(-lag)), last - max(0, math.ceil(lag))
    aligned, target_part = _part(moved, first, last), _part(reference, first, last)
    return AudioPair(aligned, target_part, alignment=made)


def _part(analysis: Analysis, first: int, last: int) -> Analysis:
    if first == 0 and last == analysis.samples:
        return analysis
    # A part serves one comparison: its spectra are not worth their memory.
    return Analysis(analysis.audio[..., first:last], analysis.sample_rate, reused=False)
