"""Clicks, and clicks at regular borders: what neither side of a moment announces.

The residual of a linear prediction is cut into bins of 3 ms. A bin holds a click where its largest
value stands

* 12 times above the level of the residual in the 6 ms before and in the 6 ms after: a drum goes
  on sounding after its attack, a click does not;
* one and a half times above the third largest of the bins within 60 ms: the edges of a square or
  a saw recur with its pitch, and so do the pulses of a voice;
* and the audio itself is as loud after it as before, within 10 dB: else a note begins or ends.

Networks that work in segments click where segments meet. Each of those clicks may be soft, so half
of that is asked of them, but they must lie on a grid: at least four, a third of its points, and far
more than chance puts there.
"""

import itertools

import torch
from scipy.stats import binom
from torch import Tensor

from ..analysis import Analysis
from ..registry import metric
from .events import DEFECT, Places, counted, merged, new
from .prediction import residual

_BIN_SECONDS = 0.003
_AROUND = 20  # bins on either side that the second rule looks at
_BESIDE = 2  # bins on either side that the first rule looks at
_ABOVE_LEVEL, _ABOVE_OTHERS = 12.0, 1.5
_AS_LOUD = 10 ** (10 / 20)
# What rounding to 16 bits leaves of a prediction is about 1e-5.
_LEAST_LEVEL = 2e-5
_LEAST_SOUND = 1e-3

_SOFT_LEVEL, _SOFT_OTHERS = 6.0, 1.2
_SHORTEST_SEGMENT_SECONDS = 0.02
_SLACK = 6  # samples between a click and its point of the grid
_MOST = 300  # clicks among which a grid is looked for
_FEWEST, _SHARE = 4, 1 / 3
_CHANCE = 1e-9


@metric(unit="clicks", better="lower", group="defects", requires=DEFECT)
def clicks(analysis: Analysis) -> Tensor:
    """Clicks: moments that stand far above what linear prediction leaves on both sides."""
    return counted(_clicks(analysis))


@metric(unit="clicks", better="lower", group="defects", variants=("raw",), requires=DEFECT)
def new_clicks(analysis: Analysis, reference: Analysis) -> Tensor:
    """Clicks where the reference has none within 10 ms, at the lag of ``delay_samples``."""
    return new(analysis, reference, _clicks)


@metric(unit="clicks", better="lower", group="defects", requires=DEFECT)
def segment_clicks(analysis: Analysis) -> Tensor:
    """Clicks on a grid, as networks leave them that work in segments; 0 where there is no grid."""
    return counted(_segment_clicks(analysis))


@metric(unit="clicks", better="lower", group="defects", variants=("raw",), requires=DEFECT)
def new_segment_clicks(analysis: Analysis, reference: Analysis) -> Tensor:
    """Clicks on a grid after those are left out that the reference has within 10 ms."""
    return new(analysis, reference, _soft_clicks, then=_on_a_grid)


def _clicks(analysis: Analysis) -> list[Places]:
    return analysis.keep("clicks", lambda: _found(analysis, _ABOVE_LEVEL, _ABOVE_OTHERS))


def _soft_clicks(analysis: Analysis) -> list[Places]:
    return analysis.keep("soft_clicks", lambda: _found(analysis, _SOFT_LEVEL, _SOFT_OTHERS))


def _segment_clicks(analysis: Analysis) -> list[Places]:
    return [_on_a_grid(one, analysis) for one in _soft_clicks(analysis)]


def _found(analysis: Analysis, above_level: float, above_others: float) -> list[Places]:
    """Where the clicks of each item are; one of several channels at a time is one."""
    left = analysis.keep("residual", lambda: residual(analysis.audio, analysis.sample_rate))
    rate = analysis.sample_rate
    found = []
    for audio, item in zip(analysis.audio, left, strict=True):
        pairs = zip(audio, item, strict=True)
        each = [_of_channel(*pair, rate, above_level, above_others) for pair in pairs]
        found.append(merged(itertools.chain(*each), round(_BIN_SECONDS * rate)))
    return found


