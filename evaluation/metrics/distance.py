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
from .analysis import Analysis, mean_square
from .registry import Requires, UndefinedError, metric
from .stft import power

_BLOCK = 1 << 18
_RATIO = Requires(nan="silent_reference")
_CHANNELS = ("left", "right")


@metric(unit="FS", better="lower", default=True)
def mae(analysis: Analysis, reference: Analysis) -> Tensor:
    """Mean absolute error of the samples, full scale 1.0."""
    error = reference.audio - analysis.audio
    return error.abs().mean(dim=(1, 2), dtype=torch.float64)


@metric(better="lower", default=True, version=2, requires=_RATIO)
def esr(analysis: Analysis, reference: Analysis, *, channel: str = "all") -> Tensor:
    """Error to signal ratio: energy of the error over energy of the reference."""
    chosen = _chosen(reference, channel)
    error = mean_square(reference.audio[:, chosen] - analysis.audio[:, chosen])
    return _ratio(error, reference.energies[:, chosen], reference.peaks[:, chosen])


@metric(unit="dB", better="higher", default=True, version=2, requires=_RATIO)
def snr_db(
    analysis: Analysis, reference: Analysis, *, zero_mean: bool = False, channel: str = "all"
) -> Tensor:
    """Signal to noise ratio, the difference to the reference taken as noise."""
    chosen = _chosen(reference, channel)
    render, target = _centred(analysis, reference, chosen, zero_mean=zero_mean)
    noise = mean_square(target - render)
    ratio = _ratio(mean_square(target), noise, reference.peaks[:, chosen])
    return 10 * torch.log10(ratio)


@metric(unit="dB", better="higher", default=True, version=2, requires=_RATIO)
def si_sdr_db(
    analysis: Analysis, reference: Analysis, *, zero_mean: bool = False, channel: str = "all"
) -> Tensor:
    """Scale-invariant signal to distortion ratio, with one scale for all channels."""
    chosen = _chosen(reference, channel)
    render, target = _centred(analysis, reference, chosen, zero_mean=zero_mean)
    # In float64, whose copies of a long file would not fit: block by block.
    starts = range(0, target.shape[-1], _BLOCK)
    parts = [slice(start, start + _BLOCK) for start in starts]
    energy = product = noise = torch.zeros((), dtype=torch.float64, device=target.device)
    for part in parts:
        one, wanted = render[..., part].double(), target[..., part].double()
        energy = energy + wanted.square().sum(dim=(1, 2))
        product = product + (wanted * one).sum(dim=(1, 2))
    scale = product / energy
    for part in parts:
        one, wanted = render[..., part].double(), target[..., part].double()
        noise = noise + (wanted * scale[:, None, None] - one).square().sum(dim=(1, 2))
    ratio = (scale.square() * energy)[:, None]
    return 10 * torch.log10(_ratio(ratio, noise[:, None], reference.peaks[:, chosen]))


@metric(unit="dB", better="lower", default=True, version=2, requires=_RATIO)
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
    variants=("raw",),
    requires=Requires(seconds=0.4, nan="silent"),
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
    found = []
    # One channel at a time: its spectrum is as large as the audio of two.
    for channel in audio.unbind(dim=1):
        spectrum = torch.fft.rfft(channel, size)
        found.append((power(spectrum).mul_(weights)).sum(dim=-1, dtype=torch.float64))
    return torch.stack(found, dim=1)


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


def _centred(
    analysis: Analysis, reference: Analysis, chosen: slice, *, zero_mean: bool
) -> tuple[Tensor, Tensor]:
    render, target = analysis.audio[:, chosen], reference.audio[:, chosen]
    if not zero_mean:
        return render, target
    return render - render.mean(dim=-1, keepdim=True), target - target.mean(dim=-1, keepdim=True)


def _ratio(over: Tensor, under: Tensor, peaks: Tensor) -> Tensor:
    """Energies ``(batch, channels)`` pooled and divided, NaN where the reference is silent.

    ``peaks`` are those of the reference in the channels that are looked at.
    """
    ratio: Tensor = over.sum(dim=1) / under.sum(dim=1)
    return torch.where((peaks > SILENCE).any(dim=1), ratio, math.nan)
