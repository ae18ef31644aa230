"""Seeded test signals: pink noise, a synthesised song, a slow tone, silence; all repeat exactly.

Pink noise is 1/f in power from 40 Hz up, its channels correlated by one half, at an RMS level in
dBFS. The song is one of :mod:`earmark.models.demo_songs`, SIMULATED music.
"""

import functools
import math

import torch
from torch import Tensor

from ...models.audio.files import resample
from ...models.audio.loudness import true_peak_dbtp
from ...models.demo_songs.songs import demo_song

PINK, MUSIC, SILENCE, TONE = "pink noise", "synthesised song", "silence", "slow tones"
LOWEST_HZ = 40.0
_MUSIC_RATE = 44_100
MUSIC_SECONDS = 6.0


@functools.lru_cache(maxsize=8)
def pink(samples: int, rate: int, level_dbfs: float = -20.0, channels: int = 2) -> Tensor:
    """Pink noise ``(channels, samples)``; each channel has an RMS of ``level_dbfs``."""
    generator = torch.Generator().manual_seed(19)
    white = torch.randn(channels + 1, samples, generator=generator, dtype=torch.float64)
    # A part that all channels share and one of their own, equally strong: correlation one half.
    mixed = (white[:1] + white[1:]) / math.sqrt(2)
    spectrum = torch.fft.rfft(mixed)
    hertz = torch.arange(spectrum.shape[-1]) * rate / samples
    spectrum = spectrum * torch.where(hertz >= LOWEST_HZ, hertz.clamp_min(1.0).rsqrt(), 0.0)
    shaped = torch.fft.irfft(spectrum, n=samples)
    rms = shaped.square().mean(dim=-1, keepdim=True).sqrt().clamp_min(1e-12)
    found: Tensor = (shaped / rms * 10 ** (level_dbfs / 20)).float()
    return found


@functools.lru_cache(maxsize=4)
def music(rate: int, peak_dbtp: float = -1.0) -> Tensor:
    """The mix of a synthesised song, ``(2, samples)``, its true peak at ``peak_dbtp``."""
    song = _song()
    audio = resample(song, _MUSIC_RATE, rate)
    return audio * 10 ** ((peak_dbtp - float(true_peak_dbtp(audio, rate))) / 20)


@functools.lru_cache(maxsize=1)
def _song() -> Tensor:
    return demo_song(0, 0, MUSIC_SECONDS, _MUSIC_RATE).mix


def slow_tones(samples: int, rate: int) -> Tensor:
    """Two tones below 200 Hz at -14 dBFS peak, ``(2, samples)``: so smooth that seams stand out."""
    time = torch.arange(samples, dtype=torch.float64) / rate
    left = torch.sin(2 * math.pi * 110 * time) + torch.sin(2 * math.pi * 61 * time)
    right = torch.sin(2 * math.pi * 97 * time) + torch.sin(2 * math.pi * 71 * time)
    return (torch.stack([left, right]) * 0.1).float()


def silence(samples: int) -> Tensor:
    """``(2, samples)`` of zeros."""
    return torch.zeros(2, samples)
