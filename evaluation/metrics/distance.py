"""How far a render is from its reference, sample by sample and in level.

Energies are summed over all channels before a ratio is taken, so that a channel that is dead or
inverted costs what it is worth; ``channel`` looks at one of them. With t the reference and p the
render:

* MAE = mean|t - p|; ESR = sum(t - p)^2 / sum t^2 (Wright et al., 2019);
* SNR = 10 log10(sum t^2 / sum(t - p)^2);
* SI-SDR = SNR of p against a t, where a = sum(p t) / sum t^2 (Le Roux et al., "SDR: half-baked or
  well done?", 2019).

No mean is removed unless ``zero_mean`` says so. A silent reference leaves a ratio undefined; an
identical render makes SNR and SI-SDR infinite. Nothing is clamped by an epsilon.
"""

import math
from functools import lru_cache

import torch
from scipy.fft import next_fast_len
from torch import Tensor

from ...models.audio.losses import a_weighting
from ...models.audio.loudness import SILENCE
from ...models.audio.summing.sums import errors, projections, residuals, squares
from .analysis import Analysis
from .registry import Requires, UndefinedError, metric
from .stft import power

_RATIO = Requires(nan="silent_reference")
_CHANNELS = ("left", "right")


@metric(unit="FS", better="lower", default=True, batched=True)
def mae(analysis: Analysis, reference: Analysis) -> Tensor:
    """Mean absolute error of the samples, full scale 1.0."""
    magnitude, _ = analysis.errors(reference)
    return magnitude.mean(dim=1)


@metric(better="lower", default=True, version=2, requires=_RATIO, batched=True)
def esr(analysis: Analysis, reference: Analysis, *, channel: str = "all") -> Tensor:
    """Error to signal ratio: energy of the error over energy of the reference."""
    chosen = _chosen(reference, channel)
    _, error = analysis.errors(reference)
    return _ratio(error[:, chosen], reference.energies[:, chosen], reference.peaks[:, chosen])


@metric(unit="dB", better="higher", default=True, version=2, requires=_RATIO, batched=True)
def snr_db(
    analysis: Analysis, reference: Analysis, *, zero_mean: bool = False, channel: str = "all"
) -> Tensor:
    """Signal to noise ratio, the difference to the reference taken as noise."""
    chosen = _chosen(reference, channel)
    if zero_mean:
        render, target = _centred(analysis, reference, chosen)
        energy, noise = squares(target), errors(render, target)[1]
    else:
        energy, noise = reference.energies[:, chosen], analysis.errors(reference)[1][:, chosen]
    ratio = _ratio(energy, noise, reference.peaks[:, chosen])
    return 10 * torch.log10(ratio)


@metric(unit="dB", better="higher", default=True, version=2, requires=_RATIO, batched=True)
def si_sdr_db(
    analysis: Analysis, reference: Analysis, *, zero_mean: bool = False, channel: str = "all"
) -> Tensor:
    """Scale-invariant signal to distortion ratio.

    One scale serves all channels.
    """
    chosen = _chosen(reference, channel)
    render, target = analysis.audio[:, chosen], reference.audio[:, chosen]
    if zero_mean:
        render, target = _centred(analysis, reference, chosen)
    energy, product = (one.sum(dim=1) for one in projections(render, target))
    scale = product / energy
    noise = residuals(render, target, scale)
    ratio = (scale.square() * energy)[:, None]
    return 10 * torch.log10(_ratio(ratio, noise, reference.peaks[:, chosen]))


@metric(unit="dB", better="lower", default=True, version=2, requires=_RATIO, batched=True)
def a_weighted_error_db(analysis: Analysis, reference: Analysis, *, channel: str = "all") -> Tensor:
    """Energy of the error over energy of the reference, both A-weighted by IEC 61672-1."""
    chosen = _chosen(reference, channel)
    difference = reference.audio[:, chosen] - analysis.audio[:, chosen]
    error = _a_weighted_energy(difference, analysis.sample_rate)
    target = reference.keep(
        "a_weighted", lambda: _a_weighted_energy(reference.audio, reference.sample_rate)
    )
    return 10 * torch.log10(_ratio(error, target[:, chosen], reference.peaks[:, chosen]))


@metric(
    unit="LU",
    better="zero",
    default=True,
    version=2,
    variants=("raw",),
    requires=Requires(seconds=0.4, nan="silent"),
    batched=True,
)
def lufs_error(analysis: Analysis, reference: Analysis, *, absolute: bool = False) -> Tensor:
    """Integrated loudness less that of the reference; its magnitude with ``absolute``."""
    difference = analysis.loudness.integrated - reference.loudness.integrated
    return difference.abs() if absolute else difference


@lru_cache(maxsize=2)
def _power_weights(sample_rate: int, size: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """What squared magnitudes of a one-sided spectrum count in A-weighted energy."""
    frequencies = torch.fft.rfftfreq(size, 1 / sample_rate, dtype=torch.float64)
    weights = 2 * a_weighting(frequencies).square() / size
    if size % 2 == 0:
        weights[-1] /= 2
    return weights.to(device, dtype)


def _a_weighted_energy(audio: Tensor, sample_rate: int) -> Tensor:
    """Energies of each channel, ``(batch, channels)`` in float64, by Parseval's theorem."""
    size = int(next_fast_len(audio.shape[-1], real=True))
    weights = _power_weights(sample_rate, size, audio.dtype, audio.device)

    def energy(rows: Tensor) -> Tensor:
        return power(torch.fft.rfft(rows, size)).mul_(weights).sum(dim=-1, dtype=torch.float64)

    if audio.device.type == "cpu":
        # One at a time: a spectrum is as large as the audio of two. And the library of transforms
        # rounds a row otherwise when it has many.
        rows = [energy(row.unsqueeze(0)) for item in audio for row in item]
        return torch.cat(rows).reshape(audio.shape[:2])
    return torch.stack([energy(channel) for channel in audio.unbind(dim=1)], dim=1)


def _chosen(reference: Analysis, channel: str) -> slice:
    """The channels to look at.

    Raises:
        UndefinedError: if there is no such channel.
        ValueError: for a name that no channel has.
    """
    if channel == "all":
        return slice(0, reference.channels)
    if channel not in _CHANNELS:
        raise ValueError(f"unknown channel {channel!r}; choose from all, {', '.join(_CHANNELS)}")
    if reference.channels != 2:
        raise UndefinedError("mono" if reference.channels == 1 else "not_stereo")
    at = _CHANNELS.index(channel)
    return slice(at, at + 1)


def _centred(analysis: Analysis, reference: Analysis, chosen: slice) -> tuple[Tensor, Tensor]:
    render, target = analysis.audio[:, chosen], reference.audio[:, chosen]
    return render - render.mean(dim=-1, keepdim=True), target - target.mean(dim=-1, keepdim=True)


def _ratio(over: Tensor, under: Tensor, peaks: Tensor) -> Tensor:
    """Energies ``(batch, channels)`` pooled and divided, NaN where the reference is silent.

    ``peaks`` are those of the reference in the channels that are looked at.
    """
    ratio: Tensor = over.sum(dim=1) / under.sum(dim=1)
    return torch.where((peaks > SILENCE).any(dim=1), ratio, math.nan)
