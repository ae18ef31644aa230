"""A parametric equaliser through which gradients reach frequency, gain and Q of every band.

The bands are those of :mod:`earmark.models.effects.equalizer`, and rendering uses that module's
recursive filters; in training the same filters are applied by multiplying spectra ("frequency
sampling", S. Nercessian, "Neural parametric equalizer matching using differentiable biquads", DAFx
2020). The transform is at least twice as long as the audio and a second longer, so that a filter's
ringing does not come round again. Coefficients and responses are float64: in float32 a biquad at 40
Hz is good to about -80 dB only.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.signal
import torch
from torch import Tensor

from .equalizer import Band, BandKind, sections

LOWEST_HZ, HIGHEST_HZ = 20.0, 20_000.0


@dataclass(frozen=True)
class Bands:
    """Bands of an equaliser for each item of a batch; all tensors are ``(batch, bands)``.

    ``kinds`` are ``peak``, ``low_shelf`` or ``high_shelf``; frequencies in Hz, gains in dB.
    """

    kinds: tuple[BandKind, ...]
    frequency: Tensor
    gain_db: Tensor
    q: Tensor

    def of(self, item: int) -> list[Band]:
        """One item's bands as the recursive equaliser takes them."""
        values = zip(
            self.kinds,
            self.frequency[item].tolist(),
            self.gain_db[item].tolist(),
            self.q[item].tolist(),
            strict=True,
        )
        return [Band(kind, frequency, gain, q) for kind, frequency, gain, q in values]


def band_kinds(count: int, *, shelves: bool) -> tuple[BandKind, ...]:
    """Peaks; with ``shelves`` the lowest and the highest band are shelves instead."""
    kinds: list[BandKind] = ["peak"] * count
    if shelves and count > 1:
        kinds[0], kinds[-1] = "low_shelf", "high_shelf"
    return tuple(kinds)


def frequency_of(position: Tensor, sample_rate: int) -> Tensor:
    """0 .. 1 to 20 Hz .. 20 kHz (or nine tenths of half the rate), evenly in octaves."""
    highest = min(HIGHEST_HZ, 0.45 * sample_rate)
    return LOWEST_HZ * (highest / LOWEST_HZ) ** position


def equalise(audio: Tensor, bands: Bands, sample_rate: int) -> Tensor:
    """``(batch, channels, samples)`` through each item's bands, causal and from rest."""
    samples = audio.shape[-1]
    size = _transform(samples, sample_rate)
    spectrum = torch.fft.rfft(audio, size)
    shaped = spectrum * response(bands, size, sample_rate).to(spectrum.dtype).unsqueeze(1)
    out: Tensor = torch.fft.irfft(shaped, size)[..., :samples]
    return out


def clipped_equalise(audio: Tensor, bands: Bands, sample_rate: int) -> Tensor:
    """As ``equalise``, but each band in turn clips at full scale, as some code of others does."""
    for index, kind in enumerate(bands.kinds):
        one = slice(index, index + 1)
        band = Bands((kind,), bands.frequency[:, one], bands.gain_db[:, one], bands.q[:, one])
        audio = equalise(audio, band, sample_rate).clamp(-1.0, 1.0)
    return audio


def fixed(audio: Tensor, bands: Sequence[Band], sample_rate: int) -> Tensor:
    """``(batch, channels, samples)`` through filters of any kind that are not learned."""
    samples = audio.shape[-1]
    size = _transform(samples, sample_rate)
    _, gains = scipy.signal.freqz_sos(
        sections(bands, sample_rate), np.linspace(0, np.pi, size // 2 + 1)
    )
    spectrum = torch.fft.rfft(audio, size)
    shaped = spectrum * torch.from_numpy(gains).to(spectrum)
    out: Tensor = torch.fft.irfft(shaped, size)[..., :samples]
    return out


def response(bands: Bands, size: int, sample_rate: int) -> Tensor:
    """The complex gain at the bins of a transform, complex128 ``(batch, size // 2 + 1)``."""
    b, a = coefficients(bands, sample_rate)
    omega = torch.linspace(0, torch.pi, size // 2 + 1, dtype=torch.float64, device=b.device)
    delays = torch.exp(-1j * omega * torch.arange(3, device=b.device)[:, None])
    # One band at a time: a batch of all bands at all bins is large.
    total = delays.new_ones(())
    for band in range(len(bands.kinds)):
        top = b[:, band].to(delays.dtype) @ delays
        total = total * top / (a[:, band].to(delays.dtype) @ delays)
    return total


def coefficients(bands: Bands, sample_rate: int) -> tuple[Tensor, Tensor]:
    """Numerators and denominators, float64 ``(batch, bands, 3)``: the cookbook's, a0 not taken out.

    R. Bristow-Johnson, "Cookbook formulae for audio EQ biquad filter coefficients".
    """
    frequency, gain_db, q = (x.double() for x in (bands.frequency, bands.gain_db, bands.q))
    omega = 2 * torch.pi * frequency / sample_rate
    cos, alpha = omega.cos(), omega.sin() / (2 * q)
    amplitude = 10 ** (gain_db / 40)
    tops, bottoms = [], []
    for index, kind in enumerate(bands.kinds):
        make = _peak if kind == "peak" else _shelf
        sign = 1.0 if kind == "low_shelf" else -1.0
        top, bottom = make(cos[:, index], alpha[:, index], amplitude[:, index], sign)
        tops.append(torch.stack(top, dim=-1))
        bottoms.append(torch.stack(bottom, dim=-1))
    return torch.stack(tops, dim=1), torch.stack(bottoms, dim=1)


_Three = tuple[Tensor, Tensor, Tensor]


def _peak(cos: Tensor, alpha: Tensor, amplitude: Tensor, _: float) -> tuple[_Three, _Three]:
    middle = -2 * cos
    return (
        (1 + alpha * amplitude, middle, 1 - alpha * amplitude),
        (1 + alpha / amplitude, middle, 1 - alpha / amplitude),
    )


def _shelf(cos: Tensor, alpha: Tensor, amplitude: Tensor, sign: float) -> tuple[_Three, _Three]:
    up, down, c = amplitude + 1, amplitude - 1, sign * cos
    slope = 2 * amplitude.sqrt() * alpha
    return (
        (
            amplitude * (up - down * c + slope),
            sign * 2 * amplitude * (down - up * c),
            amplitude * (up - down * c - slope),
        ),
        (up + down * c + slope, sign * -2 * (down + up * c), up + down * c - slope),
    )


def _transform(samples: int, sample_rate: int) -> int:
    wanted = samples + max(samples, sample_rate)
    return 1 << (wanted - 1).bit_length()