def _of_channel(
    wave: Tensor, left: Tensor, sample_rate: int, above_level: float, above_others: float
) -> list[int]:
    width = max(4, round(_BIN_SECONDS * sample_rate))
    count = len(left) // width
    if count <= _AROUND:
        return []
    bins = left[: count * width].reshape(count, width)
    peaks, at = bins.abs().max(dim=1)
    before, after = _levels_beside(bins)
    beside = torch.maximum(before, after).clamp(min=_LEAST_LEVEL)
    others = _windows(peaks, _AROUND).clone()
    others[:, _AROUND - 1 : _AROUND + 2] = 0
    third = others.topk(3, dim=1).values[:, 2]
    largest = peaks == _windows(peaks, 1).amax(dim=1)
    # At the ends nothing is known of one side.
    largest[: _BESIDE + 1] = largest[-_BESIDE - 1 :] = False
    before, after = _levels_beside(wave[: count * width].reshape(count, width))
    softer, louder = torch.minimum(before, after), torch.maximum(before, after)
    goes_on = louder <= _AS_LOUD * softer.clamp(min=_LEAST_SOUND)
    stands_out = (peaks >= above_level * beside) & (peaks >= above_others * third)
    where = (largest & goes_on & stands_out).nonzero().flatten()
    places: list[int] = (where * width + at[where]).tolist()
    return places


def _levels_beside(bins: Tensor) -> tuple[Tensor, Tensor]:
    """The levels before and after each bin, its next neighbours left out."""
    # In the order of time: the bins before, the neighbour, the bin, the neighbour, those after.
    around = _windows(bins.square().mean(dim=1), _BESIDE + 1)
    return around[:, :_BESIDE].mean(dim=1).sqrt(), around[:, -_BESIDE:].mean(dim=1).sqrt()


def _windows(values: Tensor, around: int) -> Tensor:
    """Each value with as many on either side, mirrored at the ends, ``(n, 2 around + 1)``."""
    padded = torch.nn.functional.pad(values[None], (around, around), mode="reflect")[0]
    return padded.unfold(0, 2 * around + 1, 1)


def _on_a_grid(places: Places, analysis: Analysis) -> Places:
    """Those of the clicks that lie on the grid that most of them lie on; none if it is chance."""
    samples = analysis.samples
    shortest = _SHORTEST_SEGMENT_SECONDS * analysis.sample_rate
    chance = min(1.0, len(places) * (2 * _SLACK + 1) / max(samples, 1))
    looked_at = places[:_MOST]
    best: Places = ()
    on_best: frozenset[int] = frozenset()
    tried = max(1, len(looked_at) * (len(looked_at) - 1) // 2)
    known = set(looked_at)
    for first, second in itertools.combinations(looked_at, 2):
        step = second - first
        if step < shortest or step * (_FEWEST - 1) > samples:
            continue
        if first in on_best and second in on_best:
            continue
        hits, points = _followed(first, step, samples, known)
        enough = len(hits) >= max(_FEWEST, _SHARE * points, len(best) + 1)
        if enough and binom.sf(len(hits) - 3, points - 2, chance) < _CHANCE / tried:
            best, on_best = hits, frozenset(hits)
    return best


def _followed(first: int, step: float, samples: int, known: set[int]) -> tuple[Places, int]:
    """The clicks on the grid through ``first``, and how many points it has to the last of them."""
    hits, points = [first], 1
    for number in itertools.count(1):
        point = first + round(number * step)
        if point >= samples:
            break
        near = [point + slack for slack in _NEAREST_FIRST if point + slack in known]
        if near:
            hits.append(near[0])
            points = number + 1
            step = (near[0] - first) / number
        elif number - points > len(hits) / _SHARE + _FEWEST:
            break
    return tuple(hits), points


_NEAREST_FIRST = sorted(range(-_SLACK, _SLACK + 1), key=abs)
