"""Balance over frequency and between the channels, as papers on mixing and mastering compare it.

* Bark spectra of Diff-MST (Vanka et al., 2024): mean magnitudes of L + R and of L - R under Hann
  windows of 32768, hop of a quarter, in 24 triangles that are even in Bark (Traunmueller, 1990)
  from 20 Hz to 20 kHz; natural logarithm of the sum plus 1e-8; mean squared difference.
* Stereo imbalance of Diff-MST: (R - L) / (R + L) of the energies.
* Third octaves: levels of the bands of IEC 61260 (base 10) from 25 Hz to 20 kHz, by the power of
  Hann windows; mean absolute difference over the bands in which the reference sounds.
* Width per band: energy of side over energy of mid, in the bands of ``fx_panning_mape``.
"""

import math
from collections.abc import Callable
from functools import lru_cache

import torch
from torch import Tensor

from ....models.audio.loudness import SILENCE
from ..analysis import Analysis
from ..registry import Requires, UndefinedError, metric
from ..stft import Resolution, power, spectra
from .panning import BANDS_HZ

_BARK_FFT, _BARK_BANDS = 32768, 24
_BARK_HZ = (20.0, 20000.0)
_BARK_EPS = 1e-8
_THIRDS = tuple(10 ** (number / 10) for number in range(14, 44))
_THIRD_EDGE = 10**0.05
_BAND_SPAN_SECONDS = 0.37
_SILENCE_POWER = SILENCE**2


@metric(better="lower", group="features", requires=Requires(channels=2, nan="mono_reference"))
def bark_mid(analysis: Analysis, reference: Analysis) -> Tensor:
    """Squared difference of the logarithmic Bark spectra of mid, as Diff-MST's loss has it."""
    return _bark(analysis, reference, 0)


@metric(better="lower", group="features", requires=Requires(channels=2, nan="mono_reference"))
def bark_side(analysis: Analysis, reference: Analysis) -> Tensor:
    """Squared difference of the logarithmic Bark spectra of side, as Diff-MST's loss has it."""
    return _bark(analysis, reference, 1)


@metric(better="zero", group="features", requires=Requires(channels=2, nan="silent"))
def stereo_imbalance(analysis: Analysis) -> Tensor:
    """Energy of R less that of L over their sum: 1 for right alone, -1 for left alone."""
    left, right = analysis.energies.unbind(dim=1)
    return (right - left) / (right + left)


@metric(unit="dB", better="lower", group="features", requires=Requires(nan="silent_reference"))
def third_octave_error_db(analysis: Analysis, reference: Analysis) -> Tensor:
    """Mean absolute difference of the levels of third octaves."""
    render, target = (_third_octaves(one) for one in (analysis, reference))
    sounds = target > _SILENCE_POWER
    difference = 10 * torch.log10(render.clamp(min=_SILENCE_POWER) / target).abs()
    return torch.where(sounds, difference, math.nan).nanmean(dim=1)


@metric(unit="dB", group="features", requires=Requires(channels=2, nan="no_mid", infinite="mono"))
def band_width_db(analysis: Analysis, band: str = "low") -> Tensor:
    """Energy of side over energy of mid in a band: total, low, mid or high."""
    if band not in BANDS_HZ:
        raise ValueError(f"unknown band {band!r}; choose from {', '.join(BANDS_HZ)}")
    fft = _span(analysis)
    mid, side = analysis.keep(("mid_side_powers", fft), lambda: _mid_side_powers(analysis, fft))
    low, high = BANDS_HZ[band]
    first = math.ceil(low * fft / analysis.sample_rate)
    last = None if high is None else math.ceil(high * fft / analysis.sample_rate)
    mids, sides = (one[:, first:last].sum(dim=1) for one in (mid, side))
    # What is silent is no side, and no mid.
    sides = torch.where(sides > _SILENCE_POWER, sides, 0.0)
    return torch.where(mids > _SILENCE_POWER, 10 * torch.log10(sides / mids), math.nan)


def _bark(analysis: Analysis, reference: Analysis, which: int) -> Tensor:
    one, target = (_bark_spectra(x) for x in (analysis, reference))
    sounds = reference.keep(
        "mid_side_peaks",
        lambda: torch.stack(
            [
                (reference.audio[:, 0] + sign * reference.audio[:, 1]).abs().amax(dim=-1)
                for sign in (1, -1)
            ],
            dim=1,
        ),
    )
    difference = (one[:, which] - target[:, which]).square().mean(dim=1)
    return torch.where(sounds[:, which].cpu() > SILENCE, difference, math.nan)


