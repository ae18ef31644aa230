"""Dropouts: moments of silence that break into sound and out of it.

A gap is a stretch of 1 ms to half a second that lies 50 dB below the sound on both sides and below
-72 dBFS. It is a dropout and no rest where the sound

* breaks off and comes back within eight samples at a quarter of its level, or of its slope where
  it crosses zero: fades and tails that are stopped are rounder than that. Gates open and shut
  within a millisecond, so gaps above 40 ms must break at a quarter of the level within 2 samples;
* goes on as it was: the levels of the 20 ms on both sides differ by no more than 6 dB, and so do
  those of their residuals, so that a new note after a rest is none;
* is no pulse wave, which has gaps of its own within those 20 ms.
"""

import torch
from torch import Tensor

from ..analysis import Analysis
from ..registry import metric
from .events import DEFECT, Places, counted, merged, new

_SHORTEST_SECONDS, _LONGEST_SECONDS = 0.001, 0.5
_QUIET = 2.0**-12
_BELOW = 10 ** (-50 / 20)
_SIDE_SECONDS = 0.02
_EDGE, _LONG_EDGE, _ABRUPT = 8, 2, 0.25
_LONG_SECONDS = 0.04
_ALIKE = 10 ** (6 / 20)
_OWN_GAPS = 0.1
_LEAST_SOUND = 2.0**-9


@metric(unit="gaps", better="lower", group="defects", requires=DEFECT)
def dropouts(analysis: Analysis) -> Tensor:
    """Gaps of silence that break into sound and out of it, of 1 ms to half a second."""
    return counted(_gaps(analysis))


@metric(unit="gaps", better="lower", group="defects", variants=("raw",), requires=DEFECT)
def new_dropouts(analysis: Analysis, reference: Analysis) -> Tensor:
    """Dropouts where the reference has none within 10 ms, at the lag of ``delay_samples``."""
    return new(analysis, reference, _gaps)


def _gaps(analysis: Analysis) -> list[Places]:
    return analysis.keep("dropouts", lambda: _found(analysis))


def _found(analysis: Analysis) -> list[Places]:
    rate = analysis.sample_rate
    return [
        merged(
            (place for channel in item for place in _of_channel(channel, rate)),
            round(_SHORTEST_SECONDS * rate),
        )
        for item in analysis.audio
    ]


def _of_channel(wave: Tensor, rate: int) -> list[int]:
    quiet = wave.abs() <= _QUIET
    edges = torch.nn.functional.pad(quiet.int(), (1, 1)).diff()
    starts, ends = ((edges == sign).nonzero().flatten().tolist() for sign in (1, -1))
    shortest, longest = _SHORTEST_SECONDS * rate, _LONGEST_SECONDS * rate
    side = round(_SIDE_SECONDS * rate)
    return [
        start
        for start, end in zip(starts, ends, strict=True)
        if shortest <= end - start <= longest
        and start >= side
        and end + side <= len(wave)
        and _breaks(
            *(wave[start - side : start], wave[start:end], wave[end : end + side]),
            is_long=end - start > _LONG_SECONDS * rate,
        )
    ]


def _breaks(before: Tensor, gap: Tensor, after: Tensor, *, is_long: bool) -> bool:
    """Whether the sound stops at once, is as good as gone, and goes on at once as it was."""
    levels = [_level(one) for one in (before, after)]
    softer, louder = min(levels), max(levels)
    if softer < _LEAST_SOUND or louder > _ALIKE * softer or _level(gap) > _BELOW * softer:
        return False
    abrupt = _is_cut if is_long else _is_abrupt
    if not (abrupt(before.flip(0)) and abrupt(after)):
        return False
    bright = [_level(one.diff().diff()) for one in (before, after)]
    if max(bright) > 2 * _ALIKE * min(bright):
        return False
    return not any((one.abs() <= _QUIET).float().mean() > _OWN_GAPS for one in (before, after))


def _is_cut(sound: Tensor) -> bool:
    """Whether its first samples have a good part of its level."""
    return float(sound[:_LONG_EDGE].abs().max()) >= _ABRUPT * _level(sound)


def _is_abrupt(sound: Tensor) -> bool:
    """Whether it begins at a good part of its level or of its slope."""
    return any(
        float(one[:_EDGE].abs().max()) >= _ABRUPT * _level(one) for one in (sound, sound.diff())
    )


def _level(wave: Tensor) -> float:
    return float(wave.double().square().mean().sqrt())
