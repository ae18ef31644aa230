"""What an album is as a whole: its loudness is that of all its blocks together, and no mean.

As BS.1770 measures one programme: the 400 ms blocks of all tracks pass the two gates together. No
block spans two tracks. A maximum is the largest of all tracks. What else there is has no value for
an album.
"""

import math
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from ...models.audio.loudness import gated_loudness, gating_blocks
from ..measure import FileScores
from ..metrics import METRICS
from .checklist import MetricValue

LARGEST = ("true_peak_dbtp", "sample_peak_dbfs", "lufs_momentary_max", "lufs_short_term_max")
LOUDNESS = "lufs_integrated"


class AlbumLoudness:
    """Adds up an album, track by track: :meth:`add` each, then read :attr:`lufs`."""

    def __init__(self) -> None:
        self._blocks: list[Tensor] = []

    def add(self, audio: Tensor, sample_rate: int) -> None:
        """A track ``(channels, samples)``."""
        self._blocks.append(gating_blocks(audio, sample_rate))

    @property
    def lufs(self) -> float:
        """Integrated loudness of all tracks; NaN if all are silent or too short."""
        if not self._blocks:
            return math.nan
        return float(gated_loudness(torch.cat(self._blocks, dim=-1)))


def album_values(
    files: Sequence[FileScores], loudness: AlbumLoudness, metrics: Iterable[str]
) -> dict[str, MetricValue]:
    """The values of an album by metric, from the scores of its tracks."""
    found = {}
    for name in metrics:
        unit = METRICS[name].unit
        if name == LOUDNESS:
            lufs = loudness.lufs
            found[name] = (
                MetricValue(None, unit, "silent") if math.isnan(lufs) else MetricValue(lufs, unit)
            )
        elif name in LARGEST:
            values = [file.scores[name].value for file in files]
            there = [value for value in values if value is not None]
            found[name] = (
                MetricValue(max(there), unit) if there else MetricValue(None, unit, "silent")
            )
        else:
            found[name] = MetricValue(None, unit, "no_album_value")
    return found