def _bark_spectra(analysis: Analysis) -> Tensor:
    return analysis.keep("bark", lambda: _measured_bark(analysis))


def _measured_bark(analysis: Analysis) -> Tensor:
    """Natural logarithms of the bands of L + R and L - R, ``(batch, 2, bands)`` in float64."""
    resolution = Resolution(_BARK_FFT, _BARK_FFT // 4, _BARK_FFT)
    frames = resolution.frames(analysis.samples)
    if frames == 0:
        raise UndefinedError("too_short")
    left, right = analysis.audio.unbind(dim=1)
    both = torch.stack([left + right, left - right], dim=1)
    total = torch.zeros((len(both), 2, resolution.bins), dtype=torch.float64, device=both.device)
    for piece in spectra(both, resolution):
        total = total + piece.abs().sum(dim=2, dtype=torch.float64)
    filters = bark_filters(analysis.sample_rate, resolution.bins).to(total.device)
    return torch.log(total / frames @ filters + _BARK_EPS).cpu()


@lru_cache(maxsize=4)
def bark_filters(sample_rate: int, bins: int) -> Tensor:
    """Triangles of height 1 that are even in Bark, ``(bins, 24)``."""
    low, high = (_to_bark(hertz) for hertz in _BARK_HZ)
    points = _to_hertz(torch.linspace(low, high, _BARK_BANDS + 2, dtype=torch.float64))
    hertz = torch.linspace(0, sample_rate // 2, bins, dtype=torch.float64)[:, None]
    widths = points.diff()
    up = (hertz - points[:-2]) / widths[:-1]
    down = (points[2:] - hertz) / widths[1:]
    return torch.minimum(up, down).clamp(min=0)


def _to_bark(hertz: float) -> float:
    bark = 26.81 * hertz / (1960 + hertz) - 0.53
    if bark < 2:
        return bark + 0.15 * (2 - bark)
    return bark + 0.22 * (bark - 20.1) if bark > 20.1 else bark


def _to_hertz(bark: Tensor) -> Tensor:
    # The authors' code, after torchaudio, corrects the low end or else the high one: never both.
    straight = torch.where(bark < 2, (bark - 0.3) / 0.85, bark)
    return 1960 * (straight + 0.53) / (26.28 - straight)


def _span(analysis: Analysis) -> int:
    return 2 * round(_BAND_SPAN_SECONDS * analysis.sample_rate / 2)


def _third_octaves(analysis: Analysis) -> Tensor:
    return analysis.keep("third_octaves", lambda: _measured_thirds(analysis))


def _measured_thirds(analysis: Analysis) -> Tensor:
    """Mean squares of the bands below half the rate, channels averaged, ``(batch, bands)``."""
    fft = _span(analysis)
    powers = _mean_powers(analysis, fft, lambda audio: audio).mean(dim=1)
    hertz = torch.arange(powers.shape[1], dtype=torch.float64) * analysis.sample_rate / fft
    bands = []
    for centre in _THIRDS:
        if centre * _THIRD_EDGE > analysis.sample_rate / 2:
            break
        inside = (hertz >= centre / _THIRD_EDGE) & (hertz < centre * _THIRD_EDGE)
        bands.append(powers[:, inside].sum(dim=1))
    return torch.stack(bands, dim=1)


def _mid_side_powers(analysis: Analysis, fft: int) -> tuple[Tensor, Tensor]:
    def mid_side(audio: Tensor) -> Tensor:
        left, right = audio.unbind(dim=1)
        return torch.stack([(left + right) / 2, (left - right) / 2], dim=1)

    found = _mean_powers(analysis, fft, mid_side)
    return found[:, 0], found[:, 1]


def _mean_powers(analysis: Analysis, fft: int, of: Callable[[Tensor], Tensor]) -> Tensor:
    """Mean squares by bin, ``(batch, signals, bins)`` in float64; their sum is the mean square."""
    resolution = Resolution(fft, fft // 2, fft)
    frames = resolution.frames(analysis.samples)
    if frames == 0:
        raise UndefinedError("too_short")
    # The first and the last frame hold mirrored audio, whose kink would sound in every band.
    first, last = (1, frames - 1) if frames > 2 else (0, frames)
    found: Tensor | None = None
    at = 0
    for piece in spectra(of(analysis.audio), resolution):
        kept = piece[:, :, max(first - at, 0) : max(last - at, 0)]
        at += piece.shape[2]
        part = power(kept).sum(dim=2, dtype=torch.float64).cpu()
        found = part if found is None else found + part
    assert found is not None
    return found * (2 / ((last - first) * fft * 3 * fft / 8))
