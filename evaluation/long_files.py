"""Measures a long file in one pass over its blocks, so that an hour of it needs little memory.

Only metrics that describe audio on its own and ask for nothing but what is summed here are measured
so. Others need the whole file at once: comparisons shift and transform it.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from ..models.audio.files import AudioInfo, blocks, info
from ..models.audio.loudness import (
    SILENCE,
    TruePeakMeter,
    energy_meter,
    profile_of,
    weighted_sum,
)
from ..models.audio.summing.sums import mid_side, products, squares
from .metrics import METRICS, Analysis, MeasuredItem, Metric, measure_batch
from .metrics.bandwidth import Densities

MEASURED = (
    *("lufs_integrated", "lufs_short_term_max", "lufs_momentary_max", "lra", "true_peak_dbtp"),
    *("sample_peak_dbfs", "overs", "plr", "crest_factor_db", "stereo_correlation"),
    *("stereo_width_db", "balance_db", "mono_loss_db", "bandwidth_hz"),
)
"""The metrics that need no more than sums over blocks."""
# Twenty minutes of stereo at 44.1 kHz, as 32-bit floats.
LONG_BYTES = 400 << 20


def is_long(about: AudioInfo) -> bool:
    """Whether a file is too large to be held at once without need."""
    return 4 * about.channels * about.samples > LONG_BYTES


def in_blocks(metrics: Sequence[Metric]) -> bool:
    """Whether all of these can be measured block by block, with their usual parameters."""
    return all(one.name in MEASURED and one == METRICS[one.name] for one in metrics)


def measure_long(path: Path, metrics: Sequence[Metric]) -> tuple[AudioInfo, MeasuredItem]:
    """What a file is, and its measurements by metrics of :data:`MEASURED`.

    Raises:
        UserError: if the file cannot be read.
    """
    about = info(path)
    passed = _Pass(about)
    for block in blocks(path):
        passed.add(block)
    samples = passed.samples
    (found,) = measure_batch(passed.analysis(), metrics)
    return AudioInfo(about.sample_rate, about.channels, samples), found


class _Pass:
    """Sums that grow block by block."""

    def __init__(self, about: AudioInfo) -> None:
        self._about = about
        channels = about.channels
        self.samples = 0
        self._low, self._high = torch.zeros(channels), torch.zeros(channels)
        self._energy = torch.zeros(channels, dtype=torch.float64)
        self._overs = torch.zeros((), dtype=torch.int64)
        self._meter = energy_meter(about.sample_rate, channels)
        self._true_peak = TruePeakMeter(about.sample_rate, channels)
        self._densities = Densities(about.samples)
        self._product = torch.zeros(1, dtype=torch.float64)
        self._mid_side = torch.zeros((2, 1), dtype=torch.float64)
        self._mid_side_peaks = torch.zeros(2)

    def add(self, block: Tensor) -> None:
        self.samples += block.shape[1]
        low, high = torch.aminmax(block, dim=-1)
        self._low, self._high = torch.minimum(self._low, low), torch.maximum(self._high, high)
        self._energy += squares(block)
        if bool(torch.maximum(-low, high).amax() > 1.0):
            self._overs += (block.abs() > 1.0).sum()
        self._meter.add(block.numpy())
        self._true_peak.add(block)
        self._densities.add(block)
        if len(block) == 2:
            left, right = block[0][None], block[1][None]
            self._product += products(left, right)
            self._mid_side += torch.stack(mid_side(left, right))
            peaks = torch.stack([(left + right).abs().amax(), (left - right).abs().amax()]) / 2
            self._mid_side_peaks = torch.maximum(self._mid_side_peaks, peaks)

    def analysis(self) -> Analysis:
        """What was summed, in the place of audio; of that there is the shape alone."""
        shape = (1, self._about.channels, self.samples)
        found = Analysis(torch.full((1, 1, 1), torch.nan).expand(shape), self._about.sample_rate)
        tens = weighted_sum(torch.from_numpy(self._meter.energies()))[None]
        sounds = self._mid_side_peaks[:, None] > SILENCE
        mid, side = torch.where(sounds, self._mid_side / self.samples, 0.0)
        given = {
            "peaks": torch.maximum(-self._low, self._high)[None],
            "energies": (self._energy / self.samples)[None],
            "overs": self._overs[None],
            "product": self._product / self.samples,
            "loudness": profile_of(tens),
        }
        found.__dict__.update(given)  # the cached properties of an analysis
        found.keep("true_peak", self._true_peak.dbtp)
        found.keep("mid_side", lambda: (mid, side))
        if self._densities.known:
            found.keep("densities", self._densities.mean)
        return found
