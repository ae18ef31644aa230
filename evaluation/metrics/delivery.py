"""What a delivery specification asks of a master: loudness, peaks, and what follows from them.

Loudness is that of ITU-R BS.1770-5 and EBU R 128 (see ``models/loudness.py``), for up to 5.1.
"""

import torch
from torch import Tensor

from ...models.audio.loudness import SILENCE, Interpolator
from ...models.audio.loudness import true_peak_dbtp as _true_peak
from .analysis import Analysis
from .registry import Requires, metric


@metric(
    unit="LUFS", default=True, version=2, requires=Requires(seconds=0.4, nan="silent"), batched=True
)
def lufs_integrated(analysis: Analysis) -> Tensor:
    """Integrated loudness: 400 ms blocks, gated at -70 LUFS and 10 LU below their mean."""
    return analysis.loudness.integrated


@metric(
    unit="LUFS", default=True, version=2, requires=Requires(seconds=3.0, nan="silent"), batched=True
)
def lufs_short_term_max(analysis: Analysis) -> Tensor:
    """Maximum short-term loudness: the loudest 3 s, in steps of 100 ms."""
    return analysis.loudness.short_term_max


@metric(
    unit="LUFS", default=True, version=2, requires=Requires(seconds=0.4, nan="silent"), batched=True
)
def lufs_momentary_max(analysis: Analysis) -> Tensor:
    """Maximum momentary loudness: the loudest 400 ms, in steps of 10 ms."""
    return analysis.loudness.momentary_max


@metric(
    unit="LU", default=True, version=2, requires=Requires(seconds=3.0, nan="silent"), batched=True
)
def lra(analysis: Analysis) -> Tensor:
    """Loudness range of EBU Tech 3342: 10th to 95th percentile of the gated 3 s loudness."""
    return analysis.loudness.lra


@metric(unit="dBTP", default=True, requires=Requires(nan="silent"), batched=True)
def true_peak_dbtp(analysis: Analysis, interpolator: Interpolator = "sinc49") -> Tensor:
    """The largest true peak of all channels, four times oversampled (see ``interpolator``)."""
    if interpolator == "sinc49":
        return analysis.true_peak()
    return _true_peak(analysis.audio, analysis.sample_rate, interpolator)


@metric(unit="dBFS", default=True, batched=True)
def sample_peak_dbfs(analysis: Analysis) -> Tensor:
    """The largest sample of all channels; 0 dBFS is full scale, 1.0."""
    return 20 * torch.log10(analysis.peaks.double().amax(dim=1))


@metric(unit="samples", better="lower", default=True, requires=Requires(sound=False), batched=True)
def overs(analysis: Analysis) -> Tensor:
    """Samples above full scale (magnitude > 1.0), counted over all channels."""
    if analysis.audio.device.type == "cpu" and bool((analysis.peaks <= 1.0).all()):
        return torch.zeros(len(analysis.audio), dtype=torch.int64)
    return (analysis.audio.abs() > 1.0).sum(dim=(1, 2))


@metric(
    unit="LU", default=True, version=2, requires=Requires(seconds=0.4, nan="silent"), batched=True
)
def plr(analysis: Analysis) -> Tensor:
    """Peak to loudness ratio: true peak less integrated loudness."""
    return analysis.true_peak() - analysis.loudness.integrated


@metric(unit="dB", default=True, batched=True)
def crest_factor_db(analysis: Analysis) -> Tensor:
    """Peak over RMS of each channel, averaged in dB over the channels that are not silent."""
    peaks = analysis.peaks.double()
    ratio = 20 * torch.log10(peaks / analysis.energies.sqrt())
    return torch.where(peaks > SILENCE, ratio, torch.nan).nanmean(dim=1)
